"""The task of `synth-qa`: how many pairs, what is asked, what counts, and what a row is."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document
from generators.question_answers import CHARS_PER_FACT, QuestionAnswers
from generators.task import MAX_SAMPLES, read_range
from validators.errors import SikuError
from validators.step import Verdict

TEXT = "赵远明在渡口修好了一把旧伞，江上的雾慢慢散了。钱秋月在山城藏起了两封家书，狗在远处叫了两声。"
TASK = QuestionAnswers()
PASSAGE = TASK.passage_of(Document("甲", TEXT, {"title": "渡口", "url": "a"}))


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("3-6", (3, 6)),
        ("2", (2, 2)),
        (" 1 - 50 ", (1, 50)),
        ("3–6", (3, 6)),
        ("3~6", (3, 6)),
        ("3到6", (3, 6)),
        ("3至6", (3, 6)),
    ],
)
def test_ranges_as_people_type_them(typed: str, read: tuple[int, int]) -> None:
    assert read_range(typed) == read


@pytest.mark.parametrize("typed", ["", "0", "6-3", "0-3", "3-51", "three", "3-", "-3", "3,6", "3.5", "1000"])
def test_what_is_no_range(typed: str) -> None:
    with pytest.raises(ValueError, match="neither a number nor a range"):
        read_range(typed)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SikuError) as caught:
        QuestionAnswers(
            pairs="6-3", max_question_chars=0, temperature=-1, top_p=0, repairs=-1, max_tokens=0, extra_body="[1]"
        )
    for name in ("pairs", "max_question_chars", "temperature", "top_p", "repairs", "max_tokens", "extra_body"):
        assert name in caught.value.what
    assert caught.value.where == "steps.QuestionAnswers"


def test_further_fields_of_the_request() -> None:
    task = QuestionAnswers(extra_body='{"chat_template_kwargs": {"enable_thinking": false}}')
    body = task.request(task.question(PASSAGE, 3), None).body("qwen")
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


# ---------------------------------------------------------------- how many


@pytest.mark.parametrize(
    ("pairs", "chars", "wanted", "least"),
    [
        ("3-6", 10, 3, 1),
        ("3-6", 40, 3, 2),
        ("3-6", 450, 3, 3),
        ("3-6", 600, 4, 3),
        ("3-6", 1200, 6, 3),
        ("1-1", 1200, 1, 1),
        ("5", 10, 5, 1),
    ],
)
def test_as_many_as_the_passage_is_long(pairs: str, chars: int, wanted: int, least: int) -> None:
    assert QuestionAnswers(pairs=pairs).how_many("字" * chars) == (wanted, least)


@given(st.integers(1, MAX_SAMPLES), st.integers(0, MAX_SAMPLES), st.integers(0, 5000))
def test_never_more_than_asked_for_and_at_least_one(low: int, more: int, chars: int) -> None:
    high = min(MAX_SAMPLES, low + more)
    wanted, least = QuestionAnswers(pairs=f"{low}-{high}").how_many("字" * chars)
    assert low <= wanted <= high
    assert 1 <= least <= low
    assert least <= max(1, chars // CHARS_PER_FACT)


# ---------------------------------------------------------------- what is asked and told


def test_the_prompt_follows_the_settings() -> None:
    task = QuestionAnswers(max_question_chars=20, max_answer_chars=99)
    prompt = task.prompt(PASSAGE, 4, [{"question": "雪停了吗？", "answer": "停了"}])
    for part in ("写出 4 组问答", "不超过 20 个字", "不超过 99 个字", "也不重复已有的问题：雪停了吗？", "标题：渡口"):
        assert part in prompt
    assert "标题" not in task.prompt(task.passage_of(Document("乙", TEXT, {})), 3, [])


def test_feedback_says_what_is_wrong_what_is_there_and_what_is_missing() -> None:
    told = TASK.feedback(["$.pairs[1]：问题有 21 个字，最多 15 个字"], 2, 1)
    assert told.splitlines()[1] == "- $.pairs[1]：问题有 21 个字，最多 15 个字"
    assert "已经合格的有 2 组" in told
    assert "请再写 1 组" in told
    assert "已经合格" not in TASK.feedback(["x"], 0, 3)


# ---------------------------------------------------------------- what counts


def checked(*pairs: tuple[str, str], task: QuestionAnswers = TASK) -> list[list[str]]:
    samples = [{"question": question, "answer": answer} for question, answer in pairs]
    return [[verdict.check for verdict in found] for found in task.check(PASSAGE, samples, [])]


def test_pairs_are_checked_by_characters_and_against_the_passage() -> None:
    good = ("赵远明修好了什么？", "一把旧伞")
    assert checked(good) == [[]]
    assert checked(("他修好了什么？", "一把旧伞")) == [["pronoun_question"]]
    assert checked(("", "一把旧伞"), good, good) == [["empty"], [], ["duplicate_question"]]
    [found] = checked(("赵远明修好了什么？", "三匹骆驼和五百两黄金"))
    assert found
    [found] = checked(("赵远明有没有修好旧伞？", "赵远明没有修好旧伞。"))
    assert found, "the opposite of what the passage says"


def test_a_longer_question_may_be_allowed() -> None:
    long = ("赵远明腊月清早在江边的渡口修好了什么东西？", "一把旧伞")
    assert checked(long) == [["too_long_question"]]
    assert checked(long, task=QuestionAnswers(max_question_chars=30)) == [[]]


@pytest.mark.parametrize(
    ("reply", "refused"),
    [
        ('{"supported": [true, false]}', [False, True]),
        ('<think>嗯</think>```json\n{"supported": [false, true]}\n```', [True, False]),
        ('{"supported": [false]}', [False, False]),
        ('{"supported": "no"}', [False, False]),
        ("false false", [False, False]),
        ('{"supported": ["false", 0]}', [False, False]),
    ],
)
def test_only_a_plain_no_of_the_judge_refuses(reply: str, refused: list[bool]) -> None:
    samples = [{"question": "一？", "answer": "一"}, {"question": "二？", "answer": "二"}]
    found = TASK.judgement(reply, samples)
    assert [isinstance(one, Verdict) for one in found] == refused


def test_nothing_is_asked_of_a_judge_unless_it_is_wanted() -> None:
    samples = [{"question": "一？", "answer": "一"}]
    assert TASK.judge(PASSAGE, samples) is None
    request = QuestionAnswers(model_judge=True).judge(PASSAGE, samples)
    assert request is not None
    assert request.schema is not None
    assert request.schema["properties"]["supported"]["maxItems"] == 1


# ---------------------------------------------------------------- rows


def test_a_row_is_a_question_and_its_answer_with_where_that_stands() -> None:
    messages, meta = TASK.row(PASSAGE, {"question": "钱秋月藏起了什么？", "answer": "两封家书"})
    assert messages == [
        {"role": "user", "content": "钱秋月藏起了什么？"},
        {"role": "assistant", "content": "两封家书"},
    ]
    assert set(meta) == {"question_type", "answer_at"}
    assert meta["answer_at"] == pytest.approx(TEXT.index("钱秋月") / len(TEXT), abs=0.01), "its sentence"


def test_the_reply_in_the_prompt_is_the_form_that_is_read() -> None:
    [form] = re.findall(r'\{"pairs": .*\}', TASK.prompt(PASSAGE, 3, []))
    filled = form.replace("……", "雪")
    assert json.loads(filled)["pairs"] == [{"question": "雪", "answer": "雪"}]
    assert TASK.read(filled).samples == ({"question": "雪", "answer": "雪"},)
