"""Mistakes of a user that are found one by one and told all at once."""

from __future__ import annotations

from collections.abc import Sequence

from validators.errors import SikuError

MAX_NAMED = 5  # ids that a message names


def raise_together(problems: Sequence[SikuError]) -> None:
    """Nothing for no problems; else one SikuError (exit 2) of four lines that tells them all."""
    if not problems:
        return
    if len(problems) == 1:
        raise problems[0]
    places = dict.fromkeys(problem.where for problem in problems if problem.where)
    raise SikuError(
        f"{len(problems)} things are wrong",
        where=", ".join(places),
        why="\n       ".join(f"{problem.what}{f' ({problem.why})' if problem.why else ''}" for problem in problems),
        next="\n       ".join(dict.fromkeys(problem.next for problem in problems if problem.next)),
    )


def some_of(names: Sequence[str], most: int = MAX_NAMED, count: int | None = None) -> str:
    """The first names, and how many more there are; `count` is how many there are where not all are given.

    >>> some_of(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    named = names[:most]
    left = (len(names) if count is None else count) - len(named)
    return ", ".join(named) + (f" and {left:,} more" if left else "")
