"""Is this text worth learning from?  Broken, foreign, repeated, listed and cut-off text is refused, with the figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from validators.language import detect_language
from validators.measures import (
    Kind,
    Labels,
    Repetition,
    code_share,
    code_units,
    kind_table,
    labels,
    log_share,
    repetition,
    teaser_share,
)
from validators.step import Check, Verdict

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


class Genre(NamedTuple):
    """Where the genres differ; every other limit is the same for all of them, and a field of `Quality`."""

    needs_sentences: bool  # refuse navigation bars, lists of headlines, words side by side
    max_teaser_share: float  # lines that were cut short with … or with a link to the rest
    max_repeated_share: float  # runs of eight Han characters that came before
    min_distinct_share: float  # different runs of four Han characters, within 256
    max_stuffing: float  # share of the most frequent pair, divided by the distinct share
    min_common_share: float  # Han characters of level 1 of GB 2312 or Big5


GENRES = {
    "web": Genre(True, 0.5, 0.5, 0.6, 0.10, 0.80),
    "novel": Genre(False, 0.6, 0.5, 0.6, 0.10, 0.80),
    "classical": Genre(False, 0.6, 0.5, 0.5, 0.10, 0.65),  # rare characters and formulas: 山海经, calendars, omens
    "poetry": Genre(False, 0.8, 0.65, 0.4, 0.20, 0.65),  # refrains and parallel verses
}


class _Figures:
    """A text and what is known about it; what costs more is measured when a rule first asks for it."""

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
        """How much of the text, blanks aside, is of these kinds."""
        return self.count(*kinds) / max(self.solid, 1)

    def han_share(self, *kinds: Kind) -> float:
        """How much of the Han characters is of these kinds."""
        return self.count(*kinds) / max(self.han, 1)

    @cached_property
    def repetition(self) -> Repetition:
        is_han: NDArray[numpy.bool_] = (self.kinds >= Kind.PLAIN) & (self.kinds <= Kind.RARE)
        return repetition(self.units[is_han])

    @cached_property
    def labels(self) -> Labels:
        return labels(self.kinds)


@dataclass(frozen=True, kw_only=True)
class Quality(Check):
    """Refuses text that no model should learn from; the first rule that applies is named, cheap rules come first.

    Shares are of all characters but blanks, unless a comment says otherwise.
    """

    version: ClassVar[int] = 1

    genre: Literal["auto", "web", "novel", "classical", "poetry"] = "auto"  # auto: all but web, by the text itself
    min_chars: int = 20
    min_han_share: float = 0.30
    max_damage_share: float = 0.005  # U+FFFD, private use and control characters, 锟斤拷; two are always forgiven
    max_western_share: float = 0.10  # letters of the upper half of Latin-1
    max_symbol_share: float = 0.25
    max_bracket_share: float = 0.20
    max_digit_share: float = 0.40
    max_unworded_share: float = 0.60  # punctuation, brackets, signs and symbols together
    max_code_share: float = 0.50
    min_plain_share: float = 0.05  # of the Han characters: those that any Chinese text is full of
    max_log_share: float = 0.50  # lines that came before when their digits are left out
    max_label_share: float = 0.70  # of the Han characters: pieces without any punctuation

    def __call__(self, text: str) -> Verdict | None:
        chars = len(text.strip())
        if chars < self.min_chars:
            return Verdict("too short", f"{chars} characters, {self.min_chars} are needed")
        figures = _Figures(text)
        genre = GENRES[guess_genre(figures) if self.genre == "auto" else self.genre]
        return (
            self._broken(figures)
            or self._foreign(figures)
            or self._unworded(figures)
            or self._rare(figures, genre)
            or self._code(figures)
            or self._repeated(figures, genre)
            or self._teasers(figures, genre)
            or (self._unconnected(figures) if genre.needs_sentences else None)
        )
