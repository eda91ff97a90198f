"""Builds on Daft by its own runner: the bytes of a local build, also after `kill -9`. For Ray see `test_ray.py`."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.corpora import write_books
from tests.running import Siku, command, digests

without_daft = pytest.mark.skipif(find_spec("daft") is None, reason="the extra `cluster` is not installed")
HELD_OUT = ("--set", "steps.HoldOut.share=0.1", "--set", "output.part_mb=1")
PRIVATE = """
from dataclasses import dataclass, replace
from builders.document import Document
from builders.steps import Edit
from recipes.novel_pretrain import recipe as novels

@dataclass(frozen=True, kw_only=True)
class Stamp(Edit):
    def __call__(self, document: Document) -> Document:
        document.text += "\\n（完）"
        return document

recipe = replace(novels, name="stamped", steps=(*novels.steps, Stamp()))
"""


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Six books, two of them in a second edition that lacks the end of its text."""
    folder = tmp_path / "books"
    write_books(folder, 6)
    for number in (1, 4):
        whole = (folder / f"书{number:03d}.txt").read_bytes().decode("gb18030")
        (folder / f"又{number:03d}.txt").write_text(whole[: len(whole) * 2 // 3], encoding="utf-8")
    return folder


def build(source: Path, out: Path, *more: str) -> list[str | Path]:
    return ["build", "novel-pretrain", "--input", source, "--out", out, "-q", *HELD_OUT, *more]


def dataset(out: Path, name: str = "novel-pretrain") -> dict[str, str]:
    return digests(out / name / "1")


@pytest.mark.skipif(find_spec("daft") is not None, reason="daft is installed")
@pytest.mark.parametrize(("engine", "extra"), [("daft", "cluster"), ("ray", "ray")])
def test_without_the_package_it_says_how_to_get_it(siku: Siku, books: Path, engine: str, extra: str) -> None:
    ran = siku("build", "novel-pretrain", "--input", books, "--engine", engine, code=2)
    assert f"pip install 'siku[{extra}]'" in ran.err


def test_the_address_of_a_cluster_is_for_ray_only(siku: Siku, books: Path) -> None:
    ran = siku("build", "novel-pretrain", "--input", books, "--ray-address", "127.0.0.1:6379", code=2)
    assert "--engine ray" in ran.err


@without_daft
def test_the_examples_give_the_same_bytes(siku: Siku, tmp_path: Path) -> None:
    for engine in ("local", "daft"):
        siku("build", "novel-pretrain", "--engine", engine, "--out", tmp_path / engine)
    assert dataset(tmp_path / "daft") == dataset(tmp_path / "local")


@without_daft
@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku(*build(books, tmp_path / "local"))
    expected = dataset(tmp_path / "local")
    for workers in ("1", "3"):
        siku(*build(books, tmp_path / workers, "--engine", "daft", "--workers", workers))
        assert dataset(tmp_path / workers) == expected


@without_daft
def test_what_one_engine_finished_the_other_finds(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku(*build(books, tmp_path / "out", "--engine", "daft"))
    before = dataset(tmp_path / "out")
    again = siku("build", "novel-pretrain", "--input", books, "--out", tmp_path / "out", *HELD_OUT)
    assert "was finished before" in again.out
    assert dataset(tmp_path / "out") == before


@without_daft
def test_steps_of_a_private_recipe_reach_the_workers(siku: Siku, books: Path, tmp_path: Path) -> None:
    (tmp_path / "stamped.py").write_text(PRIVATE, encoding="utf-8")
    for engine in ("local", "daft"):
        words = ("build", tmp_path / "stamped.py", "--input", books, "--out", tmp_path / engine)
        siku(*words, "--engine", engine)
    assert dataset(tmp_path / "daft", "stamped") == dataset(tmp_path / "local", "stamped")


@without_daft
@pytest.mark.slow
def test_a_decision_of_another_kind_is_the_same(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku(*build(books, tmp_path / "source"))
    for engine in ("local", "daft"):
        words = ("build", "mix-pretrain", "--input", tmp_path / "source/novel-pretrain/1", "--out", tmp_path / engine)
        drawn = ("--set", "steps.Mix.weights=novel-pretrain=1", "--set", "steps.Mix.size=7")
        siku(*words, *drawn, "--engine", engine)
    assert dataset(tmp_path / "daft", "mix-pretrain") == dataset(tmp_path / "local", "mix-pretrain")


@without_daft
@pytest.mark.slow
def test_killed_three_times_the_same_bytes(siku: Siku, books: Path, tmp_path: Path) -> None:
    siku(*build(books, tmp_path / "local"))
    expected = dataset(tmp_path / "local")
    started = time.monotonic()
    siku(*build(books, tmp_path / "undisturbed", "--engine", "daft"))
    seconds = time.monotonic() - started
    rng = random.Random(3)
    words = build(books, tmp_path / "out", "--engine", "daft")
    for _ in range(3):
        process = subprocess.Popen(command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.returncode == -signal.SIGKILL or dataset(tmp_path / "out") == expected
    siku(*words)
    assert dataset(tmp_path / "out") == expected == dataset(tmp_path / "undisturbed")
