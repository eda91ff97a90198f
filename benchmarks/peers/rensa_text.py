"""Near-duplicates with rensa 0.5.0: its signatures of the full sets from flat hashes, clusters of our own.

Its duplicate flags would mark every member of a pair, the one to keep as well; and its sampled "rho" path, made for
words, finds a fifth of the copies in Chinese. Neither is used. Nothing verifies a pair.
"""

from __future__ import annotations

import numpy as np
from flat_hashes import first_of_clusters, ngram_hashes, read_rows, write_rows
from job import job
from rensa import RMinHash

BANDS, ROWS = 16, 8  # its default of 128 slots; even chances at (1/16)^(1/8) = 0.71


def main() -> None:
    asked = job()
    asked.tell(
        ngrams="5 characters, blanks left out", slots=BANDS * ROWS, bands=f"{BANDS} x {ROWS}: about 0.71", checks="none"
    )
    ids, texts = read_rows(asked.corpus)
    hashes, offsets = ngram_hashes(texts)
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, BANDS * ROWS, 42)
    signatures = np.array(matrix.to_rows(), dtype=np.uint32)
    write_rows(asked.kept / "kept.parquet", ids, texts, first_of_clusters(signatures, BANDS, ROWS))


if __name__ == "__main__":
    main()
