"""Whose fault it is that nothing comes: the request's own, or that of the endpoints."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import pytest

from generators.demo.chat import Answered, ChatRequest, Misbehaviour, Raw
from generators.demo.server import Endpoint as Server
from generators.endpoint import Endpoint
from generators.pool import Answered as Reply
from generators.pool import Pool, StoppedError
from generators.request import Failure
from tests.generators.pooling import (
    GOOD,
    MODEL,
    Outcome,
    ask,
    asking,
    causes,
    dead_url,
    error,
    failing,
    free_port,
    stopped,
)
from validators.errors import SikuError

# ---------------------------------------------------------------- whose fault it is


def test_where_nobody_listens_it_says_so_within_seconds() -> None:
    began = time.monotonic()
    with pytest.raises(SikuError) as caught:
        ask([dead_url(), dead_url()], range(40))
    assert caught.value.exit_code == 4
    assert caught.value.what == "the endpoint cannot be reached"
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_key_or_a_model_that_is_wrong_ends_it_with_the_words_of_the_server(status: int) -> None:
    server_says = error(status, "The model 'x' does not exist")
    told = stopped(lambda request: server_says)
    assert told.what == f"the endpoint refuses: status {status}"
    assert told.why == "The model 'x' does not exist"
    stopped(failing(lambda text: text == "30", server_says))


@pytest.mark.parametrize(
    "reply", [error(500, "no memory"), Raw(200, b"<html>502</html>"), Raw(200, b'{"choices": []}')]
)
def test_nothing_usable_ever_ends_it(reply: Answered) -> None:
    assert stopped(lambda request: reply).what.startswith("the endpoint gives no usable reply")


def test_refusals_without_end_end_it() -> None:
    told = stopped(lambda request: error(429, "quota", **{"retry-after": "0.1"}), patience_s=1.0)
    assert (told.what, told.why) == ("the endpoint gives no usable reply: status 429", "quota")
    told = stopped(lambda request: error(400, "no such parameter"))
    assert (told.what, told.why) == ("the endpoint refuses: status 400", "no such parameter")


def test_it_is_left_alone_when_it_dies_for_good() -> None:
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(Server(lambda request: GOOD, latency_s=0.02).running())]

        async def die(pool: Pool) -> None:
            while pool.counts.delivered < 20:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(stack.close)

        with pytest.raises(SikuError) as caught:
            ask(urls, range(300), patience_s=1.0, meanwhile=die)
    assert (caught.value.what, caught.value.exit_code) == ("the endpoint cannot be reached", 4)


def test_a_server_that_is_started_again_in_time_is_gone_on_with() -> None:
    with contextlib.ExitStack() as stack:
        first, second = Server(lambda request: GOOD, latency_s=0.02), Server(lambda request: GOOD)
        port = free_port()
        urls = [stack.enter_context(first.running(port))]

        async def restart(pool: Pool) -> None:
            while pool.counts.delivered < 20:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(stack.close)
            await asyncio.sleep(0.6)
            await asyncio.to_thread(stack.enter_context, second.running(port))

        outcomes, _ = ask(urls, range(200), meanwhile=restart)
    assert len(outcomes) == 200
    assert causes(outcomes) == {}
    assert second.requests > 100


def test_a_late_start_is_waited_for_however_long_the_input_took_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.pool.FIRST_TRIES_S", 1.5)
    port = free_port()
    with contextlib.ExitStack() as stack:

        async def work() -> Outcome:
            async with Endpoint(f"http://127.0.0.1:{port}/v1") as endpoint:
                pool = Pool([endpoint], MODEL, concurrency=4)
                await asyncio.sleep(2.0)  # the input is read
                sending = asyncio.create_task(pool.send(asking(1), []))
                await asyncio.sleep(0.3)
                await asyncio.to_thread(stack.enter_context, Server(lambda request: GOOD).running(port))
                return await sending

        assert isinstance(asyncio.run(work()), Reply)


def test_one_refusal_after_a_long_reply_is_not_the_end() -> None:
    def answer(request: ChatRequest) -> Answered:
        return error(503, "busy") if request.number == 1 else GOOD

    with Server(answer, latency_s=0.8).running() as url:
        outcomes, pool = ask([url], range(3), concurrency=1, patience_s=0.5)
    assert causes(outcomes) == {}
    assert pool.counts.troubles == {"status 503": 1}


# ---------------------------------------------------------------- single requests that fail


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    ("bad", "reply", "cause"),
    [
        ({0, 1}, error(500, "cuda error"), "status 500"),
        ({57, 58, 59}, error(500, "cuda error"), "status 500"),
        ({0, 1}, error(400, "too long"), "status 400"),
        (set(range(45, 60)), error(400, "too long"), "status 400"),
        ({20, 21}, Raw(200, b"<html>"), "HTML in place of a reply"),
        ({20, 21}, Misbehaviour("reset"), "connection lost"),
    ],
    ids=["500 first", "500 last", "400 first", "many 400 last", "html", "reset"],
)
def test_what_always_fails_is_given_up_and_nothing_else(
    bad: set[int], reply: Answered, cause: str, concurrency: int
) -> None:
    with Server(failing(lambda text: text in map(str, bad), reply)).running() as url:
        outcomes, _ = ask([url], range(60), concurrency=concurrency)
    assert len(outcomes) == 60
    assert causes(outcomes) == dict.fromkeys(bad, cause)


def test_a_refused_request_has_the_words_of_the_server() -> None:
    with Server(failing(lambda text: text == "7", error(400, "4,200 tokens exceed 4,096"))).running() as url:
        outcomes, _ = ask([url], range(20))
    assert outcomes[7] == Failure("status 400", "4,200 tokens exceed 4,096")


@pytest.mark.parametrize("kind", ["hang", "slow_drip"])
def test_a_request_that_is_never_answered_is_given_up(kind: Any) -> None:
    reply = Misbehaviour(kind, pause_s=0.05)
    with Server(failing(lambda text: text == "7", reply)).running() as url:
        outcomes, _ = ask([url], range(20), deadline_s=0.3)
    assert causes(outcomes) == {7: "time-out"}


def test_what_went_wrong_on_the_way_is_told_with_the_endpoint() -> None:
    async def work(url: str) -> list[tuple[Failure, str]]:
        troubles: list[tuple[Failure, str]] = []
        async with Endpoint(url) as endpoint:
            await Pool([endpoint], MODEL, concurrency=1).send(asking(1), troubles)
        return troubles

    def answer(request: ChatRequest) -> Answered:
        return error(500, f"number {request.number}") if request.number < 1 else GOOD

    with Server(answer).running() as url:
        assert asyncio.run(work(url)) == [(Failure("status 500", "number 0"), url)]


# ---------------------------------------------------------------- stopping


def test_when_it_stops_what_is_on_its_way_arrives_and_nothing_else_is_sent() -> None:
    async def work(url: str) -> list[Any]:
        async with Endpoint(url) as endpoint:
            pool = Pool([endpoint], MODEL, concurrency=4)
            await pool.send(asking("first"), [])
            sending = [asyncio.create_task(pool.send(asking(number), [])) for number in range(12)]
            while pool.in_flight < 4:
                await asyncio.sleep(0.01)
            pool.stop()
            return await asyncio.gather(*sending, return_exceptions=True)

    server = Server(lambda request: GOOD, latency_s=0.2)
    with server.running() as url:
        seen = asyncio.run(work(url))
    assert [isinstance(one, Reply) for one in seen] == 4 * [True] + 8 * [False]
    assert all(isinstance(one, StoppedError) for one in seen[4:])
    assert server.requests == 5
