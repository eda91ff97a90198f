"""Near-duplicates, or a whole build, with datatrove 0.10.1, set up for Chinese.

What it gives up for Chinese by default is set right here: its n-grams are made of characters instead of words, and the
loop over diacritics, which costs time and finds none, is off. It shares work by whole files, so the corpus is cut
first. A whole build is what its examples do: repair (ftfy) and filter to JSON lines, then near-duplicates. Nothing
verifies a pair.
"""

from __future__ import annotations

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
from datatrove.pipeline.formatters import FTFYFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer
from job import Job, job

BANDS, ROWS = 17, 8  # even chances at (1/17)^(1/8) = 0.70; its default of 14 aims at 0.72
MIN_CHARS, MIN_HAN_SHARE = 20, 0.3  # of siku's `Quality` the two rules that need no table
HAN = re.compile("[\u4e00-\u9fff]+")
SHARD_BYTES = 8 << 20  # as siku cuts its input
START = "fork"  # its own is a fork server, which is slower


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


def cut(corpus: Path, folder: Path) -> int:
    """The lines of a corpus in files of about `SHARD_BYTES`; how many files."""
    folder.mkdir(parents=True)
    with corpus.open("rb") as lines:
        for number in range(sys.maxsize):
            shard = lines.readlines(SHARD_BYTES)
            if not shard:
                return number
            (folder / f"{number:05d}.jsonl").write_bytes(b"".join(shard))
    return 0


def execute(asked: Job, name: str, steps: list[PipelineStep], tasks: int) -> None:
    logs = str(asked.out / "logs" / name)
    LocalPipelineExecutor(steps, tasks, min(asked.workers, tasks), logging_dir=logs, start_method=START).run()


def prepare(asked: Job, shards: Path, tasks: int) -> Path:
    """Repaired and filtered documents, as JSON lines."""
    clean = asked.out / "clean"
    refused = JsonlWriter(str(asked.out / "refused"), compression=None)
    steps = [JsonlReader(str(shards)), FTFYFormatter(), LambdaFilter(is_chinese, refused)]
    execute(asked, "clean", [*steps, JsonlWriter(str(clean), compression=None)], tasks)
    return clean


def remove_near_duplicates(asked: Job, folder: Path, tasks: int) -> None:
    config = MinhashConfig(
        n_grams=5,
        num_buckets=BANDS,
        hashes_per_bucket=ROWS,
        norm_config=TextNormConfig(norm_unicode_diacritics=False),
    )
    signatures, buckets, removed = (str(asked.out / name) for name in ("signatures", "buckets", "removed"))
    signature = MinhashDedupSignature(signatures, config, language=Characters("zh"))
    execute(asked, "signatures", [JsonlReader(str(folder)), signature], tasks)
    execute(asked, "buckets", [MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets)
    execute(asked, "clusters", [MinhashDedupCluster(buckets, removed, config)], 1)
    kept = ParquetWriter(str(asked.kept), compression="zstd")
    execute(asked, "filter", [JsonlReader(str(folder)), MinhashDedupFilter(removed), kept], tasks)


def main() -> None:
    asked = job()
    asked.tell(
        n_grams="5 characters",
        num_buckets=BANDS,
        hashes_per_bucket=ROWS,
        bands=f"{BANDS} x {ROWS}: about 0.70",
        norm_unicode_diacritics=False,
        before=f"ftfy; {MIN_CHARS} characters, {MIN_HAN_SHARE:.0%} of them Han" if asked.whole_build else "nothing",
        workers=asked.workers,
        start_method=START,
        checks="none",
    )
    shards = asked.out / "shards"
    tasks = cut(asked.corpus, shards)
    remove_near_duplicates(asked, prepare(asked, shards, tasks) if asked.whole_build else shards, tasks)


if __name__ == "__main__":
    os.environ.setdefault("DATATROVE_COLORIZE_LOGS", "0")
    main()
