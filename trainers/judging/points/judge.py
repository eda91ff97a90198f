"""Criticism judged by its points: which text makes more of those that the reference makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from trainers.judging.asking import Cost, JudgeOrder, Row, Watching, answers, lines_of
from trainers.judging.judges import Judge
from trainers.judging.measures import PairVerdict
from trainers.judging.pairs import Pair
from trainers.judging.points.matching import Similarities, disagreements, hits, in_both
from trainers.judging.points.questions import COMPARED, REFERENCE, EachText, InBothDirections, TwoLists, texts_of
from trainers.judging.points.tasks import PointExtraction, PointMatching

POINTS, MATCHES = "points.jsonl", "matches.jsonl"
VERDICTS = {1: PairVerdict("1", "2"), -1: PairVerdict("2", "1"), 0: PairVerdict("tie", "tie")}  # by who has more hits


@dataclass(frozen=True, slots=True)
class Compared:
    """The points of two texts: how many each has, how many are the same, and how far both orders say so."""

    first: int
    second: int
    hits: int
    alike: int = 0  # pairs of points that one order at least finds the same
    disagreed: int = 0  # of those the ones that only one order does


@dataclass
class PointsSaid:
    """What one judge came to, by the id of the pair; what a reply lacks for is not there."""

    judge: Judge
    compared: dict[str, dict[tuple[str, str], Compared]]
    point_rows: list[Row]
    match_rows: list[Row]
    verdicts: dict[str, PairVerdict] = field(init=False)

    def __post_init__(self) -> None:
        """More hits win. Of a pair without reference there is no verdict."""
        self.verdicts = {}
        for id, found in self.compared.items():
            a, b = (found.get((side, REFERENCE)) for side in ("a", "b"))
            if a and b:
                self.verdicts[id] = VERDICTS[(a.hits > b.hits) - (a.hits < b.hits)]

    @property
    def dead(self) -> int:
        """Questions without a valid reply."""
        in_points = sum("dead" in row for row in self.point_rows)
        return in_points + sum(len(row.get("dead", ())) for row in self.match_rows)


def judge_points(order: JudgeOrder, least: int, watching: Watching) -> tuple[dict[str, Any], Cost]:
    """Ask all judges and write the files; the figures, and what it took. `least` is the similarity that is a hit.

    What was answered before is not asked again; another `least` asks nothing. Raises SikuError as `synthesise` does.
    """
    from trainers.judging.points.figures import point_figures

    cost = Cost()
    said = [_ask(one, order, least, watching, cost) for one in order.judges]
    figures = point_figures(order, said, least)
    _write(order, said, figures)
    return figures, cost


def _ask(judge: Judge, order: JudgeOrder, least: int, watching: Watching, cost: Cost) -> PointsSaid:
    points, point_rows = _points(judge, order, watching, cost)
    lists = tuple(one for pair in order.joined.pairs for one in _lists_of(pair, points))
    replies = _replies(judge, lists, order, watching, cost)
    compared: dict[str, dict[tuple[str, str], Compared]] = {}
    rows: list[Row] = []
    for one in lists:
        reply = replies.get((one.id, one.sides), _Reply())
        row: Row = {"id": one.id, "judge": judge.name, "sides": list(one.sides)}
        if reply.dead:
            row |= {"dead": reply.dead}
        else:
            found, compared.setdefault(one.id, {})[one.sides] = _compared(one, reply.orders, least)
            row |= found
        rows.append(row | {"attempts": reply.attempts})
    return PointsSaid(judge, compared, point_rows, rows)


@dataclass
class _Reply:
    """What was said of two lists, by the order in which they were shown; lists without points are not asked about."""

    orders: dict[str, Similarities] = field(default_factory=dict)
    dead: dict[str, str] = field(default_factory=dict)
    attempts: int = 0


def _replies(
    judge: Judge, lists: Sequence[TwoLists], order: JudgeOrder, watching: Watching, cost: Cost
) -> dict[tuple[str, tuple[str, str]], _Reply]:
    asked = tuple(one for one in lists if one.first and one.second)
    said = [_Reply() for _ in asked]
    source = InBothDirections(lists=asked)
    for document, result in answers(judge, source, PointMatching(), order, watching, cost, "points compared"):
        reply, direction = said[document.meta["number"]], document.meta["order"]
        reply.attempts += result.attempts
        if result.dead:
            reply.dead[direction] = str(result.dead)
        else:
            reply.orders[direction] = _similarities(result.samples[0]["matches"], turned=direction == "21")
    return {(one.id, one.sides): reply for one, reply in zip(asked, said, strict=True)}


def _points(
    judge: Judge, order: JudgeOrder, watching: Watching, cost: Cost
) -> tuple[dict[tuple[str, str], tuple[str, ...]], list[Row]]:
    """The points of each text by pair and side; an empty text has none, one without a valid reply is not there."""
    pairs = order.joined.pairs
    points: dict[tuple[str, str], tuple[str, ...]] = {
        (pair.id, side): () for pair in pairs for side, text in texts_of(pair).items() if not text.strip()
    }
    rows: list[Row] = []
    source = EachText(pairs=pairs)
    for document, result in answers(judge, source, PointExtraction(), order, watching, cost, "points of each text"):
        id, side = document.meta["pair"], document.meta["part"]
        row: Row = {"id": id, "judge": judge.name, "side": side}
        if result.dead:
            rows.append(row | {"dead": str(result.dead), "attempts": result.attempts})
            continue
        points[id, side] = tuple(one.strip() for one in result.samples[0]["points"])
        rows.append(row | {"points": points[id, side], "attempts": result.attempts})
    return points, rows


def _lists_of(pair: Pair, points: Mapping[tuple[str, str], tuple[str, ...]]) -> list[TwoLists]:
    return [
        TwoLists(pair.id, sides, points[pair.id, sides[0]], points[pair.id, sides[1]])
        for sides in COMPARED
        if all((pair.id, side) in points for side in sides)
    ]


def _similarities(matches: Sequence[Mapping[str, int]], *, turned: bool) -> Similarities:
    """By the numbers of the points from 0, the first list's first, whichever was shown first."""
    names = ("second", "first") if turned else ("first", "second")
    return {(one[names[0]] - 1, one[names[1]] - 1): one["similarity"] for one in matches}


def _compared(one: TwoLists, said: Mapping[str, Similarities], least: int) -> tuple[Row, Compared]:
    """What `matches.jsonl` says of two lists, with points counted from 1; and its figures."""
    orders = (said.get("12", {}), said.get("21", {}))
    found = hits(in_both(*orders), len(one.first), len(one.second), least)
    pairs = sorted({*orders[0], *orders[1]})
    row = {
        "similarities": [[i + 1, j + 1, *(order.get((i, j), 1) for order in orders)] for i, j in pairs],
        "hits": [[hit.first + 1, hit.second + 1, hit.similarity] for hit in found],
    }
    return row, Compared(len(one.first), len(one.second), len(found), *disagreements(*orders, least))


def _write(order: JudgeOrder, said: Sequence[PointsSaid], figures: Mapping[str, Any]) -> None:
    """All files; `judge-points.json` is the last, so that where it is the others are whole."""
    from trainers.judging.points.page import as_markdown

    out = order.out
    out.mkdir(parents=True, exist_ok=True)
    (out / "judge-points.json").unlink(missing_ok=True)
    write_whole(out / POINTS, lines_of([row for one in said for row in one.point_rows]))
    write_whole(out / MATCHES, lines_of([row for one in said for row in one.match_rows]))
    write_whole(out / "judge-points.md", as_markdown(figures).encode())
    write_whole(out / "judge-points.json", orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
