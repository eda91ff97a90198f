"""Models side by side: one that fails stops nobody, each has its own past, and names are hidden until the vote."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.demo.chat import ChatRequest, Raw, error_body
from generators.demo.server import Endpoint as Server
from generators.streaming import Patience
from tests.servers.behaviours import Drip, Hang, Pass
from tests.servers.proxy import Behaviour, Proxy, Request
from trainers.arena.contenders import Contender, Sampling, check_names, read_contender
from trainers.arena.conversation import Conversation, Manner, begin
from trainers.arena.replies import END_MARKS, EndMarks
from validators.errors import SikuError

CALM = Patience(20, 20)
SAID = Sampling(seed=3)


def chat(*contenders: Contender, patience: Patience = CALM, **given: Any) -> Conversation:
    return begin(contenders, Manner(patience), **given)


def hear(conversation: Conversation, *prompts: str, sampling: Sampling = SAID) -> dict[str, Any]:
    """The last reply of each model, by name."""

    async def work() -> None:
        for prompt in prompts:
            async for _ in conversation.say(prompt, sampling):
                pass

    asyncio.run(work())
    return {one.name: reply for one, reply in zip(conversation.contenders, conversation.turns[-1].replies, strict=True)}


@contextlib.contextmanager
def behaving(behaviour: Behaviour, text: str = "雪夜渡口" * 50) -> Iterator[str]:
    """A server that lists its models and misbehaves when it is asked."""

    def script(request: Request) -> Behaviour:
        return behaviour if request.method == "POST" else Pass()

    with Server(lambda request: text).running() as url, Proxy(url, script).running() as proxy:
        yield proxy


def test_one_that_is_dead_and_one_that_is_slow_stop_nobody() -> None:
    with Server(lambda request: "灯火").running() as gone:
        pass
    with Server(lambda request: "灯火").running() as good, behaving(Hang()) as slow:
        dead = Contender("死", gone)
        seen = hear(
            chat(dead, Contender("慢", slow), Contender("好", good), patience=Patience(0.4, 20)), "渡口在哪里？"
        )
    assert (seen["好"].state, seen["好"].text) == ("done", "灯火")
    assert (seen["死"].state, seen["慢"].state) == ("failed", "failed")
    assert seen["死"].problem == "nobody answers there"
    assert (seen["慢"].problem, seen["慢"].detail) == ("it took too long", "nothing came for 0.4 s")


def test_each_model_has_its_own_past_and_a_turn_without_reply_is_none() -> None:
    asked: dict[str, list[Any]] = {"甲": [], "乙": []}

    def answering(name: str) -> Any:
        def answer(request: ChatRequest) -> str | Raw:
            asked[name].append([(one["role"], one["content"]) for one in request.messages])
            if name == "乙" and len(asked[name]) == 1:
                return Raw(500, error_body("no room", "server_error"))
            return f"<think>想</think>{name}{len(asked[name])}"

        return answer

    with Server(answering("甲")).running() as one, Server(answering("乙")).running() as two:
        hear(chat(Contender("甲", one), Contender("乙", two), system="你是渡口的船夫。"), "一", "二")
    system = ("system", "你是渡口的船夫。")
    assert asked["甲"][1] == [system, ("user", "一"), ("assistant", "甲1"), ("user", "二")]
    assert asked["乙"][1] == [system, ("user", "二")]


def test_stop_keeps_what_has_come_and_another_try_begins_anew() -> None:
    async def work(conversation: Conversation) -> list[tuple[str, int]]:
        seen = []
        async for _ in conversation.say("渡口", SAID):
            if conversation.turns[0].replies[0].text:
                conversation.stop()
        seen.append((conversation.turns[0].replies[0].state, len(conversation.turns[0].replies[0].text)))
        async for _ in conversation.retry(0):
            pass
        return [*seen, (conversation.turns[0].replies[0].state, len(conversation.turns[0].replies[0].text))]

    with behaving(Drip(piece_bytes=700, pause_s=0.1)) as url:
        (stopped, some), (done, whole) = asyncio.run(work(chat(Contender("慢", url))))
    assert (stopped, done, whole) == ("stopped", "done", 200)
    assert 0 < some < 200


def test_who_closes_the_page_leaves_no_work_behind() -> None:
    async def work(conversation: Conversation) -> int:
        said = conversation.say("渡口", SAID)
        await anext(said)
        await said.aclose()
        return len(asyncio.all_tasks())

    with behaving(Hang()) as url:
        conversation = chat(Contender("慢", url), Contender("也慢", url))
        assert asyncio.run(work(conversation)) == 1
    assert [one.state for one in conversation.turns[0].replies] == ["stopped", "stopped"]
    assert not conversation.is_busy


def test_a_server_that_refuses_fields_is_asked_without_them() -> None:
    bodies: list[dict[str, Any]] = []

    def answer(request: ChatRequest) -> str | Raw:
        bodies.append(dict(request.body))
        if "top_k" in request.body:
            return Raw(422, error_body("Unexpected fields in the request: {'top_k'}", "invalid_request_error"))
        return "好"

    with Server(answer).running() as url:
        conversation = chat(Contender("甲", url))
        seen = hear(conversation, "一", "二", sampling=Sampling(top_k=5, repetition_penalty=1.2, seed=7, max_tokens=9))
    assert [("top_k" in body, body["max_tokens"]) for body in bodies] == [(True, 9), (False, 9), (False, 9)]
    assert bodies[0]["seed"] == 7 and bodies[0]["repetition_penalty"] == bodies[0]["repeat_penalty"] == 1.2
    assert "asked without" in seen["甲"].note


def test_a_generation_config_repeats_what_the_model_had() -> None:
    extra = Sampling(top_k=5, repetition_penalty=1.2).extra("generation_config", {"eos_token_id": 2, "top_k": 9})
    told = json.loads(extra["generation_config"])
    assert told == {"eos_token_id": 2, "top_k": 5, "do_sample": True, "repetition_penalty": 1.2}
    assert json.loads(Sampling(temperature=0).extra("generation_config", {})["generation_config"])["do_sample"] is False


# ---------------------------------------------------------------- hidden names and votes


def test_the_order_is_made_by_a_seed_and_names_are_told_after_the_vote() -> None:
    with Server(lambda request: "灯火").running() as url:
        contenders = [Contender(name, url) for name in "甲乙丙丁"]
        orders = {
            tuple(one.name for one in begin(contenders, Manner(CALM), seed=seed).contenders) for seed in range(40)
        }
        assert len(orders) > 15
        conversation, again = (chat(*contenders, seed=5) for _ in range(2))
        assert conversation.contenders == again.contenders
        assert [conversation.title(place) for place in range(4)] == list("ABCD")
        with pytest.raises(SikuError, match="nothing to vote on"):
            conversation.vote("tie")
        hear(conversation, "渡口")
        said = conversation.vote("rank", [2, 1, 1, 3])
    names = [one.name for one in conversation.contenders]
    assert said["tiers"] == [[names[1], names[2]], [names[0]], [names[3]]]
    assert said["order"] == names and said["seed"] == 5
    assert said["models"]["甲"] == {"model": "siku-demo-rules", "url": url}
    assert said["turns"][0]["replies"] == dict.fromkeys(names, "灯火")
    assert [conversation.title(place) for place in range(4)] == names
    assert not conversation.votable
    json.dumps(said)


def test_a_vote_is_about_those_that_replied() -> None:
    with Server(lambda request: "灯火").running() as gone:
        pass
    with Server(lambda request: "灯火").running() as url:
        conversation = chat(Contender("甲", url), Contender("乙", url), Contender("死", gone))
        hear(conversation, "渡口")
    assert len(conversation.votable) == 2
    said = conversation.vote("best", [2, 1])
    assert sorted(name for tier in said["tiers"] for name in tier) == ["乙", "甲"]
    assert said["turns"][0]["ended"]["死"].startswith("nobody answers there")


def test_one_model_is_chatted_with_by_its_name() -> None:
    with Server(lambda request: "灯火").running() as url:
        conversation = chat(Contender("甲", url))
        hear(conversation, "渡口")
    assert (conversation.title(0), conversation.votable) == ("甲", [])


# ---------------------------------------------------------------- end marks


@given(st.lists(st.text(st.sampled_from("雪<|im_end>endoftxt")), max_size=6), st.lists(st.integers(1, 4), min_size=1))
def test_marks_end_a_reply_wherever_pieces_are_cut(words: Sequence[str], cuts: Sequence[int]) -> None:
    text = "<|im_end|>".join(words)
    marks, shown, at = EndMarks(END_MARKS), "", 0
    while at < len(text):
        step = cuts[at % len(cuts)]
        shown += marks.feed(text[at : at + step])
        assert not any(mark in shown for mark in END_MARKS)
        at += step
    shown += marks.finish()
    ends = [at for mark in END_MARKS if (at := text.find(mark)) >= 0]
    assert shown == (text[: min(ends)] if ends else text)
    assert marks.is_over == bool(ends)


def test_a_mark_ends_the_reply_of_a_model() -> None:
    with Server(lambda request: "灯火<|im_end|>\n<|im_start|>user").running() as url:
        seen = hear(chat(Contender("甲", url)), "渡口")
    assert (seen["甲"].text, seen["甲"].state) == ("灯火", "done")


# ---------------------------------------------------------------- who takes part


@pytest.mark.parametrize(
    ("typed", "name", "url", "model"),
    [
        ("甲=http://127.0.0.1:8080/v1", "甲", "http://127.0.0.1:8080/v1", ""),
        ("127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1:8080/v1", ""),
        (" 甲 = 127.0.0.1:8080#qwen3-8b ", "甲", "http://127.0.0.1:8080/v1", "qwen3-8b"),
        ("http://127.0.0.1:8080/v1#qwen3-8b", "qwen3-8b", "http://127.0.0.1:8080/v1", "qwen3-8b"),
        ("http://127.0.0.1:8080/v1?a=b", "127.0.0.1:8080", "http://127.0.0.1:8080/v1", ""),
    ],
)
def test_names_and_addresses(typed: str, name: str, url: str, model: str) -> None:
    found = read_contender(typed)
    assert (found.name, found.url, found.model) == (name, url, model)


@pytest.mark.parametrize("typed", ["甲=", "ftp://x", f"{'长' * 41}=127.0.0.1:1", "a\nb=127.0.0.1:1"])
def test_no_contenders(typed: str) -> None:
    with pytest.raises(SikuError):
        read_contender(typed)


def test_names_differ() -> None:
    check_names(["甲", "乙"])
    for names in ([], ["甲", "甲"]):
        with pytest.raises(SikuError):
            check_names(names)
