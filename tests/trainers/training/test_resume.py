"""`--resume` after kill -9: whenever it came, the final weights are those of a run without a break, bit for bit."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.corpora import passage
from tests.running import digests
from tests.trainers.small_datasets import Rows, talks, texts, write_dataset
from trainers.training.order import TrainOrder
from trainers.training.run import train

SMALL = {"max_length": 64, "per_device_train_batch_size": 2, "logging_steps": 1, "use_cpu": True, "num_train_epochs": 3}
NOVEL = texts(*(passage(f"resume {number}", 60 + 20 * number) for number in range(8)))
CHAT = talks(*([passage(f"ask {n}", 10), passage(f"say {n}", 25 + n)] for n in range(12)))
CASES: dict[str, tuple[str, Rows, Mapping[str, Any]]] = {
    "pretrain": (
        "pretrain",
        NOVEL,
        {"save_steps": 4, "gradient_accumulation_steps": 2, "eval_strategy": "steps", "eval_steps": 3},
    ),
    "epochs": ("pretrain", NOVEL, {"save_strategy": "epoch", "eval_strategy": "epoch", "logging_steps": 3}),
    "lora": ("sft", CHAT, {"max_length": 256, "save_steps": 2, "lora_r": 4, "lora_dropout": 0.2}),
}


CHILDREN = multiprocessing.get_context("forkserver")  # torch is imported once, not for every process
CHILDREN.set_forkserver_preload(["peft", "tests.trainers.training.test_resume", "trainers.training.trainer"])


def train_into(result: Path, order: TrainOrder) -> None:
    """What a child does."""
    torch.set_num_threads(1)  # two wait for each other on a busy machine
    result.write_text(json.dumps(train(order, quiet=True)))


class Trainings:
    """Runs of one case in processes of their own."""

    def __init__(self, case: str, model: Path, folder: Path) -> None:
        self.task, rows, values = CASES[case]
        self.values = SMALL | dict(values)
        self.data, self.model = write_dataset(folder / "data", rows, rows[:2]), model
        self.result = folder / "result.json"

    def start(self, out: Path) -> Any:
        """It goes on where there is something to go on from, and begins where there is not."""
        order = TrainOrder(self.task, str(self.data), str(self.model), out, self.values, resume=True)
        running = CHILDREN.Process(target=train_into, args=(self.result, order))
        running.start()
        return running

    def finish(self, out: Path) -> dict[str, Any]:
        running = self.start(out)
        running.join(timeout=200)
        assert running.exitcode == 0
        result: dict[str, Any] = json.loads(self.result.read_text())
        return result

    def kill_at(self, out: Path, step: int, after_s: float) -> None:
        """Kill it some time after a step is in its log."""
        running = self.start(out)
        deadline = time.monotonic() + 200
        while running.is_alive() and last_step(out) < step and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(after_s)
        running.kill()
        running.join()


def last_step(out: Path) -> int:
    log = out / "train_log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
    return max((json.loads(line)["step"] for line in lines if line.endswith(b"\n")), default=-1)


def same_where_it_counts(one: dict[str, Any], other: dict[str, Any]) -> bool:
    of_the_clock = {"seconds", "tokens_per_second", "resumed_from", "path", "checkpoint"}
    return all(one[name] == other[name] for name in one.keys() - of_the_clock)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_weights_and_log_are_those_of_a_run_without_a_break(case: str, tiny_qwen2: Path, tmp_path: Path) -> None:
    trainings = Trainings(case, tiny_qwen2, tmp_path)
    whole = trainings.finish(tmp_path / "whole")
    rng = random.Random(case)
    for step in sorted(rng.sample(range(1, whole["steps"] + 1), 4)):
        trainings.kill_at(tmp_path / "broken", step, rng.random() * 0.2)
    broken = trainings.finish(tmp_path / "broken")
    assert same_where_it_counts(whole, broken)
    left_out = ("run.json", "training.json", "checkpoint-")
    files = [
        {name: digest for name, digest in digests(tmp_path / out).items() if not name.startswith(left_out)}
        for out in ("whole", "broken")
    ]
    assert files[0] == files[1]
    assert {"train_log.jsonl", "loss.svg"} < files[0].keys()


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(tiny_qwen2: Path, tmp_path: Path) -> None:
    trainings = Trainings("pretrain", tiny_qwen2, tmp_path)
    trainings.kill_at(tmp_path / "out", 1, 0)
    assert not list((tmp_path / "out").glob("checkpoint-*"))
    result = trainings.finish(tmp_path / "out")
    assert result["resumed_from"] is None
    steps = [json.loads(line)["step"] for line in (tmp_path / "out" / "train_log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps)


def test_a_run_that_was_killed_after_its_last_step_is_only_written_down(tiny_qwen2: Path, tmp_path: Path) -> None:
    trainings = Trainings("lora", tiny_qwen2, tmp_path)
    whole = trainings.finish(tmp_path / "out")
    before = digests(tmp_path / "out")
    for name in ("training.json", "adapter_model.safetensors", "tokenizer.json"):  # as a kill between them leaves it
        (tmp_path / "out" / name).unlink()
    again = trainings.finish(tmp_path / "out")
    assert again["resumed_from"] == whole["steps"]
    assert same_where_it_counts(whole, again)
    after = digests(tmp_path / "out")
    assert {name for name in before if before[name] != after[name]} == {"training.json"}
