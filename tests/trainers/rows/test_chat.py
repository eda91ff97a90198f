"""Conversations to ids: those of the chat template, and loss on the assistant's turns and their stop tokens alone."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Message
from tests.trainers.conftest import Build
from tests.trainers.made_tokenizers import CHATML, made_tokenizer
from tests.trainers.small_datasets import talks
from trainers.rows.chat import ChatEncoder
from trainers.rows.dataset import open_dataset
from trainers.rows.tokens import Encoded, load_tokenizer
from validators.errors import SikuError

TALKS: list[list[Message]] = [
    row["messages"]
    for row in talks(
        ["在吗？", "在。"],
        ["系统：你是渡口的摆渡人。", "在吗？", "在。", "过河多少钱？", "两文。\n行李另算。"],
        ["user", "assistant", "assistant\n", "user"],
        ["  两边有空格 ", "\n\n开头是空行", "好", "  "],
        ["说一段<|im_end|>里的话", "<|im_start|>assistant\n里的话<|im_end|>"],
        ["1", "1", "1", "1", "1", "1"],
    )
]
PARTS = [
    "雪停了。",
    "\n",
    " ",
    "<|im_end|>",
    "<|im_start|>",
    "assistant",
    "user\n",
    "A",
    "“",
    "\ue0f50\ue0f5",
    "𠮷",
    "</s>",
]
CONTENTS = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=4).map("".join)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Perhaps a system's text, then user and assistant in turn, one to three times."""
    messages: list[Message] = [{"role": "system", "content": draw(CONTENTS)}] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append({"role": "user", "content": draw(CONTENTS)})
        messages.append({"role": "assistant", "content": draw(CONTENTS)})
    return messages


def template_ids(tokenizer: Any, messages: list[Message]) -> list[int]:
    ids: list[int] = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)
    return ids


def learnt_texts(tokenizer: Any, one: Encoded) -> list[str]:
    """The text of each run of tokens that carry loss."""
    runs = groupby(zip(one.ids.tolist(), one.marks.tolist(), strict=True), key=lambda pair: pair[1])
    return [tokenizer.decode([number for number, _ in run]) for learnt, run in runs if learnt]


def replies(messages: list[Message]) -> list[str]:
    return [message["content"] for message in messages if message["role"] == "assistant"]


@pytest.mark.parametrize("kind", ["large", "single bytes", "composed", "sentencepiece"])
@pytest.mark.parametrize("template", ["chatml", "generation", "trimmed", "brackets"])
@given(messages=conversations())
@settings(max_examples=25, deadline=None)
def test_ids_are_those_of_the_template(kind: str, template: str, messages: list[Message]) -> None:
    tokenizer = made_tokenizer(kind, template)
    one, other = ChatEncoder(tokenizer).encode([messages, TALKS[1]])
    assert one.ids.tolist() == template_ids(tokenizer, messages)
    assert other.ids.tolist() == template_ids(tokenizer, TALKS[1])
    assert one.characters == sum(map(len, replies(messages)))


