"""`kill -9` while any kind of source is read, and the same command again: the same bytes, whatever the workers."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.corpora import passage, sentence
from tests.running import Siku, command, digests

pytestmark = pytest.mark.slow
KILLS = 3


def jsonl(path: Path, rows: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def dialogue(folder: Path) -> None:
    rng = random.Random(1)
    for part in range(4):
        jsonl(folder / f"lccc-{part}.jsonl", [[sentence(rng) for _ in range(4)] for _ in range(1500)])


def instruct(folder: Path) -> None:
    rng = random.Random(2)
    for part in range(4):
        rows = [{"instruction": sentence(rng), "input": "", "output": sentence(rng)} for _ in range(2500)]
        jsonl(folder / f"alpaca-{part}.jsonl", rows)


def baike(folder: Path) -> None:
    rows = [
        {"title": f"第{n}渡口", "summary": passage(f"s{n}", 80), "basic_info": {"位置": f"第{n}里", "建成时间": "清代"}}
        for n in range(2500)
    ]
    jsonl(folder / "one.jsonl", rows[:1300])
    jsonl(folder / "two.jsonl", rows[1300:])


def papers(folder: Path) -> None:
    for part in range(3):
        rows = [{"title": f"第{part}卷第{n}篇", "abstract": passage(f"{part}/{n}", 150)} for n in range(700)]
        jsonl(folder / f"{part}.jsonl", rows)


def mixture(folder: Path) -> None:
    for name in ("news", "poems"):
        jsonl(folder / f"{name}.jsonl", [{"id": f"{name}{n}", "text": passage(f"{name}{n}", 150)} for n in range(2500)])


@pytest.mark.parametrize(
    ("recipe", "write", "settings"),
    [
        ("dialogue-sft", dialogue, []),
        ("instruct-sft", instruct, []),
        ("baike-knowledge", baike, []),
        ("paper-abstract", papers, []),
        ("mix-pretrain", mixture, ["steps.Mix.weights=news=1,poems=2"]),
    ],
)
def test_killed_and_resumed(tmp_path: Path, siku: Siku, recipe: str, write: Any, settings: list[str]) -> None:
    write(tmp_path / "in")
    words: list[str | Path] = [
        "build",
        recipe,
        "--input",
        tmp_path / "in",
        "-q",
        *(word for one in settings for word in ("--set", one)),
    ]
    started = time.monotonic()
    siku(*words, "--out", tmp_path / "whole", "--workers", "1", code=None)
    seconds = time.monotonic() - started
    whole = digests(tmp_path / "whole" / recipe)
    assert "1/manifest.json" in whole
    rng, out = random.Random(recipe), tmp_path / "killed"
    for _ in range(KILLS):
        process = subprocess.Popen(command(*words, "--out", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    siku(*words, "--out", out, "--workers", "2", code=None)
    assert digests(out / recipe) == whole
