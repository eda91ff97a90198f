"""One endpoint: what it sends, how it learns to get JSON, and what it makes of everything that can come back."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from generators.demo.chat import Answered, ChatRequest, Misbehaviour, Raw, Said, error_body
from generators.demo.log import read_log
from generators.demo.server import Endpoint as Server
from generators.endpoint import (
    FORMS,
    Delivered,
    Endpoint,
    TroubleError,
)
from generators.request import Request
from generators.task import object_schema
from tests.servers.behaviours import Garbage, Reset, ResetMidBody
from tests.servers.proxy import Behaviour, Proxy, in_turn

SCHEMA = object_schema({"name": {"type": "string"}})
GOOD = '{"name": "雪"}'
MODEL = "siku-demo-rules"


def asking(text: str = "雪叫什么？", schema: dict[str, Any] | None = SCHEMA) -> Request:
    return Request(({"role": "user", "content": text},), "Names/1", schema=schema)


def send(url: str, *requests: Request, deadline_s: float = 20.0) -> list[Delivered | TroubleError]:
    """What comes of one try of each request, one after the other, at one endpoint."""

    async def work() -> list[Delivered | TroubleError]:
        async with Endpoint(url, deadline_s=deadline_s) as endpoint:
            return [await try_once(endpoint, request) for request in requests]

    return asyncio.run(work())


async def try_once(endpoint: Endpoint, request: Request) -> Delivered | TroubleError:
    try:
        return await endpoint.send(request, MODEL)
    except TroubleError as error:
        return error


def answering(answered: Answered | Callable[[ChatRequest], Answered], *requests: Request, **given: Any) -> Any:
    """What comes of requests to a server that answers so."""
    server = Server(answered if callable(answered) else lambda request: answered)
    with server.running() as url:
        return send(url, *(requests or (asking(),)), **given)


def forms(seen: list[Delivered | TroubleError]) -> list[str]:
    return [one.form if isinstance(one, Delivered) else one.cause for one in seen]


# ---------------------------------------------------------------- what is sent


def test_the_reply_comes_as_the_server_sent_it() -> None:
    asked: list[ChatRequest] = []

    def answer(request: ChatRequest) -> str:
        asked.append(request)
        return GOOD

    [delivered] = answering(answer)
    assert orjson.loads(delivered.body)["choices"][0]["message"]["content"] == GOOD
    assert delivered.reply.text == GOOD
    assert delivered.reply.prompt_tokens > 0
    assert delivered.seconds > 0
    [request] = asked
    assert request.body["messages"] == [{"role": "user", "content": "雪叫什么？"}]
    assert (request.body["temperature"], request.body["top_p"], request.body["max_tokens"]) == (0.7, 0.8, 2048)
    assert request.schema == SCHEMA
    assert request.response_format == "json_schema"


def test_without_a_schema_nothing_is_said_of_json() -> None:
    [delivered] = answering(lambda request: request.response_format or "free", asking(schema=None))
    assert (delivered.reply.text, delivered.form) == ("free", "prompt")


def test_key_and_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key goes to the server, and no proxy of the environment is asked for what runs on this machine."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-snow")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    server = Server(lambda request: GOOD)
    with server.running() as url, Proxy(url, in_turn(then=passing)).running() as through:
        seen = send(through, asking())
    assert forms(seen) == ["json_schema"]


async def passing(exchange: Any) -> None:
    assert exchange.request.headers["authorization"] == "Bearer sk-snow"
    await exchange.ask(relay=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


# ---------------------------------------------------------------- the form of structured output


def refusing(*refused: str) -> Callable[[ChatRequest], Answered]:
    def answer(request: ChatRequest) -> Answered:
        if request.response_format in refused:
            return Raw(400, error_body(f"{request.response_format} is not supported", "invalid_request_error"))
        return GOOD

    return answer


@pytest.mark.parametrize(
    ("refused", "kept"),
    [
        ((), "json_schema"),
        (("json_schema",), "json_object"),
        (("json_schema", "json_object"), "guided"),
        (("json_schema", "json_object", "guided"), "prompt"),
    ],
)
def test_what_is_refused_is_refused_once_and_remembered(refused: tuple[str, ...], kept: str) -> None:
    seen = answering(refusing(*refused), *[asking(f"{number}？") for number in range(len(refused) + 3)])
    assert forms(seen) == [f"{form} refused" for form in refused] + 3 * [kept]
    assert [one.kind for one in seen if isinstance(one, TroubleError)] == len(refused) * ["form"]


@pytest.mark.parametrize("kept", FORMS)
def test_what_is_ignored_is_found_out_by_looking_at_replies(kept: str) -> None:
    def answer(request: ChatRequest) -> str:
        is_kept = (request.response_format or "prompt") == kept
        return GOOD if is_kept else f"好的：\n```json\n{GOOD}\n```"

    seen = answering(answer, *[asking(f"{number}？") for number in range(6)])
    steps = FORMS[: FORMS.index(kept) + 1]
    assert forms(seen) == [*steps, *(6 - len(steps)) * [kept]], "each reply is used, none is asked for again"
    assert all(GOOD in one.reply.text for one in seen)


def test_thinking_before_the_json_is_no_breach_of_the_form() -> None:
    seen = answering(f"<think>雪？[草稿]</think>\n{GOOD}", asking("一？"), asking("二？"))
    assert forms(seen) == ["json_schema", "json_schema"]


def test_a_reply_that_was_cut_off_decides_nothing() -> None:
    def answer(request: ChatRequest) -> Said:
        return Said(GOOD[:5], finish_reason="length") if request.number < 1 else Said(GOOD)

    assert forms(answering(answer, *[asking(f"{number}？") for number in range(3)])) == 3 * ["json_schema"]


def test_a_single_500_is_no_refusal_and_a_server_that_knows_the_form_not_is_found_out() -> None:
    def once(request: ChatRequest) -> Answered:
        return Raw(500, error_body("busy", "server_error")) if request.number == 0 else GOOD

    def always(request: ChatRequest) -> Answered:
        if request.response_format == "json_schema":
            return Raw(500, error_body("KeyError: 'json_schema'", "server_error"))
        return GOOD

    assert forms(answering(once, asking("一？"), asking("一？"))) == ["status 500", "json_schema"]
    seen = answering(always, *[asking("一？") for _ in range(4)])
    assert forms(seen) == ["status 500", "json_schema refused", "json_object", "json_object"]


@pytest.mark.parametrize(("status", "tries"), [(400, 4), (500, 5)])
def test_a_request_that_fails_in_every_form_is_not_the_fault_of_the_form(status: int, tries: int) -> None:
    def answer(request: ChatRequest) -> Answered:
        poisoned = "毒" in request.texts("user")[0]
        return Raw(status, error_body("too long", "invalid_request_error")) if poisoned else GOOD

    seen = answering(answer, *[asking("毒") for _ in range(2 * tries)], asking("雪？"), asking("霜？"))
    assert forms(seen)[-2:] == 2 * ["json_schema"]
    assert forms(seen)[:tries] == forms(seen)[tries:-2]


def test_another_refusal_after_the_form_was_proven_is_the_requests_own() -> None:
    def answer(request: ChatRequest) -> Answered:
        return Raw(400, error_body("too long", "invalid_request_error")) if request.number == 1 else GOOD

    seen = answering(answer, asking("一？"), asking("二？"), asking("三？"))
    assert forms(seen) == ["json_schema", "status 400", "json_schema"]
    assert (seen[1].kind, seen[1].detail) == ("refused", "too long")


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, "fatal") for status in (401, 402, 403, 404, 405)),
        *((status, "busy") for status in (429, 503, 529)),
        *((status, "broken") for status in (408, 409, 425, 500, 502, 504)),
        *((status, "refused") for status in (400, 413, 418, 422)),
    ],
)
def test_an_error_says_whose_fault_it_is(status: int, kind: str) -> None:
    told = Raw(status, error_body("模型没有加载", "server_error"), headers={"retry-after": "3"})
    [trouble] = answering(told, asking(schema=None))
    assert (trouble.kind, trouble.cause, trouble.detail, trouble.status) == (
        kind,
        f"status {status}",
        "模型没有加载",
        status,
    )
    assert trouble.retry_after_s == (3.0 if kind in ("busy", "broken") else 0.0)


def test_it_follows_no_redirection_to_another_server() -> None:
    with Server(lambda request: GOOD).running() as elsewhere:
        moved = Raw(307, b"moved", headers={"location": f"{elsewhere}/chat/completions"})
        [trouble] = answering(moved)
    assert isinstance(trouble, TroubleError)
    assert "307" in trouble.cause


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (Raw(200, b"<html><h1>502 Bad Gateway</h1></html>", "text/html"), "HTML in place of a reply"),
        (Raw(200, b""), "the reply is not JSON"),
        (Raw(200, b'{"choices": []}'), "no choices in the reply"),
        (Raw(200, b'{"choices": [{"message": {"content": "\xe5\x9b\xff"}}]}'), "the reply is not UTF-8"),
        (Raw(200, b"data: {}\n\n", "text/event-stream"), "the reply is not JSON"),
        (Raw(204, b""), "the reply is not JSON"),
    ],
)
def test_a_good_status_with_a_bad_body_is_no_reply(raw: Raw, cause: str) -> None:
    [trouble] = answering(raw)
    assert (trouble.kind, trouble.cause) == ("broken", cause)


def test_a_body_that_cannot_be_unpacked_is_no_reply() -> None:
    packed = gzip.compress(b'{"choices": []}')[:-9]
    [trouble] = answering(Raw(200, b"\x00" + packed, headers={"content-encoding": "gzip"}))
    assert trouble.kind == "broken"


@pytest.mark.parametrize("kind", ["hang", "slow_drip"])
def test_the_deadline_is_for_the_whole_reply(kind: Any) -> None:
    began = time.monotonic()
    [trouble] = answering(Misbehaviour(kind, pause_s=0.05), deadline_s=0.5)
    assert (trouble.kind, trouble.cause) == ("slow", "time-out")
    assert 0.5 <= time.monotonic() - began < 10


@pytest.mark.parametrize("behaviour", [Reset(), ResetMidBody(), Garbage()], ids=["reset", "reset later", "garbage"])
def test_a_connection_that_breaks_is_broken(behaviour: Behaviour) -> None:
    with (
        Server(lambda request: GOOD).running() as url,
        Proxy(url, in_turn(behaviour, then=behaviour)).running() as through,
    ):
        [trouble] = send(through, asking())
    assert isinstance(trouble, TroubleError)
    assert trouble.kind == "broken"
    assert trouble.detail


def test_as_many_are_on_their_way_at_once_as_are_sent(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    server = Server(lambda request: Said(GOOD), latency_s=2.0, log=log)

    async def work(url: str) -> None:
        async with Endpoint(url, connections=150) as endpoint:
            await asyncio.gather(*(try_once(endpoint, asking(str(n), None)) for n in range(150)))

    with server.running() as url:
        asyncio.run(work(url))
    exchanges = read_log(log)
    first_delivered_ns = min(one.delivered_ns for one in exchanges if one.delivered_ns)
    assert sum(one.asked_ns < first_delivered_ns for one in exchanges) > 100  # the transport's own limit


def test_where_nobody_listens_it_is_down() -> None:
    [trouble] = send(f"http://127.0.0.1:{free_port()}/v1", asking())
    assert isinstance(trouble, TroubleError)
    assert (trouble.kind, trouble.cause) == ("down", "no connection")
    assert "Connect call failed" in trouble.detail
