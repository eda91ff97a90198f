"""Several endpoints as one: nothing is lost while one of them gives replies."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from generators.demo.chat import Answered, ChatRequest, Misbehaviour, Raw
from generators.demo.faults import Faults
from generators.demo.server import Endpoint as Server
from generators.pool import Pool
from tests.generators.pooling import (
    GOOD,
    ask,
    causes,
    dead_url,
    error,
    texts_of,
)

# ---------------------------------------------------------------- one endpoint


@pytest.mark.parametrize("concurrency", [1, 7])
def test_everything_is_answered_and_never_more_is_on_its_way_than_may_be(concurrency: int) -> None:
    server = Server(lambda request: GOOD, latency_s=0.01)
    with server.running() as url:
        outcomes, pool = ask([url], range(60), concurrency=concurrency)
    assert len(outcomes) == 60
    assert causes(outcomes) == {}
    assert server.in_flight_max == concurrency
    assert server.requests == pool.counts.sent == pool.counts.delivered == 60
    assert pool.counts.prompt_tokens > 0


def test_a_request_waits_as_long_as_the_server_says() -> None:
    asked_s: list[float] = []

    def answer(request: ChatRequest) -> Answered:
        asked_s.append(time.monotonic())
        return error(429, **{"retry-after": "0.4"}) if len(asked_s) == 1 else GOOD

    with Server(answer).running() as url:
        outcomes, pool = ask([url], [1])
    assert causes(outcomes) == {}
    assert asked_s[1] - asked_s[0] >= 0.4
    assert pool.counts.troubles == {"status 429": 1}


def test_first_come_first_served() -> None:
    asked: list[str] = []

    def answer(request: ChatRequest) -> str:
        asked.append(texts_of(request))
        return GOOD

    with Server(answer, latency_s=0.005).running() as url:
        ask([url], range(60), concurrency=4)
    places = [abs(int(text) - place) for place, text in enumerate(asked)]
    assert max(places) <= 12, "nobody waits while others go twice"


def test_a_server_that_takes_few_at_once_is_not_pestered() -> None:
    server = Server(lambda request: GOOD, Faults(max_in_flight=4, retry_after_s=0.0), latency_s=0.01)
    with server.running() as url:
        outcomes, _ = ask([url], range(400), concurrency=64)
    assert causes(outcomes) == {}
    assert server.in_flight_max <= 64
    assert server.by_fault["max_in_flight"] <= 200


def test_forms_are_found_out_by_one_request_at_a_time() -> None:
    refused = ("json_schema", "json_object", "guided")
    servers = [Server(lambda request: GOOD, Faults(refuse_response_format=refused)) for _ in range(2)]
    with servers[0].running() as one, servers[1].running() as two:
        outcomes, pool = ask([one, two], range(100), concurrency=32)
    assert causes(outcomes) == {}
    assert [server.by_fault for server in servers] == 2 * [{"refuse_response_format": 3}]
    assert sum(server.requests for server in servers) == pool.counts.sent == 106


# ---------------------------------------------------------------- several endpoints


def test_two_alike_have_alike_to_do() -> None:
    servers = [Server(lambda request: GOOD, latency_s=0.01) for _ in range(2)]
    with servers[0].running() as one, servers[1].running() as two:
        outcomes, _ = ask([one, two], range(300), concurrency=8)
    assert causes(outcomes) == {}
    assert all(100 <= server.requests <= 200 for server in servers)


def test_the_quicker_one_has_more_to_do() -> None:
    quick, slow = Server(lambda request: GOOD, latency_s=0.005), Server(lambda request: GOOD, latency_s=0.1)
    with quick.running() as one, slow.running() as two:
        ask([one, two], range(300), concurrency=8)
    assert quick.requests > 2 * slow.requests > 0


def test_one_that_is_dead_from_the_start_costs_nothing() -> None:
    with Server(lambda request: GOOD, latency_s=0.01).running() as url:
        outcomes, pool = ask([dead_url(), url], range(200))
    assert len(outcomes) == 200
    assert causes(outcomes) == {}
    assert pool.counts.troubles["no connection"] <= 20


def test_one_that_is_dead_does_not_end_it_while_the_other_thinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.pool.FIRST_TRIES_S", 0.4)

    def answer(request: ChatRequest) -> str:
        if request.number == 0:
            time.sleep(2.0)
        return GOOD

    with Server(answer).running() as url:
        outcomes, _ = ask([dead_url(), url], range(40))
    assert len(outcomes) == 40
    assert causes(outcomes) == {}


def test_one_that_dies_halfway_is_replaced_by_the_other() -> None:
    with contextlib.ExitStack() as stack:
        mortal, other = (Server(lambda request: GOOD, latency_s=0.02) for _ in range(2))
        dying = stack.enter_context(contextlib.ExitStack())
        urls = [dying.enter_context(mortal.running()), stack.enter_context(other.running())]

        async def die(pool: Pool) -> None:
            while pool.counts.delivered < 60:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(dying.close)

        outcomes, pool = ask(urls, range(300), meanwhile=die)
    assert len(outcomes) == 300
    assert causes(outcomes) == {}
    assert mortal.requests < 150 < other.requests
    assert set(pool.counts.troubles) <= {"no connection", "connection lost"}


@pytest.mark.parametrize(
    "reply",
    [error(500), Raw(200, b"<html>502</html>", "text/html"), error(503), Misbehaviour("reset"), error(400)],
    ids=["500", "html", "503", "reset", "400"],
)
def test_one_that_only_fails_loses_nothing_beside_one_that_works(reply: Answered) -> None:
    broken, good = Server(lambda request: reply), Server(lambda request: GOOD, latency_s=0.02)
    with broken.running() as one, good.running() as two:
        outcomes, _ = ask([one, two], range(200))
    assert len(outcomes) == 200
    assert causes(outcomes) == {}
    assert broken.requests < 200
