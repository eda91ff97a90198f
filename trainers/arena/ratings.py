"""How strong models are, by votes: Bradley-Terry and Elo, with 95 % intervals by drawing votes again and again.

Both are told on Elo's scale: 400 points more are odds of ten to one. docs/arena.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from trainers.judging.measures import SEED, Figure, bootstrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PRIOR = 0.1  # of a win each way between any two models, whether they met or not
MIDDLE, SCALE = 1000.0, 400.0
ELO_STEP = 16.0  # points that a surprising win is worth
ELO_RESAMPLES = 1000  # each goes through all votes, one after the other
ROUNDS, PRECISION = 2000, 1e-7


def strengths(points: Array) -> Array:
    """Draws x models, on Elo's scale around MIDDLE, from points (draws x models x models) of each against each other.

    Bradley and Terry (1952) by the minorisation of Hunter (2004): p_i = w_i / sum_j n_ij / (p_i + p_j). PRIOR keeps
    those finite that never lost or never won.
    """
    import numpy as np

    models = points.shape[1]
    points = points + PRIOR * (1 - np.eye(models))
    played, won = points + points.transpose(0, 2, 1), points.sum(axis=2)
    found = np.ones_like(won)
    left = np.arange(len(found))  # draws that have not settled yet
    for _ in range(ROUNDS):
        now = found[left]
        better = won[left] / (played[left] / (now[:, :, None] + now[:, None, :])).sum(axis=2)
        better /= np.exp(np.log(better).mean(axis=1, keepdims=True))
        found[left] = better
        left = left[(np.abs(np.log(better / now)) > PRECISION).any(axis=1)]
        if not len(left):
            break
    ratings: Array = MIDDLE + SCALE * np.log10(found)
    return ratings


def bradley_terry(points: Array) -> list[Figure]:
    """The strength of each model with its interval, from points of each vote (votes x models x models)."""
    votes, models = points.shape[:2]
    solved: dict[int, Array] = {}  # every figure draws the same votes, since the seed is the same

    def strength(model: int, sums: Array) -> Array:
        if len(sums) not in solved:
            solved[len(sums)] = strengths(sums.reshape(-1, models, models))
        return solved[len(sums)][:, model]

    flat = points.reshape(votes, models * models)
    return [bootstrap(flat, partial(strength, model)) for model in range(models)]


def elo(points: Array, order: NDArray[np.int64]) -> Array:
    """Draws x models: ratings after the votes in `order` (draws x votes), one by one, from MIDDLE on (Elo 1978).

    In a vote on several models each plays each other at once, by the ratings before it.
    """
    import numpy as np

    ratings = np.full((len(order), points.shape[1]), MIDDLE)
    for now in order.T:
        got = points[now]
        expected = 1 / (1 + 10 ** ((ratings[:, None, :] - ratings[:, :, None]) / SCALE))
        ratings += ELO_STEP * (got - (got + got.transpose(0, 2, 1)) * expected).sum(axis=2)
    return ratings


def elo_figures(points: Array) -> list[Figure]:
    """The rating of each model in the order of the votes; the interval is over votes drawn again, in any order."""
    import numpy as np

    votes = len(points)
    as_it_was = elo(points, np.arange(votes)[None, :])[0]
    if votes < 2:
        return [Figure(float(one), None) for one in as_it_was]
    drawn = elo(points, np.random.default_rng(SEED).integers(0, votes, (ELO_RESAMPLES, votes)))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return [Figure(float(one), (float(a), float(b))) for one, a, b in zip(as_it_was, low, high, strict=True)]


def groups(points: Array) -> list[list[int]]:
    """Models that were compared with each other, if only by way of others; more than one group has no common scale."""
    met = points.sum(axis=0) + points.sum(axis=0).T > 0
    left, found = set(range(len(met))), []
    while left:
        group, new = set[int](), {min(left)}
        while new:
            group |= new
            new = {other for one in new for other in range(len(met)) if met[one, other]} - group
        found.append(sorted(group))
        left -= group
    return found


def ranks(figures: Sequence[Figure]) -> list[int]:
    """One more than how many are better by more than chance: their interval lies above this one's."""
    return [
        1 + sum(bool(one.interval and other.interval and other.interval[0] > one.interval[1]) for other in figures)
        for one in figures
    ]
