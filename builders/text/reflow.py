"""Put every paragraph of a text on one line, whatever width the file was wrapped at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from builders.document import Document
from builders.steps import Edit

_SENTENCE_END = tuple('。！？!?….．”’"」』）)》】〗~～')
_PAUSE = tuple("，、；：,;:—")
_MARK_INSIDE = re.compile(r"[，。！？；、,](?=.)")  # the line goes on after it
_OPENING_QUOTES = tuple("“「『‘")
_RULE = re.compile(r"[*=\-_~#☆★◆◇●○■□※—－\s]{3,}")
_MIN_WIDTH = 6  # lines that are shorter are verse, or a list
_MIN_LONE_WIDTH = 10  # where one line alone has to show how a text was wrapped
_MIN_PROSE_WIDTH = 15  # where all lines end with a mark, as those of verse do
_MIN_INDENTED_SHARE = 0.02
_MIN_LINES = 8  # that tell stray indents from wrapped lines


def reflow(text: str) -> str:
    """One paragraph a line: lines that were wrapped are joined, indents and blank lines go.

    >>> reflow("　　他推门进去，屋里没\\n有人。\\n　　茶还是热的。")
    '他推门进去，屋里没有人。\\n茶还是热的。'
    """
    lines = text.split("\n")
    stripped = [line.strip() for line in lines]
    indented = [bool(body) and _is_indented(line) for line, body in zip(lines, stripped, strict=True)]
    if sum(indented) == sum(map(bool, stripped)):
        return "\n".join(filter(None, stripped))
    if any(indented) and not _has_stray_indents(stripped, indented):
        return _join(stripped, _starts_by_indent(stripped, indented))
    return _join(stripped, _starts_by_length(stripped))


def _is_indented(line: str) -> bool:
    """Whether a line begins with a tab, an ideographic space or two other blanks."""
    return line[0] in "\t\u3000" or (line[0].isspace() and line[1].isspace())


def _join(lines: Iterable[str], starts: Iterable[bool]) -> str:
    """Join the lines that continue a paragraph, with a space only between two ASCII letters or digits."""
    pieces: list[str] = []
    before = ""
    for line, starts_paragraph in zip(lines, starts, strict=True):
        if not line:
            continue
        if before and starts_paragraph:
            pieces.append("\n")
        elif before and _is_latin(before[-1]) and _is_latin(line[0]):
            pieces.append(" ")
        pieces.append(line)
        before = line
    return "".join(pieces)


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _has_stray_indents(lines: Sequence[str], indented: Sequence[bool]) -> bool:
    """Whether the indents mean nothing: there are next to none, or all the other lines begin sentences.

    Wrapped lines do so by chance only; a short text cannot tell.
    """
    if _MIN_INDENTED_SHARE * sum(map(bool, lines)) > sum(indented):
        return True
    breaks = ends = 0
    before = ""
    for line, is_indented in zip(lines, indented, strict=True):
        if line and before and not is_indented:
            breaks += 1
            ends += before.endswith((*_SENTENCE_END, "：", ":"))
        before = line or before
    return breaks >= _MIN_LINES and ends >= 0.8 * breaks


def _starts_by_indent(lines: Sequence[str], indented: Sequence[bool]) -> list[bool]:
    """An indent starts a paragraph; every other line continues one, even after 。

    A rule of symbols stands alone. A blank line after 。 starts a paragraph, too, unless blank lines stand between all
    lines and so mean nothing.
    """
    pairs = zip(lines, lines[1:], indented[1:], strict=False)
    blank_lines_tell = any(before and line and not is_indented for before, line, is_indented in pairs)
    starts: list[bool] = []
    before, after_blank = "", False
    for line, is_indented in zip(lines, indented, strict=True):
        if not line:
            after_blank = True
            starts.append(False)
            continue
        apart = blank_lines_tell and after_blank and before.endswith(_SENTENCE_END)
        starts.append(is_indented or apart or _is_rule(line) or _is_rule(before))
        before, after_blank = line, False
    return starts


def _is_rule(line: str) -> bool:
    return line[:1] in "*=-_~#☆★◆◇●○■□※—－" and _RULE.fullmatch(line) is not None


def _starts_by_length(lines: Sequence[str]) -> list[bool]:
    """A line continues the one above if that was cut at the width of the text, inside a sentence."""
    starts = [True] * len(lines)
    blocks = list(_blocks(lines))
    width = _Width.of(lines, blocks)
    for start, stop in blocks:
        block = lines[start:stop]
        if _is_one_paragraph(block) or (width and len(blocks) > 1 and width.wraps(block)):
            starts[start + 1 : stop] = [False] * (stop - start - 1)
        elif width:
            for at in range(start + 1, stop):
                starts[at] = not width.fits(lines[at - 1]) or _ends_paragraph(lines[at - 1], lines[at], width)
    return starts


def _ends_paragraph(before: str, line: str, width: _Width) -> bool:
    """Whether a line that is nearly full ends a paragraph with its sentence, and was not cut there by chance."""
    if not before.endswith(_SENTENCE_END):
        return False
    return line.startswith(_OPENING_QUOTES) or width.measure(before) < width.length


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The runs of two and more lines between blank lines."""
    start = 0
    for at, line in enumerate([*lines, ""]):
        if not line:
            if at > start + 1:
                yield start, at
            start = at + 1


