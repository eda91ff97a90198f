"""Which lines of a book are its headings: judged by their numbers, by each other and by what stands between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from builders.text.headings import Heading, Level, Trust, find_headings, fold

_NOT_BLANK = re.compile(r"[^\s\u200b\ufeff]")
_SENTENCE_END = re.compile("[。！？!?…”」』]")
_CONTENTS_LINE = re.compile(
    r"[^\n]{0,20}(?:目[^\S\n]*[录錄次]|章节列表|章節列表|table of contents|contents)[\s:：】\]》〕*=—–-]*", re.IGNORECASE
)
_REGULAR_COUNT = 5  # so many headings of one kind say how the book is divided
_MAX_ENTRY_CHARS = 100  # what may stand below an entry of a table of contents: a subtitle, a page number


class Span(NamedTuple):
    start: int
    end: int


@dataclass(slots=True)
class Outline:
    """The headings of a book, and the headings in it that are none of its chapters'."""

    headings: list[Heading]
    holders: frozenset[str] = frozenset()  # units that hold chapters, as volumes do
    contents: list[Span] = field(default_factory=list)  # tables of contents
    doubled: list[str] = field(default_factory=list)  # second copies of a heading, with what stood between


def outline_of(text: str) -> Outline:
    """Find the headings of a book."""
    headings = _without_strays(text, _believable(find_headings(text)))
    headings, doubled = _merge_doubled(text, headings)
    headings, contents = _without_contents(text, headings)
    return Outline(headings, _holders(text, headings), contents, doubled)


def _is_blank(text: str, start: int, end: int) -> bool:
    return _NOT_BLANK.search(text, start, end) is None


def _next_starts(text: str, headings: Sequence[Heading]) -> list[int]:
    """Where the text below each heading ends."""
    return [*(heading.start for heading in headings[1:]), len(text)][: len(headings)]


def _believable(headings: Sequence[Heading]) -> list[Heading]:
    """The headings that are sure by themselves, or whose numbers fit those around them."""
    following: list[int | None] = []  # the number of the next heading that is no less sure
    ahead: dict[tuple[str, Trust], int | None] = {}
    for heading in reversed(headings):
        following.append(ahead.get((heading.unit, heading.trust)))
        if heading.number is not None:
            ahead.update(((heading.unit, trust), heading.number) for trust in Trust if trust <= heading.trust)
    following.reverse()
    sure_units = {heading.unit for heading in headings if heading.trust is Trust.SURE}
    before: dict[str, int] = {}
    counts: Counter[str] = Counter()
    believed: list[Heading] = []
    for heading, after in zip(headings, following, strict=True):
        unit, number = heading.unit, heading.number
        if heading.trust is not Trust.SURE:
            if number is None:
                if not sure_units:
                    continue
            elif not _fits(heading, before.get(unit), after, unit in sure_units, counts[unit]):
                continue
        believed.append(heading)
        counts[unit] += 1
        if heading.last_number is not None:
            before[unit] = heading.last_number
    return believed


def _fits(heading: Heading, before: int | None, after: int | None, unit_is_sure: bool, count: int) -> bool:
    """Whether a heading's number continues the one before it and is continued by the one after it."""
    number = heading.number or 0
    follows, followed = before == number - 1, after == number + 1
    match heading.trust:
        case Trust.PLAUSIBLE:
            if follows or followed or number in (before, after):
                return True
            rising = (before is None or before < number) and (after is None or after > number)
            return rising and count > 0 and heading.unit != "卷"
        case Trust.DOUBTFUL:
            if unit_is_sure:
                return follows and followed
            return (follows or number <= 1) and (followed or after in (None, 0, 1)) and (follows or followed)
        case _:  # a line that ends in ？ or ！ must close a gap
            return follows and (followed or (after is None and count >= 2 * _REGULAR_COUNT))


def _without_strays(text: str, headings: list[Heading]) -> list[Heading]:
    """Leave out headings of another kind than the book's, unless they are numbered on their own: a lone 第三部 in a story."""
    counts = Counter(heading.unit for heading in headings if heading.number is not None and heading.level > Level.VOLUME)
    if not counts or max(counts.values()) < _REGULAR_COUNT:
        return headings
    main = max(counts, key=lambda unit: counts[unit])
    numbers: dict[str, list[int]] = {}
    for heading in headings:
        if heading.number is not None:
            numbers.setdefault(heading.unit, []).append(heading.number)
    kept: list[Heading] = []
    seen: Counter[str] = Counter()
    for heading, next_start, neighbour in zip(headings, _next_starts(text, headings), [*headings[1:], None], strict=False):
        number, unit = heading.number, heading.unit
        if number is None:
            kept.append(heading)
            continue
        at, own = seen[unit], numbers[unit]
        seen[unit] += 1
        linked = (at > 0 and own[at - 1] == number - 1) or (at + 1 < len(own) and own[at + 1] == number + 1)
        in_row = bool(kept) and kept[-1].last_number == number - 1
        holds = neighbour is not None and neighbour.level > heading.level and _is_blank(text, heading.end, next_start)
        if unit == main or heading.level is Level.VOLUME or linked or in_row or holds:
            kept.append(heading)
    return kept


