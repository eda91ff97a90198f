"""Rows of two datasets by id and digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.publish.versions.rows import KINDS, WINDOW_CHARS, compare_rows

Rows = dict[str, tuple[str, str, str | None]]  # split, text, kind by id


def write(folder: Path, rows: Rows, group_rows: int = 3) -> Path:
    for split in ("train", "valid"):
        mine = [
            {"id": name, "text": text, "kind": kind} for name, (place, text, kind) in rows.items() if place == split
        ]
        (folder / split).mkdir(parents=True, exist_ok=True)
        schema = pa.schema([("id", pa.large_string()), ("text", pa.large_string()), ("kind", pa.string())])
        table = pa.Table.from_pylist(mine, schema=schema)
        pq.write_table(table, folder / split / "part-00000.parquet", row_group_size=group_rows)
    return folder


ROWS = st.dictionaries(
    st.text('ab\n"雪', min_size=1, max_size=3),
    st.tuples(st.sampled_from(["train", "valid"]), st.sampled_from("甲乙"), st.sampled_from(["x", None])),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(ROWS, ROWS)
def test_every_row_is_counted_as_what_it_is(tmp_path: Path, old: Rows, new: Rows) -> None:
    found = compare_rows(write(tmp_path / "a", old), write(tmp_path / "b", new))
    both = old.keys() & new.keys()
    expected: dict[str, Any] = {
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
        "changed": {name for name in both if old[name][1] != new[name][1]},
        "moved": {name for name in both if old[name][0] != new[name][0]},
        "metadata": {name for name in both if old[name][1] == new[name][1] and old[name][2] != new[name][2]},
    }
    assert {kind: (found[kind]["count"], found[kind]["ids"]) for kind in KINDS} == {
        kind: (len(names), sorted(names)[:5]) for kind, names in expected.items()
    }
    for sample in found["changed"]["samples"]:
        assert (sample["before"], sample["after"]) == (old[sample["id"]][1], new[sample["id"]][1])


def test_excerpts_begin_where_rows_differ(tmp_path: Path) -> None:
    long = "长" * 900
    old, new = (
        write(tmp_path / "a", {"r": ("train", long, None)}),
        write(tmp_path / "b", {"r": ("train", long + "新", None)}),
    )
    sample = compare_rows(old, new)["changed"]["samples"][0]
    assert sample["after"].startswith("…") and sample["after"].endswith("长新") and len(sample["after"]) < WINDOW_CHARS
    assert not sample["before"].endswith("新")


def test_a_null_column_more_changes_no_row(tmp_path: Path) -> None:
    old = write(tmp_path / "a", {"r": ("train", "文", None)})
    new = write(tmp_path / "b", {"r": ("train", "文", None)})
    table = pq.read_table(new / "train/part-00000.parquet").append_column("more", pa.nulls(1, pa.string()))
    pq.write_table(table, new / "train/part-00000.parquet")
    assert compare_rows(old, new)["metadata"]["count"] == 0
