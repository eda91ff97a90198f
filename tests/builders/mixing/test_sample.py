"""Samples: the smaller lies in the larger, every value has its share, held-out rows stay, the engine proves them."""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.dedup.hold_out import HoldOut
from builders.document import Document, conversation
from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.recipe import Output, Recipe
from builders.mixing.sample import Draw
from builders.sources.conversations import Conversations
from builders.sources.text_files import TextFiles
from tests.corpora import passage
from tests.running import Siku, command, digests
from validators.errors import SikuError

KINDS = {"news": 60, "poems": 30, "songs": 9, "rare": 1}
Drawn = set[str]


def drawn(folder: Path, documents: list[Document], step: Draw, parts: int = 1) -> Drawn:
    """What a step leaves of documents that lie in some shards."""
    folders = []
    for part in range(parts):
        place = folder / f"{step.rows}-{parts}-{part}"
        place.mkdir(exist_ok=True)
        with step.sketch(place) as sketch:
            for document in documents[part::parts]:
                sketch.add(document)
        folders.append(place)
    gone = step.decide(folders)
    return {
        document.id
        for part in range(parts)
        for row, document in enumerate(documents[part::parts])
        if row not in gone[part]
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.sampled_from("甲乙丙丁"), min_size=1, max_size=60), st.integers(0, 3), st.data())
def test_samples_are_nested_and_in_proportion(tmp_path: Path, values: list[str], seed: int, data: Any) -> None:
    documents = [Document(f"r{place}", "文", {"kind": value}) for place, value in enumerate(values)]
    sizes = sorted(data.draw(st.sets(st.integers(1, len(values)), min_size=1, max_size=4)))
    before: Drawn = set()
    for rows in sizes:
        now = drawn(tmp_path, documents, Draw(rows=rows, by="kind", seed=seed), parts=data.draw(st.integers(1, 3)))
        assert len(now) == rows and before <= now
        counts = Counter(one.meta["kind"] for one in documents if one.id in now)
        for value, size in Counter(values).items():
            assert abs(counts[value] - rows * size / len(values)) < 1
        before = now


def test_neither_order_nor_shards_nor_further_columns_matter(tmp_path: Path) -> None:
    documents = [Document(f"r{place}", "文", {"kind": place % 7, "other": place}) for place in range(200)]
    one = drawn(tmp_path, documents, Draw(rows=50, by="kind"))
    random.Random(1).shuffle(documents)
    assert drawn(tmp_path, documents, Draw(rows=50, by="kind"), parts=5) == one
    assert drawn(tmp_path, documents, Draw(rows=50, by="kind", seed=7)) != one


