"""Which format a file is in, by its rows, lines and blocks; and which rows a JSON file holds."""

from __future__ import annotations

from typing import Any

import pytest

from builders.sources.dialogue_formats import detect_format, format_of_row, rows_of_json
from builders.sources.dialogue_rows import UnfitError

QA = {"question": "雪停了吗", "answer": "停了"}


@pytest.mark.parametrize(
    ("rows", "unit", "format"),
    [
        ([{"instruction": "Human:在\nAssistant:", "input": "", "output": "在"}], "row", "belle_multiturn"),
        ([{"instruction": "在", "input": "", "output": "在"}], "row", "alpaca"),
        ([{"conversations": [{"from": "human", "value": "在"}]}], "row", "sharegpt"),
        ([{"messages": [{"role": "user", "content": "在"}]}], "row", "messages"),
        ([{"messages": [{"message": "在"}]}], "row", "kdconv"),
        (
            [{"turns": [{"role": "client", "content": "在"}, {"role": "counselor", "content": "在"}]}],
            "row",
            "smilechat",
        ),
        ([{"dialog": ["在 不 在 ？", "在 的 呀"]}], "row", "lccc"),
        ([{"content": ["在不在？", "在的"]}], "row", "turns"),
        ([{"input": "在", "target": "在", "kind": "闲谈"}], "row", "firefly"),
        ([{"title": "在", "desc": "", "answer": "在", "qid": "1"}], "row", "baike_qa"),
        ([QA] * 9 + [{"x": 1}], "row", "qa"),
        ([QA] + [{"x": 1}] * 4, "row", "qa"),
        ([QA] * 2 + [{"input": "在", "target": "在"}] * 3, "row", "firefly"),
        (["M 在\nM 在的"], "block", "xiaohuangji"),
        (["M 在/不/在\nM 在/的"], "block", "subtitle"),
        (["1\t在 吗\t在 的", "0\t在 吗\t吃 面"], "line", "douban"),
        (["在 不 在 呀\t在 的 呀"], "line", "lccc_lines"),
        (["在吗\t在的"], "line", "tieba"),
        (["在吗\t在的\t好"], "line", "turn_lines"),
        (["在吗 | 在的"], "line", "qingyun"),
        (["好//@甲:在吗"], "line", "repost"),
    ],
)
def test_detection(rows: list[Any], unit: str, format: str) -> None:
    assert detect_format(rows, unit) == format


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"a": 1}], "unknown format: rows with a look like none of "),
        ([{"title": "新闻", "desc": "摘要", "content": "正文"}], "unknown format"),
        ([QA] + [{"x": 1}] * 5, "unknown format: rows with question, answer look like qa (1)"),
        ([], "unknown format"),
    ],
)
def test_no_telling(rows: list[Any], reason: str) -> None:
    with pytest.raises(UnfitError) as caught:
        detect_format(rows, "row")
    assert str(caught.value).startswith(reason) and "--set source.format=NAME" in str(caught.value)


@pytest.mark.parametrize(
    ("row", "own"),
    [
        (QA, "qa"),
        ({"input": "在", "target": "在"}, "firefly"),
        ({"x": 1}, "qa"),
        ({"turns": ["在", "在"]}, "qa"),
        ("x", "qa"),
    ],
)
def test_a_row_of_a_mixed_file_is_in_its_own_format(row: Any, own: str) -> None:
    assert format_of_row(row, "qa") == own


def test_rows_of_json() -> None:
    chat = [{"role": "user", "content": "在"}, {"role": "assistant", "content": "在"}]
    assert list(rows_of_json([QA, ["在", "在"], "x"])) == [QA, {"turns": ["在", "在"]}, "x"]
    assert list(rows_of_json(chat)) == [{"turns": chat}]
    assert list(rows_of_json(QA)) == [QA]
    assert list(rows_of_json({"train": [["在", "在"]], "valid": [QA]})) == [
        {"split": "train", "turns": ["在", "在"]},
        {"split": "valid", **QA},
    ]
    assert list(rows_of_json({"7": {"messages": chat}, "8": chat})) == [
        {"id": "7", "messages": chat},
        {"id": "8", "turns": chat},
    ]
    assert list(rows_of_json({"a": 1})) == [{"a": 1}]
    assert list(rows_of_json({})) == [{}] and list(rows_of_json("x")) == ["x"]
