"""What `verify` proves, and what it finds when someone helped a dataset along and mended the digests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.manifest import describe_files, write_manifest
from builders.engine.plan import apply_settings
from builders.publish.verify import verify
from recipes.text_pretrain import recipe
from tests.corpora import passage

Row = dict[str, Any]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """40 rows, 5 of them copies; four books, one held out."""
    rows = [
        {"id": f"r{n}", "text": passage(str(n), 400), "title": f"书{n % 4}", "book": f"b{n % 4}"} for n in range(35)
    ]
    rows += [rows[n] | {"id": f"copy{n}", "text": rows[n]["text"].replace("。", "!")} for n in range(5)]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    held_out = apply_settings(recipe, ["steps.HoldOut.titles=书3"])
    return build(Request(recipe=held_out, inputs=[source], out=tmp_path / "out", workers=1)).folder


def rewrite(folder: Path, name: str, change: Callable[[list[Row]], list[Row]]) -> None:
    """Change the rows of a file."""
    path = folder / name
    table = pq.read_table(path)
    rows = change(table.to_pylist())
    path.unlink()  # the work store has it, too
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def mend(folder: Path, change: Callable[[Row], None] = lambda manifest: None) -> None:
    """Write a manifest whose digests are right again."""
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    change(manifest)
    manifest["files"] = describe_files(folder)
    write_manifest(folder, manifest)


def problems(folder: Path) -> dict[str, list[str]]:
    return {finding["check"]: finding["problems"] for finding in verify(folder) if finding["problems"]}


TRAIN, VALID, DROPPED = (f"{name}/part-00000.parquet" for name in ("train", "valid", "dropped"))


def test_a_sound_dataset(dataset: Path) -> None:
    assert problems(dataset) == {}
    assert [finding["check"] for finding in verify(dataset)] == ["files", "ledger", "ids", "duplicates", "splits"]


def test_a_changed_a_missing_and_a_foreign_file(dataset: Path) -> None:
    (dataset / "README.md").write_text("better than it is")
    (dataset / "train/part-00009.parquet").write_bytes(b"")
    rewrite(dataset, TRAIN, lambda rows: rows[1:])
    (dataset / VALID).unlink()
    found = " ".join(problems(dataset)["files"])
    for words in ("README.md is not", f"{TRAIN} is not", f"{VALID} is missing", "part-00009.parquet does not belong"):
        assert words in found


def test_a_row_that_is_gone(dataset: Path) -> None:
    rewrite(dataset, TRAIN, lambda rows: rows[1:])
    mend(dataset)
    assert "in the ledger" in problems(dataset)["ledger"][0]


def test_a_ledger_that_was_made_to_fit(dataset: Path) -> None:
    rewrite(dataset, TRAIN, lambda rows: rows[1:])

    def fit(manifest: Row) -> None:
        manifest["ledger"]["rows"]["train"] -= 1
        manifest["rows"]["train"] -= 1

    mend(dataset, fit)
    assert "passed on" in problems(dataset)["ledger"][0] or "characters" in problems(dataset)["ledger"][0]


def test_an_id_in_two_places(dataset: Path) -> None:
    rewrite(dataset, TRAIN, lambda rows: [rows[0], *rows[:-1]])
    mend(dataset)
    assert problems(dataset)["ids"]


def test_a_copy_that_is_none(dataset: Path) -> None:
    rewrite(dataset, DROPPED, lambda rows: [row | {"text": passage("another", len(row["text"]))} for row in rows])
    mend(dataset)
    assert "but their Jaccard is" in problems(dataset)["duplicates"][0]


def test_a_copy_of_what_was_not_kept(dataset: Path) -> None:
    rewrite(dataset, DROPPED, lambda rows: [row | {"duplicate_of": "nobody"} for row in rows])
    mend(dataset)
    assert "nobody" in problems(dataset)["duplicates"][0]


def test_a_held_out_text_that_leaks(dataset: Path) -> None:
    leak = pq.read_table(dataset / VALID).to_pylist()[0]
    changed = leak | {"id": "leak", "text": leak["text"].replace("，", ","), "title": "另一本书", "book": "other"}
    rewrite(dataset, TRAIN, lambda rows: [*rows, changed])
    mend(dataset)
    assert "near the other split" in problems(dataset)["splits"][0]


def test_a_book_in_both_splits(dataset: Path) -> None:
    moved = pq.read_table(dataset / VALID).to_pylist()
    rewrite(dataset, TRAIN, lambda rows: [*rows, moved[0]])
    rewrite(dataset, VALID, lambda rows: rows[1:])
    mend(dataset)
    assert "the book b3 is in train and in valid" in problems(dataset)["splits"]


def test_two_copies_that_were_both_kept(dataset: Path) -> None:
    twice = pq.read_table(dataset / TRAIN).to_pylist()[0]
    rewrite(dataset, TRAIN, lambda rows: [*rows, twice | {"id": "twice", "text": twice["text"] + "完。"}])
    mend(dataset)
    assert any("were both kept" in problem for problem in problems(dataset)["splits"])
