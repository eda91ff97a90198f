"""What a server, or the network before it, does wrong: each is told to `Proxy` by its script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.servers.proxy import Behaviour, Exchange, Reply

MARK = "\ue000"  # for private use, so no model's text holds it


@dataclass(frozen=True)
class Pass:
    """The server's reply, byte by byte as it comes."""

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.ask(relay=True)


@dataclass(frozen=True)
class Delay:
    """Wait before anything is done."""

    delay_s: float
    then: Behaviour = field(default_factory=Pass)

    async def __call__(self, exchange: Exchange) -> None:
        await asyncio.sleep(self.delay_s)
        await self.then(exchange)


@dataclass(frozen=True)
class Hang:
    """Read the request and never say a word."""

    async def __call__(self, exchange: Exchange) -> None:
        await asyncio.Event().wait()  # ends when the client goes or the proxy stops


@dataclass(frozen=True)
class Reset:
    """Reset the connection before a reply; the server is not asked."""

    async def __call__(self, exchange: Exchange) -> None:
        exchange.reset()


@dataclass(frozen=True)
class ResetMidBody:
    """The head and half of the body, then a reset."""

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send(_half(await exchange.ask()))
        exchange.reset()


@dataclass(frozen=True)
class CutBody:
    """The head and half of the body, then an orderly end of the connection."""

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send(_half(await exchange.ask()))
        exchange.close()


@dataclass(frozen=True)
class Garbage:
    """Bytes that are not HTTP; by default an alert of TLS, as from a port that wants https."""

    data: bytes = b"\x15\x03\x03\x00\x02\x02\x46\r\n\r\n"

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send(self.data)
        exchange.close()


@dataclass(frozen=True)
class Status:
    """An error of this status instead of the server's reply, with the body that OpenAI's servers send."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "told to fail"

    async def __call__(self, exchange: Exchange) -> None:
        error = {"message": self.message, "type": "scripted_error", "code": self.status}
        headers = {"content-type": "application/json", **self.headers}
        await exchange.send(_reply(self.status, headers, json.dumps({"error": error}).encode()).encoded)


@dataclass(frozen=True)
class Html:
    """Status 200 and a page, as gateways and login walls send it; some call it JSON."""

    content_type: str = "text/html; charset=utf-8"
    body: str = "<!doctype html><title>504</title><p>请稍候"

    async def __call__(self, exchange: Exchange) -> None:
        headers = {"content-type": self.content_type}
        await exchange.send(_reply(200, headers, self.body.encode()).encoded)


@dataclass(frozen=True)
class BadUtf8:
    """The server's chat completion with bytes in its text that are no UTF-8."""

    async def __call__(self, exchange: Exchange) -> None:
        def spoil(completion: Any) -> Any:
            completion["choices"][0]["message"]["content"] += MARK
            return completion

        reply = (await exchange.ask()).changed(spoil)
        body = reply.body.replace(MARK.encode(), b"\xe5\x9b\xff")
        await exchange.send(Reply(reply.status, reply.headers, body).encoded)


@dataclass(frozen=True)
class EmptyChoices:
    """The server's chat completion without its choices."""

    async def __call__(self, exchange: Exchange) -> None:
        reply = await exchange.ask()
        await exchange.send(reply.changed(lambda completion: completion | {"choices": []}).encoded)


@dataclass(frozen=True)
class Drip:
    """The server's reply in pieces with pauses: each read is quick, the whole is not."""

    piece_bytes: int = 100
    pause_s: float = 0.05

    async def __call__(self, exchange: Exchange) -> None:
        data = (await exchange.ask()).encoded
        for start in range(0, len(data), self.piece_bytes):
            if start:
                await asyncio.sleep(self.pause_s)
            await exchange.send(data[start : start + self.piece_bytes])


@dataclass(frozen=True)
class CloseAfter:
    """The server's reply, which promises to keep the connection; then it is not kept.

    With `on_next` the connection is reset when the next request comes: a client that looks first does not see it.
    """

    on_next: bool = False

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send((await exchange.ask()).encoded)
        if self.on_next:
            await exchange.heard
            exchange.reset()
        else:
            exchange.close()


def _reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    return Reply(status, tuple((name.encode(), value.encode()) for name, value in headers.items()), body)


def _half(reply: Reply) -> bytes:
    data = reply.encoded
    return data[: len(data) - len(reply.body) // 2]
