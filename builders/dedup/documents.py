"""All documents of a corpus as they were sketched, numbered best first."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from builders.dedup.ranking import best_first
from builders.dedup.shingles import Units
from builders.dedup.signatures import BINS, Keys, Signatures, band_keys
from builders.dedup.sketch import BLOCK, NO_BOOK, RECORD, Records

Numbers = npt.NDArray[np.int64]
"""Document numbers: 0 is the best document of the corpus, and of two copies the lower number is to stay."""
Mask = npt.NDArray[np.bool_]
"""One truth value a document."""

_MAX_OPEN_FILES = 128
_HELD_SIGNATURES_BYTES = 64 << 20  # up to this size all are in memory, above it they are read when they are asked for
_BANDS_AT_ONCE = 8  # of those that are read: 32 bytes a document for an eighth of the reading
_SIGNATURES_AT_ONCE = 1 << 14


class TextPlace(NamedTuple):
    """Where a folded text stands: a file, the first unit, and how many there are."""

    path: str
    start: int
    units: int


def read_texts(places: Iterable[TextPlace]) -> list[Units]:
    """The texts at these places; what lies in one file, one after the other, is read the fastest."""
    texts: list[Units] = []
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for path, start, units in places:
            if path not in files:
                if len(files) >= _MAX_OPEN_FILES:
                    stack.close()
                    files = {}
                files[path] = stack.enter_context(Path(path).open("rb", buffering=0))
            texts.append(np.frombuffer(os.pread(files[path].fileno(), 2 * units, 2 * start), dtype="<u2"))
    return texts


class Compared(Protocol):
    """Documents that can be compared, by their numbers."""

    def __len__(self) -> int: ...

    def band(self, band: int) -> Keys:
        """The keys of all documents in one band: equal where all its bins are."""
        ...

    def text(self, document: int) -> Units:
        """The folded text."""
        ...

    def text_place(self, document: int) -> TextPlace:
        """Where the folded text stands."""
        ...

    def signatures(self, documents: Numbers) -> Signatures:
        """The signatures of documents, one a row."""
        ...


class SketchedDocuments:
    """Reads the sketch folders of a corpus.

    Texts and ids are read by offset when they are asked for, and so are signatures where there are many: a million
    documents take 0.3 GB of memory, while they are ranked, and less afterwards.
    """

    def __init__(self, folders: Sequence[Path], bands: int, rows: int) -> None:
        self._folders, self._bands, self._rows = list(folders), bands, rows
        self._text_files = [str(folder / "text.bin") for folder in folders]
        self._open: dict[tuple[int, str], BinaryIO] = {}
        sizes = [(folder / "records.bin").stat().st_size // RECORD.itemsize for folder in folders]
        self._first_row = np.cumsum([0, *sizes]).tolist()
        records = np.empty(self._first_row[-1], dtype=RECORD)
        for folder, first, size in zip(folders, self._first_row, sizes, strict=False):
            records[first : first + size] = np.fromfile(folder / "records.bin", dtype=RECORD)
        blocks = [np.fromfile(folder / "blocks.bin", dtype=BLOCK) for folder in folders]
        of_shards = list(zip(np.split(records, self._first_row[1:-1]), blocks, strict=False))
        self._id_end, self._text_end = ([span_ends(*one, name) for one in of_shards] for name in ("id", "text"))
        self._rank(records)
        self._first_band = -1
        self._keys: Keys = np.zeros((0, 0), dtype=np.uint32)
        small = BINS * len(records) <= _HELD_SIGNATURES_BYTES
        self._held = np.concatenate(list(self._all_signatures())) if small else None

    def _rank(self, records: Records) -> None:
        books, self.book_names = self._read_books()
        self.order = best_first(
            ids=self._read_ids(),
            books=books,
            book_names=[name.encode("utf-8", "surrogatepass") for name in self.book_names],
            valid=records["valid"],
            quality=records["quality"].astype(np.int64),
            chars=np.concatenate([np.zeros(0, np.int64), *(np.diff(ends, prepend=0) for ends in self._text_end)]),
            digests=(records["digest"], records["digest_2"]),
        )
        self.valid: Mask = records["valid"][self.order]
        self.has_ngrams: Mask = records["has_ngrams"][self.order]
        self.digests = (records["digest"][self.order], records["digest_2"][self.order])
        self.book = books[self.order]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def __len__(self) -> int:
        return len(self.order)

    def shard_row(self, document: int) -> tuple[int, int]:
        """The number of the folder that a document is in, and its row there."""
        row = int(self.order[document])
        shard = bisect_right(self._first_row, row) - 1
        return shard, row - self._first_row[shard]

    def by_shard(self, wanted: Mask) -> Iterator[Iterator[tuple[int, int]]]:
        """For every folder the documents that are wanted, by number, and the row of each there."""
        numbers = np.flatnonzero(wanted)
        numbers = numbers[np.argsort(self.order[numbers])]
        rows = self.order[numbers]
        ends = np.searchsorted(rows, self._first_row)
        for shard, first in enumerate(self._first_row[:-1]):
            here = slice(ends[shard], ends[shard + 1])
            yield zip(numbers[here].tolist(), (rows[here] - first).tolist(), strict=True)

    def id(self, document: int) -> str:
        shard, row = self.shard_row(document)
        start, end = _span(self._id_end[shard], row)
        return self._read(shard, "ids.bin", start, end - start).decode("utf-8", "surrogatepass")

    def text_place(self, document: int) -> TextPlace:
        """Where the folded text stands."""
        shard, row = self.shard_row(document)
        start, end = _span(self._text_end[shard], row)
        return TextPlace(self._text_files[shard], start, end - start)

    def text(self, document: int) -> Units:
        """The folded text."""
        shard, row = self.shard_row(document)
        start, end = _span(self._text_end[shard], row)
        return np.frombuffer(self._read(shard, "text.bin", 2 * start, 2 * (end - start)), dtype="<u2")

    def signatures(self, documents: Numbers) -> Signatures:
        """The signatures of documents, one a row."""
        rows = self.order[documents]
        if self._held is not None:
            return self._held[rows]
        found = np.empty((len(documents), BINS), dtype=np.uint8)
        for place in np.argsort(rows).tolist():  # shard by shard: few files are opened twice
            shard, row = self.shard_row(documents[place])
            found[place] = np.frombuffer(self._read(shard, "signatures.bin", BINS * row, BINS), dtype=np.uint8)
        return found

    def band(self, band: int) -> Keys:
        """The keys of all documents in one band."""
        first = band - band % _BANDS_AT_ONCE
        if self._first_band != first:
            self._first_band, self._keys = first, self._read_bands(first, min(_BANDS_AT_ONCE, self._bands - first))
        keys: Keys = self._keys[band - first][self.order]
        return keys

    def _read_bands(self, first: int, count: int) -> Keys:
        """The keys of all rows in neighbouring bands."""
        self._keys = np.zeros((0, 0), dtype=np.uint32)  # both would be too many
        read = self._all_signatures() if self._held is None else [self._held]
        found = [band_keys(signatures, first, count, self._bands, self._rows) for signatures in read]
        keys: Keys = np.concatenate(found, axis=1)  # type: ignore[assignment]
        return keys

    def _all_signatures(self) -> Iterator[Signatures]:
        """The signatures of all rows, some thousand at a time."""
        yield np.zeros((0, BINS), dtype=np.uint8)
        for folder in self._folders:
            with (folder / "signatures.bin").open("rb", buffering=0) as file:
                while read := file.read(BINS * _SIGNATURES_AT_ONCE):
                    yield np.frombuffer(read, dtype=np.uint8).reshape(-1, BINS)

    def _read_ids(self) -> pa.LargeBinaryArray:
        """The ids of all documents."""
        found = [pa.array([], pa.large_binary())]
        for folder, ends in zip(self._folders, self._id_end, strict=True):
            offsets, ids = np.concatenate(([0], ends)), (folder / "ids.bin").read_bytes()
            buffers = [None, pa.py_buffer(offsets), pa.py_buffer(ids)]
            found.append(pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers))
        return pa.concat_arrays(found)

    def _read_books(self) -> tuple[Numbers, list[str]]:
        """The books of the rows, numbered through all folders."""
        number_of: dict[str, int] = {}
        books = np.full(self._first_row[-1], NO_BOOK, dtype=np.int64)
        for shard, folder in enumerate(self._folders):
            names, book_of = read_books(folder)
            numbers = [number_of.setdefault(name, len(number_of)) for name in names]
            if names:
                rows = slice(*self._first_row[shard : shard + 2])
                books[rows] = np.array([*numbers, NO_BOOK], dtype=np.int64)[book_of]  # NO_BOOK is the last, -1
        return books, list(number_of)

    def _read(self, shard: int, name: str, offset: int, count: int) -> bytes:
        file = self._open.get((shard, name))
        if file is None:
            if len(self._open) >= _MAX_OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            file = self._open[shard, name] = (self._folders[shard] / name).open("rb", buffering=0)
        return os.pread(file.fileno(), count, offset)


def read_books(folder: Path) -> tuple[list[str], npt.NDArray[np.int32]]:
    """The books of a folder, and which of them each of its documents is of; no numbers where there is no book."""
    return json.loads((folder / "books.json").read_bytes()), np.fromfile(folder / "books.bin", dtype="<i4")


def span_ends(records: Records, blocks: Records, name: str) -> Numbers:
    """Where the id or the text of each document of a folder ends in the file of all."""
    starts: Numbers = blocks["row"].astype(np.int64)
    documents = np.append(starts[1:], len(records)) - starts
    ends: Numbers = records[f"{name}_end"] + np.repeat(blocks[name].astype(np.int64), documents)
    return ends


def _span(ends: Numbers, row: int) -> tuple[int, int]:
    return int(ends[row - 1]) if row else 0, int(ends[row])
