"""Loads a folder with the `datasets` of this environment, as a folder and file by file, and holds it against the files.

    python load_rows.py FOLDER CACHE

FOLDER is a built dataset, or an export in JSON lines. Needs nothing but `datasets`. Ends with 1 where a row differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import datasets
from pyarrow import parquet

SPLITS = {"train": "train", "valid": "validation"}  # as datasets calls them


def on_disk(folder: Path, split: str) -> list[dict[str, Any]]:
    if (folder / "manifest.json").exists():
        files = sorted((folder / split).glob("*.parquet"))
        return [row for file in files for row in parquet.ParquetFile(file).read().to_pylist()]
    file = folder / f"{split}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def main(folder: Path, cache: str) -> int:
    datasets.disable_progress_bars()
    rows = {split: on_disk(folder, split) for split in SPLITS}
    read = datasets.load_dataset(str(folder), cache_dir=cache)
    wrong = [split for split, name in SPLITS.items() if rows[split] and list(read[name]) != rows[split]]
    if {SPLITS[split] for split in SPLITS if rows[split]} != set(read):
        wrong.append(f"splits are {sorted(read)}")
    for file in folder.glob("*.jsonl"):
        one = datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=cache)
        if list(one) != rows[file.stem]:
            wrong.append(f"{file.name} by itself")
    print(f"{folder}: {', '.join(wrong) or 'every row as it is'}")
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
