"""All documents of a corpus as they were sketched, numbered best first."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from builders.dedup.ranking import best_first
from builders.dedup.shingles import Hashes, Units
from builders.dedup.signatures import BINS, Signatures, band_keys, bins_of_band
from builders.dedup.sketch import BLOCK, NO_BOOK, RECORD, Records

Numbers = npt.NDArray[np.int64]
"""Document numbers: 0 is the best document of the corpus, and of two copies the lower number is to stay."""
Mask = npt.NDArray[np.bool_]
"""One truth value a document."""

_MAX_OPEN_FILES = 128
_HELD_SIGNATURES_BYTES = 64 << 20  # up to this size all are in memory, above it each bin is read when it is asked for


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
            files[path].seek(2 * start)
            texts.append(np.frombuffer(files[path].read(2 * units), dtype="<u2"))
    return texts


class Compared(Protocol):
    """Documents that can be compared, by their numbers."""

    def __len__(self) -> int: ...

    def band(self, band: int) -> Hashes:
        """The keys of all documents in one band: equal where all its bins are."""
        ...

    def text(self, document: int) -> Units:
        """The folded text."""
        ...

    def text_place(self, document: int) -> TextPlace:
        """Where the folded text stands."""
        ...

    def signatures(self, documents: Numbers) -> npt.NDArray[np.uint8]:
        """The signatures of documents, one a row."""
        ...


class SketchedDocuments:
    """Reads the sketch folders of a corpus.

    Texts and ids are read by offset when they are asked for, and so are signatures where there are many: a million
    documents take 0.3 GB of memory, while they are ranked, and less afterwards.
    """

    def __init__(self, folders: Sequence[Path], bands: int, rows: int) -> None:
        self._folders, self._bands, self._rows = list(folders), bands, rows
        self._open: dict[tuple[int, str], BinaryIO] = {}
        shards = [np.fromfile(folder / "records.bin", dtype=RECORD) for folder in folders]
        blocks = [np.fromfile(folder / "blocks.bin", dtype=BLOCK) for folder in folders]
        self._first_row = np.cumsum([0, *map(len, shards)]).tolist()
        self._id_end, self._text_end = (
            [span_ends(*of_shard, name) for of_shard in zip(shards, blocks, strict=True)] for name in ("id", "text")
        )
        self._rank(np.concatenate([np.zeros(0, dtype=RECORD), *shards]))
        self._find_blocks(blocks)
        self._held = self._held_signatures()

    def _rank(self, records: Records) -> None:
        books, self.book_names = self._read_books(records["book"].astype(np.int64))
        self.order = best_first(
            ids=[name for shard in range(len(self._folders)) for name in self._read_ids(shard)],
            books=books,
            book_names=[name.encode("utf-8", "surrogatepass") for name in self.book_names],
            valid=records["valid"],
            quality=records["quality"].astype(np.int64),
            chars=np.concatenate([np.zeros(0, np.int64), *(np.diff(ends, prepend=0) for ends in self._text_end)]),
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

    def text_place(self, document: int) -> TextPlace:
        """Where the folded text stands."""
        shard, row = self.shard_row(document)
        start, end = _span(self._text_end[shard], row)
        return TextPlace(str(self._folders[shard] / "text.bin"), start, end - start)

    def text(self, document: int) -> Units:
        """The folded text."""
        shard, row = self.shard_row(document)
        start, end = _span(self._text_end[shard], row)
        return np.frombuffer(self._read(shard, "text.bin", 2 * start, 2 * (end - start)), dtype="<u2")

    def signatures(self, documents: Numbers) -> npt.NDArray[np.uint8]:
        """The signatures of documents, one a row."""
        rows = self.order[documents]
        if self._held is not None:
            return self._held[:, rows].T
        found = np.empty((len(documents), BINS), dtype=np.uint8)
        block_of = np.searchsorted(self._block_starts, rows, side="right") - 1
        for block in np.unique(block_of).tolist():
            within = block_of == block
            found[within] = self._read_bins(block, 0, BINS)[:, rows[within] - self._block_starts[block]].T
        return found

    def band(self, band: int) -> Hashes:
        """The keys of all documents in one band."""
        bins = bins_of_band(band, self._bands, self._rows)
        if self._held is not None:
            return band_keys(self._held[bins.start : bins.stop : bins.step])[self.order]
        keys = np.empty(len(self), dtype=np.uint64)
        for block, start in enumerate(self._block_starts.tolist()):
            found = band_keys(np.concatenate([self._read_bins(block, place, 1) for place in bins]))
            keys[start : start + found.shape[0]] = found
        return keys[self.order]

    def _find_blocks(self, blocks: Sequence[Records]) -> None:
        """Where the blocks of all folders begin and end, counted in rows of the corpus."""
        starts = [
            first + of_shard["row"].astype(np.int64) for first, of_shard in zip(self._first_row, blocks, strict=False)
        ]
        self._block_starts = np.concatenate([np.zeros(0, np.int64), *starts])
        self._block_sizes = np.diff(self._block_starts, append=self._first_row[-1])
        self._block_shards = np.repeat(np.arange(len(blocks)), [len(of_shard) for of_shard in blocks])

    def _held_signatures(self) -> Signatures | None:
        if BINS * len(self) > _HELD_SIGNATURES_BYTES:
            return None
        held = np.empty((BINS, len(self)), dtype=np.uint8)
        for block, start in enumerate(self._block_starts.tolist()):
            bins = self._read_bins(block, 0, BINS)
            held[:, start : start + bins.shape[1]] = bins
        return held

    def _read_bins(self, block: int, first: int, count: int) -> Signatures:
        """Some bins of all documents of a block."""
        shard, documents = int(self._block_shards[block]), int(self._block_sizes[block])
        offset = BINS * (int(self._block_starts[block]) - self._first_row[shard]) + first * documents
        read = self._read(shard, "signatures.bin", offset, count * documents)
        return np.frombuffer(read, dtype=np.uint8).reshape(count, documents)

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


def span_ends(records: Records, blocks: Records, name: str) -> Numbers:
    """Where the id or the text of each document of a folder ends in the file of all."""
    starts: Numbers = blocks["row"].astype(np.int64)
    documents = np.append(starts[1:], len(records)) - starts
    ends: Numbers = records[f"{name}_end"] + np.repeat(blocks[name].astype(np.int64), documents)
    return ends


def _span(ends: Numbers, row: int) -> tuple[int, int]:
    return int(ends[row - 1]) if row else 0, int(ends[row])
