"""Documents of a corpus by their place, read from the sketch folders by offset: nothing is held of the others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from builders.dedup.documents import Numbers, TextPlace, span_ends
from builders.dedup.shingles import Hashes, Units
from builders.dedup.signatures import BINS, Signatures, band_keys
from builders.dedup.sketch import BLOCK, RECORD, Records

Places = npt.NDArray[np.int64]
"""Where documents stand: the number of the sketch folder in the high 32 bits, the row in the low ones."""

ROW_BITS = 32
_ROW_MASK = (1 << ROW_BITS) - 1
_CACHED_BLOCK_LISTS = 4096
_PLACES_AT_ONCE = 1 << 14


def places_of(shard: int, rows: int) -> Places:
    """The places of all documents of a sketch folder."""
    return (shard << ROW_BITS) + np.arange(rows, dtype=np.int64)


def shard_row(place: int) -> tuple[int, int]:
    return place >> ROW_BITS, place & _ROW_MASK


class PlacedDocuments:
    """Reads what was sketched of the documents at some places; they are numbered in the order of `places`.

    It has what `Verifier` and `BandCandidates` ask of `SketchedDocuments`. `keys` are those of the one band at hand.
    """

    def __init__(self, folders: Sequence[str], places: Places, keys: Hashes | None = None) -> None:
        self._folders, self._places = folders, places
        self._keys = np.zeros(len(places), dtype=np.uint64) if keys is None else keys

    def __len__(self) -> int:
        return len(self._places)

    def band(self, band: int) -> Hashes:
        """The keys of all documents in the band at hand, whatever its number."""
        return self._keys

    def text_place(self, document: int) -> TextPlace:
        """Where the folded text stands."""
        start, end = self._span(document, "text")
        folder = self._folders[shard_row(int(self._places[document]))[0]]
        return TextPlace(str(Path(folder) / "text.bin"), start, end - start)

    def text(self, document: int) -> Units:
        """The folded text."""
        start, end = self._span(document, "text")
        return np.frombuffer(self._read(document, "text.bin", 2 * start, 2 * (end - start)), dtype="<u2")

    def id(self, document: int) -> bytes:
        """The id, in UTF-8."""
        start, end = self._span(document, "id")
        return self._read(document, "ids.bin", start, end - start)

    def signatures(self, documents: Numbers) -> npt.NDArray[np.uint8]:
        """The signatures of documents, one a row."""
        return read_signatures(self._folders, self._places[documents])

    def _span(self, document: int, name: str) -> tuple[int, int]:
        shard, row = shard_row(int(self._places[document]))
        blocks = _blocks(self._folders[shard])
        block = blocks[np.searchsorted(blocks["row"], row, side="right") - 1]
        first = max(int(block["row"]), row - 1)
        with (Path(self._folders[shard]) / "records.bin").open("rb", buffering=0) as file:
            file.seek(RECORD.itemsize * first)
            ends = np.frombuffer(file.read(RECORD.itemsize * (row - first + 1)), dtype=RECORD)[f"{name}_end"]
        begin = int(block[name])
        return begin + (int(ends[0]) if row > block["row"] else 0), begin + int(ends[-1])

    def _read(self, document: int, name: str, offset: int, count: int) -> bytes:
        with (Path(self._folders[shard_row(int(self._places[document]))[0]]) / name).open("rb", buffering=0) as file:
            file.seek(offset)
            return file.read(count)


def read_records(folder: str) -> Records:
    return np.fromfile(Path(folder) / "records.bin", dtype=RECORD)


def read_ids(folder: str, records: Records) -> list[bytes]:
    """The ids of a sketch folder, in the order of its rows."""
    ids = (Path(folder) / "ids.bin").read_bytes()
    ends = span_ends(records, _blocks(folder), "id").tolist()
    return [ids[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def text_units(folder: str, records: Records) -> Numbers:
    """The length of each folded text of a sketch folder."""
    return np.diff(span_ends(records, _blocks(folder), "text"), prepend=0)


def read_signatures(folders: Sequence[str], places: Places) -> Signatures:
    """The signatures of the documents at these places, one a row."""
    found = np.empty((len(places), BINS), dtype=np.uint8)
    for shard, of_shard in _by_shard(places):
        rows = places[of_shard] & _ROW_MASK
        with (Path(folders[shard]) / "signatures.bin").open("rb", buffering=0) as file:
            for place, row in zip(of_shard.tolist(), rows.tolist(), strict=True):
                found[place] = np.frombuffer(os.pread(file.fileno(), BINS, BINS * row), dtype=np.uint8)
    return found


def read_bands(
    folders: Sequence[str], places: Places, first: int, count: int, bands: int, rows: int
) -> npt.NDArray[np.uint64]:
    """The keys of the documents at these places in neighbouring bands: (count, documents)."""
    keys = np.empty((count, len(places)), dtype=np.uint64)
    for start in range(0, len(places), _PLACES_AT_ONCE):
        some = slice(start, start + _PLACES_AT_ONCE)
        keys[:, some] = band_keys(read_signatures(folders, places[some]), first, count, bands, rows)
    return keys


@lru_cache(maxsize=_CACHED_BLOCK_LISTS)
def _blocks(folder: str) -> Records:
    return np.fromfile(Path(folder) / "blocks.bin", dtype=BLOCK)


def _by_shard(places: Places) -> Iterator[tuple[int, Numbers]]:
    """Every sketch folder that is met, with the positions in `places` that stand in it."""
    shards = places >> ROW_BITS
    in_order = np.argsort(shards, kind="stable")
    found, begins = np.unique(shards[in_order], return_index=True)
    yield from zip(found.tolist(), np.split(in_order, begins[1:]), strict=False)
