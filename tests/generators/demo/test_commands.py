"""`siku demo-endpoint` as people type it: in a process of its own, until it is told to end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from generators.demo.log import paid_again, read_log
from tests.generators.demo.asking import asked, pairs_in
from tests.generators.demo.conftest import Client
from tests.running import Siku, command


@contextlib.contextmanager
def serving(*words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A demo endpoint on a free port; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        command("demo-endpoint", "--port", "0", *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_when_told(client: Client, number: signal.Signals) -> None:
    with serving("--json", "--latency", "0.01") as process:
        where = told(process)
        assert where["model"] == "siku-demo-rules"
        said = client(where["url"]).chat.completions.create(**asked())
        assert len(pairs_in(said.choices[0].message.content or "")) == 3
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


def test_what_a_person_reads() -> None:
    with serving() as process:
        assert process.stdout is not None
        honest, following = process.stdout.readline(), process.stdout.readline()
        assert "no model" in honest
        assert "rules" in honest
        assert "http://127.0.0.1:" in honest
        assert following.startswith("next   siku synth-qa --endpoint http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "0 requests\n", "")


def test_faults_and_log_that_outlives_a_kill(client: Client, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with serving("--json", "-q", "--fault", "poison=砒霜", "--fault", "seed=1", "--log", log) as process:
        complete = client(told(process)["url"]).chat.completions.create
        complete(**asked())
        with pytest.raises(openai.InternalServerError):
            complete(**asked(messages=[{"role": "user", "content": "砒霜有毒。"}]))
        time.sleep(0.2)
        killed_ns = time.monotonic_ns()
        complete(**asked())
        process.kill()
    first, poisoned, last = read_log(log)
    assert (first.status, poisoned.status, last.seen) == (200, 500, 1)
    assert (first.fault, poisoned.fault) == ("", "poison")
    assert paid_again([first, poisoned, last], killed_ns) == [first]


def test_mistakes_are_four_lines(siku: Siku, tmp_path: Path) -> None:
    def refused(*words: str | Path) -> str:
        return siku("demo-endpoint", *words, code=2).err

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"error: port {port} is taken" in refused("--port", port)
        failed = siku("demo-endpoint", "--port", port, "--json", code=2).json
        assert failed["error"]["where"] == f"127.0.0.1:{port}"
    assert "did you mean hang?" in refused("--fault", "hnag=0.1")
    assert "no port 70000" in refused("--port", "70000")
    assert "--latency -1 cannot be" in refused("--latency", "-1")
    assert "--latency nan cannot be" in refused("--latency", "nan")
    assert "--log is a folder" in refused("--log", tmp_path, "--port", "0")
    assert "cannot listen" in refused("--host", "no.such.host.invalid")
    assert "did you mean --latency?" in refused("--latenzy", "1")
