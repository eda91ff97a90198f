"""`kill -9` at random moments, the same command again: the same bytes, nothing lost, nothing paid for twice."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from generators.demo.chat import ChatRequest
from generators.demo.faults import Faults
from generators.demo.log import read_log
from generators.demo.server import Endpoint
from tests.generators.synthesis import check_books, knowing, write_passages
from tests.running import command, digests

PASSAGES = 120
LATENCY_S = 0.05
GRACE_NS = 100_000_000
CLEAN = Faults()
FAULTY = Faults(error_500=0.05, error_429=0.05, retry_after_s=0.1)


@dataclass
class Model:
    """A server whose replies are a function of the conversation alone, and what it was asked when."""

    faults: Faults
    malformed: float
    log: Path
    asked: dict[int, str] = field(default_factory=dict)  # number of a request: the conversation

    def __call__(self, request: ChatRequest) -> str:
        conversation = json.dumps(request.body["messages"], ensure_ascii=False)
        self.asked[request.number] = conversation
        text = knowing(request)
        is_whole = random.Random(conversation).random() >= self.malformed
        return text if is_whole else text[: len(text) // 2]

    @contextmanager
    def running(self) -> Iterator[tuple[Endpoint, str]]:
        server = Endpoint(self, self.faults, LATENCY_S, log=self.log)
        with server.running() as url:
            yield server, url

    def paid_again(self, kills: Sequence[int]) -> list[tuple[float, str]]:
        """Conversations whose reply had come well before a kill (in seconds), and which were sent again after it."""
        exchanges = [one for one in read_log(self.log) if one.number in self.asked]
        again: list[tuple[float, str]] = []
        for one in exchanges:
            killed_ns = next((moment for moment in kills if moment > one.asked_ns), None)
            if not killed_ns or not one.delivered_ns or one.fault or killed_ns - one.delivered_ns < GRACE_NS:
                continue
            same = [other for other in exchanges if self.asked[other.number] == self.asked[one.number]]
            if any(other.asked_ns > killed_ns for other in same):
                again.append(((killed_ns - one.delivered_ns) / 1e9, self.asked[one.number]))
        return again


def words(source: Path, out: Path, url: str) -> list[str]:
    return command("synth-qa", "--endpoint", url, "--input", source, "--out", out, "--json", "-q")


def finish(source: Path, out: Path, url: str) -> dict[str, int]:
    ran = subprocess.run(words(source, out, url), capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    made: dict[str, int] = json.loads(ran.stdout)
    return made


def killed(source: Path, out: Path, url: str, server: Endpoint, rng: random.Random) -> int | None:
    """Start the command and kill it somewhere; when that was, None if it had ended before."""
    before = server.requests
    process = subprocess.Popen(words(source, out, url), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    upto = before + rng.randrange(PASSAGES)  # requests: in the middle of the asking
    while process.poll() is None and server.requests < upto and rng.random() > 0.0005:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.1 if rng.random() < 0.7 else 2.0))  # or while the dataset is written
    process.send_signal(signal.SIGKILL)
    killed_ns = time.monotonic_ns()
    _, errors = process.communicate()
    if process.returncode == -signal.SIGKILL:
        return killed_ns
    assert process.returncode == 0, errors
    return None


def undisturbed(source: Path, out: Path, faults: Faults, malformed: float) -> dict[str, str]:
    model = Model(faults, malformed, out.with_suffix(".log"))
    with model.running() as (_, url):
        made = finish(source, out, url)
    assert made["inputs"] == made["answered"] == PASSAGES
    assert (made["repaired"] > 0) == (malformed > 0)
    return digests(out / "synth-qa" / "1")


def kill_and_compare(tmp_path: Path, kills: int, faults: Faults, malformed: float, seed: int) -> None:
    source = tmp_path / "段落.jsonl"
    texts = write_passages(source, PASSAGES)
    whole = undisturbed(source, tmp_path / "undisturbed", faults, malformed)
    rng = random.Random(seed)
    attempt = 0
    while kills > 0:
        attempt += 1
        out = tmp_path / f"killed-{attempt}"
        model = Model(faults, malformed, tmp_path / f"killed-{attempt}.log")
        with model.running() as (server, url):
            when = [killed(source, out, url, server, rng)]
            while when[-1] is not None and rng.random() < 0.6:  # more than once
                when.append(killed(source, out, url, server, rng))
            finish(source, out, url)
        moments = [one for one in when if one is not None]
        kills -= len(moments)
        assert digests(out / "synth-qa" / "1") == whole
        assert model.paid_again(moments) == []
        check_books(out / "synth-qa" / "1", texts)


def test_killed_once_or_twice(tmp_path: Path) -> None:
    kill_and_compare(tmp_path, 2, FAULTY, 0.1, seed=5)


@pytest.mark.slow
@pytest.mark.parametrize(("faults", "malformed"), [(CLEAN, 0.0), (FAULTY, 0.1)], ids=["clean", "faulty"])
def test_killed_ten_times(tmp_path: Path, faults: Faults, malformed: float) -> None:
    kill_and_compare(tmp_path, 10, faults, malformed, seed=11)


def test_a_passage_that_always_fails_is_dead_however_often_it_is_killed(tmp_path: Path) -> None:
    """At the end only those are left that the server fails on, and then the command is killed."""
    source, out = tmp_path / "段落.jsonl", tmp_path / "out"
    texts = write_passages(source, 20)
    bad = texts["p00019"]
    server = Endpoint(knowing, Faults(poison=bad[:20]))
    with server.running() as url:
        for _ in range(3):
            before = server.by_fault["poison"]
            process = subprocess.Popen(words(source, out, url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while server.by_fault["poison"] == before and process.poll() is None:
                time.sleep(0.002)
            process.kill()
            process.wait()
        answered = server.by_status[200]
        ran = subprocess.run(words(source, out, url), capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 1, ran.stderr
    made = json.loads(ran.stdout)
    assert (made["inputs"], made["answered"], made["dead"]) == (20, 19, 1)
    assert answered >= 7
    check_books(out / "synth-qa" / "1", texts)
