"""Is one loss lower than another by more than chance? Two intervals of 95 %: over seeds, and over held-out rows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Interval = tuple[float, float]
RESAMPLES = 4000
# Student's t that 97.5 % lie below, for 1 degree of freedom and more.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
MOST_SEEDS = len(STUDENT) + 1


def over_seeds(differences: Sequence[float]) -> Interval | None:
    """Of the mean of differences, one a seed (2 to 16 of them), by Student's t; None for fewer than two."""
    count = len(differences)
    if count < 2:
        return None
    mean = statistics.fmean(differences)
    half = STUDENT[count - 2] * statistics.stdev(differences) / math.sqrt(count)
    return mean - half, mean + half


def over_rows(differences: NDArray[np.float64], tokens: NDArray[np.float64]) -> Interval | None:
    """Of the difference of two losses, by drawing rows again and again; None for fewer than two rows.

    `differences` are of the negative log-likelihood of each row, `tokens` how many it has. The percentile bootstrap
    (Efron 1979) of a ratio: long rows count for as much as they have tokens.
    """
    import numpy as np

    if len(tokens) < 2:
        return None
    dice = np.random.default_rng(0)
    drawn: list[Any] = []
    for _ in range(RESAMPLES):
        rows = dice.integers(0, len(tokens), len(tokens))
        drawn.append(differences[rows].sum() / tokens[rows].sum())
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return low, high


def better_of(intervals: Sequence[Interval | None]) -> str | None:
    """`b` where the loss of `a` is higher by all intervals, `a` where it is lower; None where one holds 0 or lacks."""
    known = [one for one in intervals if one is not None]
    if len(known) < len(intervals) or not known:
        return None
    if all(low > 0 for low, _ in known):
        return "b"
    return "a" if all(high < 0 for _, high in known) else None
