"""Rows on disk: Arrow streams for work in progress, Parquet for what people get."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from builders.document import Document, Note, transcript
from builders.engine.run import Refused
from validators.errors import SikuError


class _NoPandas:
    """Hides pandas from whoever imports it."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


def _look_for_pandas_in_vain() -> None:
    """Keep pyarrow from importing pandas (30 MB and half a second in every process) to learn that a list is no Series.

    It looks once. Whoever asks it for a DataFrame later still gets one.
    """
    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(_NoPandas)


_look_for_pandas_in_vain()

BATCH_CHARS = 2_000_000  # text held before it is written out
ROWS = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),  # "" where there are messages
        ("meta", pa.string()),
        ("split", pa.string()),
        ("messages", pa.large_string()),  # JSON
    ]
)
REFUSED = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("step", pa.string()),
        ("reason", pa.string()),
        ("duplicate_of", pa.string()),
        ("jaccard", pa.float64()),
        ("meta", pa.string()),
    ]
)
EVIDENCE = pa.schema([("id", pa.string()), ("step", pa.string()), ("kind", pa.string()), ("text", pa.large_string())])
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.large_string())]))
PARENTS = pa.list_(pa.string())
PARQUET = {"compression": "zstd", "compression_level": 1, "write_statistics": False, "store_schema": False}
KINDS = {
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "string": pa.large_string(),
    "json": pa.large_string(),
}


class RowWriter:
    """Writes tuples in the order of a schema, in batches; makes its file at the first row, so that none means no file.

    A file whose name ends in `.parquet` is Parquet with row groups of `group_rows`; any other is an Arrow stream.
    """

    def __init__(self, path: Path, schema: pa.Schema, group_rows: int = 1000) -> None:
        self.path, self.schema, self.group_rows = path, schema, group_rows
        self.rows = 0
        self._pending: list[tuple[Any, ...]] = []
        self._batches: list[pa.RecordBatch] = []  # before those that are pending
        self._pending_rows = self._pending_chars = 0
        self._writer: Any = None
        self._thread: ThreadPoolExecutor | None = None  # writes a row group while the next one is made
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            self.close()
        elif self._writer is not None:  # what is there will be thrown away; on a full disk it cannot be completed
            for step in (self._wait, self._writer.close):
                with contextlib.suppress(OSError, pa.ArrowException):
                    step()

    def add(self, row: tuple[Any, ...], chars: int) -> None:
        self._pending.append(row)
        self._count(1, chars)

    def add_batch(self, batch: pa.RecordBatch, chars: npt.NDArray[np.int64]) -> None:
        """As `add` for every row of a batch, with the same row groups; `chars` are those of each row."""
        start = 0
        while start < batch.num_rows:
            room = self.group_rows - self._pending_rows
            held = self._pending_chars + np.cumsum(chars[start : start + room])
            rows = min(len(held), int(np.searchsorted(held, self._most_chars())) + 1)
            self._gather()
            self._batches.append(batch.slice(start, rows))
            self._count(rows, int(held[rows - 1]) - self._pending_chars)
            start += rows

    def _count(self, rows: int, chars: int) -> None:
        self.rows += rows
        self._pending_rows += rows
        self._pending_chars += chars
        if self._pending_rows >= self.group_rows or self._pending_chars >= self._most_chars():
            self._flush()

    def _stream(self) -> bool:
        return self.path.suffix != ".parquet"

    def _most_chars(self) -> int:
        return BATCH_CHARS if self._stream() else 16 * BATCH_CHARS

    def _gather(self) -> None:
        """Make a batch of the rows that came one by one."""
        if self._pending:
            columns = zip(*self._pending, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, self.schema, strict=True)]
            self._batches.append(pa.record_batch(arrays, schema=self.schema))
            self._pending = []

    def _flush(self) -> None:
        self._gather()
        if not self._batches:
            return
        batch = pa.concat_batches(self._batches)
        if self._writer is None:
            self._writer = self._open()
        if self._stream():
            self._writer.write_batch(batch)
        else:
            self._wait()
            self._thread = self._thread or ThreadPoolExecutor(1)
            self._writing = self._thread.submit(self._writer.write_batch, batch, row_group_size=batch.num_rows)
        self._batches, self._pending_rows, self._pending_chars = [], 0, 0

    def _open(self) -> Any:
        if self._stream():
            # As it is: lz4 would save a quarter of the disk and cost five times as much as the writing itself.
            return pa.ipc.new_stream(str(self.path), self.schema)
        return pq.ParquetWriter(self.path, self.schema, use_dictionary=_repetitive(self.schema), **PARQUET)

    def _wait(self) -> None:
        """Until the row group that was begun is written. Raises OSError where it could not be."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def close(self) -> None:
        self._flush()
        self._wait()
        if self._thread is not None:
            self._thread.shutdown()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _repetitive(schema: pa.Schema) -> list[str]:
    """The columns in which values come again: a dictionary of texts or ids costs time and is given up in the end."""
    return [name for name in schema.names if name not in ("id", "text", "messages", "parents", "meta")]


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of an Arrow stream that a `RowWriter` made, none where it made none; one batch in memory at a time."""
    for batch in read_batches(path):
        yield from batch.to_pylist()


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The same in batches."""
    if not path.exists():
        return
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        yield from stream


def read_dataset_rows(folder: Path, name: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of one folder (`train`, `dropped` ...) of a dataset, part by part, with some `columns` or all.

    A row of messages has its transcript as `text`.
    """
    for path in sorted((folder / name).glob("*.parquet")):
        file = pq.ParquetFile(path)
        transcribed = "text" not in file.schema_arrow.names and (columns is None or "text" in columns)
        read = columns if columns is None or not transcribed else [*(c for c in columns if c != "text"), "messages"]
        for batch in file.iter_batches(batch_size=500, columns=read):
            for row in batch.to_pylist():
                yield row | {"text": transcript(row["messages"])} if transcribed else row


