"""A model whose replies are written down: what a task asks of it, and what comes of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from builders.document import Message, Meta
from generators.exchange import Outcome, exchange
from generators.request import Reply, Request
from generators.task import Passage, Task


@dataclass(frozen=True)
class Conversed:
    """The requests that a task sent, and the outcome."""

    requests: tuple[Request, ...]
    outcome: Outcome

    def asked(self, number: int = 0) -> str:
        """The last message of a request."""
        return self.requests[number].messages[-1]["content"]

    def refused(self, attempt: int = 0) -> list[list[str]]:
        """The verdicts on the samples that were not taken."""
        return [[verdict.check for verdict in one.verdicts] for one in self.outcome.attempts[attempt].refused]

    def told(self, attempt: int = 0) -> list[str]:
        """The faults of a reply as the model is told them."""
        return self.outcome.attempts[attempt].faults()


def converse(task: Task, passage: Passage, *replies: Any) -> Conversed:
    """Let a task ask about a passage; the replies are texts, or values that become JSON. The last one comes again."""
    course, requests, left = exchange(task, passage), list[Request](), list(replies)
    request = next(course)
    while True:
        requests.append(request)
        said = left.pop(0) if len(left) > 1 else left[0]
        text = said if isinstance(said, str) else orjson.dumps(said).decode()
        try:
            request = course.send(Reply(text))
        except StopIteration as end:
            return Conversed(tuple(requests), end.value)


def rows_of(task: Task, passage: Passage, conversed: Conversed) -> list[tuple[list[str], Meta]]:
    """What the turns of each row say, and what is known of it."""
    made = task.rows(passage, conversed.outcome.samples)
    return [(contents(messages), meta) for messages, meta in made]


def contents(messages: Sequence[Message]) -> list[str]:
    return [message["content"] for message in messages]
