"""Papers with reviews to instructions: the whole paper, one review a row, and how many tokens that is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.engine.build import Built, build
from builders.engine.finish import Request
from builders.engine.plan import apply_settings
from builders.instruct.tokens import TOKENS_PER_TURN, estimate_tokens
from builders.publish.verify import verify
from recipes.paper_review import recipe
from tests.running import HOME, Siku

Row = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    out = tmp_path_factory.mktemp("out")
    return build(Request(recipe=recipe, inputs=[HOME / "examples/reviews"], out=out, workers=1))


def rows(folder: Path, name: str = "train") -> list[Row]:
    found: list[Row] = pq.read_table(folder / name).to_pylist()
    return found


def test_a_conversation_for_each_review(built: Built) -> None:
    train = rows(built.folder)
    assert [(row["id"], row["parents"]) for row in train] == [
        ("rv-01-0001", ["rv-01"]),
        ("rv-01-0002", ["rv-01"]),
        ("rv-02-0001", ["rv-02"]),
    ]
    assert [[message["role"] for message in row["messages"]] for row in train] == [["system", "user", "assistant"]] * 3
    assert [row["aspects"] for row in train] == ["摘要；优点；缺点；问题；评分；信心", "优点；缺点；建议；评分", "意见"]
    assert "渡轮按时刻表鸣笛，汽笛声可在两公里内被接收。" in train[0]["messages"][1]["content"]
    assert train[0]["messages"][2]["content"].startswith("【摘要】\n论文用渡轮汽笛")
    assert "reviews" not in train[0]  # used up


def test_tokens_are_estimated_and_marked(built: Built) -> None:
    for row in rows(built.folder):
        expected = sum(estimate_tokens(message["content"]) + TOKENS_PER_TURN for message in row["messages"])
        assert (row["tokens"], row["tokens_by"]) == (expected, "estimate")


def test_what_went_and_why(tmp_path: Path) -> None:
    paper = {
        "title": "渡口的水位",
        "text": "本文记录一百天的水位。",
        "reviews": [{"rating": 5}, "想法新颖，试验充分，写得清楚；不足之处是样本少，建议补充不同季节的数据。"],
    }
    (tmp_path / "papers.json").write_text(json.dumps([paper, paper | {"title": "刚投出的一篇", "reviews": []}]))
    built = build(Request(recipe=recipe, inputs=[tmp_path / "papers.json"], out=tmp_path / "out", workers=1))
    assert Counter(row["reason"] for row in rows(built.folder, "dropped")) == {
        "quarantined: empty review: there is rating": 1,
        "quarantined: no reviews: row 2: the list is empty": 1,
    }


def test_long_papers_stay_whole_and_are_held_out_as_a_whole(tmp_path: Path) -> None:
    body = [f"第{n}节：水位为{n * 37}厘米，候鸟在{n * 91}号桩附近停歇，记录员写下{n * 53}行。" for n in range(3000)]
    review = "想法新颖，试验充分，写得清楚；不足之处是样本少，建议补充不同季节的数据。"
    papers = [
        {
            "id": f"p-{n}",
            "title": f"第{n}篇",
            "text": "".join(body[n * 100 : n * 100 + 2000]),
            "reviews": [review, review],
        }
        for n in range(0, 10, 5)
    ] + [
        {"id": f"q-{n}", "title": f"别的{n}", "text": "".join(body[n * 60 :: 61]), "reviews": [review] * 3}
        for n in range(20)
    ]
    (tmp_path / "papers.json").write_text(json.dumps(papers, ensure_ascii=False), encoding="utf-8")
    changed = apply_settings(recipe, ["steps.HoldOut.titles=第0篇,别的3", "output.facets=rating"])
    built = build(Request(recipe=changed, inputs=[tmp_path / "papers.json"], out=tmp_path / "out", workers=2))
    valid = rows(built.folder, "valid")
    assert {"p-0", "q-3"} <= {row["parents"][0] for row in valid}
    assert not {row["parents"][0] for row in valid} & {row["parents"][0] for row in rows(built.folder)}
    whole = [row for row in valid if row["parents"] == ["p-0"]]
    assert [row["id"] for row in whole] == ["p-0-0001", "p-0-0002"]  # the same review twice of one paper is no copy
    assert papers[0]["text"] in whole[0]["messages"][1]["content"]
    assert whole[0]["tokens"] > 50_000
    assert not [finding for finding in verify(built.folder) if finding["problems"]]


def test_a_tokenizer_that_is_not_there(siku: Siku, tmp_path: Path) -> None:
    ran = siku("build", "paper-review", "--set", f"steps.Tokens.tokenizer={tmp_path}", code=2)
    assert "tokenizer_folder=" in ran.err
