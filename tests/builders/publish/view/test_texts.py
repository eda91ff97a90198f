"""Two texts side by side: all of both is shown, what differs is marked, and no text takes long."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from builders.publish.page import visible
from builders.publish.view.texts import beside, changed_line, every, marked, reading, spans_of
from tests.corpora import passage

TEXT = st.text(alphabet="雪夜。！\n归人<b>&\u200b", max_size=60)


def plain(told: str) -> str:
    """What stands in the HTML, without its marks."""
    return html.unescape(re.sub(r"</?(?:ins|del|mark)>", "", told)).replace("↵\n", "\n")


@given(TEXT, TEXT)
def test_both_are_shown_whole_and_only_what_differs_is_marked(one: str, other: str) -> None:
    left, right = beside(one, other)
    assert (plain(left), plain(right)) == (visible(one), visible(other))
    unmarked = [re.sub(r"<(ins|del)>.*?</\1>", "", side, flags=re.DOTALL) for side in (left, right)]
    assert unmarked[0] == unmarked[1]


def test_long_texts_that_repeat_themselves_come_to_an_end() -> None:
    """Compared sentence by sentence and character by character, they would take hours."""
    for one, other in (
        ("。" * 60_000, "。" * 59_000 + "！"),
        ("\n" * 60_000, "雪" + "\n" * 50_000),
        ("雪" * 60_000, "雪" * 30_000),
        ("雪夜" * 700 + "。" + "雪" * 1400, "夜雪" * 700 + "。" + "雪" * 1300),
    ):
        left, right = beside(one, other)
        assert "<del>" in left + right or "<ins>" in left + right


def test_a_changed_word_in_a_long_text_is_all_that_is_marked() -> None:
    text = passage("long", 20_000)
    left, right = beside(text, text[:9_000] + "改了" + text[9_002:])
    assert left.count("<del>") == right.count("<ins>") == 1 and "<ins>改了</ins>" in right


def test_marks() -> None:
    assert every("雪夜雪", "雪") == [(0, 1), (2, 3)] and every("雪", "") == []
    assert spans_of("雪夜雪", ["雪", "雪", "雪"]) == [(0, 1), (2, 3)]
    assert marked("<雪>夜", [(1, 2), (1, 3)]) == "&lt;<mark>雪</mark>&gt;夜"
    assert "show all 30,000 characters" in reading("雪" * 30_000, whole=False)
    assert changed_line("门。[-（<完>）-]{+再+}") == (
        '<div class="change" lang="zh">门。<del>（&lt;完&gt;）</del><ins>再</ins></div>'
    )
