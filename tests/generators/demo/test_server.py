"""The endpoint as clients meet it: completions, streams, errors, many at once, and a clean end."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import openai
import pytest

from generators.demo.chat import ChatRequest, Misbehaviour, Raw, Said
from generators.demo.log import paid_again, read_log
from generators.demo.server import Endpoint
from tests.generators.demo.asking import (
    asked,
    connected,
    format_of,
    pairs_in,
    post,
    prompt,
    raw,
    read_all,
    user,
)
from tests.generators.demo.conftest import Client
from validators.errors import SikuError
from validators.qa_pairs import check_pairs

CLOSE = "Connection: close"


def status_of(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


def body_of(reply: bytes) -> Any:
    return json.loads(reply.partition(b"\r\n\r\n")[2])


def test_the_openai_client_gets_pairs(client: Client) -> None:
    endpoint = Endpoint()
    with endpoint.running() as url:
        said = client(url).chat.completions.create(
            **asked(response_format=format_of(4), messages=[user(prompt(count=4))])
        )
        assert [one.id for one in client(url).models.list()] == ["siku-demo-rules"]
        assert client(url).models.retrieve("siku-demo-rules").owned_by == "siku"
    choice = said.choices[0]
    pairs = pairs_in(choice.message.content or "")
    assert len(pairs) == 4
    assert not any(check_pairs(prompt(), pairs, 15, 300))
    assert (choice.finish_reason, said.model, said.object) == ("stop", "siku-demo-rules", "chat.completion")
    assert said.usage is not None
    assert said.usage.total_tokens == said.usage.prompt_tokens + said.usage.completion_tokens > 0
    assert (endpoint.requests, endpoint.by_status, endpoint.in_flight) == (1, {200: 1}, 0)


def test_a_stream_says_the_same(client: Client) -> None:
    with Endpoint().running() as url:
        whole = client(url).chat.completions.create(**asked())
        stream = client(url).chat.completions.create(**asked(stream=True, stream_options={"include_usage": True}))
        chunks = list(stream)
    pieces = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert len(pieces) > 10
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage


def test_an_answer_is_a_function_of_the_request(client: Client) -> None:
    heard: list[ChatRequest] = []

    def answer(request: ChatRequest) -> Said | Raw | str:
        heard.append(request)
        if request.seen:
            return Raw(418, b"short and stout", "text/plain", {"x-pot": "tea"})
        if request.body.get("temperature"):
            return Said(
                "四", "想一想", "reasoning", "length", {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}
            )
        return "一二三"

    with Endpoint(answer).running() as url:
        complete = client(url).chat.completions.create
        assert complete(**asked()).choices[0].message.content == "一二三"
        special = complete(**asked(temperature=0.5))
        with pytest.raises(openai.APIStatusError) as caught:
            complete(**asked())
    message = special.choices[0].message
    assert (message.content, message.model_dump()["reasoning"]) == ("四", "想一想")
    assert special.choices[0].finish_reason == "length"
    assert special.usage is not None
    assert special.usage.total_tokens == 8
    assert (caught.value.status_code, caught.value.response.headers["x-pot"]) == (418, "tea")
    assert [(one.seen, one.number) for one in heard] == [(0, 0), (0, 1), (1, 2)]
    assert heard[0].digest == heard[2].digest != heard[1].digest


def test_what_limits_ask_for(client: Client) -> None:
    with Endpoint(lambda request: "一二三四五").running() as url:
        cut = client(url).chat.completions.create(**asked(max_tokens=3, n=2))
        whole = client(url).chat.completions.create(**asked(max_completion_tokens=5))
    assert [(one.message.content, one.finish_reason) for one in cut.choices] == [("一二三", "length")] * 2
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("一二三四五", "stop")


BAD_BODIES = [
    (b"{", None),
    (b"[]", None),
    (b"\xff", None),
    (b'{"messages": "\\ud800"}', None),
    ({}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": ["hello"]}, "messages[0]"),
    ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    ({"messages": [{"content": "no role"}]}, "messages[0]"),
    (asked(max_tokens=-5), "max_tokens"),
    (asked(max_tokens=True), "max_tokens"),
    (asked(n=0), "n"),
    (asked(n=17), "n"),
    (asked(stream="yes"), "stream"),
    (asked(response_format={"type": "xml"}), "response_format"),
    (asked(response_format={"type": ["json_schema"]}), "response_format"),
    (asked(response_format={"type": "json_schema"}), "response_format.json_schema"),
    (asked(response_format={"type": "json_schema", "json_schema": {"schema": []}}), "response_format.json_schema"),
]


def test_errors_are_those_of_openai(client: Client) -> None:
    with Endpoint().running() as url:
        for body, param in BAD_BODIES:
            reply = raw(url, post(body, "/v1/chat/completions", CLOSE))
            error = body_of(reply)["error"]
            assert (status_of(reply), error["param"]) == (400, param), body
            assert error["type"] == "invalid_request_error"
            assert error["message"]
        with pytest.raises(openai.NotFoundError) as caught:
            client(url).chat.completions.create(**asked() | {"model": "gpt-4"})
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
        with pytest.raises(openai.NotFoundError):
            client(url).embeddings.create(model="siku-demo-rules", input="x")
        assert status_of(raw(url, post({}, "/v1/models", CLOSE))) == 405
        refused = raw(url, b"GET /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert status_of(refused) == 405
        assert b"allow: POST\r\n" in refused
    assert Endpoint().model == "siku-demo-rules"


def test_health_and_head() -> None:
    with Endpoint().running() as url:
        assert body_of(raw(url, b"GET /health?deep=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == {
            "status": "ok"
        }
        head = raw(url, b"HEAD /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert raw(url, b"GET /health HTTP/1.0\r\n\r\n").endswith(b'{"status":"ok"}')
    assert status_of(head) == 200
    assert head.endswith(b"\r\n\r\n")


def test_requests_sent_ahead_are_answered_in_order() -> None:
    def answer(request: ChatRequest) -> str:
        return str(request.body["n_th"])

    bodies = [asked(n_th=number) for number in range(300)]
    ahead = b"".join(post(body) for body in bodies) + post(asked(n_th=300), "/v1/chat/completions", CLOSE)
    for latency_s in (0.0, 0.001):
        with Endpoint(answer, latency_s=latency_s).running() as url, connected(url) as connection:
            threading.Thread(target=connection.sendall, args=(ahead,)).start()
            replies = read_all(connection, 10**9)
        contents = [json.loads(part)["choices"][0]["message"]["content"] for part in split_bodies(replies)]
        assert contents == [str(number) for number in range(301)]


def split_bodies(replies: bytes) -> list[bytes]:
    bodies = []
    while replies:
        head, _, replies = replies.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        bodies.append(replies[:length])
        replies = replies[length:]
    return bodies


def test_a_body_in_small_pieces_and_with_a_question_first() -> None:
    data = post(asked(), "/v1/chat/completions", CLOSE, "Expect: 100-continue")
    head, _, body = data.partition(b"\r\n\r\n")
    with Endpoint().running() as url, connected(url) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        for place in range(0, len(body), 100):
            connection.sendall(body[place : place + 100])
            time.sleep(0.001)
        assert len(pairs_in(body_of(read_all(connection))["choices"][0]["message"]["content"])) == 3


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: z\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
def test_what_is_no_http(sent: bytes, status: int) -> None:
    with Endpoint().running() as url, connected(url) as connection:
        connection.sendall(sent)
        reply = read_all(connection)
    assert status_of(reply) == status
    assert body_of(reply)["error"]["type"] == "invalid_request_error"


def test_a_body_has_a_limit() -> None:
    with Endpoint().running() as url, connected(url) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 99000000\r\n\r\n")
        piece = b" " * 1_000_000
        for _ in range(17):
            connection.sendall(piece)
        assert status_of(read_all(connection)) == 413


def test_256_at_once_with_latency() -> None:
    endpoint = Endpoint(lambda request: "好", latency_s=0.2)

    async def ask(url: str) -> list[str]:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as many:
            asking = [many.chat.completions.create(**asked(user=str(number))) for number in range(256)]
            return [reply.choices[0].message.content or "" for reply in await asyncio.gather(*asking)]

    with endpoint.running() as url:
        began = time.monotonic()
        assert asyncio.run(ask(url)) == ["好"] * 256
        assert time.monotonic() - began >= 0.2
    assert endpoint.by_status == {200: 256}
    assert 1 < endpoint.in_flight_max <= 256


def test_it_stops_at_once_and_leaves_nothing(client: Client) -> None:
    endpoint = Endpoint(latency_s=600)
    ended: list[str] = []

    def wait() -> None:
        with pytest.raises(openai.APIConnectionError) as caught:
            client(url).chat.completions.create(**asked())
        ended.append(str(caught.value))

    with endpoint.running() as url:
        waiting = threading.Thread(target=wait)
        waiting.start()
        while not endpoint.in_flight:
            time.sleep(0.001)
        idle = connected(url)
    waiting.join(20)
    assert len(ended) == 1
    assert idle.recv(1) == b""
    idle.close()
    assert (endpoint.in_flight, endpoint.by_status) == (0, {})
    assert not [one for one in threading.enumerate() if one.name == "demo endpoint"]
    gc.collect()  # a socket that was left open would warn here, and warnings are errors


def test_a_port_can_be_used_again_and_not_twice(client: Client) -> None:
    endpoint = Endpoint()
    with endpoint.running() as url:
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        with pytest.raises(SikuError) as caught, Endpoint().running(port):
            pass
        assert caught.value.what == f"port {port} is taken"
        client(url).chat.completions.create(**asked())
    with endpoint.running(port) as again:
        client(again).chat.completions.create(**asked())
    assert endpoint.requests == 2
    for number, host in ((70_000, "127.0.0.1"), (-1, "127.0.0.1"), (0, "no.such.host.invalid")):
        with pytest.raises(SikuError), Endpoint().running(number, host):
            pass


def test_a_mistake_in_an_answer_is_not_hidden() -> None:
    def answer(request: ChatRequest) -> str:
        raise ZeroDivisionError("in the rules")

    statuses = []
    with pytest.raises(ZeroDivisionError, match="in the rules"), Endpoint(answer).running() as url:
        statuses.append(status_of(raw(url, post(asked(), "/v1/chat/completions", CLOSE))))
    assert statuses == [500]


def test_the_log_tells_what_was_delivered(client: Client, tmp_path: Path) -> None:
    def answer(request: ChatRequest) -> str | Misbehaviour:
        return Misbehaviour("cut") if request.body["user"] == "cut" else "好"

    log = tmp_path / "deep" / "log.jsonl"
    began_ns = time.monotonic_ns()
    with Endpoint(answer, log=log).running() as url:
        complete = client(url).chat.completions.create
        complete(**asked(user="a"))
        with pytest.raises(openai.APIConnectionError):
            complete(**asked(user="cut"))
        killed_ns = time.monotonic_ns()
        complete(**asked(user="b"))
        complete(**asked(user="a"))
    with Endpoint(answer, log=log).running() as url:
        client(url).chat.completions.create(**asked(user="cut") | {"user": "c"})
    with log.open("ab") as file:
        file.write(b'{"event": "request", "numb')
    exchanges = read_log(log)
    assert [(one.number, one.seen, one.status) for one in exchanges] == [
        (0, 0, 200),
        (1, 0, None),
        (2, 0, 200),
        (3, 1, 200),
        (0, 0, 200),
    ]
    first, cut, *_, last = exchanges
    assert first.digest == exchanges[3].digest
    assert cut.delivered_ns is None
    assert first.delivered_ns is not None
    assert began_ns < first.asked_ns < first.delivered_ns < killed_ns < last.asked_ns
    assert abs(time.time() - (last.delivered_unix_s or 0)) < 60
    assert paid_again(exchanges, killed_ns, margin_ns=0) == [first]
    assert paid_again(exchanges, killed_ns, margin_ns=10**12) == []
    assert paid_again(exchanges, last.asked_ns, margin_ns=0) == []


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError), Endpoint(log=tmp_path).running():
        pass
    gc.collect()


def test_a_reply_too_large_for_the_socket_is_delivered_when_it_has_left() -> None:
    endpoint = Endpoint(lambda request: "好" * 3_000_000)
    with endpoint.running() as url, connected(url) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(post(asked(), "/v1/chat/completions", CLOSE))
        assert connection.recv(8) == b"HTTP/1.1"
        time.sleep(0.05)
        assert endpoint.in_flight == 1
        assert len(read_all(connection, 10**9)) > 9_000_000
        while endpoint.in_flight:
            time.sleep(0.001)
        assert endpoint.by_status == {200: 1}
