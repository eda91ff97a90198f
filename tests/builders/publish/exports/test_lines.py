"""The lines of an export, what else is in its folder, and that `datasets` reads it as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from builders.document import Message
from builders.engine.progress import Progress
from builders.publish.exports.forms import Kind, taken_as
from builders.publish.exports.lines import INFERRED_BYTES, Exported, dataset_info, write_lines

Row = dict[str, Any]


def talk(number: int, turns: int = 1, answer: str = "雪停了。") -> Row:
    said: list[Message] = []
    for _ in range(turns):
        said += [{"role": "user", "content": f"问{number}"}, {"role": "assistant", "content": answer}]
    return {"id": f"t{number}", "messages": said}


def write(
    folder: Path, format: str, train: Sequence[Row], valid: Sequence[Row] = (), kind: Kind = "messages"
) -> Exported:
    folder.mkdir(exist_ok=True)
    splits = {split: partial(iter, rows) for split, rows in (("train", train), ("valid", valid)) if rows}
    return write_lines(format, kind, "talks", splits, folder, Progress(quiet=True))


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def load(folder: Path, cache: Path) -> Any:
    import datasets

    datasets.disable_progress_bars()
    return datasets.load_dataset(str(folder), cache_dir=str(cache))


def test_lines_are_utf8_and_in_order(tmp_path: Path) -> None:
    rows = [talk(number, answer="“雪”\n停\u2028了\t\x00🀄") for number in (3, 1, 2)]
    done = write(tmp_path / "x", "messages", rows, rows[:1])
    assert lines(tmp_path / "x" / "train.jsonl") == rows
    assert lines(tmp_path / "x" / "valid.jsonl") == rows[:1]
    assert "\\u96ea" not in (tmp_path / "x" / "train.jsonl").read_text(encoding="utf-8")
    assert {name: file["rows"] for name, file in done.files.items()} == {"train.jsonl": 3, "valid.jsonl": 1}
    for name, file in done.files.items():
        assert file["bytes"] == (tmp_path / "x" / name).stat().st_size


def test_a_split_without_rows_has_no_file(tmp_path: Path) -> None:
    assert set(write(tmp_path / "x", "openai", [talk(1)]).files) == {"train.jsonl"}
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["train.jsonl"]


def test_all_faults_of_all_splits_are_told(tmp_path: Path) -> None:
    cut = talk(1) | {"messages": talk(1)["messages"][:1]}
    many = [cut | {"id": f"c{number}"} for number in range(30)]
    done = write(tmp_path / "x", "sharegpt", [talk(0), *many], [{"id": "v1", "messages": []}])
    cuts, empty = done.problems
    assert cuts.what == "30 rows of train whose last message is not the assistant's"
    assert cuts.why.startswith("c0, c1, ") and cuts.why.endswith("c19 and 10 more")
    assert (empty.what, empty.why) == ("1 row of valid without a message", "v1")
    assert "--format messages" in cuts.next


def test_llamafactory_is_told_of_texts_and_of_conversations(tmp_path: Path) -> None:
    write(tmp_path / "x", "llamafactory", [talk(1)], [talk(2)])
    info = json.loads((tmp_path / "x" / "dataset_info.json").read_text(encoding="utf-8"))
    assert list(info) == ["talks", "talks_valid"]
    assert info["talks_valid"] == {
        "file_name": "valid.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
    assert dataset_info("novels", "text", ["train"]) == {
        "novels": {"file_name": "train.jsonl", "columns": {"prompt": "text"}}
    }


LONG = "雪" * 3000
TALKS = {
    "no history anywhere": ([talk(1)], [talk(2)]),
    "history at once": ([talk(1, turns=2), talk(2)], [talk(3)]),
    "history a little later": ([talk(1), talk(2, turns=2)], [talk(3)]),
    "history in the other split": ([talk(1)], [talk(2, turns=3)]),
    "history after eleven megabytes": ([*(talk(n, answer=LONG) for n in range(1300)), talk(9, turns=2)], []),
}


@pytest.mark.parametrize("case", TALKS)
def test_alpaca_loads_wherever_the_first_history_is(tmp_path: Path, case: str) -> None:
    train, valid = TALKS[case]
    done = write(tmp_path / "x", "alpaca", train, valid)
    assert ("README.md" in done.files) == (case in ("history in the other split", "history after eleven megabytes"))
    read = load(tmp_path / "x", tmp_path / "cache")
    for split, rows in (("train", train), ("validation", valid)):
        if rows:
            histories = [row["history"] for row in read[split]]
            assert [len(history) for history in histories] == [len(row["messages"]) // 2 - 1 for row in rows]
    assert INFERRED_BYTES < 10 << 20


@pytest.mark.parametrize("format", taken_as("messages"))
def test_conversations_load_in_every_format(tmp_path: Path, format: str) -> None:
    system = [{"role": "system", "content": "你是船工。"}]
    rows = [talk(1), talk(2, turns=2), {"id": "s", "messages": system + talk(3)["messages"]}]
    write(tmp_path / "x", format, rows, rows)
    read = load(tmp_path / "x", tmp_path / "cache")
    assert [list(row.values()) for row in read["train"]] == [
        list(row.values()) for row in lines(tmp_path / "x" / "train.jsonl")
    ]
    assert len(read["validation"]) == 3


def test_texts_load(tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"第{n}章\n\n雪。"} for n in range(3)]
    write(tmp_path / "x", "llamafactory", rows, kind="text")
    assert list(load(tmp_path / "x", tmp_path / "cache")["train"]) == rows
