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
    r"[^\n]{0,20}(?:目[^\S\n]*[录錄次]|章节列表|章節列表|table of contents|contents)[\s:：】\]》〕*=—–-]*",
    re.IGNORECASE,
)
# Parts of a book about itself, which a collection has in the middle of a numbered chapter, too.
_ABOUT_THE_BOOK = re.compile(
    "[自代总總原后後]?序|跋|附[录錄]|前[言記记]|引言|[导導][言读讀]|[绪緒][言论論]|[题題][记記]|凡例|[结結][语語]|[后後][记記]"
)
_REGULAR_COUNT = 5  # so many headings of one kind say how the book is divided
_LONG_COUNT = 10  # in so many a number that is missing was hardly left out by the author
_MAX_SHORT_CHARS = 12  # of a name that begins as a sentence may: 第三章他的家
_PART_MARKS = tuple("上中下）)")
_MARK_INSIDE = re.compile("[，,；：…]")
_MIN_ENTRIES = 3  # of a table of contents that nothing else gives away
_MAX_LONG_ENTRIES = 5  # with lines between them that were not read as entries
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
    headings = _without_strays(text, _believable(text, find_headings(text)))
    headings, doubled = _merge_doubled(text, headings)
    headings, contents = _without_contents(text, headings)
    return Outline(headings, _holders(text, headings), contents, doubled)


def _is_blank(text: str, start: int, end: int) -> bool:
    return _NOT_BLANK.search(text, start, end) is None


def _next_starts(text: str, headings: Sequence[Heading]) -> list[int]:
    """Where the text below each heading ends."""
    return [*(heading.start for heading in headings[1:]), len(text)][: len(headings)]


def _believable(text: str, headings: Sequence[Heading]) -> list[Heading]:
    """The headings that are sure by themselves, or by their place, or whose numbers fit those around them."""
    sure_units = {heading.unit for heading in headings if heading.trust is Trust.SURE}
    likely = Counter(heading.unit for heading in headings if heading.trust >= Trust.PLAUSIBLE)
    before: dict[str, int] = {}
    counts: Counter[str] = Counter()
    believed: list[Heading] = []
    neighbours = [*headings[1:], None]
    for heading, after, neighbour in zip(headings, _numbers_after(headings), neighbours, strict=False):
        unit = heading.unit
        last = believed[-1] if believed else None
        if heading.trust is not Trust.SURE and not _well_placed(text, last, heading, neighbour):
            if heading.trust is Trust.GAP:
                is_long = max(likely[unit], heading.number or 0) >= _LONG_COUNT
                fits = is_long and _closes_gap(heading, before.get(unit), after)
            elif heading.number is None:
                fits = bool(sure_units)
            else:
                fits = _fits(heading, before.get(unit), after, unit in sure_units, counts[unit])
                fits |= heading.trust is Trust.PLAUSIBLE and heading.label in ("第一章", "第1章") and likely[unit] == 1
            if not fits:
                continue
        believed.append(heading)
        counts[unit] += 1
        if heading.last_number is not None:
            before[unit] = heading.last_number
    return believed


def _numbers_after(headings: Sequence[Heading]) -> list[int | None]:
    """For every heading the number of the next one with its unit that is no less sure, or that continues it."""
    numbers: list[int | None] = []
    ahead: dict[tuple[str, Trust], int] = {}
    neighbour: Heading | None = None
    for heading in reversed(headings):
        if neighbour and neighbour.says_the_same(heading):  # a heading that is given twice
            numbers.append(numbers[-1])
            continue
        sure, any_ = ahead.get((heading.unit, heading.trust)), ahead.get((heading.unit, Trust.DOUBTFUL))
        numbers.append(any_ if any_ and heading.number == any_ - 1 else sure)
        if heading.number is not None:
            ahead.update(((heading.unit, trust), heading.number) for trust in Trust if trust <= heading.trust)
        neighbour = heading
    return numbers[::-1]


def _well_placed(text: str, last: Heading | None, heading: Heading, neighbour: Heading | None) -> bool:
    """Whether a heading says what its neighbour says, holds the chapter right below, or is a text's first line."""
    if last and heading.says_the_same(last):
        return True
    if neighbour and neighbour.trust is Trust.SURE and heading.says_the_same(neighbour):
        return True
    if heading.trust < Trust.PLAUSIBLE:
        return False
    if neighbour and neighbour.level > heading.level and _is_blank(text, heading.end, neighbour.start):
        return True
    return heading.level > Level.VOLUME and _is_blank(text, 0, heading.start)


