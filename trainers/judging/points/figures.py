"""The figures of criticism judged by its points; all are functions of sums over rows (docs/judging.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trainers.judging.asking import JudgeOrder
from trainers.judging.figures import Names, heading, of_own_side, of_several
from trainers.judging.measures import POINTS, better_of, bootstrap, mean, ratio
from trainers.judging.points.questions import REFERENCE
from trainers.judging.points.tasks import PointExtraction, PointMatching

if TYPE_CHECKING:
    from trainers.judging.measures import Array
    from trainers.judging.points.judge import Compared, PointsSaid

SIDES = ("a", "b")


def point_figures(order: JudgeOrder, said: Sequence[PointsSaid], least: int) -> dict[str, Any]:
    """What `judge-points.json` holds."""
    names: Names = {"a": (order.a_name, order.a_model), "b": (order.b_name, order.b_model)}
    prompts = [f"{task.__name__}/{task.version}" for task in (PointExtraction, PointMatching)]
    figures = heading(order.joined, names, prompts)
    figures["with_reference"] = sum(bool(pair.reference.strip()) for pair in order.joined.pairs)
    figures["hit"] = least
    figures["judges"] = [_of_judge(one, said, names) for one in said]
    return figures | of_several(said, order.joined)


def _of_judge(one: PointsSaid, said: Sequence[PointsSaid], names: Names) -> dict[str, Any]:
    rows = [tuple(one.compared[id][side, REFERENCE] for side in SIDES) for id in one.verdicts]
    sides = [verdict.side for verdict in one.verdicts.values()]
    win_rate = mean([POINTS[side] for side in sides])
    found: dict[str, Any] = {
        "name": one.judge.name,
        "model": one.judge.model,
        "dead": one.dead,
        "pairs": len(sides),
        "wins_a": sides.count("a"),
        "wins_b": sides.count("b"),
        "ties": sides.count("tie"),
        "win_rate": win_rate.to_json(),
        "better": better_of(win_rate),
        "reference_points": sum(a.second for a, _ in rows),
        **{side: _of_side([row[place] for row in rows]) for place, side in enumerate(SIDES)},
        "f1_difference": bootstrap(_sums(rows), _f1_difference).to_json(),
        "shared": _of_shared([found[SIDES] for found in one.compared.values() if SIDES in found]),
        "orders": _of_orders([two for found in one.compared.values() for two in found.values()]),
    }
    return found | of_own_side(one, said, names)


def _of_side(rows: Sequence[Compared]) -> dict[str, Any]:
    hits = [float(one.hits) for one in rows]
    own, wanted = [float(one.first) for one in rows], [float(one.second) for one in rows]
    return {
        "points": int(sum(own)),
        "hits": int(sum(hits)),
        "precision": ratio(hits, own).to_json(),
        "recall": ratio(hits, wanted).to_json(),
        "f1": _f1(hits, own, wanted),
    }


def _f1(hits: Sequence[float], one: Sequence[float], two: Sequence[float]) -> dict[str, Any]:
    doubled = [2 * value for value in hits]
    return ratio(doubled, [a + b for a, b in zip(one, two, strict=True)]).to_json()


def _sums(rows: Sequence[tuple[Compared, ...]]) -> Array:
    """Of each row twice the hits of A, points of A and the reference, and the same of B."""
    import numpy as np

    values = [[value for one in row for value in (2 * one.hits, one.first + one.second)] for row in rows]
    return np.array(values, dtype=float).reshape(-1, 4)


def _f1_difference(sums: Array) -> Array:
    return sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]


def _of_shared(rows: Sequence[Compared]) -> dict[str, Any]:
    """What A and B have in common, references aside."""
    hits = [float(one.hits) for one in rows]
    a, b = [float(one.first) for one in rows], [float(one.second) for one in rows]
    return {
        "pairs": len(rows),
        "points_a": int(sum(a)),
        "points_b": int(sum(b)),
        "hits": int(sum(hits)),
        "share_of_a": ratio(hits, a).to_json(),
        "share_of_b": ratio(hits, b).to_json(),
        "f1": _f1(hits, a, b),
    }


def _of_orders(rows: Sequence[Compared]) -> dict[str, Any]:
    """How often the order in which the lists are shown decides whether two points are the same."""
    alike, disagreed = [float(one.alike) for one in rows], [float(one.disagreed) for one in rows]
    return {
        "alike": int(sum(alike)),
        "disagreed": int(sum(disagreed)),
        "share": ratio(disagreed, alike).to_json(),
    }
