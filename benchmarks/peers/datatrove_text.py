"""The job of `text-pretrain` with datatrove 0.10.1: filter, remove near-duplicates, write Parquet.

    python -m venv peer && peer/bin/pip install "datatrove[io,processing]==0.10.1"
    peer/bin/python benchmarks/peers/datatrove_text.py --split corpus.jsonl shards
    python benchmarks/measure.py --mb 50 --clean peer-out -- \\
        peer/bin/python benchmarks/peers/datatrove_text.py shards peer-out --workers 2

datatrove shares work by whole files, so a single corpus file is cut beforehand; that is not part of the measurement.
What it gives up for Chinese by default is set right here: its n-grams are made of characters instead of words, and the
loop over diacritics, which costs time and finds none, is off. The bands are its own (14 of 8 rows, aimed at 0.72).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer

MIN_CHARS, MIN_HAN_SHARE = 20, 0.3  # of `Quality` the two rules that need no table
HAN = re.compile("[\u4e00-\u9fff]+")
SHARD_BYTES = 8 << 20  # as siku cuts its input
START = "fork"  # datatrove's own is a fork server, whose children's CPU time nobody can ask for; this costs it nothing


class Characters(WordTokenizer):
    """Every character but blanks is a word."""

    def word_tokenize(self, text: str) -> list[str]:
        return list(text.replace(" ", ""))

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def is_chinese(document: Document) -> bool:
    text = document.text
    return len(text) >= MIN_CHARS and sum(map(len, HAN.findall(text))) >= MIN_HAN_SHARE * len(text)


def cut(corpus: Path, folder: Path) -> None:
    """The lines of a corpus in files of about `SHARD_BYTES`."""
    folder.mkdir(parents=True)
    with corpus.open("rb") as lines:
        for number in range(sys.maxsize):
            shard = lines.readlines(SHARD_BYTES)
            if not shard:
                return
            (folder / f"{number:05d}.jsonl").write_bytes(b"".join(shard))


def run(folder: Path, out: Path, workers: int) -> None:
    tasks = len(list(folder.glob("*.jsonl")))
    config = MinhashConfig(n_grams=5, norm_config=TextNormConfig(norm_unicode_diacritics=False))

    def documents() -> list[PipelineStep]:
        """Read and filtered twice, for signatures and for the output: datatrove numbers what the second stage sees."""
        refused = JsonlWriter(str(out / "refused"), compression=None)
        return [JsonlReader(str(folder)), LambdaFilter(is_chinese, refused)]

    def execute(name: str, steps: list[PipelineStep], count: int) -> None:
        logs = str(out / "logs" / name)
        LocalPipelineExecutor(steps, count, min(workers, count), logging_dir=logs, start_method=START).run()

    signatures, buckets, removed = (str(out / name) for name in ("signatures", "buckets", "removed"))
    signature = MinhashDedupSignature(signatures, config, language=Characters("zh"))
    execute("signatures", [*documents(), signature], tasks)
    execute("buckets", [MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets)
    execute("clusters", [MinhashDedupCluster(buckets, removed, config)], 1)
    dropped = JsonlWriter(str(out / "duplicates"), compression=None)
    kept = ParquetWriter(str(out / "train"), compression="zstd")
    execute("filter", [*documents(), MinhashDedupFilter(removed, dropped), kept], tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, help="folder of .jsonl files (with --split: one file)")
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--split", action="store_true", help="only cut INPUT into files in OUT")
    args = parser.parse_args()
    if args.split:
        cut(args.input, args.out)
    else:
        run(args.input, args.out, args.workers)


if __name__ == "__main__":
    os.environ.setdefault("DATATROVE_COLORIZE_LOGS", "0")
    main()