def _merge_doubled(text: str, headings: Sequence[Heading]) -> tuple[list[Heading], list[str]]:
    """Make one heading of two in a row that say the same; the fuller title stays."""
    merged: list[Heading] = []
    doubled: list[str] = []
    for heading in headings:
        last = merged[-1] if merged else None
        if last and last.place == heading.place and _same_name(last, heading) and _no_story(text, last.end, heading.start):
            doubled.append(text[last.end : heading.end].strip())
            if len(fold(heading.name)) > len(fold(last.name)):
                last.title, last.name = heading.title, heading.name
            last.end = heading.end
        else:
            merged.append(heading)
    return merged, doubled


def _same_name(one: Heading, other: Heading) -> bool:
    a, b = fold(one.name), fold(other.name)
    return a.startswith(b) or b.startswith(a)


def _no_story(text: str, start: int, end: int) -> bool:
    """Nothing between two headings, or what a crawler writes there: author, date, length."""
    return end - start <= _MAX_ENTRY_CHARS and not _SENTENCE_END.search(text, start, end)


def _without_contents(text: str, headings: list[Heading]) -> tuple[list[Heading], list[Span]]:
    """Take out the tables of contents: headings with nothing between them."""
    ends = _next_starts(text, headings)
    empty = [_is_blank(text, heading.end, end) for heading, end in zip(headings, ends, strict=True)]
    places = [(heading.place, fold(heading.name)) for heading in headings]
    occurrences = Counter(places)
    kept: list[Heading] = []
    contents: list[Span] = []
    at = _front_contents(text, headings, ends)
    if at:
        end = ends[at - 1] if ends[at - 1] - headings[at - 1].end <= _MAX_ENTRY_CHARS else headings[at - 1].end
        contents.append(Span(_contents_start(text, headings[0].start), end))
    while at < len(headings):
        if not empty[at]:
            kept.append(headings[at])
            at += 1
            continue
        stop = at
        while stop < len(headings) and empty[stop]:
            stop += 1
        run_end = stop
        while run_end > at and stop < len(headings) and headings[run_end - 1].level < headings[run_end].level:
            run_end -= 1  # volumes and parts right above their first chapter
        run = headings[at:run_end]
        if run:
            start = _contents_start(text, run[0].start)
            again = sum(occurrences[place] > 1 for place in places[at:run_end])
            front = len(run) > 2 and not kept
            if start < run[0].start or 2 * again >= len(run) or front:
                contents.append(Span(start, run[-1].end))
            elif len(run) < 3 or _continues(kept, run):
                kept += run
        kept += headings[run_end:stop]
        at = stop
    return kept, contents


def _continues(kept: Sequence[Heading], run: Sequence[Heading]) -> bool:
    """Whether empty headings are the book's next chapters, and no list in the story."""
    before = next((heading.last_number for heading in reversed(kept) if heading.unit == run[0].unit), None)
    return before is not None and run[0].number == before + 1


def _contents_start(text: str, start: int) -> int:
    """The start of the line 目录, if it is the last one before `start`."""
    stop = start
    while stop > 0 and text[stop - 1].isspace():
        stop -= 1
    line_start = text.rfind("\n", 0, stop) + 1
    return line_start if stop - line_start <= 40 and _CONTENTS_LINE.fullmatch(text, line_start, stop) else start


def _front_contents(text: str, headings: Sequence[Heading], ends: Sequence[int]) -> int:
    """How many headings in front are a table of contents whose entries have a line or two below them.

    Then the first heading comes again after them, and this time with a story.
    """
    sizes = [end - heading.end for heading, end in zip(headings, ends, strict=True)]
    count = 1
    while count < len(headings) and headings[count].place != headings[0].place and sizes[count - 1] <= _MAX_ENTRY_CHARS:
        count += 1
    if count < 3 or count == len(headings) or headings[count].place != headings[0].place:
        return 0
    labelled = _contents_start(text, headings[0].start) < headings[0].start
    stories = sizes[count:]
    return count if labelled or sum(stories) > 10 * _MAX_ENTRY_CHARS * len(stories) else 0


def _holders(text: str, headings: Sequence[Heading]) -> frozenset[str]:
    """The units that hold chapters: 卷, and 部, 集 ... where they mostly stand right above a narrower heading."""
    total: Counter[str] = Counter()
    holding: Counter[str] = Counter()
    for heading, end, neighbour in zip(headings, _next_starts(text, headings), [*headings[1:], None], strict=False):
        total[heading.unit] += 1
        if neighbour and neighbour.level > heading.level and heading.unit and _is_blank(text, heading.end, end):
            holding[heading.unit] += 1
    holders = {unit for unit, count in total.items() if 2 * holding[unit] >= count}
    volumes = {heading.unit for heading in headings if heading.level is Level.VOLUME}
    narrower = {heading.unit for heading in headings if heading.unit and heading.level > Level.VOLUME}
    return frozenset(holders | volumes if narrower else holders)  # a book of nothing but 卷 has them for chapters
