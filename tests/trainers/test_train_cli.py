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


@pytest.mark.slow
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
    refused = siku(*words, code=2)
    assert [line.partition(":")[0] for line in refused.err.splitlines()] == ["error", "where", "why", "next"]
    assert refused.json["exit_code"] == 2


@pytest.mark.slow
def test_a_person_is_told_how_it_goes(siku: Siku, novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    ran = siku("train", "pretrain", "--data", novel, "--model", tiny_qwen2, "--out", tmp_path / "out", *FEW)
    assert "training: 1 of 2 steps (50%), " in ran.err
    assert " tokens/s, loss 7." in ran.err
    assert "2 steps" in ran.out
    assert f"siku evaluate --model {tmp_path / 'out'} --data " in ran.out


def test_words_that_are_wrong_are_told_all_at_once(siku: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "chat", talks(["问", "答"], ["问题", ""]), name="chat")
    words = ("train", "sft", "--data", data, "--model", tiny_qwen2, "--out", tmp_path / "out", "-q")
    ran = siku(*words, "--set", "max_lenght=3", "--set", "oops", "--set", "lora_rank=8", code=2)
    for said in ("did you mean max_length?", "--set oops: it must read key=value", "today this is lora_r=8"):
        assert said in ran.err
    assert not (tmp_path / "out").exists()
    assert "did you mean --resume?" in siku(*words, "--resum", code=2).err


@pytest.mark.slow
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
