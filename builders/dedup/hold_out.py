"""Hold-out: which documents are for validation only. By title, by a share of the books, or both.

This step only marks. That nothing near a held-out document stays in `train`, under whatever title, is the work
of `NearDuplicates`, which knows what lies near.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from builders.document import Document, Note
from builders.steps import Edit
from validators.characters import fold
from validators.errors import SikuError, nearest

KIND = "held out: "
_EDITION = re.compile(r"[（(【\[].*?[)）】\]]")  # 红楼梦（程甲本） is the book 红楼梦


@dataclass(frozen=True, kw_only=True)
class HoldOut(Edit):
    """Marks the books called `titles`, and a seeded `share` of all others, as `valid`.

    Titles are compared folded (script, width, case, punctuation), without what stands in brackets. A book that is
    drawn by share is drawn whole, by its `book` (or, without one, each document by its id).
    """

    version: ClassVar[int] = 1
    by_turn: ClassVar[bool] = False
    titles: tuple[str, ...] = ()
    share: float = 0.0
    seed: int = 42

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise SikuError(f"HoldOut.share is at least 0 and less than 1, not {self.share}")

    def __call__(self, document: Document) -> Document:
        title = str(document.meta.get("title") or "")
        for wanted in self.titles:
            if title and _key(title) == _key(wanted):
                document.split = "valid"
                document.notes.append(Note(KIND + wanted, str(document.meta["title"])))
                return document
        if self.share and self._drawn(str(document.meta.get("book") or document.id)):
            document.split = "valid"
            document.notes.append(Note(KIND + "by share", document.id))
        return document

    def _drawn(self, name: str) -> bool:
        value = hashlib.blake2b(f"{self.seed}\0{name}".encode(), digest_size=8).digest()
        return int.from_bytes(value) < self.share * 2**64

    def check_found(self, notes: Mapping[str, int], titles: Callable[[], set[str]]) -> None:
        """Raise SikuError if a title to be held out was met in no document."""
        missing = [wanted for wanted in self.titles if not notes.get(KIND + wanted)]
        if missing and not titles():
            raise SikuError(
                f"there are no titles, so none is {' or '.join(missing)}",
                where="--holdout",
                next="--set steps.HoldOut.share=0.01 holds out one document in a hundred",
            )
        if missing:
            raise SikuError(
                f"no book is called {' or '.join(missing)}",
                where="--holdout",
                why="; ".join(nearest(wanted, titles()) for wanted in missing),
                next="give the title as the books have it (script, width and brackets do not matter)",
            )


@lru_cache(maxsize=4096)
def _key(title: str) -> str:
    return fold(_EDITION.sub("", title)) or fold(title)