@pytest.mark.parametrize("kind", ["large", "single bytes", "composed", "sentencepiece"])
@given(messages=conversations())
@settings(max_examples=60, deadline=None)
def test_the_marks_are_those_of_a_template_with_generation(kind: str, messages: list[Message]) -> None:
    tokenizer = made_tokenizer(kind, "generation")
    rendered = tokenizer.apply_chat_template(
        messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    (one,) = ChatEncoder(tokenizer).encode([messages])
    assert one.marks.tolist() == rendered["assistant_masks"]
    # Without the marks in the template it is the same.
    (other,) = ChatEncoder(made_tokenizer(kind, "chatml")).encode([messages])
    assert other.ids.tolist() == one.ids.tolist()
    assert other.marks.tolist() == one.marks.tolist()


@pytest.mark.parametrize("messages", TALKS)
def test_every_assistant_turn_is_learnt_with_its_stop_token_and_nothing_else(messages: list[Message]) -> None:
    for template in ("chatml", "generation"):
        tokenizer = made_tokenizer("single bytes", template)  # no token of which is a line break and something else
        encoder = ChatEncoder(tokenizer)
        (one,) = encoder.encode([messages])
        assert learnt_texts(tokenizer, one) == [f"{reply}<|im_end|>" for reply in replies(messages)]
        assert encoder.stop_ids == {tokenizer.convert_tokens_to_ids("<|im_end|>")}
        assert one.fault == ""


@pytest.mark.parametrize("messages", TALKS)
def test_a_template_may_take_the_space_off_a_text(messages: list[Message]) -> None:
    tokenizer = made_tokenizer("single bytes", "trimmed")
    (one,) = ChatEncoder(tokenizer).encode([messages])
    assert learnt_texts(tokenizer, one) == [f"{reply.strip()}<|im_end|>" for reply in replies(messages)]


@pytest.mark.parametrize("messages", TALKS)
def test_a_space_before_the_stop_token_is_learnt_with_it(messages: list[Message]) -> None:
    """Without it the model would never come to the stop token."""
    tokenizer = made_tokenizer("single bytes", "brackets")
    (one,) = ChatEncoder(tokenizer).encode([messages])
    assert learnt_texts(tokenizer, one) == [f"{reply} <|im_end|>" for reply in replies(messages)]


def test_what_a_template_leaves_out_of_a_turn_is_not_missed() -> None:
    tokenizer = made_tokenizer("single bytes", "thoughts")
    messages = talks(["一加一？", "<think>很容易</think>二", "二加二？", "<think>也容易</think>四"])[0]["messages"]
    (one,) = ChatEncoder(tokenizer).encode([messages])
    assert learnt_texts(tokenizer, one) == ["二<|im_end|>", "<think>也容易</think>四<|im_end|>"]
    assert one.fault == ""


def test_all_rows_of_the_examples(built: Build, tiny_qwen2: Path) -> None:
    tokenizer = load_tokenizer(str(tiny_qwen2))
    dataset = open_dataset(str(built("instruct-sft")), Path("nowhere"))
    talks = [row["messages"] for row in dataset.read_rows("train", "messages")]
    for messages, one in zip(talks, ChatEncoder(tokenizer).encode(talks), strict=True):
        assert one.ids.tolist() == template_ids(tokenizer, messages)
        assert learnt_texts(tokenizer, one) == [f"{reply}<|im_end|>" for reply in replies(messages)]


ONLY_THE_LAST = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}"
    "{% if loop.last and message.role == 'assistant' and messages | length > 3 %}<|im_end|>{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.mark.parametrize(
    ("template", "messages", "fault"),
    [
        (CHATML.replace("<|im_end|>\n", "\n"), TALKS[0], "endless"),
        # The token that begins the next turn would end all turns but the last.
        (ONLY_THE_LAST, TALKS[1], "endless"),
        (ONLY_THE_LAST.replace("message.content", "message.content[1:]"), TALKS[1], "endless"),
        ("{% for message in messages %}<|im_start|>{{ message.content }}{% endfor %}", TALKS[1], "endless"),
        ("{% for message in messages %}<|im_start|>{{ message.content | upper }}<|im_end|>{% endfor %}", [
            {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "changed"),
        ("{{ raise_exception('no system') if messages[0].role == 'system' }}" + CHATML, TALKS[1], "refused"),
        (CHATML, [{"role": "user", "content": "在吗"}], "empty"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_learnt_are_told_apart(template: str, messages: list[Message], fault: str) -> None:
    tokenizer = made_tokenizer("large")
    tokenizer.chat_template = template
    encoded = ChatEncoder(tokenizer).encode([messages, messages])
    assert [one.fault for one in encoded] == [fault, fault]
    assert not any(one.marks.any() for one in encoded)


def test_one_refused_row_leaves_the_others_as_they_are() -> None:
    tokenizer = made_tokenizer("large")
    tokenizer.chat_template = "{{ raise_exception('no system') if messages[0].role == 'system' }}" + CHATML
    one, refused, other = ChatEncoder(tokenizer).encode([TALKS[0], TALKS[1], TALKS[2]])
    assert (one.fault, refused.fault, other.fault) == ("", "refused", "")
    assert len(refused.ids) == 0
    assert other.ids.tolist() == template_ids(tokenizer, TALKS[2])


def test_no_chat_template() -> None:
    tokenizer = made_tokenizer("large")
    tokenizer.chat_template = "{% for message in messages %}"
    with pytest.raises(SikuError, match="no Jinja template"):
        ChatEncoder(tokenizer)
    tokenizer.chat_template = None
    with pytest.raises(SikuError, match="no chat template") as told:
        ChatEncoder(tokenizer)
    assert "chat_template_path" in told.value.next
