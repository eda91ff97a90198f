"""What a person sees while a model is asked: on a terminal of any width, without colour, and without a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections import Counter
from pathlib import Path

import pytest
from rich.cells import cell_len

from generators.demo.faults import Faults
from generators.demo.server import Endpoint as DemoEndpoint
from generators.endpoint import Endpoint
from generators.pool import Pool
from generators.progress import SynthesisProgress, _duration, _speed
from generators.synthesise import Figures
from tests.running import command

SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|38|4[0-7]|9[0-7])[;m]")


def a_pool(**troubles: int) -> Pool:
    pool = Pool([Endpoint("http://127.0.0.1:9/v1")], "some-model", concurrency=8)
    pool.counts.delivered, pool.counts.prompt_tokens, pool.counts.completion_tokens = 300, 600_000, 400_000
    pool.counts.troubles = Counter({name.replace("_", " "): count for name, count in troubles.items()})
    return pool


def test_before_the_first_reply_it_says_that_it_waits() -> None:
    ((name, told),) = SynthesisProgress().lines()
    assert name == "waiting" and told.startswith("for the model, ")


def test_it_tells_how_far_it_is() -> None:
    progress = SynthesisProgress(price=3.0)
    progress.update(Figures(inputs=12_000, done=3_000, samples=11_000, dead=7, repaired=210), a_pool(time_out=3))
    assert progress.lines() == [
        ("passages", "3,000 of 12,000"),
        ("so far", "11,000 samples; 210 passages repaired, 7 dead"),
        ("endpoint", "0 of 8 in flight, 0 tokens/s, cost 3.00 of about 12.00"),
        ("asked again", "time out x 3"),
    ]


def test_what_comes_out_of_the_journal_is_told_and_makes_no_speed() -> None:
    progress, pool = SynthesisProgress(), a_pool()
    pool.counts.delivered = 0
    for done in (1_000, 2_000, 3_000):
        progress.update(Figures(inputs=3_001, done=done, from_journal=done), pool)
    assert progress.lines()[0] == ("passages", "3,000 of 3,001, 3,000 replies out of the journal")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (7_620, "2 h 07 min"), (86_400, "1 d 00 h"), (3e6, "34 d 17 h")],
)
def test_durations(seconds: float, told: str) -> None:
    assert _duration(seconds) == told


def test_speeds_of_slow_models_are_by_the_minute() -> None:
    assert (_speed(0.05), _speed(12.34)) == ("3.0 a minute", "12.3/s")


def on_a_terminal(folder: Path, columns: int, **environment: str) -> str:
    """Standard error of `siku synth-qa` on a terminal so wide, as it was written; the endpoint is slow and faulty."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    left_out = ("NO_COLOR", "COLUMNS", "TERM")
    surroundings = {key: value for key, value in os.environ.items() if key not in left_out} | environment
    with DemoEndpoint(faults=Faults(error_429=0.4, retry_after_s=0.1, first_wrong=0.5), latency_s=0.3).running() as url:
        words = ["synth-qa", "--endpoint", url, "--concurrency", "2", "--price", "2"]
        running = subprocess.Popen(
            command(*words), cwd=folder, stdout=subprocess.DEVNULL, stderr=child, env=surroundings
        )
        os.close(child)
        told = b""
        while piece := _read(parent):
            told += piece
        assert running.wait(timeout=60) in (0, 1)
    os.close(parent)
    return told.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that the other end is closed
        return b""


@pytest.mark.parametrize("columns", [100, 50])
def test_on_a_terminal_no_line_is_wider_than_it(tmp_path: Path, columns: int) -> None:
    told = on_a_terminal(tmp_path, columns, TERM="xterm-256color")
    lines = re.split(r"[\r\n]+", SEQUENCE.sub("", told))
    assert max(map(cell_len, lines)) <= columns
    parts = ["waiting", "passages", "of 8", "in flight", "asked again", "status 429", "━"]
    for part in [*parts, "cost 0.0"] if columns > 50 else parts:  # the cost ends its line, which a narrow one may cut
        assert part in told, f"{part} is missing"
    assert COLOUR.search(told)
    assert told.rstrip().endswith("\x1b[2K"), "at the end it is gone, and the summary stands alone"


def test_without_colour(tmp_path: Path) -> None:
    told = on_a_terminal(tmp_path, 80, TERM="xterm-256color", NO_COLOR="1")
    assert "passages" in told and "━" in told and not COLOUR.search(told)


def test_a_terminal_that_cannot_draw_gets_plain_lines(tmp_path: Path) -> None:
    assert "\x1b" not in on_a_terminal(tmp_path, 80, TERM="dumb")