def test_held_out_rows_all_stay_and_too_many_are_refused(tmp_path: Path) -> None:
    documents = [Document(f"r{place}", "文", split="valid" if place < 5 else "train") for place in range(20)]
    assert {f"r{place}" for place in range(5)} < drawn(tmp_path, documents, Draw(rows=3))
    with pytest.raises(SikuError, match="there are not 16 rows") as caught:
        drawn(tmp_path, documents, Draw(rows=16))
    assert "15 is the most" in caught.value.why
    with pytest.raises(SikuError, match="0 rows cannot be"):
        Draw(rows=0)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`texts@1` of 100 rows of four kinds and 13 that are held out, `talks@1` of 12 conversations."""
    folder = tmp_path_factory.mktemp("parent")
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    rows = [{"id": f"t{n}", "text": passage(f"t {n}", 40), "kind": kind, "n": n} for n, kind in enumerate(kinds)]
    held = [{"id": f"h{n}", "text": passage(f"h {n}", 40), "title": "雪夜", "kind": "news"} for n in range(13)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, *held]))
    texts = Recipe(
        name="texts",
        version="1",
        summary="",
        source=TextFiles(),
        steps=(HoldOut(titles=("雪夜",)),),
        output=Output(facets=("kind",)),
        licence="cc0-1.0",
    )
    build(Request(recipe=texts, inputs=[folder / "rows.jsonl"], out=folder / "out", workers=1))
    talks = [
        {
            "messages": conversation(
                "x", [{"role": "user", "content": f"问{n}"}, {"role": "assistant", "content": f"答{n}"}]
            ).messages
        }
        for n in range(12)
    ]
    (folder / "talks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in talks))
    chats = Recipe(
        name="talks", version="1", summary="", source=Conversations(), steps=(), output=Output(rows="messages")
    )
    build(Request(recipe=chats, inputs=[folder / "talks.jsonl"], out=folder / "out", workers=1))
    return folder / "out"


def rows_of(folder: Path, split: str = "train") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / split).to_pylist()
    return found


def test_a_sample_is_a_dataset_of_its_own(tmp_path: Path, out: Path, siku: Siku) -> None:
    built = siku("sample", out / "texts/1", "--rows", "20", "--by", "kind", "--json").json
    folder = tmp_path / built["path"]
    assert folder == tmp_path / "out/texts-sample/1-20-by-kind"
    assert built["rows"] == {"train": 20, "valid": 13} and built["dropped"] == 80
    assert Counter(row["kind"] for row in rows_of(folder)) == {"news": 12, "poems": 6, "songs": 2}
    parent = {row["id"]: row for row in rows_of(out / "texts/1")}
    assert all(row == parent[row["id"]] for row in rows_of(folder)), "rows are what they were, column by column"
    assert rows_of(folder, "valid") == rows_of(out / "texts/1", "valid")
    assert {row["reason"].partition(":")[0] for row in rows_of(folder, "dropped")} == {"not drawn"}
    assert siku("verify", folder, "--json").json["ok"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["licence"], manifest["parents"][0]["name"]) == ("cc0-1.0", "texts")
    again = ("sample", "texts@1", "--rows", "20", "--by", "kind", "--as", "texts-sample@1-20-by-kind")
    assert manifest["command"] == " ".join(("siku", *again))
    assert "was finished before" in siku("sample", out / "texts/1", *again[2:]).out


def test_nested_on_the_command_line(tmp_path: Path, out: Path, siku: Siku) -> None:
    ids: list[set[str]] = []
    for rows in ("7", "31", "100"):
        built = siku("sample", "texts", "--rows", rows, "--by", "kind", "--out", out, "--as", f"@{rows}", "--json").json
        ids.append({row["id"] for row in rows_of(tmp_path / built["path"])})
    assert ids[0] < ids[1] < ids[2] == {row["id"] for row in rows_of(out / "texts/1")}


def test_names(tmp_path: Path, out: Path, siku: Siku) -> None:
    for words, name in (
        ((), "texts-sample/1-5"),
        (("--seed", "7"), "texts-sample/1-5-seed7"),
        (("--as", "tiny"), "tiny/1-5"),
        (("--as", "@trial"), "texts-sample/trial"),
        (("--as", "tiny@2"), "tiny/2"),
    ):
        assert siku("sample", out / "texts/1", "--rows", "5", *words, "--json").json["path"] == f"out/{name}"


def test_conversations_are_sampled_as_they_are(tmp_path: Path, out: Path, siku: Siku) -> None:
    built = siku("sample", out / "talks/1", "--rows", "5", "--json").json
    parent = {row["id"]: row for row in rows_of(out / "talks/1")}
    rows = rows_of(tmp_path / built["path"])
    assert len(rows) == 5 and all(row == parent[row["id"]] for row in rows)
    assert siku("verify", tmp_path / built["path"]).code == 0
    dropped = rows_of(tmp_path / built["path"], "dropped")[0]["id"]
    assert "not drawn" in siku("inspect", built["path"], dropped).out


def test_the_life_of_a_row_leads_to_its_parent(tmp_path: Path, out: Path, siku: Siku) -> None:
    siku("sample", out / "texts/1", "--rows", "5")
    name = rows_of(tmp_path / "out/texts-sample/1-5")[0]["id"]
    life = siku("inspect", "texts-sample", name, "--json").json
    assert life["origin"] == f"texts@1/train/part-00000.parquet; before that: siku inspect {out / 'texts/1'} {name}"
    assert [step["what"] for step in life["steps"]] == ["kept"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--rows", "101"), "there are not 101 rows in train"),
        (("--rows", "101"), "100 is the most"),
        (("--rows", "0"), "--rows 0 cannot be"),
        (("--rows", "5", "--by", "kin"), "did you mean kind?"),
        (("--rows", "5", "--as", "../x"), "'../x' cannot be"),
        (("--rows", "5", "--as", "a@b@c"), "'b@c' cannot be"),
        (("--rows", "5", "--by", "text"), "has no column 'text'"),
        (("--rows", "5", "--by", ""), "has no column ''"),
        (("--rows", "5", "--as", ""), "--as nothing cannot be"),
        (("--rows", "5", "--as", "tiny@"), "--as tiny@ cannot be"),
    ],
)
def test_mistakes(out: Path, siku: Siku, words: tuple[str, ...], says: str) -> None:
    ran = siku("sample", out / "texts/1", *words, code=2)
    assert says in ran.err and len(ran.err.strip().splitlines()) == 4


def test_all_mistakes_at_once(out: Path, siku: Siku) -> None:
    error = siku("sample", out / "texts/1", "--rows", "101", "--by", "kin", "--as", "../x", code=2).err
    for part in ("3 things are wrong", "there are not 101 rows", "did you mean kind?", "'../x' cannot be"):
        assert part in error


def test_killed_and_gone_on_the_same_bytes(tmp_path: Path, out: Path, siku: Siku) -> None:
    words = ("sample", out / "texts/1", "--rows", "20", "--by", "kind", "-q")
    siku(*words)
    process = subprocess.Popen(command(*words, "--out", "b"), cwd=tmp_path)
    process.kill()
    process.wait()
    siku(*words, "--out", "b")
    assert digests(tmp_path / "b/texts-sample") == digests(tmp_path / "out/texts-sample")
