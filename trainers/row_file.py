"""Rows of JSON that are written one by one and are there under their name only when all of them are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

import orjson


class RowFile:
    """A `.jsonl` file; its folder is made. Without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp").open("wb")
        return self

    def write(self, row: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._file.write(orjson.dumps(row) + b"\n")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is None or self.path is None:
            return
        self._file.close()
        scratch = Path(self._file.name)
        if kind is None:
            scratch.rename(self.path)
        else:
            scratch.unlink(missing_ok=True)
