"""Points of two texts matched: as many pairs as can be, each point in one pair at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOWEST, HIGHEST = 1, 10  # how alike two points are
LEAST_TOLD = 3  # similarities below that need not be listed
HIT = 7  # similarity from which on two points are the same, as in the paper-review project
PREFER = 1000  # one hit more counts for more than any sum of similarities

Similarities = Mapping[tuple[int, int], int]  # by the numbers of two points, from 0; what is not there is not alike


@dataclass(frozen=True, slots=True)
class Hit:
    """Two points that are the same, by their numbers from 0, and how alike they are."""

    first: int
    second: int
    similarity: int


def in_both(one: Similarities, two: Similarities) -> dict[tuple[int, int], int]:
    """The lower of what both orders say, so that a pair that only one of them finds alike is no hit.

    >>> in_both({(0, 0): 9, (0, 1): 8}, {(0, 0): 7})
    {(0, 0): 7}
    """
    return {pair: min(one[pair], two[pair]) for pair in one if pair in two}


def hits(similarities: Similarities, first: int, second: int, least: int = HIT) -> list[Hit]:
    """The matching with most hits, and of those the one with the highest sum of similarities; in the order of `first`.

    `first` and `second` are how many points there are. An exact assignment (Crouse 2016, as scipy has it): taking the
    most alike pair first may cost a hit.

    >>> hits({(0, 0): 10, (0, 1): 9, (1, 0): 8}, 2, 2)
    [Hit(first=0, second=1, similarity=9), Hit(first=1, second=0, similarity=8)]
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

    alike = {pair: value for pair, value in similarities.items() if value >= least}
    if not alike:
        return []
    worth = np.zeros((first, second))
    for pair, value in alike.items():
        worth[pair] = PREFER + value
    chosen: Sequence[tuple[int, int]] = list(
        zip(*(places.tolist() for places in linear_sum_assignment(worth, maximize=True)), strict=True)
    )
    return [Hit(*pair, alike[pair]) for pair in chosen if pair in alike]


def disagreements(one: Similarities, two: Similarities, least: int = HIT) -> tuple[int, int]:
    """How many pairs of points are alike in one order at least, and how many of them in one order only."""
    high = [{pair for pair, value in order.items() if value >= least} for order in (one, two)]
    return len(high[0] | high[1]), len(high[0] ^ high[1])
