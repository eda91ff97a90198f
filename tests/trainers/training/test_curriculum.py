"""`siku train curriculum`: stage after stage from the model of the one before, checked first, gone on with after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.corpora import passage
from tests.running import HOME, digests
from tests.trainers.small_datasets import talks, texts, write_dataset
from tests.trainers.tiny_t5 import make_tiny_t5
from trainers.training.curriculum import CurriculumOrder, dry_run_curriculum, train_curriculum
from trainers.training.models import open_model
from validators.errors import SikuError

STAGES = """
task = "seq2seq"
[set]
per_device_train_batch_size = 2
learning_rate = 1e-2
save_steps = 2
save_total_limit = "none"
use_cpu = true
logging_steps = 1
[[stage]]
name = "dialogue"
data = "one"
set = { num_train_epochs = 2 }
[[stage]]
name = "instruct"
data = "two"
set = { num_train_epochs = 3, learning_rate = 2e-3 }
"""
PROGRAM = """
import sys, torch
from pathlib import Path
from trainers.training.curriculum import CurriculumOrder, train_curriculum
torch.set_num_threads(1)
file, model, out = sys.argv[1:4]
train_curriculum(CurriculumOrder(Path(file), model, Path(out), {}, "--resume" in sys.argv), quiet=True)
"""


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return [line for line in passage("curriculum", 6_000).replace("。", "。\n").splitlines() if line]


@pytest.fixture(scope="module")
def mt5(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Path:
    return make_tiny_t5(tmp_path_factory.mktemp("curriculum") / "model", lines)


@pytest.fixture
def file(tmp_path: Path, lines: list[str]) -> Path:
    """A curriculum of 6 and 9 steps, with its two datasets beside it."""
    folder = tmp_path / "plan"
    rows = talks(*pairwise(lines[:20]))
    write_dataset(folder / "one", rows[:6], rows[6:8], name="one")
    write_dataset(folder / "two", rows[8:14], rows[14:16], name="two")
    return written(folder / "chat.toml", STAGES)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads wait for each other on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def run(file: Path, model: Path, out: Path, resume: bool = False, **values: Any) -> dict[str, Any]:
    return train_curriculum(CurriculumOrder(file, str(model), out, values, resume), quiet=True)


def refused(file: Path, model: Path, out: Path, resume: bool = False, **values: Any) -> SikuError:
    before = digests(out) if out.exists() else {}
    with pytest.raises(SikuError) as caught:
        run(file, model, out, resume, **values)
    assert caught.value.exit_code == 2
    assert (digests(out) if out.exists() else {}) == before
    return caught.value


def told(error: SikuError) -> str:
    return "\n".join(error.lines())


def model_of(folder: Path) -> Any:
    return json.loads((folder / "run.json").read_text())["model"]


def test_a_stage_begins_with_the_model_of_the_one_before(tmp_path: Path, file: Path, mt5: Path) -> None:
    out = tmp_path / "out"
    result = run(file, mt5, out)
    first, second = out / "1-dialogue", out / "2-instruct"
    assert {path.name for path in out.iterdir()} == {"1-dialogue", "2-instruct", "curriculum.json", "run.json"}
    assert model_of(first) == open_model(str(mt5)).identity()
    assert model_of(second) == open_model(str(first)).identity() != model_of(first)
    assert (result["task"], result["path"]) == ("curriculum", str(second))
    assert [(one["name"], one["steps"], one["path"]) for one in result["stages"]] == [
        ("dialogue", 6, str(first)),
        ("instruct", 9, str(second)),
    ]
    for one, folder in zip(result["stages"], (first, second), strict=True):
        training = json.loads((folder / "training.json").read_text())
        assert all(training[name] == value for name, value in one.items() if name != "name")
    assert result["seconds"] == sum(one["seconds"] for one in result["stages"])
    kept = json.loads((out / "curriculum.json").read_text())
    assert {name: kept[name] for name in result} == result
    lines = [json.loads(line) for line in (second / "train_log.jsonl").read_text().splitlines()]
    assert max(line["lr"] for line in lines if "lr" in line) <= 2e-3


def test_a_finished_one_is_told_again_and_left_alone(tmp_path: Path, file: Path, mt5: Path) -> None:
    out = tmp_path / "out"
    result = run(file, mt5, out)
    before = digests(out)
    assert run(file, mt5, out, resume=True) == result
    assert digests(out) == before
    assert "--resume" in refused(file, mt5, out).next
    error = refused(file, mt5, out, resume=True, seed="7")
    assert "1-dialogue.settings.seed was 42, is 7; 2-instruct.settings.seed was 42, is 7" in error.why
    written(file, STAGES.replace("2e-3", "3e-3"))
    assert refused(file, mt5, out, resume=True).why == "2-instruct.settings.learning_rate was 0.002, is 0.003"


def test_every_stage_is_checked_before_the_first_starts(
    tmp_path: Path, file: Path, mt5: Path, tiny_qwen2: Path, lines: list[str]
) -> None:
    out = tmp_path / "out"
    error = told(refused(written(file, STAGES.replace('"two"', '"no-such"')), mt5, out))
    assert "stage instruct: there is no dataset 'no-such'" in error
    assert "dialogue" not in error
    error = told(refused(written(file, STAGES.replace("= 2e-3", "= 2e-3, learning_rat = 1")), mt5, out, max_step="3"))
    assert "stage instruct: --set learning_rat=1: there is no such key; did you mean learning_rate?" in error
    assert error.count("max_step=3") == 1
    error = told(refused(written(file, STAGES.replace("= 2e-3", "= 2e-3, max_target_length = 3")), mt5, out))
    assert "stage instruct" in error
    assert "longer than max_target_length 3" in error
    written(file, STAGES)
    error = told(refused(file, tiny_qwen2, out))
    assert "encoder-decoder" in error
    part = file.parent / "two" / "train" / "part-00000.parquet"
    part.write_bytes(part.read_bytes() + b"\0")
    error = told(refused(file, mt5, out))
    assert str(part) in error
    assert "stage instruct" in error


def test_an_adapter_has_to_be_merged_before_another_stage(tmp_path: Path, file: Path, mt5: Path) -> None:
    out = tmp_path / "out"
    adapter = STAGES.replace("num_train_epochs = 2", "num_train_epochs = 2, lora_r = 4")
    assert "merge_adapter" in refused(written(file, adapter), mt5, out).next
    run(written(file, adapter.replace("lora_r = 4", "lora_r = 4, merge_adapter = true")), mt5, out)
    assert model_of(out / "2-instruct") == open_model(str(out / "1-dialogue" / "merged")).identity()


def test_stages_of_two_kinds(tmp_path: Path, tiny_qwen2: Path, lines: list[str]) -> None:
    """A causal model reads, then talks; the context that the first stage stretches is there in the second."""
    write_dataset(tmp_path / "read", texts(*lines[:6]), name="read")
    write_dataset(tmp_path / "talk", talks(*pairwise(lines[6:12])), name="talk")
    text = """
