"""docs/arena.md shows what `siku arena --table` prints. `python -m tests.trainers.arena.test_arena_doc` renews it."""

from __future__ import annotations

import random
import re
import shlex
import tempfile
from pathlib import Path

import cli
from tests.pages import with_output
from tests.running import HOME
from trainers.arena import presets, ratings
from trainers.arena.votes import store_at
from validators.command_line import parse

PAGE = HOME / "docs" / "arena.md"
STRENGTHS = {"base": 900, "tuned": 1000, "merged": 1100}


def shown(folder: Path) -> str:
    """The page with the table of votes of which the truth is known."""
    dice, store = random.Random(4), store_at(folder / "out" / "arena")
    for number in range(300):
        one, other = dice.sample(sorted(STRENGTHS), 2)
        wins = dice.random() < 1 / (1 + 10 ** ((STRENGTHS[other] - STRENGTHS[one]) / 400))
        tiers = [[one], [other]] if wins else [[other], [one]]
        choice = "best"
        if dice.random() < 0.1:
            choice, tiers = "tie", [[one, other]]
        store.append(f"c{number}", "王五", choice=choice, tiers=tiers)
    return with_output(PAGE.read_text(encoding="utf-8"), folder=folder)


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    assert PAGE.read_text(encoding="utf-8") == shown(tmp_path)


def test_every_line_of_siku_is_a_command_and_its_figures_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    lines = re.findall(r"^(?:\$ )?siku (arena .*)$", page, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        args = parse(cli.make_parser(), shlex.split(line))
        assert (args.first_token_timeout, args.token_timeout) == (60, 30)
    for figure in (f"{ratings.PRIOR:g} wins", f"grows by {ratings.ELO_STEP:g}", f"{ratings.ELO_RESAMPLES:,} times"):
        assert figure in page
    assert all(name in page for name in presets.COLUMNS) and f"At most {presets.MOST}" in page


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(shown(Path(folder)), encoding="utf-8")
