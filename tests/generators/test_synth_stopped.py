"""`siku synth-qa` interrupted, beside another, on a full disk, with a server of every day."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from generators.demo.faults import Faults
from generators.demo.server import Endpoint
from tests.generators.synthesis import (
    check_books,
    knowing,
    write_passages,
)
from tests.running import Ran, Siku, command


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "语 料" / "段落.jsonl"


@pytest.fixture
def texts(source: Path) -> dict[str, str]:
    return write_passages(source, 12)


@pytest.fixture
def server() -> Endpoint:
    return Endpoint(knowing)


@pytest.fixture
def url(server: Endpoint) -> Iterator[str]:
    with server.running() as url:
        yield url


def qa(siku: Siku, url: str, *words: str | Path, code: int | None = 0, **more: Any) -> Ran:
    return siku("synth-qa", "--endpoint", url, "--json", *words, code=code, **more)


# ---------------------------------------------------------------- Ctrl-C


@contextmanager
def started(url: str, *words: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    whole = command("synth-qa", "--endpoint", url, "--json", *words)
    process = subprocess.Popen(whole, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Any, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_what_is_on_its_way_is_waited_for_and_kept(
    siku: Siku, source: Path, tmp_path: Path, number: signal.Signals
) -> None:
    texts = write_passages(source, 36)
    server = Endpoint(knowing, latency_s=0.3)
    with server.running() as url:
        with started(url, "--input", source, "--concurrency", "4", cwd=tmp_path) as process:
            wait_for(lambda: server.requests >= 9)
            process.send_signal(number)
            sent = server.requests
            out, errors = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert errors.splitlines()[0].startswith("error: interrupted: ")
        assert "the same command goes on" in errors
        assert json.loads(out)["exit_code"] == 130
        assert server.requests <= sent + 4
        assert server.by_status[200] == server.requests, "no reply was thrown away"
        arrived = server.requests
        made = qa(siku, url, "--input", source).json
        assert made["requests"] == 36 - arrived
    assert server.requests == 36
    check_books(tmp_path / "out/synth-qa/1", texts)


def test_130_twice_does_not_wait(source: Path, texts: dict[str, str], tmp_path: Path) -> None:
    server = Endpoint(knowing, latency_s=30)
    with server.running() as url, started(url, "--input", source, cwd=tmp_path) as process:
        wait_for(lambda: server.requests >= 1)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None, "it waits for the reply"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.startswith("error: interrupted")


def test_two_commands_at_once_do_not_pay_twice(siku: Siku, source: Path, texts: dict[str, str], tmp_path: Path) -> None:
    server = Endpoint(knowing, latency_s=0.3)
    with server.running() as url, started(url, "--input", source, "--concurrency", "2", cwd=tmp_path) as process:
        wait_for(lambda: server.requests >= 3)
        ran = qa(siku, url, "--input", source, code=2)
        assert "another command asks a model for the same dataset" in ran.err
        assert len(ran.err.splitlines()) == 4
        other = qa(siku, url, "--input", source, "--out", "elsewhere").json
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert json.loads(out)["requests"] == other["requests"] == 12


# ---------------------------------------------------------------- what goes wrong


def test_the_disk_is_full(siku: Siku, url: str, server: Endpoint, source: Path, tmp_path: Path) -> None:
    texts = write_passages(source, 300)
    limited = [
        "bash",
        "-c",
        'ulimit -f 200; exec "$@"',
        "-",
        *command("synth-qa", "--endpoint", url, "--input", source),
    ]
    ran = subprocess.run(limited, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert ran.stderr.splitlines()[0] in ("error: the journal cannot be written", "error: the disk is full")
    assert len(ran.stderr.splitlines()) == 4
    sent = server.requests
    assert sent < 300, "it stopped"
    made = qa(siku, url, "--input", source).json
    assert made["answered"] == 300
    assert server.requests < 300 + sent
    check_books(tmp_path / "out/synth-qa/1", texts)


def test_some_are_never_answered(siku: Siku, source: Path, texts: dict[str, str], tmp_path: Path) -> None:
    server = Endpoint(knowing, Faults(hang=0.1, slow_drip=0.1, drip_s=0.05))
    with server.running() as url:
        made = qa(siku, url, "--input", source, "--timeout", "0.5", code=None).json
    assert made["inputs"] == made["answered"] + made["dead"] == 12
    assert made["dead"] <= 1
    check_books(tmp_path / "out/synth-qa/1", texts)


def test_faults_of_every_day(siku: Siku, source: Path, tmp_path: Path) -> None:
    texts = write_passages(source, 120)
    faults = Faults(error_500=0.05, error_429=0.05, malformed=0.1, retry_after_s=0.1)
    server = Endpoint(knowing, faults)
    with server.running() as url:
        made = qa(siku, url, "--input", source, "--concurrency", "16").json
    assert made["answered"] == 120
    assert made["retried"]["status 500"] > 0
    assert server.requests == made["requests"] <= 1.3 * 120
    check_books(tmp_path / "out/synth-qa/1", texts)
