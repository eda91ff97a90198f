"""What each format makes of a row, and which rows it cannot take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from builders.document import Message

Kind = Literal["text", "messages"]
Row = Mapping[str, Any]
Json = dict[str, Any]

ROLES = frozenset({"system", "user", "assistant"})
SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}  # of ShareGPT


@dataclass(frozen=True, slots=True)
class Form:
    """How a row is written. `fault` says what is wrong with a row, in words that follow "3 rows", or nothing."""

    write: Callable[[Row], Json]
    fault: Callable[[Row], str]


def form_of(format: str, kind: Kind) -> Form:
    """The form of one of FORMATS for rows of a kind that it has."""
    return FORMATS[format][kind]


def taken_as(kind: Kind) -> list[str]:
    """The formats that rows of a kind can have."""
    return [name for name, forms in FORMATS.items() if kind in forms]


# ---------------------------------------------------------------- faults


def conversation_fault(messages: Sequence[Message] | None) -> str:
    """What is wrong with it: a system message may come first, then user and assistant take turns, that one last."""
    if not messages:
        return "without a message"
    if any(not isinstance(message["content"], str) for message in messages):
        return "with a message that has no text"
    return _roles_fault(tuple([message["role"] for message in messages]))


@lru_cache(maxsize=1024)
def _roles_fault(roles: tuple[str, ...]) -> str:
    if not ROLES.issuperset(roles):
        return "with a role other than system, user and assistant"
    turns = roles[1:] if roles[0] == "system" else roles
    if "system" in turns:
        return "with a system message that is not the first"
    if not turns or turns[-1] != "assistant":
        return "whose last message is not the assistant's"
    if turns != ("user", "assistant") * (len(turns) // 2):
        return "in which user and assistant do not take turns, the user first"
    return ""


def _no_conversation(row: Row) -> str:
    return conversation_fault(row["messages"])


def _not_for_openai(row: Row) -> str:
    fault = conversation_fault(row["messages"])
    if not fault and not all(message["content"].strip() for message in row["messages"]):
        return "with an empty message"
    return fault


def _without_messages(row: Row) -> str:
    return "" if row["messages"] else "without a message"


def _without_text(row: Row) -> str:
    return "" if isinstance(row["text"], str) else "without a text"


# ---------------------------------------------------------------- rows


def to_messages(row: Row) -> Json:
    return {"id": row["id"], "messages": row["messages"]}


def to_openai(row: Row) -> Json:
    """As fine-tuning of chat models takes it (platform.openai.com/docs/guides/supervised-fine-tuning)."""
    return {"messages": [{"role": one["role"], "content": one["content"]} for one in row["messages"]]}


def to_alpaca(row: Row) -> Json:
    """The last turn is the instruction, those before it are the history, oldest first (the fields of LLaMA-Factory)."""
    system, said = _parted(row["messages"])
    pairs = [list(pair) for pair in zip(said[::2], said[1::2], strict=True)]
    return {"instruction": said[-2], "input": "", "output": said[-1], "system": system, "history": pairs[:-1]}


def to_sharegpt(row: Row) -> Json:
    return {"conversations": [{"from": SPEAKERS[one["role"]], "value": one["content"]} for one in row["messages"]]}


def to_text(row: Row) -> Json:
    return {"id": row["id"], "text": row["text"]}


def _parted(messages: Sequence[Message]) -> tuple[str, list[str]]:
    """What the system says, or nothing, and what the others say in turn."""
    texts = [message["content"] for message in messages]
    return (texts[0], texts[1:]) if messages[0]["role"] == "system" else ("", texts)


FORMATS: dict[str, dict[Kind, Form]] = {
    "messages": {"messages": Form(to_messages, _without_messages)},
    "openai": {"messages": Form(to_openai, _not_for_openai)},
    "alpaca": {"messages": Form(to_alpaca, _no_conversation)},
    "sharegpt": {"messages": Form(to_sharegpt, _no_conversation)},
    "llamafactory": {"messages": Form(to_messages, _no_conversation), "text": Form(to_text, _without_text)},
}
