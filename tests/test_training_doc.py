"""docs/training.md shows what the commands print, and every setting. `python -m tests.test_training_doc` renews the output.

Figures of models differ a little from machine to machine, so in the outputs every number counts as the same.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import cli
from builders.document import Message
from tests.running import HOME, command
from trainers.evaluation.ablation import AblateSettings
from trainers.evaluation.evaluate import EvaluateSettings
from trainers.generation.ways import GenerateSettings
from trainers.rows.seq2seq_tokens import SPEAKERS, source_of
from trainers.settings import shown, split_words, takes
from trainers.training.curriculum_file import read_curriculum
from trainers.training.train_settings import TASKS, TrainSettings, read_train_settings
from validators.command_line import parse

PAGE = HOME / "docs" / "training.md"
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"\$ ((?:[^\n]*\\\n)*[^\n]*)\n")
SETTING = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ", re.MULTILINE)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
SAID = re.compile(r"^(  temperature=\S+ repetition_penalty=\S+: ).*$", re.MULTILINE)
LAUNCHERS = re.compile(
    r"^(?:torchrun --nproc-per-node 4|accelerate launch --multi_gpu --num_processes 4) \$\(which siku\) "
)


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def plain() -> list[str]:
    """The blocks that show no output."""
    return [block for language, block in FENCED.findall(page()) if not language]


def typed() -> Iterator[list[str]]:
    """The words of every `siku …` on the page."""
    for block in CONSOLE.findall(page()):
        yield from (shlex.split(line.replace("\\\n", " "))[1:] for line in COMMAND.findall(block))
    for block in plain():
        lines = (LAUNCHERS.sub("siku ", line) for line in block.splitlines())
        yield from (shlex.split(line)[1:] for line in lines if line.startswith("siku "))


def output(line: str, folder: Path) -> str:
    """What a command prints; of one that is refused, the error."""
    words = shlex.split(line.replace("\\\n", " "))[1:]
    environment = os.environ | {"NO_COLOR": "1", "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    run = subprocess.run(
        command(*words), cwd=folder, capture_output=True, text=True, env=environment, check=False, timeout=280
    )
    assert run.returncode in (0, 2), run.stderr
    said = run.stdout if run.returncode == 0 else run.stderr
    return "".join(f"{row.rstrip()}\n" for row in said.strip("\n").splitlines())


def with_output(block: str, folder: Path) -> str:
    return "".join(f"$ {line}\n{output(line, folder)}" for line in COMMAND.findall(block))


def real_page(text: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "examples").symlink_to(HOME / "examples")
        return CONSOLE.sub(lambda found: f"```console\n{with_output(found[1], folder)}```", text)


def without_numbers(text: str) -> str:
    """Nor what a model said, blanks that numbers needed, rules of tables."""
    text = SAID.sub(r"\1", text)
    return re.sub(r"[ ─]+", " ", NUMBER.sub("#", text))


@pytest.mark.slow
def test_the_page_shows_what_the_commands_print() -> None:
    text = page()
    assert without_numbers(real_page(text)) == without_numbers(text)


def test_every_command_is_one_with_settings_that_there_are() -> None:
    seen = set()
    for words in typed():
        args = parse(cli.make_parser(), words)
        seen.add(" ".join(words[:2]) if words[0] == "train" else words[0])
        values, problems = split_words(getattr(args, "set", []))
        if words[0] == "train" and words[1] in TASKS:
            problems += read_train_settings(words[1], values).problems
        elif words[0] in ("evaluate", "generate"):
            forms = (
                (EvaluateSettings, AblateSettings, TrainSettings)
                if getattr(args, "ablate", None)
                else (EvaluateSettings,)
            )
            known = {
                key for form in (forms if words[0] == "evaluate" else (GenerateSettings,)) for key in takes(form, "")
            }
            known |= takes(TrainSettings, "pretrain") if getattr(args, "ablate", None) else set()
            assert values.keys() <= known, words
        assert problems == [], words
    assert {"tour", "evaluate", "generate", "train curriculum", *(f"train {task}" for task in TASKS)} <= seen


def test_the_table_has_every_setting_with_its_default_and_tasks() -> None:
    section = page().partition("## Every setting")[2].partition("\n## ")[0]
    told = {name: (default.strip(), tasks.strip()) for name, default, tasks in SETTING.findall(section)}
    real = {}
    for one in dataclasses.fields(TrainSettings):
        default = ",".join(one.default) if isinstance(one.default, tuple) else one.default
        tasks = ", ".join(one.metadata["rule"].tasks)
        real[one.name] = ("" if default is None else shown(default), tasks)
    assert told == real


def test_the_source_with_several_turns_is_the_one_shown() -> None:
    shown_source = next(block for block in plain() if block.startswith("系统："))
    roles = {name: role for role, name in SPEAKERS.items()}
    turns = [line.partition("：") for line in shown_source.splitlines()]
    messages: list[Message] = [{"role": roles[f"{name}："], "content": said} for name, _, said in turns[:-1]]
    assert source_of(messages).text == shown_source.rstrip("\n")


def test_files_that_the_page_links_to_are_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page())
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
    assert len(links) >= 4


def test_the_curriculum_of_the_examples_is_sound() -> None:
    stages, problems = read_curriculum(HOME / "examples" / "curriculum" / "chat.toml", {})
    assert problems == []
    for stage in stages:
        assert read_train_settings(stage.task, stage.values).problems == []


if __name__ == "__main__":
    PAGE.write_text(real_page(page()), encoding="utf-8")
    sys.exit(0)
