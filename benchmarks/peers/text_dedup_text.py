"""Near-duplicates with text-dedup 0.4.0: `python -m text_dedup.minhash`, given characters as words.

It splits at everything that is no letter, so Chinese as it stands is a few words a document, and two thirds of the
copies are found. So its letters are first written to a file in which they are set apart by blanks, and afterwards the
rows that stay are written with their texts; both are part of the job. Its faster hash is used (xxh3). Nothing verifies
a pair.
"""

from __future__ import annotations

import re
import sys

import numpy as np
from flat_hashes import read_rows, write_rows
from job import job

BANDS, ROWS = 17, 8  # even chances at (1/17)^(1/8) = 0.70
NO_LETTERS = re.compile(r"[\W_]+")


def main() -> None:
    asked = job()
    options = {
        "ngram": 5,
        "num_perm": BANDS * ROWS,
        "b": BANDS,
        "r": ROWS,
        "threshold": asked.threshold,
        "hash_func": "xxh3",
        "hash_bits": "32",
        "num_proc": asked.workers,
    }
    asked.tell(**options, words="every letter a word (a column made for it)", checks="none")
    spaced = asked.out / "spaced.jsonl"
    ids, texts = read_rows(asked.corpus)
    with spaced.open("w", encoding="utf-8") as out:
        for number, text in enumerate(texts):
            words = " ".join(NO_LETTERS.sub("", text))
            out.write(f'{{"number": {number}, "words": "{words}"}}\n')  # letters need no escape
    from datasets import load_from_disk
    from text_dedup import minhash

    places = {"path": "json", "data_files": spaced, "split": "train", "cache_dir": asked.out / "cache"}
    places |= {"column": "words", "output": asked.out / "arrow"}
    minhash.main([f"--{name}={value}" for name, value in (places | options).items()], standalone_mode=False)
    stays = np.zeros(len(ids), dtype=np.bool_)
    stays[load_from_disk(str(asked.out / "arrow")).with_format("numpy")["number"][:]] = True
    write_rows(asked.kept / "kept.parquet", ids, texts, stays)


if __name__ == "__main__":
    sys.exit(main())
