"""What the tests of an exchange share: a passage, facts of it, and a model whose replies are written down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from builders.document import Document
from generators.exchange import Outcome, exchange
from generators.question_answers import QuestionAnswers
from generators.request import Failure, Reply, Request
from generators.task import Passage, Task

TEXT = (
    "赵远明在渡口修好了一把旧伞，江上的雾慢慢散了。钱秋月在山城藏起了两封家书，狗在远处叫了两声。"
    "孙青松在茶馆找到了一本账簿，桌上的茶已经凉了。李海平在码头画下了那幅地图，雪又下了起来。"
)
FACTS = [
    ("赵远明在渡口修好了什么？", "一把旧伞"),
    ("钱秋月在山城藏起了什么？", "两封家书"),
    ("孙青松在茶馆找到了什么？", "一本账簿"),
    ("李海平在码头画下了什么？", "那幅地图"),
    ("江上的雾怎么样了？", "慢慢散了"),
]
UNGROUNDED = ("吴文静在戏台卖掉了什么？", "三匹骆驼和五百两黄金")
PRONOUN = ("他在渡口修好了什么？", "一把旧伞")
TASK = QuestionAnswers(pairs="3-3", model="qwen")
PASSAGE = TASK.passage_of(Document("甲", TEXT, {"title": "渡口"}))


def said(*pairs: tuple[str, str], reason: str = "stop", **more: Any) -> Reply:
    listed = [{"question": question, "answer": answer} for question, answer in pairs]
    return Reply(json.dumps({"pairs": listed}, ensure_ascii=False), finish_reason=reason, **more)


@dataclass(frozen=True)
class Conversed:
    """The requests and what they came to."""

    requests: list[Request]
    outcome: Outcome

    @property
    def kinds(self) -> list[str]:
        return [attempt.kind for attempt in self.outcome.attempts]

    @property
    def questions(self) -> list[str]:
        return [sample["question"] for sample in self.outcome.samples]

    def last(self, number: int) -> str:
        return self.requests[number].messages[-1]["content"]


def converse(*replies: Reply | Failure, task: Task = TASK, passage: Passage = PASSAGE) -> Conversed:
    """A conversation in which the model says these, and the last of them ever after."""
    course, requests = exchange(task, passage), list[Request]()
    request = next(course)
    while True:
        requests.append(request)
        try:
            request = course.send(replies[min(len(requests), len(replies)) - 1])
        except StopIteration as end:
            return Conversed(requests, end.value)
