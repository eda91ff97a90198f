"""The conversation about a passage: what is asked, what is told, what is taken, and when it ends."""

from __future__ import annotations

import re

import pytest

from generators.exchange import NOTHING_SAID
from generators.question_answers import QuestionAnswers
from generators.request import Failure, Reply
from tests.generators.exchanging import FACTS, PRONOUN, TEXT, UNGROUNDED, converse, said
from validators.step import Verdict

# ---------------------------------------------------------------- what is asked first


def test_the_first_question_has_everything_that_the_model_needs() -> None:
    [request] = converse(said(*FACTS[:3])).requests
    assert [message["role"] for message in request.messages] == ["system", "user"]
    prompt = request.messages[1]["content"]
    for part in ("3 组问答", "不超过 15 个字", "不超过 300 个字", "标题：渡口", f"<原文>\n{TEXT}\n</原文>"):
        assert part in prompt
    assert request.schema is not None
    pairs = request.schema["properties"]["pairs"]
    assert (pairs["minItems"], pairs["maxItems"]) == (3, 3)
    assert request.prompt == f"QuestionAnswers/{QuestionAnswers.version}"


def test_all_valid_at_once_is_one_request() -> None:
    seen = converse(said(*FACTS[:3]))
    assert seen.kinds == ["first"]
    assert seen.questions == [question for question, _ in FACTS[:3]]
    assert not seen.outcome.repaired
    assert seen.outcome.dead is None
    assert seen.outcome.notes() == []


def test_more_than_wanted_are_not_taken() -> None:
    assert converse(said(*FACTS)).questions == [question for question, _ in FACTS[:3]]


def test_an_invalid_one_among_more_than_wanted_costs_nothing() -> None:
    seen = converse(said(UNGROUNDED, *FACTS))
    assert seen.kinds == ["first"]
    assert seen.questions == [question for question, _ in FACTS[:3]]


# ---------------------------------------------------------------- repair


def test_one_of_three_invalid_only_the_missing_one_is_asked_for() -> None:
    seen = converse(said(FACTS[0], PRONOUN, FACTS[2]), said(FACTS[3]))
    assert seen.kinds == ["first", "repair"]
    assert seen.questions == [FACTS[0][0], FACTS[2][0], FACTS[3][0]]
    assert seen.outcome.repaired
    repair = seen.requests[1]
    assert [message["role"] for message in repair.messages] == ["system", "user", "assistant", "user"]
    assert repair.messages[:2] == seen.requests[0].messages
    assert PRONOUN[0] in repair.messages[2]["content"], "the rejected text"
    told = repair.messages[3]["content"]
    assert re.search(r"- \$\.pairs\[1\]：问题里的“他”离开原文看不懂", told)
    assert "已经合格的有 2 组" in told
    assert "请再写 1 组" in told
    assert repair.schema is not None
    assert repair.schema["properties"]["pairs"]["minItems"] == 1


def test_every_fault_is_told_with_its_place() -> None:
    long = ("钱秋月在山城里悄悄藏起来的东西究竟是什么呢？", "两封家书")
    told = converse(said(PRONOUN, UNGROUNDED, long), said(*FACTS[:3])).last(1)
    lines = [line for line in told.splitlines() if line.startswith("- ")]
    assert [line.partition("：")[0] for line in lines] == ["- $.pairs[0]", "- $.pairs[1]", "- $.pairs[2]"]
    assert "最多 15 个字" in lines[2]
    assert "已经合格" not in told


def test_a_repeated_question_is_refused_also_when_it_was_accepted_before() -> None:
    seen = converse(said(FACTS[0], FACTS[1], FACTS[0]), said(FACTS[1]), said(FACTS[2]))
    assert seen.kinds == ["first", "repair", "repair"]
    assert "重复" in seen.last(1)
    assert FACTS[1][0] in seen.last(2), "the question that is there already is quoted"
    assert seen.questions == [FACTS[0][0], FACTS[1][0], FACTS[2][0]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "没有内容"),
        ("抱歉，我不能回答。", "没有找到 JSON"),
        ('{"pairs": [{"question": "赵远明在渡口', "没有写完就中断了"),
        ('{"pairs": [{"question": "赵远明在渡口修好了什么？"}]}', "缺少字段"),
        ("[]", "没有找到 JSON"),
    ],
)
def test_a_reply_without_pairs_is_told_why(text: str, told: str) -> None:
    seen = converse(Reply(text), said(*FACTS[:3]))
    assert seen.kinds == ["first", "repair"]
    assert told in seen.last(1)
    assert seen.requests[1].messages[2] == {"role": "assistant", "content": text or NOTHING_SAID}
    assert len(seen.outcome.samples) == 3


def test_thinking_is_neither_read_nor_sent_back() -> None:
    draft = '<think>草稿：{"pairs": [{"question": "草稿？", "answer": "草稿"}]} [不好]</think>\n'
    seen = converse(Reply(draft + said(*FACTS[:2]).text), said(FACTS[2]))
    assert seen.questions == [question for question, _ in FACTS[:3]]
    assert "think" not in seen.requests[1].messages[2]["content"]
    assert "草稿" not in seen.requests[1].messages[2]["content"]
    assert converse(said(*FACTS[:3], reasoning="草稿")).kinds == ["first"]


