"""Entries as documents and back, and their script and marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document
from builders.text.entries import Entry, PlainEntries, Section, entry_fields, entry_of
from validators.errors import SikuError

FERRY = Entry(
    "青石渡",
    "江邊的渡口",
    "青石渡是江邊的一個渡口。\n渡口有兩條船。",
    {"所屬": "四川省樂山縣", "建於": "1803年"},
    [
        Section("", 1, ["開頭的話。"]),
        Section("歷史", 1),
        Section("早年", 2, ["船夫姓周，\n後來姓林。", "周後來搬走了。"]),
    ],
)


def document(entry: Entry) -> Document:
    text, meta = entry_fields(entry)
    return Document("b0", text, meta)


def test_the_lines_of_a_document() -> None:
    entry = document(FERRY)
    assert entry.text.split("\n")[:3] == ["青石渡是江邊的一個渡口。", "渡口有兩條船。", "開頭的話。"]
    assert entry.meta["summary_lines"] == 2
    assert [section["lines"] for section in entry.meta["sections"]] == [1, 0, 3]
    again = entry_of(entry)
    assert (again.title, again.sense, again.summary, again.info) == (
        FERRY.title,
        FERRY.sense,
        FERRY.summary,
        FERRY.info,
    )
    assert again.sections == ["歷史", "早年"]
    assert again.parts[2].paragraphs == ["船夫姓周，", "後來姓林。", "周後來搬走了。"]


def test_an_entry_that_is_a_box_only() -> None:
    entry = document(Entry("渡", info={"别名": "津", "类型": "地名"}))
    assert entry.text == "别名：津\n类型：地名"
    assert entry_of(entry) == Entry("渡", info={"别名": "津", "类型": "地名"})


@pytest.mark.parametrize(
    "meta",
    [
        {"title": "渡"},
        {"title": "渡", "summary_lines": 7, "sections": []},
        {"title": "渡", "summary_lines": 1, "sections": [{"heading": "历史", "lines": 5}]},
        {"title": "渡", "summary_lines": "1", "sections": "历史", "info": [1], "sense": 3},
        {"title": "渡", "summary_lines": 1, "sections": [{"lines": -1}, {"lines": "2"}, None, 7]},
    ],
)
def test_a_text_whose_lines_are_not_as_told_has_a_summary(meta: dict[str, object]) -> None:
    assert entry_of(Document("b0", "\n渡是过河的地方。\n第二行。", meta)) == Entry("渡", None, "渡是过河的地方。")


def test_script_and_marks_of_the_whole_entry_golden() -> None:
    entry = document(FERRY)
    entry.text = entry.text.replace("姓周，", "姓周,")
    plain = PlainEntries()(entry)
    assert plain.text == (
        "青石渡是江边的一个渡口。\n渡口有两条船。\n开头的话。\n船夫姓周，\n后来姓林。\n周后来搬走了。"
    )
    assert (plain.meta["title"], plain.meta["sense"]) == ("青石渡", "江边的渡口")
    assert plain.meta["info"] == {"所属": "四川省乐山县", "建于": "1803年"}
    assert [section["heading"] for section in plain.meta["sections"]] == ["", "历史", "早年"]
    assert plain.meta["sections"][2] == {"heading": "早年", "level": 2, "lines": 3}
    assert PlainEntries.version == 1


def test_a_simplified_entry_keeps_its_words() -> None:
    entry = Entry("乾隆", None, "乾隆是清朝皇帝的年号，不是干隆。", {"著作": "御制诗", "英文": "Ｑianlong &amp; Co"})
    plain = entry_of(PlainEntries()(document(entry)))
    assert (plain.title, plain.summary) == (entry.title, entry.summary)
    assert plain.info == {"著作": "御制诗", "英文": "Qianlong & Co"}


def test_a_text_that_is_no_entry_is_made_plain_too() -> None:
    other = PlainEntries()(Document("b0", "這是風。\n說完了...", {"title": "風", "summary_lines": 9}))
    assert other.text == "这是风。\n说完了……"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(SikuError):
        PlainEntries(profile="jp")


WORDS = st.text(alphabet="雪説說风風渡,。 &<>\u3000a1", max_size=12)


@given(
    st.builds(
        Entry,
        st.just("渡口"),
        st.none() | WORDS,
        WORDS.filter(str.strip),
        st.dictionaries(WORDS.filter(str.strip), WORDS.filter(str.strip), max_size=3),
        st.lists(
            st.builds(Section, WORDS.filter(str.strip), st.integers(1, 3), st.lists(WORDS, max_size=3)), max_size=3
        ),
    )
)
def test_lines_stay_in_their_places(entry: Entry) -> None:
    before = document(entry)
    after = PlainEntries()(document(entry))
    assert after.text.count("\n") == before.text.count("\n")
    counts = [(section["level"], section["lines"]) for section in before.meta["sections"]]
    assert [(section["level"], section["lines"]) for section in after.meta["sections"]] == counts
    assert after.meta["summary_lines"] == before.meta["summary_lines"]
