"""Charts as inline SVG. Widths are percentages and type is in pixels, so a chart fits a phone and stays readable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from builders.publish.figures import percent, share_of, short_number, signed, whole_percent
from builders.publish.page import Html, element, join

ROW_PX, BAR_PX = 42, 14
PLOT_PX = 132
MIN_COLUMNS = 8  # of a histogram: fewer would be blocks rather than columns


@dataclass(frozen=True)
class Change:
    """What happened to the characters at one step: those that went with whole documents, those cut out or added."""

    label: str
    before: int
    dropped: int
    cut: int  # negative where text was added

    @property
    def after(self) -> int:
        return self.before - self.dropped - self.cut


def waterfall(whole: int, changes: Sequence[Change], first: str, last: str) -> Html:
    """Characters from `first` (the `whole` that came in) step by step to `last` (what was kept)."""
    kept = changes[-1].after if changes else whole
    levels = [whole, *(change.after for change in changes)]
    axis = Axis.over(min(levels) / whole, max(levels) / whole) if whole else Axis(0, 1, 0.25)
    rows = [_total_row(0, first, whole, whole, axis)]
    rows += [_change_row(number + 1, change, whole, axis) for number, change in enumerate(changes)]
    rows.append(_total_row(len(rows), last, kept, whole, axis))
    height = len(rows) * ROW_PX + 28
    begins = f" The axis begins at {whole_percent(axis.low)}, so that small changes can be seen." if axis.low else ""
    told = f"{first}: {whole:,} characters. {last}: {kept:,}, {percent(share_of(kept, whole))} of them.{begins}"
    return element(
        "svg",
        element("title", "Characters from input to kept, step by step", id="waterfall-title"),
        element("desc", told, id="waterfall-desc"),
        axis.grid(height - 24),
        *rows,
        width="100%",
        height=height,
        role="img",
        aria_labelledby="waterfall-title waterfall-desc",
        class_="chart",
    )


LEAST_REACH = 1e-6  # what is smaller cannot be told apart on any axis


@dataclass(frozen=True)
class Axis:
    """Shares from `low` to `high`, with a mark every `step`."""

    low: float
    high: float
    step: float

    @staticmethod
    def over(least: float, most: float) -> Axis:
        """From zero where much was removed; else from a round share below the least, so that small changes show."""
        reach = most - least
        span = most if reach > 0.25 or reach < LEAST_REACH else reach * 1.6
        step = _round_step(span / 4)
        low = max(0.0, math.floor((most - span) / step + 1e-9) * step) if span < most else 0.0
        return Axis(round(low, 10), max(1.0, most), step)

    def at(self, share: float) -> float:
        """Where a share lies, in percent of the width."""
        return 100 * (min(max(share, self.low), self.high) - self.low) / (self.high - self.low)

    def grid(self, bottom: int) -> Html:
        marks: list[Html] = []
        for number in range(20):
            share = self.low + number * self.step
            if share > self.high + 1e-9:
                break
            x = self.at(share)
            anchor = "start" if x < 4 else "end" if x > 96 else "middle"
            marks.append(element("line", x1=_pc(x), x2=_pc(x), y1=0, y2=bottom, class_="grid"))
            marks.append(
                element("text", whole_percent(share), x=_pc(x), y=bottom + 18, text_anchor=anchor, class_="tick")
            )
        return join(marks)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `least`."""
    power = 10 ** math.floor(math.log10(least))
    return float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least - 1e-12))


def _pc(value: float) -> str:
    return f"{value:.3f}%"


def _bar(kind: str, start: float, end: float, top: int, told: str) -> Html | None:
    """A bar between two percentages; whatever is there at all is at least a hair wide."""
    if end <= start:
        return None
    width = max(end - start, 0.25)
    start = min(start, 100 - width)
    title = element("title", told)
    return element("rect", title, x=_pc(start), y=top, width=_pc(width), height=BAR_PX, class_=kind)


def _row_text(number: int, label: str, figure: str, share: str) -> Html:
    y = number * ROW_PX + 14
    figures = [element("tspan", figure, class_="strong"), f"  {share}" if share else None]
    return join(
        [
            element("text", label, x=0, y=y),
            element("text", *figures, x="100%", y=y, text_anchor="end", class_="figures"),
        ]
    )


