"""How far people who judged the same things agree, beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, combinations
from typing import Literal

Level = Literal["nominal", "ordinal", "interval"]
Value = str | float  # of `ordinal` and `interval` numbers only


def krippendorff_alpha(units: Iterable[Sequence[Value]], level: Level = "nominal") -> float | None:
    """1 for perfect agreement, 0 for that of chance, below it for worse; None where nothing can be said.

    Each unit is what was said of one thing, by however many people; what is missing is left out. Nothing can be said
    where no unit has two values, or where all values are the same. Method: Krippendorff, "Computing Krippendorff's
    Alpha-Reliability" (2011), with the coincidence matrix.

    >>> krippendorff_alpha([("a", "b"), ("a", "a"), ("b", "b")])
    0.4444444444444444
    """
    coincidences: dict[tuple[Value, Value], float] = {}
    for unit in units:
        values = Counter(unit)
        count = values.total()
        if count < 2:
            continue
        for one in values:
            for other in values:
                pairs = values[one] * (values[other] - (one == other))
                coincidences[one, other] = coincidences.get((one, other), 0.0) + pairs / (count - 1)
    totals: dict[Value, float] = {}
    for (one, _), share in coincidences.items():
        totals[one] = totals.get(one, 0.0) + share
    distance = _distance(totals, level)
    observed = sum(share * distance(*pair) for pair, share in coincidences.items())
    expected = sum(totals[one] * totals[other] * distance(one, other) for one in totals for other in totals)
    if not expected:
        return None
    return 1 - (sum(totals.values()) - 1) * observed / expected


def _distance(totals: dict[Value, float], level: Level) -> Callable[[Value, Value], float]:
    """How far two values are apart, squared. `totals`: how often each was said."""
    if level == "nominal":
        return lambda one, other: float(one != other)
    if wrong := [value for value in totals if isinstance(value, str)]:
        raise ValueError(f"{wrong[0]!r} is no number, which {level} values are")
    if level == "interval":
        return lambda one, other: (float(one) - float(other)) ** 2
    ranked = sorted(totals, key=float)
    sums = list(accumulate(totals[value] for value in ranked))
    place = {value: total - totals[value] / 2 for value, total in zip(ranked, sums, strict=True)}
    return lambda one, other: (place[one] - place[other]) ** 2


def cohen_kappa(pairs: Sequence[tuple[Value, Value]]) -> float | None:
    """Agreement of two people beyond what each one's habits would give by chance (Cohen 1960).

    Each pair is what the first and the second said of one thing. None without pairs, and where both always said the
    same one thing.
    """
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(first[value] * second[value] for value in first)
    if by_chance == len(pairs) ** 2:  # also where there are none
        return None
    expected = by_chance / len(pairs) ** 2
    return (sum(one == other for one, other in pairs) / len(pairs) - expected) / (1 - expected)


def share_alike(units: Iterable[Sequence[Value]]) -> float | None:
    """The share of pairs of values within units that are the same; None where there is no pair."""
    pairs = [one == other for unit in units for one, other in combinations(unit, 2)]
    return sum(pairs) / len(pairs) if pairs else None