[set]
max_steps = 2
use_cpu = true
too_long = "skip"
[[stage]]
task = "pretrain"
name = "读"
data = "read"
set = { model_max_length = 4096, max_length = 64 }
[[stage]]
task = "sft"
name = "talk"
data = "talk"
set = { max_length = 3000 }
"""
    result = run(written(tmp_path / "plan.toml", text), tiny_qwen2, tmp_path / "out")
    assert [one["task"] for one in result["stages"]] == ["pretrain", "sft"]
    assert open_model(result["path"]).max_positions == 4096
    assert model_of(tmp_path / "out" / "2-talk") == open_model(str(tmp_path / "out" / "1-读")).identity()


def test_a_dry_run_tells_each_stage_and_writes_nothing(tmp_path: Path, file: Path, mt5: Path) -> None:
    told = dry_run_curriculum(CurriculumOrder(file, str(mt5), tmp_path / "out"), quiet=True)
    assert not (tmp_path / "out").exists()
    assert [(one["name"], one["steps"]) for one in told["stages"]] == [("dialogue", 6), ("instruct", 9)]
    for name in ("steps", "tokens", "seconds"):
        assert told[name] == sum(one[name] for one in told["stages"])
    assert told["memory"] == max(one["memory"]["total"] for one in told["stages"]) > 0
    done = run(file, mt5, tmp_path / "out")
    assert [one["tokens"] for one in told["stages"]] == [one["tokens"] for one in done["stages"]]
    written(file, STAGES.replace("= 2e-3", "= 2e-3, max_target_length = 3"))
    with pytest.raises(SikuError, match="stage instruct"):
        dry_run_curriculum(CurriculumOrder(file, str(mt5), tmp_path / "other"), quiet=True)


def start(file: Path, model: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    words: Sequence[str | Path] = (sys.executable, "-c", PROGRAM, file, model, out, *more)
    return subprocess.Popen(words, cwd=HOME, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.005)


@pytest.mark.slow
def test_after_kills_in_both_stages_the_weights_are_those_without(tmp_path: Path, file: Path, mt5: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    expected = run(file, mt5, whole)
    finished: dict[str, str] = {}
    for number, sign in enumerate(("1-dialogue/checkpoint-2", "2-instruct/checkpoint-2", "2-instruct/checkpoint-6")):
        process = start(file, mt5, broken, *(["--resume"] if number else []))
        wait_for(broken / sign, process)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (broken / "curriculum.json").exists()
        if number:
            first = digests(broken / "1-dialogue")
            assert finished in ({}, first)
            finished = first
    result = run(file, mt5, broken, resume=True)
    assert digests(broken / "1-dialogue") == finished
    assert result["stages"][1]["resumed_from"] >= 6
    for stage in ("1-dialogue", "2-instruct"):
        for name in ("model.safetensors", "train_log.jsonl"):
            assert (broken / stage / name).read_bytes() == (whole / stage / name).read_bytes()
    same = ("name", "task", "steps", "tokens", "trained_tokens", "train_loss", "eval_loss")
    assert [[one[key] for key in same] for one in result["stages"]] == [
        [one[key] for key in same] for one in expected["stages"]
    ]


@pytest.mark.slow
def test_when_interrupted_it_says_how_to_go_on(tmp_path: Path, file: Path, mt5: Path) -> None:
    out = tmp_path / "out"
    program = PROGRAM.replace("train_curriculum(", "import validators.errors as errors\ntry:\n  train_curriculum(") + (
        "except errors.SikuError as error:\n  print('\\n'.join(error.lines()), file=sys.stderr); sys.exit(error.exit_code)\n"
    )
    words = [sys.executable, "-c", program, str(file), str(mt5), str(out)]
    process = subprocess.Popen(words, cwd=HOME, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)
    wait_for(out / "2-instruct" / "checkpoint-2", process)
    process.send_signal(signal.SIGINT)
    error = process.communicate()[1].decode()
    assert process.returncode == 130
    assert "stage instruct: interrupted" in error
    assert f"siku train curriculum --data {file}" in error
    assert error.rstrip().endswith("--resume")
    assert run(file, mt5, out, resume=True)["stages"][1]["resumed_from"] >= 2
