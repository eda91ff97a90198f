"""Papers with reviews: the fields of OpenReview and of Chinese tables, and reviews that are none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders.document import Document, Quarantined
from builders.sources.paper_reviews import PaperReviews, read_review

PAPER = {"id": "p", "title": "渡轮汽笛", "abstract": "一种校准钟声的方法。"}
Found = Document | Quarantined


def read(path: Path) -> list[Found]:
    source = PaperReviews()
    return [found for shard in source.shards([path]) for found in source.read(shard)]


def rows(tmp_path: Path, *found: object) -> list[Found]:
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in found), encoding="utf-8")
    return read(path)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("写得清楚。", {"意见": "写得清楚。"}),
        ({"Rating": 6, "weaknesses": "样本少。", "strengths": ["新颖。", "清楚。"]}, {"优点": "新颖。\n清楚。", "缺点": "样本少。", "评分": "6"}),
        ({"summary_of_the_paper": "校准钟声。", "Questions For Authors": "大雾怎么办？"}, {"摘要": "校准钟声。", "问题": "大雾怎么办？"}),
        ({"content": {"review": {"value": "可以。"}, "confidence": {"value": 4.0}}, "id": "r"}, {"意见": "可以。", "信心": "4"}),
        ({"优点": "清楚。", "不足": "样本少。", "修改建议": "补数据。", "审稿结论": "小修"}, {"优点": "清楚。", "缺点": "样本少。", "建议": "补数据。", "决定": "小修"}),
        ({"strengths_and_weaknesses": "各半。", "limitations": None, "ethics": "无"}, {"优缺点": "各半。"}),
    ],
)  # fmt: skip
def test_a_review_by_aspects(given: object, expected: dict[str, str]) -> None:
    assert read_review(given) == expected
    assert list(read_review(given)) == list(expected)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({}, "标题：渡轮汽笛\n\n摘要：一种校准钟声的方法。"),
        ({"text": "正文。"}, "标题：渡轮汽笛\n\n摘要：一种校准钟声的方法。\n\n正文：\n正文。"),
        ({"sections": [{"heading": "引言", "text": "钟声。"}, {"title": "结论", "content": ["好。", "完。"]}, "附录"]}, "标题：渡轮汽笛\n\n摘要：一种校准钟声的方法。\n\n正文：\n引言\n钟声。\n\n结论\n好。\n完。\n\n附录"),
        ({"paper": {"引言": "钟声。", "结论": "好。"}}, "标题：渡轮汽笛\n\n摘要：一种校准钟声的方法。\n\n正文：\n引言\n钟声。\n\n结论\n好。"),
        ({"title": None, "abstract": None, "正文": "只有正文。"}, "只有正文。"),
    ],
)  # fmt: skip
def test_the_text_of_a_paper(tmp_path: Path, columns: dict[str, Any], text: str) -> None:
    (found,) = rows(tmp_path, {**PAPER, **columns, "reviews": ["写得清楚。"]})
    assert isinstance(found, Document)
    assert (found.id, found.text) == ("p", text)
    assert found.meta["reviews"] == [{"number": "1", "意见": "写得清楚。"}]


def test_a_bad_review_costs_itself_and_keeps_the_numbers(tmp_path: Path) -> None:
    paper, *refused = sorted(
        rows(tmp_path, {**PAPER, "year": 2024, "reviews": [{"rating": 3}, "写得清楚。", None, {"优点": {"a": 1}}, 5]}),
        key=lambda piece: piece.id,
    )
    assert isinstance(paper, Document)
    assert paper.meta["reviews"] == [{"number": "2", "意见": "写得清楚。"}]
    assert paper.meta["year"] == 2024
    assert [(piece.id, piece.reason) for piece in refused if isinstance(piece, Quarantined)] == [
        ("p~review1", "empty review: there is rating"),
        ("p~review3", "not a review: it is null"),
        ("p~review4", "not text: 优点 is an object"),
        ("p~review5", "not a review: it is a number"),
    ]


def test_rows_of_one_paper_with_a_review_each_are_one_document(tmp_path: Path) -> None:
    paper = {"title": "渡轮汽笛", "text": "正文。"}
    other = {"title": "社区菜园", "text": "正文。"}
    found = rows(
        tmp_path,
        {"id": "a", **paper, "review": "写得清楚。"},
        {"id": "b", **paper, "review": {"rating": 2}},
        {"id": "c", **paper, "reviews": ["样本少。", "可以发表。"]},
        {"id": "d", **other, "review": "材料扎实。"},
        {"id": "e", **paper, "review": "又是这一篇。"},
    )
    assert [(one.id, one.meta["reviews"]) for one in found if isinstance(one, Document)] == [
        (
            "a",
            [
                {"number": "1", "意见": "写得清楚。"},
                {"number": "2", "意见": "样本少。"},
                {"number": "3", "意见": "可以发表。"},
            ],
        ),
        ("d", [{"number": "1", "意见": "材料扎实。"}]),
        ("e", [{"number": "1", "意见": "又是这一篇。"}]),  # not beside the others
    ]
    assert [one.reason for one in found if isinstance(one, Quarantined)] == [
        "empty review: there is rating",
        "no review can be read: line 2",
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (PAPER, "no reviews: line 1: there is id, title, abstract"),
        ({**PAPER, "reviews": []}, "no reviews: line 1: the list is empty"),
        ({**PAPER, "reviews": None}, "no reviews: line 1: the list is empty"),
        ({"id": "p", "title": "汽笛", "reviews": ["好。"]}, "no paper: line 1: there is id, title, reviews"),
        ({**PAPER, "title": ["汽笛"], "abstract": {"a": 1}, "reviews": ["好。"]}, "not text: line 1: abstract is an object"),
        ({**PAPER, "sections": [{"heading": "引言"}], "reviews": ["好。"]}, "section without text: line 1: there is heading"),
    ],
)  # fmt: skip
def test_rows_that_are_no_paper(tmp_path: Path, row: object, reason: str) -> None:
    (found,) = rows(tmp_path, row)
    assert isinstance(found, Quarantined)
    assert found.reason == reason


def test_reviews_in_the_cell_of_a_table(tmp_path: Path) -> None:
    with (tmp_path / "papers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["标题", "摘要", "审稿意见"])
        writer.writerow(["甲", "一种方法。", json.dumps([{"优点": "清楚。"}, "可以。"], ensure_ascii=False)])
        writer.writerow(["乙", "一种方法。", "[初审] 可以发表。"])
    found = [piece.meta["reviews"] for piece in read(tmp_path) if isinstance(piece, Document)]
    assert found == [
        [{"number": "1", "优点": "清楚。"}, {"number": "2", "意见": "可以。"}],
        [{"number": "1", "意见": "[初审] 可以发表。"}],
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "value", "content", "rating", "优点", "x"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
names = st.sampled_from(["title", "abstract", "text", "sections", "reviews", "意见", "x"])


@given(st.dictionaries(names, json_values, max_size=6))
@example({"reviews": "好", "text": [None, None]})
@settings(max_examples=100, deadline=None)
def test_any_row_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, row: dict[str, Any]) -> None:
    for piece in rows(tmp_path_factory.mktemp("reviews"), row):
        if isinstance(piece, Document):
            assert piece.text.strip()
            assert piece.meta["reviews"]
        else:
            assert not any(character.isdecimal() for character in piece.reason.partition(": ")[0])
