"""Texts that know a benchmark go, so that no model is examined on what it was taught."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from validators.errors import SikuError
from validators.step import Check, Verdict

if TYPE_CHECKING:  # numpy is loaded by the first text, and not at all without benchmarks
    from builders.dedup.passages import Passages

QUOTED_CHARS = 100
MIN_NGRAM_CHARS, MAX_NGRAM_CHARS = 5, 100


@dataclass(frozen=True, kw_only=True)
class Decontaminate(Check):
    """Refuses a text that shares enough with an item of a benchmark (`Passages.find` says what is enough).

    `benchmarks` are files and folders of rows in any form that siku reads; without any, nothing is looked for. Texts
    are compared folded. A letter counts a fifth of a Han character, a digit nothing, and what recurs in more than
    `max_items` texts of a benchmark (下列说法正确的是……) nothing either. `min_share` of 0: `ngram_chars` in a row do.
    """

    version: ClassVar[int] = 1
    paths: ClassVar[tuple[str, ...]] = ("benchmarks",)

    benchmarks: tuple[str, ...] = ()
    ngram_chars: int = 13
    min_share: float = 0.5
    max_items: int = 10

    def __post_init__(self) -> None:
        mistakes = []
        if not MIN_NGRAM_CHARS <= self.ngram_chars <= MAX_NGRAM_CHARS:
            mistakes.append(f"ngram_chars is {self.ngram_chars}, must be {MIN_NGRAM_CHARS} to {MAX_NGRAM_CHARS}")
        if not 0 <= self.min_share <= 1:
            mistakes.append(f"min_share is {self.min_share}, must be 0 to 1")
        if self.max_items < 1:
            mistakes.append(f"max_items is {self.max_items}, must be at least 1")
        if mistakes:
            raise SikuError("; ".join(mistakes), where="step Decontaminate")

    def check_reads(self) -> None:
        """Raise SikuError if a benchmark is not there or cannot be read as a whole."""
        if self.benchmarks:
            self.passages()

    def passages(self) -> Passages:
        """What is looked for; made once in a process."""
        return _passages(self.benchmarks, self.ngram_chars, self.max_items)

    def __call__(self, text: str) -> Verdict | None:
        if not self.benchmarks:
            return None
        hit = self.passages().find(text, self.min_share)
        if hit is None:
            return None
        passage = " ".join(hit.text.split())
        quoted = passage if len(passage) <= QUOTED_CHARS else passage[: QUOTED_CHARS - 1] + "…"
        return Verdict(f"in benchmark {hit.benchmark}", f"“{quoted}” stands in {hit.place}")


@lru_cache(maxsize=4)
def _passages(benchmarks: tuple[str, ...], ngram_chars: int, max_items: int) -> Passages:
    from builders.dedup.passages import Passages

    return Passages.of(benchmarks, ngram_chars, max_items)
