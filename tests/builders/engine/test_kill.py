"""`kill -9` at random moments, any number of workers: the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.corpora import write_books
from tests.running import Siku, command, digests

pytestmark = pytest.mark.slow
KILLS = 10


def words(source: Path, out: Path, workers: int = 2) -> list[str | Path]:
    settings = ["output.part_mb=1", "steps.HoldOut.share=0.1"]
    return [
        *("build", "novel-pretrain", "--input", source, "--out", out, "--workers", str(workers), "-q"),
        *(word for setting in settings for word in ("--set", setting)),
    ]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_books(tmp_path / "books", 48, chapters=40, chars=1500)
    return tmp_path / "books"


def dataset(out: Path) -> dict[str, str]:
    return digests(out / "novel-pretrain" / "1")


def test_killed_ten_times_the_same_bytes(tmp_path: Path, source: Path, siku: Siku) -> None:
    started = time.monotonic()
    siku(*words(source, tmp_path / "undisturbed"))
    seconds = time.monotonic() - started
    whole = dataset(tmp_path / "undisturbed")
    assert len(whole) > 6
    rng = random.Random(4)
    kills, attempt = 0, 0
    while kills < KILLS:
        out = tmp_path / f"killed-{attempt}"
        process = subprocess.Popen(command(*words(source, out)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0.05, 1.0) * seconds)
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        if process.returncode == -signal.SIGKILL:
            kills += 1
            assert not (out / "novel-pretrain/1/manifest.json").exists() or dataset(out) == whole
        else:
            assert process.returncode == 0, errors.decode()
        if process.returncode == 0 or rng.random() < 0.4:  # go on from what is there, more than once
            siku(*words(source, out))
            assert dataset(out) == whole
            attempt += 1
    siku(*words(source, tmp_path / f"killed-{attempt}"))
    assert dataset(tmp_path / f"killed-{attempt}") == whole


def test_any_number_of_workers_the_same_bytes(tmp_path: Path, source: Path, siku: Siku) -> None:
    made = []
    for workers in (1, 2, 3):
        siku(*words(source, tmp_path / f"out-{workers}", workers))
        made.append(dataset(tmp_path / f"out-{workers}"))
    assert made[0] == made[1] == made[2]


def test_workers_die_with_their_parent(tmp_path: Path, source: Path) -> None:
    process = subprocess.Popen(command(*words(source, tmp_path / "out")), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (children := _children(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert children
    while any(_runs(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if _runs(child)]


def test_interrupted_says_so_and_goes_on(tmp_path: Path, source: Path, siku: Siku) -> None:
    process = subprocess.Popen(command(*words(source, tmp_path / "out")), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not list((tmp_path / "out").glob(".siku/work/*/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "error: interrupted\nnext:  the same command goes on where it stopped\n"
    siku(*words(source, tmp_path / "out"))


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.25])
def test_ctrl_c_in_a_terminal_reaches_all_processes_and_one_answers(
    tmp_path: Path, source: Path, after_s: float
) -> None:
    """From the moment on when the process that workers are copied from is there, which is long before they are."""
    quiet = [sys.executable, *command(*words(source, tmp_path / "out"))[3:]]  # of files left open while loading
    process = subprocess.Popen(quiet, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 30
    while not _children(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "error: interrupted\nnext:  the same command goes on where it stopped\n"


def _children(pid: int) -> list[int]:
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listing.stdout.split()]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
