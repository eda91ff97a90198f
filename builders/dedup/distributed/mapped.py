"""What the engine maps over batches: sketches to rows, rows to keys, runs of equal keys to verified pairs.

Arrow arrays in, one Arrow array of the same length out, nothing kept in between; so a batch may be worked on anywhere
where the sketch folders can be read, and any number of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from builders.dedup.candidates import MAX_LEADERS, BandCandidates
from builders.dedup.distributed.places import (
    PlacedDocuments,
    Places,
    places_of,
    read_bands,
    read_ids,
    read_records,
    text_units,
)
from builders.dedup.documents import Mask, Numbers, read_books
from builders.dedup.verify import Verifier

DOCUMENT = pa.struct(
    [
        ("place", pa.int64()),
        ("id", pa.string()),  # the bytes of the UTF-8 as Latin-1, which sorts as they do: an engine sorts no bytes
        ("book", pa.string()),  # likewise; null where there is none
        ("valid", pa.bool_()),
        ("has_ngrams", pa.bool_()),
        ("quality", pa.int64()),
        ("chars", pa.int64()),
        ("digest", pa.uint64()),
        ("digest_2", pa.uint32()),
    ]
)
KEY = pa.struct([("band", pa.int64()), ("key", pa.uint64())])
_TWO = [("better", pa.int64()), ("worse", pa.int64()), ("better_place", pa.int64()), ("worse_place", pa.int64())]
PAIR = pa.struct([*_TWO, ("jaccard", pa.float64())])
MEETING = pa.struct([*_TWO, ("turn", pa.int64())])  # counts what a document meets, from band to band


def as_text(name: bytes) -> str:
    return name.decode("latin-1")


def as_bytes(name: str) -> bytes:
    return name.encode("latin-1")


def read_documents(folders: Sequence[str], shards: pa.Array) -> pa.Array:
    """All documents of each sketch folder: a list of `DOCUMENT` for each number of a folder."""
    parts = [_documents_of(folders[shard], shard) for shard in shards.to_pylist()]
    return _lists(parts, DOCUMENT)


def _documents_of(folder: str, shard: int) -> pa.StructArray:
    records = read_records(folder)
    names, book_of = read_books(Path(folder))
    told = [*(as_text(name.encode("utf-8", "surrogatepass")) for name in names), None]  # NO_BOOK is the last, -1
    columns = (
        pa.array(places_of(shard, len(records))),
        pa.array(list(map(as_text, read_ids(folder, records))), pa.string()),
        pa.array([told[book] for book in book_of.tolist()] if names else [None] * len(records), pa.string()),
        pa.array(records["valid"]),
        pa.array(records["has_ngrams"]),
        pa.array(records["quality"].astype(np.int64)),
        pa.array(text_units(folder, records)),
        pa.array(records["digest"]),
        pa.array(records["digest_2"]),
    )
    return pa.StructArray.from_arrays(columns, fields=list(DOCUMENT))


def band_keys(folders: Sequence[str], bands: int, rows: int, band: int, places: pa.Array) -> pa.Array:
    """The key of each document in one band."""
    return pa.array(read_bands(folders, places.to_numpy(zero_copy_only=False), band, 1, bands, rows)[0])


def all_keys(folders: Sequence[str], bands: int, rows: int, places: pa.Array) -> pa.Array:
    """The keys of each document in all bands: lists of `KEY`."""
    at = places.to_numpy(zero_copy_only=False)
    keys = read_bands(folders, at, 0, bands, bands, rows).T
    columns = [pa.array(np.tile(np.arange(bands), len(at))), pa.array(keys.ravel())]
    lists = pa.StructArray.from_arrays(columns, fields=list(KEY))
    return pa.LargeListArray.from_arrays(pa.array(bands * np.arange(len(at) + 1), pa.int64()), lists)


def ids_at(folders: Sequence[str], places: pa.Array) -> pa.Array:
    """The id of each document, as in `DOCUMENT`."""
    at = places.to_numpy(zero_copy_only=False)
    documents = PlacedDocuments(folders, at)
    return pa.array([as_text(documents.id(number)) for number in range(len(at))], pa.string())


class Runs:
    """Whole runs of documents that share a key, as lists of numbers, places and marks: a small corpus by itself."""

    def __init__(self, columns: Sequence[pa.Array]) -> None:
        numbers, places, marks = (column.flatten().to_numpy(zero_copy_only=False) for column in columns)
        run_of = np.repeat(np.arange(len(columns[0])), columns[0].value_lengths().to_numpy(zero_copy_only=False))
        in_order = np.argsort(numbers, kind="stable")  # best first, as the other documents are numbered
        self._count = len(columns[0])
        self.numbers: Numbers = numbers[in_order]
        self.places: Places = places[in_order]
        self.marked: Mask = marks[in_order].astype(np.bool_)
        self.run_of: Numbers = run_of[in_order]

    def lists(self, better: Numbers, worse: Numbers, figure: npt.NDArray[np.generic], of: pa.StructType) -> pa.Array:
        """For each run its pairs with their last column, as a list of structures."""
        run_of = self.run_of[worse]
        in_order = np.argsort(run_of, kind="stable")
        better, worse = better[in_order], worse[in_order]
        columns = [self.numbers[better], self.numbers[worse], self.places[better], self.places[worse], figure[in_order]]
        rows = pa.StructArray.from_arrays([pa.array(column) for column in columns], fields=list(of))
        ends = np.cumsum(np.bincount(run_of, minlength=self._count))
        return pa.LargeListArray.from_arrays(pa.array(np.concatenate(([0], ends)), pa.int64()), rows)


def compare_runs(folders: Sequence[str], ngram_chars: int, threshold: float, *columns: pa.Array) -> pa.Array:
    """The pairs of each run that are alike: lists of `PAIR`. What is not settled is marked."""
    runs = Runs(columns)
    documents = PlacedDocuments(folders, runs.places, runs.run_of.astype(np.uint64))
    band = BandCandidates(documents, Verifier(documents, ngram_chars), 1)
    found = band.compare_band(0, np.ones(len(documents), dtype=np.bool_), runs.marked, threshold)
    return runs.lists(found.better, found.worse, found.jaccard, PAIR)


def meetings(bands: pa.Array, *columns: pa.Array) -> pa.Array:
    """Each document that is not marked with the best marked ones of its run: lists of `MEETING`, the best first."""
    runs = Runs(columns)
    source, target = np.flatnonzero(runs.marked), np.flatnonzero(~runs.marked)
    source = source[np.argsort(runs.run_of[source], kind="stable")]
    first = np.searchsorted(runs.run_of[source], runs.run_of[target], side="left")
    many = np.searchsorted(runs.run_of[source], runs.run_of[target], side="right") - first
    many = np.minimum(many, MAX_LEADERS)
    turn = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
    better, worse = source[np.repeat(first, many) + turn], np.repeat(target, many)
    turn += MAX_LEADERS * bands.to_numpy(zero_copy_only=False)[runs.run_of[worse]]
    return runs.lists(better, worse, turn, MEETING)


def likeness(folders: Sequence[str], ngram_chars: int, threshold: float, better: pa.Array, worse: pa.Array) -> pa.Array:
    """The Jaccard of each pair of places, or REFUSED."""
    both = np.concatenate([column.to_numpy(zero_copy_only=False) for column in (better, worse)])
    places, numbers = np.unique(both, return_inverse=True)
    verifier = Verifier(PlacedDocuments(folders, places), ngram_chars)
    return pa.array(verifier.likeness(numbers[: len(better)], numbers[len(better) :], threshold))


def _lists(parts: Sequence[pa.Array], of: pa.DataType) -> pa.Array:
    ends = np.cumsum([0, *map(len, parts)])
    return pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), pa.concat_arrays([pa.array([], of), *parts]))
