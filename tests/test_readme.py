"""What README.md shows is what the commands print. `python -m tests.test_readme` writes the real output into it."""

from __future__ import annotations

import re
import sys

from tests.pages import with_output
from tests.running import HOME

README = HOME / "README.md"


def real_readme() -> str:
    return with_output(README.read_text(encoding="utf-8"))


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
