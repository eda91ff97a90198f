"""Whatever comes over the wire, the server answers the next client."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators.demo.faults import Faults
from generators.demo.server import Endpoint
from tests.generators.demo.asking import asked, connected, post, prompt, raw, user

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    (
        "model",
        "messages",
        "role",
        "content",
        "max_tokens",
        "n",
        "stream",
        "stream_options",
        "response_format",
        "type",
        "json_schema",
        "schema",
        "properties",
        "items",
        "$ref",
        "enum",
        "minItems",
        "guided_json",
        "structured_outputs",
        "json",
    )
)
WORDS = st.sampled_from(
    ("user", "assistant", "json_schema", "json_object", "text", "object", "array", "string", "#/properties", prompt())
)
LIKELY = st.recursive(
    WORDS | st.text() | st.integers(-3, 60) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=25,
)
BODIES = st.dictionaries(FIELDS, LIKELY, max_size=8)
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that must live through the whole module; what goes wrong in it is raised at its end."""
    faults = Faults(prose=0.1, thinking=0.1, bad_utf8=0.1, empty=0.1, replacement=0.1, truncated=0.1, first_wrong=0.3)
    with Endpoint(faults=faults).running() as running:
        yield running


def lives(url: str) -> bool:
    return raw(url, HEALTH).endswith(b'{"status":"ok"}')


def send(url: str, data: bytes) -> bytes:
    try:
        return raw(url, data)
    except (ConnectionResetError, BrokenPipeError):
        return b""


@SETTINGS
@given(
    data=st.binary(max_size=3000)
    | st.lists(
        st.sampled_from(
            (
                b"GET ",
                b"POST ",
                b"/v1/models",
                b" HTTP/1.1",
                b"\r\n",
                b"\r\n\r\n",
                b"Content-Length: ",
                b"9",
                b"Transfer-Encoding: chunked",
                b"{",
                b"\x00",
                b"Host: x",
            )
        )
    ).map(b"".join)
)
def test_any_bytes(url: str, data: bytes) -> None:
    reply = send(url, data)
    assert reply == b"" or reply.startswith(b"HTTP/1.1 ")
    assert lives(url)


@SETTINGS
@given(cut=st.integers(0, 400), noise=st.binary(max_size=40))
def test_a_request_that_is_broken_somewhere(url: str, cut: int, noise: bytes) -> None:
    whole = post(asked())
    send(url, whole[:cut] + noise + whole[cut + len(noise) :])
    assert lives(url)


@SETTINGS
@given(body=ANY_JSON | BODIES | BODIES.map(lambda body: asked() | body))
def test_any_json(url: str, body: object) -> None:
    reply = send(url, post(json.dumps(body).encode("utf-8", "replace"), "/v1/chat/completions", "Connection: close"))
    assert int(reply.split(b" ", 2)[1]) in (200, 400, 404)


@SETTINGS
@given(
    text=st.text()
    | st.text(alphabet="一二三，。！？“”（）《》\n说是有的 0123年因为所以A<原文>/写组轮种词条")
    | st.just(prompt())
)
def test_any_message(url: str, text: str) -> None:
    data = json.dumps(asked(messages=[user(text), user(text)])).encode()
    assert send(url, post(data, "/v1/chat/completions", "Connection: close")).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_goes_in_the_middle(url: str) -> None:
    whole = post(asked())
    for upto in range(0, len(whole), 97):
        with connected(url) as connection:
            connection.sendall(whole[:upto])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
    assert lives(url)