def test_a_rejected_reply_without_end_is_quoted_in_part() -> None:
    seen = converse(Reply("我想想。" * 10_000), said(*FACTS[:3]))
    assert len(seen.requests[1].messages[2]["content"]) <= 4000
    assert (
        converse(said(*[(f"第{n}个他是谁？", "无") for n in range(900)]), said(*FACTS[:3])).last(1).count("\n- ") <= 12
    )


# ---------------------------------------------------------------- the end of patience


def test_two_repairs_then_one_fresh_conversation_then_a_dead_letter() -> None:
    seen = converse(said(UNGROUNDED))
    assert seen.kinds == ["first", "repair", "repair", "fresh"]
    fresh = seen.requests[3]
    assert fresh.messages == seen.requests[0].messages
    assert fresh.sample == 1
    assert len({request.key("qwen") for request in seen.requests}) == 4
    assert seen.outcome.samples == ()
    assert seen.outcome.dead is not None
    assert seen.outcome.dead.check == "no valid sample: ungrounded_answer"
    assert "4 replies" in seen.outcome.dead.why
    assert [note.kind for note in seen.outcome.notes()] == 4 * ["refused: ungrounded_answer"]
    assert all(UNGROUNDED[1] in note.text for note in seen.outcome.notes())


def test_as_many_repairs_and_fresh_samples_as_the_task_says() -> None:
    for repairs, fresh in ((0, 0), (0, 2), (3, 1)):
        task = QuestionAnswers(pairs="3-3", repairs=repairs, fresh_samples=fresh, temperature=0.0)
        seen = converse(Reply("无"), task=task)
        assert seen.kinds == ["first", *repairs * ["repair"], *fresh * ["fresh"]]
        assert all(request.temperature == (0.7 if request.sample else 0.0) for request in seen.requests)


def test_a_fresh_conversation_asks_for_what_is_missing_and_says_what_is_there() -> None:
    bad = said(UNGROUNDED)
    seen = converse(said(FACTS[0], UNGROUNDED), bad, bad, said(FACTS[1], FACTS[2]))
    assert seen.kinds == ["first", "repair", "repair", "fresh"]
    assert "2 组问答" in seen.last(3)
    assert FACTS[0][0] in seen.last(3)
    assert seen.questions == [question for question, _ in FACTS[:3]]


def test_what_was_accepted_is_not_lost_when_the_rest_never_comes() -> None:
    seen = converse(said(FACTS[0], UNGROUNDED))
    assert seen.questions == [FACTS[0][0]]
    assert seen.outcome.dead is None


def test_a_failure_ends_it_and_keeps_what_is_there() -> None:
    failure = Failure("status 500", "cuda error")
    seen = converse(failure)
    assert seen.kinds == ["first"]
    assert seen.outcome.dead == Verdict("no reply: status 500", "cuda error")
    assert [(note.kind, note.text) for note in seen.outcome.notes()] == [("no reply: status 500", "cuda error")]
    seen = converse(said(FACTS[0], UNGROUNDED), failure)
    assert seen.kinds == ["first", "repair"]
    assert seen.questions == [FACTS[0][0]]
    assert seen.outcome.dead is None


# ---------------------------------------------------------------- cut off


def test_cut_off_more_tokens_then_fewer_samples_before_any_repair() -> None:
    cut = Reply(said(*FACTS[:3]).text[:25], finish_reason="length")
    seen = converse(cut, cut, said(FACTS[0]), said(FACTS[1], FACTS[2]))
    assert seen.kinds == ["first", "longer", "fewer", "repair"]
    first, longer, fewer, _ = seen.requests
    assert (longer.max_tokens, longer.messages) == (2 * first.max_tokens, first.messages)
    assert "1 组问答" in fewer.messages[-1]["content"]
    assert seen.questions == [question for question, _ in FACTS[:3]]


def test_what_is_whole_in_a_reply_that_was_cut_off_is_taken() -> None:
    text = said(*FACTS[:3]).text
    seen = converse(Reply(text[: text.index(FACTS[2][0]) + 3], finish_reason="length"), said(FACTS[2]))
    assert seen.kinds == ["first", "longer"]
    assert "1 组问答" in seen.last(1)
    assert FACTS[0][0] in seen.last(1)
    assert seen.questions == [question for question, _ in FACTS[:3]]


def test_a_model_that_never_comes_to_an_end_is_left() -> None:
    seen = converse(Reply("我想想。" * 500, finish_reason="length"))
    assert "repair" not in seen.kinds[:3]
    assert len(seen.requests) <= 12
    assert seen.outcome.dead is not None
    assert seen.outcome.dead.check == "no valid sample: truncated"


def test_a_server_that_refuses_so_many_tokens_is_asked_for_fewer_samples() -> None:
    cut = Reply(said(*FACTS[:3]).text[:25], finish_reason="length")
    seen = converse(cut, Failure("status 400", "max_tokens is too large"), said(FACTS[0]), said(FACTS[1], FACTS[2]))
    assert seen.kinds == ["first", "longer", "fewer", "repair"]
    assert seen.requests[2].max_tokens == seen.requests[0].max_tokens
    assert seen.questions == [question for question, _ in FACTS[:3]]
