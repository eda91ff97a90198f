"""Conversations travel like texts: through edits turn by turn, checks, duplicates, and into rows of messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from builders.dedup.hold_out import HoldOut
from builders.dedup.near_duplicates import NearDuplicates
from builders.document import Document, Message, Note, Quarantined, conversation, transcript
from builders.engine.build import Built, build
from builders.engine.finish import Request
from builders.engine.recipe import Output, Recipe
from builders.engine.run import edit
from builders.publish.verify import verify
from builders.sources.row_files import OpenFile, RowFiles
from builders.sources.rows import Row
from builders.sources.text_files import TextFiles
from builders.steps import Edit, Split
from builders.text.turns import alternate
from tests.corpora import passage
from validators.errors import SikuError
from validators.step import Verdict

SYSTEM = "你是一位耐心的图书管理员，回答时先说书名，再说书在哪一层，最后说能借多久。" * 4


def talk(*turns: str, system: str = "") -> list[dict[str, str]]:
    messages = [{"role": ("user", "assistant")[place % 2], "content": turn} for place, turn in enumerate(turns)]
    return [{"role": "system", "content": system}, *messages] if system else messages


@dataclass(frozen=True, kw_only=True)
class Talks(RowFiles):
    def documents(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        meta = self.columns_kept(row, file, ("id", "messages", "parents"), ("messages",))
        yield conversation(self.id_of(row, file), row.columns["messages"], meta)


@dataclass(frozen=True, kw_only=True)
class CutFillers(Edit):
    def __call__(self, document: Document) -> Document | Verdict:
        if "脏话" in document.text:
            return Verdict("foul language", "脏话")
        if "嗯嗯" in document.text:
            document.notes.append(Note("filler", "嗯嗯"))
            document.text = document.text.replace("嗯嗯", "")
        return document


@dataclass(frozen=True, kw_only=True)
class Ask(Split):
    """Two questions about every text; none about a short one."""

    def __call__(self, document: Document) -> list[Document] | Verdict:
        if len(document.text) < 20:
            return Verdict("nothing to ask", f"{len(document.text)} characters")
        questions = ("这段话讲了什么？", "请复述这段话。")
        meta = document.meta | {"parents": [document.id]}
        return [
            conversation(
                f"{document.id}-{number}",
                [{"role": "user", "content": question}, {"role": "assistant", "content": document.text}],
                dict(meta),
            )
            for number, question in enumerate(questions, start=1)
        ]


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def made(tmp_path: Path, recipe: Recipe, *inputs: Path) -> tuple[Built, list[dict[str, Any]], list[dict[str, Any]]]:
    built = build(Request(recipe=recipe, inputs=inputs, out=tmp_path / "out", workers=1))
    problems = {finding["check"]: finding["problems"] for finding in verify(built.folder)}
    assert not any(problems.values()), problems
    dropped = built.folder / "dropped"
    return built, rows(built.folder / "train"), rows(dropped) if dropped.exists() else []


def rows(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder).to_pylist()
    return found


def talks_recipe(*steps: Any) -> Recipe:
    return Recipe(
        name="talks",
        version="1",
        summary="talks",
        source=Talks(),
        steps=(CutFillers(), *steps),
        output=Output(rows="messages", facets=("topic",)),
    )


def test_edits_take_every_turn_and_blank_turns_go(tmp_path: Path) -> None:
    answers = [passage(str(number), 60) for number in range(4)]
    path = written(
        tmp_path / "talks.jsonl",
        {"id": "a", "topic": "借书", "messages": talk("嗯嗯在吗", answers[0], "嗯嗯", answers[1])},
        {"id": "b", "messages": talk("有没有关于脏话的书", answers[2])},
        {"id": "c", "messages": talk("嗯嗯", answers[3])},
    )
    built, train, dropped = made(tmp_path, talks_recipe(), path)
    assert train == [
        {
            "id": "a",
            "messages": talk("在吗", f"{answers[0]}\n{answers[1]}"),
            "parents": [],
            "source": "talks.jsonl",
            "topic": "借书",
        }
    ]
    assert {row["id"]: row["reason"] for row in dropped} == {
        "b": "foul language: 脏话",
        "c": "nothing left: the whole text was cut out",
    }
    refused = {row["id"]: json.loads(row["meta"])["messages"] for row in dropped}
    assert refused == {"b": talk("有没有关于脏话的书", answers[2]), "c": talk("嗯嗯", answers[3])}
    assert built.manifest["characters"]["kept"] == len("在吗\n") + len(answers[0]) + 1 + len(answers[1])
    assert [row["text"] for row in rows(built.folder / "evidence")] == ["嗯嗯", "嗯嗯", "嗯嗯"]


def test_system_prompts_do_not_make_duplicates(tmp_path: Path) -> None:
    answers = [passage(str(number), 60) for number in range(3)]
    path = written(
        tmp_path / "talks.jsonl",
        *({"id": f"{number}", "messages": talk("问", answer, system=SYSTEM)} for number, answer in enumerate(answers)),
        {"id": "copy", "messages": talk("问", answers[0], system="另一个系统提示。")},
    )
    _, train, dropped = made(tmp_path, talks_recipe(NearDuplicates()), path)
    assert [row["id"] for row in train] == ["0", "1", "2"]
    assert [(row["id"], row["duplicate_of"]) for row in dropped] == [("copy", "0")]


def test_texts_become_conversations_with_parents(tmp_path: Path) -> None:
    texts = [passage(f"text {number}", 80) for number in range(12)]
    path = written(
        tmp_path / "texts.jsonl",
        *({"id": f"t{number:02d}", "text": text} for number, text in enumerate(texts)),
        {"id": "x-copy", "text": texts[3]},
        {"id": "short", "text": "太短了。"},
    )
    recipe = Recipe(
        name="asked",
        version="1",
        summary="asked",
        source=TextFiles(),
        steps=(HoldOut(share=0.3), NearDuplicates(), Ask()),
        output=Output(rows="messages"),
    )
    built, train, dropped = made(tmp_path, recipe, path)
    valid = rows(built.folder / "valid")
    assert len(train) + len(valid) == 24
    assert valid
    parents = [{row["parents"][0] for row in split} for split in (train, valid)]
    assert not parents[0] & parents[1]
    reasons = sorted(row["reason"].partition(":")[0] for row in dropped)
    assert reasons == ["exact duplicate", "nothing to ask"]
    loaded = load_dataset(str(built.folder), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"][0]["messages"] == train[0]["messages"]
    assert loaded["train"].column_names == ["id", "messages", "parents", "source"]


def test_a_text_in_rows_of_messages_is_an_error_of_the_recipe(tmp_path: Path) -> None:
    recipe = Recipe(name="wrong", version="1", summary="", source=TextFiles(), steps=(), output=Output(rows="messages"))
    path = written(tmp_path / "texts.jsonl", {"id": "a", "text": passage("a", 40)})
    with pytest.raises(SikuError, match="a text reached the end of a recipe whose rows are messages"):
        build(Request(recipe=recipe, inputs=[path], out=tmp_path / "out", workers=1))


def test_conversations_may_be_written_as_texts(tmp_path: Path) -> None:
    path = written(tmp_path / "talks.jsonl", {"id": "a", "messages": talk("问", "答得很好。")})
    recipe = Recipe(name="flat", version="1", summary="", source=Talks(), steps=())
    _, train, _ = made(tmp_path, recipe, path)
    assert train == [{"id": "a", "text": "问\n答得很好。", "source": "talks.jsonl"}]


def test_a_step_that_takes_conversations_whole_sees_no_turns() -> None:
    document = conversation("a", [{"role": "user", "content": "问"}, {"role": "assistant", "content": "答"}])
    assert edit(HoldOut(titles=("雪夜",)), document) is document
    document.meta["title"] = "雪夜"
    held = edit(HoldOut(titles=("雪夜",)), document)
    assert isinstance(held, Document)
    assert (held.split, len(held.notes)) == ("valid", 1)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ("", ""),
        ("u", ""),
        ("a", ""),
        ("ua", "ua"),
        ("aua", "ua"),
        ("uau", "ua"),
        ("suua", "sua"),
        ("uaas", "ua"),
        ("usa", "ua"),
        ("ssua", "sua"),
        ("s", ""),
        ("u ua", "ua"),
    ],
)
def test_roles_alternate(turns: str, expected: str) -> None:
    """`u`, `a` and `s` are the roles, a blank is an assistant who says nothing."""
    roles = {"u": "user", "a": "assistant", "s": "system", " ": "assistant"}
    given: list[Message] = [
        {"role": roles[turn], "content": turn if turn == " " else f"{place}"} for place, turn in enumerate(turns)
    ]
    found = alternate(given)
    assert "".join(message["role"][0] for message in found) == expected
    said = "\n".join(message["content"] for message in given if message["content"] in transcript(found).split("\n"))
    assert transcript(found) == said
