"""What people really have in their folders: a clear error or a quarantined file with its reason, never silence."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.corpora import book, write_books
from tests.running import Siku, command


@pytest.fixture
def books(tmp_path: Path) -> Path:
    write_books(tmp_path / "books", 2)
    return tmp_path / "books"


def quarantined(siku: Siku, source: Path, *words: str) -> list[dict[str, Any]]:
    """Build what is good in `source` (two books of six chapters) and return the rows for what is not."""
    built = siku("build", "novel-pretrain", "--input", source, "--json", *words, code=1).json
    assert built["rows"]["train"] == 12
    rows: list[dict[str, Any]] = pq.read_table(source.parent / built["path"] / "dropped").to_pylist()
    assert built["quarantined"] == len([row for row in rows if row["reason"].startswith("quarantined: ")])
    return rows


def test_no_such_input(siku: Siku) -> None:
    assert "nowhere.txt" in siku("build", "novel-pretrain", "--input", "nowhere.txt", code=2).err


def test_an_empty_folder(siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "empty" in siku("build", "novel-pretrain", "--input", "empty", code=2).err


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("空.txt", b"", "empty file"),
        ("图.txt", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "not text"),
        ("程序.txt", b"\x7fELF" + b"\x00\x01\x02\x03" * 500, "not text"),
    ],
)
def test_a_file_that_is_no_book(siku: Siku, books: Path, name: str, content: bytes, reason: str) -> None:
    (books / name).write_bytes(content)
    rows = quarantined(siku, books)
    assert [name in row["meta"] and reason in row["reason"] for row in rows] == [True]


def test_nothing_but_bad_files(siku: Siku, tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    (tmp_path / "only/a.txt").write_bytes(b"")
    ran = siku("build", "novel-pretrain", "--input", "only", code=2)
    assert "empty file" in ran.err
    assert not (tmp_path / "out/novel-pretrain/1/manifest.json").exists()


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root reads every file")
def test_a_file_that_may_not_be_read(books: Path, tmp_path: Path) -> None:
    (books / "密.txt").write_text("不可读。")
    (books / "密.txt").chmod(0)
    rights = "-dac_override,-dac_read_search"
    without = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"] if os.geteuid() == 0 else []
    words = command("build", "novel-pretrain", "--input", books, "--json")
    run = subprocess.run([*without, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Traceback" not in run.stderr
    assert run.returncode == 1, run.stderr
    rows = pq.read_table(tmp_path / "out/novel-pretrain/1/dropped").to_pylist()
    reasons = [row["reason"] for row in rows if "密" in row["meta"]]
    assert len(reasons) == 1
    assert reasons[0].startswith("quarantined: ")
    assert "ermission" in reasons[0]


def test_one_bad_byte_costs_at_most_its_line(siku: Siku, books: Path) -> None:
    clean = siku("build", "novel-pretrain", "--input", books, "--json", "--as", "clean").json
    raw = bytearray((books / "书000.txt").read_bytes())
    raw[len(raw) // 2 | 1] = 0xFF
    (books / "书000.txt").write_bytes(raw)
    hurt = siku("build", "novel-pretrain", "--input", books, "--json", "--as", "hurt").json
    assert hurt["rows"] == clean["rows"]
    assert abs(hurt["characters"]["kept"] - clean["characters"]["kept"]) <= 2
    rows = pq.read_table(books.parent / hurt["path"] / "train").to_pylist()
    assert sum(row["replaced"] > 0 for row in rows) == 6, "the damage is counted on the book's rows"


@pytest.mark.slow
def test_one_line_of_200_mb(siku: Siku, books: Path) -> None:
    with (books / "长.txt").open("wb") as file:
        for _ in range(200):
            file.write(("雪" * 1000).encode("gb18030") * 500)
    assert "max_book_mb" in quarantined(siku, books)[0]["reason"]


def test_a_name_that_is_not_utf_8(siku: Siku, books: Path) -> None:
    name = os.fsencode(books) + b"/" + "山城邮差".encode("gb18030") + b".txt"
    with open(name, "wb") as file:  # noqa: PTH123 - the name is bytes
        file.write(book("bytes", 4).encode("gb18030"))
    built = siku("build", "novel-pretrain", "--input", books, "--json").json
    rows = pq.read_table(books.parent / built["path"] / "train").to_pylist()
    assert sum(row["title"] == "山城邮差" for row in rows) == 4


def test_a_loop_of_links(siku: Siku, books: Path) -> None:
    (books / "loop").symlink_to(books, target_is_directory=True)
    (books / "self").symlink_to(books / "self")
    ran = siku("build", "novel-pretrain", "--input", books, "--json", code=None)
    assert ran.code in (0, 1)
    assert ran.json["rows"]["train"] == 12


def test_an_archive_that_points_outside(siku: Siku, books: Path) -> None:
    with zipfile.ZipFile(books / "bad.zip", "w") as archive:
        archive.writestr("../../evil.txt", "逃出去的文字。" * 50)
    with tarfile.open(books / "bad.tar", "w") as archive:
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    rows = quarantined(siku, books)
    assert len(rows) == 2
    assert not list(books.parent.rglob("evil.txt"))


def test_a_zip_bomb(siku: Siku, books: Path) -> None:
    with zipfile.ZipFile(books / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.txt", b"\x00" * 50_000_000)
    started = time.monotonic()
    rows = quarantined(siku, books)
    assert len(rows) == 1
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("keep", [0.5, 0.98])
def test_half_an_archive(siku: Siku, books: Path, keep: float) -> None:
    with tarfile.open(books / "half.tar.gz", "w:gz") as archive:
        for number in range(3):
            path = books.parent / f"入{number}.txt"
            path.write_text(book(f"in the tar {number}", 2), encoding="utf-8")
            archive.add(path, path.name)
    whole = (books / "half.tar.gz").read_bytes()
    (books / "half.tar.gz").write_bytes(whole[: int(len(whole) * keep)])
    ran = siku("build", "novel-pretrain", "--input", books, "--json", code=1)
    assert ran.json["rows"]["train"] >= 12
    assert ran.json["quarantined"] >= 1


def test_a_full_disk(siku: Siku, books: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small tmpfs cannot be mounted here")
    try:
        write_books(books, 30, chapters=20, chars=1500)
        ran = siku("build", "novel-pretrain", "--input", books, "--out", small, code=2)
        assert "the disk is full" in ran.err
        assert len(ran.err.strip().splitlines()) <= 4
        assert not (small / "novel-pretrain/1/manifest.json").exists()
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        assert siku("build", "novel-pretrain", "--input", books, "--out", small, "--json").json["rows"]["train"] == 600
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_two_builds_at_once(siku: Siku, books: Path, tmp_path: Path) -> None:
    write_books(books, 40, chapters=30, chars=1500)
    words = ("build", "novel-pretrain", "--input", books)
    with subprocess.Popen(command(*words, "-q"), cwd=tmp_path) as first:
        while not list(tmp_path.glob("out/.siku/work")) and first.poll() is None:
            time.sleep(0.02)
        ran = siku(*words, code=2)
        assert f"is being built by process {first.pid}" in ran.err
        assert first.wait(timeout=120) == 0
    assert "was finished before" in siku(*words).out


def test_an_output_folder_that_cannot_be_made(siku: Siku, books: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = siku("build", "novel-pretrain", "--input", books, "--out", "file/out", code=2)
    assert ran.err.startswith("error: ")


def test_rows_that_are_no_rows(siku: Siku, tmp_path: Path) -> None:
    good = [
        f'{{"id": "{n}", "text": "{"老张推开门，看见院子里站着一个陌生人，肩上落满了雪，手里提着灯。"}{n}"}}'
        for n in range(20)
    ]
    bad = [
        '{"id": "x", "text": ',
        '["a", "list"]',
        '{"id": "y"}',
        '{"id": "z", "text": 5}',
        '{"id": "w", "text": "坏\ufffe"}',
    ]
    raw = "\n".join(good + bad).encode().replace("坏".encode(), b"\xe5\x9d")
    (tmp_path / "rows.jsonl").write_bytes(raw)
    words = ("--set", "steps.NearDuplicates.jaccard=1", "--json")
    built = siku("build", "text-pretrain", "--input", "rows.jsonl", *words, code=1).json
    assert built["rows"]["train"] == 20
    assert built["quarantined"] + built["dropped"] == 5
