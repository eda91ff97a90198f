"""Joining wrapped lines: indents, equal lengths, dialogue and verse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document
from builders.text.reflow import Reflow, reflow

PARAGRAPHS = (
    "河边的柳树已经发了芽，风从南面吹来，带着泥土的气味。小船靠在岸边，没有人说话，只有水声一下一下地拍着木板。远处的山还是灰的，山脚下有几户人家。",
    "老人把网收起来，数了数里面的鱼，一共七条，都不大。他叹了口气，把最小的两条放回水里。",
    "“今天就这些吗？”孙子问。",
    "老人没有回答，只是把桨放下，慢慢地点上了烟，看着水面上的雾一点一点地散开。对岸有人在喊渡船，喊了三四声，又没有动静了，大概是走远了。",
    "“走吧。”",
    "他们沿着河岸往回走，一路上谁也没有再说什么，直到看见自家屋顶上的烟，孩子才跑了起来。",
)


def wrap(text: str, width: int, *, hanging: bool = False) -> str:
    """Lines of so many characters; hanging: a mark does not begin a line."""
    lines, start = [], 0
    while start < len(text):
        stop = start + width
        if hanging and text[stop : stop + 1] in tuple("，。！？”"):
            stop += 1
        lines.append(text[start:stop])
        start = stop
    return "\n".join(lines)


@pytest.mark.parametrize("width", [18, 35, 40])
@pytest.mark.parametrize("hanging", [False, True])
@pytest.mark.parametrize(
    ("indent", "between"), [("　　", "\n"), ("　　", "\n\n"), ("    ", "\n"), ("\t", "\n"), ("", "\n\n")]
)
def test_wrapped_paragraphs_are_restored(width: int, hanging: bool, indent: str, between: str) -> None:
    wrapped = between.join(wrap(indent + paragraph, width, hanging=hanging) for paragraph in PARAGRAPHS)
    assert reflow(wrapped) == "\n".join(PARAGRAPHS)


@pytest.mark.parametrize("indent", ["", "　　"])
@pytest.mark.parametrize("between", ["\n", "\n\n", "\r\n"])
def test_a_paragraph_a_line_stays(indent: str, between: str) -> None:
    assert reflow(between.join(indent + paragraph for paragraph in PARAGRAPHS)) == "\n".join(PARAGRAPHS)


def test_paragraphs_wrapped_without_indent_or_blank_lines() -> None:
    assert reflow("\n".join(wrap(paragraph, 33) for paragraph in PARAGRAPHS)) == "\n".join(PARAGRAPHS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n　\n", ""),
        ("　　雪停了。", "雪停了。"),
        ("　　他推门进去。\n屋里没有人。\n　　天亮了。\n雪停了。", "他推门进去。屋里没有人。\n天亮了。雪停了。"),
        ("第一章 风起\n　　他推门进去，屋里\n没有人。", "第一章 风起\n他推门进去，屋里没有人。"),
        ("　　“走！\n”他说。", "“走！”他说。"),
        ("  他学过 C\nPascal 和 Go\n语言。", "他学过 C Pascal 和 Go语言。"),
        ("　　一九\n98年\n12\n月。", "一九98年12月。"),
        ("　　雪停了。\n***\n　　天亮了，\n他走了。", "雪停了。\n***\n天亮了，他走了。"),
        ("　　他推门进去，屋里\n\n没有人。\n\n　　雪停了。", "他推门进去，屋里没有人。\n雪停了。"),
        (" 雪停了。\n 天亮了。", "雪停了。\n天亮了。"),
    ],
)
def test_lines(text: str, expected: str) -> None:
    assert reflow(text) == expected


@pytest.mark.parametrize("indent", ["", "　　"])
@pytest.mark.parametrize(
    "lines",
    [
        ["溪头新涨三尺水，", "船上老翁垂钓归。", "不问人间何岁月，", "只知风起雨霏霏。"],
        ["溪头新涨三尺水，船上老翁垂钓归。", "不问人间何岁月，只知风起雨霏霏。"],
        ["溪上风来", "船头月白", "老翁独坐", "无人问津"],
        ["我想起那条河", "它在冬天也不结冰", "像一个人", "总也睡不着"],
        ["“是谁？”", "“是我。”", "“进来吧。”"],
        ["他说：", "“走吧。”"],
        ["时间：清晨", "地点：渡口", "人物：老翁"],
        ["他推门进去。", "屋里没有人。", "茶还是热的。"],
        ["雪夜", "他推门进去，屋里没有人，茶还是热的。"],
    ],
)
def test_verse_dialogue_and_lists_stay(lines: list[str], indent: str) -> None:
    assert reflow("\n".join(indent + line for line in lines)) == "\n".join(lines)


def test_equal_lines_that_end_at_commas_are_wrapped() -> None:
    assert reflow("他推门进去，屋里没有人，茶还是热的，\n窗子半开着，风把帘子吹起来又放下，\n雪还在下。") == (
        "他推门进去，屋里没有人，茶还是热的，窗子半开着，风把帘子吹起来又放下，雪还在下。"
    )


@pytest.mark.parametrize(
    ("lines", "between"),
    [
        (["他从来没有见过这样大的雪整个", "村子都被埋在了下面只有烟囱还", "露在外头冒着白烟。"], ""),
        (["It was a long line of English", "text that somebody wrapped at", "thirty characters."], " "),
    ],
)
def test_equal_lines_without_marks_are_wrapped_if_they_end_as_a_sentence(lines: list[str], between: str) -> None:
    assert reflow("\n".join(lines)) == between.join(lines)
    lines[-1] = lines[-1].rstrip("。.")
    assert reflow("\n".join(lines)) == "\n".join(lines)


def test_columns_of_a_screen() -> None:
    text = "他在 1998 年的 Pascal 课上\n认识了她，那时候谁也不会\n想到，后来的 ABC-12 型机\n器会是他们一起做出来的。"
    assert (
        reflow(text)
        == "他在 1998 年的 Pascal 课上认识了她，那时候谁也不会想到，后来的 ABC-12 型机器会是他们一起做出来的。"
    )


def test_one_stray_indent_does_not_join_the_other_paragraphs() -> None:
    paragraphs = [*PARAGRAPHS, *PARAGRAPHS]
    assert reflow("\n".join([*paragraphs[:4], "　　" + paragraphs[4], *paragraphs[5:]])) == "\n".join(paragraphs)


def test_step_golden() -> None:
    document = Document("a1", "　　他推门进去，屋里没\n有人。\n\n　　茶还是热的。\n", {"title": "雪夜"})
    edited = Reflow()(document)
    assert Reflow.version == 1
    assert (edited.id, edited.text, edited.meta) == ("a1", "他推门进去，屋里没有人。\n茶还是热的。", {"title": "雪夜"})
    assert edited.notes == []
    assert Reflow()(edited) is edited


@given(st.lists(st.text(alphabet="雪停了他ab1，。！”“* 　\t", max_size=30), max_size=20).map("\n".join))
def test_only_blanks_change(text: str) -> None:
    flowed = reflow(text)
    assert "".join(flowed.split()) == "".join(text.split())
    assert all(line and line == line.strip() for line in flowed.split("\n")) or not flowed


@pytest.mark.parametrize(
    "text",
    [
        "字" * 1_000_000,
        " " * 1_000_000,
        "\n" * 500_000,
        "他走了\n" * 100_000,
        "　　甲\n乙\n" * 50_000,
        ("字" * 35 + "\n") * 20_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_odd_texts_take_no_time(text: str) -> None:
    reflow(text)
