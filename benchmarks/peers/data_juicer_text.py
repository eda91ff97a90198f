"""Near-duplicates, or a whole build, with Data-Juicer 1.6.1: `dj-process` with a configuration file.

Tokenised by characters, as its documentation recommends for Chinese. Its cache is off, since a build from nothing would
only write it. Nothing verifies a pair.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import yaml
from job import job

BANDS, ROWS = 17, 8  # even chances at (1/17)^(1/8) = 0.70
REPAIR_AND_FILTERS = [
    {"fix_unicode_mapper": {}},
    {"whitespace_normalization_mapper": {}},
    {"chinese_convert_mapper": {"mode": "t2s"}},
    {"text_length_filter": {"min_len": 20}},
    {"special_characters_filter": {"max_ratio": 0.5}},
    {"character_repetition_filter": {"rep_len": 10, "max_ratio": 0.5}},
]


def main() -> None:
    asked = job()
    near_duplicates = {
        "tokenization": "character",
        "window_size": 5,
        "lowercase": True,
        "ignore_pattern": r"[\p{P}\s]",
        "num_permutations": BANDS * ROWS,
        "jaccard_threshold": asked.threshold,
        "num_bands": BANDS,
        "num_rows_per_band": ROWS,
    }
    steps = [*(REPAIR_AND_FILTERS if asked.whole_build else []), {"document_minhash_deduplicator": near_duplicates}]
    asked.tell(process=steps, np=asked.workers, use_cache=False, checks="none")
    config = {
        "project_name": "benchmark",
        "dataset_path": str(asked.corpus),
        "export_path": str(asked.kept / "kept.parquet"),
        "export_type": "parquet",
        "np": asked.workers,
        "use_cache": False,
        "open_monitor": False,
        "process": steps,
    }
    path = asked.out / "config.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    os.chdir(asked.out)
    command = Path(sys.executable).with_name("dj-process")
    os.execv(command, [str(command), "--config", str(path)])


if __name__ == "__main__":
    main()
