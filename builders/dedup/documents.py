"""All documents of a corpus as they were sketched, numbered best first."""

from __future__ import annotations

import functools
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

import numpy as np
import numpy.typing as npt

from builders.dedup.ranking import best_first
from builders.dedup.shingles import Hashes, Units
from builders.dedup.signatures import BINS
from builders.dedup.sketch import NO_BOOK, RECORD, Records

Numbers = npt.NDArray[np.int64]
"""Document numbers: 0 is the best document of the corpus, and of two copies the lower number is to stay."""
Mask = npt.NDArray[np.bool_]
"""One truth value a document."""

_MAX_OPEN_FILES = 128
_FEW_FOLDERS = 16  # of so many, every band is read by itself: 50 MB less for 100,000 documents
_BANDS_AT_ONCE_BYTES = 64 << 20  # band keys up to this size are read file by file, larger ones band by band


class Compared(Protocol):
    """Documents that can be compared, by their numbers."""

    def __len__(self) -> int: ...

    def band(self, band: int) -> Hashes:
        """The keys of all documents in one band."""
        ...

    def text(self, document: int) -> Units:
        """The folded text."""
        ...

    def signatures(self, documents: Numbers) -> npt.NDArray[np.uint8]:
        """The signatures of documents, one a row."""
        ...


class SketchedDocuments:
    """Reads the sketch folders of a corpus.

    Texts, signatures and ids are read by offset when they are asked for, band keys one band at a time: a million
    documents take 0.3 GB of memory, while they are ranked, and less afterwards.
    """

    def __init__(self, folders: Sequence[Path], bands: int) -> None:
        self._folders, self._bands = list(folders), bands
        self._open: dict[tuple[int, str], BinaryIO] = {}
        shards = [np.fromfile(folder / "records.bin", dtype=RECORD) for folder in folders]
        self._block_documents = [np.fromfile(folder / "blocks.bin", dtype="<u4").tolist() for folder in folders]
        self._first_row = np.cumsum([0, *map(len, shards)]).tolist()
        self._id_end = [records["id_end"].astype(np.int64) for records in shards]
        self._text_end = [records["text_end"].astype(np.int64) for records in shards]
        self._rank(np.concatenate(shards) if shards else np.zeros(0, dtype=RECORD))

    def _rank(self, records: Records) -> None:
        books, self.book_names = self._read_books(records["book"].astype(np.int64))
        chars = [np.diff(ends, prepend=0) for ends in self._text_end]
        self.order = best_first(
            ids=[name for shard in range(len(self._folders)) for name in self._read_ids(shard)],
            books=books,
            book_names=[name.encode("utf-8", "surrogatepass") for name in self.book_names],
            valid=records["valid"],
            quality=records["quality"].astype(np.int64),
            chars=np.concatenate(chars) if chars else np.zeros(0, dtype=np.int64),
            digest=records["digest"],
        )
        self.valid: Mask = records["valid"][self.order]
        self.has_ngrams: Mask = records["has_ngrams"][self.order]
        self.digest = records["digest"][self.order]
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

    def id(self, document: int) -> str:
        shard, row = self.shard_row(document)
        start, end = _span(self._id_end[shard], row)
        return self._read(shard, "ids.bin", start, end - start).decode("utf-8", "surrogatepass")

    def text(self, document: int) -> Units:
        """The folded text."""
        shard, row = self.shard_row(document)
        start, end = _span(self._text_end[shard], row)
        return np.frombuffer(self._read(shard, "text.bin", 2 * start, 2 * (end - start)), dtype="<u2")

    def signatures(self, documents: Numbers) -> npt.NDArray[np.uint8]:
        """The signatures of documents, one a row."""
        found = np.empty((len(documents), BINS), dtype=np.uint8)
        for place in np.argsort(self.order[documents]).tolist():  # shard by shard: few files are opened twice
            shard, row = self.shard_row(documents[place])
            found[place] = np.frombuffer(self._read(shard, "signatures.bin", BINS * row, BINS), dtype=np.uint8)
        return found

    def band(self, band: int) -> Hashes:
        """The keys of all documents in one band."""
        if len(self._folders) > _FEW_FOLDERS and 8 * len(self) * self._bands <= _BANDS_AT_ONCE_BYTES:
            return self._all_bands[band]
        keys = np.empty(len(self), dtype=np.uint64)
        for shard, first, start, documents in self._blocks():
            offset = 8 * (self._bands * (start - first) + band * documents)
            block = self._read(shard, "bands.bin", offset, 8 * documents)
            keys[start : start + documents] = np.frombuffer(block, dtype="<u8")
        return keys[self.order]

    @functools.cached_property
    def _all_bands(self) -> list[Hashes]:
        """The keys of all documents in all bands, one band a row: a file for every book makes many small reads."""
        keys = np.empty((self._bands, len(self)), dtype=np.uint64)
        for shard, first, start, documents in self._blocks():
            if start == first:
                content = np.fromfile(self._folders[shard] / "bands.bin", dtype="<u8")
            block = content[self._bands * (start - first) : self._bands * (start - first + documents)]
            keys[:, start : start + documents] = block.reshape(self._bands, documents)
        for band in keys:
            band[:] = band[self.order]
        return list(keys)

    def _blocks(self) -> Iterator[tuple[int, int, int, int]]:
        """Number and first row of a folder, first row and size of a block, for every block."""
        for shard, (first, blocks) in enumerate(zip(self._first_row, self._block_documents, strict=False)):
            start = first
            for documents in blocks:
                yield shard, first, start, documents
                start += documents

    def _read_ids(self, shard: int) -> list[bytes]:
        ids = (self._folders[shard] / "ids.bin").read_bytes()
        ends = self._id_end[shard].tolist()
        return [ids[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def _read_books(self, books: Numbers) -> tuple[Numbers, list[str]]:
        """The books of the rows, numbered through all folders."""
        number_of: dict[str, int] = {}
        for shard, folder in enumerate(self._folders):
            names = json.loads((folder / "books.json").read_bytes())
            numbers = [number_of.setdefault(name, len(number_of)) for name in names]
            rows = slice(*self._first_row[shard : shard + 2])
            books[rows] = np.array([*numbers, NO_BOOK], dtype=np.int64)[books[rows]]  # NO_BOOK is the last, -1
        return books, list(number_of)

    def _read(self, shard: int, name: str, offset: int, count: int) -> bytes:
        file = self._open.get((shard, name))
        if file is None:
            if len(self._open) >= _MAX_OPEN_FILES:
                self._open.pop(next(iter(self._open))).close()
            file = self._open[shard, name] = (self._folders[shard] / name).open("rb", buffering=0)
        file.seek(offset)
        return file.read(count)


def _span(ends: Numbers, row: int) -> tuple[int, int]:
    return int(ends[row - 1]) if row else 0, int(ends[row])
