"""Changed bytes, changed numbers, planted leaks: each is noticed by the next command."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders.engine.store import SEAL, seal_of
from tests.corpora import write_books
from tests.running import Siku


@pytest.fixture
def books(tmp_path: Path) -> Path:
    write_books(tmp_path / "书库", 3)
    return tmp_path / "书库"


def test_a_damaged_dataset_is_noticed(siku: Siku, books: Path, tmp_path: Path) -> None:
    words = ("build", "novel-pretrain", "--input", books)
    siku(*words)
    assert "BAD" not in siku("verify", "novel-pretrain").out
    part = tmp_path / "out/novel-pretrain/1/train/part-00000.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.unlink()
    part.write_bytes(content)
    assert "its digest differs" in siku("verify", "novel-pretrain", code=3).out
    part.write_bytes(b"")
    assert "has been changed or removed since" in siku(*words, code=2).err


def test_a_tampered_number_fails_the_build(siku: Siku, books: Path, tmp_path: Path) -> None:
    words = ("build", "novel-pretrain", "--input", books)
    siku(*words)
    (tmp_path / "out/novel-pretrain/1/manifest.json").unlink()
    stage = next(path for path in tmp_path.glob("out/.siku/work/*/*") if (path / "rows.arrow").exists())
    content = json.loads((stage / SEAL).read_text())
    content["result"]["ledger"]["steps"][1]["out"] += 1
    (stage / SEAL).write_text(json.dumps(content))
    assert "finished work has been changed" in siku(*words, code=3).err
    files = [stage / name for name in content["files"]]
    (stage / SEAL).write_text(json.dumps(seal_of(files, content["result"])))  # and by someone who knows the seal
    assert "the ledger does not balance" in siku(*words, code=3).err
    assert not (tmp_path / "out/novel-pretrain/1/manifest.json").exists()
    assert siku(*words, "--fresh", "--json").json["rows"]["train"] == 18


def test_a_flipped_byte_of_finished_work_is_noticed(siku: Siku, books: Path, tmp_path: Path) -> None:
    words = ("build", "novel-pretrain", "--input", books)
    siku(*words)
    (tmp_path / "out/novel-pretrain/1/manifest.json").unlink()
    for name in ("rows.arrow", "text.bin", "fates.jsonl"):
        file = next(tmp_path.glob(f"out/.siku/work/*/*/{name}"))
        good = file.read_bytes()
        file.write_bytes(good[:-9] + bytes([good[-9] ^ 1]) + good[-8:])
        assert "finished work has been changed" in siku(*words, code=3).err
        file.write_bytes(good)
    siku(*words)


@pytest.mark.parametrize("field", ["dropped", "duplicates", "rows", "ledger"])
def test_a_tampered_manifest_fails_the_build(siku: Siku, books: Path, tmp_path: Path, field: str) -> None:
    words = ("build", "novel-pretrain", "--input", books)
    siku(*words)
    path = tmp_path / "out/novel-pretrain/1/manifest.json"
    manifest = json.loads(path.read_text())
    match field:
        case "rows":
            manifest["rows"]["train"] += 1
        case "ledger":
            manifest["ledger"]["steps"][2]["characters_out"] += 1
        case _:
            manifest[field] += 1
    path.write_text(json.dumps(manifest))
    siku(*words, code=3)
    siku("verify", "novel-pretrain", code=3)


def test_verify_finds_a_planted_leak(siku: Siku, books: Path, tmp_path: Path) -> None:
    """Even where every digest and every number was made to fit."""
    siku("build", "novel-pretrain", "--input", books, "--holdout", "书001")
    folder = tmp_path / "out/novel-pretrain/1"
    train, valid = ((folder / split / "part-00000.parquet") for split in ("train", "valid"))
    rows, held = pq.read_table(train), pq.read_table(valid)
    pq.write_table(pa.concat_tables([rows, held.slice(0, 1)]), train)
    pq.write_table(held.slice(1), valid)
    manifest = json.loads((folder / "manifest.json").read_text())
    moved = len(held["text"][0].as_py())
    for path in (train, valid):
        entry = manifest["files"][path.relative_to(folder).as_posix()]
        entry |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
        entry["rows"] = pq.read_metadata(path).num_rows
    for ledger in (manifest["ledger"], manifest):
        ledger["rows"] = {"train": 13, "valid": 5}
    characters = manifest["ledger"]["characters"]
    characters |= {"train": characters["train"] + moved, "valid": characters["valid"] - moved}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    ran = siku("verify", "novel-pretrain", "--json", code=3)
    bad = {check["check"]: check["problems"] for check in ran.json["checks"] if check["problems"]}
    assert list(bad) == ["splits"]
    assert "is to be held out and is in train" in bad["splits"][0]


@pytest.mark.parametrize("key", ["dropped", "duplicates", "quarantined", "characters", "fingerprint", "steps"])
def test_verify_finds_a_changed_figure(siku: Siku, books: Path, tmp_path: Path, key: str) -> None:
    siku("build", "novel-pretrain", "--input", books)
    path = tmp_path / "out/novel-pretrain/1/manifest.json"
    manifest = json.loads(path.read_text())
    match manifest[key]:
        case int():
            manifest[key] += 1
        case str():
            manifest[key] = manifest[key][::-1]
        case list():
            manifest[key][1]["out"] += 1
        case dict():
            manifest[key]["kept"] += 1
    path.write_text(json.dumps(manifest))
    assert siku("verify", "novel-pretrain", code=3).out.count("BAD") == 1


def test_a_part_changed_in_one_version_does_not_reach_the_next(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku("build", "novel-pretrain", "--input", books)
    part = tmp_path / "out/novel-pretrain/1/train/part-00000.parquet"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    with part.open("r+b") as file:  # in place: version 2 would link the same file
        file.write(content)
    again = ("build", "novel-pretrain", "--input", books, "--as", "2")
    assert "has been changed since it was done" in siku(*again, code=3).err
    siku(*again, "--fresh")
    assert "BAD" not in siku("verify", "novel-pretrain@2").out