def document_row(document: Document) -> tuple[Any, ...]:
    meta = orjson.dumps(document.meta).decode()
    if document.messages is None:
        return (document.id, document.text, meta, document.split, None)
    return (document.id, "", meta, document.split, orjson.dumps(document.messages).decode())


def row_document(row: Mapping[str, Any]) -> Document:
    document = Document(row["id"], row["text"], orjson.loads(row["meta"]), split=row["split"])
    if row["messages"] is not None:
        document.converse(orjson.loads(row["messages"]))
    return document


def refused_row(refused: Refused) -> tuple[Any, ...]:
    """A refused document; the messages of a conversation stay with its metadata, the text is their transcript."""
    document = refused.document
    messages = {} if document.messages is None else {"messages": document.messages}
    meta = orjson.dumps(document.meta | messages).decode()
    return (document.id, document.text, refused.step, refused.reason, refused.duplicate_of, refused.jaccard, meta)


def evidence_row(name: str, step: str, note: Note) -> tuple[Any, ...]:
    return (name, step, note.kind, note.text)


# ---------------------------------------------------------------- flat metadata columns


def kind_of(value: Any) -> str:
    """The column type that holds a JSON value: "" for null, "json" for what is nested or larger than 64 bits."""
    match value:
        case None:
            return ""
        case bool():
            return "bool"
        case int():
            return "int" if -(2**63) <= value < 2**63 else "json"
        case float():
            return "float"
        case str():
            return "string"
    return "json"


def wider(one: str, other: str) -> str:
    """The column type that holds both."""
    if one == other or not other:
        return one
    if not one:
        return other
    return "float" if {one, other} == {"int", "float"} else "json"


def widen(columns: dict[str, str], meta: Mapping[str, Any]) -> None:
    """Take the metadata of one more row into account."""
    for name, value in meta.items():
        columns[name] = wider(columns.get(name, ""), kind_of(value))


def merge_columns(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The columns of a dataset from those of its parts, in a stable order."""
    merged: dict[str, str] = {}
    for part in parts:
        for name, kind in part.items():
            merged[name] = wider(merged.get(name, ""), kind)
    return dict(sorted(merged.items()))


RESERVED = {"text": ("id", "text"), "messages": ("id", "messages", "parents")}  # columns, by the form of the rows


def row_schema(columns: Mapping[str, str], rows: str = "text") -> pa.Schema:
    """`id, text` or `id, messages, parents`, and the metadata; a column that is null everywhere is a string."""
    kinds = {"id": pa.large_string(), "text": pa.large_string(), "messages": MESSAGES, "parents": PARENTS}
    meta = [(name, KINDS[kind or "string"]) for name, kind in columns.items()]
    return pa.schema([*((name, kinds[name]) for name in RESERVED[rows]), *meta])


def dataset_row(document: Document, columns: Mapping[str, str], rows: str) -> tuple[Any, ...]:
    """A document as `row_schema` has it. Raises SikuError for a text where rows of messages are written."""
    meta = document.meta
    cells = (cell(meta.get(name), kind) for name, kind in columns.items())
    if rows == "text":
        return (document.id, document.text, *cells)
    if document.messages is None:
        raise SikuError(
            "a text reached the end of a recipe whose rows are messages",
            where=document.id,
            next="make conversations of it with a Split, or use Output(rows='text')",
        )
    return (document.id, document.messages, meta.get("parents") or [], *cells)


def cell(value: Any, kind: str) -> Any:
    """A metadata value as its column holds it."""
    if value is None:
        return None
    if kind == "json":
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return float(value) if kind == "float" else value
