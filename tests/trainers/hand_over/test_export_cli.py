"""`siku export` as people type it: formats, words that are wrong, datasets that are, and kill -9."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpora import passage
from tests.running import Ran, Siku, command, digests
from tests.trainers.small_datasets import talks, texts, write_dataset

TALKS = talks(["系统：你是船工。", "开船吗？", "雪停了就开。"], ["你好。", "你好！", "再见。", "慢走。"], ["问", "答"])
TEXTS = texts("雪停了。", "渡口没有船。")


@pytest.fixture
def run(siku: Siku) -> Siku:
    return partial(siku, HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1")


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "chats", TALKS, TALKS[:1], name="chats")


@pytest.fixture
def novels(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "novels", TEXTS, name="novels")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def told(ran: Ran) -> str:
    """The error; there is nothing else on standard error, and nothing was written."""
    assert ran.err.startswith("error: ")
    return ran.err


@pytest.mark.parametrize("format", ["messages", "openai", "alpaca", "sharegpt", "llamafactory"])
def test_conversations(run: Siku, chats: Path, tmp_path: Path, format: str) -> None:
    done = run("export", chats, "--format", format, "--out", "x", "--json").json
    assert list(done) == ["format", "path", "rows", "files"]
    assert (done["format"], done["path"], done["rows"]) == (format, "x", {"train": 3, "valid": 1})
    assert {name: file["sha256"] for name, file in done["files"].items()} == digests(tmp_path / "x")
    assert {"train.jsonl", "valid.jsonl"} <= done["files"].keys()
    train = lines(tmp_path / "x" / "train.jsonl")
    columns = {
        "messages": ["id", "messages"],
        "llamafactory": ["id", "messages"],
        "openai": ["messages"],
        "alpaca": ["instruction", "input", "output", "system", "history"],
        "sharegpt": ["conversations"],
    }
    assert [list(row) for row in train] == [columns[format]] * 3
    assert lines(tmp_path / "x" / "valid.jsonl") == train[:1]
    if format in ("messages", "llamafactory"):
        assert train == TALKS


def test_what_is_printed_and_where_it_lies_by_default(run: Siku, chats: Path, tmp_path: Path) -> None:
    ran = run("export", chats, "--format", "openai")
    assert ran.out.startswith("out/exports/chats-1-openai: 3 rows of train, 1 of valid\n  train.jsonl  ")
    assert len(lines(tmp_path / "out/exports/chats-1-openai/train.jsonl")) == 3
    again = run("export", chats, "--format", "openai", "-q")
    assert (again.out, again.err) == ("", "")


def test_texts_for_llamafactory(run: Siku, novels: Path, tmp_path: Path) -> None:
    done = run("export", novels, "--format", "llamafactory", "--out", "x", "--json").json
    assert done["rows"] == {"train": 2, "valid": 0} and set(done["files"]) == {"train.jsonl", "dataset_info.json"}
    assert lines(tmp_path / "x" / "train.jsonl") == TEXTS
    info = {"novels": {"file_name": "train.jsonl", "columns": {"prompt": "text"}}}
    assert json.loads((tmp_path / "x" / "dataset_info.json").read_text(encoding="utf-8")) == info


def test_a_wrong_kind_of_dataset(run: Siku, chats: Path, novels: Path, tmp_path: Path) -> None:
    error = told(run("export", novels, "--format", "alpaca", "-q", code=2))
    assert "has texts, and alpaca is for conversations" in error and "--format bin --tokenizer" in error
    assert "--format llamafactory" in error
    error = told(run("export", chats, "--format", "bin", "--tokenizer", tmp_path, "-q", code=2))
    assert "has conversations, and bin is for texts" in error and "--format messages" in error
    assert not (tmp_path / "out").exists()


def test_all_mistakes_at_once(run: Siku, chats: Path, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine.txt").touch()
    error = told(run("export", "nothing", "--format", "sharegtp", "--out", "x", code=2))
    assert "3 things are wrong" in error
    assert "did you mean sharegpt?" in error and "no dataset 'nothing'" in error and "it holds mine.txt" in error
    error = told(run("export", chats, code=2))
    assert "there is no --format" in error and "messages" in error
    assert "--format bin needs a --tokenizer" in told(run("export", chats, "--format", "bin", code=2))
    assert "--tokenizer has no say" in run("export", chats, "--format", "openai", "--tokenizer", "t").err


def test_rows_that_the_format_cannot_take(run: Siku, tmp_path: Path) -> None:
    rows = [*TALKS, *({"id": f"cut{n}", "messages": TALKS[0]["messages"][:2]} for n in range(2))]
    rows.append({"id": "blank", "messages": [TALKS[2]["messages"][0], {"role": "assistant", "content": " "}]})
    data = write_dataset(tmp_path / "data", rows)
    error = told(run("export", data, "--format", "openai", "--out", "x", "-q", code=2))
    assert "2 rows of train whose last message is not the assistant's (cut0, cut1)" in error
    assert "1 row of train with an empty message (blank)" in error
    assert not (tmp_path / "x").exists() and not list(tmp_path.glob(".*"))
    assert run("export", data, "--format", "messages", "--out", "x", "--json").json["rows"]["train"] == 6


def test_a_dataset_that_was_changed(run: Siku, chats: Path, tmp_path: Path) -> None:
    file = chats / "valid" / "part-00000.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    error = told(run("export", chats, "--format", "openai", "--out", "x", "-q", code=3))
    assert "part-00000.parquet" in error and "siku verify" in error
    assert not (tmp_path / "x").exists()
    (chats / "manifest.json").unlink()
    assert "is not finished" in told(run("export", chats, "--format", "openai", code=2))


def test_another_export_in_the_folder(run: Siku, chats: Path, tmp_path: Path) -> None:
    words = ("export", chats, "--out", "x", "-q", "--format")
    run(*words, "messages")
    before = digests(tmp_path / "x")
    assert "--force" in told(run(*words, "alpaca", code=2))
    assert digests(tmp_path / "x") == before
    run(*words, "alpaca", "--force")
    assert list(lines(tmp_path / "x" / "train.jsonl")[0]) == ["instruction", "input", "output", "system", "history"]


def most_memory_mb(*words: str | Path) -> float:
    """Of the command, as the system counts it."""
    program = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    program += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", program, *command(*words)], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1000


def test_memory_does_not_grow_with_the_dataset(tmp_path: Path) -> None:
    """Forty megabytes in one row group, of text that cannot be compressed."""
    characters = np.random.default_rng(1).integers(0x4E00, 0x9FA5, size=(36_000, 500), dtype="<u4")
    rows = texts(*(row.tobytes().decode("utf-32-le") for row in characters))
    memory = []
    for name, some in (("small", rows[:100]), ("large", rows)):
        data = write_dataset(tmp_path / name, some)
        words = ("export", data, "--format", "llamafactory", "-q", "--out", tmp_path / f"{name}-export")
        memory.append(most_memory_mb(*words))
    assert memory[1] - memory[0] < 25, memory


def test_killed_at_any_moment_the_same_bytes(run: Siku, tmp_path: Path) -> None:
    rows = talks(*([passage(f"ask {n % 50}", 30), passage(f"say {n % 50}", 400)] for n in range(15_000)))
    data = write_dataset(tmp_path / "data", rows, rows[:5000])
    words = ("export", data, "--format", "alpaca", "-q", "--out")
    began = time.monotonic()
    run(*words, "undisturbed")
    seconds = time.monotonic() - began
    whole = digests(tmp_path / "undisturbed")
    dice, kills = random.Random(3), 0
    while kills < 5:
        process = subprocess.Popen(command(*words, tmp_path / "x"), stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.3, 1.0) * seconds)
        process.kill()
        kills += process.wait() < 0
        assert not (tmp_path / "x").exists() or digests(tmp_path / "x") == whole
    run(*words, "x")
    assert digests(tmp_path / "x") == whole
    assert not list(tmp_path.glob(".x*"))
