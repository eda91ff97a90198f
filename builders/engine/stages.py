"""The two kinds of work that a process does: take a shard through steps, and write a part of the dataset.

Both fill one folder of the work store and depend on nothing but what their key was made from.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from builders.document import Document, Quarantined
from builders.engine.decisions import KeptDecision
from builders.engine.ledger import Ledger, StepTally
from builders.engine.recipe import Output
from builders.engine.rest import Rest, characters, read_decided
from builders.engine.run import Books, run_documents
from builders.engine.statistics import Statistics
from builders.engine.store import WorkStore
from builders.engine.tables import (
    EVIDENCE,
    REFUSED,
    ROWS,
    RowWriter,
    document_row,
    evidence_row,
    read_batches,
    read_rows,
    refused_row,
    row_schema,
    widen,
)
from builders.sources.inputs import in_threads
from builders.steps import Corpus, Shard, Source
from validators.step import Step

ROWS_FILE, REFUSED_FILE, EVIDENCE_FILE = "rows.arrow", "refused.arrow", "evidence.arrow"
NAMES_FILE = "names.bin"  # eight bytes of the digest of every id that the source gave, in order
PART_FILES = {
    "train": "train.parquet",
    "valid": "valid.parquet",
    "dropped": "dropped.parquet",
    "evidence": "evidence.parquet",
}


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Take one shard, from its source or from the stage before, through `steps` up to the next corpus step."""

    key: str
    shard: Shard
    source: Source
    steps: Sequence[Step]
    corpus: Corpus | None  # whose sketch is taken of what remains
    before: Path | None = None  # the stage before, and what was decided on it
    decided: KeptDecision | None = None
    limit: int | None = None  # documents read from the source
    suffixes: Mapping[int, str] = field(default_factory=dict)  # for ids met before, by number in the shard

    def run(self, store: WorkStore) -> dict[str, Any]:
        return store.make(self.key, self._fill)[1]

    def _fill(self, folder: Path) -> dict[str, Any]:
        columns: dict[str, str] = {}
        names = bytearray()
        with ExitStack() as stack:
            rows, refused, evidence = (
                stack.enter_context(RowWriter(folder / name, schema))
                for name, schema in ((ROWS_FILE, ROWS), (REFUSED_FILE, REFUSED), (EVIDENCE_FILE, EVIDENCE))
            )
            sketch = stack.enter_context(self.corpus.sketch(folder)) if self.corpus else None
            ledger = Ledger.over(self.steps)
            books = _books(ledger, refused, evidence)
            decision = _decision_tally(self.decided)
            documents = self._documents(books, decision, names)
            for document in run_documents(self.steps, documents, books, type(self.source).__name__):
                widen(columns, document.meta)
                rows.add(document_row(document), len(document.text))
                if sketch:
                    sketch.add(document)
        if self.before is None:
            (folder / NAMES_FILE).write_bytes(names)
        result = {"columns": columns, "rows": rows.rows, "characters": ledger.characters.total()}
        return result | {"ledger": _partial(ledger, decision, first=self.before is None, last=False)}

    def _documents(
        self, books: Books, decision: StepTally | None, names: bytearray
    ) -> Iterator[Document | Quarantined]:
        if self.before is None:
            return self._read(names)
        decided = self.decided.read() if self.decided else None
        return read_decided(read_rows(self.before / ROWS_FILE), 0, decided, decision, books)

    def _read(self, names: bytearray) -> Iterator[Document | Quarantined]:
        for number, document in enumerate(islice(self.source.read(self.shard), self.limit)):
            names += blake2b(document.id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            if suffix := self.suffixes.get(number):
                meta = document.meta | {"id_given": document.id}
                document = dataclasses.replace(document, id=document.id + suffix, meta=meta)
            yield document


@dataclass(frozen=True, slots=True)
class Piece:
    """One shard's share of a part: its stages in order and the last corpus step's decision on them."""

    stages: Sequence[Path]
    decided: KeptDecision | None


@dataclass(frozen=True, slots=True)
class PartTask:
    """Apply the last decision to a run of shards, take what stays through the last steps, and write Parquet."""

    key: str
    pieces: Sequence[Piece]
    steps: Sequence[Step]
    output: Output
    columns: Mapping[str, str]

    def run(self, store: WorkStore) -> dict[str, Any]:
        return store.make(self.key, self._fill)[1]

    def _fill(self, folder: Path) -> dict[str, Any]:
        total = Ledger.over(self.steps)
        statistics = Statistics.of(self.output)
        with ExitStack() as stack:

            def writer(name: str, schema: Any) -> RowWriter:
                return stack.enter_context(RowWriter(folder / PART_FILES[name], schema, self.output.row_group_rows))

            form = self.output.rows
            kept = {split: writer(split, row_schema(self.columns, form)) for split in ("train", "valid")}
            refused, evidence = writer("dropped", REFUSED), writer("evidence", EVIDENCE)
            for piece in self.pieces:
                _copy(piece.stages, REFUSED_FILE, refused)
                _copy(piece.stages, EVIDENCE_FILE, evidence)
                ledger = Ledger.over(self.steps)
                decision = _decision_tally(piece.decided)
                books = _books(ledger, refused, evidence)
                decided = piece.decided.read() if piece.decided else None
                rest = Rest(decided, decision, self.steps, books, kept, self.columns, form, statistics)
                rest.take(piece.stages[-1] / ROWS_FILE)
                part = Ledger.from_json(_partial(ledger, decision, first=False, last=True))
                if decision and decision.name not in {tally.name for tally in total.steps}:
                    total.steps.insert(0, StepTally(decision.name))
                total.add(part)
        return {"ledger": total.to_json(), "statistics": statistics.to_json(), "found": count_part(folder)}


def _books(ledger: Ledger, refused: RowWriter, evidence: RowWriter) -> Books:
    return Books(
        ledger,
        lambda one: refused.add(refused_row(one), len(one.document.text)),
        lambda name, step, note: evidence.add(evidence_row(name, step, note), len(note.text)),
    )


def _decision_tally(decided: KeptDecision | None) -> StepTally | None:
    return StepTally(type(decided.step).__name__) if decided else None


def _partial(ledger: Ledger, decision: StepTally | None, *, first: bool, last: bool) -> dict[str, Any]:
    """The books of one stage, so that those of all stages add up: input counts at the first, rows at the last."""
    if not first:
        ledger.documents_in = ledger.characters_in = 0
    if not last:
        ledger.rows, ledger.characters = Counter(), Counter()
    if decision:
        ledger.steps.insert(0, decision)
    return ledger.to_json()


def _copy(stages: Iterable[Path], name: str, writer: RowWriter) -> None:
    for stage in stages:
        for batch in read_batches(stage / name):
            writer.add_batch(batch, characters(batch))


def count_part(folder: Path) -> dict[str, int]:
    """Rows and characters as they lie in the files of a part, for comparison with the ledger."""
    names = ("train", "valid", "dropped")
    found = dict.fromkeys((*(f"{name} {what}" for name in names for what in ("rows", "characters")), "duplicates"), 0)
    groups = [
        (name, folder / PART_FILES[name], group)
        for name in names
        if (folder / PART_FILES[name]).exists()
        for group in range(pq.read_metadata(folder / PART_FILES[name]).num_row_groups)
    ]
    for counted in in_threads(_count_group, groups, threads=2):  # each holds a row group
        for figure, count in counted.items():
            found[figure] += count
    return found


def _count_group(of: tuple[str, Path, int]) -> dict[str, int]:
    """The figures of one row group."""
    name, path, group = of
    counted: Counter[str] = Counter()
    with pq.ParquetFile(path, pre_buffer=False) as file:
        text = "text" if "text" in file.schema_arrow.names else "messages"
        columns = [text, "duplicate_of"] if name == "dropped" else [text]
        for batch in file.iter_batches(batch_size=1000, row_groups=[group], columns=columns, use_threads=False):
            counted[f"{name} rows"] += batch.num_rows
            counted[f"{name} characters"] += _characters(batch[text])
            if name == "dropped":
                counted["duplicates"] += batch.num_rows - batch["duplicate_of"].null_count
    return counted


def _characters(column: Any) -> int:
    """The characters of a column of texts, or of the transcripts of a column of messages."""
    if not pa.types.is_list(column.type):
        return pc.sum(pc.utf8_length(column)).as_py() or 0
    turns = column.flatten()
    between = len(turns) - len(column)  # line breaks: no conversation is without a turn
    return (pc.sum(pc.utf8_length(turns.field("content"))).as_py() or 0) + between
