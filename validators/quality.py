"""Is this text worth learning from?  Broken, foreign, repeated, listed and listless text is refused, with the figures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from validators.language import detect_language
from validators.measures import Kind, code_units, kind_table, labels, repetition
from validators.step import Check, Verdict

if TYPE_CHECKING:  # numpy is loaded by the first call
    import numpy
    from numpy.typing import NDArray


class Genre(NamedTuple):
    """Where the genres differ. All other limits are the same for every text, and fields of `Quality`."""

    needs_sentences: bool  # navigation bars and lists of headlines are refused
    max_teaser_share: float  # of the lines, cut short with … or a link to the rest
    max_repeated_share: float  # of the runs of eight Han characters, that came before
    min_distinct_share: float  # different runs of four Han characters, within 256
    min_common_share: float  # of the Han characters: GB 2312 and Big5 level 1


# False rejects on real text, passages of 300 to 6,000 characters: see docs/quality.md of the figures in the report.
GENRES = {
    "web": Genre(True, max_teaser_share=0.5, max_repeated_share=0.5, min_distinct_share=0.6, min_common_share=0.8),
    "novel": Genre(False, max_teaser_share=0.6, max_repeated_share=0.5, min_distinct_share=0.6, min_common_share=0.8),
    "classical": Genre(False, max_teaser_share=0.6, max_repeated_share=0.5, min_distinct_share=0.5, min_common_share=0.65),
    "poetry": Genre(False, max_teaser_share=0.8, max_repeated_share=0.65, min_distinct_share=0.4, min_common_share=0.65),
}


class _Text:
    """A text and what is known about it; a figure is measured when a rule first asks for it."""

    def __init__(self, text: str) -> None:
        import numpy

        self.text = text
        self.units = code_units(text)
        self.kinds = kind_table()[self.units]
        self.counts: list[int] = numpy.bincount(self.kinds, minlength=len(Kind)).tolist()
        self.han = sum(self.counts[Kind.PLAIN : Kind.RARE + 1])
        self.solid = len(self.kinds) - self.count(Kind.BLANK, Kind.LINE_BREAK, Kind.LOW_SURROGATE)

    def count(self, *kinds: Kind) -> int:
        return sum(self.counts[kind] for kind in kinds)

    def share(self, *kinds: Kind) -> float:
        """What part of all characters but blanks is of these kinds."""
        return self.count(*kinds) / max(self.solid, 1)

    @cached_property
    def han_units(self) -> NDArray[numpy.uint16]:
        return self.units[(self.kinds >= Kind.PLAIN) & (self.kinds <= Kind.RARE)]
