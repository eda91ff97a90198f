"""Every file once, under a name that depends on nothing but its place below the input."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.sources.inputs import (
    Candidate,
    FileKind,
    distinct_names,
    file_digest,
    file_kind,
    find_files,
    readable_name,
    short_key,
)
from validators.errors import SikuError


def names(*inputs: Path) -> list[str]:
    return sorted(file.name for found in find_files(inputs) for file in found.files)


def test_names_are_paths_below_the_input(tmp_path: Path) -> None:
    (tmp_path / "甲" / "乙").mkdir(parents=True)
    (tmp_path / "甲" / "乙" / "雪夜.txt").write_text("雪")
    (tmp_path / "甲" / "归人.txt").write_text("归")
    assert names(tmp_path) == ["甲/乙/雪夜.txt", "甲/归人.txt"]
    assert names(tmp_path / "甲") == ["乙/雪夜.txt", "归人.txt"]
    assert names(tmp_path / "甲" / "归人.txt") == ["归人.txt"]


def test_what_systems_leave_behind_is_no_input(tmp_path: Path) -> None:
    for name in (".DS_Store", ".git/config", "__MACOSX/._雪夜.txt", "._雪夜.txt", "雪夜.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "空").mkdir()
    assert names(tmp_path) == ["雪夜.txt"]


def test_of_a_built_dataset_only_the_rows_are_input(tmp_path: Path) -> None:
    parts = ("train/a.parquet", "valid/a.parquet", "dropped/a.parquet", "evidence/a.parquet")
    for name in (*parts, "manifest.json", "README.md", "report.html"):
        (tmp_path / "1" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "1" / name).write_text(name)
    assert names(tmp_path / "1") == ["train/a.parquet", "valid/a.parquet"]
    assert names(tmp_path) == ["1/train/a.parquet", "1/valid/a.parquet"]


def test_overlapping_inputs_give_every_file_once_whatever_their_order(tmp_path: Path) -> None:
    inner = tmp_path / "甲"
    inner.mkdir()
    (inner / "雪夜.txt").write_text("雪")
    (tmp_path / "归人.txt").write_text("归")
    expected = ["归人.txt", "甲/雪夜.txt"]
    assert names(tmp_path, inner, inner / "雪夜.txt") == expected
    assert names(inner / "雪夜.txt", inner, tmp_path) == expected
    assert names(tmp_path, tmp_path) == expected


def test_links_are_followed_once_and_never_in_circles(tmp_path: Path) -> None:
    root, outside = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    outside.mkdir()
    (root / "雪夜.txt").write_text("雪")
    (outside / "归人.txt").write_text("归")
    (root / "a-link.txt").symlink_to(root / "雪夜.txt")  # reached first, but the file itself gives the name
    (root / "circle").symlink_to(root)
    (root / "linked").symlink_to(outside)
    (outside / "back").symlink_to(root)
    (root / "self.txt").symlink_to(root / "self.txt")
    (root / "nowhere.txt").symlink_to(root / "gone.txt")
    assert names(root) == ["linked/归人.txt", "nowhere.txt", "self.txt", "雪夜.txt"]


def test_names_in_other_encodings(tmp_path: Path) -> None:
    gbk = os.fsencode(tmp_path) + b"/" + "雪夜归人的故事".encode("gbk") + b".txt"
    with open(gbk, "wb") as file:  # noqa: PTH123
        file.write(b"x")
    (found,) = find_files([tmp_path])
    assert found.files[0].name == "雪夜归人的故事.txt"
    assert found.files[0].path.read_bytes() == b"x"


def test_names_wrongly_decoded_are_mended() -> None:
    wrong = "楊家將傳".encode("big5hkscs").decode("cp437")
    assert readable_name(f"data/{wrong}.txt") == "data/楊家將傳.txt"
    assert readable_name("data/café.txt") == "data/café.txt"


def test_missing_inputs_are_told_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(SikuError) as error:
        find_files([tmp_path / "a", tmp_path, tmp_path / "b"])
    assert f"{tmp_path / 'a'}, {tmp_path / 'b'}" in error.value.where
    with pytest.raises(SikuError):
        find_files([])
    with pytest.raises(SikuError, match="nothing to read"):
        find_files([tmp_path])


def test_a_pipe_is_found_but_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert names(tmp_path) == ["pipe.txt"]
    assert file_digest(tmp_path / "pipe.txt") == file_digest(tmp_path / "gone")


def test_equal_names_get_their_folders_in_front() -> None:
    candidates = [Candidate("乙", "雪夜.txt", "1"), Candidate("甲", "雪夜.txt", "2"), Candidate("甲", "归人.txt", "3")]
    assert distinct_names(candidates) == ["乙/雪夜.txt", "甲/雪夜.txt", "归人.txt"]
    assert distinct_names(candidates[::-1]) == ["归人.txt", "甲/雪夜.txt", "乙/雪夜.txt"]


def test_equal_folders_are_told_apart_by_content() -> None:
    candidates = [
        Candidate("甲", "雪夜.txt", "2"),
        Candidate("甲", "雪夜.txt", "1"),
        Candidate("丙", "甲/雪夜.txt", "3"),
    ]
    assert distinct_names(candidates) == ["甲~3/雪夜.txt", "甲~2/雪夜.txt", "甲/雪夜.txt"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.txt", (".txt", "")),
        ("a.JSONL.GZ", (".jsonl", ".gz")),
        ("a.tar.zst", (".tar", ".zst")),
        ("a.tgz", (".tar", ".gz")),
        ("a.gz", ("", ".gz")),
        ("a", ("", "")),
        ("第1.5章", (".5章", "")),
    ],
)
def test_file_kind(name: str, kind: tuple[str, str]) -> None:
    assert file_kind(name) == FileKind(*kind)


def test_short_key_is_stable() -> None:
    assert short_key("雪夜.txt", "", "0") == "8ed9f86c2d81"
    assert short_key("a", "b") != short_key("ab", "")
