"""What every way of judging shares: the circumstances, what it cost, and each question put to a judge."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from builders.document import Document
from builders.engine.recipe import Recipe
from builders.steps import Source
from generators.result import Result
from generators.synthesise import Order, Synthesised, Watches, synthesise, task_of
from generators.task import Task
from trainers.judging.judges import Judge
from trainers.judging.pairs import Joined
from trainers.judging.rubric import Rubric

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


Watching = Callable[[Judge, str], AbstractContextManager[Watches]]


def answers(
    judge: Judge, source: Source, task: Task, order: JudgeOrder, watching: Watching, cost: Cost, about: str
) -> Iterator[tuple[Document, Result]]:
    """Every question of the source and what it came to, in order, out of the journal once everything is asked.

    `about` says what the questions are about. Raises SikuError as `synthesise` does.
    """
    from generators.result import result_of

    asking = Order(
        recipe=_recipe(judge, source, task, order.settings),
        inputs=(),
        out=order.out,
        endpoints=judge.endpoints,
        model=judge.model,
        concurrency=order.concurrency,
        deadline_s=order.deadline_s,
        max_failed=order.max_failed,
        retry_dead=order.retry_dead,
    )
    with watching(judge, about) as watch:
        made = synthesise(asking, watch)
    cost.add(made)
    asked = dataclasses.replace(task_of(made.recipe), journal=str(asking.journal), model=judge.model)
    for shard in source.shards(()):
        for document in source.read(shard):
            if isinstance(document, Document):
                yield document, result_of(asked, asked.passage_of(document))


def _recipe(judge: Judge, source: Source, task: Task, settings: Sequence[str]) -> Recipe:
    from builders.engine.plan import apply_settings
    from validators.errors import SikuError

    recipe = Recipe(name=judge.recipe, version="1", summary="verdicts", source=source, steps=(task,))
    name = type(task).__name__
    try:
        return apply_settings(recipe, [f"steps.{name}.{one}" for one in settings])
    except SikuError as error:
        raise SikuError(error.what, why=error.why.replace(f"steps.{name}.", ""), next="docs/judging.md") from error


def lines_of(rows: Sequence[Row]) -> bytes:
    """Rows as JSON lines."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)
