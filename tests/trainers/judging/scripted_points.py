"""A judge of criticism that knows the truth: points are the lines of a text, their first character is what they are about."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generators.demo.chat import ChatRequest
from tests.trainers.judging.scripted import part, write

TOPICS = "数据实验写作动机结论图表代码引用公式伦理"


@dataclass
class PointScript:
    """Lines of one topic are alike as the digit behind the topic says, 9 without one; others are not.

    A share `deaf` of pairs that are alike it only finds when the first list has more points; a share `garbage` of first
    questions gets nothing valid, until it is told so.
    """

    deaf: float = 0.0
    garbage: float = 0.0
    seed: str = ""
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: ChatRequest) -> str:
        prompt = request.texts("user")[0]
        self.asked.append(json.dumps(request.body["messages"], ensure_ascii=False))
        spoils = len(request.messages) <= 2 and self._chance(f"garbage {prompt}") < self.garbage
        if "<意见>" in prompt:
            lines = [line for line in part(prompt, "意见").splitlines() if line.strip()]
            return json.dumps({"points": ["", *lines] if spoils else lines}, ensure_ascii=False)
        if "<要点1>" not in prompt:
            return "你好"
        one, two = (
            [line.partition(". ")[2] for line in part(prompt, name).splitlines()] for name in ("要点1", "要点2")
        )
        found = [
            {"first": i, "second": j, "similarity": self._alike(first, second)}
            for i, first in enumerate(one, start=1)
            for j, second in enumerate(two, start=1)
            if first[0] == second[0] and not self._overhears(first, second)
        ]
        return json.dumps({"matches": [*found, {"first": 99, "second": 1, "similarity": 9}] if spoils else found})

    def _alike(self, *points: str) -> int:
        return min(int(point[1]) if point[1:2].isdigit() else 9 for point in points)

    def _overhears(self, first: str, second: str) -> bool:
        return first > second and self._chance("deaf" + min(first, second) + max(first, second)) < self.deaf

    def _chance(self, text: str) -> float:
        return random.Random(f"{self.seed} {text}").random()


def criticism(topics: str, side: str) -> str:
    """A text that makes a point of each topic."""
    return "\n".join(f"{topic}，{side}" for topic in topics)


def review(number: int, topics: str, reference: str, side: str, **more: Any) -> dict[str, Any]:
    told = {"reference": criticism(reference, "审")} if reference else {}
    return {"id": f"p{number:03d}", "prompt": f"论文{number}", "prediction": criticism(topics, side), **told, **more}


def reviews(folder: Path, rows: Sequence[tuple[str, str, str]]) -> tuple[Path, Path]:
    """Two files of reviews: of each row the topics of A, of B and of the reference."""
    a = [review(number, one, reference, "甲") for number, (one, _, reference) in enumerate(rows)]
    b = [review(number, two, reference, "乙") for number, (_, two, reference) in enumerate(rows)]
    return write(folder / "A.jsonl", a), write(folder / "B.jsonl", b)


def drawn(count: int, seed: int = 0) -> list[tuple[str, str, str]]:
    """Rows in which A has each topic of the reference with 60 %, and B with 40 %; each has one of its own."""
    dice = random.Random(seed)
    rows: list[tuple[str, str, str]] = []
    topics = sorted(set(TOPICS))
    for _ in range(count):
        chosen = dice.sample(topics, 6)
        reference, rest = chosen[:5], chosen[5]
        a, b = ("".join(one for one in reference if dice.random() < share) + rest for share in (0.6, 0.4))
        rows.append((a, b, "".join(reference)))
    return rows
