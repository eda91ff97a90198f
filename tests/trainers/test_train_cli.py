"""`siku train` as people type it: what is printed, what is refused, exit codes, a dry run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpora import passage
from tests.running import HOME, Siku
from tests.trainers.small_datasets import talks, texts, write_dataset

SMALL = ("--set", "max_length=64", "--set", "per_device_train_batch_size=2", "--set", "use_cpu=true")
FEW = (*SMALL, "--set", "max_steps=2", "--set", "logging_steps=1")


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    rows = texts(*(passage(f"cli {number}", 60 + 10 * number) for number in range(6)))
    return write_dataset(tmp_path / "novel", rows, rows[:1], name="novel")


def test_the_table_of_commands_loads_nothing_heavy() -> None:
    program = (
        "import sys; import trainers.commands; print([n for n in ('torch', 'numpy', 'pyarrow') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HOME)
    assert run.stdout == "[]\n"


def test_quiet_json_is_all_that_is_said(siku: Siku, novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    words = (
        "train",
        "pretrain",
        "--data",
        novel,
        "--model",
        tiny_qwen2,
        "--out",
        tmp_path / "out",
        *FEW,
        "-q",
        "--json",
    )
    ran = siku(*words)
    assert ran.err == ""
    assert (ran.json["steps"], ran.json["path"]) == (2, str(tmp_path / "out"))
    again = siku(*words, "--resume")
    assert (again.json, again.err) == (ran.json, "")
    refused = siku(*words, code=2)
    assert [line.partition(":")[0] for line in refused.err.splitlines()] == ["error", "where", "why", "next"]
    assert refused.json["exit_code"] == 2


def test_a_person_is_told_how_it_goes(siku: Siku, novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    ran = siku("train", "pretrain", "--data", novel, "--model", tiny_qwen2, "--out", tmp_path / "out", *FEW)
    assert "training: 1 of 2 steps (50%), " in ran.err
    assert " tokens/s, loss 7." in ran.err
    assert "2 steps" in ran.out
    assert f"siku evaluate --model {tmp_path / 'out'} --data " in ran.out


def test_a_dry_run_writes_nothing(siku: Siku, novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    words = ("train", "pretrain", "--data", novel, "--model", tiny_qwen2, "--out", tmp_path / "out", *SMALL)
    told = siku(*words, "--set", "num_train_epochs=4", "--dry-run", "--json", "-q").json
    assert not (tmp_path / "out").exists()
    assert told["tokens"] == 4 * told["data_tokens"]
    assert told["steps"] == 4 * -(-told["steps"] // 4)
    assert told["parameters"] == told["trained_parameters"] > 0
    memory = told["memory"]
    assert memory["weights"] == memory["gradients"] == 4 * told["parameters"]
    assert memory["optimiser"] >= 8 * told["parameters"]
    assert memory["total"] == sum(size for name, size in memory.items() if name != "total")
    assert told["seconds"] > 0
    whole = siku(*words, "--set", "num_train_epochs=4", "--json", "-q").json
    assert (whole["steps"], whole["tokens"]) == (told["steps"], told["tokens"])
    assert whole["padding_share"] == told["padding_share"]


def test_everything_that_is_wrong_is_told_before_training(siku: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    rows = talks(["问", "答"], ["问题", ""])
    data = write_dataset(tmp_path / "chat", rows, name="chat")
    part = data / "train" / "part-00000.parquet"
    words = ("train", "sft", "--data", data, "--model", tiny_qwen2, "--out", tmp_path / "out", "-q")
    empty = siku(*words, "--set", "max_lenght=3", "--set", "oops", code=2)
    for said in ("did you mean max_length?", "--set oops: it must read key=value"):
        assert said in empty.err
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    changed = siku(*words, code=2)
    assert str(part) in changed.err
    (data / "manifest.json").unlink()
    assert "is not finished" in siku(*words, code=2).err
    assert not (tmp_path / "out").exists()


def test_a_loss_that_goes_wrong_ends_with_exit_code_3(
    siku: Siku, novel: Path, tiny_qwen2: Path, tmp_path: Path
) -> None:
    words = (
        "train",
        "pretrain",
        "--data",
        novel,
        "--model",
        tiny_qwen2,
        "--out",
        tmp_path / "out",
        *FEW,
        "-q",
        "--json",
    )
    ran = siku(*words, "--set", "learning_rate=1e30", "--set", "save_steps=1", code=3)
    assert ran.json["exit_code"] == 3
    lines = ran.err.splitlines()
    assert lines[0] == "error: training stopped at step 2: the loss is nan"
    assert json.loads((tmp_path / "out" / "stopped.json").read_text())["steps"][-1]["step"] == 2
    assert (tmp_path / "out" / "checkpoint-1").is_dir()


@pytest.mark.slow
def test_a_built_dataset_is_trained_on_as_it_is(siku: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    """By its name, in the folder where `build` put it."""
    siku("build", "instruct-sft", "-q")
    siku("build", "novel-pretrain", "-q")
    for task, data in (("sft", "instruct-sft@1"), ("pretrain", "novel-pretrain")):
        words = ("--data", data, "--model", tiny_qwen2, "--out", tmp_path / task, *FEW, "--set", "max_length=512")
        ran = siku("train", task, *words, "-q", "--json")
        assert ran.json["tokens_dropped"] == 0
        assert ran.json["data"]["version"] == "1"
