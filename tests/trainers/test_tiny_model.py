"""`siku train tiny-model`: a model to try with, made once, the same each time, written over nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.corpora import passage
from tests.running import Siku, digests
from tests.servers.tiny_qwen2 import in_child
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.rows.dataset import open_dataset
from trainers.tiny_model import ABOUT, ARCHITECTURES, TRAINED_ON_CHARACTERS, make_tiny_model, texts_of


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "novel", texts(*(passage(f"tiny {n}", 300) for n in range(4))), name="novel")


def made(folder: Path, texts: list[str]) -> list[int]:
    """Each architecture, twice."""
    return [
        make_tiny_model(folder / again / kind, texts, architecture=kind, vocabulary=300)
        for again in ("one", "two")
        for kind in ARCHITECTURES
    ]


@pytest.mark.slow
def test_the_same_texts_make_the_same_model(tmp_path: Path) -> None:
    sizes = in_child(made, tmp_path, [passage("same", 2000)])
    assert sizes[:2] == sizes[2:]
    assert max(sizes) < 1_000_000
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    for kind in ARCHITECTURES:
        folder = tmp_path / "one" / kind
        assert json.loads((folder / "config.json").read_text())["model_type"] == kind
        assert (folder / "tokenizer.json").exists()
        assert (folder / "model.safetensors").exists()
    assert "{% generation %}" in (tmp_path / "one" / "qwen2" / "chat_template.jinja").read_text()


@pytest.mark.slow
def test_a_finished_one_is_found_and_another_is_refused(siku: Siku, novel: Path, tmp_path: Path) -> None:
    words = ("train", "tiny-model", "--data", novel, "--out", tmp_path / "模型")
    (tmp_path / "模型" / ".unfinished").mkdir(parents=True)  # what a kill leaves
    (tmp_path / "模型" / "config.json").write_text("{")
    told = siku(*words, "--json").json
    assert told.items() >= {"architecture": "qwen2", "vocabulary": 512, "path": str(tmp_path / "模型")}.items()
    assert not (tmp_path / "模型" / ".unfinished").exists()
    before = digests(tmp_path / "模型")
    assert siku(*words, "--json").json == told
    assert "vocabulary was 512, is 300" in siku(*words, "--vocabulary", "300", code=2).err
    assert digests(tmp_path / "模型") == before
    (tmp_path / "模型" / ABOUT).unlink()
    assert "--out holds a model" in siku(*words, code=2).err


def test_what_cannot_be_made_is_told(siku: Siku, novel: Path, tmp_path: Path) -> None:
    words = ("train", "tiny-model", "--data", novel)
    assert "--vocabulary 20 cannot be" in siku(*words, "--out", tmp_path / "a", "--vocabulary", "20", code=2).err
    (tmp_path / "file").write_text("")
    assert "--out is a file" in siku(*words, "--out", tmp_path / "file", code=2).err
    part = novel / "train" / "part-00000.parquet"
    part.write_bytes(part.read_bytes() + b"\0")
    assert str(part) in siku(*words, "--out", tmp_path / "a", code=2).err
    assert not (tmp_path / "a").exists()


def test_the_tokenizer_hears_every_turn_and_not_more_than_it_needs(tmp_path: Path) -> None:
    talk = open_dataset(str(write_dataset(tmp_path / "talk", talks(["问", "答"]), name="talk")), tmp_path)
    assert list(texts_of(talk)) == ["问", "答"]
    long = write_dataset(tmp_path / "long", texts("长" * TRAINED_ON_CHARACTERS, "短"), name="long")
    assert [len(text) for text in texts_of(open_dataset(str(long), tmp_path))] == [TRAINED_ON_CHARACTERS]
