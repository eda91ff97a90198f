"""The step that applies what reviewers decided about the last version: `siku build … --set reviewed=DATASET`."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from builders.document import Document, Message, Note
from builders.engine.manifest import SPLITS, find_dataset, write_whole
from builders.engine.recipe import Recipe
from builders.publish.local_page.notebook import Notebook
from builders.review.decisions import (
    RULES,
    Decision,
    Rule,
    Settled,
    by_document,
    content_digest,
    decision_of,
    reviews_file,
    settle,
)
from builders.steps import Edit
from builders.text.turns import alternate
from validators.errors import SikuError, nearest
from validators.step import Verdict

WORD, STEP = "reviewed=", "Reviewed"
SHOWN_IDS = 5


@dataclass(frozen=True, kw_only=True)
class Reviewed(Edit):
    """Rejected documents go with reason and reviewer, edited ones get the text of the newest edit; comments are kept
    as evidence.

    The newest decision of each reviewer counts. Where they differ, `rule` says when a document goes: "any" one rejects
    it, the "majority" of those who decided does, or "all" do; that they differ is counted. An edit of another text than
    the one that is here is not applied, and that is counted, too.
    """

    version: ClassVar[int] = 1
    paths: ClassVar[tuple[str, ...]] = ("decisions",)
    by_turn: ClassVar[bool] = False

    decisions: tuple[str, ...] = ()  # files of `siku view`
    rule: str = "any"
    warn_share: float = 1.0  # people decided it one by one
    stop_share: float = 1.0

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            why = nearest(self.rule, RULES)
            raise SikuError(f"steps.Reviewed.rule is {self.rule!r}", why=why, next="--set steps.Reviewed.rule=any")

    def check_reads(self) -> None:
        if self.decisions and not self.settled():
            raise SikuError(
                "there is no decision in this file",
                where=", ".join(self.decisions),
                next="siku view DATASET makes some",
            )

    def settled(self) -> Mapping[str, Settled]:
        """What holds, by the id of the document; read once in a process."""
        rule: Any = self.rule
        return _settled(self.decisions, rule)

    def __call__(self, document: Document) -> Document | Verdict:
        settled = self.settled().get(document.id) if self.decisions else None
        if settled is None:
            return document
        if settled.choice == "reject":
            return Verdict("rejected, reviewers differ" if settled.differ else "rejected", settled.told())
        if settled.differ:
            document.notes.append(Note("reviewers differ", settled.told()))
        document.notes += [Note("comment", f"{one.who}: {one.comment}") for one in settled.decisions if one.comment]
        return _edited(document, settled.edit) if settled.edit else document

    def look_back(self, folder: Path) -> list[str]:
        """Of which decisions the dataset in this folder has no document."""
        from builders.engine.tables import read_dataset_rows

        left = set(self.settled()) if self.decisions else set()
        for place in (*SPLITS, "dropped"):
            if left:
                columns = ["id", "step"] if place == "dropped" else ["id"]
                rows = read_dataset_rows(folder, place, columns)
                left -= {row["id"] for row in rows if row.get("step", "Reviewed") == "Reviewed"}
        if not left:
            return []
        shown = ", ".join(sorted(left)[:SHOWN_IDS])
        more = f" and {len(left) - SHOWN_IDS:,} more" if len(left) > SHOWN_IDS else ""
        return [f"{len(left):,} decisions are about documents that did not reach Reviewed: {shown}{more}"]


def _edited(document: Document, edit: Decision) -> Document:
    before = document.text
    if edit.seen and edit.seen != content_digest(document.text, document.messages):
        document.notes.append(Note("edit not applied", f"{edit.who} edited another text: {_written(edit)}"))
        return document
    if document.messages is None and edit.text is not None:
        document.text = edit.text
    elif document.messages is not None and edit.messages is not None:
        turns: list[Message] = [{"role": one["role"], "content": one["content"]} for one in edit.messages]
        document.converse(alternate(turns))
    else:
        document.notes.append(Note("edit not applied", f"{edit.who} edited a row of another form: {_written(edit)}"))
        return document
    document.notes.append(Note("edited", f"{edit.who}, {edit.when}; before: {before}"))
    return document


def _written(edit: Decision) -> str:
    return edit.text if edit.text is not None else "\n".join(one["content"] for one in edit.messages or ())


@lru_cache(maxsize=4)
def _settled(paths: tuple[str, ...], rule: Rule) -> Mapping[str, Settled]:
    entries = [entry for path in paths for entry in Notebook(Path(path).expanduser()).newest().items()]
    newest = dict(sorted(entries, key=lambda one: one[1].when))  # of several files
    decisions = [one for entry in newest.values() if (one := decision_of(entry))]
    return {item: settle(some, rule) for item, some in by_document(decisions).items()}


# ---------------------------------------------------------------- in a recipe


def with_reviewed(recipe: Recipe) -> Recipe:
    """The recipe with a step Reviewed at its end, if it has none."""
    if any(isinstance(step, Reviewed) for step in recipe.steps):
        return recipe
    return dataclasses.replace(recipe, steps=(*recipe.steps, Reviewed()))


def reviewed_settings(settings: Sequence[str], out: Path, *, freeze: bool) -> list[str]:
    """`reviewed=FILE_OR_DATASET` among `--set` settings as `steps.Reviewed.decisions=FILE`, in front of the others.

    `freeze`: as a copy below `out` that nobody writes on; what is applied has to be what the fingerprint was made from,
    and reviewers may be at work. Raises SikuError where there are no decisions.
    """
    given = [one.strip().removeprefix(WORD) for one in settings if one.strip().startswith(WORD)]
    files = [_frozen(path, out) if freeze else path for path in (_decisions_of(name, out) for name in given)]
    found = [f"steps.Reviewed.decisions={','.join(map(str, files))}"] if files else []
    return [*found, *(one for one in settings if not one.strip().startswith(WORD))]


def _decisions_of(name: str, out: Path) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path
    folder = find_dataset(name, out)
    if not (found := reviews_file(folder)).exists():
        raise SikuError(f"nobody has decided anything about {name}", where=str(found), next=f"siku view {name}")
    return found


def snapshot(out: Path, digest: str, name: str) -> Path:
    """Where the copy of a file of decisions lies, by the SHA-256 of its content."""
    return out.absolute() / ".siku" / "reviewed" / digest[:16] / name


def _frozen(path: Path, out: Path) -> Path:
    content = path.read_bytes()
    copy = snapshot(out, hashlib.sha256(content).hexdigest(), path.name)
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        write_whole(copy, content)
    return copy


def with_snapshot(recipe: Recipe, plan: Mapping[str, Any], out: Path) -> Recipe:
    """The recipe of a finished dataset with the decisions that its plan read, as far as their copy is still there."""
    step: Mapping[str, Any] = next((one for one in plan["steps"] if one["class"] == STEP), {})
    named = (line.rpartition(" ") for line in step.get("reads", {}).get("decisions", ()))
    found = [path for name, _, digest in named if (path := snapshot(out, digest, name)).exists()]
    decisions = tuple(map(str, found))
    steps = tuple(
        dataclasses.replace(one, decisions=decisions) if isinstance(one, Reviewed) else one for one in recipe.steps
    )
    return dataclasses.replace(recipe, steps=steps)
