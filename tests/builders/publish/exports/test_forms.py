"""What each format makes of a conversation, that nothing is lost on the way, and which rows none of them takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Message
from builders.publish.exports.forms import SPEAKERS, conversation_fault, form_of, taken_as

TALK: list[Message] = [
    {"role": "system", "content": "你是渡口的老船工。"},
    {"role": "user", "content": "今天开船吗？"},
    {"role": "assistant", "content": "雪停了就开。"},
    {"role": "user", "content": "要等多久？\n“很久？”"},
    {"role": "assistant", "content": "半个时辰。"},
]
ROW = {"id": "a1", "messages": TALK}
READ_BY_CONVERSATION = ("alpaca", "sharegpt", "llamafactory", "openai")


def written(format: str, row: dict[str, Any]) -> dict[str, Any]:
    return form_of(format, "messages").write(row)


def test_every_format_of_conversations() -> None:
    assert written("messages", ROW) == ROW
    assert written("openai", ROW) == {"messages": TALK}
    assert written("llamafactory", ROW) == ROW
    alpaca = {
        "instruction": "要等多久？\n“很久？”",
        "input": "",
        "output": "半个时辰。",
        "system": "你是渡口的老船工。",
        "history": [["今天开船吗？", "雪停了就开。"]],
    }
    assert list(written("alpaca", ROW).items()) == list(alpaca.items())
    said = [{"from": "human" if one["role"] == "user" else "gpt", "value": one["content"]} for one in TALK[1:]]
    assert written("sharegpt", ROW) == {"conversations": [{"from": "system", "value": "你是渡口的老船工。"}, *said]}


def test_one_turn_has_no_history() -> None:
    alpaca = written("alpaca", {"id": "a2", "messages": TALK[1:3]})
    assert alpaca["history"] == [] and alpaca["system"] == ""


def test_texts_have_one_format_of_lines() -> None:
    assert taken_as("text") == ["llamafactory"]
    assert form_of("llamafactory", "text").write({"id": "n1", "text": "雪"}) == {"id": "n1", "text": "雪"}


contents = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def talks(draw: st.DrawFn) -> list[Message]:
    """Conversations of any length; a system prompt that is there says something."""
    roles = ("user", "assistant") * draw(st.integers(1, 5))
    system: list[Message] = [
        {"role": "system", "content": text} for text in draw(st.lists(contents.filter(bool), max_size=1))
    ]
    return system + [{"role": role, "content": draw(contents)} for role in roles]


def from_alpaca(row: dict[str, Any]) -> list[Message]:
    """How readers of Alpaca rows put a conversation together."""
    said = [*(text for pair in row["history"] for text in pair), row["instruction"] + row["input"], row["output"]]
    turns: list[Message] = [
        {"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(said)
    ]
    return [{"role": "system", "content": row["system"]}, *turns] if row["system"] else turns


def from_sharegpt(row: dict[str, Any]) -> list[Message]:
    roles = {name: role for role, name in SPEAKERS.items()}
    return [{"role": roles[one["from"]], "content": one["value"]} for one in row["conversations"]]


@given(talks())
def test_the_way_back(talk: list[Message]) -> None:
    row = {"id": "x", "messages": talk}
    assert conversation_fault(talk) == ""
    assert from_alpaca(written("alpaca", row)) == talk
    assert from_sharegpt(written("sharegpt", row)) == talk
    assert written("openai", row)["messages"] == talk


USER, ANSWER, SYSTEM = TALK[1], TALK[2], TALK[0]
FAULTS: dict[str, list[Any]] = {
    "without a message": [],
    "with a message that has no text": [USER, {"role": "assistant", "content": None}],
    "with a role other than system, user and assistant": [USER, {"role": "tool", "content": "3"}, ANSWER],
    "with a system message that is not the first": [USER, SYSTEM, ANSWER],
    "whose last message is not the assistant's": [USER, ANSWER, USER],
    "in which user and assistant do not take turns, the user first": [ANSWER, USER, ANSWER],
}


@pytest.mark.parametrize("format", READ_BY_CONVERSATION)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_conversation_is_told(format: str, fault: str) -> None:
    assert form_of(format, "messages").fault({"id": "x", "messages": FAULTS[fault]}) == fault


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        ([SYSTEM], "whose last message is not the assistant's"),
        ([USER, USER, ANSWER], "in which user and assistant do not take turns, the user first"),
        ([SYSTEM, ANSWER], "in which user and assistant do not take turns, the user first"),
        (None, "without a message"),
    ],
)
def test_more_that_is_none(messages: Any, fault: str) -> None:
    assert conversation_fault(messages) == fault


@pytest.mark.parametrize("blank", ["", " \n　"])
@pytest.mark.parametrize("place", range(3))
def test_only_openai_refuses_an_empty_message(blank: str, place: int) -> None:
    talk = [dict(one) for one in (SYSTEM, USER, ANSWER)]
    talk[place]["content"] = blank
    row = {"id": "x", "messages": talk}
    faults = {format: form_of(format, "messages").fault(row) for format in ("messages", *READ_BY_CONVERSATION)}
    assert faults.pop("openai") == "with an empty message"
    assert not any(faults.values())


def test_messages_takes_any_roles() -> None:
    for fault, talk in FAULTS.items():
        assert bool(form_of("messages", "messages").fault({"id": "x", "messages": talk})) == (
            fault == "without a message"
        )
