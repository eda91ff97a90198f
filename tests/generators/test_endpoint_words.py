"""Models, addresses and errors: what servers and people write, and how it is read."""

from __future__ import annotations

import asyncio
import email.utils
import time
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generators.demo.server import Endpoint as Server
from generators.endpoint import MAX_RETRY_AFTER_S, Endpoint, normal_url, retry_after, server_words
from tests.generators.pooling import free_port
from tests.servers.behaviours import Garbage
from tests.servers.proxy import Behaviour, Proxy, in_turn
from validators.errors import SikuError

# ---------------------------------------------------------------- models


def models(url: str) -> list[str]:
    async def work() -> list[str]:
        async with Endpoint(url) as endpoint:
            return await endpoint.models()

    return asyncio.run(work())


def test_models_are_those_that_the_server_lists() -> None:
    with Server(model="qwen2-7b").running() as url:
        assert models(url) == ["qwen2-7b"]
        assert models(url.removesuffix("/v1") + "/elsewhere") == [], "no such page"


def listing(status: int, body: bytes) -> Behaviour:
    async def behave(exchange: Any) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n"
        await exchange.send(head.encode() + body)

    return behave


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": 3}', b'{"data": [{"name": "x"}]}', b"<html>", b"\xff"])
def test_a_list_of_models_that_is_none(body: bytes) -> None:
    with Server().running() as url, Proxy(url, in_turn(then=listing(200, body))).running() as through:
        assert models(through) == []


def refusal(behaviour: Behaviour) -> SikuError:
    """What is said where a server answers so to the question for its models."""
    with (
        Server().running() as url,
        Proxy(url, in_turn(then=behaviour)).running() as through,
        pytest.raises(SikuError) as caught,
    ):
        models(through)
    assert caught.value.exit_code == 4
    assert len(caught.value.lines()) == 4
    return caught.value


def test_what_speaks_another_language_than_http() -> None:
    assert refusal(Garbage()).what == "the endpoint does not answer"


def test_without_a_key_it_says_so() -> None:
    error = refusal(listing(401, b"no key"))
    assert "no key" in error.why
    assert "OPENAI_API_KEY" in error.next


def test_nobody_there() -> None:
    with pytest.raises(SikuError) as caught:
        models(f"http://127.0.0.1:{free_port()}/v1")
    assert caught.value.exit_code == 4
    assert len(caught.value.lines()) == 4


# ---------------------------------------------------------------- small things


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("localhost:8080", "http://localhost:8080/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1"),
        (" http://127.0.0.1:8080/v1/ ", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/chat/completions/", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/models", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/chat/completions?key=1", "http://127.0.0.1:8080/v1"),
        ("https://127.0.0.1/api/openai", "https://127.0.0.1/api/openai"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
    ],
)
def test_addresses_as_people_type_them(typed: str, url: str) -> None:
    assert normal_url(typed) == url


@pytest.mark.parametrize(
    "typed", ["", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://[::1", "file:///x"]
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(SikuError, match="no address of an endpoint"):
        normal_url(typed)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), (" 0.5 ", 0.5), ("0", 0.0), ("-3", 0.0), ("nan", 0.0), ("1e9", 0.0), ("inf", 0.0), ("", 0.0)],
)
def test_retry_after_in_seconds(text: str, seconds: float) -> None:
    assert retry_after({"retry-after": text}) == seconds


def test_retry_after_as_a_date() -> None:
    soon = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert 28 < retry_after({"retry-after": soon}) <= 30
    assert retry_after({"retry-after": email.utils.formatdate(0, usegmt=True)}) == 0.0
    assert retry_after({}) == 0.0


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=40))
@example("Fri, 31 Dec 99999 23:59:59 GMT")
@example("Fri, 31 Dec 9999 23:59:59 GMT")
@example("Mon, 00 Jan 0000 00:00:00 +9999")
def test_any_retry_after_is_a_number_of_seconds(text: str) -> None:
    assert 0.0 <= retry_after({"retry-after": text}) <= MAX_RETRY_AFTER_S


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "too long", "code": 400}}', "too long"),
        (b'{"error": "too long"}', "too long"),
        (b'{"detail": "too long"}', "too long"),
        (b'{"message": "too\\n long"}', "too long"),
        (b'{"detail": [{"loc": ["body"], "msg": "too long"}]}', '[{"loc":["body"],"msg":"too long"}]'),
        (b'{"error": {}, "message": "too long"}', "too long"),
        (b'{"code": 7}', '{"code":7}'),
        (b"Internal Server Error", "Internal Server Error"),
        (b"", ""),
    ],
)
def test_the_words_of_a_server_wherever_it_puts_them(body: bytes, words: str) -> None:
    assert server_words(body) == words


@given(st.binary(max_size=300) | st.recursive(st.text() | st.none(), st.lists).map(orjson.dumps))
@example(b'{"error": ' + b"[" * 500 + b"]" * 500 + b"}")
@example(b'{"error": ' * 900 + b"1" + b"}" * 900)
def test_any_error_body_is_a_short_line(body: bytes) -> None:
    words = server_words(body)
    assert len(words) <= 400
    assert len(words.splitlines()) <= 1
