"""The whole way on the shipped example: which pages stay, what their text is, and that nothing else has a say in it."""

from __future__ import annotations

import dataclasses
import json
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.engine.build import Built, build
from builders.engine.finish import Request
from recipes.wiki_pretrain import recipe
from tests import wiki_example
from tests.corpora import passage
from tests.dumps import WikiPage, write_multistream, xml_of
from tests.running import HOME, Siku, command, digests

Row = dict[str, Any]
KILLS = 3


def built(source: Path, out: Path, **settings: Any) -> Built:
    plan = dataclasses.replace(recipe, source=dataclasses.replace(recipe.source, **settings))
    return build(Request(recipe=plan, inputs=[source], out=out, workers=1))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(HOME / "examples/wiki", tmp_path_factory.mktemp("out")).folder


def rows(folder: Path, name: str) -> list[Row]:
    found: list[Row] = pq.read_table(folder / name).to_pylist()
    return found


def test_the_example_is_what_its_text_says(tmp_path: Path) -> None:
    wiki_example.write(tmp_path)
    assert digests(tmp_path) == digests(HOME / "examples/wiki")


def test_articles_stay_and_all_else_goes_with_a_reason(example: Path) -> None:
    forms = {row["title"]: row["form"] for row in rows(example, "train")}
    assert forms == {
        "石拱桥": "wikitext",
        "激光": "wikitext",  # as its own rule |T= has it
        "渡口 (交通)": "wikitext",
        "月食": "wikitext",
        "茶馆": "extracted",
        "灯塔": "extracted",
        "水磨坊": "cirrus",
    }
    assert {row["id"]: row["reason"].partition(":")[0] for row in rows(example, "dropped")} == {
        "3": "redirect",
        "4": "disambiguation",
        "6": "other namespace",
        "7": "other namespace",
        "8": "other namespace",
        "10": "stub",
    }
    raw = {row["id"]: row["text"] for row in rows(example, "dropped")}
    assert raw["10"] == "'''龙门石'''是拱桥最后放上的一块石头。\n{{stub}}"


def test_groups_and_rules_of_a_page_choose_the_words(example: Path) -> None:
    text = {row["id"]: row["text"] for row in rows(example, "train")}
    assert "激光" in text["2"] and "雷射" not in text["2"] and "单色性" in text["2"]
    assert "桥墩" in text["1"] and "橋" not in text["1"] and "柱" not in text["1"]
    assert not [name for name in text if "-{" in text[name] or "（）" in text[name] or "{{" in text[name]]


def test_extracted_articles_are_mended(example: Path) -> None:
    text = {row["id"]: row["text"] for row in rows(example, "train")}
    assert text["21"].startswith("茶馆，是喝茶、聊天、听说书的地方。")
    assert "就知道眼前是哪一座。\n" in text["22"]


def test_the_columns_are_flat_and_few(example: Path) -> None:
    names = pq.read_schema(next((example / "train").glob("*.parquet"))).names
    assert sorted(names) == ["form", "id", "revision", "source", "text", "timestamp", "title", "url"]


def test_packing_and_cutting_change_no_text(tmp_path: Path) -> None:
    pages = [*wiki_example.PAGES, *(WikiPage(f"甲{n}", passage(f"p{n}", 30_000), 100 + n) for n in range(30))]
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/dump.xml").write_bytes(xml_of(pages))
    write_multistream(tmp_path / "indexed", pages, 7)
    write_multistream(tmp_path / "bare", pages, 4, index=False)
    made = []
    for number, (name, settings) in enumerate(
        (("plain", {}), ("plain", {"shard_mb": 1}), ("indexed", {}), ("bare", {"max_page_mb": 8}))
    ):
        folder = built(tmp_path / name, tmp_path / f"out-{number}", **settings).folder
        made.append(sorted((row["id"], row["title"], row["text"]) for row in rows(folder, "train")))
    assert len(made[0]) == 34
    assert made[1:] == made[:1] * 3


def large_dump(folder: Path) -> Path:
    rng = random.Random(5)
    noise = ["".join(map(chr, rng.choices(range(0x4E00, 0x9FA5), k=20_000))) for _ in range(60)]
    pages = [WikiPage(f"乙{n}", f"{text}\n\n{passage(f'q{n}', 3000)}", 500 + n) for n, text in enumerate(noise)]
    write_multistream(folder, [*wiki_example.PAGES, *pages], 3)
    return folder


@pytest.mark.slow
def test_killed_or_with_more_workers_the_same_bytes(tmp_path: Path, siku: Siku) -> None:
    source = large_dump(tmp_path / "dump")
    settings = (
        "--set",
        "source.shard_mb=1",
        "--set",
        "steps.Quality.min_han_share=0",
        "--set",
        "steps.Quality.stop_share=1",
    )

    def words(out: Path, workers: int) -> list[str | Path]:
        return ["build", "wiki-pretrain", "--input", source, "--out", out, "--workers", str(workers), "-q", *settings]

    started = time.monotonic()
    siku(*words(tmp_path / "whole", 2))
    seconds = time.monotonic() - started
    whole = digests(tmp_path / "whole/wiki-pretrain/1")
    assert len(json.loads((tmp_path / "whole/wiki-pretrain/1/manifest.json").read_bytes())["inputs"]) > 1
    siku(*words(tmp_path / "alone", 1))
    assert digests(tmp_path / "alone/wiki-pretrain/1") == whole
    rng = random.Random(6)
    for _ in range(KILLS):
        process = subprocess.Popen(command(*words(tmp_path / "killed", 2)), stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2, 0.9) * seconds)
        process.send_signal(signal.SIGKILL)
        assert process.wait() in (-signal.SIGKILL, 0)
    siku(*words(tmp_path / "killed", 2))
    assert digests(tmp_path / "killed/wiki-pretrain/1") == whole
