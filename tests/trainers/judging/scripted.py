"""What tests of judging share: a judge that knows the truth and has a bias of known size, and files of predictions."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generators.demo.chat import ChatRequest

GOOD, BAD, SAME = "好", "坏", "平"  # how good a prediction is stands in it


def part(text: str, name: str) -> str:
    """What stands between two tags of a prompt."""
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", text, re.DOTALL)
    assert found, text
    return found[1]


@dataclass
class Script:
    """A judge: in a share of its verdicts, drawn by the prompt, it takes what is shown first; else it knows better.

    A share `garbage` of first questions gets no verdict, until it is told so.
    """

    follows_place: float = 0.0
    garbage: float = 0.0
    seed: str = ""
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: ChatRequest) -> str:
        prompt = request.texts("user")[0]
        self.asked.append(json.dumps(request.body["messages"], ensure_ascii=False))
        if "<题目>" not in prompt:
            return "你好"  # it is only looked at whether anybody is there
        if len(request.messages) <= 2 and self._chance(f"garbage {prompt}") < self.garbage:
            return "回答1更好。" if self._chance(prompt) < 0.5 else '{"winner": "A", "reason": "好"}'
        if "<回答1>" not in prompt:
            return self._scores(part(prompt, "回答"))
        return json.dumps({"winner": self._winner(prompt), "reason": "看内容"}, ensure_ascii=False)

    def _winner(self, prompt: str) -> str:
        if self._chance(prompt) < self.follows_place:
            return "1"
        one, two = part(prompt, "回答1")[0], part(prompt, "回答2")[0]
        return "tie" if one == two else "1" if one == GOOD else "2"

    def _scores(self, text: str) -> str:
        logic = {GOOD: 5, BAD: 2, SAME: 3}[text[0]]
        return json.dumps({"reason": "", "scores": {"逻辑性": logic, "背景知识": 4, "文风": 3}}, ensure_ascii=False)

    def _chance(self, text: str) -> float:
        return random.Random(f"{self.seed} {text}").random()


def row(number: int, quality: str, **more: Any) -> dict[str, Any]:
    return {"id": f"q{number:04d}", "prompt": f"第{number}题：渡口在哪里？", "prediction": quality, **more}


def write(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows), encoding="utf-8")
    return file


def two_files(folder: Path, pairs: int, a_wins: float) -> tuple[Path, Path]:
    """Files in which A is the better one in just that share of pairs; who is better is spread by chance."""
    better = [number < round(a_wins * pairs) for number in range(pairs)]
    random.Random(1).shuffle(better)
    a = [row(number, f"{GOOD if wins else BAD}，甲") for number, wins in enumerate(better)]
    b = [row(number, f"{BAD if wins else GOOD}，乙") for number, wins in enumerate(better)]
    return write(folder / "甲.jsonl", a), write(folder / "乙.jsonl", b)