def _fits(heading: Heading, before: int | None, after: int | None, unit_is_sure: bool, count: int) -> bool:
    """Whether a heading's number continues the one before it and is continued by the one after it."""
    number = heading.number or 0
    follows, followed = before == number - 1, after == number + 1
    match heading.trust:
        case Trust.PLAUSIBLE:
            if unit_is_sure and number in (before, after):
                return False
            if follows or followed or number in (before, after):
                return True
            rising = (before is None or before < number) and (after is None or after > number)
            return rising and count > 0 and heading.unit != "卷"
        case _:
            is_short = len(heading.name) <= _MAX_SHORT_CHARS and not _MARK_INSIDE.search(heading.name)
            if unit_is_sure:
                return followed and (follows or (is_short and before is None and number <= 1))
            if is_short:
                if number in (before, after):
                    return heading.name.endswith(_PART_MARKS)
                return follows or followed
            first = before is None or number <= 1
            return (follows or first) and (followed or after in (None, 0, 1)) and (follows or followed)


def _closes_gap(heading: Heading, before: int | None, after: int | None) -> bool:
    """Whether just this number is missing; the last chapters of a book have nothing after them."""
    number = heading.number
    return number is not None and before == number - 1 and after in (number + 1, None)


def _without_strays(text: str, headings: list[Heading]) -> list[Heading]:
    """Leave out headings of another kind than the book's that no number leads to or from: a lone 第三部 in a story."""
    counts = Counter(
        heading.unit for heading in headings if heading.number is not None and heading.level > Level.VOLUME
    )
    if not counts or max(counts.values()) < _REGULAR_COUNT:
        return headings
    main = max(counts, key=lambda unit: counts[unit])
    numbers: dict[str, list[int]] = {}
    for heading in headings:
        if heading.number is not None:
            numbers.setdefault(heading.unit, []).append(heading.number)
    kept: list[Heading] = []
    seen: Counter[str] = Counter()
    for heading, next_start, neighbour in zip(
        headings, _next_starts(text, headings), [*headings[1:], None], strict=False
    ):
        number, unit = heading.number, heading.unit
        if number is None:
            inside = kept and neighbour and kept[-1].unit == main and (kept[-1].last_number, main) == _before(neighbour)
            if not (inside and _ABOUT_THE_BOOK.match(fold(heading.title))):
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


def _before(heading: Heading) -> tuple[int | None, str]:
    """The number and unit that the heading before this one should have."""
    return heading.number - 1 if heading.number else None, heading.unit


def _merge_doubled(text: str, headings: Sequence[Heading]) -> tuple[list[Heading], list[str]]:
    """Make one heading of two in a row that say the same; the fuller title stays."""
    merged: list[Heading] = []
    doubled: list[str] = []
    for heading in headings:
        last = merged[-1] if merged else None
        if (
            last
            and last.place == heading.place
            and _same_name(last, heading)
            and _no_story(text, last.end, heading.start)
        ):
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
    short = end - start <= _MAX_ENTRY_CHARS and not _SENTENCE_END.search(text, start, end)
    return short or _is_blank(text, start, end)


def _without_contents(text: str, headings: list[Heading]) -> tuple[list[Heading], list[Span]]:
    """Take out the tables of contents: headings with nothing between them."""
    entries = _Entries(text, headings)
    kept: list[Heading] = []
    contents: list[Span] = []
    at = 0
    while at < len(headings):
        run_end = entries.empty_run_end(at)
        if found := entries.contents(at, run_end, in_front=not kept):
            stop, end = found
            contents.append(Span(_contents_start(text, headings[at].start), end))
            if kept and not _is_blank(text, end, entries.ends[stop - 1]):
                kept.append(_untitled(end))
        elif (stop := entries.list_end(at, run_end)) == at:
            stop = max(run_end, at + 1)
            kept += headings[at:stop]
        at = stop
    return kept, contents


def _untitled(at: int) -> Heading:
    """Where a story begins that has no heading of its own."""
    return Heading("", "", "", Level.CHAPTER, None, None, Trust.SURE, start=at, end=at)


