"""How one row, passage or dead letter came about: the passage, the prompt as it was sent, every reply and its verdicts.

It is told out of the journal and the inputs, so it works as long as both are where they were; what is missing is said.
"""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.document import Document
from builders.engine.ledger import Ledger
from builders.engine.manifest import read_manifest
from builders.engine.plan import recipe_of
from builders.engine.recipe import Recipe, find_recipe
from builders.engine.run import Books, run_documents
from builders.publish.life import (
    end_of,
    find_again,
    home_of,
    life_of,
    lineage,
    meta_of,
    remembered_recipe,
    rows_made_from,
    trace,
)
from builders.review.reviewed import with_snapshot
from generators.exchange import Attempt, Outcome, replay
from generators.journal import SUFFIX, Journal
from generators.request import Failure, Reply
from generators.task import Passage, Task
from validators.errors import SikuError
from validators.grounding import supporting_span
from validators.step import Verdict

Json = dict[str, Any]
Rows = Sequence[tuple[str, Json]]  # the folder that a row is in, and the row


def with_journal(recipe: Recipe, out: Path) -> Recipe:
    """The recipe with its task bound to the journal below `out`; one without a task as it is."""
    path = str(out / ".siku" / "journals" / f"{recipe.name}{SUFFIX}")
    steps = (dataclasses.replace(step, journal=path) if isinstance(step, Task) else step for step in recipe.steps)
    return dataclasses.replace(recipe, steps=tuple(steps))


def recipe_built(folder: Path, recipes: Path) -> Recipe | None:
    """The recipe that a finished dataset was built with, bound to its journal and to the decisions that it applied.

    `recipes` is the folder of the named ones. None if the plan is for another version of the code.
    """
    plan = (read_manifest(folder) or {})["plan"]
    home = home_of(folder)
    try:
        recipe = recipe_of(plan, find_recipe(remembered_recipe(*home) or plan["recipe"], recipes))
    except SikuError:
        return None
    return with_snapshot(with_journal(recipe, home[0]), plan, home[0])


def asks_a_model(recipe: Recipe | None) -> bool:
    return recipe is not None and any(isinstance(step, Task) for step in recipe.steps)


def story_of(folder: Path, name: str, recipe: Recipe, inputs: Sequence[Path]) -> Json:
    """All that is known of a row, a passage or a dead letter, as one JSON document: what `life_of` has, and
    `passage`, `asked`, `attempts`, `outcome`, `journal`.

    Of a document that was cut into several passages only these. Raises SikuError where there is no such id.
    """
    rows = [one for one in rows_made_from(folder, name) if _comes_from(name, *one)]
    exact = next(((place, row) for place, row in rows if row["id"] == name), None)
    if not rows:
        return life_of(folder, name, recipe, inputs)  # which says what ids there are
    place, row = exact or rows[0]
    found = _passages(folder, name, meta_of(place, row), recipe, inputs)
    passage = None if isinstance(found, str) else _nearest(found, name)
    if exact is None and passage is None and not isinstance(found, str) and len(found) > 1:
        return {"id": name, "passages": [_summary(one, rows) for one in found]}
    told = _exchange(recipe, passage)
    if exact:
        life = life_of(folder, name, recipe if told.outcome else _before_task(recipe), inputs)
    else:
        life = _life_of_passage(folder, name, rows, _before_task(recipe), inputs)
    if passage is None:
        reason = found if isinstance(found, str) else "the passage is not in its source any more"
        return life | {"passage": None, "missing": reason, "journal": told.journal}
    return life | _told(passage, told, rows_made_from(folder, passage.id), life)


# ---------------------------------------------------------------- the passage


def _before_task(recipe: Recipe) -> Recipe:
    place = next(place for place, step in enumerate(recipe.steps) if isinstance(step, Task))
    return dataclasses.replace(recipe, steps=recipe.steps[:place])


def _passages(folder: Path, name: str, meta: Json, recipe: Recipe, inputs: Sequence[Path]) -> list[Document] | str:
    """What reached the task of the document that `name` is, or was made from; else in words why nothing is found."""
    found = find_again(folder, name, meta, recipe, inputs)
    if isinstance(found, str):
        return found
    before = _before_task(recipe).steps
    books = Books(Ledger.over(before), lambda refused: None, lambda name, step, note: None)
    return list(run_documents(before, [found[1]], books))


def _nearest(documents: Sequence[Document], name: str) -> Document | None:
    """The one that is called `name`, or that it was made from."""
    by_id = {one.id: one for one in documents}
    return next((by_id[id] for id in lineage(name) if id in by_id), None)


def _comes_from(name: str, place: str, row: Json) -> bool:
    """Whether a row is `name`, or was made of the passage or of the document `name`."""
    meta = meta_of(place, row)
    passage = lineage(row["id"])[1:2] if _messages(place, row) else []
    return name in (row["id"], *passage, meta.get("document"), *(meta.get("parents") or ()))


