"""Documents of a corpus by their place, read from the sketch folders by offset: nothing is held of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from builders.dedup.documents import Numbers
from builders.dedup.shingles import Hashes, Units
from builders.dedup.signatures import BINS
from builders.dedup.sketch import RECORD, Records

Places = npt.NDArray[np.int64]
"""Where documents stand: the number of the sketch folder in the high 32 bits, the row in the low ones."""

ROW_BITS = 32
_ROW_MASK = (1 << ROW_BITS) - 1
_CACHED_BLOCK_LISTS = 4096


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

    def text(self, document: int) -> Units:
        """The folded text."""
        start, end = self._span(document, "text_end")
        return np.frombuffer(self._read(document, "text.bin", 2 * start, 2 * (end - start)), dtype="<u2")

    def id(self, document: int) -> bytes:
        """The id, in UTF-8."""
        start, end = self._span(document, "id_end")
        return self._read(document, "ids.bin", start, end - start)

    def signatures(self, documents: Numbers) -> npt.NDArray[np.uint8]:
        """The signatures of documents, one a row."""
        found = np.empty((len(documents), BINS), dtype=np.uint8)
        for shard, of_shard in _by_shard(self._places[documents]):
            rows = self._places[documents[of_shard]] & _ROW_MASK
            with (Path(self._folders[shard]) / "signatures.bin").open("rb", buffering=0) as file:
                for place, row in zip(of_shard.tolist(), rows.tolist(), strict=True):
                    file.seek(BINS * row)
                    found[place] = np.frombuffer(file.read(BINS), dtype=np.uint8)
        return found

    def _span(self, document: int, field: str) -> tuple[int, int]:
        shard, row = shard_row(int(self._places[document]))
        first = max(0, row - 1)
        with (Path(self._folders[shard]) / "records.bin").open("rb", buffering=0) as file:
            file.seek(RECORD.itemsize * first)
            ends = np.frombuffer(file.read(RECORD.itemsize * (row - first + 1)), dtype=RECORD)[field]
        return int(ends[0]) if row else 0, int(ends[-1])

    def _read(self, document: int, name: str, offset: int, count: int) -> bytes:
        with (Path(self._folders[shard_row(int(self._places[document]))[0]]) / name).open("rb", buffering=0) as file:
            file.seek(offset)
            return file.read(count)


def read_records(folder: str) -> Records:
    return np.fromfile(Path(folder) / "records.bin", dtype=RECORD)


def read_ids(folder: str, records: Records) -> list[bytes]:
    """The ids of a sketch folder, in the order of its rows."""
    ids = (Path(folder) / "ids.bin").read_bytes()
    ends = records["id_end"].tolist()
    return [ids[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def read_books(folder: str) -> list[str]:
    """The books that the records of a sketch folder count."""
    books: list[str] = json.loads((Path(folder) / "books.json").read_bytes())
    return books


def read_band(folders: Sequence[str], places: Places, band: int, bands: int) -> Hashes:
    """The keys of the documents at these places in one band; of each block that has one only this band is read."""
    keys = np.empty(len(places), dtype=np.uint64)
    for shard, of_shard in _by_shard(places):
        rows = places[of_shard] & _ROW_MASK
        starts = _block_starts(folders[shard])
        block_of = np.searchsorted(starts, rows, side="right") - 1
        with (Path(folders[shard]) / "bands.bin").open("rb", buffering=0) as file:
            for block in np.unique(block_of).tolist():
                start, documents = int(starts[block]), int(starts[block + 1] - starts[block])
                file.seek(8 * (bands * start + band * documents))
                within = block_of == block
                keys[of_shard[within]] = np.frombuffer(file.read(8 * documents), dtype="<u8")[rows[within] - start]
    return keys


@lru_cache(maxsize=_CACHED_BLOCK_LISTS)
def _block_starts(folder: str) -> Numbers:
    """The first row of every block of a sketch folder, and the number of rows."""
    blocks = np.fromfile(Path(folder) / "blocks.bin", dtype="<u4")
    return np.concatenate(([0], np.cumsum(blocks, dtype=np.int64)))


def _by_shard(places: Places) -> Iterator[tuple[int, Numbers]]:
    """Every sketch folder that is met, with the positions in `places` that stand in it."""
    shards = places >> ROW_BITS
    in_order = np.argsort(shards, kind="stable")
    found, begins = np.unique(shards[in_order], return_index=True)
    yield from zip(found.tolist(), np.split(in_order, begins[1:]), strict=False)
