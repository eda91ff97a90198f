"""Mixtures: the shares are right, the draw is by seed and id, nothing is lost and nothing leaks."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.dedup.hold_out import HoldOut
from builders.document import Document
from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.recipe import Recipe
from builders.mixing.mix import Mix
from builders.sources.text_files import TextFiles
from tests.corpora import passage
from tests.running import Siku, digests
from validators.errors import SikuError

Row = dict[str, Any]


def written(path: Path, name: str, count: int, chars: int = 60) -> Path:
    rows = [{"id": f"{name}-{number:03d}", "text": passage(f"{name} {number}", chars)} for number in range(count)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read(folder: Path, split: str = "train") -> list[Row]:
    found: list[Row] = pq.read_table(folder / split).to_pylist()
    return found


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three built datasets, `news`, `poems` and `songs`, of 40, 30 and 12 texts; a fifth of the news is held out."""
    folder = tmp_path_factory.mktemp("sets")
    for name, count, chars, share in (("news", 40, 200, 0.2), ("poems", 30, 60, 0.0), ("songs", 12, 60, 0.0)):
        path = written(folder / f"{name}.jsonl", name, count, chars)
        recipe = Recipe(name=name, version="1", summary="", source=TextFiles(), steps=(HoldOut(share=share),))
        build(Request(recipe=recipe, inputs=[path], out=folder / "out", workers=1))
    return folder / "out"


def mix(siku: Siku, *words: str | Path, version: str = "1") -> Any:
    return siku("build", "mix-pretrain", "--out", "mixed", "--as", version, *words, "--json").json


def test_shares_in_rows(tmp_path: Path, sets: Path, siku: Siku) -> None:
    weights = "steps.Mix.weights=news=2,poems=1,songs=1"
    built = mix(siku, "--input", sets, "--set", weights, "--set", "steps.Mix.unit=rows")
    folder = tmp_path / built["path"]
    valid = read(folder, "valid")
    train = read(folder)
    shares = Counter(row["dataset"] for row in train)
    assert shares["poems"] == shares["songs"] == 12 or shares["news"] == 2 * shares["songs"]
    assert shares["news"] == 2 * shares["poems"] == 2 * shares["songs"]
    assert {row["dataset"] for row in valid} == {"news"}
    assert built["rows"]["train"] + built["rows"]["valid"] + built["dropped"] == 82
    assert {row["reason"].partition(":")[0] for row in read(folder, "dropped")} == {"not drawn"}
    assert siku("verify", folder).code == 0


def test_shares_in_characters_and_a_size(tmp_path: Path, sets: Path, siku: Siku) -> None:
    settings = ("--set", "steps.Mix.weights=news=1,poems=1,songs=2", "--set", "steps.Mix.size=1200")
    built = mix(siku, "--input", sets, *settings)
    characters: Counter[str] = Counter()
    for row in read(tmp_path / built["path"]):
        characters[row["dataset"]] += len(row["text"])
    longest = {"news": 400, "poems": 200, "songs": 200}  # a row more would be too much
    for name, quota in (("news", 300), ("poems", 300), ("songs", 600)):
        assert quota - longest[name] < characters[name] <= quota


def test_the_draw_is_by_seed_and_id_alone(tmp_path: Path, sets: Path, siku: Siku) -> None:
    weights = ("--set", "steps.Mix.weights=news=1,poems=1,songs=1", "--set", "steps.Mix.unit=rows")
    folders = sorted(sets.glob("*/1"))
    one = mix(siku, *(word for folder in folders for word in ("--input", folder)), *weights, version="a")
    other = mix(siku, *(word for folder in folders[::-1] for word in ("--input", folder)), *weights, version="b")
    assert one["fingerprint"] == other["fingerprint"]
    tables = [digests(tmp_path / built["path"] / "train") for built in (one, other)]
    assert tables[0] == tables[1]
    third = mix(siku, "--input", sets, *weights, "--set", "steps.Mix.seed=7", version="c")
    assert {row["id"] for row in read(tmp_path / third["path"])} != {row["id"] for row in read(tmp_path / one["path"])}


def test_files_beside_datasets_and_names_of_both(tmp_path: Path, sets: Path, siku: Siku) -> None:
    path = written(tmp_path / "letters.v2.jsonl", "letters", 5)
    built = mix(siku, "--input", sets / "songs" / "1", "--input", path)
    shares = Counter(row["dataset"] for row in read(tmp_path / built["path"]))
    assert shares == {"songs": 12, "letters": 5}


def test_a_changed_dataset_is_refused(tmp_path: Path, sets: Path, siku: Siku) -> None:
    sets = Path(shutil.copytree(sets, tmp_path / "sets"))
    part = next((sets / "songs" / "1" / "train").glob("*.parquet"))
    part.unlink()
    pq.write_table(pq.read_table(sets / "poems" / "1" / "train"), part)
    ran = siku("build", "mix-pretrain", "--input", sets, code=2)
    assert "songs 1 is not what it was when it was built" in ran.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["weights=news=1,poems=1"], "no weight for songs"),
        (["weights=news=1,poems=1,songs=1,poem=2"], "there are no rows of poem: did you mean poems?"),
        (["weights=news=1,poems=1,songs=1", "size=99999999"], "there are not 99,999,999 characters"),
        (["weights=news"], "'news' is no weight"),
        (["weights=news=0,poems=1"], "'news=0' is no weight"),
        (["weights=news=1,news=2"], "news has two weights"),
        (["size=3"], "a size needs weights"),
    ],
)
def test_what_cannot_be_mixed(sets: Path, siku: Siku, settings: list[str], said: str) -> None:
    words = [word for setting in settings for word in ("--set", f"steps.Mix.{setting}")]
    assert said in siku("build", "mix-pretrain", "--input", sets, *words, code=2).err


@pytest.mark.parametrize("wrong", [{"unit": "tokens"}, {"size": -1}, {"weights": ("a=nan",)}, {"weights": ("=1",)}])
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(SikuError, match="this cannot be mixed"):
        Mix(**wrong)


def test_more_rows_leave_the_drawn_ones_drawn(tmp_path: Path) -> None:
    """The first 10 of 100 rows by draw stay among the first 20."""
    drawn = []
    for size in (10, 20):
        step = Mix(weights=("a=1",), size=size)
        folder = tmp_path / str(size)
        folder.mkdir()
        numbers = list(range(100))
        random.Random(size).shuffle(numbers)
        with step.sketch(folder) as sketch:
            for number in numbers:
                sketch.add(Document(f"{number}", "文", {"dataset": "a"}))
        gone = step.decide([folder])[0]
        drawn.append({numbers[row] for row in range(100) if row not in gone})
    assert len(drawn[0]) == 10
    assert drawn[0] < drawn[1]
