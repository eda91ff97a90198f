"""Columns in pairs, before and after, as inline SVG: for distributions of two versions."""

from __future__ import annotations

from collections.abc import Sequence

from builders.publish.charts import MIN_COLUMNS, PLOT_PX
from builders.publish.figures import percent, share_of
from builders.publish.page import Html, element

TOP_PX = 18


def paired_columns(name: str, title: str, labels: Sequence[str], before: Sequence[int], after: Sequence[int]) -> Html:
    """Two columns at each label: the share of all that stood there before, and stands there after."""
    sides = [(side, counts, sum(counts)) for side, counts in (("before", before), ("after", after))]
    most = max((share_of(count, total) for _, counts, total in sides for count in counts), default=0.0)
    filled = [place for place in range(len(labels)) if before[place] or after[place]] or [0]
    shown = range(filled[0], filled[-1] + 1)
    width = 100 / max(len(shown), MIN_COLUMNS)
    parts: list[Html] = []
    for slot, place in enumerate(shown):
        for number, (side, counts, total) in enumerate(sides):
            share = share_of(counts[place], total)
            height = max(2, round(PLOT_PX * share / most)) if counts[place] else 0
            hint = f"{labels[place]}, {side}: {counts[place]:,}, {percent(share)}"
            x = slot * width + width * (0.08 + 0.43 * number)
            parts.append(_column(hint, x, width * 0.4, height, "held" if side == "before" else "kept"))
        middle = f"{(slot + 0.5) * width:.3f}%"
        y = TOP_PX + PLOT_PX + 17
        parts.append(element("text", labels[place], x=middle, y=y, text_anchor="middle", class_="tick"))
    line = TOP_PX + PLOT_PX + 0.5
    told = f"Shares of {sides[0][2]:,} before and {sides[1][2]:,} after; the highest column is {percent(most)}."
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", told, id=f"{name}-desc"),
        *parts,
        element("line", x1="0", x2="100%", y1=line, y2=line, class_="base"),
        width="100%",
        height=TOP_PX + PLOT_PX + 26,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="chart",
    )


def _column(hint: str, x: float, width: float, height: int, kind: str) -> Html:
    return element(
        "rect",
        element("title", hint),
        x=f"{x:.3f}%",
        y=TOP_PX + PLOT_PX - height,
        width=f"{width:.3f}%",
        height=height,
        class_=kind,
    )
