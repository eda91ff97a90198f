"""Near-duplicates with FastSketchLSH 1.0.1: its C++ signatures from flat hashes, clusters of our own.

Its duplicate flags would mark every member of a pair, the one to keep as well, so they are not used. Nothing verifies
a pair.
"""

from __future__ import annotations

from FastSketchLSH import FastSimilaritySketch
from flat_hashes import first_of_clusters, ngram_hashes, read_rows, write_rows
from job import job

BANDS, ROWS = 16, 8  # as in its README; even chances at (1/16)^(1/8) = 0.71


def main() -> None:
    asked = job()
    asked.tell(
        ngrams="5 characters, blanks left out", slots=BANDS * ROWS, bands=f"{BANDS} x {ROWS}: about 0.71", checks="none"
    )
    ids, texts = read_rows(asked.corpus)
    hashes, offsets = ngram_hashes(texts)
    sketch = FastSimilaritySketch(size=BANDS * ROWS, seed=42)
    signatures = sketch.batch_csr(hashes, offsets, prehashed=True, num_threads=asked.workers)
    write_rows(asked.kept / "kept.parquet", ids, texts, first_of_clusters(signatures, BANDS, ROWS))


if __name__ == "__main__":
    main()
