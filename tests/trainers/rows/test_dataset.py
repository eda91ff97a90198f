"""What a built dataset says of itself, and whether that is still true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from tests.trainers.conftest import Build
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.rows.dataset import Kind, changed_files, dataset_problems, open_dataset
from validators.errors import SikuError


@pytest.mark.parametrize(("recipe", "kind"), [("novel-pretrain", "text"), ("instruct-sft", "messages")])
def test_a_built_dataset_is_read_in_order(built: Build, recipe: str, kind: Kind) -> None:
    folder = built(recipe)
    dataset = open_dataset(str(folder), Path("nowhere"))
    rows = [
        row for path in sorted((folder / "train").glob("*.parquet")) for row in parquet.read_table(path).to_pylist()
    ]
    assert (dataset.name, dataset.version, dataset.kind) == (recipe, "1", kind)
    assert dataset.rows == {"train": len(rows), "valid": 0}
    assert list(dataset.read_rows("train", kind)) == [{"id": row["id"], kind: row[kind]} for row in rows]
    assert list(dataset.read_rows("valid", kind)) == []
    assert dataset_problems(dataset, kind) == []


def test_a_dataset_is_found_by_its_name(built: Build) -> None:
    folder = built("novel-pretrain")
    for name in ("novel-pretrain", "novel-pretrain@1"):
        assert open_dataset(name, folder.parent.parent).folder == folder


def test_a_folder_without_manifest_is_unfinished(tmp_path: Path) -> None:
    write_dataset(tmp_path, texts("雪停了。"))
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(SikuError, match="is not finished") as told:
        open_dataset(str(tmp_path), Path("nowhere"))
    assert "manifest.json" in told.value.why


def test_rows_without_an_id_have_their_number(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, [{"text": "雪停了。"}, {"text": "天亮了。"}], [{"id": 7, "text": "风起。"}])
    dataset = open_dataset(str(folder), Path("nowhere"))
    assert [row["id"] for row in dataset.read_rows("train", "text")] == ["1", "2"]
    assert [row["id"] for row in dataset.read_rows("valid", "text")] == ["7"]


@pytest.mark.parametrize(
    "row",
    [
        {"text": None},
        {"messages": None},
        {"messages": [{"role": "user", "content": "在吗"}, {"role": "assistant", "content": None}]},
    ],
)
def test_a_row_that_is_null_is_named(tmp_path: Path, row: dict[str, Any]) -> None:
    kind: Kind = "text" if "text" in row else "messages"
    good = {"text": "雪停了。"} if kind == "text" else talks(("在吗", "在。"))[0]
    folder = write_dataset(tmp_path, [good | {"id": "good"}, row | {"id": "bad"}])
    with pytest.raises(SikuError, match=f"nothing where {kind} should be") as told:
        list(open_dataset(str(folder), Path("nowhere")).read_rows("train", kind))
    assert told.value.where.endswith(", bad")


def test_a_manifest_and_files_of_another_make_are_refused(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, texts("雪停了。"))
    manifest = folder / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole.replace(b'"rows"', b'"lines"'))
    with pytest.raises(SikuError, match="manifest cannot be read"):
        open_dataset(str(folder), Path("nowhere"))
    manifest.write_bytes(whole)
    (folder / "train" / "part-00000.parquet").write_bytes(b"no Parquet")
    with pytest.raises(SikuError, match="no Parquet file"):
        open_dataset(str(folder), Path("nowhere")).columns()


@pytest.mark.parametrize("damage", ["changed", "removed", "added"])
@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_file_that_is_not_that_of_the_manifest_is_named(tmp_path: Path, split: str, damage: str) -> None:
    folder = write_dataset(tmp_path, texts("雪停了。"), texts("天亮了。"))
    file = folder / split / "part-00000.parquet"
    if damage == "changed":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "removed":
        file.unlink()
    else:
        file = file.with_name("part-00001.parquet")
        file.write_bytes((folder / split / "part-00000.parquet").read_bytes())
    problems = dataset_problems(open_dataset(str(folder), tmp_path), "text")
    assert [problem.where for problem in problems] == [str(file)]
    assert "digest" in problems[0].why


def test_other_files_may_change(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, texts("雪停了。"))
    (folder / "README.md").write_text("noted by hand")
    assert changed_files(open_dataset(str(folder), tmp_path)) == []


@pytest.mark.parametrize(("has", "wants", "task"), [("text", "messages", "pretrain"), ("messages", "text", "sft")])
def test_rows_of_another_kind_are_told_with_the_task_for_them(tmp_path: Path, has: str, wants: Kind, task: str) -> None:
    folder = write_dataset(tmp_path, texts("雪停了。") if has == "text" else talks(["在吗", "在。"]))
    (problem,) = dataset_problems(open_dataset(str(folder), tmp_path), wants)
    assert repr(wants) in problem.what
    assert problem.why == f"it has: {', '.join(sorted(['id', has]))}"
    assert f"siku train {task} " in problem.next


def test_no_rows_is_a_problem(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, valid=texts("雪停了。"))
    (problem,) = dataset_problems(open_dataset(str(folder), tmp_path), "text")
    assert "no rows in train" in problem.what
