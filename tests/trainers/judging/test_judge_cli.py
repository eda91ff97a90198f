"""`siku judge` as it is typed: exit codes, what is printed, and `kill -9` in the middle."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from generators.demo.log import read_log
from generators.demo.server import Endpoint
from tests.running import Siku, command, digests
from tests.trainers.judging.scripted import BAD, GOOD, Script, row, two_files, write

LATENCY_S = 0.05
GRACE_NS = 200_000_000  # a commit follows a reply by some 20 ms, and the machine may be busy


def test_a_judging_in_words_and_in_json(tmp_path: Path, siku: Siku) -> None:
    a, b = two_files(tmp_path, 30, 0.7)
    with Endpoint(Script(0.2), model="judge").running() as url:
        told = siku("judge", "--a", a, "--b", b, "--endpoint", url, "--rubric", "--out", "res")
        again = siku("judge", "--a", a, "--b", b, "--endpoint", url, "--rubric", "--out", "res", "--json", "-q").json
    assert "win rate of A" in told.out
    assert "judge: pairs in both orders" in told.err
    assert (again["requests"], again["pairs"], again["path"]) == (0, 30, "res")
    assert {path.name for path in (tmp_path / "res").iterdir()} == {
        ".siku",
        "judge.json",
        "judge.md",
        "judgements.jsonl",
        "scores.jsonl",
    }
    journals = tmp_path / "res" / ".siku" / "journals"
    assert (journals / "judge-judge.journal").exists()
    gone = siku("judge", "--a", a, "--b", b, "--endpoint", url, "--rubric", "--out", "res", "--json", "-q").json
    assert {**gone, "seconds": 0} == {**again, "seconds": 0}  # the server is not there any more, nor needed


def test_rows_without_a_partner_are_told(tmp_path: Path, siku: Siku) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, GOOD), row(2, GOOD), row(3, GOOD, error="time-out")])
    b = write(tmp_path / "b.jsonl", [row(1, BAD), row(3, BAD), row(4, BAD)])
    with Endpoint(Script()).running() as url:
        told = siku("judge", "--a", a, "--b", b, "--endpoint", url, code=1)
        found = siku("judge", "--a", a, "--b", b, "--endpoint", url, "--json", "-q", code=1).json
    assert "1 only in A: q0002" in told.out
    assert found["left_out"]["only_in_b"] == ["q0004"]
    assert found["left_out"]["unusable_in_a"] == ["line 3 (q0003): no text came: time-out"]
    assert (tmp_path / "out" / "judge" / "judge.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--a-model"], "expected one argument"),
        (["--max-failed", "7"], "--max-failed 7 cannot be"),
        (["--model", "a", "--model", "b", "--model", "c"], "--model is given once"),
        (["--set", "max_token=3"], "max_tokens"),
        (["--rubric", "没有.json"], "the rubric cannot be read"),
    ],
)
def test_mistakes_are_told_in_four_lines(tmp_path: Path, siku: Siku, words: list[str], said: str) -> None:
    a, b = two_files(tmp_path, 2, 0.5)
    ran = siku("judge", "--a", a, "--b", b, "--endpoint", "demo", *words, code=2)
    assert said in ran.err


def test_nobody_there_is_exit_code_4(tmp_path: Path, siku: Siku) -> None:
    a, b = two_files(tmp_path, 2, 0.5)
    with Endpoint().running() as url:
        pass
    assert "does not answer" in siku("judge", "--a", a, "--b", b, "--endpoint", url, code=4).err


def test_the_demo_endpoint_always_takes_the_first(tmp_path: Path, siku: Siku) -> None:
    a, b = two_files(tmp_path, 6, 0.5)
    one = siku("judge", "--a", a, "--b", b, "--endpoint", "demo", "--json", "-q").json["judges"][0]
    assert (one["disagreed"], one["position"]["bias"]["value"]) == (6, 0.5)


def words(files: tuple[Path, Path], out: Path, url: str) -> list[str]:
    given = ("--a", files[0], "--b", files[1], "--endpoint", url, "--out", out, "--rubric", "-q", "--json")
    return command("judge", *given, "--concurrency", "4")


def results(out: Path) -> dict[str, str]:
    return {name: digest for name, digest in digests(out).items() if not name.startswith(".siku")}


def stop(process: subprocess.Popen[bytes], server: Endpoint, upto: int, number: signal.Signals) -> int:
    """Send a signal once the server has seen so many requests; the exit code."""
    while process.poll() is None and server.requests < upto:
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate()
    return process.returncode


@pytest.mark.slow
def test_kill_and_the_same_command_again_repays_nothing(tmp_path: Path) -> None:
    """What the server had delivered well before a kill, by its own log, is never asked for again."""
    files = two_files(tmp_path, 40, 0.7)
    with Endpoint(Script(0.2, garbage=0.2)).running() as url:
        subprocess.run(words(files, tmp_path / "whole", url), check=True, capture_output=True)
    server = Endpoint(Script(0.2, garbage=0.2), latency_s=LATENCY_S, log=tmp_path / "log")
    kills: list[int] = []
    with server.running() as url:
        for upto in (30, 70, 120):
            process = subprocess.Popen(words(files, tmp_path / "out", url), stdout=subprocess.PIPE)
            assert stop(process, server, upto, signal.SIGKILL) == -signal.SIGKILL
            kills.append(time.monotonic_ns())
        subprocess.run(words(files, tmp_path / "out", url), check=True, capture_output=True)
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    delivered = [(one.digest, one.delivered_ns) for one in read_log(tmp_path / "log") if one.delivered_ns]
    for killed_ns in kills:
        before = {digest for digest, moment in delivered if moment < killed_ns - GRACE_NS}
        after = {one.digest for one in read_log(tmp_path / "log") if one.asked_ns > killed_ns}
        assert before
        assert not before & after


def test_ctrl_c_is_130_and_goes_on(tmp_path: Path, siku: Siku) -> None:
    files = two_files(tmp_path, 20, 0.7)
    script = Script()
    server = Endpoint(script, latency_s=LATENCY_S)
    with server.running() as url:
        process = subprocess.Popen(words(files, tmp_path / "out", url), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert stop(process, server, 12, signal.SIGINT) == 130
        assert not (tmp_path / "out" / "judge.json").exists()
        subprocess.run(words(files, tmp_path / "out", url), check=True, capture_output=True)
    assert max(Counter(script.asked).values()) == 1
