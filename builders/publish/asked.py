"""What is asked and answered in a dataset of conversations, counted in one pass; what is held does not grow with it."""

from __future__ import annotations

import heapq
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from builders.publish.samples import Tables, draw
from validators.question_types import question_type

QUESTION_EDGES = (0, 4, 6, 8, 10, 12, 14, 16, 20, 30, 50, 100)  # characters
ANSWER_EDGES = (0, 5, 10, 20, 30, 50, 80, 120, 200, 300, 500, 1000)
PLACES = 10  # parts of a passage in which answers are counted
SAMPLE_ROWS = 10_000  # in which repetition is looked for: as many of any dataset, so that datasets can be compared
_NUMBER = re.compile(r"-\d{4,}$")  # what stands behind the id of a passage in those of its rows


class Question(NamedTuple):
    """What is asked in a row, and what is answered; of several turns all, a line each."""

    id: str
    question: str
    answer: str


@dataclass
class Asked:
    """The figures, and a sample of the rows that is the same every time."""

    rows: int = 0
    question_lengths: list[int] = field(default_factory=lambda: [0] * len(QUESTION_EDGES))
    answer_lengths: list[int] = field(default_factory=lambda: [0] * len(ANSWER_EDGES))
    types: Counter[str] = field(default_factory=Counter)
    places: list[int] = field(default_factory=lambda: [0] * PLACES)  # where in the passage an answer stands
    attempts: Counter[int] = field(default_factory=Counter)  # passages by replies that they took
    sample: list[Question] = field(default_factory=list)

    def count(self, messages: Sequence[Mapping[str, str]], kind: str | None, place: float | None) -> None:
        self.rows += 1
        for message in messages:
            if message["role"] == "user":
                self.question_lengths[_class_of(len(message["content"]), QUESTION_EDGES)] += 1
            elif message["role"] == "assistant":
                self.answer_lengths[_class_of(len(message["content"]), ANSWER_EDGES)] += 1
        self.types[kind or question_type(_said(messages, "user").partition("\n")[0])] += 1
        if place is not None:
            self.places[min(PLACES - 1, int(place * PLACES))] += 1


def count_asked(folder: Path, columns: Mapping[str, str], numbered: bool) -> Asked:
    """Count the rows of `train/` and `valid/`; for the attempts those that went later, too.

    `numbered`: a passage has several rows, whose ids are its own with a number behind. Memory: the sample, and eight
    bytes a passage.
    """
    asked = Asked()
    attempts: dict[int, array[int]] = {}
    drawn: list[tuple[int, Question]] = []  # draws negated: the largest is on top
    names = ("id", "messages", *(name for name in ("attempts", "question_type", "answer_at") if name in columns))
    for split in ("train", "valid"):
        for _, *values in Tables(folder).scan(split, *names):
            row = dict(zip(names, values, strict=True))
            _note_attempts(attempts, row["id"], row.get("attempts"), numbered)
            asked.count(row["messages"], row.get("question_type"), row.get("answer_at"))
            _offer(drawn, row["id"], row["messages"])
    for name, tries in _went_later(folder):
        _note_attempts(attempts, name, tries, numbered)
    asked.attempts = Counter({tries: len(np.unique(np.asarray(ids))) for tries, ids in sorted(attempts.items())})
    asked.sample = [question for _, question in sorted(drawn, reverse=True)]
    return asked


def _went_later(folder: Path) -> Iterator[tuple[str, int | None]]:
    """Rows that a later step refused, with what their metadata says of the attempts."""
    for _, name, meta in Tables(folder).scan("dropped", "id", "meta"):
        if '"attempts"' in meta:
            yield name, orjson.loads(meta).get("attempts")


def _note_attempts(attempts: dict[int, array[int]], name: str, tries: int | None, numbered: bool) -> None:
    if isinstance(tries, int):
        ids = attempts.setdefault(tries, array("Q"))
        passage = draw(_NUMBER.sub("", name) if numbered else name)
        if not ids or ids[-1] != passage:
            ids.append(passage)


def _offer(drawn: list[tuple[int, Question]], name: str, messages: Sequence[Mapping[str, str]]) -> None:
    at = -draw(name)
    if len(drawn) < SAMPLE_ROWS:
        heapq.heappush(drawn, (at, Question(name, _said(messages, "user"), _said(messages, "assistant"))))
    elif at > drawn[0][0]:
        heapq.heapreplace(drawn, (at, Question(name, _said(messages, "user"), _said(messages, "assistant"))))


def _said(messages: Sequence[Mapping[str, str]], role: str) -> str:
    return "\n".join(message["content"] for message in messages if message["role"] == role)


def _class_of(chars: int, edges: Sequence[int]) -> int:
    return next(place for place in range(len(edges) - 1, -1, -1) if chars >= edges[place])
