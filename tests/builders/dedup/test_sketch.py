"""Sketch files: written in blocks of bounded size, read again by offset."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from builders.dedup import documents as reading
from builders.dedup import sketch as writing
from builders.dedup.documents import SketchedDocuments
from builders.dedup.near_duplicates import NearDuplicates
from builders.dedup.shingles import fold_text
from builders.dedup.sketch import damage_quality
from builders.document import Document

STEP = NearDuplicates()


def write(folder: Path, documents: list[Document]) -> Path:
    with STEP.sketch(folder) as writer:
        for document in documents:
            writer.add(document)
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def sample(write_prose: Callable[[int, int], str]) -> list[Document]:
    texts = ["", "。", "短", *(write_prose(seed, 7 * seed) for seed in range(20)), "\ud800" * 9]
    return [Document(f"文{n}", text, {"book": f"书{n % 3}"} if n % 2 else {}) for n, text in enumerate(texts)]


def test_the_files_depend_on_the_documents_alone(tmp_path: Path, sample: list[Document]) -> None:
    assert bytes_of(write(tmp_path / "a", sample)) == bytes_of(write(tmp_path / "b", sample))


def test_golden_keys(tmp_path: Path) -> None:
    """Sketches are kept from build to build: keys of another kind need another version."""
    text = "雪落了一夜，山门前的石阶都看不见了。小和尚扛着扫帚出来，愣了半天。"
    folder = write(tmp_path, [Document("1", text), Document("2", text[:9])])
    files = bytes_of(folder)
    digests = {
        name: hashlib.blake2b(files[name], digest_size=6).hexdigest() for name in ("signatures.bin", "records.bin")
    }
    assert STEP.version == 2
    assert digests == {"signatures.bin": "9f628cfcdec6", "records.bin": "ccdf563b3f68"}


@pytest.mark.parametrize("block_documents", [1, 7, 4096])
@pytest.mark.parametrize("held_bytes", [0, 1 << 20])
def test_what_was_written_is_read(
    tmp_path: Path, sample: list[Document], block_documents: int, held_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_BLOCK_DOCUMENTS", 4096)
    with SketchedDocuments([write(tmp_path / "whole", sample)], STEP.bands, STEP.rows) as whole:
        expected = {whole.id(n): whole.band(63)[n] for n in range(len(whole))}
        signatures = {whole.id(n): whole.signatures(np.array([n])).tolist() for n in range(len(whole))}
    monkeypatch.setattr(writing, "_BLOCK_DOCUMENTS", block_documents)
    monkeypatch.setattr(reading, "_MAX_OPEN_FILES", 2)
    folders = [write(tmp_path / "1", sample[:11]), write(tmp_path / "2", []), write(tmp_path / "3", sample[11:])]
    texts = {document.id: fold_text(document.text).tolist() for document in sample}
    monkeypatch.setattr(reading, "_HELD_SIGNATURES_BYTES", held_bytes)
    with SketchedDocuments(folders, STEP.bands, STEP.rows) as found:
        assert {found.id(n): found.text(n).tolist() for n in range(len(found))} == texts
        assert {found.id(n): found.band(63)[n] for n in range(len(found))} == expected
        assert {found.id(n): found.book_names[found.book[n]] for n in range(len(found)) if found.book[n] >= 0} == {
            document.id: document.meta["book"] for document in sample if document.meta
        }
        low = found.signatures(np.arange(len(found)))
        assert {found.id(n): [low[n].tolist()] for n in range(len(found))} == signatures


def test_nothing_at_all(tmp_path: Path) -> None:
    assert list(STEP.decide([])) == []
    assert list(STEP.decide([write(tmp_path, [])])) == [{}]


def test_quality_is_what_the_document_says_or_what_its_characters_say(tmp_path: Path) -> None:
    clean, damaged, ruined = (text.encode("utf-16-le") for text in ("好" * 100, "好" * 99 + "\ufffd", "\ue000好"))
    assert damage_quality([clean, damaged, b"", ruined, clean]).tolist() == [1000, 500, 1000, 0, 1000]
    given = [0.25, 7, -1.0, float("nan"), "0.5", None]
    documents = [Document(str(n), "好" * 99 + "\ufffd", {"quality": quality}) for n, quality in enumerate(given)]
    records = np.fromfile(write(tmp_path, documents) / "records.bin", dtype=writing.RECORD)
    assert records["quality"].tolist() == [250, 1000, 0, 500, 500, 500]
