"""Files of conversations: each tells its format, a broken row costs itself, and whatever is refused says why."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from builders.document import Document, Quarantined
from builders.sources.conversations import Conversations, PairShard
from builders.sources.inputs import MIB
from builders.sources.row_files import PartShard
from validators.errors import SikuError

QA = {"question": "雪停了吗？", "answer": "停了。"}


def read(path: Path, **settings: Any) -> list[Document | Quarantined]:
    source = Conversations(**settings)
    found = [piece for shard in source.shards([path]) for piece in source.read(shard)]
    assert len({piece.id for piece in found}) == len(found)
    return found


def told(path: Path, **settings: Any) -> list[str]:
    """`format: turn / turn` of a conversation, `! reason` of what was refused."""
    lines = []
    for piece in read(path, **settings):
        if isinstance(piece, Document):
            assert piece.messages
            lines.append(f"{piece.meta['format']}: {' / '.join(message['content'] for message in piece.messages)}")
        else:
            lines.append(f"! {piece.reason}")
    return lines


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_keeps_its_id_and_its_other_columns(tmp_path: Path) -> None:
    assert Conversations.version == 1
    messages = [{"role": "user", "content": "在吗"}, {"role": "assistant", "content": "在"}]
    path = written(
        tmp_path / "chats.jsonl",
        {"id": "a-1", "messages": messages, "topic": "闲谈", "score": 0.5, "format": "old", "parents": ["x"]},
        {"messages": messages, "source": "web", "tags": ["甲"]},
    )
    first, second = read(path)
    assert isinstance(first, Document) and isinstance(second, Document)
    assert (first.id, first.messages, first.text) == ("a-1", messages, "在吗\n在")
    assert first.meta == {
        "topic": "闲谈",
        "score": 0.5,
        "row_format": "old",
        "row_parents": ["x"],
        "source": "chats.jsonl",
        "format": "messages",
    }
    assert second.meta == {"row_source": "web", "tags": ["甲"], "source": "chats.jsonl", "format": "messages"}
    at = path.read_bytes().find(b"\n") + 1
    assert second.id.endswith(f"-{at:012d}")


def test_columns_that_became_turns_go_and_others_stay(tmp_path: Path) -> None:
    path = written(tmp_path / "qa.jsonl", {**QA, "title": "天气", "prompt": "没有用到", "response": "也没有"})
    (found,) = read(path)
    assert isinstance(found, Document) and found.text == "天气\n雪停了吗？\n停了。"
    assert found.meta == {"prompt": "没有用到", "response": "也没有", "source": "qa.jsonl", "format": "qa"}


def test_every_kind_of_file(tmp_path: Path) -> None:
    lines = json.dumps(QA, ensure_ascii=False)
    (tmp_path / "01.json").write_text(json.dumps([["雪 停 了 吗", "停 了 呀"]]))
    (tmp_path / "02.json").write_text(json.dumps({"train": [["雪停了吗", "停了"]], "valid": [["走吧", "走"]]}))
    (tmp_path / "03.json").write_text(
        json.dumps([{"role": "client", "content": "在吗"}, {"role": "counselor", "content": "在"}])
    )
    (tmp_path / "04.json").write_text(f"{lines}\n{lines}\n")  # lines after all
    (tmp_path / "05.jsonl").write_text('["雪停了吗", "停了"]\n')
    (tmp_path / "06.txt").write_text(f"{lines}\n")
    (tmp_path / "07.conv").write_bytes("E\r\nM 雪停了吗\r\nM 停了\r\nE\r\nM 走\r\nM 好\r\n".encode("gb18030"))
    (tmp_path / "08.txt").write_bytes("雪停了吗？\t停了。\n".encode("utf-16"))
    (tmp_path / "09.csv").write_bytes("科室,title,ask,answer\n内科,咳嗽,夜里厉害,垫高枕头\n".encode("gb18030"))
    (tmp_path / "10.csv").write_text("雪停了吗 | 停了\n")
    (tmp_path / "11.tsv").write_text("question\tanswer\n雪停了吗\t停了\n")
    (tmp_path / "12.tsv").write_text("雪停了吗\t停了\n")
    (tmp_path / "13.yml").write_text("categories: [闲谈]\nconversations:\n- [在吗, 在]\n- x\n")
    parquet.write_table(pyarrow.table({"dialog": [["雪停了吗", "停了"]], "topic": ["雪"]}), tmp_path / "14.parquet")
    with gzip.open(tmp_path / "15.txt.gz", "wt", encoding="utf-8") as packed:
        packed.write("1\t雪 停 了\t停 了\n0\t雪 停 了\t吃 面\n")
    with zipfile.ZipFile(tmp_path / "16.zip", "w") as packed:
        packed.writestr("a.jsonl", lines)
        packed.writestr("b.conv", "M 雪停了吗\nM 停了\n")
    (tmp_path / "17").write_text("雪停了吗\t停了\n")
    assert told(tmp_path) == [
        "lccc: 雪停了吗 / 停了呀",
        *("turns: 雪停了吗 / 停了", "turns: 走吧 / 走"),
        "smilechat: 在吗 / 在",
        *("qa: 雪停了吗？ / 停了。", "qa: 雪停了吗？ / 停了。"),
        "turns: 雪停了吗 / 停了",
        "qa: 雪停了吗？ / 停了。",
        *("xiaohuangji: 雪停了吗 / 停了", "xiaohuangji: 走 / 好"),
        "tieba: 雪停了吗？ / 停了。",
        "qa: 咳嗽\n夜里厉害 / 垫高枕头",
        "qingyun: 雪停了吗 / 停了",
        "qa: 雪停了吗 / 停了",
        "tieba: 雪停了吗 / 停了",
        *("chatterbot: 在吗 / 在", "! no list of turns: row 2: there is turns, categories"),
        "turns: 雪停了吗 / 停了",
        *("douban: 雪停了 / 停了", "! negative example: line 2: label 0, the last turn is no answer to the others"),
        *("qa: 雪停了吗？ / 停了。", "xiaohuangji: 雪停了吗 / 停了"),
        "tieba: 雪停了吗 / 停了",
    ]  # fmt: skip
    splits = [piece.meta.get("split") for piece in read(tmp_path / "02.json")]
    assert splits == ["train", "valid"] and read(tmp_path / "13.yml")[0].meta["categories"] == "闲谈"


def test_json_lines_by_any_name(tmp_path: Path) -> None:
    line, turns = json.dumps(QA, ensure_ascii=False), '["雪停了吗", "停了"]'
    for name, content, found in (
        ("a.json", f"{line}\n{line}\n", 2),
        ("a.json", f"\ufeff{line}\r\n{line}\r\n", 2),
        ("a.json", f"[{line},\n{line}]\n", 2),
        ("a.json", f"[\n{line},\n{line[:-3]},\n{line}\n]\n", 3),
        ("a.json", f"{line}\n\n", 1),
        ("a.json", f"{turns}\n{turns}\n{turns}\n", 3),
        ("a.txt", f"[{line},\n{line}]\n", 2),
        ("a.txt", f"{turns}\n{turns}\n", 2),
        ("a.txt", json.dumps(QA, indent=2), 1),
        ("a", f"{line}\n", 1),
    ):
        path = tmp_path / name
        path.write_text(content)
        lines = told(path)
        path.unlink()
        assert len(lines) == found, (content, lines)
        assert [line for line in lines if not line.startswith(("qa: ", "turns: "))] == [
            line for line in lines if "broken JSON" in line
        ]
    assert len(told(written(tmp_path / "long.json", *[QA] * 30_000), max_file_mb=1)) == 30_000  # read line by line


def test_broken_rows_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    rows: list[object] = [
        QA,
        {"question": "雪", "answer": " "},
        "雪",
        {"question": ["雪"], "answer": "白"},
        {"answer": "白"},
        QA,
    ]
    path.write_text("\n".join(json.dumps(row) for row in [*rows, *[QA] * 10]) + '\n{"question": \n')
    assert told(path)[1:5] == [
        "! empty answer: line 2",
        "! not a JSON object: line 3 is a string",
        "! not text: line 4: question is a list",
        "! no question and answer: line 5: there is answer",
    ]
    assert told(path)[-1].startswith("! broken JSON: line 17: ")
    assert len([line for line in told(path) if line == "qa: 雪停了吗？ / 停了。"]) == 12


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", '{"text": "雪"}\n', "unknown format: rows with text look like none of "),
        ("a.json", "[1, 2]", "not a JSON object: row 1 is a number"),
        ("a.json", '["雪", "夜"]', "not a JSON object: row 1 is a string"),
        ("a.json", "{", "broken JSON: "),
        ("a.txt", "只是一段话。\n又一段。\n", "unknown format: lines look like none of "),
        ("a.csv", "id,body\n1,雪\n", "unknown format: the columns are id, body (--set source.mapping="),
        ("a.csv", "说明,正文\n1,雪\n", "unknown format: lines look like "),
        ("a.yml", "a: *b", "YAML with aliases"),
        ("a.xml", "<a/>", "not a file of rows: .xml"),
        ("a.txt", "", "empty file"),
        ("a.json", "[]", "empty file: there is no row"),
        ("a.conv", "E\nE\n", "empty file: there is no row"),
        ("a.csv", "question,answer\n", "empty file: there is no row"),
        ("a.pdf", "%PDF", "not a text: .pdf"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, content: str, reason: str) -> None:
    (tmp_path / name).write_text(content)
    assert told(tmp_path)[0].startswith(f"! {reason}")
    assert not any(isinstance(piece, Document) for piece in read(tmp_path))


def test_a_format_that_is_set_is_taken_at_its_word(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("雪 | 停了吗\t停了\n")
    assert told(tmp_path, format="tieba") == ["tieba: 雪 | 停了吗 / 停了"]
    assert told(tmp_path, format="qingyun") == ["qingyun: 雪 / 停了吗\t停了"]
    (tmp_path / "a.csv").write_text("question,answer\n雪,沒有資料\n雪,白\n")
    assert told(tmp_path, format="ptt_csv") == ["! no answer: line 2: it is 沒有資料", "ptt_csv: 雪 / 白"]
    (tmp_path / "a.csv").write_text("M 在/吗\nM 在\n")
    assert told(tmp_path, format="subtitle") == ["subtitle: 在吗 / 在"]


def test_a_mapping(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["主题", "正文", "最佳"], ["雪", "停了吗", "停了"], ["雪", "", ""]])
    written(tmp_path / "b.jsonl", {"主题": "雪", "最佳": "白", "分": 3}, {"主题": "雪"})
    mapping = "主题+正文 -> user, 最佳 → assistant"
    assert told(tmp_path, mapping=mapping) == [
        "mapping: 雪\n停了吗 / 停了",
        "! empty answer: line 3",
        "mapping: 雪 / 白",
        "! no column '最佳': line 2: there is 主题",
    ]
    assert read(tmp_path / "b.jsonl", mapping=mapping)[0].meta == {"分": 3, "source": "b.jsonl", "format": "mapping"}


def test_posts_and_responses_are_two_files(tmp_path: Path) -> None:
    (tmp_path / "train_post.txt").write_text("雪 停 了 吗\n\n走 吗\n多 出 来 的\n")
    (tmp_path / "train_response.txt").write_text("停 了 呀\n没 有 问 题 的\n走 呀\n\n多 出 来 的\n还 有\n")
    (tmp_path / "valid_post.txt").write_text("在吗\t在\n")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Posts").write_text("今天 好累\n")
    (tmp_path / "web" / "Responses").write_text("早点睡\n")
    assert told(tmp_path) == [
        "weibo: 雪停了吗 / 停了呀",
        "! no post: line 2: the other file has nothing on this line",
        "weibo: 走吗 / 走呀",
        "! no answer: line 4: the other file has nothing on this line",
        "! no post: line 5: the other file has nothing on this line",
        "! no post: line 6: the other file has nothing on this line",
        "tieba: 在吗 / 在",
        "pair: 今天 好累 / 早点睡",
    ]
    shards = Conversations().shards([tmp_path])
    names = [(type(shard).__name__, shard.name) for shard in shards]
    assert names == [("PairShard", "train_post.txt"), ("Shard", "valid_post.txt"), ("PairShard", "web/Posts")]
    assert isinstance(shards[0], PairShard) and len(shards[0].digest) == 64
    assert shards[0].holds({"source": "train_response.txt"})
    assert shards[0].bytes == sum((tmp_path / f"train_{name}.txt").stat().st_size for name in ("post", "response"))


def test_a_long_file_of_lines_is_cut(tmp_path: Path) -> None:
    lines = [f"第{number}问{'雪' * 200}\t第{number}答" for number in range(2500)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    source = Conversations(format="tieba", shard_mb=1)
    shards = source.shards([tmp_path])
    assert len(shards) == 2 and all(isinstance(shard, PartShard) for shard in shards)
    found = [piece for shard in shards for piece in source.read(shard)]
    assert [piece.text for piece in found] == [line.replace("\t", "\n") for line in lines]
    assert len(Conversations(shard_mb=1).shards([tmp_path])) == 1  # blocks could not be cut
    assert (tmp_path / "a.txt").stat().st_size > MIB


def test_yaml_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"conversations: [" + b" " * (16 << 20) + b"]")
    assert told(tmp_path) == ["! too large: YAML is read up to 16 MB"]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"format": "lcc"}, "format is 'lcc'; did you mean lccc"),
        ({"mapping": "a"}, "mapping: 'a' is no 'column"),
        ({"format": "lccc", "mapping": "a -> user, b -> assistant"}, "format and mapping are both given"),
        ({"shard_mb": 0}, "shard_mb is 0"),
    ],
)
def test_settings(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(SikuError, match=what):
        Conversations(**settings)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["E\n", "M 在\n", "\t", "\n", "question,answer\n", '{"question": "在", "answer": "在"}\n', "[", "]", "在", "1\t在 \t在\n", "- ", "conversations:\n"]), max_size=12).map(lambda pieces: "".join(pieces).encode()) | st.binary(max_size=30),
    st.sampled_from(["a.txt", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.yml", "a.conv", "a", "a.parquet", "a.txt.gz"]),
)  # fmt: skip
def test_any_file_is_read_or_refused(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found = read(path)
    path.unlink()
    assert found and all(isinstance(piece, Quarantined) or piece.messages for piece in found)


def test_a_file_of_several_formats_loses_only_what_is_in_none(tmp_path: Path) -> None:
    rows = [
        {"instruction": "在吗", "input": "", "output": "在。"},
        {"messages": [{"role": "user", "content": "走吗"}, {"role": "assistant", "content": "走。"}]},
        {"x": 1},
        ["雪停了吗", "停了"],
        {"instruction": "几点了", "input": "", "output": "三点。"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    source = Conversations()
    found = [piece for shard in source.shards([path]) for piece in source.read(shard)]
    assert [piece.text if isinstance(piece, Document) else piece.reason for piece in found] == [
        "在吗\n在。",
        "走吗\n走。",
        "no column 'instruction': line 3: there is x",
        "not a JSON object: line 4: it is a list",
        "几点了\n三点。",
    ]
    assert [piece.meta["format"] for piece in found if isinstance(piece, Document)] == ["alpaca", "messages", "alpaca"]
