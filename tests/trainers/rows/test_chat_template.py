"""Which templates only write texts down, so that they need not be run for every conversation."""

from __future__ import annotations

from itertools import product
from typing import Any

import jinja2
import pytest

from builders.document import Message
from tests.trainers.made_tokenizers import BRACKETS, CHATML, GENERATION, THOUGHTS, TRIMMED, made_tokenizer
from trainers.rows.chat import ChatEncoder
from trainers.rows.chat_template import ChatTemplate

TALK: list[Message] = [{"role": "user", "content": "在吗"}, {"role": "assistant", "content": "在。"}]
ROLES = ("user", "assistant")
# What the templates below look for, and what they might trip over.
TEXTS = ["在", "", " 在 ", "\n\n在\n", "<think>想</think>在", "a%s{}", "<|im_end|>", "{{ messages }}", "0", "在吗"]

LOOP = "{% for message in messages %}"
TOOLS = (
    "{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}"
    "{% if message.role == 'user' or (message.role == 'assistant' and not message.tool_calls) %}"
    "{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}"
    "{% elif message.content %}{{ message.content | trim }}{% endif %}{% endfor %}"
)
SURE = {
    "chatml": CHATML,
    "generation": GENERATION,
    "brackets": BRACKETS,
    "with branches for tools that no row has": TOOLS,
    "checks its type": LOOP
    + "{% if message.content is string %}{% set text = message.content %}{% else %}{% set text = '' %}{% endif %}"
    "{{ '<|im_start|>' + text + '<|im_end|>' }}{% endfor %}",
    "every second": LOOP
    + "{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('no') }}{% endif %}"
    "{{ message.role }}: {{ message.content }}<|im_end|>{% endfor %}",
}
SAID = "<|im_end|>{% endfor %}"
NOT_SURE = {
    "trimmed": TRIMMED,
    "thoughts": THOUGHTS,
    "filter": LOOP + "{{ message.content | replace('<think>', '') }}" + SAID,
    "string filter": LOOP + "{{ (message.content | string).split('</think>')[-1] }}" + SAID,
    "joined": LOOP + "{{ ('' ~ message.content).split('</think>')[-1] }}" + SAID,
    "concatenated": LOOP + "{{ ('x' + message.content).split('</think>')[-1] }}" + SAID,
    "percent": LOOP + "{{ ('%s' % message.content).split('</think>')[-1] }}" + SAID,
    "format": LOOP + "{{ '{}'.format(message.content).split('</think>')[-1] }}" + SAID,
    "format filter": LOOP + "{{ ('%s' | format(message.content)).split('</think>')[-1] }}" + SAID,
    "if": LOOP + "{% if message.content %}{{ message.content }}{% else %}没有{% endif %}" + SAID,
    "in": LOOP + "{{ message.content }}{% if '</think>' in message.content %}想{% endif %}" + SAID,
    "same": LOOP + "{{ message.content }}{% if message.content == '在' %}想{% endif %}" + SAID,
    "not same": LOOP + "{{ message.content }}{% if message.content != '在' %}想{% endif %}" + SAID,
    "before": LOOP + "{{ message.content }}{% if message.content < '在' %}想{% endif %}" + SAID,
    "length": LOOP + "{{ message.content }}{{ message.content | length }}" + SAID,
    "first": LOOP + "{{ message.content }}{{ message.content[:1] }}" + SAID,
    "letters": LOOP + "{% for letter in message.content %}{{ letter }}.{% endfor %}{{ message.content }}" + SAID,
    "starts": LOOP + "{{ message.content }}{% if message.content.startswith('<think>') %}想{% endif %}" + SAID,
    "json": LOOP + "{{ message | tojson }}{{ message.content }}" + SAID,
    "whole message": LOOP + "{{ message }}{{ message.content }}" + SAID,
    "all": LOOP + "{{ messages | map(attribute='content') | join('、') }}{{ message.content }}" + SAID,
    "changed": LOOP + "{% if loop.changed(message.content) %}新{% endif %}{{ message.content }}" + SAID,
    "two": LOOP + "{{ message.content * 2 }}" + SAID,
    "set block": LOOP + "{% set text %}{{ message.content }}{% endset %}{{ text.split('</think>')[-1] }}" + SAID,
    "macro": "{% macro tell(text) %}{{ text }}{% endmacro %}"
    + LOOP
    + "{{ tell(message.content).split('</think>')[-1] }}"
    + SAID,
    "filter block": LOOP + "{% filter replace('<think>', '') %}{{ message.content }}{% endfilter %}" + SAID,
    "twice": LOOP + "{{ message.content }}{{ message.content }}" + SAID,
    "system elsewhere": LOOP + "{{ messages[-1].content }}{{ message.content }}" + SAID,
}


def tokenizer_with(template: str) -> Any:
    tokenizer = made_tokenizer("large")
    tokenizer.chat_template = template
    return tokenizer


@pytest.mark.parametrize("name", SURE)
def test_a_template_that_only_writes_texts_down(name: str) -> None:
    frame = ChatTemplate(tokenizer_with(SURE[name])).frame(ROLES)
    assert frame is not None
    assert frame.sure
    assert frame.around(["在吗", "在。"]) == tokenizer_with(SURE[name]).apply_chat_template(TALK, tokenize=False)


@pytest.mark.parametrize("name", NOT_SURE)
def test_a_template_that_looks_at_texts_is_run_for_each(name: str) -> None:
    frame = ChatTemplate(tokenizer_with(NOT_SURE[name])).frame((*ROLES, *ROLES))
    assert frame is None or not frame.sure


@pytest.mark.parametrize("name", SURE | NOT_SURE)
def test_whatever_a_template_does_the_ids_are_its_own(name: str) -> None:
    tokenizer = tokenizer_with((SURE | NOT_SURE)[name])
    talks: list[list[Message]] = [
        [{"role": "user", "content": one}, {"role": "assistant", "content": other}]
        for one, other in product(TEXTS, repeat=2)
    ]
    for messages, one in zip(talks, ChatEncoder(tokenizer).encode(talks), strict=True):
        assert one.ids.tolist() == tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)


def test_what_is_said_of_one_order_of_roles_is_not_said_of_another() -> None:
    """Here the text of a system is looked at, and no other."""
    branch = "{% if messages[0].role == 'system' %}{{ messages[0].content | trim }}{% endif %}" + LOOP
    template = ChatTemplate(
        tokenizer_with(branch + "{% if message.role != 'system' %}{{ message.content }}{% endif %}" + SAID)
    )
    frames = [template.frame(("user", "assistant")), template.frame(("system", "user", "assistant"))]
    assert [frame is not None and frame.sure for frame in frames] == [True, False]


def test_a_message_with_more_than_role_and_text_is_written_by_the_template() -> None:
    messages: Any = [TALK[0], {**TALK[1], "tool_calls": [1]}]
    tokenizer = tokenizer_with(TOOLS)
    (one,) = ChatEncoder(tokenizer).encode([messages])
    assert one.ids.tolist() == tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)


def test_a_refusal_is_told() -> None:
    template = ChatTemplate(tokenizer_with("{{ raise_exception('no') if messages[0].role == 'user' }}" + CHATML))
    with pytest.raises(jinja2.TemplateError):
        template.frame(("user", "assistant"))


def test_tokens_of_the_tokenizer_are_known_to_the_template() -> None:
    tokenizer = tokenizer_with("{{ eos_token }}" + CHATML)
    frame = ChatTemplate(tokenizer).frame(ROLES)
    assert frame is not None
    assert frame.literals[0] == "<|endoftext|><|im_start|>user\n"
