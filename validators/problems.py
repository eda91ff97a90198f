"""Mistakes of a user that are found one by one and told all at once, with what, where, why and next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from validators.command_line import Args, Command
from validators.errors import SikuError

BEFORE = "it is looked at before any work is begun"  # why something is an error already, where nothing else is said

Found = TypeVar("Found")


def attempt(find: Callable[[], Found], problems: list[SikuError]) -> Found | None:
    """What is found, or None and one problem more."""
    try:
        return find()
    except SikuError as error:
        problems.append(error)
        return None


def raise_together(problems: Sequence[SikuError]) -> None:
    """Nothing for no problems; else one SikuError (exit 2) that tells them all."""
    if not problems:
        return
    if len(problems) == 1:
        raise problems[0]
    raise SikuError(
        f"{len(problems)} things are wrong",
        where=", ".join(dict.fromkeys(problem.where for problem in problems if problem.where)),
        why="; ".join(f"{problem.what}{f' ({problem.why})' if problem.why else ''}" for problem in problems),
        next="; ".join(dict.fromkeys(problem.next for problem in problems if problem.next)),
    )


def in_four_lines(command: Command) -> Command:
    """The same command, whose errors have all four lines."""

    def run(args: Args) -> int:
        try:
            return command.run(args)
        except SikuError as error:
            raise complete(error, f"siku {command.name}") from error

    return replace(command, run=run)


def complete(error: SikuError, words: str) -> SikuError:
    """An error with what, where, why and next, a line each; `words` are what was typed. Behind a colon is the reason.

    >>> print("\\n".join(complete(SikuError("--set seed=x: it must be a whole number"), "siku train sft").lines()))
    error: --set seed=x
    where: siku train sft
    why:   it must be a whole number
    next:  siku train sft --help
    """
    what, reason = error.what, error.why
    if not reason and ": " in what:
        what, _, reason = what.partition(": ")
    said = (what, error.where or words, reason or BEFORE, error.next or f"{words} --help")
    one, where, why, next = (" ".join(part.splitlines()) for part in said)
    return SikuError(one, where=where, why=why, next=next, exit_code=error.exit_code)
