"""Judges, tasks of one's own, whatever a model may say, and the same again out of the journal."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document, Message, Meta
from generators.exchange import MissingReplyError, replay
from generators.journal import Journal, Kept
from generators.question_answers import QuestionAnswers
from generators.request import Failure, Reply
from generators.task import JsonSchema, Passage, Sample, Task, object_schema
from tests.generators.exchanging import FACTS, PASSAGE, PRONOUN, TASK, TEXT, UNGROUNDED, converse, said

# ---------------------------------------------------------------- the model as a judge

JUDGED = QuestionAnswers(pairs="3-3", model_judge=True)


def verdicts(*supported: object) -> Reply:
    return Reply(json.dumps({"supported": list(supported)}))


def test_the_model_itself_may_refuse_what_the_rules_let_pass() -> None:
    seen = converse(
        said(PRONOUN, *FACTS[:2]), verdicts(True, False), said(*FACTS[2:4]), verdicts(True, True), task=JUDGED
    )
    assert seen.kinds == ["first", "judge", "repair", "judge"]
    judge = seen.last(1)
    assert f"1. 问：{FACTS[0][0]} 答：{FACTS[0][1]}" in judge
    assert TEXT in judge
    assert PRONOUN[0] not in judge
    told = seen.last(2)
    assert "- $.pairs[0]：问题里的“他”" in told
    assert "- $.pairs[2]：原文不支持这个答案" in told, "where it stood in the reply"
    assert seen.questions == [FACTS[0][0], FACTS[2][0], FACTS[3][0]]


@pytest.mark.parametrize(
    "reply",
    [Failure("status 500"), Reply("不知道"), verdicts(False), verdicts(None, "no", 0), Reply('{"supported": 3}')],
)
def test_a_judgement_that_is_none_refuses_nothing(reply: Reply | Failure) -> None:
    seen = converse(said(*FACTS[:3]), reply, task=JUDGED)
    assert seen.kinds == ["first", "judge"]
    assert len(seen.outcome.samples) == 3


def test_nothing_valid_is_nothing_to_judge() -> None:
    assert "judge" not in converse(Reply("无"), task=JUDGED).kinds


# ---------------------------------------------------------------- tasks of one's own


@dataclass(frozen=True, kw_only=True)
class Titles(Task):
    """One sample a passage, checked against its schema."""

    version: ClassVar[int] = 1
    schema: ClassVar[JsonSchema] = object_schema({"title": {"type": "string", "maxLength": 5}})

    def prompt(self, passage: Passage, wanted: int, earlier: Sequence[Sample]) -> str:
        return passage.text

    def row(self, passage: Passage, sample: Sample) -> tuple[list[Message], Meta]:
        return [{"role": "user", "content": passage.text}], {}


def test_the_schema_of_a_sample_is_checked_and_its_faults_are_told() -> None:
    passage = Passage("甲", TEXT)
    seen = converse(Reply('{"title": "渡口的一个早晨"}'), Reply('{"title": "渡口"}'), task=Titles(), passage=passage)
    assert seen.kinds == ["first", "repair"]
    assert "- $：title 太长，最多 5 个字" in seen.last(1)
    assert seen.outcome.samples == ({"title": "渡口"},)


def test_a_reply_nested_deeper_than_can_be_written_is_refused_like_any_other() -> None:
    deep = '{"title": ' + '{"a": ' * 600 + "1" + "}" * 601
    seen = converse(Reply(deep), task=Titles(), passage=Passage("甲", TEXT))
    assert seen.outcome.dead is not None
    assert seen.outcome.dead.check == "no valid sample: schema"
    assert len(seen.outcome.notes()) == 4


def test_halves_of_surrogate_pairs_do_no_harm() -> None:
    reply = r'{"pairs": [{"question": "雪\ud800？", "answer": "雪"}, {"question": "雪\ud800？", "answer": "\udfff"}]}'
    seen = converse(Reply(reply))
    assert all(len(request.key("qwen")) == 32 for request in seen.requests)
    assert all(note.text.encode() for note in seen.outcome.notes())


# ---------------------------------------------------------------- whatever the model says

replies = st.one_of(
    st.text(max_size=60).map(Reply),
    st.lists(st.sampled_from([*FACTS, UNGROUNDED, PRONOUN]), max_size=6).map(lambda pairs: said(*pairs)),
    st.lists(st.sampled_from(FACTS), max_size=3).map(lambda pairs: said(*pairs, reason="length")),
    st.text(max_size=20).map(lambda text: Reply(text, finish_reason="length")),
    st.builds(Reply, st.recursive(st.none() | st.text(max_size=5), st.lists, max_leaves=5).map(json.dumps)),
    st.builds(Failure, st.sampled_from(["status 500", "time-out"])),
)


@given(st.lists(replies, min_size=1, max_size=8), st.booleans())
def test_it_always_ends_and_takes_only_what_is_valid(listed: list[Reply | Failure], model_judge: bool) -> None:
    task = QuestionAnswers(pairs="3-4", model_judge=model_judge)
    seen = converse(*listed, task=task, passage=task.passage_of(Document("甲", TEXT, {})))
    outcome = seen.outcome
    assert len(seen.requests) <= 24
    assert bool(outcome.samples) == (outcome.dead is None)
    assert len(outcome.samples) <= 4
    assert len(set(seen.questions)) == len(seen.questions)
    assert {(sample["question"], sample["answer"]) for sample in outcome.samples} <= set(FACTS)
    assert sum(attempt.accepted for attempt in outcome.attempts) == len(outcome.samples)
    assert [note for note in outcome.notes() if not note.kind] == []


# ---------------------------------------------------------------- out of the journal


def test_a_replay_comes_to_what_the_conversation_came_to(tmp_path: Any) -> None:
    rng = random.Random(3)
    with Journal(tmp_path / "qa.journal") as journal:
        answers = [said(FACTS[0], PRONOUN), Reply("无"), said(FACTS[1]), said(FACTS[2])]
        seen = converse(*answers)
        kept = list(zip(seen.requests, answers, strict=True))
        rng.shuffle(kept)
        for request, reply in kept:
            body = {"choices": [{"message": {"content": reply.text}, "finish_reason": reply.finish_reason}]}
            journal.keep(request.key("qwen"), Kept(orjson.dumps(body), "", "prompt", 0.0))
        assert replay(TASK, PASSAGE, journal) == seen.outcome
        with pytest.raises(MissingReplyError) as caught:
            replay(TASK, TASK.passage_of(Document("乙", TEXT + "雪停了。", {})), journal)
    assert "passage 乙" in caught.value.where
    assert len(caught.value.lines()) == 3


def test_a_failure_is_replayed_too(tmp_path: Any) -> None:
    with Journal(tmp_path / "qa.journal") as journal:
        seen = converse(Failure("status 500", "cuda error"))
        journal.give_up(seen.requests[0].key("qwen"), Failure("status 500", "cuda error"))
        assert replay(TASK, PASSAGE, journal) == seen.outcome
