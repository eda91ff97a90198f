"""Charts: every bar lies where its figure says, and what is there at all can be seen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.publish.charts import Axis, Change, histogram, waterfall


def flow(whole: int, *moves: tuple[int, int]) -> list[Change]:
    changes: list[Change] = []
    for number, (dropped, cut) in enumerate(moves):
        before = changes[-1].after if changes else whole
        changes.append(Change(f"Step{number}", before, dropped, cut))
    return changes


def bars(chart: str, kind: str) -> list[tuple[float, float]]:
    """Left edge and width of every bar of a kind, in percent."""
    rects = [rect for rect in ElementTree.fromstring(chart).iter("rect") if rect.get("class") == kind]
    return [(float(rect.attrib["x"].rstrip("%")), float(rect.attrib["width"].rstrip("%"))) for rect in rects]


def test_a_waterfall_from_zero() -> None:
    chart = waterfall(1000, flow(1000, (100, 200), (300, 0)), "Input", "Kept")
    assert bars(chart, "kept") == [(0, 100), (0, 40)]
    assert bars(chart, "dropped") == [(90, 10), (40, 30)]
    assert bars(chart, "cut") == [(70, 20)]
    assert "Kept: 400, 40.0 % of them." in chart
    assert "−300" in chart and "−30.0 %" in chart


def test_where_little_was_removed_the_axis_does_not_begin_at_zero_and_says_so() -> None:
    chart = waterfall(100_000, flow(100_000, (500, 0), (0, 1500)), "Input", "Kept")
    assert "The axis begins at 96 %" in chart
    assert bars(chart, "dropped") == [(87.5, 12.5)]
    assert 'class="gap"' in chart


def test_a_step_that_adds_text_goes_beyond_the_input() -> None:
    chart = waterfall(1000, flow(1000, (0, -100), (0, 600)), "Input", "Kept")
    ((left, width),) = bars(chart, "added")
    assert left + width == pytest.approx(100, abs=0.01)
    assert "+100" in chart


@pytest.mark.parametrize("whole", [0, 1, 10**15])
def test_nothing_happened(whole: int) -> None:
    assert "100 %" in waterfall(whole, flow(whole, (0, 0)), "Input", "Kept") or whole == 0
    assert waterfall(whole, [], "Input", "Kept")


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(-(10**5), 10**6)), max_size=6))
def test_every_bar_is_inside_and_can_be_seen(moves: list[tuple[int, int]]) -> None:
    chart = waterfall(10**8, flow(10**8, *moves), "Input", "Kept")
    for kind in ("kept", "dropped", "cut", "added"):
        for left, width in bars(chart, kind):
            assert width >= 0.25 and left >= 0 and left + width <= 100.01
    dropped = sum(dropped > 0 for dropped, _ in moves)
    assert len(bars(chart, "dropped")) == dropped


@given(st.floats(0, 1), st.floats(1, 3))
def test_axes_have_few_marks_and_hold_their_range(least: float, most: float) -> None:
    axis = Axis.over(least, most)
    assert 0 <= axis.low <= least and axis.high >= most
    assert 2 <= len(re.findall("<line", axis.grid(10))) <= 9


def test_a_histogram_shows_every_class_that_is_not_empty() -> None:
    chart = histogram("lengths", "Rows", [0, 100, 1000, 1_000_000], [1, 0, 20_000, 3], "kept")
    assert len(bars(chart, "kept")) == 4
    heights = [int(height) for height in re.findall(r'height="(\d+)" class="kept"', chart)]
    assert heights == [2, 0, 132, 2]
    assert ">20k<" in chart and ">1M+<" in chart and "1,000 to 999,999 characters: 20,000 rows" in chart
