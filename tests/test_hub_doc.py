"""docs/hub.md: its lines of siku are commands, and what it tells of numbers is so."""

from __future__ import annotations

import re
import shlex

from tests.running import HOME

PAGE = (HOME / "docs" / "hub.md").read_text(encoding="utf-8")


def test_every_line_of_siku_is_a_command_as_people_type_it() -> None:
    import cli
    from validators.command_line import parse

    shell = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    lines = [shlex.split(line, comments=True)[1:] for line in shell.splitlines() if line.startswith("siku ")]
    assert {words[0] for words in lines} == {"push", "pull", "verify"}
    for words in lines:
        assert parse(cli.make_parser(), words).run


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    from builders.publish.hub import commands, pull, push, remote

    assert (push.CONFLICTS, remote.TRIES, remote.PATIENCE_S) == (3, 5, 120)
    assert commands.TRIES.settings["default"] == remote.TRIES
    assert f"OUT/{(pull.STORE / pull.PULLS).as_posix()}" in PAGE


def test_the_keys_of_the_json_are_told() -> None:
    from dataclasses import fields

    from builders.publish.hub.pull import Pulled
    from builders.publish.hub.push import Pushed

    for kind in (Pushed, Pulled):
        assert f"`{', '.join(field.name for field in fields(kind))}`" in PAGE
