"""The document: what travels from a source through the steps into a dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Meta = dict[str, Any]  # JSON values only


class Note(NamedTuple):
    """Evidence of what a step did: a piece it cut out, or something odd that it met.

    `kind` is counted ("site ad", "numbering gap"); `text` is the piece itself, as it stood.
    """

    kind: str
    text: str


@dataclass(slots=True)
class Document:
    """A text with an id that is the same in every run, and what is known about it.

    >>> Document("3f2a9c1b7d20-0012", "他推门进去……", {"title": "雪夜", "chapter": "第十二章 归人"})
    """

    id: str
    text: str
    meta: Meta = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)  # drained by the engine after every step
    split: str = "train"  # or "valid", once a step has held it out


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A piece of input that could not become a document, and why; counted and kept, never skipped in silence."""

    id: str
    reason: str  # a short rule first, then figures: "not text: 31 % control characters"
    text: str = ""  # what could be read of it, at most a few thousand characters
    meta: Meta = field(default_factory=dict)