def _summary(passage: Document, rows: Rows) -> Json:
    mine = [(place, row) for place, row in rows if passage.id in lineage(row["id"])]
    dead = next((end_of(place, row) for place, row in mine if row["id"] == passage.id and place == "dropped"), "")
    return {"id": passage.id, "characters": len(passage.text), "rows": 0 if dead else len(mine), "end": dead}


def _life_of_passage(folder: Path, name: str, rows: Rows, recipe: Recipe, inputs: Sequence[Path]) -> Json:
    """What `life_of` would say of a passage that rows were made of."""
    place, row = rows[0]
    meta = {key: value for key, value in meta_of(place, row).items() if key in ("document", "title", "source")}
    traced = trace(folder, name, meta_of(place, row), recipe, inputs, {"step": "", "what": ""})
    end = f"a passage of which {len(rows)} row{'s were' if len(rows) > 1 else ' was'} made"
    return {"id": name, "split": "", "end": end, "meta": meta, **traced, "evidence": []}


# ---------------------------------------------------------------- the exchange


@dataclass(frozen=True)
class _Exchange:
    """What the journal knows of a passage; `outcome` is None where it does not know all, and `journal` says why."""

    task: Task
    journal: str
    passage: Passage | None = None
    outcome: Outcome | None = None
    attempts: Sequence[Json] = ()


def _exchange(recipe: Recipe, document: Document | None) -> _Exchange:
    task = next(step for step in recipe.steps if isinstance(step, Task))
    path = Path(task.journal)
    if not path.exists():
        return _Exchange(task, f"{path} is gone: what was asked and answered is not known any more")
    if document is None:
        return _Exchange(task, str(path))
    passage = task.passage_of(document)
    try:
        with Journal(path, read_only=True) as journal:
            outcome = replay(task, passage, journal)
            attempts = [_attempt(task, journal, number, one) for number, one in enumerate(outcome.attempts, start=1)]
    except (SikuError, sqlite3.Error) as error:
        why = f"{error.what}{f' ({error.why})' if error.why else ''}" if isinstance(error, SikuError) else str(error)
        return _Exchange(task, f"{path}: {why}", passage)
    return _Exchange(task, str(path), passage, outcome, attempts)


def _attempt(task: Task, journal: Journal, number: int, attempt: Attempt) -> Json:
    key = attempt.request.key(task.model)
    kept = journal.reply(key)
    came = {"endpoint": kept.endpoint, "form": kept.form, "seconds": round(kept.seconds, 3)} if kept else {}
    body = attempt.request.body(task.model)
    answer = attempt.reply
    return {
        "number": number,
        "kind": attempt.kind,
        "messages": body.pop("messages"),
        "parameters": body | {"sample": attempt.request.sample},
        "schema": attempt.request.schema,
        "tried_before": [dataclasses.asdict(one) for one in journal.failed_tries(key)],
        "reply": dataclasses.asdict(answer) if isinstance(answer, Reply) else None,
        "failure": dataclasses.asdict(answer) if isinstance(answer, Failure) else None,
        **came,
        "forgiven": list(attempt.liberties),
        "error": _verdict(attempt.error),
        "accepted": attempt.accepted,
        "refused": [
            {"path": one.path, "sample": one.sample, "verdicts": [_verdict(verdict) for verdict in one.verdicts]}
            for one in attempt.refused
        ],
    }


def _verdict(verdict: Verdict | None) -> Json | None:
    return {"check": verdict.check, "why": verdict.why} if verdict else None


def _told(document: Document, told: _Exchange, rows: Rows, life: Mapping[str, Any]) -> Json:
    """What is told of the passage and of the exchange about it; `rows` are those that were made of it."""
    rows = sorted(rows, key=lambda one: str(one[1]["id"]))
    mine = [life["messages"]] if life.get("messages") else [_messages(place, row) for place, row in rows]
    whole = {"id": document.id, "text": document.text, "characters": len(document.text)}
    story: Json = {"passage": whole | {"support": _support(document.text, mine)}, "journal": told.journal}
    if told.outcome is None or told.passage is None:
        return story
    outcome = {
        "samples": list(told.outcome.samples),
        "repaired": told.outcome.repaired,
        "dead": _verdict(told.outcome.dead),
        "rows": [{"id": row["id"], "end": end_of(place, row)} for place, row in rows if row["id"] != document.id],
    }
    asked: Json = {"model": told.task.model, "prompt": told.task.prompt_name}
    asked |= {"wanted": told.passage.wanted, "least": told.passage.least}
    return story | {"asked": asked, "attempts": list(told.attempts), "outcome": outcome}


def _messages(place: str, row: Json) -> list[Json]:
    found = row.get("messages") if place != "dropped" else meta_of(place, row).get("messages")
    return found if isinstance(found, list) else []


def _support(text: str, talks: Sequence[Sequence[Json]]) -> list[list[int]]:
    """Where in the passage stands what supports the answers, in order; pieces that overlap as one."""
    answers = [message["content"] for talk in talks for message in talk if message["role"] == "assistant"]
    joined: list[list[int]] = []
    for start, end in sorted(span for answer in answers if (span := supporting_span(text, answer))):
        if joined and start < joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined
