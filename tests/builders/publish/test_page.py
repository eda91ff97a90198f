"""HTML that escapes by itself, and differences between two excerpts."""

from __future__ import annotations

import html

from hypothesis import given
from hypothesis import strategies as st

from builders.publish.page import Html, differences, element, table, visible


def test_only_html_is_taken_as_html() -> None:
    assert element("p", "1 < 2", element("br"), Html("<b>"), None, title='"') == '<p title="&quot;">1 &lt; 2<br><b></p>'


def test_a_head_that_ends_in_a_hash_is_for_figures() -> None:
    raw = table("Some", ("Name", "Count#"), [("雪", "1,000")])
    assert '<th scope="col" class="figure">Count</th>' in raw
    assert '<th scope="row">雪</th><td class="figure" data-label="Count">1,000</td>' in raw


def test_visible_keeps_what_can_be_seen() -> None:
    assert visible("雪夜 \n\t!，。ａ") == "雪夜 \n\t!，。ａ"
    assert visible("\x00\ufeff\ud800") == "⟨U+0000⟩⟨U+FEFF⟩⟨U+D800⟩"


def test_what_moved_into_a_window_is_not_marked() -> None:
    assert differences("请收藏雪还没停", "雪还没停他进了") == ("<del>请收藏</del>雪还没停", "雪还没停他进了")
    assert differences("雪停了。广告", "雪停了。") == ("雪停了。<del>广告</del>", "雪停了。")
    assert differences("雪夜", "雪葉") == ("雪<del>夜</del>", "雪<ins>葉</ins>")


@given(st.text(max_size=60), st.text(max_size=60))
def test_marks_change_no_text(before: str, after: str) -> None:
    for text, marked in zip((before, after), differences(before, after), strict=True):
        for tag in ("del", "ins"):
            marked = Html(marked.replace(f"<{tag}>", "").replace(f"</{tag}>", ""))
        assert html.unescape(marked).replace("↵", "") == html.unescape(html.escape(visible(text))).replace("↵", "")