def _columns(line: str) -> int:
    """The length of a line on a screen, where a Han character is as wide as two letters."""
    return 2 * len(line) - len(line.encode("ascii", "ignore"))


@dataclass(frozen=True, slots=True)
class _Width:
    """How long the lines are that were cut: so many characters, or so many columns of a screen."""

    measure: Callable[[str], int]
    length: int
    tolerance: int

    def fits(self, line: str) -> bool:
        return abs(self.measure(line) - self.length) <= self.tolerance

    def wraps(self, block: Sequence[str]) -> bool:
        """Whether all lines but the last are of this length, and the last is no longer."""
        return self.measure(block[-1]) <= self.length + self.tolerance and all(map(self.fits, block[:-1]))

    @classmethod
    def usual(cls, lines: Sequence[str]) -> Iterator[_Width]:
        """The most usual length of some lines, in characters and in columns."""
        for measure, tolerance in ((len, 2), (_columns, 4)):
            counts = Counter(map(measure, lines))
            near = {length: sum(counts[length + by] for by in range(-tolerance, tolerance + 1)) for length in counts}
            yield cls(measure, max(near, key=lambda length: (near[length], counts[length], length)), tolerance)

    @classmethod
    def of(cls, lines: Sequence[str], blocks: Sequence[tuple[int, int]]) -> _Width | None:
        """The width that a whole text was wrapped at, if it was."""
        inner = [line for start, stop in blocks for line in lines[start : stop - 1]]
        if len(inner) < 3:
            return None
        for width in cls.usual(inner):
            full = [line for line in inner if width.fits(line)]
            longer = sum(width.measure(line) > width.length + width.tolerance for line in lines)
            if 3 * len(full) >= len(inner) and 20 * longer <= len(lines) and _were_cut(full, full, 0.6):
                return width
        return None


def _is_one_paragraph(block: Sequence[str]) -> bool:
    """Whether all lines but the last are equally long, the last is no longer, and most end inside a sentence."""
    body = block[:-1]
    if len(body) == 1 and len(body[0]) < _MIN_LONE_WIDTH:
        return False
    if not (_were_cut(body, block, 0.5) or _is_one_sentence(block)):
        return False
    return any(width.wraps(block) for width in _Width.usual(body))


def _is_one_sentence(block: Sequence[str]) -> bool:
    """Whether long lines have no mark at their ends until the last one ends a sentence."""
    *body, last = block
    marked = any(line.endswith(_SENTENCE_END + _PAUSE) for line in body)
    return len(body) > 1 and not marked and len(body[0]) >= _MIN_LONE_WIDTH and last.endswith(_SENTENCE_END)


def _were_cut(body: Sequence[str], block: Sequence[str], share: float) -> bool:
    """Whether lines were cut where it happened to be, inside sentences; lines of verse end with their marks."""
    inside = sum(not line.endswith(_SENTENCE_END) for line in body)
    if inside < share * len(body) or len(body[0]) < _MIN_WIDTH:
        return False
    verse = len(body) > 1 and all(line.endswith(_SENTENCE_END + _PAUSE) for line in body)
    return any(map(_MARK_INSIDE.search, body if verse else block)) and not (verse and len(body[0]) < _MIN_PROSE_WIDTH)


@dataclass(frozen=True, kw_only=True)
class Reflow(Edit):
    """One paragraph a line."""

    version: ClassVar[int] = 1

    def __call__(self, document: Document) -> Document:
        text = reflow(document.text)
        return document if text == document.text else Document(document.id, text, document.meta, document.notes)
