"""Figures of judging, each with a 95 % interval over pairs: win rates, position bias, agreement, self-preference.

All are functions of sums over pairs, so one percentile bootstrap (Efron 1979) serves them: pairs are drawn again and
again, always with the same seed. docs/judging.md has the formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RESAMPLES = 4000
SEED = 0
POINTS = {"a": 1.0, "tie": 0.5, "b": 0.0}  # what a verdict is worth to A
CLASSES = tuple(POINTS)


class Figure(NamedTuple):
    """A figure and its interval; None where there is nothing to divide by, or too little to draw from."""

    value: float | None
    interval: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "interval": self.interval}


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What one judge said of a pair when A was shown first (`ab`) and when B was: `1`, `2` or `tie` each.

    Texts that are equal are a tie that nobody was asked about: both are empty then.
    """

    ab: str = ""
    ba: str = ""

    @property
    def side(self) -> str:
        """`a`, `b` or `tie`: what both orders say alike, else a tie."""
        return "tie" if self.disagreed or not self.ab else side_of("ab", self.ab)

    @property
    def disagreed(self) -> bool:
        return bool(self.ab) and side_of("ab", self.ab) != side_of("ba", self.ba)

    @property
    def firsts(self) -> int:
        """How often the answer that was shown first won, of the two orders."""
        return (self.ab == "1") + (self.ba == "1")

    @property
    def seconds(self) -> int:
        return (self.ab == "2") + (self.ba == "2")


def side_of(order: str, winner: str) -> str:
    """The side that a verdict about places speaks for.

    >>> side_of("ab", "1"), side_of("ba", "1"), side_of("ba", "tie")
    ('a', 'b', 'tie')
    """
    return winner if winner == "tie" else order[int(winner) - 1]


