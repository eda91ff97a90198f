"""Encyclopedia entries to questions and answers, on the shipped examples and through the command line."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.engine.build import Built, build
from builders.engine.finish import Request
from recipes.baike_knowledge import recipe
from tests.running import HOME, Siku

Row = dict[str, Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    out = tmp_path_factory.mktemp("out")
    return build(Request(recipe=recipe, inputs=[HOME / "examples/baike"], out=out, workers=1))


def rows(folder: Path, name: str) -> list[Row]:
    found: list[Row] = pq.read_table(folder / name).to_pylist()
    return found


def asked(row: Row) -> tuple[str, str]:
    question, answer = (message["content"] for message in row["messages"])
    return question, answer


def test_every_kind_of_input_becomes_questions(built: Built) -> None:
    train = rows(built.folder, "train")
    sources = {row["source"].split("/")[0] for row in train}
    assert sources >= {"pages", "entries.jsonl"}
    kinds = {row["title"]: row["entry_type"] for row in train if not row["sense"]}
    assert kinds["杜甫"] == "person" and kinds["都江堰"] == "place"
    assert kinds["桃花源记"] == "work" and kinds["守株待兔"] == "word"
    assert built.manifest["quarantined"] == 0


def test_answers_hold_what_the_pages_say_and_nothing_of_the_site(built: Built) -> None:
    pairs = [asked(row) for row in rows(built.folder, "train")]
    assert "都江堰的主要部分是鱼嘴、飞沙堰、宝瓶口。" in {answer for _, answer in pairs}
    text = "\n".join(part for pair in pairs for part in pair)
    for word in ("编辑", "播报", "[", "\xa0", "图册", "参考资料", "節", "百度", "旁边的话"):
        assert word not in text


def test_each_entry_is_asked_in_different_ways(built: Built) -> None:
    train = rows(built.folder, "train")
    by_entry: dict[str, list[str]] = defaultdict(list)
    for row in train:
        (parent,) = row["parents"]
        by_entry[parent].append(asked(row)[0])
    assert all(len(questions) == len(set(questions)) for questions in by_entry.values())
    forms = Counter(row["question_form"] for row in train)
    assert max(forms.values()) <= 0.1 * len(train)
    assert len(forms) > 40


def test_senses_are_told_apart(built: Built) -> None:
    senses = {row["sense"] for row in rows(built.folder, "train") if row["title"] == "苹果"}
    assert senses == {"蔷薇科苹果属果树", "美国科技公司"}
    for row in rows(built.folder, "train"):
        assert not row["sense"] or f"（{row['sense']}）" in asked(row)[0]


def test_the_same_entry_of_two_crawls_is_there_once(built: Built) -> None:
    (copy,) = [row for row in rows(built.folder, "dropped") if row["duplicate_of"]]
    assert {row["title"] for row in rows(built.folder, "train") if row["parents"] == [copy["duplicate_of"]]} == {"谷雨"}


def test_a_held_out_entry_is_held_out_with_all_its_questions(siku: Siku, tmp_path: Path) -> None:
    words = [
        "build",
        "baike-knowledge",
        "--out",
        "out",
        "--holdout",
        "苹果",
        "--set",
        "steps.KnowledgePairs.max_pairs=4",
    ]
    done = siku(*words, "--json", code=0)
    valid = rows(Path(tmp_path / done.json["path"]), "valid")
    assert {row["title"] for row in valid} == {"苹果"} and len(valid) == 8
    report = (tmp_path / done.json["path"] / "report.html").read_text()
    assert "question_form" in report and "entry_type" in report


def test_the_life_of_a_question_goes_back_to_its_page(siku: Siku, tmp_path: Path) -> None:
    built = siku("build", "baike-knowledge", "--out", "out", "--json").json
    id = next(row["id"] for row in rows(tmp_path / built["path"], "train") if row["title"] == "杜甫")
    told = siku("inspect", "baike-knowledge", id, "--out", "out").out
    assert "from pages/杜甫.html" in told and "one of 8 parts" in told
