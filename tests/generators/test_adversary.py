"""What an outsider's servers showed: failures that are the fault of many requests, and such that are the endpoint's."""

from __future__ import annotations

import pytest

from generators.demo.chat import Answered, ChatRequest, Misbehaviour, Raw, error_body
from generators.demo.server import Endpoint as Server
from generators.pool import SUSPICIOUS
from tests.generators.test_pool import GOOD, ask, causes, error, failing, stopped


@pytest.mark.parametrize("reply", [error(500, "cuda error"), Raw(200, b"<html>"), Misbehaviour("reset")])
def test_more_failing_requests_at_the_end_than_close_an_endpoint_are_given_up_one_by_one(reply: Answered) -> None:
    bad = set(range(30, 30 + SUSPICIOUS + 5))
    with Server(failing(lambda text: text in map(str, bad), reply)).running() as url:
        outcomes, pool = ask([url], range(30 + len(bad)))
    assert set(causes(outcomes)) == bad
    assert pool.blamed_wrongly() == []


@pytest.mark.parametrize("reply", [error(500, "cuda error"), Raw(200, b"<html>"), Misbehaviour("reset")])
def test_an_endpoint_that_fails_for_good_from_the_middle_on_is_given_up(reply: Answered) -> None:
    def answer(request: ChatRequest) -> Answered:
        return GOOD if request.number <= 20 else reply

    told = stopped(answer, deadline_s=0.5, patience_s=1.0)
    assert told.what.startswith("the endpoint gives no usable reply")


def test_a_retry_after_of_years_is_not_waited_for() -> None:
    def answer(request: ChatRequest) -> Answered:
        return Raw(429, error_body("quota", "x"), headers={"retry-after": "1e9"}) if request.number <= 3 else GOOD

    with Server(answer).running() as url:
        outcomes, pool = ask([url], range(20))
    assert causes(outcomes) == {}
    assert set(pool.counts.troubles) == {"status 429"}
