"""Tables of contents, volumes and parts: what holds chapters and what holds nothing."""

from __future__ import annotations

import pytest

from builders.text.chapters import split_chapters
from tests.builders.text.stories import assert_clean, book, titles, volumes


def test_volumes_hold_the_chapters_after_them() -> None:
    text = "\n".join(
        [book("楔子"), "第一卷 少年", book("第一章 甲", "第二章 乙"), "【第二卷　江湖】", book("第一章 丙")]
    )
    found = split_chapters(text)
    assert titles(found) == ["楔子", "第一章 甲", "第二章 乙", "第一章 丙"]
    assert volumes(found) == ["", "第一卷 少年", "第一卷 少年", "第二卷 江湖"]
    assert found.problems == []
    assert_clean(found, text)


@pytest.mark.parametrize("volume", ["第一卷 少年", "第一卷少年", "卷一 少年", "第一部 少年", "第一集", "Volume 1"])
def test_kinds_of_volumes(volume: str) -> None:
    found = split_chapters(f"{volume}\n" + book("第一章 甲", "第二章 乙"))
    assert titles(found) == ["第一章 甲", "第二章 乙"]
    assert volumes(found) == [volume, volume]


def test_volume_and_chapter_in_one_line() -> None:
    found = split_chapters(
        book("第一卷 少年 第一章 甲", "第一卷 少年 第二章 乙", "正文 第二卷 第一章 丙", "下卷 第二章 丁")
    )
    assert titles(found) == ["第一章 甲", "第二章 乙", "第一章 丙", "第二章 丁"]
    assert volumes(found) == ["第一卷 少年", "第一卷 少年", "第二卷", "下卷"]


def test_sections_of_chapters_without_text_of_their_own() -> None:
    text = "\n".join(["第一章 总论", book("第一节 甲", "第二节 乙"), "第二章 分论", book("第一节 丙", "第二节 丁")])
    found = split_chapters(text)
    assert titles(found) == ["第一节 甲", "第二节 乙", "第一节 丙", "第二节 丁"]
    assert volumes(found) == ["第一章 总论", "第一章 总论", "第二章 分论", "第二章 分论"]
    assert found.problems == []


def test_what_stands_below_a_volume_is_not_lost() -> None:
    found = split_chapters("第一卷 少年\n　　这一卷写他小时候。\n" + book("第一章 甲", "第二章 乙"))
    assert titles(found) == ["第一卷 少年", "第一章 甲", "第二章 乙"]
    assert found.chapters[0].text == "　　这一卷写他小时候。"


def test_a_book_of_nothing_but_volumes_has_them_for_chapters() -> None:
    headings = ["第一卷 渡口", "第二卷 雪夜", "第三卷 灯火"]
    found = split_chapters(book(*headings))
    assert titles(found) == headings
    assert set(volumes(found)) == {""}


@pytest.mark.parametrize("label", ["目录\n", "目　錄\n\n", "【目录】\n", "《雪夜》目录：\n", ""])
@pytest.mark.parametrize("page", ["", "………12"])
def test_a_table_of_contents_makes_no_chapters(label: str, page: str) -> None:
    headings = ["序章", "第一章 风起", "第二章 云涌", "后记"]
    contents = "".join(f"{heading}{page}\n" for heading in headings)
    text = f"雪夜\n作者：某人\n\n{label}{contents}\n" + book(*headings)
    found = split_chapters(text)
    assert titles(found) == headings
    assert found.front_matter == "雪夜\n作者：某人"
    assert_clean(found, text)


def test_a_table_of_contents_with_volumes() -> None:
    parts = [("第一卷 甲", ["第一章 风", "第二章 云"]), ("第二卷 乙", ["第一章 雷", "第二章 雨"])]
    contents = "\n".join(line for volume, chapters in parts for line in [volume, *chapters])
    text = f"目录\n{contents}\n\n" + "\n".join(f"{volume}\n{book(*chapters)}" for volume, chapters in parts)
    found = split_chapters(text)
    assert titles(found) == ["第一章 风", "第二章 云", "第一章 雷", "第二章 雨"]
    assert volumes(found) == ["第一卷 甲", "第一卷 甲", "第二卷 乙", "第二卷 乙"]
    assert found.front_matter == ""


def test_a_table_of_contents_at_the_end() -> None:
    text = book("第一章 风起", "第二章 云涌") + "\n\n目录\n第一章 风起\n第二章 云涌\n"
    found = split_chapters(text)
    assert titles(found) == ["第一章 风起", "第二章 云涌"]
    assert_clean(found, text)


def test_text_between_the_contents_and_the_first_chapter_is_front_matter() -> None:
    contents = "目录\n第一章 风起\n第二章 云涌\n第三章 雷动\n\n"
    preface = "　　这本书写于十年以前，写的时候并没有想到要印出来。\n　　如今印出来了，也没有什么要说的。"
    found = split_chapters(f"雪夜\n{contents}{preface}\n" + book("第一章 风起", "第二章 云涌", "第三章 雷动"))
    assert titles(found) == ["第一章 风起", "第二章 云涌", "第三章 雷动"]
    assert found.front_matter == f"雪夜\n{preface}"


@pytest.mark.parametrize("count", [3, 30])
def test_prefaces_that_the_contents_do_not_name_are_chapters(count: int) -> None:
    headings = [f"第{number}章 甲" for number in range(1, count + 1)]
    text = "目录\n" + "\n".join(headings) + "\n\n" + book("序", "楔子", *headings)
    found = split_chapters(text)
    assert titles(found) == ["序", "楔子", *headings]
    assert_clean(found, text)


@pytest.mark.parametrize(
    "headings",
    [["第一节 甲", "第二节 乙", "番外"], ["引子", "第1部", "第2部", "第3部"], ["第一部 甲", "第二部 乙", "后记"]],
)
def test_the_last_entry_of_the_contents_holds_nothing(headings: list[str]) -> None:
    text = "目录\n" + "\n".join(headings) + "\n\n" + book(*headings)
    found = split_chapters(text)
    assert titles(found) == headings
    assert_clean(found, text)


def test_entries_with_subtitles() -> None:
    headings = ["第 一 回", "第 二 回", "第 三 回"]
    contents = "".join(f"{heading}\n\n雪夜行舟人不语\n渡口灯火客初来\n\n" for heading in headings)
    found = split_chapters(f"目錄\n\n{contents}" + book(*headings))
    assert titles(found) == ["第一回", "第二回", "第三回"]
    assert found.front_matter == ""
