"""What is odd about the numbers of a book's chapters, as a person would say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

# One number may well stand over several parts of a chapter: 风起（上）, 风起 2.
_PART_MARK = re.compile(r"(?:[上中下终完終一二三四五六七八九十\d]|[上中下终終][篇部卷集])[）)】\]]?$")
_MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Numbered:
    """What numbering has to know of a chapter."""

    volume: str
    unit: str  # 章, 回 ...
    level: int  # wider ones have the smaller level
    label: str  # 第十二章
    name: str
    number: int
    last_number: int
    text: str


@dataclass(slots=True)
class _Sequence:
    """The chapters of one unit so far, and those since their numbers last began anew."""

    last: Numbered
    seen: dict[int, Numbered] = field(default_factory=dict)


def numbering_problems(chapters: Iterable[Numbered]) -> list[str]:
    """Gaps, repeats and steps back, in the order of the book; a new volume may begin anew or go on.

    >>> numbering_problems(...)
    ["第十五章 follows 第十二章: 13, 14 are missing"]
    """
    problems: list[str] = []
    sequences: dict[str, _Sequence] = {}
    before: Numbered | None = None
    for chapter in chapters:
        if before and before.level > chapter.level:  # 第一节 comes again in the next 章
            sequences = {unit: kept for unit, kept in sequences.items() if kept.last.level <= chapter.level}
        sequence = sequences.get(chapter.unit)
        if sequence is None:
            sequences[chapter.unit] = _Sequence(chapter, {chapter.number: chapter})
            if chapter.number > 1 and not (before and chapter.number == before.last_number + 1):
                problems.append(f"{_place(chapter)} is the first: {_missing(1, chapter.number)}")
        else:
            if problem := _problem(chapter, sequence):
                problems.append(f"{_place(chapter)} {problem}")
            if chapter.volume != sequence.last.volume or chapter.number <= 1:
                sequence.seen.clear()
            sequence.seen.setdefault(chapter.number, chapter)
            sequence.last = chapter
        before = chapter
    return problems


def _problem(chapter: Numbered, sequence: _Sequence) -> str:
    last, number = sequence.last, chapter.number
    if number == last.last_number + 1:
        return ""
    if chapter.volume != last.volume and number <= 1:
        return ""
    earlier = sequence.seen.get(number) if chapter.volume == last.volume else None
    if earlier and number == last.number and chapter.name != earlier.name and _PART_MARK.search(chapter.name):
        return ""
    if earlier and (number > 1 or number == last.number):
        return (
            "twice, with the same text"
            if earlier.text.split() == chapter.text.split()
            else "twice, with different text"
        )
    if number > last.last_number:
        return f"follows {last.label}: {_missing(last.last_number + 1, number)}"
    return f"follows {last.label}: the numbers begin anew" if number <= 1 else f"follows {last.label}"


def _place(chapter: Numbered) -> str:
    return f"{chapter.volume}: {chapter.label}" if chapter.volume else chapter.label


def _missing(start: int, stop: int) -> str:
    if stop - start == 1:
        return f"{start} is missing"
    if stop - start <= _MAX_LISTED:
        return f"{', '.join(map(str, range(start, stop)))} are missing"
    return f"{start} to {stop - 1} are missing"
