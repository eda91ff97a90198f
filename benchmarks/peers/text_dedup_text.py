"""Near-duplicates with text-dedup 0.4.0: `python -m text_dedup.minhash`, given characters as words.

It splits at everything that is no letter, so Chinese as it stands is a few words a document, and two thirds of the
copies are found. So the corpus is first written with a column in which the letters are set apart by blanks, and what
stays is written without it; both are part of the job. Its faster hash is used (xxh3). Nothing verifies a pair.
"""

from __future__ import annotations

import json
import re
import sys

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
    with asked.corpus.open(encoding="utf-8") as lines, spaced.open("w", encoding="utf-8") as out:
        for row in map(json.loads, lines):
            words = " ".join(NO_LETTERS.sub("", row["text"]))
            out.write(json.dumps({"id": row["id"], "text": row["text"], "words": words}, ensure_ascii=False) + "\n")
    from datasets import load_from_disk
    from text_dedup import minhash

    places = {"path": "json", "data_files": spaced, "split": "train", "cache_dir": asked.out / "cache"}
    places |= {"column": "words", "output": asked.out / "arrow"}
    minhash.main([f"--{name}={value}" for name, value in (places | options).items()], standalone_mode=False)
    kept = load_from_disk(str(asked.out / "arrow")).select_columns(["id", "text"])
    kept.to_parquet(str(asked.kept / "kept.parquet"))


if __name__ == "__main__":
    sys.exit(main())
