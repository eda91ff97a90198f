"""What an outsider's servers showed: failures that are the fault of many requests, and such that are the endpoint's."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.demo.chat import Answered, ChatRequest, Misbehaviour, Raw, error_body
from generators.demo.server import Endpoint as Server
from generators.pool import SUSPICIOUS
from generators.probe import probe
from tests.generators import synthesis
from tests.generators.pooling import GOOD, ask, causes, error, failing, stopped
from tests.generators.synthesis import check_books, knowing, make, write_passages
from validators.errors import SikuError


@pytest.mark.parametrize("reply", [error(500, "cuda error"), Raw(200, b"<html>"), Misbehaviour("reset")])
def test_more_failing_requests_at_the_end_than_close_an_endpoint_are_given_up_one_by_one(reply: Answered) -> None:
    bad = set(range(30, 30 + SUSPICIOUS + 5))
    with Server(failing(lambda text: text in map(str, bad), reply)).running() as url:
        outcomes, _ = ask([url], range(30 + len(bad)))
    assert set(causes(outcomes)) == bad


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


@pytest.mark.slow
def test_what_an_endpoint_failed_on_before_the_run_ended_is_asked_again(tmp_path: Path) -> None:
    source, out = tmp_path / "passages.jsonl", tmp_path / "out"
    texts = write_passages(source, 40)

    def answer(request: ChatRequest) -> Answered:
        return knowing(request) if request.number <= 6 else error(500, "no memory")

    with pytest.raises(SikuError) as caught:
        synthesis.ask(source, out, answer, max_failed=0.05)
    assert caught.value.exit_code == 3
    made = make(source, out)
    assert made.dead == {}
    check_books(made.built.folder, texts)
    assert made.requests <= 40, "what was answered is kept"


def test_the_demo_can_be_examined() -> None:
    assert probe("demo")["counts_tokens"] is True
