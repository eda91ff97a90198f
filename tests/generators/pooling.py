"""What the tests of the pool share: requests, a server that fails on some, workers that send."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from generators.demo.chat import Answer, Answered, ChatRequest, Raw, error_body
from generators.demo.server import Endpoint as Server
from generators.endpoint import Endpoint
from generators.pool import Answered as Reply
from generators.pool import Pool
from generators.request import Failure, Request
from generators.task import object_schema
from validators.errors import SikuError

SCHEMA = object_schema({"name": {"type": "string"}})
GOOD = '{"name": "雪"}'
MODEL = "siku-demo-rules"
Outcome = Reply | Failure
Meanwhile = Callable[[Pool], Awaitable[None]]


def asking(text: object) -> Request:
    return Request(({"role": "user", "content": f"{text}？"},), "Names/1", schema=SCHEMA)


def ask(
    urls: Sequence[str],
    texts: Sequence[object],
    *,
    concurrency: int = 8,
    deadline_s: float = 20.0,
    patience_s: float = 20.0,
    meanwhile: Meanwhile | None = None,
) -> tuple[list[Outcome], Pool]:
    """What became of requests, two workers for every slot as in a synthesis. Raises what the pool raises."""

    async def work() -> tuple[list[Outcome], Pool]:
        async with contextlib.AsyncExitStack() as stack:
            endpoints = [await stack.enter_async_context(Endpoint(url, deadline_s=deadline_s)) for url in urls]
            pool = Pool(endpoints, MODEL, concurrency=concurrency, patience_s=patience_s)
            outcomes: list[Outcome | None] = [None] * len(texts)
            waiting = iter(enumerate(texts))

            async def worker() -> None:
                for place, text in waiting:
                    request = asking(text)
                    outcomes[place] = await pool.send(request, [])

            async with asyncio.TaskGroup() as group:
                if meanwhile:
                    group.create_task(meanwhile(pool))  # type: ignore[arg-type]
                for _ in range(2 * concurrency):
                    group.create_task(worker())
        return [one for one in outcomes if one is not None], pool

    try:
        return asyncio.run(work())
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


def texts_of(request: ChatRequest) -> str:
    return request.texts("user")[0].removesuffix("？")


def failing(on: Callable[[str], bool], reply: Answered) -> Answer:
    """A server that answers so where the text is such, and well otherwise."""
    return lambda request: reply if on(texts_of(request)) else GOOD


def error(status: int, words: str = "told to fail", **headers: str) -> Raw:
    return Raw(status, error_body(words, "server_error"), headers=headers)


def causes(outcomes: Sequence[Outcome]) -> dict[int, str]:
    return {place: one.cause for place, one in enumerate(outcomes) if isinstance(one, Failure)}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def dead_url() -> str:
    return f"http://127.0.0.1:{free_port()}/v1"


def stopped(answer: Answer, texts: Sequence[object] = range(40), **given: Any) -> SikuError:
    """What a pool says of a server that answers so, when it leaves it alone."""
    began = time.monotonic()
    with Server(answer).running() as url, pytest.raises(SikuError) as caught:
        ask([url], texts, **given)
    assert caught.value.exit_code == 4
    assert caught.value.where == url
    assert len(caught.value.lines()) == 4
    assert time.monotonic() - began < 15
    return caught.value
