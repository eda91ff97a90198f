"""Everything that can be switched on to go wrong, as the real client meets it; and that a rerun meets the same."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import fields
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.demo.chat import Misbehaviour, Said
from generators.demo.faults import DRAWN, Faults, read_faults
from generators.demo.server import Endpoint
from tests.generators.demo.asking import (
    PASSAGE,
    asked,
    assistant,
    connected,
    format_of,
    pairs_in,
    post,
    prompt,
    raw,
    read_all,
    repair,
    request,
    user,
)
from tests.generators.demo.conftest import Client
from validators.errors import SikuError
from validators.json_schema import SchemaChecks
from validators.qa_pairs import check_pairs
from validators.replies import parse_reply


def content_of(said: Any) -> str:
    return said.choices[0].message.content or ""


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("error_500", openai.InternalServerError),
        ("error_503", openai.InternalServerError),
        ("error_429", openai.RateLimitError),
        ("reset", openai.APIConnectionError),
        ("bad_utf8", UnicodeDecodeError),
    ],
)
def test_a_fault_as_the_client_meets_it(client: Client, name: str, error: type[Exception]) -> None:
    endpoint = Endpoint(faults=read_faults([f"{name}=1"]))
    with endpoint.running() as url:
        with pytest.raises(error):
            client(url).chat.completions.create(**asked())
        assert client(url).models.list().data  # only completions go wrong
    assert endpoint.by_fault == {name: 1}


def test_a_web_page_with_status_200_is_no_completion(client: Client) -> None:
    with Endpoint(faults=Faults(html=1)).running() as url:
        said = client(url).chat.completions.create(**asked())
    assert str(said).startswith("<!DOCTYPE html>")  # the client hands it through


def test_429_says_when_to_come_back(client: Client) -> None:
    endpoint = Endpoint(faults=Faults(error_429=1, retry_after_s=2.5))
    with endpoint.running() as url, pytest.raises(openai.RateLimitError) as caught:
        client(url).chat.completions.create(**asked())
    assert caught.value.response.headers["retry-after"] == "2.5"
    assert caught.value.code == "rate_limit_exceeded"


def test_a_reply_never_comes(client: Client) -> None:
    endpoint = Endpoint(faults=Faults(hang=1))
    with endpoint.running() as url:
        with pytest.raises(openai.APITimeoutError):
            client(url, timeout_s=0.2).chat.completions.create(**asked())
        while endpoint.in_flight:  # it is noticed that the client has gone
            time.sleep(0.001)
    assert (endpoint.by_fault, endpoint.by_status) == ({"hang": 1}, {})


def test_a_reply_never_ends() -> None:
    endpoint = Endpoint(faults=Faults(slow_drip=1, drip_s=0.005))
    with endpoint.running() as url:
        with connected(url, timeout_s=5) as connection:  # a time limit for each read does not help
            connection.sendall(post(asked()))
            head, _, chunks = read_all(connection, 1500).partition(b"\r\n\r\n")
        while endpoint.in_flight:
            time.sleep(0.001)
    assert head.startswith(b"HTTP/1.1 200 ")
    body = b"".join(chunks.split(b"\r\n")[1::2])
    assert body.startswith(b'{"id": "chatcmpl-demo"')
    assert len(body) > 200
    assert body.endswith(b"  ")
    assert endpoint.by_status == {}


def test_faults_in_the_text(client: Client) -> None:
    texts = {}
    for name in ("malformed", "truncated", "empty", "prose", "replacement"):
        with Endpoint(faults=read_faults([f"{name}=1"])).running() as url:
            choice = client(url).chat.completions.create(**asked()).choices[0]
        texts[name] = choice.message.content or ""
        assert choice.finish_reason == ("length" if name == "truncated" else "stop")
    assert texts["empty"] == ""
    assert {"malformed", "truncated"} <= {
        name for name, text in texts.items() if parse_reply(text).error == "truncated"
    }
    assert texts["prose"].count("```") == 2
    assert len(parse_reply(texts["prose"]).pairs) == 3
    assert texts["replacement"].count("\ufffd") == 1
    pairs = pairs_in(texts["replacement"])
    assert "illegal_character" in [one.check for found in check_pairs(PASSAGE, pairs, 15, 300) for one in found]


def test_empty_choices_is_a_success_to_the_client(client: Client) -> None:
    with Endpoint(faults=Faults(empty_choices=1)).running() as url:
        assert client(url).chat.completions.create(**asked()).choices == []


def test_thinking_stands_in_four_places(client: Client) -> None:
    kinds = set()
    with Endpoint(faults=Faults(thinking=1)).running() as url:
        for number in range(24):
            message = client(url).chat.completions.create(**asked(user=str(number))).choices[0].message
            text, more = message.content or "", message.model_extra or {}
            kinds.add((text[:7] == "<think>", "</think>" in text, "reasoning_content" in more, "reasoning" in more))
            parsed = parse_reply(text)
            assert (len(parsed.pairs), parsed.error) == (3, None)
    assert len(kinds) == 4


def test_faults_in_a_stream(client: Client) -> None:
    broken = Endpoint(faults=Faults(reset=1))
    with broken.running() as url, pytest.raises((openai.APIConnectionError, httpx2.TransportError)):
        list(client(url).chat.completions.create(**asked(stream=True)))
    with Endpoint(faults=Faults(thinking=1)).running() as url:
        chunks = list(client(url).chat.completions.create(**asked(stream=True)))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert len(parse_reply(text).pairs) == 3


def test_cut_in_the_middle_of_the_body() -> None:
    with Endpoint(lambda request: Misbehaviour("cut", b"0123456789")).running() as url:
        assert raw(url, post(asked())).endswith(b"\r\n\r\n01234")


# ---------------------------------------------------------------- response formats


@pytest.mark.parametrize("kind", ["json_schema", "json_object", "guided"])
def test_a_response_format_is_refused(client: Client, kind: str) -> None:
    forms: dict[str, dict[str, Any]] = {
        "json_schema": {"response_format": format_of()},
        "json_object": {"response_format": {"type": "json_object"}},
        "guided": {"extra_body": {"structured_outputs": {"json": {"type": "object"}}}},
    }
    endpoint = Endpoint(faults=Faults(refuse_response_format=(kind,)), latency_s=0.01)
    with endpoint.running() as url:
        for form, fields_of_it in forms.items():
            if form == kind:
                with pytest.raises(openai.BadRequestError) as caught:
                    client(url).chat.completions.create(**asked(), **fields_of_it)
                assert caught.value.param == "response_format"
            else:
                client(url).chat.completions.create(**asked(), **fields_of_it)
        client(url).chat.completions.create(**asked())
        client(url).chat.completions.create(**asked(response_format={"type": "text"}))
    assert endpoint.by_status == {200: 4, 400: 1}


def test_a_response_format_is_ignored(client: Client) -> None:
    with Endpoint(faults=Faults(ignore_response_format=True)).running() as url:
        said = content_of(client(url).chat.completions.create(**asked(response_format=format_of())))
        assert said.startswith("好的")
        assert content_of(client(url).chat.completions.create(**asked())).startswith("{")
    assert len(parse_reply(said).pairs) == 3


# ---------------------------------------------------------------- limits, first replies, poison


def test_no_more_than_so_many_at_once(client: Client) -> None:
    endpoint = Endpoint(faults=Faults(max_in_flight=2), latency_s=0.3)
    statuses: list[int] = []

    def ask(number: int) -> None:
        reply = client(url).chat.completions.with_raw_response
        try:
            statuses.append(reply.create(**asked(user=str(number))).status_code)
        except openai.RateLimitError as error:
            assert error.response.headers["retry-after"] == "1"
            statuses.append(error.status_code)

    with endpoint.running() as url:
        holders = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
        for one in holders:
            one.start()
        while endpoint.in_flight < 2:
            time.sleep(0.001)
        ask(2)
        assert statuses == [429]
        for one in holders:
            one.join()
        ask(2)
    assert sorted(statuses) == [200, 200, 200, 429]
    assert endpoint.by_fault == {"max_in_flight": 1}


def test_the_first_reply_is_wrong_until_it_is_repaired(client: Client) -> None:
    with Endpoint(faults=Faults(first_wrong=1)).running() as url:

        def ask(*messages: dict[str, str], **more: Any) -> str:
            return content_of(client(url).chat.completions.create(**asked(messages=list(messages), **more)))

        wrong = ask(user(prompt()), response_format=format_of())
        checks = check_pairs(PASSAGE, pairs_in(wrong), 15, 300)
        assert len(checks) == 3
        assert all(found for found in checks)
        assert ask(user(prompt()), response_format=format_of()) == wrong  # asked again from the beginning
        assert pairs_in(ask(user(prompt()), assistant("别的回答"), repair(3)))[0] == pairs_in(wrong)[0]
        assert pairs_in(ask(user(prompt()), assistant(wrong)))[0] == pairs_in(wrong)[0]
        repaired = pairs_in(ask(user(prompt()), assistant(wrong), repair(3)))
        again = pairs_in(ask(user(prompt()), assistant(wrong), repair(2), assistant("？"), repair(2)))
    for pairs, count in ((repaired, 3), (again, 2)):
        assert len(pairs) == count
        assert not any(check_pairs(PASSAGE, pairs, 15, 300))


def test_a_share_of_the_passages_is_wrong_at_first() -> None:
    faults = Faults(first_wrong=0.3)
    wrong = sum(
        faults.change(request(user(prompt(f"第{number}条河很长。"))), Said("{}"), "")[0] == "first_wrong"
        for number in range(400)
    )
    assert 80 < wrong < 160


def test_poison_is_always_an_error(client: Client) -> None:
    with Endpoint(faults=Faults(poison="砒霜")).running() as url:
        for _ in range(3):
            with pytest.raises(openai.InternalServerError):
                client(url).chat.completions.create(**asked(messages=[user(prompt("砒霜有毒，不能吃。"))]))
        assert content_of(client(url).chat.completions.create(**asked()))


# ---------------------------------------------------------------- shares


def test_shares_hold_and_reruns_meet_the_same() -> None:
    faults = Faults(error_500=0.05, malformed=0.1, hang=0.2, seed=7)
    bodies = [request(user(str(number))) for number in range(3000)]
    drawn = [faults.drawn(one) for one in bodies]
    assert [faults.drawn(one) for one in bodies] == drawn
    for name, share in (("error_500", 0.05), ("malformed", 0.1), ("hang", 0.2), ("", 0.65)):
        assert abs(drawn.count(name) / len(drawn) - share) < 0.03
    assert [Faults(error_500=0.05, malformed=0.1, hang=0.2, seed=8).drawn(one) for one in bodies] != drawn
    again = [faults.drawn(request(user(str(number)), seen=1)) for number in range(3000)]
    assert again != drawn
    assert 0 < sum(one == other == "hang" for one, other in zip(drawn, again, strict=True)) < 250


def test_shares_that_cannot_be() -> None:
    for wrong in (
        {"error_500": 1.5},
        {"hang": -0.1},
        {"empty": float("nan")},
        {"error_500": 0.6, "hang": 0.6},
        {"max_in_flight": -1},
        {"retry_after_s": float("inf")},
        {"refuse_response_format": ("xml",)},
    ):
        with pytest.raises(SikuError):
            Faults(**wrong)


# ---------------------------------------------------------------- as typed


def test_faults_as_they_are_typed() -> None:
    words = (
        "error_500=0.05",
        "error-429=5e-2",
        "max_in_flight=32",
        "poison=砒=霜",
        "refuse_response_format=json_schema,json_object",
        "ignore_response_format=yes",
        "seed=3",
        "first_wrong=1",
    )
    assert read_faults(words) == Faults(
        error_500=0.05,
        error_429=0.05,
        max_in_flight=32,
        poison="砒=霜",
        refuse_response_format=("json_schema", "json_object"),
        ignore_response_format=True,
        seed=3,
        first_wrong=1.0,
    )
    assert read_faults(["refuse_response_format=all"]).refuse_response_format == (
        "json_schema",
        "json_object",
        "guided",
    )
    assert read_faults([]) == Faults()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["error_50=0.1"], "did you mean error_500"),
        (["hnag=0.1"], "did you mean hang?"),
        (["error_500"], "a share from 0 to 1"),
        (["error_500=x"], "a share from 0 to 1"),
        (["max_in_flight=1.5"], "a whole number"),
        (["ignore_response_format=maybe"], "true or false"),
        (["drip_s=soon"], "seconds"),
        (["poison="], "a word"),
        (["refuse_response_format="], "json_schema, json_object, guided"),
        (["hang=0.1", "hang=0.2"], "twice"),
        (["hang=x", "html=y"], "html=y"),
        (["=1"], "there is:"),
    ],
)
def test_faults_that_cannot_be_read(words: list[str], told: str) -> None:
    with pytest.raises(SikuError) as caught:
        read_faults(words)
    assert told in caught.value.why
    assert caught.value.exit_code == 2


@given(
    st.lists(st.text() | st.builds("{}={}".format, st.sampled_from([one.name for one in fields(Faults)]), st.text()))
)
def test_any_words_are_faults_or_an_error(words: list[str]) -> None:
    try:
        assert isinstance(read_faults(words), Faults)
    except SikuError as error:
        assert error.what


def test_every_fault_is_told_of_in_the_tests() -> None:
    """A fault that is added needs a test: all that can be drawn are named above."""
    named = {"error_500", "error_503", "error_429", "reset", "html", "bad_utf8", "hang", "slow_drip", "malformed"}
    assert named | {"truncated", "empty", "prose", "replacement", "empty_choices", "thinking"} == set(DRAWN)


def test_replies_keep_to_the_schema_unless_told_otherwise(client: Client) -> None:
    with Endpoint().running() as url:
        said_so = content_of(client(url).chat.completions.create(**asked(response_format=format_of(3))))
    schema = format_of(3)["json_schema"]["schema"]
    assert not SchemaChecks(schema).verdicts(json.loads(said_so))
