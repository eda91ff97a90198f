"""Several endpoints as one: nothing is lost while one of them gives replies, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from generators.demo.chat import Answer, Answered, ChatRequest, Misbehaviour, Raw, error_body
from generators.demo.faults import Faults
from generators.demo.server import Endpoint as Server
from generators.endpoint import Endpoint
from generators.pool import Answered as Reply
from generators.pool import Pool, StoppedError
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


# ---------------------------------------------------------------- whose fault it is


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
