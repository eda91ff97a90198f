"""Decisions of reviewers: where they lie, what they say, which of them holds, how far reviewers agree."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

from builders.document import Message, are_messages
from builders.publish.local_page.notebook import Entry, Notebook
from validators.agreement import cohen_kappa, krippendorff_alpha, share_alike

SUFFIX = ".reviews.jsonl"
Choice = Literal["accept", "reject", "edit"]
Rule = Literal["any", "majority", "all"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one reviewer thinks of one document; `choice` is None where there is only a comment.

    `text` or `messages` are what an edit made of it; `seen` is the digest of what the reviewer had before the eyes.
    """

    item: str
    who: str
    when: str
    choice: Choice | None = None
    comment: str = ""
    text: str | None = None
    messages: Sequence[Message] | None = None
    seen: str = ""


def reviews_file(folder: Path) -> Path:
    """Where the decisions about a dataset lie: beside its folder, which never changes, and not among the work files."""
    whole = Path(os.path.abspath(folder))  # noqa: PTH100 - `..` has no name, and links stay as they are
    return whole.with_name(f"{whole.name}{SUFFIX}")


def content_digest(text: str, messages: Sequence[Mapping[str, Any]] | None) -> str:
    """Tells whether a document is the one that a reviewer saw."""
    content = text if messages is None else [[one["role"], one["content"]] for one in messages]
    return blake2b(orjson.dumps(content), digest_size=8).hexdigest()


class Reviews:
    """The decisions about one dataset; those of other processes and windows are seen, too."""

    def __init__(self, path: Path) -> None:
        self.notebook = Notebook(path)

    def decide(self, decision: Decision) -> None:
        """Keep a decision, whose `when` is now. Raises SikuError where it cannot be kept."""
        said: dict[str, Any] = {"decision": decision.choice, "comment": decision.comment, "seen": decision.seen}
        if decision.choice == "edit":
            said |= {"text": decision.text} if decision.messages is None else {"messages": list(decision.messages)}
        self.notebook.append(decision.item, decision.who, **said)

    def newest(self) -> list[Decision]:
        """The newest of every reviewer about every document, in the order of writing; withdrawn ones are left out."""
        return [one for entry in self.notebook.newest().values() if (one := decision_of(entry))]

    def of(self, item: str) -> list[Decision]:
        return [one for entry in self.notebook.of(item) if (one := decision_of(entry))]


def decision_of(entry: Entry) -> Decision | None:
    """What an entry of the notebook says; None for what was withdrawn and what is no decision."""
    said = entry.said
    choice, comment = said.get("decision"), said.get("comment") or ""
    text, messages = said.get("text"), said.get("messages")
    if choice not in (None, *CHOICES) or not isinstance(comment, str) or not (choice or comment):
        return None
    if choice == "edit" and not isinstance(text, str) and not (messages and are_messages(messages)):
        return None
    seen = str(said.get("seen") or "")
    return Decision(entry.item, entry.who, entry.when, choice, comment, text, messages, seen)


@dataclass(frozen=True, slots=True)
class Settled:
    """What holds of the decisions about one document. `differ`: the reviewers do not all say the same."""

    choice: Choice | None
    decisions: Sequence[Decision]
    edit: Decision | None = None
    differ: bool = False

    def told(self) -> str:
        """Who says what: `wang rejects (乱码), li accepts`."""
        return ", ".join(
            f"{one.who} {f'{one.choice}s' if one.choice else 'says'}{f' ({_line(one.comment)})' if one.comment else ''}"
            for one in self.decisions
        )


def settle(decisions: Sequence[Decision], rule: Rule = "any") -> Settled:
    """What holds: rejected where one, more than half, or all of those who decided reject; else the newest edit."""
    decided = [one for one in decisions if one.choice]
    rejects = sum(one.choice == "reject" for one in decided)
    needed = {"any": 1, "majority": len(decided) // 2 + 1, "all": len(decided)}[rule]
    differ = len({(one.choice, one.text, str(one.messages)) for one in decided}) > 1
    edits = [one for one in decided if one.choice == "edit"]
    if decided and rejects >= needed:
        return Settled("reject", decisions, differ=differ)
    if edits:
        return Settled("edit", decisions, edits[-1], differ)
    return Settled("accept" if decided else None, decisions, differ=differ)


def by_document(decisions: Iterable[Decision]) -> dict[str, list[Decision]]:
    grouped: dict[str, list[Decision]] = {}
    for one in decisions:
        grouped.setdefault(one.item, []).append(one)
    return grouped


def agreement(decisions: Iterable[Decision]) -> dict[str, Any]:
    """How far the reviewers agree on accept, reject or edit, over the documents that two or more decided.

    >>> agreement(decisions)
    {"reviewers": {"li": 12, "wang": 30}, "documents": 10, "share": 0.9, "alpha": 0.78,
     "pairs": [{"reviewers": ["li", "wang"], "documents": 10, "share": 0.9, "kappa": 0.77}]}
    """
    chosen = {
        item: {one.who: one.choice for one in some if one.choice} for item, some in by_document(decisions).items()
    }
    both = [said for said in chosen.values() if len(said) > 1]
    reviewers = Counter(who for said in chosen.values() for who in said)
    units = [tuple(said.values()) for said in both]
    pairs = []
    for one, other in combinations(sorted(reviewers), 2):
        common = [(said[one], said[other]) for said in both if one in said and other in said]
        if common:
            figures = {"documents": len(common), "share": share_alike(common), "kappa": cohen_kappa(common)}
            pairs.append({"reviewers": [one, other], **figures})
    return {
        "reviewers": dict(sorted(reviewers.items())),
        "documents": len(both),
        "share": share_alike(units),
        "alpha": krippendorff_alpha(units),
        "pairs": pairs,
    }


def _line(comment: str) -> str:
    line = " ".join(comment.split())
    return line if len(line) <= 200 else line[:199] + "…"
