"""Near-duplicates with daft 0.7.26: read, `minhash()` and write are Daft's own; the clusters are made in the driver.

`minhash()` takes words between blanks, so the characters are set apart by blanks first, with Daft's own expressions.
Nothing verifies a pair.
"""

from __future__ import annotations

import daft
import numpy as np
from daft import col
from daft.functions import minhash, regexp_replace
from flat_hashes import NGRAM_CHARS, first_of_clusters
from job import job

BANDS, ROWS = 17, 8  # even chances at (1/17)^(1/8) = 0.70


def main() -> None:
    asked = job()
    asked.tell(
        ngrams="5 characters, set apart by blanks for minhash()",
        permutations=BANDS * ROWS,
        bands=f"{BANDS} x {ROWS}: about 0.70",
        hash_function="xxhash3_64",
        runner="native",
        checks="none",
    )
    daft.set_runner_native()
    rows = daft.read_json(str(asked.corpus)).select("id", "text")
    apart = regexp_replace(regexp_replace(col("text"), r"\s+", ""), r"(.)", r"$1 ")
    sketched = rows.with_column(
        "signature", minhash(apart, num_hashes=BANDS * ROWS, ngram_size=NGRAM_CHARS, hash_function="xxhash3_64")
    ).collect()
    column = sketched.select("signature").to_arrow()["signature"].combine_chunks()
    signatures = np.asarray(column.flatten()).reshape(-1, BANDS * ROWS)
    stays = first_of_clusters(signatures, BANDS, ROWS)
    ids = sketched.select("id").to_arrow()["id"]
    kept = daft.from_pydict({"id": ids.filter(stays)})
    sketched.select("id", "text").join(kept, on="id", how="semi").write_parquet(str(asked.kept), compression="zstd")


if __name__ == "__main__":
    main()
