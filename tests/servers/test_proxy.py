"""Each misbehaviour, before the real server, as the real client sees it; and the proxy's own conduct."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest

from tests.servers.behaviours import (
    BadUtf8,
    CloseAfter,
    CutBody,
    Delay,
    Drip,
    EmptyChoices,
    Garbage,
    Hang,
    Html,
    Pass,
    Reset,
    ResetMidBody,
    Status,
)
from tests.servers.llama_server import LlamaServer, LlamaSettings, llama_server
from tests.servers.proxy import Behaviour, Exchange, Proxy, Request, in_turn

TALK: Any = [{"role": "user", "content": "渡口结了薄冰。"}]
ASKED: Any = {"model": "any", "messages": TALK, "max_tokens": 20, "temperature": 0}


@pytest.fixture(scope="module")
def server(tiny_gguf: Path) -> Iterator[LlamaServer]:
    with llama_server(LlamaSettings(tiny_gguf)) as running:
        yield running


@contextmanager
def client_of(url: str, *, timeout_s: float = 20.0) -> Iterator[openai.OpenAI]:
    timeout = httpx2.Timeout(20.0, read=timeout_s)
    with openai.OpenAI(base_url=url, api_key="any", max_retries=0, timeout=timeout) as client:
        yield client


def ask(client: openai.OpenAI) -> Any:
    return client.chat.completions.create(**ASKED)


def text_of(completion: Any) -> str:
    return str(completion.choices[0].message.content)


def test_what_passes_is_the_same_as_without_it(server: LlamaServer) -> None:
    proxy = Proxy(server.url, in_turn(then=Pass()))
    with proxy.running() as url, client_of(url) as through, client_of(server.url) as directly:
        assert [model.id for model in through.models.list()] == [model.id for model in directly.models.list()]
        assert text_of(ask(through)) == text_of(ask(directly))
        with pytest.raises(openai.NotFoundError):
            through.models.retrieve("unknown")
    assert [(asked.method, asked.target) for asked in proxy.requests] == [
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("GET", "/v1/models/unknown"),
    ]
    assert proxy.requests[1].json["messages"] == TALK
    assert proxy.requests[1].headers["authorization"] == "Bearer any"
    assert [request.number for request in proxy.requests] == [1, 2, 3]
    assert proxy.did == {Pass: 3}
    assert (proxy.gone, proxy.upstream_gone, proxy.most_at_once) == (0, 0, 1)
    assert proxy.connections == 1


def test_a_connection_that_the_server_ends_is_ended(server: LlamaServer) -> None:
    proxy = Proxy(server.url, in_turn(then=Pass()))
    with proxy.running() as url, client_of(url) as client:
        with pytest.raises(openai.NotFoundError):  # llama.cpp closes after it, and says so
            client.models.retrieve("unknown")
        assert client.models.list().data
    assert (proxy.gone, proxy.connections) == (0, 2)


def test_a_stream_passes_as_it_comes(server: LlamaServer) -> None:
    texts: list[str] = []
    with Proxy(server.url, in_turn(then=Pass())).running() as url:
        for address in (url, server.url):
            with client_of(address) as client:
                pieces = [
                    piece.choices[0].delta.content or ""
                    for piece in client.chat.completions.create(**ASKED, stream=True)
                ]
            assert len(pieces) > 5
            texts.append("".join(pieces))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("behaviour", [Reset(), ResetMidBody(), CutBody(), Garbage(), CloseAfter(on_next=True)])
def test_a_broken_connection_is_an_error_and_a_second_try_succeeds(server: LlamaServer, behaviour: Behaviour) -> None:
    # The reply before which the connection breaks is the first, or the second for what breaks it at the next request.
    tries = 2 if isinstance(behaviour, CloseAfter) else 1
    proxy = Proxy(server.url, in_turn(behaviour, then=Pass()))
    with proxy.running() as url, client_of(url) as client:
        with pytest.raises(openai.APIConnectionError):
            for _ in range(tries):
                ask(client)
        assert text_of(ask(client))
    assert proxy.did == {type(behaviour): 1, Pass: 1}
    assert (proxy.connections, proxy.gone) == (2, 0)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_status_comes_with_its_headers_instead_of_the_reply(server: LlamaServer, status: int) -> None:
    failing = Status(status, {"Retry-After": "0.01"}, message="慢一点")
    proxy = Proxy(server.url, in_turn(failing, failing, then=Pass()))
    with proxy.running() as url, client_of(url) as client:
        with pytest.raises(openai.APIStatusError) as failed:
            ask(client)
        assert text_of(ask(client.with_options(max_retries=1)))
    assert failed.value.status_code == status
    assert failed.value.response.headers["retry-after"] == "0.01"
    assert failed.value.body == {"message": "慢一点", "type": "scripted_error", "code": status}
    assert (proxy.did, proxy.connections) == ({Status: 2, Pass: 1}, 1)


def test_what_is_no_completion_reaches_the_caller_as_it_is(server: LlamaServer) -> None:
    so_called_json = Html(content_type="application/json")
    proxy = Proxy(server.url, in_turn(BadUtf8(), Html(), so_called_json, EmptyChoices(), then=Pass()))
    with proxy.running() as url, client_of(url) as client:
        with pytest.raises(UnicodeDecodeError):
            ask(client)
        assert ask(client) == Html().body  # no completion at all, and no error
        with pytest.raises(json.JSONDecodeError):
            ask(client)
        empty = ask(client)
        assert empty.choices == [] and empty.usage.completion_tokens == 20
        assert text_of(ask(client))
    assert proxy.connections == 1


def test_a_slow_drip_passes_a_timeout_that_is_counted_per_read(server: LlamaServer) -> None:
    drip, timeout_s = Drip(piece_bytes=25, pause_s=0.1), 2.0
    proxy = Proxy(server.url, in_turn(drip, then=Pass()))
    with proxy.running() as url, client_of(url, timeout_s=timeout_s) as client:
        dripped = client.chat.completions.with_raw_response.create(**ASKED)
        assert int(dripped.headers["content-length"]) / drip.piece_bytes * drip.pause_s > timeout_s
        assert text_of(dripped.parse()) == text_of(ask(client))
    assert proxy.gone == 0


@pytest.mark.parametrize("behaviour", [Hang(), Delay(30.0)])
def test_who_does_not_wait_is_counted_and_lets_go(server: LlamaServer, behaviour: Behaviour) -> None:
    proxy = Proxy(server.url, in_turn(behaviour, then=Pass()))
    with proxy.running() as url, client_of(url, timeout_s=0.2) as impatient:
        with pytest.raises(openai.APITimeoutError):
            ask(impatient)
        with client_of(url) as client:
            assert text_of(ask(client))
    assert (proxy.gone, proxy.did) == (1, {type(behaviour): 1, Pass: 1})


def test_what_still_hangs_ends_with_the_proxy(server: LlamaServer) -> None:
    proxy = Proxy(server.url, in_turn(then=Hang()))
    with ThreadPoolExecutor(1) as pool:
        with proxy.running() as url, client_of(url) as client:
            asking = pool.submit(ask, client)
            while not proxy.did[Hang]:
                time.sleep(0.01)
        with pytest.raises(openai.APIConnectionError):
            asking.result()
    assert proxy.gone == 0


def test_a_promise_to_keep_the_connection_that_is_not_kept(server: LlamaServer) -> None:
    proxy = Proxy(server.url, in_turn(then=CloseAfter()))
    address = urlsplit(server.url)
    request = b"GET /v1/models HTTP/1.1\r\nhost: any\r\n\r\n"
    with proxy.running() as url, socket.create_connection((address.hostname, urlsplit(url).port)) as raw:
        raw.sendall(request)
        with raw.makefile("rb") as stream:
            reply = stream.read()  # to the end of the connection
    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"connection: keep-alive" in head.lower().split(b"\r\n")
    assert json.loads(body)["data"]


def test_a_delay_is_followed_by_what_was_told(server: LlamaServer) -> None:
    proxy = Proxy(server.url, in_turn(Delay(0.1, then=Status(503)), then=Delay(0.1)))
    with proxy.running() as url, client_of(url) as client:
        with pytest.raises(openai.InternalServerError):
            ask(client)
        assert text_of(ask(client))
    assert proxy.did == {Delay: 2}


def test_the_script_may_look_into_the_request(server: LlamaServer) -> None:
    def by_tokens(request: Request) -> Behaviour:
        return Status(500) if request.json["max_tokens"] == 20 else Pass()

    with Proxy(server.url, by_tokens).running() as url, client_of(url) as client:
        with pytest.raises(openai.InternalServerError):
            ask(client)
        assert text_of(client.chat.completions.create(model="any", messages=TALK, max_tokens=3))


def test_requests_at_once_are_counted(server: LlamaServer) -> None:
    proxy = Proxy(server.url, in_turn(then=Delay(0.3)))
    with proxy.running() as url, client_of(url) as client, ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: text_of(ask(client)), range(6)))
    assert len(set(replies)) == 1
    assert sorted(request.number for request in proxy.requests) == [1, 2, 3, 4, 5, 6]
    assert proxy.most_at_once == proxy.connections == 6


def test_a_server_that_is_not_there_looks_like_one_that_died(tiny_gguf: Path) -> None:
    with llama_server(LlamaSettings(tiny_gguf)) as server:
        proxy = Proxy(server.url, in_turn(then=Pass()))
        with proxy.running() as url, client_of(url) as client:
            assert text_of(ask(client))
            server.kill()
            with pytest.raises(openai.APIConnectionError):
                ask(client)
    assert proxy.upstream_gone == 1


def test_a_script_that_fails_is_told_when_the_proxy_ends(server: LlamaServer) -> None:
    def broken(request: Request) -> Behaviour:
        raise LookupError(f"nothing for {request.number}")

    async def broken_too(exchange: Exchange) -> None:
        raise LookupError(f"cannot do {exchange.request.number}")

    proxy = Proxy(server.url, broken)
    with pytest.raises(ExceptionGroup) as failed, proxy.running() as url, client_of(url) as client:
        with pytest.raises(openai.APIConnectionError):
            ask(client)
        proxy.script = in_turn(then=broken_too)
        with pytest.raises(openai.APIConnectionError):
            ask(client)
    assert [error.args for error in failed.value.exceptions] == [("nothing for 1",), ("cannot do 2",)]


def test_a_large_body_in_pieces_arrives_whole(server: LlamaServer) -> None:
    """Chunked, as clients send what they do not know the length of."""

    def pieces() -> Iterator[bytes]:
        yield b'{"content": "'
        for _ in range(300):
            yield "渡口结了薄冰。".encode() * 20
        yield b'"}'

    proxy = Proxy(server.address, in_turn(then=Pass()))
    with proxy.running() as url, httpx2.Client(base_url=url, timeout=20.0) as client:
        tokens = client.post("/tokenize", content=pieces(), headers={"content-type": "application/json"}).json()
    assert len(proxy.requests[0].body) == 300 * 20 * 21 + 15
    assert len(tokens["tokens"]) > 6000
