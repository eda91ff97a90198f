"""An answer beside the sentence of the passage that is most like it: equal pieces, and what stands between them.

Both are compared as skeletons: plain text in which every number is one character and every run of marks but 、 is `|`,
so that "12,000 人。" and "一万二千人，" are the same three characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from validators.numerals import Value, find_numerals
from validators.polarity import NEGATOR, negates

BAR = "|"
_FIRST_NUMBER, _MAX_NUMBERS = 0xE000, 0x1800  # private use: such characters of a text are blotted out before
_LONE_UNITS = frozenset("百千万亿")  # of 千克, 百姓
_SMALL = "零一二三四五六七八九十"
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_DROPPED = "《》〈〉“”‘’「」『』\"'·・•%"
_SENTENCE_ENDS = "。!?;\n"
_KEPT = "、+℃°"
_BARS = re.compile(r"\|{2,}")
# Negators that negate nothing (不 of 不过) are other characters, so that they are never taken for one.
_MUTED = dict(zip("不没未无非勿", map(chr, range(0xF8F0, 0xF8F6)), strict=True))
_SPOKEN = {muted: negator for negator, muted in _MUTED.items()}
_MIN_PIECE = 2  # characters of an equal piece; single ones count between pieces that are close
_CLOSE = 10
_FAR = 10  # a piece nearly as long that is nearer than this goes before
_FOLLOWS = 4
_MAX_PLACES = 3


class _Skeleton(dict[int, str]):
    """What a character of a plain text is in its skeleton; fills itself as characters come."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in _SENTENCE_ENDS:
            seen = "\n"
        elif character in _DROPPED or character.isspace():
            seen = ""
        else:
            is_kept = character.isalnum() or character in _KEPT or _PRIVATE.match(character)
            seen = character if is_kept else BAR
        self[code] = seen
        return seen


_SKELETON = _Skeleton()


class Gap(NamedTuple):
    """What differs between two equal pieces: `answer`, from `start` on, stands where the passage has `passage`.

    `equal` is how many characters of the clause are in equal pieces, `equal_after` how many of them follow the gap.
    """

    start: int
    before: str
    answer: str
    passage: str
    after: str
    follows: str  # the passage after the gap, some characters
    equal: int
    equal_after: int


class Alphabet:
    """The characters that stand for numbers: one for each value that occurs."""

    def __init__(self) -> None:
        self._characters: dict[Value, str] = {}
        self.readings: dict[str, tuple[Value, ...]] = {}
        self._spellings = dict(_SPOKEN)

    def skeleton(self, plain: str) -> str:
        """The skeleton of a plain text, between bars; sentences are divided by line feeds."""
        parts, end = [], 0
        plain = _PRIVATE.sub(BAR, plain)
        for numeral in find_numerals(plain):
            number = numeral.text if numeral.text in _LONE_UNITS else self._character(numeral.values, numeral.text)
            parts += [plain[end : numeral.start], number]
            end = numeral.end
        text = "".join([*parts, plain[end:]]).translate(_SKELETON)
        text = NEGATOR.sub(lambda no: no[0] if negates(text, no.start()) else _MUTED[no[0]], text)
        sentences = (sentence.strip(BAR) for sentence in _BARS.sub(BAR, text).split("\n"))
        return "\n".join(f"{BAR}{sentence}{BAR}" for sentence in sentences if sentence)

    def _character(self, values: tuple[Value, ...], text: str) -> str:
        value = values[0]
        if value not in self._characters:
            is_small = value == int(value) and 1 <= value <= 10
            character = _SMALL[int(value)] if is_small else chr(_FIRST_NUMBER + len(self._characters) % _MAX_NUMBERS)
            self._characters[value] = character
            self.readings[character] = values
            self._spellings[character] = character if is_small else text
        return self._characters[value]

    def spell(self, skeleton: str) -> str:
        """A skeleton with its numbers as they were first written, for people."""
        text = "".join(self._spellings.get(character, character) for character in skeleton)
        return text.strip(BAR).replace(BAR, "，")


def align(clause: str, sentence: str) -> tuple[int, list[Gap]]:
    """How many characters of a clause (bar to bar) are in equal pieces of a sentence, and the gaps between these."""
    pieces = max(_alignments(clause, sentence), key=lambda pieces: sum(length for *_, length in pieces), default=[])
    equal = left = sum(length for *_, length in pieces)
    gaps = []
    end, sentence_end, before = 0, 0, ""
    for start, sentence_start, length in [*pieces, (len(clause), len(sentence), 0)]:
        if end < start or (sentence_end < sentence_start and length):
            here, there = clause[end:start], sentence[sentence_end:sentence_start]
            follows = sentence[sentence_start : sentence_start + _FOLLOWS]
            gaps.append(Gap(end, before, here, there, clause[start : start + length], follows, equal, left))
        before = clause[start : start + length]
        end, sentence_end, left = start + length, sentence_start + length, left - length
    return equal, gaps


_Pieces = list[tuple[int, int, int]]


def _alignments(clause: str, sentence: str) -> Iterator[_Pieces]:
    """Equal pieces as (start in the clause, start in the sentence, length), in order; one list for each choice.

    The longest is found first, then the longest on either side of it, and so on: the method of Ratcliff and Obershelp
    (1988), with the search for a piece left to `str.find`. Where the sentence has the longest twice, both are tried.
    """
    start, place, length = _longest(clause, sentence, 1, len(clause) - 1, 0, len(sentence))  # without the bars
    for _ in range(_MAX_PLACES if length else 0):
        yield list(_pieces_around(clause, sentence, start, place, length))
        place = sentence.find(clause[start : start + length], place + 1)
        if place < 0:
            return


def _pieces_around(a: str, b: str, start: int, place: int, length: int) -> Iterator[tuple[int, int, int]]:
    end = len(a)
    if start == 1 and b[place - 1 : place] == BAR:
        start, place, length = 0, place - 1, length + 1
    if start + length == end - 1 and b[place + length : place + length + 1] == BAR:
        length += 1
    yield from _pieces_within(a, b, 0, start, 0, place)
    yield start, place, length
    yield from _pieces_within(a, b, start + length, end, place + length, len(b))


def _pieces_within(a: str, b: str, a0: int, a1: int, b0: int, b1: int) -> Iterator[tuple[int, int, int]]:
    start, place, length = _longest(a, b, a0, a1, b0, b1)
    if length and place - b0 > _FAR and b0:
        near = _longest(a, b, a0, a1, b0, min(b1, b0 + _FAR))
        if near[2] >= _MIN_PIECE and near[2] >= length - 1:
            start, place, length = near
    if length:
        yield from _pieces_within(a, b, a0, start, b0, place)
        yield start, place, length
        yield from _pieces_within(a, b, start + length, a1, place + length, b1)


def _longest(a: str, b: str, a0: int, a1: int, b0: int, b1: int) -> tuple[int, int, int]:
    """The longest equal piece of `a[a0:a1]` and `b[b0:b1]`, the first of several; of length 0 where there is none."""
    part = b[b0:b1]
    close = a1 - a0 <= _CLOSE and b1 - b0 <= _CLOSE
    best, place, length = 0, 0, 0 if close else _MIN_PIECE - 1
    for start in range(a0, a1):
        while start + length < a1 and (found := part.find(a[start : start + length + 1])) >= 0:
            best, place, length = start, found + b0, length + 1
    is_long_enough = close or len(a[best : best + length].lstrip(BAR)) >= _MIN_PIECE
    return best, place, length if is_long_enough else 0
