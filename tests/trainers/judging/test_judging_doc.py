"""docs/judging.md and docs/human-scores.md show what `siku judge` prints.

`python -m tests.trainers.judging.test_judging_doc` renews them.
"""

from __future__ import annotations

import json
import random
import re
import shlex
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

import cli
from generators.demo.server import Endpoint
from tests.running import HOME, command
from tests.trainers.judging.scripted import BAD, GOOD, Script, two_files
from tests.trainers.judging.scripted_points import PointScript, drawn, reviews
from trainers.judging.human.items import items_of
from trainers.judging.human.scores import HumanScores
from trainers.judging.rubric import CONTINUATION, read_rubric
from validators.command_line import parse

JUDGING, HUMAN = HOME / "docs" / "judging.md", HOME / "docs" / "human-scores.md"
OUTPUT = re.compile(r"(<!-- output( \w+)? -->\n```console\n)(.*?)(```\n)", re.DOTALL)
VERDICTS = "judge --a A.jsonl --b B.jsonl --endpoint {} --endpoint {} --a-model judge-two --rubric --out out/judge-1"
POINTS = "judge --a A.jsonl --b B.jsonl --endpoint {} --endpoint {} --points --out out/points-1"
TABLE = "judge --human --a A.jsonl --b B.jsonl --out out/scores --table"
SHOWN = ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8081/v1")
TOOK = re.compile(r"^.* requests, .* s$", re.MULTILINE)  # differs with the speed of the machine


def printed(folder: Path, words: str, *servers: Endpoint) -> str:
    """What is typed, and what comes of it."""
    with ExitStack() as stack:
        urls = [stack.enter_context(one.running()) for one in servers]
        told = subprocess.run(
            command(*words.format(*urls).split()), cwd=folder, capture_output=True, text=True, check=True
        ).stdout
    typed = words.format(*SHOWN[: len(servers)]).replace(" --a-model", " \\\n    --a-model")
    typed = typed.replace(" --points", " \\\n    --points")
    return f"$ siku {typed}\n" + "".join(f"{line.rstrip()}\n" for line in told.splitlines() if line.strip())


def verdicts(folder: Path) -> str:
    for file, name in zip(two_files(folder, 400, 0.7), "AB", strict=True):
        file.rename(folder / f"{name}.jsonl")
    one, two = Script(0.2, garbage=0.05), Script(0.4, seed="2")
    return printed(folder, VERDICTS, Endpoint(one, model="judge-one"), Endpoint(two, model="judge-two"))


def points(folder: Path) -> str:
    reviews(folder, drawn(80))
    one, two = PointScript(), PointScript(deaf=0.25, garbage=0.05, seed="2")
    return printed(folder, POINTS, Endpoint(one, model="judge-one"), Endpoint(two, model="judge-two"))


def table(folder: Path) -> str:
    files = [file.rename(folder / f"{name}.jsonl") for file, name in zip(two_files(folder, 60, 0.7), "AB", strict=True)]
    words = "judge --a A.jsonl --b B.jsonl --endpoint {} --rubric continuation --out out/scores"
    printed(folder, words, Endpoint(Script(0.2), model="judge-one"))
    human = HumanScores(folder / "out" / "scores", CONTINUATION)
    for who, errs in (("wang", 0.2), ("li", 0.4)):
        dice = random.Random(who)
        for item in items_of(files).items:
            truth = {GOOD: 5, BAD: 2}[item.text[0]]
            human.add(item, who, {axis: dice.randint(1, 5) if dice.random() < errs else truth for axis in human.axes})
    return printed(folder, TABLE)


SHOW = {(JUDGING, ""): verdicts, (JUDGING, "points"): points, (HUMAN, ""): table}


@pytest.mark.parametrize(("page", "name"), SHOW, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_the_page_shows_what_is_printed(tmp_path: Path, page: Path, name: str) -> None:
    found = {(one[2] or "").strip(): one[3] for one in OUTPUT.finditer(page.read_text(encoding="utf-8"))}
    assert TOOK.sub("", found[name]) == TOOK.sub("", SHOW[page, name](tmp_path))


def test_every_line_of_siku_is_a_command_and_the_rubric_is_one(tmp_path: Path) -> None:
    page = "".join(one.read_text(encoding="utf-8") for one in (JUDGING, HUMAN)).replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ )?siku (judge .*)$", page, re.MULTILINE)
    assert len(lines) == 9
    for line in lines:
        parse(cli.make_parser(), shlex.split(line))
    rubric = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert rubric
    file = tmp_path / "rubric.json"
    file.write_text(rubric[1], encoding="utf-8")
    assert len(read_rubric(file).axes) == len(json.loads(rubric[1])["axes"])


if __name__ == "__main__":
    for (page, name), show in SHOW.items():
        with tempfile.TemporaryDirectory() as folder:
            shown = show(Path(folder))
        text = page.read_text(encoding="utf-8")
        page.write_text(
            OUTPUT.sub(lambda one: one[1] + shown + one[4] if (one[2] or "").strip() == name else one[0], text),  # noqa: B023
            encoding="utf-8",
        )
