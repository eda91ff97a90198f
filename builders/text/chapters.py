"""Cut a book into its chapters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from builders.document import Document, Note
from builders.steps import Split
from builders.text.headings import Level, find_headings, fold
from builders.text.numbering import Numbered, numbering_problems
from builders.text.outline import Outline, Span, outline_of


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter of a book; `text == book[start:end]`, without blank lines at either end."""

    title: str
    volume: str
    number: int | None
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Book:
    """What `split_chapters` found."""

    front_matter: str  # what comes before the first heading
    chapters: list[Chapter]
    problems: list[str] = field(default_factory=list)  # "第十五章 follows 第十二章: 13, 14 are missing"
    contents: list[Span] = field(default_factory=list)  # tables of contents, which are in no chapter
    doubled: list[str] = field(default_factory=list)  # headings that were given twice in a row
    front_span: Span = field(default_factory=lambda: Span(0, 0))


def split_chapters(text: str) -> Book:
    """Cut a book at its headings; a book without any is one chapter without a title."""
    outline = outline_of(text)
    chapters, numbered = _cut(text, outline)
    if not chapters:
        start, end = _trim(text, 0, len(text))
        return Book("", [Chapter("", "", None, text[start:end], start, end)])
    front, front_span = _front_matter(text, outline)
    return Book(front, chapters, numbering_problems(numbered), outline.contents, outline.doubled, front_span)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out the blank lines at either end; indents and blanks at the end of a line stay."""
    body = text[start:end]
    if not body.strip():
        return start, start
    first = end - len(body.lstrip())
    last = start + len(body.rstrip())
    line_end = text.find("\n", last, end)
    return max(start, text.rfind("\n", start, first) + 1), end if line_end < 0 else line_end


def _cut(text: str, outline: Outline) -> tuple[list[Chapter], list[Numbered]]:
    """The chapters between the headings, and what their numbers say."""
    chapters: list[Chapter] = []
    numbered: list[Numbered] = []
    holders: dict[Level, str] = {}
    next_starts = [*(heading.start for heading in outline.headings[1:]), len(text)]
    spans = iter([*outline.contents, Span(len(text), len(text))])
    span = next(spans)
    for heading, next_start in zip(outline.headings, next_starts, strict=False):
        while span.start < heading.end:
            span = next(spans, Span(len(text), len(text)))
        start, end = _trim(text, heading.end, min(next_start, span.start))
        holds = heading.unit in outline.holders
        if holds:
            holders = {level: title for level, title in holders.items() if level < heading.level}
            holders[heading.level] = heading.title
            if start == end:
                continue
        volume = " ".join(title for _, title in sorted(holders.items()))
        number = None if holds else heading.number
        chapter = Chapter(heading.title, volume, number, text[start:end], start, end)
        chapters.append(chapter)
        if number is not None:
            last = heading.last_number or number
            name, level = heading.name, heading.level
            numbered.append(Numbered(volume, heading.unit, level, heading.label, name, number, last, chapter.text))
    return chapters, numbered


def _front_matter(text: str, outline: Outline) -> tuple[str, Span]:
    """What stands before the first heading, without a table of contents."""
    pieces: list[Span] = []
    at, stop = 0, outline.headings[0].start
    for span in [*outline.contents, Span(stop, stop)]:
        if span.start <= stop:
            start, end = _trim(text, at, span.start)
            if start < end:
                pieces.append(Span(start, end))
            at = span.end
    if not pieces:
        return "", Span(0, 0)
    return "\n".join(text[start:end] for start, end in pieces), Span(pieces[0].start, pieces[-1].end)


@dataclass(frozen=True, kw_only=True)
class Chapters(Split):
    """A book to its chapters; what stands before the first is part 0. A document that is a chapter already passes.

    Every part has `volume`, `chapter`, `chapter_number` and where it stood in the book: `char_start`, `char_end`.
    """

    version: ClassVar[int] = 1

    def __call__(self, document: Document) -> Iterator[Document]:
        if document.meta.get("chapter"):
            yield _without_own_title(document)
            return
        book = split_chapters(document.text)
        notes = [Note("numbering", problem) for problem in book.problems]
        notes += [Note("table of contents", document.text[start:end].strip()) for start, end in book.contents]
        notes += [Note("doubled heading", line) for line in book.doubled]
        chapters = list(enumerate(book.chapters, start=1))
        if book.front_matter:
            chapters.insert(0, (0, Chapter("", "", None, book.front_matter, *book.front_span)))
        for number, chapter in chapters:
            meta: dict[str, Any] = {
                **document.meta,
                "volume": chapter.volume,
                "chapter": chapter.title,
                "chapter_number": chapter.number,
                "char_start": chapter.start,
                "char_end": chapter.end,
            }
            yield Document(f"{document.id}-{number:04d}", chapter.text, meta, notes)
            notes = []


def _without_own_title(document: Document) -> Document:
    """Cut a first line that only repeats the title which the source gave for this chapter."""
    start, _ = _trim(document.text, 0, len(document.text))
    line_end = document.text.find("\n", start)
    line = document.text[start : line_end if line_end >= 0 else len(document.text)]
    if len(line) > 200 or not _says(line, str(document.meta["chapter"])):
        return document
    rest_start, rest_end = _trim(document.text, start + len(line), len(document.text))
    rest = document.text[rest_start:rest_end]
    return Document(document.id, rest, document.meta, [*document.notes, Note("doubled heading", line.strip())])


def _says(line: str, title: str) -> bool:
    """Whether a line is a title, but for blanks, marks and how its number is written."""
    if fold(line) == fold(title):
        return bool(fold(line))
    read, known = find_headings(line), find_headings(title)
    return bool(read and known) and read[-1].says_the_same(known[-1])
