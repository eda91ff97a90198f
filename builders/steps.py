"""The shapes of a step. A recipe is one `Source` and a list of the others; a `Check` is in `validators/step.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from builders.document import Document, Meta, Quarantined
from validators.step import Step, Verdict


@dataclass(frozen=True, slots=True)
class Shard:
    """One unit of input and of work: a file, an archive, a folder of chapter pages.

    `name` is the path below the input that was given (with `/`), the same wherever that input lies;
    `digest` is the SHA-256 of its content. Both enter ids and the fingerprint, `path` does not.
    """

    name: str
    digest: str
    bytes: int
    path: Path

    def holds(self, meta: Meta) -> bool:
        """Whether a document with this meta may have come from here."""
        source = str(meta.get("source", ""))
        return source == self.name or source.startswith(f"{self.name}!")

    def parent(self) -> dict[str, Any] | None:
        """What the manifest keeps of the built dataset that this is a file of; None where it is a file of no dataset.

        >>> shard.parent()
        {"name": "novel-pretrain", "version": "1", "fingerprint": "3f2a…", "parents": []}
        """
        return None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where documents come from. `shards` finds the units of work, `read` turns one into documents."""

    version: ClassVar[int] = 1

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        """All shards, sorted by name. Raises SikuError where there is nothing to read."""
        raise NotImplementedError

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        """The documents of one shard, in their order; bad parts come out as `Quarantined`."""
        raise NotImplementedError

    def locate(self, shard: Shard, document: Document, meta: Meta) -> str:
        """Where the text that `meta` speaks of (of `document` or a part of it) stands, to the byte if that is known."""
        return ", ".join(filter(None, (str(meta.get("source") or shard.name), document.place)))


@dataclass(frozen=True, kw_only=True)
class Edit(Step):
    """Document to document: the text changes, the id stays. What is cut is left in `document.notes`.

    It may refuse the document with a `Verdict`. Of a conversation it is given each turn by itself, as a document with
    the turn's text, unless `by_turn` is False.
    """

    by_turn: ClassVar[bool] = True

    def __call__(self, document: Document) -> Document | Verdict:
        raise NotImplementedError


class Specimen(NamedTuple):
    """A document and what was made of it, for the report: of each `kind` the few with the highest `rank` are kept."""

    kind: str
    rank: float
    id: str
    text: str
    made: dict[str, Any]  # JSON values


@dataclass(frozen=True, kw_only=True)
class Split(Step):
    """One document to many, in order; each part has an id of its own, made from the parent's: `ID-0001` or `ID.0001`.

    It may refuse the document with a `Verdict`.
    """

    @property
    def idle(self) -> bool:
        """Whether, with these settings, it gives every document back as it is."""
        return False

    def __call__(self, document: Document) -> Iterable[Document] | Verdict:
        raise NotImplementedError

    def specimens(self, document: Document, parts: Sequence[Document]) -> Iterable[Specimen]:
        """What the report may show of a document and its parts, which have their notes still."""
        return ()


@dataclass(frozen=True, slots=True)
class Fate:
    """What a `Corpus` step decided about one document that does not simply stay in `train`.

    `split` is "valid" for a document that is held out, "" for one that goes. `check` and `why` are a
    Verdict's; `duplicate_of` is the id of the kept copy, and `jaccard` their exact likeness, where it
    goes as a duplicate.
    """

    split: str = ""
    check: str = ""
    why: str = ""
    duplicate_of: str | None = None
    jaccard: float | None = None


class SketchWriter(Protocol):
    """Takes the documents of one shard, one by one; on leaving its block its files are whole."""

    def add(self, document: Document) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Corpus(Step):
    """A step that must see the whole corpus: sketches per shard (in any process), then one decision."""

    sketch_fields: ClassVar[tuple[str, ...]] = ()  # the fields that a sketch depends on; the others only `decide` reads

    def sketch(self, folder: Path) -> SketchWriter:
        """A writer of this step's sketch of one shard; its files in `folder` depend on the documents alone."""
        raise NotImplementedError

    def decide(self, folders: Sequence[Path], helpers: Executor | None = None) -> Iterable[dict[int, Fate]]:
        """For every sketch folder in turn the fates by row (the number of the `add` call, from 0); the rest stays.

        The decision rests on the documents and their ids, never on the order of the folders or on timing.
        Memory: some tens of bytes a document, never its text.
        """
        raise NotImplementedError
