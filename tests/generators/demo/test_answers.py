"""What is read out of prompts, and the shapes of answers."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.demo.answers import HONEST, answer_by_rules
from generators.demo.instances import instance_of
from tests.generators.demo.asking import PASSAGE, assistant, format_of, pairs_in, prompt, repair, request, user
from validators.qa_pairs import check_pairs


def answered(*messages: dict[str, str], **more: Any) -> Any:
    return json.loads(answer_by_rules(request(*messages, **more)))


def count_asked(demand: str) -> int:
    return len(answered(user(f"{demand}\n<原文>\n{PASSAGE * 2}\n</原文>"))["pairs"])


@pytest.mark.parametrize(
    ("demand", "count"),
    [
        ("请根据原文写出 3 组问答。", 3),
        ("请根据原文写出5组问答", 5),
        ("写四组问答", 4),
        ("请写出 3-6 组问答", 3),
        ("请写出 2 到 4 组问答", 2),
        ("请写 4 个问题", 4),
        ("请出问答题", 3),
        ("写出 2 组问答，问题不超过 15 个字，答案不超过 100 个字", 2),
    ],
)
def test_how_many_pairs_are_wanted(demand: str, count: int) -> None:
    assert count_asked(demand) == count


def test_the_schema_tells_how_many_where_the_prompt_does_not() -> None:
    messages = user(f"写问答。\n<原文>\n{PASSAGE}\n</原文>")
    assert len(answered(messages, response_format=format_of(4))["pairs"]) == 4
    loose = {"type": "json_object", "schema": format_of(5)["json_schema"]["schema"]}
    assert len(answered(messages, response_format=loose)["pairs"]) == 5


def test_limits_of_the_prompt_hold() -> None:
    text = prompt().replace("15 个字", "10 个字").replace("300 个字", "12 个字")
    pairs = pairs_in(answer_by_rules(request(user(text))))
    assert pairs
    assert not any(check_pairs(PASSAGE, pairs, 10, 12))


def test_a_repair_brings_what_is_missing_and_nothing_twice() -> None:
    first = answer_by_rules(request(user(prompt())))
    more = answer_by_rules(request(user(prompt()), assistant(first), repair(1)))
    asked = [question for question, _ in pairs_in(first)]
    assert len(pairs_in(more)) == 1
    assert not check_pairs(PASSAGE, pairs_in(more), 15, 300, asked)[0]
    known = prompt().replace("5. 只", f"4. 问题互不相同，也不重复已有的问题：{'、'.join(asked)}。\n5. 只")
    assert not {question for question, _ in pairs_in(answer_by_rules(request(user(known))))} & set(asked)


def test_a_passage_without_marks_is_the_longest_chinese_paragraph() -> None:
    text = f"请写 2 组问答，输出 JSON：\n\n短的一段。\n{PASSAGE}\n\n{'and much longer English text ' * 30}"
    pairs = pairs_in(answer_by_rules(request(user("别的原文" * 200), assistant("好"), user(text))))
    assert len(pairs) == 2
    assert not any(check_pairs(PASSAGE, pairs, 15, 300))


def test_messages_in_parts_are_read() -> None:
    parts: Any = [{"type": "text", "text": prompt()}, {"type": "image_url", "image_url": {"url": "x"}}]
    message: Any = {"role": "user", "content": parts}
    assert answered(message) == answered(user(prompt()))


def test_paraphrases_of_an_entry() -> None:
    demand = "<词条>扁担</词条>\n请为这个词条写出 6 种问法，问法不超过 12 个字，只输出 JSON。"
    questions = answered(user(demand))["questions"]
    assert len(questions) == len(set(questions)) == 6
    assert all("扁担" in question and len(question) <= 13 for question in questions)
    assert "answer" not in answered(user(demand))
    again = answered(user(demand), assistant(json.dumps(questions, ensure_ascii=False)), user("请再写出 2 种问法。"))
    assert len(again["questions"]) == 2
    assert not set(again["questions"]) & set(questions)


def test_paraphrases_of_a_question_with_an_answer_in_other_words() -> None:
    text = "扁担（）是挑东西用的工具，通常用竹子做成，约1米长（也有更长的）。"
    demand = f"<词条>扁担</词条>\n问题：扁担是怎么做成的？\n写出 3 种问法，并改写答案。\n<原文>\n{text}\n</原文>"
    found = answered(user(demand))
    assert all("扁担是怎么做成的" in question for question in found["questions"])
    assert found["answer"] == "扁担是挑东西用的工具，一般用竹子做成，大约1米长（也有更长的）。"


@pytest.mark.parametrize("rounds", [1, 3, 8])
def test_dialogues(rounds: int) -> None:
    messages = answered(user(f"请根据原文写一段 {rounds} 轮对话。\n<原文>\n{PASSAGE}\n</原文>"))["messages"]
    assert 2 <= len(messages) <= 2 * rounds
    assert rounds > 4 or len(messages) == 2 * rounds
    assert [one["role"] for one in messages] == ["user", "assistant"] * (len(messages) // 2)
    assert all(one["content"].strip() for one in messages)
    answers = [one["content"] for one in messages[1::2]]
    assert len(set(answers)) == len(answers)


def test_judging_whether_the_passage_has_the_answers() -> None:
    listed = "1. 问：长江多长？ 答：长江，全长约6300公里，是亚洲第一长河\n2. 问：长江多深？ 答：很深。"
    found = answered(user(f"逐条判断答案是否由原文支持，输出 JSON。\n<原文>\n{PASSAGE}\n</原文>\n\n{listed}"))
    assert found == {"supported": [True, False]}


def test_what_the_rules_do_not_know() -> None:
    assert answer_by_rules(request(user("Hello!"))) == HONEST
    assert answered(user("Hello!"), response_format={"type": "json_object"}) == {"answer": HONEST}
    assert answered(user(prompt("……"))) == {"pairs": []}


SCHEMAS: list[dict[str, Any]] = [
    {"type": "object", "properties": {"score": {"type": "integer", "minimum": 1}}, "required": ["score"]},
    {"type": "object", "properties": {"winner": {"enum": ["A", "B"]}, "why": {"type": "string", "maxLength": 5}}},
    {"type": "array", "items": {"$ref": "#/$defs/row"}, "minItems": 3, "$defs": {"row": {"type": "number"}}},
    {"anyOf": [{"type": "null"}, {"type": "string"}]},
    {"type": ["boolean", "null"]},
    {"const": 7},
    {"properties": {"tags": {"type": "array", "minItems": 2, "items": {"type": "string"}}}, "required": ["tags"]},
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_of_a_task_of_ones_own_is_kept_to(schema: dict[str, Any]) -> None:
    named = {"type": "json_schema", "json_schema": {"name": "own", "schema": schema}}
    value = answered(user(f"概括。\n<原文>\n{PASSAGE}\n</原文>"), response_format=named)
    jsonschema.Draft202012Validator(schema).validate(value)


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "properties",
                        "items",
                        "$ref",
                        "anyOf",
                        "enum",
                        "minItems",
                        "maxLength",
                        "minimum",
                        "const",
                    ]
                )
                | st.text(),
                inner,
            )
        ),
    )
)
def test_no_schema_is_too_odd(schema: Any) -> None:
    json.dumps(instance_of({"type": "object", "properties": {"x": schema}}, ["好"]))


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"type": "object", "properties": {"child": {"$ref": "#"}}}
    assert json.dumps(instance_of(schema, ["好"])).count("child") < 20
    assert instance_of({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, ["好"]) is None
