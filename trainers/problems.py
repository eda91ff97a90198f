"""Names in a message, of which there may be many."""

from __future__ import annotations

from collections.abc import Sequence

MAX_NAMED = 5  # ids that a message names


def some_of(names: Sequence[str], most: int = MAX_NAMED, count: int | None = None) -> str:
    """The first names, and how many more there are; `count` is how many there are where not all are given.

    >>> some_of(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    named = names[:most]
    left = (len(names) if count is None else count) - len(named)
    return ", ".join(named) + (f" and {left:,} more" if left else "")
