"""What a library of sketches leaves to its user: n-grams as numbers in one flat array, clusters, rows on disk.

Shared by the scripts of rensa, FastSketchLSH, datasketch and daft, so that they differ in the library only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

NGRAM_CHARS = 5
SPREAD = np.uint64(0x9E3779B97F4A7C15)


def read_rows(corpus: Path) -> tuple[list[str], list[str]]:
    """The ids and texts of a corpus."""
    import orjson

    with corpus.open("rb") as lines:
        rows = [orjson.loads(line) for line in lines]
    return [row["id"] for row in rows], [row["text"] for row in rows]


def ngram_hashes(texts: list[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The 64-bit hashes of all n-grams of characters without blanks, text after text, and where each text begins."""
    solid = ["".join(text.split()).encode("utf-16-le", "surrogatepass") for text in texts]
    sizes = np.array([len(one) // 2 for one in solid], dtype=np.int64)
    units = np.frombuffer(b"".join(solid), dtype="<u2")
    count = max(0, len(units) - NGRAM_CHARS + 1)
    hashes = units[:count].astype(np.uint64)
    for offset in range(1, NGRAM_CHARS):
        hashes *= SPREAD
        hashes += units[offset : offset + count]
    hashes ^= hashes >> np.uint64(32)
    hashes *= SPREAD
    hashes ^= hashes >> np.uint64(29)
    ngrams = np.maximum(sizes - NGRAM_CHARS + 1, 0)
    begins = np.cumsum(sizes) - sizes
    inside = np.zeros(count + 1, dtype=np.int32)  # +1 where the n-grams of a text begin, -1 behind its last one
    np.add.at(inside, begins[ngrams > 0], 1)
    np.add.at(inside, (begins + ngrams)[ngrams > 0], -1)
    hashes = hashes[np.cumsum(inside[:count]) > 0]
    return hashes, np.concatenate(([0], np.cumsum(ngrams))).astype(np.uint64)


def first_of_clusters(signatures: npt.NDArray[Any], bands: int, rows: int) -> npt.NDArray[np.bool_]:
    """Which documents stay: of all that are joined by equal bands of their signatures, the first."""
    parent = list(range(len(signatures)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for band in range(bands):
        keys = np.zeros(len(signatures), dtype=np.uint64)
        for column in range(band * rows, (band + 1) * rows):
            keys = (keys ^ signatures[:, column].astype(np.uint64)) * SPREAD
            keys ^= keys >> np.uint64(29)
        order = np.argsort(keys, kind="stable")
        equal = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
        for a, b in zip(order[equal].tolist(), order[equal + 1].tolist(), strict=True):
            low, high = sorted((root(a), root(b)))
            parent[high] = low
    return np.array(parent) == np.arange(len(parent))


def write_rows(path: Path, ids: list[str], texts: list[str], stays: npt.NDArray[np.bool_]) -> None:
    """The documents that stay, as Parquet with zstd."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept = np.flatnonzero(stays).tolist()
    table = pa.table({"id": [ids[number] for number in kept], "text": [texts[number] for number in kept]})
    pq.write_table(table, path, compression="zstd", compression_level=1)
