"""The one kind of exception that a user is meant to read."""

from __future__ import annotations

import difflib
import os
import traceback
from collections.abc import Iterable

INTERRUPTED = 130  # exit code after Ctrl-C
SURELY_MEANT = 0.85  # so alike that no other name need be offered


class SikuError(Exception):
    """An error in four short lines: what happened, where, why, and what to do next.

    `exit_code` is what the command line returns: 2 wrong use, plan or machine; 3 a guard or quality
    gate refused; 4 endpoint or network.
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", next: str = "", exit_code: int = 2) -> None:
        super().__init__(what)
        self.what, self.where, self.why, self.next, self.exit_code = what, where, why, next, exit_code

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way from a worker process to its parent."""
        return (_rebuild, (self.what, self.where, self.why, self.next, self.exit_code))

    def lines(self) -> list[str]:
        parts = {"error": self.what, "where": self.where, "why": self.why, "next": self.next}
        return [f"{label + ':':<7}{text}" for label, text in parts.items() if text]


def _rebuild(what: str, where: str, why: str, next: str, exit_code: int) -> SikuError:
    return SikuError(what, where=where, why=why, next=next, exit_code=exit_code)


def as_siku_error(error: BaseException) -> SikuError:
    """What is said of an error: of any kind, for even a mistake in siku or in a private recipe is no traceback."""
    match error:
        case SikuError():
            return error
        case KeyboardInterrupt():
            return SikuError("interrupted", next="the same command goes on where it stopped", exit_code=INTERRUPTED)
        case OSError():
            where = os.fsdecode(error.filename or "")
            return SikuError(error.strerror or str(error), where=where, next="-v shows more")
    last = traceback.extract_tb(error.__traceback__)[-1]
    return SikuError(
        f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " "),
        where=f"{last.filename}, line {last.lineno}",
        why="this is a mistake in the recipe or in siku",
        next="-v shows the way there; if the mistake is in siku, please report it",
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for a misspelt name, or the list of what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    likeness = {one: difflib.SequenceMatcher(None, one, name).ratio() for one in close}
    if close and likeness[close[0]] > SURELY_MEANT:
        close = sorted(one for one in close if likeness[one] == likeness[close[0]])
    close = close or [one for one in names if len(name) > 2 and name.lower() in one.lower()]
    return f"did you mean {' or '.join(close)}?" if close else f"there is: {', '.join(names)}"
