"""docs/judging.md shows what `siku judge` prints. `python -m tests.trainers.judging.test_judging_doc` renews it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import cli
from generators.demo.server import Endpoint
from tests.running import HOME, command
from tests.trainers.judging.scripted import Script, two_files
from trainers.judging.rubric import read_rubric
from validators.command_line import parse

PAGE = HOME / "docs" / "judging.md"
OUTPUT = re.compile(r"(<!-- output -->\n```console\n)(.*?)(```\n)", re.DOTALL)
WORDS = "judge --a A.jsonl --b B.jsonl --endpoint {} --endpoint {} --a-model judge-two --rubric --out out/judge-1"
SHOWN = ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8081/v1")
TOOK = re.compile(r"^.* requests, .* s$", re.MULTILINE)  # differs with the speed of the machine


def printed(folder: Path) -> str:
    a, b = two_files(folder, 400, 0.7)
    a.rename(folder / "A.jsonl")
    b.rename(folder / "B.jsonl")
    one, two = (
        Endpoint(Script(0.2, garbage=0.05), model="judge-one"),
        Endpoint(Script(0.4, seed="2"), model="judge-two"),
    )
    with one.running() as first, two.running() as second:
        words = command(*WORDS.format(first, second).split())
        told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout
    typed = WORDS.format(*SHOWN).replace(" --a-model", " \\\n    --a-model")
    return f"$ siku {typed}\n" + "".join(f"{line.rstrip()}\n" for line in told.splitlines() if line.strip())


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    found = OUTPUT.search(PAGE.read_text(encoding="utf-8"))
    assert found
    assert TOOK.sub("", found[2]) == TOOK.sub("", printed(tmp_path))


def test_every_line_of_siku_is_a_command_and_the_rubric_is_one(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"^(?:\$ )?siku (judge .*)$", page, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        parse(cli.make_parser(), shlex.split(line))
    rubric = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert rubric
    file = tmp_path / "rubric.json"
    file.write_text(rubric[1], encoding="utf-8")
    assert len(read_rubric(file).axes) == len(json.loads(rubric[1])["axes"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        shown = printed(Path(folder))
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(OUTPUT.sub(lambda found: found[1] + shown + found[3], page), encoding="utf-8")
