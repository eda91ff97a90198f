"""A folder is there under its name when it is whole; what somebody else put there is never touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.publish.exports.folder import ExportFolder
from builders.publish.exports.lines import write_file
from validators.errors import SikuError

NAMES = ("train.jsonl", "valid.jsonl")


def export(place: Path, force: bool = False, **contents: str) -> None:
    folder = ExportFolder(place, NAMES, force)
    with folder.scratch() as scratch:
        files: dict[str, Any] = {
            f"{name}.jsonl": write_file(scratch / f"{name}.jsonl", text.encode()) for name, text in contents.items()
        }
        assert not place.exists() or set(place.iterdir()).isdisjoint(scratch.iterdir())
        folder.settle(scratch, files)


def contents(place: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(place.iterdir())}


def beside(place: Path) -> list[str]:
    return sorted(path.name for path in place.parent.iterdir())


def test_it_appears_whole(tmp_path: Path) -> None:
    export(tmp_path / "deep" / "er", train="一", valid="二")
    assert contents(tmp_path / "deep" / "er") == {"train": "一", "valid": "二"}
    assert beside(tmp_path / "deep" / "er") == ["er"]


def test_an_empty_folder_and_a_link_to_one_are_filled(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    export(tmp_path / "link", train="一")
    assert (tmp_path / "link").is_symlink() and contents(tmp_path / "real") == {"train": "一"}


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="half"), ExportFolder(tmp_path / "x", NAMES).scratch() as scratch:
        (scratch / "train.jsonl").write_text("半")
        raise ValueError("half")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_not_taken_over(tmp_path: Path) -> None:
    left = tmp_path / ".x.unfinished"
    left.mkdir()
    (left / "valid.jsonl").write_text("半")
    (tmp_path / ".x.unfinished.old").mkdir()
    (tmp_path / ".x.unfinished.old" / "train.jsonl").write_text("旧")
    export(tmp_path / "x", train="一")
    assert contents(tmp_path / "x") == {"train": "一"} and beside(tmp_path / "x") == ["x"]


def test_the_same_again_leaves_the_files_alone(tmp_path: Path) -> None:
    export(tmp_path / "x", train="一")
    made = (tmp_path / "x" / "train.jsonl").stat()
    export(tmp_path / "x", train="一")
    assert (tmp_path / "x" / "train.jsonl").stat().st_ino == made.st_ino
    assert beside(tmp_path / "x") == ["x"]


@pytest.mark.parametrize("other", [{"train": "二"}, {"train": "一", "valid": "二"}])
def test_another_export_is_refused_and_replaced_by_force(tmp_path: Path, other: Any) -> None:
    export(tmp_path / "x", train="一")
    with pytest.raises(SikuError, match="--out holds another export") as told:
        export(tmp_path / "x", **other)
    assert "--force" in told.value.next and told.value.exit_code == 2
    assert contents(tmp_path / "x") == {"train": "一"} and beside(tmp_path / "x") == ["x"]
    export(tmp_path / "x", force=True, **other)
    assert contents(tmp_path / "x") == other and beside(tmp_path / "x") == ["x"]


def test_other_files_are_refused_even_by_force(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "notes.txt").write_text("别动")
    (problem,) = ExportFolder(tmp_path / "x", NAMES, force=True).problems()
    assert "notes.txt" in problem.why
    with pytest.raises(SikuError, match="--out holds another export"):
        export(tmp_path / "x", force=True, train="一")
    assert (tmp_path / "x" / "notes.txt").read_text() == "别动"


def test_there_is_no_folder_within_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (problem,) = ExportFolder(tmp_path / "file" / "a" / "b", NAMES).problems()
    assert (problem.what, problem.where) == ("--out is within a file", str(tmp_path / "file"))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    assert [one.what for one in ExportFolder(tmp_path / "x", NAMES).problems()] == ["--out is no folder"]


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    with (
        ExportFolder(tmp_path / "x", NAMES).scratch(),
        pytest.raises(SikuError, match="another command writes to --out"),
    ):
        export(tmp_path / "x", train="一")
    export(tmp_path / "x", train="一")
