"""The journal: what was committed survives whatever happens, and what cannot be written is said at once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from generators.journal import COMMIT_AFTER_S, FORMAT, Journal, Kept
from generators.request import Failure
from tests.running import HOME
from validators.errors import SikuError

KEPT = Kept(b'{"choices": []}', "http://127.0.0.1:8080/v1", "json_schema", 0.25)
GRACE_S = 0.1  # after that a reply has to be there, whatever happens to the process
WRITER = """
import asyncio, sys, time
from pathlib import Path
from generators.journal import Journal, Kept

async def write(path, first):
    with Journal(Path(path)) as journal:
        for number in range(first, 10**9):
            journal.keep(number.to_bytes(32), Kept(bytes(700), "http://127.0.0.1/v1", "prompt", 0.0))
            print(number, time.monotonic_ns(), flush=True)
            await asyncio.sleep(0.001)

asyncio.run(write(sys.argv[1], int(sys.argv[2])))
"""
OPENER = """
import os, sys
from pathlib import Path
from generators.journal import Journal
from validators.errors import SikuError

if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere
try:
    Journal(Path(sys.argv[1]))
except SikuError as error:
    print("\\n".join(error.lines()))
"""
FILLER = """
import asyncio, os, resource, sys
from pathlib import Path
from generators.journal import Journal, Kept
from validators.errors import SikuError

async def fill(journal, pause_s):
    for number in range(5000):
        journal.keep(number.to_bytes(32), Kept(os.urandom(700), "http://127.0.0.1/v1", "prompt", 0.0))
        if number % 10 == 9:
            await asyncio.sleep(pause_s)
    journal.commit()

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))  # of any file: so much room is left on this disk
try:
    with Journal(Path(sys.argv[1])) as journal:
        asyncio.run(fill(journal, float(sys.argv[2])))
except SikuError as error:
    print("\\n".join(error.lines()))
