"""What the local Hub of the tests keeps: repositories with commits, trees of blobs, and tags."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote


class RefusedError(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


@dataclass(frozen=True)
class Blob:
    data: bytes
    large: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def oid(self) -> str:
        """The id that Git gives the file: of the pointer, where the content lies elsewhere."""
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.data)}\n"
        kept = pointer.encode() if self.large else self.data
        return hashlib.sha1(b"blob %d\0%b" % (len(kept), kept)).hexdigest()

    def entry(self, path: str) -> dict[str, Any]:
        lfs = {"lfs": {"oid": self.sha256, "size": len(self.data), "pointerSize": 130}} if self.large else {}
        return {"type": "file", "path": path, "size": len(self.data), "oid": self.oid, **lfs}


Tree = dict[str, Blob]


@dataclass
class Repository:
    private: bool
    trees: dict[str, Tree] = field(default_factory=dict)  # by commit
    parents: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    head: str = ""

    def commit(self, tree: Tree) -> str:
        parts = sorted((path, blob.oid) for path, blob in tree.items())
        name = hashlib.sha1(repr((len(self.trees), self.head, parts)).encode()).hexdigest()
        self.trees[name], self.parents[name], self.head = tree, self.head, name
        return name

    def find(self, revision: str) -> str:
        name = {"main": self.head, **self.tags}.get(unquote(revision), unquote(revision))
        if name not in self.trees:
            raise RefusedError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return name
