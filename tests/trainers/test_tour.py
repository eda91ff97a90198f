"""`siku tour`: its commands are real, it goes on after breaks, and without the extra [train] it goes as far as it can."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

import cli
from builders.extra import PACKAGES
from tests.running import Siku, command, digests
from trainers.evaluation.evaluate import EvaluateSettings
from trainers.settings import read_settings, split_words
from trainers.tour_plan import TourStep, steps_of
from trainers.training.train_settings import read_train_settings
from validators.command_line import parse

OUT = Path("试 用", "tour")
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # two wait for each other on a busy machine
BLOCK = "import sys\nsys.modules.update(dict.fromkeys(%r))\n"  # None there: as if it were not installed


@pytest.mark.parametrize("step", steps_of(OUT), ids=lambda step: step.name)
def test_every_step_is_a_command_with_settings_that_there_are(step: TourStep) -> None:
    words = shlex.split(step.command)
    assert words == ["siku", *step.words]
    args = parse(cli.make_parser(), words[1:])
    assert callable(args.run)
    values, problems = split_words(getattr(args, "set", []))
    if step.words[:2] in (("train", "pretrain"), ("train", "sft")):
        problems += read_train_settings(step.words[1], values).problems
        assert args.resume
    elif step.words[0] == "evaluate":
        problems += read_settings(EvaluateSettings, values).problems
    assert problems == []


def test_steps_read_only_what_steps_before_them_wrote() -> None:
    written: list[Path] = []
    for step in steps_of(OUT):
        args = parse(cli.make_parser(), step.words)
        models = getattr(args, "model", "") or []
        read = [
            getattr(args, "data", None),
            *getattr(args, "input", []),
            *([models] if isinstance(models, str) else models),
        ]
        for place in filter(None, read):
            assert any(Path(place).is_relative_to(one) for one in written), (step.name, place)
        written.append(args.out)
        assert args.out.is_relative_to(OUT)
        assert all(one.is_relative_to(args.out) for one in step.look_at)


def without_training(folder: Path) -> dict[str, str]:
    """An environment in which the packages of the extra cannot be found."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BLOCK % (PACKAGES["train"],))
    return {"PYTHONPATH": str(folder)}


def test_without_the_extra_the_data_is_made_and_it_says_what_to_install(siku: Siku, tmp_path: Path) -> None:
    environment = without_training(tmp_path / "blocked")
    ran = siku("tour", "--out", OUT, code=2, COLUMNS="30", **environment)
    assert "5 steps are left: the extra [train] is not installed" in ran.err
    assert "torch, transformers" in ran.err
    assert "next:  pip install " in ran.err
    assert f"siku tour --out '{OUT}'" in ran.err
    assert "2 of 7 steps" in ran.out
    assert (tmp_path / OUT / "data" / "synth-qa" / "1" / "report.html").exists()
    again = siku("tour", "--out", OUT, "--json", "-q", code=2, **environment)
    assert [step["name"] for step in again.json["steps"]] == ["build", "ask"]
    assert again.json["steps"][1]["result"]["answered"] == again.json["steps"][1]["result"]["inputs"] == 18
    assert again.json["missing"] == list(PACKAGES["train"])
    assert [line.partition(":")[0] for line in again.err.splitlines()] == ["error", "where", "why", "next"]


@pytest.mark.parametrize(
    "words",
    ["train sft --data x --model y --out z", "evaluate --model y --data x", "generate --model y --prompts p.txt"],
)
def test_what_needs_the_extra_says_so(siku: Siku, tmp_path: Path, words: str) -> None:
    (tmp_path / "p.txt").write_text("问")
    refused = siku(*words.split(), code=2, **without_training(tmp_path / "blocked"))
    assert refused.err.startswith("error: the extra [train] is not installed\n")
    assert "why:   there is no accelerate, " in refused.err
    assert "\nnext:  pip install " in refused.err


def test_a_step_that_fails_is_told_with_its_command(siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "tour").mkdir()
    (tmp_path / "tour" / "data").write_text("in the way")
    ran = siku("tour", "-q", code=2)
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert lines[0].startswith("error: build: ")
    assert lines[-1] == "next:  siku build novel-pretrain --holdout '听雨楼' --out tour/data shows it alone"


def break_at(sign: Path, how: signal.Signals, cwd: Path) -> tuple[int, str]:
    """Begin a tour, and send it a signal once a file is there; its exit code, and what it said on standard error."""
    process = subprocess.Popen(
        command("tour", "--out", OUT),
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | ONE_THREAD,
    )
    while not (cwd / OUT / sign).exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    process.send_signal(how)
    said = process.communicate()[1]
    return process.returncode, said


@pytest.mark.slow
def test_the_tour_goes_on_after_breaks_and_shows_something_true(siku: Siku, tmp_path: Path) -> None:
    code, said = break_at(Path("pretrain", "run.json"), signal.SIGINT, tmp_path)
    assert (code, said.splitlines()[0]) == (130, "error: interrupted")
    assert said.rstrip().endswith(f"siku tour --out '{OUT}'")
    break_at(Path("sft", "run.json"), signal.SIGKILL, tmp_path)  # its step lives on, and is waited for
    ran = siku("tour", "--out", OUT, "--json", **ONE_THREAD)
    assert [line.strip() for line in ran.err.splitlines() if line.strip().startswith("siku ")] == [
        step["command"] for step in ran.json["steps"]
    ]
    assert "another tour is still at work" in ran.err
    assert [step["exit_code"] for step in ran.json["steps"]] == [0] * 7
    texts, answers = (ran.json["steps"][place]["result"]["models"] for place in (4, 6))
    assert texts[1]["perplexity"] < texts[0]["perplexity"] / 2
    assert answers[1]["rougeL"] > 0.5 > answers[0]["rougeL"]
    assert all((tmp_path / one).exists() for one in ran.json["reports"])
    before = digests(tmp_path / OUT / "sft")
    for step in ran.json["steps"][:4]:  # typed again, each finds what it made
        words = shlex.split(step["command"])[1:]
        assert siku(*words, "--json", "-q").json.keys() == step["result"].keys()
    assert digests(tmp_path / OUT / "sft") == before