"""


def key(number: int) -> bytes:
    return number.to_bytes(32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "语料" / "synth-qa.journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal(path) as journal:
        yield journal


def run_python(code: str, *words: str | Path) -> list[str]:
    return [sys.executable, "-W", "error", "-c", code, *map(str, words)]


# ---------------------------------------------------------------- what it keeps


def test_a_reply_is_kept_as_it_came_and_the_first_one_stays(journal: Journal) -> None:
    assert journal.reply(key(1)) is None
    journal.keep(key(1), KEPT)
    journal.keep(key(1), KEPT._replace(body=b"another"))
    assert journal.reply(key(1)) == KEPT
    assert journal.counts() == {"replies": 1, "failed_tries": 0, "given_up": 0}


def test_failed_tries_are_remembered_in_order(journal: Journal) -> None:
    tries = [Failure("status 500", "overloaded"), Failure("time-out"), Failure("status 500", "again")]
    for failure in tries:
        journal.failed(key(1), failure, KEPT.endpoint)
    journal.failed(key(2), Failure("no connection"), KEPT.endpoint)
    assert journal.failed_tries(key(1)) == tries


def test_what_was_given_up_can_be_forgotten(journal: Journal) -> None:
    for number in range(4):
        journal.give_up(key(number), Failure("status 400", f"{number}"))
    assert journal.given_up(key(3)) == Failure("status 400", "3")
    assert journal.given_up(key(4)) is None
    journal.finish_run("a run", {"done": 4})
    assert journal.forget_given_up() == 4
    assert journal.given_up(key(3)) is None
    assert journal.run("a run") is None, "with dead letters to be asked again it is not finished"


def test_finished_runs_and_models_are_remembered(path: Path) -> None:
    with Journal(path) as journal:
        journal.finish_run("a run", {"figures": {"inputs": 3}, "replies": "00"})
        journal.remember_model("http://127.0.0.1/v1", "qwen")
        journal.remember_model("http://127.0.0.1/v1", "qwen2")
    with Journal(path, read_only=True) as journal:
        assert journal.run("a run") == {"figures": {"inputs": 3}, "replies": "00"}
        assert journal.run("another") is None
        assert journal.model_of("http://127.0.0.1/v1") == "qwen2"
        assert journal.model_of("http://127.0.0.2/v1") == ""


# ---------------------------------------------------------------- durability


def test_a_reply_is_committed_by_itself(path: Path) -> None:
    async def keep() -> list[list[bool]]:
        with Journal(path) as journal, Journal(path, read_only=True) as other:
            seen = []
            for number in range(4):
                journal.keep(key(number), KEPT)
                seen.append([other.reply(key(one)) is not None for one in range(4)])
            await asyncio.sleep(5 * COMMIT_AFTER_S)
            return [seen[0], [other.reply(key(one)) is not None for one in range(4)]]

    at_once, later = asyncio.run(keep())
    assert at_once == [True, False, False, False], "the first one before anything else is done"
    assert later == 4 * [True]


def test_killed_at_random_moments_it_has_what_was_acknowledged(path: Path) -> None:
    rng = random.Random(7)
    kept: set[int] = set()
    for _ in range(6):
        first = max(kept, default=-1) + 1
        writer = subprocess.Popen(
            run_python(WRITER, path, str(first)), cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert writer.stdout
        lines = [writer.stdout.readline()]
        time.sleep(rng.uniform(0.0, 0.5))
        killed_ns = time.monotonic_ns()
        writer.send_signal(signal.SIGKILL)
        rest, errors = writer.communicate()
        assert errors == ""
        for line in (lines[0] + rest).splitlines():
            words = line.split()
            if len(words) == 2 and int(words[1]) < killed_ns - GRACE_S * 1e9:
                kept.add(int(words[0]))
        with Journal(path) as journal:
            assert [number for number in kept if journal.reply(key(number)) is None] == []
    assert len(kept) > 50


# ---------------------------------------------------------------- what it refuses


def refusal(path: Path) -> list[str]:
    with pytest.raises(SikuError) as caught, Journal(path):
        pass
    assert caught.value.exit_code == 2
    return [line.partition(":")[2].strip() for line in caught.value.lines()]


def test_a_file_that_is_no_database(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("雪停了。" * 1000, encoding="utf-8")
    what, where, why, after = refusal(path)
    assert (what, where, why) == ("the journal cannot be opened", str(path), "file is not a database")
    assert "--out" in after
    assert path.read_text(encoding="utf-8").startswith("雪停了。"), "it belongs to somebody"


def test_a_journal_of_a_later_siku(path: Path) -> None:
    with Journal(path):
        pass
    with sqlite3.connect(path) as database:
        database.execute(f"pragma user_version={FORMAT + 1}")
    database.close()
    what, where, why, _ = refusal(path)
    assert what == "this journal was written by a later version of siku"
    assert where == str(path)
    assert str(FORMAT + 1) in why


@pytest.mark.parametrize("kind", ["a folder in its place", "a file in place of its folder"])
def test_what_lies_in_the_way(path: Path, kind: str) -> None:
    if kind == "a folder in its place":
        path.mkdir(parents=True)
    else:
        path.parent.touch()
    what, where, why, after = refusal(path)
    assert (what, where) == ("the journal cannot be opened", str(path))
    assert why
    assert after


def test_a_folder_that_cannot_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        ran = subprocess.run(
            run_python(OPENER, Path(folder) / "journals" / "synth-qa.journal"),
            capture_output=True,
            text=True,
            cwd=HOME,
            check=False,
        )
        Path(folder).chmod(0o755)
    assert ran.stderr == ""
    told = ran.stdout.splitlines()
    assert told[0] == "error: the journal cannot be opened"
    assert "Permission denied" in told[2]
    assert len(told) == 4


@pytest.mark.parametrize("pause_s", [0.0, 0.05], ids=["written in one go", "committed in the background"])
def test_a_full_disk_is_said_once_and_what_was_kept_stays(path: Path, pause_s: float) -> None:
    ran = subprocess.run(
        run_python(FILLER, path, str(pause_s)), capture_output=True, text=True, cwd=HOME, check=False, timeout=120
    )
    assert ran.stderr == "", "nothing is printed past the error"
    told = ran.stdout.splitlines()
    assert told[0] == "error: the journal cannot be written"
    assert told[1] == f"where: {path}"
    assert "make room" in told[3]
    assert len(told) == 4
    with Journal(path) as journal:
        count = journal.counts()["replies"]
        assert (count >= 50) == (pause_s > 0)
        assert all(journal.reply(key(number)) for number in range(count)), "without gaps"


def test_two_commands_do_not_pay_for_the_same_replies(journal: Journal, path: Path) -> None:
    what, _, why, after = refusal(path)
    assert what == "another command asks a model for the same dataset"
    assert str(os.getpid()) in why
    assert "--out" in after
    with Journal(path, read_only=True) as reading:
        assert reading.counts()["replies"] == 0
