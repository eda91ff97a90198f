"""Two models side by side: every judge asked about every pair in both orders, and what its verdicts come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from builders.document import Meta
from builders.engine.manifest import write_whole
from generators.task import Sample, Task
from trainers.judging.asking import Cost, JudgeOrder, Row, Watching, answers, lines_of
from trainers.judging.figures import figures_of
from trainers.judging.judges import Judge
from trainers.judging.measures import PairVerdict, side_of
from trainers.judging.pairs import Pair, item_of
from trainers.judging.questions import ORDERS, SIDES, InBothOrders, OneByOne, Questions
from trainers.judging.tasks import PairJudging, RubricJudging

JUDGEMENTS, SCORES = "judgements.jsonl", "scores.jsonl"


@dataclass
class Said:
    """What one judge came to: verdicts and scores by the id of the pair; pairs that a reply lacks for are not there."""

    judge: Judge
    verdicts: dict[str, PairVerdict]
    scores: dict[str, dict[str, dict[str, int]]]  # of a pair, of a side, of an axis
    judgements: list[Row]
    score_rows: list[Row]

    @property
    def dead(self) -> int:
        """Questions without a valid reply."""
        return sum("dead" in row for row in (*self.judgements, *self.score_rows))


def judge(order: JudgeOrder, watching: Watching) -> tuple[dict[str, Any], Cost]:
    """Ask all judges and write the files; the figures, and what it took. What was answered before is not asked again.

    `watching` makes what shows how far a judge is. Raises SikuError as `synthesise` does: exit 3 above `max_failed`, 4
    where an endpoint is to blame, 130 after Ctrl-C.
    """
    cost = Cost()
    said = [_ask(one, order, watching, cost) for one in order.judges]
    names = {"a": (order.a_name, order.a_model), "b": (order.b_name, order.b_model)}
    figures = figures_of(order.joined, said, names, order.rubric)
    _write(order, said, figures)
    return figures, cost


def _ask(judge: Judge, order: JudgeOrder, watching: Watching, cost: Cost) -> Said:
    pairs = order.joined.pairs
    judgements = _rows(judge, InBothOrders(pairs=pairs), PairJudging(), order, watching, cost)
    scores: list[Row] = []
    if order.rubric is not None:
        axes = tuple((axis.name, axis.description) for axis in order.rubric.axes)
        task = RubricJudging(axes=axes, highest=order.rubric.highest)
        scores = _rows(judge, OneByOne(pairs=pairs), task, order, watching, cost)
    for row in judgements:
        row["side"] = None if "dead" in row else side_of(row["order"], row["winner"])
    return Said(judge, _verdicts(pairs, judgements), _scores(scores), judgements, scores)


def _rows(judge: Judge, source: Questions, task: Task, order: JudgeOrder, watching: Watching, cost: Cost) -> list[Row]:
    """A row for each question, in order."""
    pairwise = isinstance(task, PairJudging)
    about, label = ("pairs in both orders", "order") if pairwise else ("texts by the rubric", "side")
    rows: list[Row] = []
    for document, result in answers(judge, source, task, order, watching, cost, about):
        meta = document.meta
        row: Row = {"id": meta["pair"], "judge": judge.name, label: meta["part"], **_known_by(order, meta)}
        if isinstance(task, RubricJudging):
            row["highest"] = task.highest
        answer = {"dead": str(result.dead)} if result.dead else _answer(result.samples[0])
        rows.append(row | answer | {"attempts": result.attempts})
    return rows


def _known_by(order: JudgeOrder, meta: Meta) -> Row:
    """What the texts are known by to people who score them, however files are called and ordered: of A, then of B."""
    key = meta["pair"] if order.joined.by == "id" else meta["prompt"]
    if "text" in meta:
        return {"item": item_of(key, meta["text"])}
    places = ("first", "second") if meta["part"] == "ab" else ("second", "first")
    return {"items": [item_of(key, meta[place]) for place in places]}


def _answer(sample: Sample) -> Row:
    """In one order, whatever that of the reply."""
    return {name: sample[name] for name in ("winner", "scores", "reason") if name in sample}


def _verdicts(pairs: Sequence[Pair], rows: Sequence[Row]) -> dict[str, PairVerdict]:
    """Of pairs of which both orders have a verdict; equal texts are a tie."""
    known: dict[str, dict[str, str]] = {}
    for row in rows:
        if "dead" not in row:
            known.setdefault(row["id"], {})[row["order"]] = row["winner"]
    found: dict[str, PairVerdict] = {}
    for pair in pairs:
        said = known.get(pair.id, {})
        if pair.is_identical:
            found[pair.id] = PairVerdict()
        elif len(said) == len(ORDERS):
            found[pair.id] = PairVerdict(**said)
    return found


def _scores(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, int]]]:
    known: dict[str, dict[str, dict[str, int]]] = {}
    for row in rows:
        if "dead" not in row:
            known.setdefault(row["id"], {})[row["side"]] = row["scores"]
    return {id: sides for id, sides in known.items() if len(sides) == len(SIDES)}


def _write(order: JudgeOrder, said: Sequence[Said], figures: Mapping[str, Any]) -> None:
    """All files; `judge.json` is the last, so that where it is the others are whole."""
    from trainers.judging.page import as_markdown

    out = order.out
    out.mkdir(parents=True, exist_ok=True)
    (out / "judge.json").unlink(missing_ok=True)
    write_whole(out / JUDGEMENTS, lines_of([row for one in said for row in one.judgements]))
    if order.rubric is None:
        (out / SCORES).unlink(missing_ok=True)
    else:
        write_whole(out / SCORES, lines_of([row for one in said for row in one.score_rows]))
    write_whole(out / "judge.md", as_markdown(figures).encode())
    write_whole(out / "judge.json", orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
