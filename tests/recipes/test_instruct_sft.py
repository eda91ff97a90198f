"""Instruction sets in six formats to one: what goes in, what comes out, and what every step refused."""

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
from builders.publish.verify import verify
from recipes.instruct_sft import recipe
from tests.running import HOME, Siku

Row = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    out = tmp_path_factory.mktemp("out")
    return build(Request(recipe=recipe, inputs=[HOME / "examples/instruct"], out=out, workers=1))


def rows(folder: Path, name: str = "train") -> list[Row]:
    found: list[Row] = pq.read_table(folder / name).to_pylist()
    return found


def contents(row: Row) -> list[str]:
    return [message["content"] for message in row["messages"]]


def test_every_format_is_told_and_read(built: Built) -> None:
    assert Counter(row["format"] for row in rows(built.folder)) == {
        "alpaca": 5, "sharegpt": 2, "belle_multiturn": 2, "firefly": 2, "self_instruct": 2, "moss": 1
    }  # fmt: skip
    assert {row["format"]: row["source"] for row in rows(built.folder)}["moss"] == "插件_moss.jsonl"


def test_marks_and_empty_inputs_are_gone_and_code_is_whole(built: Built) -> None:
    assert not [row for row in rows(built.folder) if any("<|" in text or "noinput" in text for text in contents(row))]
    (code,) = [row for row in rows(built.folder) if "factorial" in contents(row)[-1]]
    assert contents(code) == [
        "写一个计算阶乘的 Python 函数。",
        "def factorial(n):\n    if n < 2:\n        return 1\n    return n * factorial(n - 1)",
    ]
    (escaped,) = [row for row in rows(built.folder) if "式子" in contents(row)[0]]
    assert contents(escaped)[0] == "比较 3<5 和 5>3 这两个式子。"


def test_system_prompts_and_earlier_turns_are_kept(built: Built) -> None:
    systems = {
        contents(row)[0]: len(row["messages"]) for row in rows(built.folder) if row["messages"][0]["role"] == "system"
    }
    assert systems == {"你是一位耐心的地理老师。": 5, "你是一名图书管理员。": 5, "你是一个乐于助人的助手。": 5}


def test_what_went_and_why(built: Built) -> None:
    assert Counter((row["step"], row["reason"].removeprefix("quarantined: ").partition(": ")[0]) for row in rows(built.folder, "dropped")) == {
        ("Answers", "answer repeats the request"): 1,
        ("Answers", "placeholder for an answer"): 1,
        ("NearDuplicates", "exact duplicate"): 1,
    }  # fmt: skip


def written(path: Path, *lines: object) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def test_rows_that_call_tools_are_refused_or_kept_as_text(tmp_path: Path, siku: Siku) -> None:
    turn = {
        "Human": "<|Human|>: 一打鸡蛋每个一块二，两打多少钱？<eoh>\n",
        "Inner Thoughts": "<|Inner Thoughts|>: None<eot>\n",
        "Commands": '<|Commands|>: Calculate("24*1.2")<eoc>\n',
        "Tool Responses": "<|Results|>: None<eor>\n",
        "MOSS": "<|MOSS|>: 两打一共二十八块八。<eom>\n",
    }
    plain = turn | {"Commands": "<|Commands|>: None<eoc>\n"}
    chats = [{"conversation_id": f"m-{n}", "chat": {"turn_1": one}} for n, one in enumerate((turn, plain))]
    written(tmp_path / "moss.jsonl", *chats)
    words = ("build", "instruct-sft", "--input", tmp_path / "moss.jsonl", "--json")
    refused = siku(*words, code=1).json
    assert (refused["rows"]["train"], refused["quarantined"]) == (1, 1)
    assert "a turn calls a tool" in rows(tmp_path / refused["path"], "dropped")[0]["reason"]
    kept = siku(*words, "--set", "source.format=moss_text", "--out", "text").json
    assert kept["duplicates"] == 1
    assert contents(rows(tmp_path / kept["path"])[0])[-1] == "两打一共二十八块八。"


def answer(number: int) -> str:
    return f"第 {number} 站是{'东南西北'[number % 4]}码头，离渡口{number * 37}步，旁边第 {number * 91} 号铺子卖灯油和麻绳。"


def test_the_same_rows_in_two_sets_stand_once_and_on_one_side(tmp_path: Path) -> None:
    """Under other system prompts, and with a few other characters."""
    (tmp_path / "in").mkdir()
    alpaca = [
        {"instruction": f"介绍第 {n} 站。", "input": "", "output": answer(n), "system": "你是船夫。"} for n in range(60)
    ]
    shared = [
        {
            "conversations": [
                {"from": "human", "value": f"介绍第 {n} 站。"},
                {"from": "gpt", "value": answer(n) + "快去看看。"},
            ]
        }
        for n in range(60)
    ]
    written(tmp_path / "in/one.jsonl", *alpaca)
    written(tmp_path / "in/two.jsonl", *shared)
    settings = ["steps.HoldOut.share=0.2", "steps.NearDuplicates.stop_share=1"]
    built = build(
        Request(recipe=apply_settings(recipe, settings), inputs=[tmp_path / "in"], out=tmp_path / "out", workers=1)
    )
    train, valid = rows(built.folder), rows(built.folder, "valid")
    questions = [next(m["content"] for m in row["messages"] if m["role"] == "user") for row in train + valid]
    assert sorted(questions) == sorted({f"介绍第 {n} 站。" for n in range(60)})
    assert len(train) > 30
    assert len(valid) > 5
    assert not [finding for finding in verify(built.folder) if finding["problems"]]


def test_rows_of_another_shape_are_refused_one_by_one(siku: Siku, tmp_path: Path) -> None:
    good = [{"instruction": f"介绍第 {n} 站。", "output": answer(n)} for n in range(20)]
    odd: list[object] = [{"甲": 1, "乙": None}, {"instruction": None, "output": None}, ["一", "二"], None]
    written(tmp_path / "rows.jsonl", *good, *odd)
    done = siku("build", "instruct-sft", "--input", tmp_path / "rows.jsonl", "--json", code=1).json
    assert done["rows"]["train"] == 20
    assert sorted(row["reason"] for row in rows(tmp_path / "out/instruct-sft/1", "dropped")) == [
        "quarantined: empty answer: line 22",
        "quarantined: no column 'instruction': line 21: there is 甲, 乙",
        "quarantined: not a JSON object: line 23: it is a list",
        "quarantined: not a JSON object: line 24 is null",
    ]
