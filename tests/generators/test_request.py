"""What identifies a request, and what is read out of the bodies that servers send."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Message
from generators.request import BadReplyError, Reply, Request, quoted, read_reply

USER: Message = {"role": "user", "content": "请根据原文写出 3 组问答。"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
REQUEST = Request((USER,), "QuestionAnswers/1", schema=SCHEMA, extra={"seed": 1, "chat_template_kwargs": {"a": 1}})


def body(message: object, **more: Any) -> bytes:
    return orjson.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **more})


# ---------------------------------------------------------------- the key


def test_equal_content_has_one_key_whatever_the_order_of_its_fields() -> None:
    reordered = Request(
        ({"content": USER["content"], "role": "user"},),
        "QuestionAnswers/1",
        schema=dict(reversed(SCHEMA.items())),
        extra={"chat_template_kwargs": {"a": 1}, "seed": 1},
    )
    assert reordered.key("qwen") == REQUEST.key("qwen")
    assert len(REQUEST.key("qwen")) == 32


def test_everything_that_the_reply_depends_on_has_a_key_of_its_own() -> None:
    variants: dict[str, dict[str, Any]] = {
        "messages": {"messages": (USER, USER)},
        "prompt": {"prompt": "QuestionAnswers/2"},
        "schema": {"schema": None},
        "schema within": {"schema": SCHEMA | {"required": []}},
        "temperature": {"temperature": 0.1},
        "top_p": {"top_p": 1.0},
        "max_tokens": {"max_tokens": 64},
        "sample": {"sample": 1},
        "extra": {"extra": {}},
    }
    given: dict[str, Any] = {name: getattr(REQUEST, name) for name in Request.__slots__}
    keys = {"": REQUEST.key("qwen"), "model": REQUEST.key("other")}
    keys |= {name: Request(**(given | change)).key("qwen") for name, change in variants.items()}
    assert len(set(keys.values())) == len(keys)


# ---------------------------------------------------------------- the reply


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ({"content": "雪停了。"}, Reply("雪停了。")),
        ({"content": [{"type": "text", "text": "雪"}, {"type": "text", "text": "停了。"}, 7]}, Reply("雪停了。")),
        ({"content": None}, Reply("")),
        ({}, Reply("")),
        ({"content": {"text": "雪"}}, Reply("")),
        ({"content": "雪", "reasoning_content": "想"}, Reply("雪", reasoning="想")),
        ({"content": "雪", "reasoning": "想"}, Reply("雪", reasoning="想")),
        ({"content": "雪", "reasoning_content": None, "reasoning": "想"}, Reply("雪", reasoning="想")),
        ({"content": "雪", "reasoning": {"summary": 1}}, Reply("雪")),
    ],
)
def test_text_and_thinking_wherever_servers_put_them(message: dict[str, Any], reply: Reply) -> None:
    assert read_reply(body(message)) == reply


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 5}, (7, 5)),
        ({"prompt_tokens": 7}, (7, 0)),
        ({"prompt_tokens": "7", "completion_tokens": -5}, (0, 0)),
        ({"prompt_tokens": 7.5, "completion_tokens": None}, (0, 0)),
        ({"prompt_tokens": True, "completion_tokens": [5]}, (0, 0)),
        (None, (0, 0)),
        ([7, 5], (0, 0)),
    ],
)
def test_tokens_are_counted_where_the_server_counts_them(usage: object, tokens: tuple[int, int]) -> None:
    reply = read_reply(body({"content": "雪"}, usage=usage))
    assert (reply.prompt_tokens, reply.completion_tokens) == tokens


def test_without_usage_no_tokens_are_made_up() -> None:
    assert read_reply(body({"content": "雪"})).completion_tokens == 0


@pytest.mark.parametrize(
    ("reason", "read", "was_cut"), [("length", "length", True), (None, "stop", False), (3, "stop", False)]
)
def test_why_it_ended(reason: object, read: str, was_cut: bool) -> None:
    reply = read_reply(orjson.dumps({"choices": [{"message": {"content": "雪"}, "finish_reason": reason}]}))
    assert (reply.finish_reason, reply.was_cut) == (read, was_cut)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "the reply is not JSON"),
        (b"not json", "the reply is not JSON"),
        (b'{"choices": [{"message": {"content": "', "the reply is not JSON"),
        (b"\n <!DOCTYPE html><p>502", "HTML in place of a reply"),
        (b'{"choices": [{"message": {"content": "\xe5\x9b\xff"}}]}', "the reply is not UTF-8"),
        (b'{"choices": []}', "no choices in the reply"),
        (b'{"choices": {}}', "no choices in the reply"),
        (b'{"choices": ["text"]}', "no choices in the reply"),
        (b'{"error": {"message": "busy"}}', "no choices in the reply"),
        (b"[]", "no choices in the reply"),
        (b"null", "no choices in the reply"),
        (b'{"choices": [{"text": "completion"}]}', "no message in the reply"),
        (b'{"choices": [{"message": "text"}]}', "no message in the reply"),
    ],
)
def test_what_is_no_chat_completion_says_why(data: bytes, cause: str) -> None:
    with pytest.raises(BadReplyError) as caught:
        read_reply(data)
    assert caught.value.cause == cause
    assert len(caught.value.detail) <= 200


def test_a_text_within_a_text_a_thousand_brackets_deep_is_none() -> None:
    deep = b'{"choices": [{"message": {"content": ' + 500 * b'[{"text": ' + b'"x"' + 500 * b"}]" + b"}}]}"
    assert read_reply(deep) == Reply("")
    with pytest.raises(BadReplyError):
        read_reply(b"[" * 100_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["choices", "message", "content", "text", "usage"]) | st.text(), inner)
    ),
    max_leaves=20,
)


@given(json_values.map(lambda value: orjson.dumps(value)) | st.binary(max_size=200))
def test_any_body_is_a_reply_or_says_that_it_is_none(data: bytes) -> None:
    try:
        assert isinstance(read_reply(data), Reply)
    except BadReplyError as error:
        assert error.cause


@given(json_values, json_values, json_values)
def test_any_message_is_read(message: object, reason: object, usage: object) -> None:
    choices = [{"message": {"content": message, "reasoning": message}, "finish_reason": reason}]
    reply = read_reply(orjson.dumps({"choices": choices, "usage": usage}))
    assert isinstance(reply.text, str)
    assert isinstance(reply.finish_reason, str)
    assert reply.prompt_tokens >= 0


@given(st.binary(max_size=2000))
def test_a_quoted_body_is_one_short_line(data: bytes) -> None:
    line = quoted(data)
    assert len(line) <= 200
    assert len(line.splitlines()) <= 1
