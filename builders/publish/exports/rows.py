"""The rows of a dataset's files in order, a few in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROWS_AT_ONCE = 256
BUFFER_BYTES = 1 << 20


def read_rows(files: Iterable[Path], columns: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of Parquet files, which are read through a buffer: pages that were mapped would count as memory in use, and
    pre-buffering, pyarrow's default, holds what was read until the file is closed.
    """
    from pyarrow import parquet

    for path in files:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=columns, use_threads=False):
                yield from batch.to_pylist()