def _total_row(number: int, label: str, chars: int, whole: int, axis: Axis) -> Html:
    share = share_of(chars, whole)
    top = number * ROW_PX + 20
    bar = _bar("kept", 0, axis.at(share), top, f"{label}: {chars:,} characters")
    gap = element("path", d="M3 -2 L-1 16 M7 -2 L3 16", class_="gap")
    broken = element("svg", gap, x="1.2%", y=top, width=10, height=BAR_PX, overflow="visible") if axis.low else None
    return join([_row_text(number, label, f"{chars:,}", percent(share)), bar, broken])


def _change_row(number: int, change: Change, whole: int, axis: Axis) -> Html:
    before, after = share_of(change.before, whole), share_of(change.after, whole)
    middle = share_of(change.before - change.dropped, whole)
    moved = change.after - change.before
    top = number * ROW_PX + 20
    share = percent(after - before).replace("-", "−") if moved else ""
    dropped = _bar("dropped", axis.at(middle), axis.at(before), top, f"{change.dropped:,} in documents that went")
    told = f"{abs(change.cut):,} {'cut out of' if change.cut > 0 else 'added to'} documents"
    low, high = sorted((axis.at(middle), axis.at(after)))
    edited = _bar("cut" if change.cut > 0 else "added", low, high, top, told)
    level = element("line", x1=_pc(axis.at(after)), x2=_pc(axis.at(after)), y1=top, y2=top + ROW_PX, class_="level")
    return join([_row_text(number, change.label, signed(moved), share), level, dropped, edited])


def histogram(
    name: str, title: str, edges: Sequence[int], counts: Sequence[int], kind: str, what: str = "rows"
) -> Html:
    """Columns over classes of characters that begin at `edges`; the last one is open. `what` is counted."""
    columns = []
    for place, (edge, count) in enumerate(zip(edges, counts, strict=True)):
        last = place + 1 == len(edges)
        reach = f"{edge:,} or more" if last else f"{edge:,} to {edges[place + 1] - 1:,}"
        columns.append(Column(f"{_edge(edge)}+" if last else _edge(edge), count, f"{reach} characters"))
    told = f"{sum(counts):,} {what} by length; each column begins at the length below it."
    return column_chart(name, title, told, _between_filled(columns), kind, what)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what stands below it, how many, and what it holds in words."""

    label: str
    count: int
    reach: str


def _between_filled(columns: Sequence[Column]) -> Sequence[Column]:
    """Without the empty columns at either end."""
    filled = [place for place, column in enumerate(columns) if column.count] or [0]
    return columns[filled[0] : filled[-1] + 1]


def column_chart(name: str, title: str, told: str, columns: Sequence[Column], kind: str, what: str) -> Html:
    """Columns side by side; `told` says in words what they show, `what` is counted."""
    total, most = sum(one.count for one in columns), max((one.count for one in columns), default=0)
    width = 100 / max(len(columns), MIN_COLUMNS)
    parts: list[Html] = []
    for place, column in enumerate(columns):
        middle = _pc((place + 0.5) * width)
        height = max(2, round(PLOT_PX * share_of(column.count, most))) if column.count else 0
        top = 18 + PLOT_PX - height
        hint = element("title", f"{column.reach}: {column.count:,} {what}, {percent(share_of(column.count, total))}")
        x, wide = _pc(place * width + width * 0.08), _pc(width * 0.84)
        parts.append(element("rect", hint, x=x, y=top, width=wide, height=height, class_=kind))
        if count := column.count:
            figure = short_number(count).replace(" ", "") if count >= 10_000 else f"{count}"
            parts.append(element("text", figure, x=middle, y=top - 5, text_anchor="middle", class_="tick"))
        parts.append(element("text", column.label, x=middle, y=PLOT_PX + 35, text_anchor="middle", class_="tick"))
    base = element("line", x1="0", x2="100%", y1=PLOT_PX + 18.5, y2=PLOT_PX + 18.5, class_="base")
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", told, id=f"{name}-desc"),
        *parts,
        base,
        width="100%",
        height=PLOT_PX + 44,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="chart",
    )


def _edge(chars: int) -> str:
    return f"{chars // 1_000_000}M" if chars >= 1_000_000 else f"{chars // 1000}k" if chars >= 1000 else str(chars)


def share_bar(share: float, kind: str = "kept") -> Html:
    """A bar for a cell of a table, whose figure stands in another cell."""
    bar = element("rect", width=_pc(max(share * 100, 0.4) if share else 0), height=10, class_=kind)
    return element("svg", bar, width="100%", height=10, aria_hidden="true", class_="share")
