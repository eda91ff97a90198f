"""Rows to disk and back, and flat columns from metadata of any shape."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.document import Document
from builders.engine.tables import (
    EVIDENCE,
    ROWS,
    RowWriter,
    cell,
    document_row,
    merge_columns,
    read_dataset_rows,
    read_rows,
    row_document,
    row_schema,
    widen,
)
from tests.running import HOME


def read(path: Path) -> list[Document]:
    rows = read_rows(path) if path.suffix == ".arrow" else read_dataset_rows(path.parent.parent, path.parent.name)
    return [row_document(row) for row in rows]


@pytest.mark.parametrize("name", ["rows.arrow", "rows.parquet"])
def test_rows_come_back_in_order(tmp_path: Path, name: str) -> None:
    documents = [Document(f"id-{n:04d}", "雪" * n, {"n": n, "title": None}) for n in range(2500)]
    path = tmp_path / "train" / name
    path.parent.mkdir()
    with RowWriter(path, ROWS) as writer:
        for document in documents:
            writer.add(document_row(document), len(document.text))
    assert read(path) == documents


@pytest.mark.parametrize("name", ["rows.arrow", "rows.parquet"])
def test_no_row_makes_no_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "train" / name
    path.parent.mkdir()
    with RowWriter(path, ROWS):
        pass
    assert list(path.parent.iterdir()) == []
    assert read(path) == []


def test_parquet_bytes_are_the_same_however_rows_arrive(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with RowWriter(tmp_path / f"{name}.parquet", ROWS, group_rows=7) as writer:
            for n in range(50):
                writer.add(document_row(Document(str(n), "雪停了。")), 4)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 8


METAS: list[dict[str, Any]] = [
    {"year": 1999, "score": 1, "tags": ["a"], "title": None, "mixed": 1, "big": 2**70},
    {"year": None, "score": 0.5, "tags": None, "title": "红楼梦", "mixed": "一", "ok": True},
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", ["full.parquet", "full.arrow"])
def test_a_full_disk_is_told_once(tmp_path: Path, name: str) -> None:
    """Also where it is met by the thread that writes while the next rows are made."""
    (tmp_path / name).symlink_to("/dev/full")
    with (
        pytest.raises(OSError, match="No space left"),
        RowWriter(tmp_path / name, EVIDENCE, group_rows=10) as writer,
    ):
        for number in range(400):
            writer.add((str(number), "Step", "kind", hashlib.sha256(b"%d" % number).hexdigest() * 400), 25_600)


def test_columns_hold_every_value() -> None:
    seen: list[dict[str, str]] = []
    for meta in METAS:
        columns: dict[str, str] = {}
        widen(columns, meta)
        seen.append(columns)
    columns = merge_columns(seen)
    assert columns == merge_columns(reversed(seen))
    kinds = {
        "year": "int",
        "score": "float",
        "tags": "json",
        "title": "string",
        "mixed": "json",
        "big": "json",
        "ok": "bool",
    }
    assert columns == kinds
    assert [cell(meta.get("mixed"), "json") for meta in METAS] == ["1", '"一"']
    assert cell(1, "float") == 1.0
    assert row_schema(columns).names[:2] == ["id", "text"]


def test_a_column_that_is_null_everywhere_is_a_string() -> None:
    assert str(row_schema({"author": ""}).field("author").type) == "large_string"


def test_pandas_is_not_loaded_by_a_build_and_is_there_for_who_asks() -> None:
    """30 MB and half a second in every process; pyarrow would import it to learn that a list is no Series."""
    code = (
        "import sys, builders.engine.tables, pyarrow as pa; table = pa.table({'a': [1, 2]}); "
        "assert 'pandas' not in sys.modules; assert list(table.to_pandas()['a']) == [1, 2]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=HOME, check=True)