def bootstrap(sums_of: Array, figure: Callable[[Array], Array]) -> Figure:
    """A figure of the sums over rows of `sums_of` (pairs x quantities), with its interval.

    `figure` takes sums (draws x quantities) and gives one number a draw, NaN where it cannot be divided.
    """
    import numpy as np

    count = len(sums_of)
    if not count:
        return Figure(None, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = float(figure(sums_of.sum(axis=0, keepdims=True))[0])
        if not np.isfinite(whole):
            return Figure(None, None)
        if count < 2:
            return Figure(whole, None)
        dice = np.random.default_rng(SEED)
        drawn = np.stack(
            [np.bincount(dice.integers(0, count, count), minlength=count) @ sums_of for _ in range(RESAMPLES)]
        )
        values = figure(drawn)
    low, high = np.quantile(values[np.isfinite(values)], [0.025, 0.975]).tolist()
    return Figure(whole, (low, high))


def ratio(above: Sequence[float], below: Sequence[float], shift: float = 0.0) -> Figure:
    """The sum of `above` by the sum of `below` over pairs, plus `shift`."""
    import numpy as np

    return bootstrap(np.array([above, below], dtype=float).T, lambda sums: sums[:, 0] / sums[:, 1] + shift)


def mean(values: Sequence[float]) -> Figure:
    return ratio(values, [1.0] * len(values))


def better_of(win_rate: Figure) -> str | None:
    """The side whose win rate is above one half by more than chance; None where the interval holds one half."""
    if win_rate.interval is None:
        return None
    low, high = win_rate.interval
    return "a" if low > 0.5 else "b" if high < 0.5 else None


def preference(verdicts: Sequence[PairVerdict]) -> dict[str, Any]:
    """Counts and win rates of A over the pairs of one judge."""
    points = [POINTS[one.side] for one in verdicts]
    steady = [float(not one.disagreed) for one in verdicts]
    first_order = [POINTS[side_of("ab", one.ab or "tie")] for one in verdicts]
    win_rate = mean(points)
    return {
        "pairs": len(verdicts),
        "wins_a": sum(one.side == "a" for one in verdicts),
        "wins_b": sum(one.side == "b" for one in verdicts),
        "ties": sum(one.side == "tie" for one in verdicts),
        "disagreed": sum(one.disagreed for one in verdicts),
        "win_rate": win_rate.to_json(),
        "win_rate_consistent": ratio([a * b for a, b in zip(points, steady, strict=True)], steady).to_json(),
        "win_rate_a_first": mean(first_order).to_json(),
        "better": better_of(win_rate),
    }


def position(verdicts: Sequence[PairVerdict]) -> dict[str, Any]:
    """How often the place decided: over both orders of all pairs, ties left out."""
    firsts = [float(one.firsts) for one in verdicts]
    seconds = [float(one.seconds) for one in verdicts]
    decided = [one + two for one, two in zip(firsts, seconds, strict=True)]
    net = [one - two for one, two in zip(firsts, seconds, strict=True)]
    return {
        "first": int(sum(firsts)),
        "second": int(sum(seconds)),
        "tie": sum((one.ab == "tie") + (one.ba == "tie") for one in verdicts),
        "bias": ratio(firsts, decided, -0.5).to_json(),
        "follows_place": ratio(net, decided).to_json(),
    }


def agreement(one: Sequence[str], two: Sequence[str]) -> dict[str, Any]:
    """Of two judges' verdicts about the same pairs: the share of equal ones, and Cohen's kappa (Cohen 1960)."""
    import numpy as np

    cells = np.zeros((len(one), len(CLASSES) ** 2))
    for row, (first, second) in enumerate(zip(one, two, strict=True)):
        cells[row, CLASSES.index(first) * len(CLASSES) + CLASSES.index(second)] = 1
    share = bootstrap(cells, lambda sums: _equal(sums) / sums.sum(axis=1))
    return {"pairs": len(one), "share": share.to_json(), "kappa": bootstrap(cells, _kappa).to_json()}


def _equal(sums: Array) -> Array:
    """How many verdicts are equal: the diagonal of each table."""
    size = len(CLASSES)
    equal: Array = sums[:, :: size + 1].sum(axis=1)
    return equal


def _kappa(sums: Array) -> Array:
    size = len(CLASSES)
    shares = sums.reshape(-1, size, size) / sums.sum(axis=1)[:, None, None]
    by_chance = (shares.sum(axis=2) * shares.sum(axis=1)).sum(axis=1)
    observed = _equal(sums) / sums.sum(axis=1)
    kappa: Array = (observed - by_chance) / (1 - by_chance)
    return kappa


def self_preference(own: Sequence[PairVerdict], others: Sequence[Sequence[PairVerdict]], side: str) -> dict[str, Any]:
    """By how much a judge rates its own side higher than judges do that wrote neither, over the same pairs.

    `others` are their verdicts, a sequence for each of them; without any the figure is None. Verdicts that contradict
    themselves are left out: as ties they would make a judge with more position bias look modest.
    """
    import numpy as np

    mine = np.array([_points_to(side, one) for one in own], dtype=float).reshape(-1, 2)
    theirs = np.zeros_like(mine)
    for said in others:
        theirs += np.array([_points_to(side, one) for one in said], dtype=float).reshape(-1, 2)
    both = np.hstack([mine, theirs])
    return {
        "side": side,
        "pairs": len(own),
        "own_win_rate": bootstrap(mine, lambda sums: sums[:, 0] / sums[:, 1]).to_json(),
        "others_win_rate": bootstrap(theirs, lambda sums: sums[:, 0] / sums[:, 1]).to_json(),
        "difference": bootstrap(both, lambda sums: sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]).to_json(),
    }


def _points_to(side: str, verdict: PairVerdict) -> tuple[float, float]:
    """What a verdict is worth to a side, and whether it counts."""
    if verdict.disagreed:
        return 0.0, 0.0
    return (POINTS[verdict.side] if side == "a" else 1 - POINTS[verdict.side]), 1.0


def panel(verdicts: Sequence[Sequence[str]]) -> list[str]:
    """For each pair what most judges say: the side with more of them, a tie where there are as many for both.

    >>> panel([["a", "a", "tie"], ["tie", "b", "b"], ["tie", "b", "a"]])
    ['a', 'b', 'tie']
    """
    found: list[str] = []
    for said in zip(*verdicts, strict=True):
        lead = sum(one == "a" for one in said) - sum(one == "b" for one in said)
        found.append("a" if lead > 0 else "b" if lead < 0 else "tie")
    return found


def scored(a: Sequence[float], b: Sequence[float]) -> dict[str, Any]:
    """Mean scores of both sides over the same pairs, and their difference."""
    return {
        "pairs": len(a),
        "mean_a": mean(a).to_json(),
        "mean_b": mean(b).to_json(),
        "difference": mean([one - two for one, two in zip(a, b, strict=True)]).to_json(),
    }
