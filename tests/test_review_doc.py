"""docs/review.md shows what the commands print. `python -m tests.test_review_doc` writes the real output into it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson
import pytest

from builders.publish.local_page.notebook import Notebook
from builders.review.decisions import Decision, decision_of
from tests.pages import TIMES, with_output
from tests.running import HOME, command

PAGE = HOME / "docs" / "review.md"
DECISIONS = re.compile(r"```json\n([^`]*)```")


def decisions() -> str:
    found = DECISIONS.search(PAGE.read_text(encoding="utf-8"))
    assert found
    return found[1]


def real_page(folder: Path) -> str:
    """The page after the decisions that it shows."""
    subprocess.run(command("build", "novel-pretrain", "-q"), cwd=folder, check=True)
    (folder / "out" / "novel-pretrain" / "1.reviews.jsonl").write_text(decisions(), encoding="utf-8")
    return with_output(PAGE.read_text(encoding="utf-8"), TIMES, folder=folder)


def test_its_lines_are_those_of_the_notebook(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(decisions(), encoding="utf-8")
    notebook = Notebook(path)
    said = [decision_of(entry) for entry in notebook.newest().values()]
    assert len(said) == 7 and all(isinstance(one, Decision) for one in said) and notebook.torn == 0
    for line in decisions().splitlines():
        assert orjson.dumps(orjson.loads(line)).decode() == line


@pytest.mark.slow
def test_the_page_shows_real_output(tmp_path: Path) -> None:
    assert real_page(tmp_path) == PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        PAGE.write_text(real_page(Path(scratch)), encoding="utf-8")
    sys.exit(0)
