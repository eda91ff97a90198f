"""Krippendorff's alpha with its interval: rows are drawn again and again, each with all that was said of its texts.

Alpha depends on nothing but the sum of the coincidences of rows, so one matrix product serves each draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trainers.judging.measures import SEED, Figure
from validators.agreement import Level, Value, krippendorff_alpha

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RESAMPLES = 1000
DRAWS_AT_ONCE = 50  # of tables of coincidences, which are large where there are many values

Units = Mapping[str, Sequence[Sequence[Value]]]  # by row: what was said of each of its texts


def alpha(units: Units, level: Level) -> dict[str, Any]:
    """Alpha over all texts, its interval, and how many texts two or more spoke of (`texts`).

    `value` is None where nobody can be compared, or all say the same; `interval` where there are fewer than two rows.
    """
    whole = [unit for row in units.values() for unit in row]
    shared = sum(len(unit) > 1 for unit in whole)
    value = krippendorff_alpha(whole, level)
    rows = [[unit for unit in row if len(unit) > 1] for row in units.values()]
    interval = _interval([row for row in rows if row], level) if value is not None else None
    return {"texts": shared, **Figure(value, interval).to_json()}


def _interval(rows: Sequence[Sequence[Sequence[Value]]], level: Level) -> tuple[float, float] | None:
    import numpy as np

    if len(rows) < 2:
        return None
    values = sorted({value for row in rows for unit in row for value in unit}, key=_order)
    tables = np.array([_coincidences(row, values) for row in rows])
    dice = np.random.default_rng(SEED)
    found: list[float] = []
    for begin in range(0, RESAMPLES, DRAWS_AT_ONCE):
        size = min(DRAWS_AT_ONCE, RESAMPLES - begin)
        counts = np.stack(
            [np.bincount(dice.integers(0, len(rows), len(rows)), minlength=len(rows)) for _ in range(size)]
        )
        drawn = (counts @ tables).reshape(size, len(values), len(values))
        found += [one for one in _alphas(drawn, level).tolist() if np.isfinite(one)]
    if not found:
        return None
    low, high = np.quantile(found, [0.025, 0.975]).tolist()
    return low, high


def _order(value: Value) -> tuple[bool, Value]:
    return isinstance(value, str), value


def _coincidences(row: Sequence[Sequence[Value]], values: Sequence[Value]) -> Array:
    """How often two values were said of one text of a row, flat: values x values."""
    import numpy as np

    place = {value: number for number, value in enumerate(values)}
    table = np.zeros((len(values), len(values)))
    for unit in row:
        said = Counter(unit)
        for one, count in said.items():
            for other, others in said.items():
                table[place[one], place[other]] += count * (others - (one == other)) / (len(unit) - 1)
    return table.ravel()


def _alphas(tables: Array, level: Level) -> Array:
    """Alpha of each table of coincidences (draws x values x values); NaN where all values are the same."""
    import numpy as np

    totals = tables.sum(axis=2)
    if level == "nominal":
        distance = np.broadcast_to(1 - np.eye(tables.shape[1]), tables.shape)
    else:
        places = np.cumsum(totals, axis=1) - totals / 2
        distance = (places[:, :, None] - places[:, None, :]) ** 2
    observed = (tables * distance).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * distance).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = 1 - (totals.sum(axis=1) - 1) * observed / expected
    return found
