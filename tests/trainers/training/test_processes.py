"""Two processes train as one does: the same losses, the same figures, and they go on together."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.corpora import passage
from tests.running import HOME, Siku
from tests.trainers.small_datasets import texts, write_dataset

SETTINGS = (
    *("--set", "max_length=64", "--set", "use_cpu=true", "--set", "max_steps=6", "--set", "save_steps=3"),
    *("--set", "logging_steps=1", "--set", "eval_strategy=steps", "--set", "eval_steps=3"),
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def in_two(*words: str | Path) -> dict[str, Any]:
    """What `siku WORDS` prints in two processes, as torchrun starts them."""
    launch = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    launch += ["--master-port", str(free_port()), str(HOME / "cli.py"), *map(str, words), "--json", "-q"]
    done = subprocess.run(
        [sys.executable, *launch],
        capture_output=True,
        text=True,
        cwd=HOME,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def log_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "train_log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_two_processes_train_as_one(siku: Siku, tiny_qwen2: Path, tmp_path: Path) -> None:
    rows = texts(*(passage(f"processes {number}", 60 + 2 * number) for number in range(40)))  # more than six steps
    data = write_dataset(tmp_path / "data", rows, rows[:3])
    words = ("train", "pretrain", "--data", data, "--model", tiny_qwen2, *SETTINGS)
    batch = "per_device_train_batch_size"
    one = siku(*words, "--out", tmp_path / "one", "--set", f"{batch}=4", "--json", "-q", OMP_NUM_THREADS="1").json
    both = (*words, "--out", tmp_path / "two", "--set", f"{batch}=2")
    two = in_two(*both)
    for name in ("steps", "epochs", "tokens", "trained_tokens", "data_tokens", "rows"):
        assert one[name] == two[name], name
    for line, other in zip(log_of(tmp_path / "one"), log_of(tmp_path / "two"), strict=True):
        assert line == pytest.approx(other, rel=1e-4)
    weights = (tmp_path / "two" / "model.safetensors").read_bytes()
    (tmp_path / "two" / "training.json").unlink()
    shutil.rmtree(tmp_path / "two" / "checkpoint-6")
    again = in_two(*both, "--resume")
    assert again["resumed_from"] == 3
    assert (tmp_path / "two" / "model.safetensors").read_bytes() == weights
    for name in ("tokens", "trained_tokens", "train_loss", "eval_loss"):
        assert again[name] == two[name], name
