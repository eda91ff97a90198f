"""docs/versions.md shows what the commands print. `python -m tests.test_versions_doc` writes the real output into it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.running import HOME, command

PAGE = HOME / "docs" / "versions.md"
BLOCK = re.compile(r"```console\n\$ (.*)\n([^`]*)```")
CHANGING = (  # what is another every time, or with other versions of packages
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "2026-11-27 09:30"),
    (re.compile(r"\d+\.\d s\b"), "0.3 s"),
    (re.compile(r"[\d,.]+ (?:kB|MB|bytes)"), "50.0 kB"),
    (re.compile(r"(@\S+(?:, written by \S+)?, )[0-9a-f]{12}$", re.MULTILINE), r"\g<1>3f2a9c1b7d20"),
)


def run_block(line: str, folder: Path) -> str:
    """The output of one `siku …` line; of `list` what comes after the recipes."""
    run = subprocess.run(
        command(*line.split()[1:]),
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    text = run.stdout
    if line == "siku list":
        text = text[text.index(" dataset ") :]
    for pattern, instead in CHANGING:
        text = pattern.sub(instead, text)
    rows = [row.rstrip() for row in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip("\n") + "\n" if text.strip() else ""


def real_page() -> str:
    """The page with what its commands print, one after the other in one folder."""
    with tempfile.TemporaryDirectory() as folder:
        text = PAGE.read_text(encoding="utf-8")
        return BLOCK.sub(lambda found: f"```console\n$ {found[1]}\n{run_block(found[1], Path(folder))}```", text)


@pytest.mark.slow
def test_the_page_shows_real_output() -> None:
    assert real_page() == PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(real_page(), encoding="utf-8")
    sys.exit(0)
