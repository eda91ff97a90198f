"""Two models side by side: every judge asked about every pair in both orders, and what its verdicts come to."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from builders.engine.recipe import Recipe
from builders.steps import Source
from generators.synthesise import Order, Synthesised, Watches, synthesise, task_of
from generators.task import Sample, Task
from trainers.judging.figures import figures_of
from trainers.judging.judges import Judge
from trainers.judging.measures import PairVerdict, side_of
from trainers.judging.pairs import Joined, Pair
from trainers.judging.questions import ORDERS, SIDES, InBothOrders, OneByOne, Questions
from trainers.judging.rubric import Rubric
from trainers.judging.tasks import PairJudging, RubricJudging

JUDGEMENTS, SCORES = "judgements.jsonl", "scores.jsonl"
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class JudgeOrder:
    """What is to be judged, and the circumstances under which."""

    joined: Joined
    judges: Sequence[Judge]
    out: Path
    rubric: Rubric | None = None
    settings: Sequence[str] = ()  # KEY=VALUE of both tasks
    concurrency: int = 8
    deadline_s: float = 120.0
    max_failed: float = 0.5
    retry_dead: bool = False
    a_name: str = "a"
    b_name: str = "b"
    a_model: str = ""
    b_model: str = ""


@dataclass
class Cost:
    """What it took this time; no part of the files."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    from_journal: int = 0
    repaired: int = 0
    retried: Counter[str] = field(default_factory=Counter)

    def add(self, made: Synthesised) -> None:
        self.requests += made.requests
        self.prompt_tokens += made.prompt_tokens
        self.completion_tokens += made.completion_tokens
        self.from_journal += made.figures.from_journal
        self.repaired += made.figures.repaired
        self.retried.update(made.troubles)


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


Watching = Callable[[Judge, str], AbstractContextManager[Watches]]


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
    """A row for each question, in order, out of the journal once everything is asked."""
    from generators.result import result_of

    recipe = _recipe(judge, source, task, order.settings)
    asking = Order(
        recipe=recipe,
        inputs=(),
        out=order.out,
        endpoints=judge.endpoints,
        model=judge.model,
        concurrency=order.concurrency,
        deadline_s=order.deadline_s,
        max_failed=order.max_failed,
        retry_dead=order.retry_dead,
    )
    with watching(judge, "pairs in both orders" if isinstance(task, PairJudging) else "texts by the rubric") as watch:
        made = synthesise(asking, watch)
    cost.add(made)
    asked = dataclasses.replace(task_of(made.recipe), journal=str(asking.journal), model=judge.model)
    label = "order" if isinstance(task, PairJudging) else "side"
    rows: list[Row] = []
    for shard in source.shards(()):
        for document in source.read(shard):
            result = result_of(asked, asked.passage_of(document))
            row = {"id": document.meta["pair"], "judge": judge.name, label: document.meta["part"]}
            answer = {"dead": str(result.dead)} if result.dead else _answer(result.samples[0])
            rows.append(row | answer | {"attempts": result.attempts})
    return rows


def _answer(sample: Sample) -> Row:
    """In one order, whatever that of the reply."""
    return {name: sample[name] for name in ("winner", "scores", "reason") if name in sample}


def _recipe(judge: Judge, source: Source, task: Task, settings: Sequence[str]) -> Recipe:
    from builders.engine.plan import apply_settings
    from validators.errors import SikuError

    recipe = Recipe(name=judge.recipe, version="1", summary="verdicts", source=source, steps=(task,))
    name = type(task).__name__
    try:
        return apply_settings(recipe, [f"steps.{name}.{one}" for one in settings])
    except SikuError as error:
        raise SikuError(error.what, why=error.why.replace(f"steps.{name}.", ""), next="docs/judging.md") from error


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
    write_whole(out / JUDGEMENTS, _lines([row for one in said for row in one.judgements]))
    if order.rubric is None:
        (out / SCORES).unlink(missing_ok=True)
    else:
        write_whole(out / SCORES, _lines([row for one in said for row in one.score_rows]))
    write_whole(out / "judge.md", as_markdown(figures).encode())
    write_whole(out / "judge.json", orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")


def _lines(rows: Sequence[Row]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)
