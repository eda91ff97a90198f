"""Pages of the documentation that show what commands print: the real output, laid into the page."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.running import command

CONSOLE = re.compile(r"```console\n\$ (.*)\n([^`]*)```")
Changes = Iterable[tuple[re.Pattern[str], str]]
TIMES = ((re.compile(r"\d+\.\d+ s\b"), "… s"),)


def printed(line: str, folder: Path, changes: Changes = TIMES, *, may_fail: bool = False) -> str:
    """What one `siku …` line prints in a folder; of one that is refused, the error.

    Without colours and trailing blanks; `changes` are for what is another every time.
    """
    run = subprocess.run(
        command(*line.split()[1:]),
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
        check=False,
    )
    assert may_fail or run.returncode == 0, run.stderr
    text = run.stdout or (run.stderr if may_fail else "")
    for pattern, instead in changes:
        text = pattern.sub(instead, text)
    text = "\n".join(row.rstrip() for row in text.split("\n")).strip("\n")
    return f"{text}\n" if text else ""


def with_output(page: str, changes: Changes = TIMES, *, folder: Path | None = None, may_fail: bool = False) -> str:
    """A page with what its commands print, one after the other in one folder (default: a new one)."""
    with tempfile.TemporaryDirectory() as scratch:
        here = folder or Path(scratch)
        return CONSOLE.sub(
            lambda found: f"```console\n$ {found[1]}\n{printed(found[1], here, changes, may_fail=may_fail)}```", page
        )
