"""What a decision leaves of a stage, taken through the last steps into the rows of a part.

Where these steps do nothing, rows go over in batches: no document is made of a row only to make a row of it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from builders.document import Document, Note
from builders.engine.decisions import Decided
from builders.engine.ledger import StepTally
from builders.engine.run import Books, Refused, run_documents
from builders.engine.statistics import Statistics
from builders.engine.tables import KINDS, RowWriter, cell, dataset_row, read_batches, row_document
from builders.steps import Fate, Split
from validators.step import Step


def read_decided(
    rows: Iterable[Mapping[str, Any]], first: int, decided: Decided | None, tally: StepTally | None, books: Books
) -> Iterator[Document]:
    """The documents that a corpus step leaves, in their split; the others go to the books. `first` numbers the rows."""
    for number, row in enumerate(rows, start=first):
        document = row_document(row)
        if decided is None or tally is None or _stays(document, decided.fates.get(number), tally, books):
            yield document


def _stays(document: Document, fate: Fate | None, tally: StepTally, books: Books) -> bool:
    """Count what befalls a document, and move it to its split."""
    chars = len(document.text)
    tally.documents_in += 1
    tally.characters_in += chars
    if fate is not None and not fate.split:
        tally.dropped[fate.check] += 1
        tally.characters_dropped += chars
        tally.duplicates += fate.duplicate_of is not None
        books.refuse(Refused(document, tally.name, f"{fate.check}: {fate.why}", fate.duplicate_of, fate.jaccard))
        return False
    if fate is not None and fate.split != document.split:
        document.split = fate.split
        tally.notes[fate.check] += 1
        books.note(document.id, tally.name, Note(fate.check, fate.why))
    tally.documents_out += 1
    tally.characters_out += chars
    return True


@dataclass(frozen=True, slots=True)
class Rest:
    """Takes the rows of one stage to the writers of a part, by split, and counts them."""

    decided: Decided | None
    decision: StepTally | None
    steps: Sequence[Step]
    books: Books
    kept: Mapping[str, RowWriter]
    columns: Mapping[str, str]
    form: str
    statistics: Statistics

    def take(self, path: Path) -> None:
        """All rows of a stage."""
        idle = self.form == "text" and all(isinstance(step, Split) and step.idle for step in self.steps)
        first = 0
        for batch in read_batches(path):
            if idle and _are_plain(batch):
                self._take_batch(batch, first)
            else:
                self._take_documents(batch.to_pylist(), first)
            first += batch.num_rows

    def _take_documents(self, rows: Sequence[Mapping[str, Any]], first: int) -> None:
        documents = read_decided(rows, first, self.decided, self.decision, self.books)
        for document in run_documents(self.steps, documents, self.books):
            chars = len(document.text)
            self.kept[document.split].add(dataset_row(document, self.columns, self.form), chars)
            self.statistics.count(document.split, [chars], [document.meta])

    def _take_batch(self, batch: pa.RecordBatch, first: int) -> None:
        chars = characters(batch)
        stays, splits = self._settle(batch, chars, first)
        for split, writer in self.kept.items():
            places = np.flatnonzero(stays & (splits == split))
            rows, lengths = batch.take(pa.array(places)), chars[places]
            metas = [orjson.loads(meta) for meta in rows["meta"].to_pylist()]
            writer.add_batch(self._dataset_batch(rows, metas, writer.schema), lengths)
            self.statistics.count(split, lengths.tolist(), metas)
            self._count_kept(split, len(places), int(lengths.sum()))

    def _settle(
        self, batch: pa.RecordBatch, chars: npt.NDArray[np.int64], first: int
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.str_]]:
        """Which rows stay and in which split; those that the decision says something about are looked at one by one."""
        stays, splits = np.ones(batch.num_rows, dtype=np.bool_), np.array(batch["split"].to_pylist())
        if self.decided is None or self.decision is None:
            return stays, splits
        of_batch = range(first, first + batch.num_rows)
        fates = {number - first: self.decided.fates[number] for number in of_batch if number in self.decided.fates}
        told = list(fates)
        for place, row in zip(told, batch.take(pa.array(told, pa.int64())).to_pylist(), strict=True):
            document = row_document(row)
            stays[place] = _stays(document, fates[place], self.decision, self.books)
            splits[place] = document.split
        others = np.delete(chars, told)
        for name, figure in (("documents", len(others)), ("characters", int(others.sum()))):
            for side in ("in", "out"):
                setattr(self.decision, f"{name}_{side}", getattr(self.decision, f"{name}_{side}") + figure)
        return stays, splits

    def _dataset_batch(self, rows: pa.RecordBatch, metas: Sequence[Mapping[str, Any]], schema: pa.Schema) -> Any:
        """The rows as `row_schema` has them."""
        cells = [
            pa.array([cell(meta.get(name), kind) for meta in metas], KINDS[kind or "string"])
            for name, kind in self.columns.items()
        ]
        return pa.record_batch([rows["id"].cast(pa.large_string()), rows["text"], *cells], schema=schema)

    def _count_kept(self, split: str, documents: int, chars: int) -> None:
        if not documents:
            return
        ledger = self.books.ledger
        ledger.documents_in += documents
        ledger.characters_in += chars
        ledger.rows[split] += documents
        ledger.characters[split] += chars
        for tally in ledger.steps:
            tally.documents_in += documents
            tally.documents_out += documents
            tally.characters_in += chars
            tally.characters_out += chars


def characters(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """The characters of the column `text` of each row."""
    lengths: npt.NDArray[np.int64] = pc.utf8_length(batch["text"]).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def _are_plain(batch: pa.RecordBatch) -> bool:
    """Whether they are texts, none of them blank, about which there is nothing to decide."""
    if batch["messages"].null_count < batch.num_rows:
        return False
    blank = pc.or_(pc.utf8_is_space(batch["text"]), pc.equal(pc.binary_length(batch["text"]), 0))
    return not pc.any(blank).as_py()
