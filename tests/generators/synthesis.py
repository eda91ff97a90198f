"""What the tests of a whole synthesis share: passages of facts, a model that knows them, and a look at what came of it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from builders.engine.build import Built, build
from builders.engine.finish import Request
from builders.engine.plan import apply_settings
from builders.engine.recipe import find_recipe
from builders.publish.verify import verify
from generators.demo.chat import MODEL, Answer, ChatRequest
from generators.demo.faults import Faults
from generators.demo.prompts import Prompt
from generators.demo.server import Endpoint
from generators.progress import SynthesisProgress
from generators.synthesise import Order, Synthesised, synthesise
from tests.corpora import ACTS, ENDS, GIVEN, PLACES, SURNAMES, THINGS
from tests.running import HOME
from validators.qa_pairs import check_pairs

FACTS = 4  # in a passage, one a sentence
MAX_QUESTION_CHARS, MAX_ANSWER_CHARS = 15, 300
Row = dict[str, Any]


# ---------------------------------------------------------------- passages and the model that knows them


@lru_cache(maxsize=4096)
def passage(seed: str) -> str:
    """Sentences such as `赵远明在渡口修好了一把旧伞，江上的雾慢慢散了。`, no name twice."""
    rng = random.Random(seed)
    names = [surname + "".join(rng.sample(GIVEN, 2)) for surname in rng.sample(SURNAMES, FACTS)]
    acts = rng.sample(ACTS, FACTS)
    return "".join(
        f"{name}在{rng.choice(PLACES)}{act}{rng.choice(THINGS)}，{rng.choice(ENDS)}。"
        for name, act in zip(names, acts, strict=True)
    )


def write_passages(path: Path, count: int, *, seed: str = "passage", first: int = 0) -> dict[str, str]:
    """A file of rows with `id` and `text`; the texts by their ids."""
    texts = {f"p{number:05d}": passage(f"{seed} {number}") for number in range(first, first + count)}
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (json.dumps({"id": id, "text": text}, ensure_ascii=False) + "\n" for id, text in texts.items())
    path.write_text("".join(rows), encoding="utf-8")
    return texts


def facts_of(text: str) -> list[tuple[str, str]]:
    """Question and answer for each sentence of a passage."""
    found = []
    for sentence in text.split("。")[:-1]:
        fact = sentence.partition("，")[0]
        act = next(act for act in ACTS if act in fact)
        before, _, thing = fact.partition(act)
        found.append((f"{before}{act}什么？", thing))
    return found


def in_json(pairs: Sequence[tuple[str, str]]) -> str:
    listed = [{"question": question, "answer": answer} for question, answer in pairs]
    return json.dumps({"pairs": listed}, ensure_ascii=False)


def knowing(request: ChatRequest) -> str:
    """As many pairs as are asked for, of those facts that are not there yet; a function of the conversation alone."""
    prompt = Prompt(request)
    new = [(question, answer) for question, answer in facts_of(prompt.passage) if question not in prompt.known]
    return in_json(new[: prompt.count("组")])


def passage_in(request: ChatRequest) -> str:
    return Prompt(request).passage


# ---------------------------------------------------------------- a run in this process


@dataclass(frozen=True)
class Asked:
    """What a synthesis came to, and how many requests the server saw."""

    run: Synthesised
    requests: int


@dataclass(frozen=True)
class Made(Asked):
    """What was asked, and the dataset that came of it."""

    built: Built

    @property
    def rows(self) -> list[Row]:
        return rows_of(self.built.folder)

    @property
    def dead(self) -> dict[str, str]:
        """The reason of every passage without a row."""
        return dead_of(self.built.folder)


def ask(
    source: Path,
    out: Path,
    answer: Answer = knowing,
    faults: Faults = Faults(),  # noqa: B008 - frozen
    *,
    latency_s: float = 0.0,
    model: str = MODEL,
    settings: Sequence[str] = (),
    **order: Any,
) -> Asked:
    """Ask a server that answers so about every passage. Raises what the synthesis raises."""
    server = Endpoint(answer, faults, latency_s, model)
    recipe = apply_settings(find_recipe("synth-qa", HOME / "recipes"), settings)
    with server.running() as url:
        given = {"max_failed": 1.0, "endpoints": [url], **order}
        run = synthesise(Order(recipe=recipe, inputs=[source], out=out, **given), SynthesisProgress(quiet=True))
    return Asked(run, server.requests)


def make(source: Path, out: Path, answer: Answer = knowing, limit: int | None = None, **given: Any) -> Made:
    """A dataset of what `ask` gets."""
    asked = ask(source, out, answer, limit=limit, **given)
    built = build(Request(recipe=asked.run.recipe, inputs=[source], out=out, limit=limit, workers=1))
    return Made(asked.run, asked.requests, built)


# ---------------------------------------------------------------- what came of it


def rows_of(folder: Path) -> list[Row]:
    return _read(folder, "train") + _read(folder, "valid")


def dead_of(folder: Path) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in _read(folder, "dropped") if row["step"] == "QuestionAnswers"}


def _read(folder: Path, part: str) -> list[Row]:
    return [row for path in sorted((folder / part).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def check_books(folder: Path, texts: dict[str, str], *, pairs: int = 3) -> None:
    """Every passage has valid rows or a dead letter, nothing is there twice, and the dataset proves what it says."""
    rows, dead = rows_of(folder), dead_of(folder)
    of_passage = Counter(parent for row in rows for parent in row["parents"])
    near = Counter(row["id"].rpartition("-")[0] for row in _read(folder, "dropped") if row["step"] != "QuestionAnswers")
    assert {*of_passage, *near} | set(dead) == set(texts)
    assert not set(of_passage) & set(dead)
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(count + near[id] <= pairs for id, count in of_passage.items())
    for row in rows:
        [parent] = row["parents"]
        question, answer = (message["content"] for message in row["messages"])
        found = check_pairs(texts[parent], [(question, answer)], MAX_QUESTION_CHARS, MAX_ANSWER_CHARS)
        assert found == [[]], (row, found)
    assert [finding for finding in verify(folder) if finding["problems"]] == []
