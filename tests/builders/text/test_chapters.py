"""Cutting books into chapters: the step, its ids and notes, and what `split_chapters` makes of many kinds of books."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document, Note
from builders.text.chapters import Chapters, split_chapters
from tests.builders.text.stories import STORIES, assert_clean, book, titles


@pytest.mark.parametrize(
    "headings",
    [
        ["第一章 风起", "第二章 云涌", "第三章 雷动"],
        ["第1章 风起", "第2章 云涌", "第10章 雷动"],
        ["第一回", "第二回", "第三回"],
        ["第一章 甲", "第二回 乙", "第三节 丙", "第四集 丁", "第五部 戊", "第六篇 己", "第七话 庚"],
        ["第一章风起", "第二章云涌", "第三章雷动"],
        ["第1章他来了", "第2章我走了", "第3章在路上"],
        ["第壹佰零玖章 风", "第壹佰壹拾章 云"],
        ["第貳拾回 風", "第廿一回 雲", "第廿二回 雷"],
        ["第一○九章 风", "第一一〇章 云"],
        ["第两千三百章 风", "第兩千三百零一章 云"],
        ["Chapter 1 The Door", "CHAPTER TWO", "chapter III: Night"],
        ["楔子", "第一章 风起", "番外 雪夜", "番外二", "尾声（上）", "尾声（下）", "后记"],
        ["序章：风起", "第一章 云涌", "终章 归"],
        ["第一章 风起，云涌", "第二章 “你”"],
        ["第一幕 清晨", "第二幕 黄昏"],
        ["第一章 风起（上）", "第一章 风起（下）", "第二章 云涌"],
        ["第12-13章 合", "第14章 分"],
        [*(f"第{number}章" for number in range(1, 10)), "第10章 你是谁？", "第11章 甲", "第12章 走！"],
        ["第一出 甲", "第二出 乙"],
        ["楔子", "第一章风起"],
        ["第十二章他回来了", "第十三章在路上（上）", "第十三章在路上（下）", "第十四章归人"],
        ["第001章又见渡口", "第002章风起", "第003章他的家"],
        ["第一百十七回 甲", "第一百十八回合欢楼上", "第一百十九回 乙"],
        ["雪夜第一章 甲", "雪夜第二章 乙", "雪夜第三章 丙"],
    ],
)
def test_headings_as_written(headings: list[str]) -> None:
    text = book(*headings)
    found = split_chapters(text)
    assert titles(found) == headings
    assert_clean(found, text)


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("　　第一章　风起　", "第一章 风起"),
        ("第 一 章 风起", "第一章 风起"),
        ("第 1 章　　风  起", "第1章 风 起"),
        ("【第一章 风起】", "第一章 风起"),
        ("【第一章】风起", "【第一章】风起"),
        ("正文 第一章 风起", "第一章 风起"),
        ("正文第一章 风起", "第一章 风起"),
        ("【正文】第一章 风起", "第一章 风起"),
        ("【正文　第一章　风起】", "第一章 风起"),
        ("=== 第一章 风起 ===", "第一章 风起"),
        ("☆、第一章 风起", "第一章 风起"),
        ("## 第一章 风起", "第一章 风起"),
        ("\ufeff第一章 风起", "第一章 风起"),
        ("楔　子", "楔 子"),
        ("第１章　风起", "第１章 风起"),
    ],
)
def test_titles_are_tidied(heading: str, title: str) -> None:
    text = book(heading, "第二章 云涌")
    found = split_chapters(text)
    assert titles(found) == [title, "第二章 云涌"]
    assert_clean(found, text)


@pytest.mark.parametrize(
    "line",
    [
        "　　第二章他写得很慢，写了一个冬天，也没有写完。",
        "第一章他写得很慢",
        "第二章写完了，他想",
        "第二章 他写完的时候，",
        "第一节课",
        "第一节课上他睡着了",
        "第一回合",
        "第三部分",
        "第一集团军",
        "第一次见面",
        "第二天",
        "“第二章 云涌”",
        "尾声渐渐远了",
        "番外写得太长",
        "序列整齐",
        "第一章 " + "长" * 47,
    ],
)
def test_no_heading(line: str) -> None:
    text = book("第一章 风起", "第二章 云涌") + f"\n{line}\n"
    found = split_chapters(text)
    assert titles(found) == ["第一章 风起", "第二章 云涌"]
    assert found.chapters[-1].text.endswith(line)


@pytest.mark.parametrize("line", ["第二章 他走了！", "第二章 你是谁？", "第二回合"])
def test_no_heading_though_its_number_is_missing(line: str) -> None:
    text = book("第一章 甲") + f"\n{line}\n" + book("第三章 乙")
    assert titles(split_chapters(text)) == ["第一章 甲", "第三章 乙"]


def test_the_mark_of_the_text_proper_goes_before_every_kind_of_heading() -> None:
    headings = ["楔子", "第一卷 少年", "第一章 甲", "Chapter 2", "番外 灯", "尾声", "后记"]
    found = split_chapters("\n".join(book(f"正文 {heading}") for heading in headings if heading != "第一卷 少年"))
    assert titles(found) == ["楔子", "第一章 甲", "Chapter 2", "番外 灯", "尾声", "后记"]


def test_a_line_of_fifty_characters_is_a_heading() -> None:
    heading = "第一章 " + "长" * 46
    assert titles(split_chapters(book(heading))) == [heading]


def test_a_list_in_the_story_stays() -> None:
    lesson = "　　墙上贴着一张纸：\n第一节 语文\n第二节 算术\n第三节 体操\n　　他看了一遍。"
    text = book("第一章 甲", "第二章 乙", "第三章 丙", "第四章 丁", "第五章 戊").replace(
        STORIES[2], f"{STORIES[2]}\n{lesson}", 1
    )
    found = split_chapters(text)
    assert titles(found) == ["第一章 甲", "第二章 乙", "第三章 丙", "第四章 丁", "第五章 戊"]
    assert lesson in found.chapters[2].text


def test_a_lone_heading_of_another_kind_stays_in_its_chapter() -> None:
    text = book("第一章 甲", "第二章 乙", "第三章 丙", "第四章 丁", "第五章 戊")
    found = split_chapters(text.replace("　　她夹在", "第七篇 河\n　　她夹在", 1))
    assert len(found.chapters) == 5


@pytest.mark.parametrize(
    ("given_twice", "title"),
    [
        ("第一章 风起\n\n第一章 风起", "第一章 风起"),
        ("第一章 风起\n　　第一章　风起\n第一章风起", "第一章 风起"),
        ("第一章\n第一章 风起", "第一章 风起"),
        ("第一章又见渡口\n第一章又见渡口", "第一章又见渡口"),
        ("正文 第一章 风起\n第1章 风起", "第一章 风起"),
        ("第一章 风起\n作者：某人 更新时间：2007-1-12 本章字数：120\n第一章 风起", "第一章 风起"),
    ],
)
def test_a_heading_given_twice_is_one(given_twice: str, title: str) -> None:
    text = book(given_twice, "第二章 云涌\n第二章 云涌")
    found = split_chapters(text)
    assert titles(found) == [title, "第二章 云涌"]
    assert_clean(found, text)


def test_boxes_around_headings() -> None:
    rule = "* = * = * = * = *"
    side = "l\t\t="
    first = "\n".join([rule, side, "*\t 第 一 回 \t*", "=\t\t=", "*\t雪夜行舟 渡口灯火\t*", side, rule])
    text = book(first, first.replace("一", "二")) + "\n"
    found = split_chapters(text)
    assert titles(found) == ["第一回 雪夜行舟 渡口灯火", "第二回 雪夜行舟 渡口灯火"]
    assert_clean(found, text)
    ruled = "==========\n{}\n=========="
    text = book(ruled.format("第一章 风起"), ruled.format("第二章 云涌"))
    assert titles(split_chapters(text)) == ["第一章 风起", "第二章 云涌"]
    assert_clean(split_chapters(text), text)


def test_front_matter_and_no_headings() -> None:
    text = "《雪夜》\n作者：某人\n\n" + book("第一章 风起")
    assert split_chapters(text).front_matter == "《雪夜》\n作者：某人"
    (whole,) = split_chapters(f"\n\n{STORIES[0]}\n \n").chapters
    assert (whole.title, whole.volume, whole.number, whole.text) == ("", "", None, STORIES[0])
    assert [chapter.text for chapter in split_chapters(" \n\n").chapters] == [""]


@pytest.mark.parametrize(
    ("headings", "problems"),
    [
        (
            ["第十二章 甲", "第十五章 乙"],
            ["第十二章 is the first: 1 to 11 are missing", "第十五章 follows 第十二章: 13, 14 are missing"],
        ),
        (["第一章 甲", "第三章 乙"], ["第三章 follows 第一章: 2 is missing"]),
        (["第一章 甲", "第一章 乙"], ["第一章 twice, with different text"]),
        (["第一章", "第二章", "第一章"], ["第一章 follows 第二章: the numbers begin anew"]),
        (["第一章", "第二章 甲", "第二章 乙"], ["第二章 twice, with different text"]),
        (["第一章", "第二章 甲", "第三章 丙", "第二章 乙"], ["第二章 twice, with different text"]),
        (["第一章", "第二章", "第四章", "第三章"], ["第四章 follows 第二章: 3 is missing", "第三章 follows 第四章"]),
        (["第零章", "第一章", "第二章 甲（上）", "第二章 甲（下）", "第3-4章", "第五章"], []),
    ],
)
def test_broken_numbering_is_told(headings: list[str], problems: list[str]) -> None:
    assert split_chapters(book(*headings)).problems == problems


def test_numbering_by_volume() -> None:
    text = (
        "第一卷\n" + book("第一章", "第二章") + "\n第二卷\n" + book("第一章", "第四章") + "\n第三卷\n" + book("第五章")
    )
    assert split_chapters(text).problems == ["第二卷: 第四章 follows 第一章: 2, 3 are missing"]


def test_the_same_text_twice() -> None:
    text = "\n".join(f"{heading}\n{STORIES[0]}" for heading in ["第一章", "第二章 甲", "第三章", "第二章 甲"])
    assert split_chapters(text).problems == ["第二章 twice, with the same text"]


def test_step_golden() -> None:
    front, toc = "雪夜\n", "目录\n第一章 甲\n第三章 乙\n\n"
    body = "第一卷 少年\n第一章 甲\n　　雪停了。\n第三章 乙\n第三章 乙\n　　天亮了。\n"
    document = Document("b00c", front + toc + body, {"title": "雪夜", "licence": "CC0"})
    parts = list(Chapters()(document))
    assert Chapters.version == 1
    assert [(part.id, part.text) for part in parts] == [
        ("b00c-0000", "雪夜"),
        ("b00c-0001", "　　雪停了。"),
        ("b00c-0002", "　　天亮了。"),
    ]
    assert parts[0].meta == {
        "title": "雪夜",
        "licence": "CC0",
        "volume": "",
        "chapter": "",
        "chapter_number": None,
        "char_start": 0,
        "char_end": 2,
    }
    assert parts[2].meta["volume"] == "第一卷 少年"
    assert parts[2].meta["chapter"] == "第三章 乙"
    assert parts[2].meta["chapter_number"] == 3
    assert document.text[parts[2].meta["char_start"] : parts[2].meta["char_end"]] == "　　天亮了。"
    assert parts[0].notes == [
        Note("numbering", "第一卷 少年: 第三章 follows 第一章: 2 is missing"),
        Note("table of contents", "目录\n第一章 甲\n第三章 乙"),
        Note("doubled heading", "第三章 乙"),
    ]
    assert parts[1].notes == parts[2].notes == []


def test_step_leaves_a_text_without_headings_whole() -> None:
    (part,) = Chapters()(Document("a1", STORIES[0], {"title": "河"}))
    assert (part.id, part.text, part.meta["chapter"], part.meta["chapter_number"]) == ("a1-0001", STORIES[0], "", None)


@pytest.mark.parametrize(
    "line", ["第三章 风起", "　　第三章　风起", "第3章 风起", "正文 第三章 风起", "【第三章 风起】"]
)
def test_step_passes_a_chapter_and_cuts_its_own_title(line: str) -> None:
    document = Document("p7", f"\n{line}\n\n{STORIES[0]}\n", {"chapter": "第三章 风起"})
    (part,) = Chapters()(document)
    assert (part.id, part.text, part.meta) == ("p7", STORIES[0], {"chapter": "第三章 风起"})
    assert part.notes == [Note("doubled heading", line.strip())]


def test_step_passes_a_chapter_with_another_first_line() -> None:
    document = Document("p8", book("第一章 甲", "第二章 乙"), {"chapter": "卷首"})
    assert list(Chapters()(document)) == [document]


def test_step_is_a_plain_value() -> None:
    assert pickle.loads(pickle.dumps(Chapters())) == Chapters(stop_share=0.6)


LINES = st.sampled_from(
    [
        "第一章 甲",
        "第二章",
        "第3章乙",
        "第一卷",
        "第二部",
        "第一节",
        "楔子",
        "目录",
        "====",
        "* 第四回 *",
        "",
        "　",
        "他走了。",
        "他走了",
    ]
)


@given(st.lists(LINES, max_size=30).map("\n".join))
def test_any_lines(text: str) -> None:
    found = split_chapters(text)
    assert found.chapters
    ends = 0
    for chapter in found.chapters:
        assert text[chapter.start : chapter.end] == chapter.text
        assert chapter.start >= ends
        ends = chapter.end
    for line in ("他走了。", "他走了"):  # no line of a story is lost, unless below an entry of the contents
        kept = "\n".join([found.front_matter, *(chapter.text for chapter in found.chapters)]).split("\n").count(line)
        cut = sum(text[start:end].split("\n").count(line) for start, end in found.contents)
        between = sum(lines.split("\n").count(line) for lines in found.doubled)
        assert kept + cut + between >= text.split("\n").count(line)


@given(st.text(alphabet="第一二章回卷 \n　*=。正文【】目录1", max_size=200))
def test_any_text(text: str) -> None:
    for chapter in split_chapters(text).chapters:
        assert text[chapter.start : chapter.end] == chapter.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 100_000,
        "字" * 1_000_000,
        " " * 1_000_000,
        "*" * 1_000_000,
        ("* " + " " * 190 + "x\n") * 2_000,
        "他走了\n" * 50_000,
        "第一章\n" * 20_000,
        "\ud800第一章\n\udfff" * 100,
        "第" + "一" * 1_000_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_odd_texts_take_no_time(text: str) -> None:
    split_chapters(text)
