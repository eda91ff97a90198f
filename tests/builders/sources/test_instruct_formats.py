"""Formats of instruction sets: each as its publisher writes it, and rows that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document, Quarantined
from builders.sources.conversations import Conversations
from builders.sources.dialogue_formats import FORMATS, detect_format, read_unit
from builders.sources.dialogue_rows import UnfitError
from builders.sources.instruct_formats import INSTRUCT_FORMATS

Row = dict[str, Any]
Told = list[tuple[str, str]]


def turn(human: str, moss: str, command: str = "None") -> Row:
    return {
        "Human": f"<|Human|>: {human}<eoh>\n",
        "Inner Thoughts": "<|Inner Thoughts|>: 想一想<eot>\n",
        "Commands": f"<|Commands|>: {command}<eoc>\n",
        "Tool Responses": "<|Results|>: None<eor>\n",
        "MOSS": f"<|MOSS|>: {moss}<eom>\n",
    }


def chat(*turns: Row, **columns: Any) -> Row:
    return {"chat": {f"turn_{number}": one for number, one in enumerate(turns, start=1)}, **columns}


def told(format: str, row: Row) -> list[Told]:
    """Role (by its first letter) and content of the conversations of a row."""
    found = read_unit(FORMATS[format], row)
    return [[(message["role"][0], message["content"]) for message in messages] for messages in found]


def detected(row: Row) -> str:
    return detect_format([row], "row")


EXAM = {"textbox_q_instruction": "选出正确的一项。", "textbox_question": "船走水路还是陆路？", "textbox_answer": "水路"}
GOOD: list[tuple[str, Row, list[Told]]] = [
    ("alpaca_zh", {"指令": "对下联", "输入": "山高", "输出": "水长"}, [[("u", "对下联\n山高"), ("a", "水长")]]),
    (
        "alpaca_zh",
        {"指令": "再说一次", "输出": "好", "系统": "你是船夫。", "历史": [["在吗", "在"]]},
        [[("s", "你是船夫。"), ("u", "在吗"), ("a", "在"), ("u", "再说一次"), ("a", "好")]],
    ),
    (
        "self_instruct",
        {"instruction": "对下联", "instances": [{"input": "山高", "output": "水长"}, {"input": "", "output": "随意"}]},
        [[("u", "对下联\n山高"), ("a", "水长")], [("u", "对下联"), ("a", "随意")]],
    ),
    (
        "moss",
        chat(turn("在吗？", "在的。"), turn("好", "请说。"), meta_instruction="你是助手。\n"),
        [[("s", "你是助手。"), ("u", "在吗？"), ("a", "在的。"), ("u", "好"), ("a", "请说。")]],
    ),
    (
        "moss",
        {"plain_text": "[Human]: 写个循环<eoh> [MOSS]: for x in y:\n    z<eoa> [Human]: 谢谢<eoh> [MOSS]: 不客气<eoa>"},
        [[("u", "写个循环"), ("a", "for x in y:\n    z"), ("u", "谢谢"), ("a", "不客气")]],
    ),
    ("coig", EXAM, [[("u", "选出正确的一项。\n船走水路还是陆路？"), ("a", "水路")]]),
    (
        "coig",
        {**EXAM, "textbox_q_context": "江上有船。", "textbox_answer_analysis": "船在水上走。", "img_items": []},
        [[("u", "选出正确的一项。\n江上有船。\n船走水路还是陆路？"), ("a", "船在水上走。\n水路")]],
    ),
    (
        "coig",
        {"instruction": "Say hello.", "output": "Hi", "trans_instruction": "打个招呼。", "trans_output": "你好"},
        [[("u", "打个招呼。"), ("a", "你好")]],
    ),
    (
        "coig",
        {"instruction": "扮演船夫。", "conversations": [{"question": "去哪？", "answer": "对岸。"}]},
        [[("u", "扮演船夫。\n去哪？"), ("a", "对岸。")]],
    ),
    (
        "exchanges",
        {"system": "你是船夫。", "conversation": [{"human": "去哪", "assistant": "对岸"}, {"human": "远吗", "assistant": "不远"}]},
        [[("s", "你是船夫。"), ("u", "去哪"), ("a", "对岸"), ("u", "远吗"), ("a", "不远")]],
    ),
    ("ultrachat", {"id": "1", "data": ["去哪", "对岸", "好"]}, [[("u", "去哪"), ("a", "对岸")]]),
    ("alpaca", {"instruction": "写诗", "input": "“&lt;无输入&gt;”。", "output": "山高月小"}, [[("u", "写诗"), ("a", "山高月小")]]),
    ("alpaca", {"instruction": "改写", "input": "无输入法可用", "output": "没有输入法"}, [[("u", "改写\n无输入法可用"), ("a", "没有输入法")]]),
    ("firefly", {"kind": "QA", "input": "山高", "target": "水长"}, [[("u", "山高"), ("a", "水长")]]),
]  # fmt: skip


@pytest.mark.parametrize(("format", "row", "expected"), GOOD)
def test_a_row_as_it_is_published(format: str, row: Row, expected: list[Told]) -> None:
    assert detected(row) == format
    assert told(format, row) == expected


def test_turns_stand_in_the_order_of_their_numbers() -> None:
    turns = [turn(f"问{number}", f"答{number}") for number in range(1, 12)]
    shuffled = dict(sorted(chat(*turns)["chat"].items()))  # turn_1, turn_10, turn_11, turn_2 …
    assert [text for role, text in told("moss", {"chat": shuffled})[0] if role == "u"] == [
        f"问{n}" for n in range(1, 12)
    ]


def test_an_answer_that_rests_on_a_tool_is_refused_unless_asked_for() -> None:
    row = chat(turn("几点？", "三点。"), turn("三加四？", "是七。<sup><|1|></sup>", 'Calculate("3+4"), Search("四")'))
    with pytest.raises(UnfitError, match=r"^a turn calls a tool: Calculate \(--set source.format=moss_text"):
        told("moss", row)
    assert told("moss_text", row) == [[("u", "几点？"), ("a", "三点。"), ("u", "三加四？"), ("a", "是七。")]]
    assert detected(row) == "moss"  # moss_text is for those who name it


@pytest.mark.parametrize("command", ["None", "none.", "None. \n\n根据勾股定理，", "", "（无）"])
def test_where_nothing_is_called_there_is_no_tool(command: str) -> None:
    assert told("moss", chat(turn("在吗", "在", command))) == [[("u", "在吗"), ("a", "在")]]


BAD: list[tuple[str, object, str]] = [
    ("moss", {"chat": {"turn_1": {"Human": "在吗"}}}, "no turns"),
    ("moss", {"chat": []}, "no turns"),
    ("moss", {"chat": {"turn_1": {"Human": ["在吗"], "MOSS": "在"}}}, "not text"),
    ("moss", {"plain_text": 5}, "no column 'chat'"),
    ("moss", chat(turn("在吗", "")), "empty answer"),
    ("self_instruct", {"instruction": "写", "instances": "无"}, "no instances"),
    ("self_instruct", {"instruction": "写", "instances": [None]}, "no instances"),
    ("self_instruct", {"instruction": "写", "instances": [{"input": "山"}]}, "empty answer"),
    ("coig", {**EXAM, "img_items": ["1.png"]}, "needs a picture"),
    ("coig", {**EXAM, "textbox_answer": None}, "empty answer"),
    ("coig", {"甲": 1, "乙": 2}, "no questions with answers: there is 甲, 乙"),
    ("exchanges", {"conversation": [{"human": "去哪"}]}, "no questions with answers: there is conversation"),
    ("exchanges", {"conversation": [{"human": "去哪", "assistant": {"text": "对岸"}}]}, "not text"),
    ("ultrachat", {"data": [["去哪"], None]}, "no list of turns"),
    ("alpaca_zh", {"指令": "写", "答": "好"}, "no column 'output'"),
    ("alpaca", {"instruction": "再说", "output": "好", "history": [["在吗"]]}, "broken history"),
    ("alpaca", {"foo": 1, "bar": 2}, "no column 'instruction': there is foo, bar"),
]  # fmt: skip


@pytest.mark.parametrize(("format", "row", "reason"), BAD)
def test_a_row_of_another_shape_says_what_it_has(format: str, row: Row, reason: str) -> None:
    with pytest.raises(UnfitError) as refused:
        told(format, row)
    assert str(refused.value).startswith(reason)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
COLUMNS = sorted(
    {name for format in INSTRUCT_FORMATS.values() for name in format.columns} | {"conversation", "Human", "MOSS"}
)
rows = st.dictionaries(st.sampled_from(COLUMNS), json_values, max_size=5)


@given(st.sampled_from(sorted(INSTRUCT_FORMATS)), rows | json_values)
@settings(max_examples=300, deadline=None)
def test_any_row_is_read_or_refused(format: str, row: Any) -> None:
    FORMATS[format].fits(row)
    try:
        found = read_unit(FORMATS[format], row)
    except UnfitError as error:
        rule = str(error).partition(": ")[0]
        assert rule
        assert not any(character.isdecimal() for character in rule)
    else:
        for messages in found:
            roles = [message["role"] for message in messages]
            assert roles[roles[0] == "system" :] == ["user", "assistant"] * (len(roles) // 2)


marks = st.sampled_from(
    ["<|Human|>: ", "<|MOSS|>: ", "[Human]: ", "[MOSS]:", "<eoh>", "<eom>\n", "<eoa>", "<|", "你好", "[", " "]
)


@given(st.lists(marks, max_size=30).map("".join))
@settings(max_examples=200, deadline=None)
def test_any_plain_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_unit(FORMATS["moss"], {"plain_text": text})
    except UnfitError:
        return
    assert all(not message["content"].endswith(("<eoh>", "<eom>")) for messages in found for message in messages)


def test_a_file_of_each_kind_becomes_its_conversations(tmp_path: Path) -> None:
    (tmp_path / "moss.json").write_text(json.dumps(chat(turn("在吗", "在"), conversation_id=3, category="honest")))
    rows = [
        {
            "id": "s",
            "instruction": "写",
            "instances": [{"input": "山", "output": "高"}, {"input": "水", "output": "长"}],
        }
    ]
    (tmp_path / "seeds.json").write_text("\n".join(json.dumps(row) for row in rows))  # lines, as Belle has them
    (tmp_path / "tools.jsonl").write_text(json.dumps(chat(turn("三加四", "七", "Calculate(3+4)"))))
    source = Conversations()
    found = [piece for shard in source.shards([tmp_path]) for piece in source.read(shard)]
    documents = [piece for piece in found if isinstance(piece, Document)]
    assert [(one.id[-6:], one.text, one.meta) for one in documents] == [
        ("000001", "在吗\n在", {"conversation_id": 3, "category": "honest", "source": "moss.json", "format": "moss"}),
        ("s-0001", "写\n山\n高", {"source": "seeds.json", "format": "self_instruct"}),
        ("s-0002", "写\n水\n长", {"source": "seeds.json", "format": "self_instruct"}),
    ]
    (refused,) = [piece for piece in found if isinstance(piece, Quarantined)]
    assert refused.reason.startswith("a turn calls a tool: line 1: Calculate")


def test_a_large_row_is_read(tmp_path: Path) -> None:
    answer = "长" * 3_500_000  # 10 MB of UTF-8
    (tmp_path / "large.jsonl").write_text(
        json.dumps({"指令": "写", "输出": answer}, ensure_ascii=False), encoding="utf-8"
    )
    source = Conversations()
    (found,) = [piece for shard in source.shards([tmp_path]) for piece in source.read(shard)]
    assert isinstance(found, Document)
    assert found.messages is not None
    assert found.messages[-1]["content"] == answer
