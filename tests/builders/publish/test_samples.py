"""Which rows a report shows: the same ones however the rows lie in files, and found wherever they lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document
from builders.publish import samples
from builders.publish.samples import READ_CHARS, Sample, Tables, choose_clusters, choose_kept, choose_refused, draw

Make = Callable[[], Any]


@given(st.lists(st.text(max_size=8), unique=True, max_size=40), st.integers(1, 10))
def test_a_sample_is_those_with_the_smallest_draws(names: list[str], size: int) -> None:
    sample = Sample(size)
    for row, name in enumerate(names):
        sample.offer(draw(name), ("train", 0, row))
    assert [names[row] for _, _, row in sample.places] == sorted(names, key=draw)[:size]


def test_the_same_rows_in_other_files_give_the_same_sample(make: Make, tmp_path: Path) -> None:
    made = make()
    made.write(tmp_path / "one")
    rows = pq.read_table(tmp_path / "one" / "train" / "part-00000.parquet")
    other = tmp_path / "other" / "train"
    other.mkdir(parents=True)
    pq.write_table(rows[20:], other / "part-00000.parquet")
    pq.write_table(rows[:20], other / "part-00001.parquet", row_group_size=7)
    shown = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        tables = Tables(folder)
        sample, _ = choose_kept(tables, [])
        shown.append([tables.fetch(sample.places)[place].id for place in sample.places if place[0] == "train"])
    assert [name for name in shown[0] if name in shown[1]] == [name for name in shown[1] if name in shown[0]]
    assert len(shown[1]) == 20 and len(set(shown[1])) == 20


def test_rows_are_fetched_from_where_they_lie(make: Make, tmp_path: Path) -> None:
    made = make()
    made.train = [Document(f"a-{n:04d}", f"{n}" + "长" * 6000, {"title": f"{n}"}) for n in range(400)]
    made.dropped = []
    made.write(tmp_path)
    places = [("train", 0, row) for row in (399, 0, 3, 2, 150)]
    rows = Tables(tmp_path).fetch(places)
    assert [(rows[place].id, rows[place].meta["title"]) for place in places] == [
        (f"a-{row:04d}", f"{row}") for _, _, row in places
    ]
    assert rows["train", 0, 399].chars == 6003
    assert len(rows["train", 0, 399].text) == READ_CHARS


@pytest.mark.parametrize("max_counted", [1, 2, 1000])
def test_clusters_are_counted_exactly_in_any_number_of_passes(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, max_counted: int
) -> None:
    monkeypatch.setattr(samples, "MAX_COUNTED", max_counted)
    made = make()
    sizes = {f"a-{n:04d}": n % 7 for n in range(25)}
    made.dropped = [
        (f"{kept}x{n}", "文", "Copies", "near duplicate", kept, 0.9, {})
        for kept, size in sizes.items()
        for n in range(size)
    ]
    made.write(tmp_path)
    total, clusters = choose_clusters(Tables(tmp_path), len(made.dropped))
    assert total == sum(size > 0 for size in sizes.values())
    assert [(one.kept, one.copies) for one in clusters] == [
        (name, size) for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:5]
    ]
    assert all(len(one.shown) == 2 for one in clusters)


def test_a_rule_is_told_by_how_the_reason_begins(make: Make, tmp_path: Path) -> None:
    made = make()
    reasons = ["too short", "too short: 3 characters", "too shortish: 1", "benchmark: CMMLU: 5 of 8", "benchmark: C3"]
    made.dropped = [(f"c-{n}", "文", "Tidy", reason, None, None, {}) for n, reason in enumerate(reasons)]
    made.write(tmp_path)
    rules = {"Tidy": ["too short", "benchmark: CMMLU"], "Copies": ["too short"]}
    found = choose_refused(Tables(tmp_path), rules)
    counts = {key: len(sample.places) for key, sample in found.by_rule.items()}
    assert counts == {("Tidy", "too short"): 2, ("Tidy", "benchmark: CMMLU"): 1, ("Copies", "too short"): 0}


def test_likeness_is_counted_in_classes_that_hold_their_lower_bound(make: Make, tmp_path: Path) -> None:
    made = make()
    likeness = [1.0, 0.999, 0.95, 0.9, 0.7, 0.7499, None]
    made.dropped = [(f"c-{n}", "文", "Copies", "near", "a-0001", one, {}) for n, one in enumerate(likeness)]
    made.write(tmp_path)
    found = choose_refused(Tables(tmp_path), {}).likeness
    assert found == {1.0: 1, 0.95: 2, 0.9: 1, 0.7: 2, -1.0: 1}


def test_only_the_columns_that_are_needed_are_scanned(make: Make, tmp_path: Path) -> None:
    made = make()
    made.write(tmp_path)
    place, name, step = next(Tables(tmp_path).scan("dropped", "id", "step"))
    assert (place, name, step) == (("dropped", 0, 0), "c-0000", "Tidy")
    assert list(Tables(tmp_path / "nowhere").scan("train", "id")) == []


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Arrow holds a few row groups at a time, not a file of 33 MB."""
    (tmp_path / "train").mkdir()
    schema = pa.schema([("id", pa.string()), ("text", pa.large_string())])
    with pq.ParquetWriter(tmp_path / "train" / "part-00000.parquet", schema) as writer:
        for group in range(30):
            ids = [f"{group}-{row}" for row in range(500)]
            texts = [one + chr(0x4E00 + group) * 700 + one for one in ids]
            writer.write_batch(pa.record_batch([ids, texts], schema=schema))
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(pool)
    try:
        tables = Tables(tmp_path)
        sample, _ = choose_kept(tables, ["3-7"])
        rows = tables.fetch([*sample.places, ("train", 0, 14_999)])
    finally:
        pa.set_memory_pool(usual)
    assert rows["train", 0, 14_999].id == "29-499"
    assert pool.max_memory() < 10_000_000
