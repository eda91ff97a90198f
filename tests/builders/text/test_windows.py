"""Each answer with whole turns before it, and no more characters than a model takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document, Message, conversation
from builders.text.windows import Windows, chat_window
from validators.errors import SikuError


@pytest.mark.parametrize(
    ("turns", "target", "max_chars", "context"),
    [
        (["甲甲", "乙乙", "丙"], 2, 4, ["甲甲", "乙乙"]),
        (["甲甲", "乙乙", "丙"], 2, 3, ["乙乙"]),
        (["甲", "乙乙乙乙", "丙", "丁"], 3, 3, ["丙"]),  # 甲 would fit, but what fits not ends the window
        (["甲乙丙丁", "戊"], 1, 3, ["乙丙丁"]),
        (["甲", "乙", "丙"], 0, 9, []),
        (["甲", "乙", "丙"], 1, 9, ["甲"]),
        (["甲\n乙", "丙", "丁"], 2, 3, ["丙"]),
        (["𠮷𠮷", "丙"], 1, 2, ["𠮷𠮷"]),
        (["", "甲", "", "丙"], 3, 1, ["", "甲", ""]),
        (["甲", "乙"], 1, 0, []),
    ],
)
def test_chat_window(turns: list[str], target: int, max_chars: int, context: list[str]) -> None:
    assert chat_window(turns, target, max_chars) == context


def told(*turns: str, system: str = "") -> list[Message]:
    roles = [*(["system"] if system else []), *("user", "assistant") * len(turns)]
    contents = [*([system] if system else []), *turns]
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


def windows(messages: list[Message], max_chars: int) -> list[tuple[str, list[str], list[str]]]:
    parts = list(Windows(max_chars=max_chars)(conversation("chat", messages, {"topic": "雪"})))
    assert all(part.meta["topic"] == "雪" for part in parts)
    return [(part.id, part.meta.get("parents", []), [m["content"] for m in part.messages or []]) for part in parts]


def test_every_answer_is_the_last_turn_of_a_window() -> None:
    assert Windows.version == 1
    assert windows(told("去哪", "海边", "几点", "八点"), 230) == [
        ("chat-0001", ["chat"], ["去哪", "海边"]),
        ("chat-0002", ["chat"], ["去哪", "海边", "几点", "八点"]),
    ]


def test_a_window_begins_with_a_user_behind_the_system_message() -> None:
    assert windows(told("去哪里", "海边", "几点", "八点", system="你是向导"), 4)[1] == (
        "chat-0002",
        ["chat"],
        ["你是向导", "几点", "八点"],
    )


def test_a_long_question_keeps_its_end() -> None:
    assert windows(told("说来话长去哪", "海边"), 2) == [("chat-0001", ["chat"], ["去哪", "海边"])]


def test_a_conversation_that_is_its_only_window_stays() -> None:
    assert windows(told("去哪", "海边"), 230) == [("chat", [], ["去哪", "海边"])]
    long = told(*"一二三四五六", system="你是向导")
    assert windows(long, 0) == [("chat", [], ["你是向导", *"一二三四五六"])]


def test_notes_are_told_once_and_texts_without_turns_stay() -> None:
    document = conversation("chat", told("去哪", "海边", "几点", "八点"))
    document.notes.append(("kind", "text"))  # type: ignore[arg-type]
    assert [len(part.notes) for part in Windows()(document)] == [1, 0]
    assert [part.id for part in Windows()(Document("text", "雪"))] == ["text"]


def test_settings() -> None:
    with pytest.raises(SikuError, match="at least 0"):
        Windows(max_chars=-1)


@given(st.lists(st.text("雪夜归人", min_size=1, max_size=9), min_size=2, max_size=20), st.integers(1, 40))
def test_windows_of_any_conversation(turns: list[str], max_chars: int) -> None:
    messages = told(*turns[: len(turns) // 2 * 2])
    parts = list(Windows(max_chars=max_chars)(conversation("chat", messages)))
    assert [(part.messages or [])[-1] for part in parts] == messages[1::2]
    for part, target in zip(parts, range(1, len(messages), 2), strict=True):
        roles = [message["role"] for message in part.messages or []]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        context = [message["content"] for message in (part.messages or [])[:-1]]
        assert sum(map(len, context)) <= max_chars
        assert turns[target - 1].endswith(context[-1]) and context[:-1] == turns[target - len(context) : target - 1]


def test_a_very_long_conversation() -> None:
    messages = told(*(f"第{number}句" for number in range(100_000)))
    parts = list(Windows()(conversation("chat", messages)))
    assert len(parts) == 50_000 and parts[-1].id == "chat-50000"
    assert max(len(part.messages or []) for part in parts) < 80