class _Entries:
    """Headings, looked at as what may be entries of a table of contents."""

    def __init__(self, text: str, headings: Sequence[Heading]) -> None:
        self.text, self.headings = text, headings
        self.ends = _next_starts(text, headings)
        self.empty = [_is_blank(text, heading.end, end) for heading, end in zip(headings, self.ends, strict=True)]
        self.keys = [(heading.place, fold(heading.name)) for heading in headings]
        self.last_at = {key: at for at, key in enumerate(self.keys)}
        self.last_place_at = {place: at for at, (place, _) in enumerate(self.keys)}
        self.counts = Counter(self.keys)
        self.first_numbered = next((at for at, heading in enumerate(headings) if heading.number is not None), 0)

        latest: dict[str, int | None] = {}
        self.numbers_before: list[int | None] = []  # of the heading before with the same unit
        for heading in headings:
            self.numbers_before.append(latest.get(heading.unit))
            latest[heading.unit] = heading.last_number

    def empty_run_end(self, at: int) -> int:
        """The end of the run of headings from `at` on with nothing below; `at` if there is none.

        Volumes and parts right above a chapter hold it, and belong to no run.
        """
        stop = at
        while stop < len(self.headings) and self.empty[stop]:
            stop += 1
        end = stop
        while at < end < len(self.headings) and self._holds_next(end - 1, end - at):
            end -= 1
        return end

    def _holds_next(self, at: int, run: int) -> bool:
        """Whether heading `at`, the last of a run, holds the next one; a part that comes again ends the contents."""
        heading = self.headings[at]
        is_entry = run > 2 and heading.level > Level.VOLUME and self.last_at[self.keys[at]] > at
        return bool(heading.unit) and heading.level < self.headings[at + 1].level and not is_entry

    def contents(self, at: int, run_end: int, *, in_front: bool) -> tuple[int, int] | None:
        """Where a table of contents that begins with heading `at` ends: heading and character."""
        if at in (0, self.first_numbered) and (stop := self._contents_with_subtitles(at)):
            last, end = self.headings[stop - 1].end, self.ends[stop - 1]
            return stop, end if _no_story(self.text, last, end) else last
        count = run_end - at
        if not count:
            return None
        again = sum(self.counts[key] > 1 for key in self.keys[at:run_end])
        labelled = _contents_start(self.text, self.headings[at].start) < self.headings[at].start
        if not (labelled or 2 * again >= count or (in_front and count >= _MIN_ENTRIES)):
            return None
        stop = run_end
        if count > 1 and self._goes_on(stop) and self.last_at[self.keys[stop]] > stop:
            stop += 1  # the last entry, with a preface below
        return stop, self.headings[stop - 1].end

    def list_end(self, at: int, run_end: int) -> int:
        """The end of a list in the story that looks like headings: a timetable; `at` if there is none.

        Empty chapters are none where they go on with the numbers, or begin a volume.
        """
        end = run_end + 1 if run_end - at > 1 and self._goes_on(run_end) else run_end
        if end - at < _MIN_ENTRIES:
            return at
        first, before = self.headings[at], self.numbers_before[at]
        held = at > 0 and self.empty[at - 1] and self.headings[at - 1].level < first.level
        return at if held or (before is not None and first.number == before + 1) else end

    def _size(self, at: int) -> int:
        return self.ends[at] - self.headings[at].end

    def _has_story(self, at: int) -> bool:
        return not _no_story(self.text, self.headings[at].end, self.ends[at])

    def _is_long(self, at: int) -> bool:
        """Whether what stands below a heading is more than an entry of a table of contents has."""
        return self._size(at) > _MAX_ENTRY_CHARS

    def _goes_on(self, at: int) -> bool:
        """Whether heading `at` continues the numbers of the one before it."""
        if at >= len(self.headings) or self.headings[at].unit != self.headings[at - 1].unit:
            return False
        before = self.headings[at - 1].last_number
        return before is not None and self.headings[at].number == before + 1

    def _contents_with_subtitles(self, first: int) -> int:
        """The end of a table of contents whose entries have a line or two below them, 0 if there is none.

        Then the first entry comes again after the last, and this time with a story.
        """
        place = self.headings[first].place
        stop = next((at for at in range(first + 1, len(self.headings)) if self.headings[at].place == place), 0)
        while (
            stop > first + 1 and self._has_story(stop - 1) and self.last_place_at[self.headings[stop - 1].place] < stop
        ):
            stop -= 1  # a preface, which the contents do not name
        count = stop - first
        long_entries = sum(map(self._is_long, range(first, stop - 1)))
        if count < _MIN_ENTRIES or long_entries > _MAX_LONG_ENTRIES or 10 * long_entries > count:
            return 0
        while self.empty[stop - 1] and self._holds_next(stop - 1, stop - first):
            stop -= 1
        labelled = _contents_start(self.text, self.headings[first].start) < self.headings[first].start
        stories = [self._size(at) for at in range(stop, len(self.headings))]
        return stop if labelled or sum(stories) > 10 * _MAX_ENTRY_CHARS * len(stories) else 0


def _contents_start(text: str, start: int) -> int:
    """The start of the line 目录, if it is the last one before `start`."""
    stop = start
    while stop > 0 and text[stop - 1].isspace():
        stop -= 1
    line_start = text.rfind("\n", 0, stop) + 1
    return line_start if stop - line_start <= 40 and _CONTENTS_LINE.fullmatch(text, line_start, stop) else start


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
