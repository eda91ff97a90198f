"""What a model answered: its thinking taken aside, the objects of its reply, and the pairs of question and answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from validators.json_objects import Objects, read_objects

ReplyError = Literal["empty", "truncated", "bad_item", "no_json"]

_TAG = re.compile(r"<(/?)think>", re.I)
_KEYS = {"question": "question", "问题": "question", "answer": "answer", "答案": "answer", "回答": "answer"}


class Thought(NamedTuple):
    """A reply without its thinking; `cut_off`: it ends inside the thinking."""

    text: str
    thinking: str
    cut_off: bool


class Pair(NamedTuple):
    """A question and its answer, without white space at either end."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class ParsedObjects:
    """The outermost JSON objects of a reply, and the first thing that is wrong with it: `empty`, `truncated`,
    `no_json` or None. `liberties` and `broken` are those of `Objects`."""

    values: tuple[dict[str, Any], ...]
    error: ReplyError | None
    liberties: tuple[str, ...]
    broken: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """The pairs of a reply, and the first thing that is wrong with it, or None."""

    pairs: tuple[Pair, ...]
    error: ReplyError | None
    liberties: tuple[str, ...]


def without_thinking(reply: str) -> Thought:
    """Take thinking and byte order mark off: `<think>…</think>`, all before a `</think>` without beginning, all after a
    `<think>` without end."""
    kept: list[str] = []
    aside: list[str] = []
    last, inside = 0, False
    for tag in _TAG.finditer(reply):
        ends = bool(tag[1])
        if inside and not ends:
            continue
        piece = reply[last : tag.start()]
        if inside:
            aside.append(piece)
        elif ends:
            aside += [*kept, piece]
            kept.clear()
        else:
            kept.append(piece)
        last, inside = tag.end(), not ends
    (aside if inside else kept).append(reply[last:])
    return Thought("".join(kept).lstrip("\ufeff"), "".join(aside), inside)


def parse_objects(reply: str) -> ParsedObjects:
    """The JSON objects of a reply, for tasks with a schema of their own; never raises."""
    thought = without_thinking(reply)
    text = thought.text.strip().strip("\ufeff")
    objects = read_objects(text) if text else Objects((), False, ())
    error: ReplyError | None = None
    if not text:
        error = "empty"
    elif objects.truncated or thought.cut_off:
        error = "truncated"
    elif not objects.values:
        error = "no_json"
    liberties = ("thinking", *objects.liberties) if thought.thinking.strip() else objects.liberties
    return ParsedObjects(objects.values, error, liberties, objects.broken)


def parse_reply(reply: str) -> ParsedReply:
    """The pairs of question and answer in a reply, at any depth and in order; never raises and judges nothing."""
    objects = parse_objects(reply)
    pairs: list[Pair] = []
    bad = any(_read_fields(one) for one in objects.broken)
    for one in _every_object(objects.values):
        fields = _read_fields(one)
        question, answer = fields.get("question"), fields.get("answer")
        if isinstance(question, str) and isinstance(answer, str):
            pairs.append(Pair(question.strip(), answer.strip()))
        elif fields:
            bad = True
    error = objects.error
    if error not in ("empty", "truncated"):
        error = "bad_item" if bad else None if pairs else "no_json"
    return ParsedReply(tuple(pairs), error, objects.liberties)


def _every_object(values: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The objects and those inside them, in the order of their opening brackets."""
    waiting: list[Any] = list(values)[::-1]
    while waiting:
        one = waiting.pop()
        parts = one
        if isinstance(one, dict):
            yield one
            parts = one.values()
        waiting += [part for part in parts if isinstance(part, dict | list)][::-1]


def _read_fields(one: dict[str, Any]) -> dict[str, Any]:
    """Question and answer, as far as the object has them, under the names that models give them."""
    return {_KEYS[name]: value for key, value in one.items() if (name := key.strip().lower()) in _KEYS}
