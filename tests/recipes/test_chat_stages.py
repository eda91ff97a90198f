"""From built sets of conversations to a stage: rows whole, shares right, lineage kept."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.running import Siku


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in pq.read_table(folder / "train").to_pylist()}


def test_a_stage_of_two_built_sets(tmp_path: Path, siku: Siku) -> None:
    for name in ("dialogue-sft", "instruct-sft"):
        siku("build", name, "-q")
    weights = "steps.Mix.weights=dialogue-sft=2,instruct-sft=1"
    built = siku(
        *("build", "chat-stage1", "--input", "dialogue-sft@1", "--input", "instruct-sft", "--set", weights, "--json")
    ).json
    assert siku("verify", "chat-stage1").code == 0
    mixed = rows(tmp_path / built["path"])
    shares = Counter(row["dataset"] for row in mixed.values())
    assert shares["dialogue-sft"] == 2 * shares["instruct-sft"] > 0
    for name in shares:
        whole = rows(tmp_path / "out" / name / "1")
        for id, row in mixed.items():
            if row["dataset"] == name:
                assert (row["messages"], row["parents"]) == (whole[id]["messages"], whole[id]["parents"])


def test_the_life_of_a_mixed_row_leads_to_its_source(tmp_path: Path, siku: Siku) -> None:
    siku("build", "dialogue-sft", "-q")
    built = siku("build", "chat-stage1", "--input", "dialogue-sft@1", "--json").json
    id = next(id for id, row in rows(tmp_path / built["path"]).items() if row["source"] == "support.jsonl")
    told = siku("inspect", "chat-stage1", id).out
    place, _, command = told.partition("from ")[2].splitlines()[0].partition("; before that: siku ")
    assert place == "dialogue-sft@1/train/part-00000.parquet"
    assert "from support.jsonl, line " in siku(*shlex.split(command)).out


def test_a_stage_of_files(tmp_path: Path, siku: Siku) -> None:
    (tmp_path / "医疗").mkdir()
    (tmp_path / "医疗" / "内科.csv").write_text("title,ask,answer\n头疼,头疼了两天怎么办？,先量血压，再看睡眠。\n")
    (tmp_path / "闲聊.txt").write_text("在吗\t在的，请说。\n吃了吗\t刚吃过面条。\n")
    siku("build", "chat-stage1", "--input", tmp_path / "医疗", "--input", tmp_path / "闲聊.txt", "-q")
    mixed = rows(tmp_path / "out/chat-stage1/1")
    assert Counter(row["dataset"] for row in mixed.values()) == {"内科": 1, "闲聊": 2}


def test_rows_of_another_kind_are_refused_with_the_recipe_for_them(tmp_path: Path, siku: Siku) -> None:
    siku("build", "text-pretrain", "-q")
    siku("build", "dialogue-sft", "-q")
    for name, given, meant in (
        ("chat-stage1", "text-pretrain", "mix-pretrain"),
        ("mix-pretrain", "dialogue-sft", "chat-stage1"),
    ):
        ran = siku("build", name, "--input", given, code=2)
        assert f"{given}@1 has rows of " in ran.err and f"siku build {meant} --input out/{given}/1" in ran.err
