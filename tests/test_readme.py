"""What README.md shows is what the commands print. `python -m tests.test_readme` writes the real output into it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.running import HOME, command

README = HOME / "README.md"
BLOCK = re.compile(r"```console\n\$ (.*)\n([^`]*)```")


def run_block(line: str, folder: Path) -> str:
    """The output of one `siku …` line as the README shows it: without colours, trailing blanks and times."""
    words = line.split()[1:]
    run = subprocess.run(
        command(*words), cwd=folder, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"}, check=False
    )
    assert run.returncode == 0, run.stderr
    text = re.sub(r"\d+\.\d s\b", "… s", run.stdout)
    return "\n".join(row.rstrip() for row in text.split("\n")).strip("\n") + "\n"


def real_readme() -> str:
    with tempfile.TemporaryDirectory() as folder:
        text = README.read_text(encoding="utf-8")
        return BLOCK.sub(lambda found: f"```console\n$ {found[1]}\n{run_block(found[1], Path(folder))}```", text)


def test_the_readme_shows_real_output() -> None:
    assert real_readme() == README.read_text(encoding="utf-8")


def test_every_command_is_in_the_readme() -> None:
    import cli

    text = README.read_text(encoding="utf-8")
    words = [one.name.partition(" ")[0] for one in cli.COMMANDS]
    assert [word for word in words if not re.search(rf"^    {word}\s", text, re.MULTILINE)] == []


def test_both_readmes_have_the_same_commands() -> None:
    chinese = (HOME / "README.zh-CN.md").read_text(encoding="utf-8")
    english = README.read_text(encoding="utf-8")
    for line in re.findall(r"^(?:pip install|siku (?:build|diff)) .*$", english, re.MULTILINE):
        assert line in chinese, line


if __name__ == "__main__":
    README.write_text(real_readme(), encoding="utf-8")
    sys.exit(0)
