"""A passage that several answers are compared with: what can be worked out once is worked out once."""

from __future__ import annotations

import re
from functools import cached_property

from validators.alignment import Alphabet
from validators.folding import to_folded, to_plain
from validators.numerals import Numeral, Value, find_numerals
from validators.units import units_in

_LATIN_WORD = re.compile(r"[a-z\u00df-\u00f6\u00f8-\u024f]+(?:[-'’.&][a-z\u00df-\u00f6\u00f8-\u024f]+)*")
_LATIN_PART = re.compile(r"[a-z\u00df-\u00f6\u00f8-\u024f]+")
_SENTENCE = re.compile(r"[^。!?;\n]+[。!?;\n]*[”’」』)》】]*")


class Passage:
    """A passage in the forms that comparisons need; spans and indices are of `text`, in code points."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = to_plain(text)

    @cached_property
    def folded(self) -> str:
        return to_folded(self.text)

    @cached_property
    def numerals(self) -> tuple[Numeral, ...]:
        return find_numerals(self.plain)

    @cached_property
    def units(self) -> dict[Value, set[str | None]]:
        return units_in(self.plain)

    @cached_property
    def values(self) -> frozenset[Value]:
        """Every number of the passage, in all its readings."""
        return frozenset(value for numeral in self.numerals for value in numeral.values)

    @cached_property
    def _spellings(self) -> dict[Value, str]:
        return {value: numeral.text for numeral in reversed(self.numerals) for value in numeral.values}

    def respell_numbers(self, plain: str) -> str:
        """A plain text with its numbers written as the passage writes them: 10年 is 十年 where the passage has 十年."""
        parts, end = [], 0
        for numeral in find_numerals(plain):
            parts += [plain[end : numeral.start], self._spellings.get(numeral.values[0], numeral.text)]
            end = numeral.end
        return "".join([*parts, plain[end:]])

    @cached_property
    def latin_words(self) -> frozenset[str]:
        return frozenset(word for group in latin_words(self.plain) for word in group)

    @cached_property
    def alphabet(self) -> Alphabet:
        return Alphabet()

    @cached_property
    def skeleton(self) -> str:
        """The passage as alignments see it, a sentence a line."""
        return self.alphabet.skeleton(self.plain)

    @cached_property
    def sentence_skeletons(self) -> list[str]:
        return self.skeleton.split("\n")

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """The spans of the sentences, in order; a line break ends one, too."""
        return [match.span() for match in _SENTENCE.finditer(self.plain)]


def prepare(passage: str | Passage) -> Passage:
    """The passage, ready for comparisons."""
    return passage if isinstance(passage, Passage) else Passage(passage)


def latin_words(plain: str) -> list[list[str]]:
    """The Latin words of a plain text, each as its parts of two letters and more: e-mail is `["mail", "email"]`."""
    words = []
    for match in _LATIN_WORD.finditer(plain):
        parts = _LATIN_PART.findall(match[0])
        group = [part for part in parts if len(part) > 1]
        if group and len(parts) > 1:
            group.append("".join(parts))
        if group:
            words.append(group)
    return words
