"""The document: what travels from a source through the steps into a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

Meta = dict[str, Any]  # JSON values only


class Note(NamedTuple):
    """Evidence of what a step did: a piece it cut out, or something odd that it met.

    `kind` is counted ("site ad", "numbering gap"); `text` is the piece itself, as it stood.
    """

    kind: str
    text: str


class Message(TypedDict):
    """One turn of a conversation, as chat models and the Hub write it."""

    role: str  # "system" (first, or not at all), "user" or "assistant"
    content: str


def transcript(messages: Sequence[Message]) -> str:
    """The text of a conversation: what is counted, checked and compared. Its turns, a line break between them."""
    return "\n".join(message["content"] for message in messages)


@dataclass(slots=True)
class Document:
    """A text with an id that is the same in every run, and what is known about it; or a conversation.

    >>> Document("3f2a9c1b7d20-0012", "他推门进去……", {"title": "雪夜", "chapter": "第十二章 归人"})
    """

    id: str
    text: str
    meta: Meta = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)  # drained by the engine after every step
    split: str = "train"  # or "valid", once a step has held it out
    messages: list[Message] | None = None  # of a conversation; then `text` is their transcript
    place: str = field(default="", compare=False)  # in its file, for `inspect`: "line 3, bytes 329 to 412"

    def converse(self, messages: list[Message]) -> None:
        """Take these messages, and their transcript as text."""
        self.messages, self.text = messages, transcript(messages)

    @property
    def compared_text(self) -> str:
        """What tells one document from another: of a conversation all but the system prompt, which thousands share."""
        if not self.messages or self.messages[0]["role"] != "system":
            return self.text
        return transcript(self.messages[1:])


def are_messages(value: object) -> bool:
    """Whether a value of metadata is the messages of a refused conversation, and no column of that name."""
    return isinstance(value, list) and all(isinstance(one, dict) and {"role", "content"} == one.keys() for one in value)


def conversation(id: str, messages: list[Message], meta: Meta | None = None) -> Document:
    """A document that is a conversation; `meta["parents"]` are the ids of what it was made from.

    >>> conversation("qa-1", [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "您好！"}]).text
    '你好\n您好！'
    """
    return Document(id, transcript(messages), {} if meta is None else meta, messages=messages)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A piece of input that could not become a document, and why; counted and kept, never skipped in silence."""

    id: str
    reason: str  # a short rule first, then figures: "not text: 31 % control characters"
    text: str = ""  # what could be read of it, at most a few thousand characters
    meta: Meta = field(default_factory=dict)
