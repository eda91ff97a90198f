"""Everything that real servers do wrong, now and then and always: inputs = answered + dead letters, and only valid rows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from generators.demo.faults import DRAWN, Faults
from generators.demo.server import Endpoint
from tests.generators.synthesis import Made, ask, check_books, knowing, make, write_passages
from validators.errors import SikuError

PASSAGES = 40
DEADLINE_S = 0.4
HARMLESS = ("prose", "thinking")  # a whole answer is in the reply
NO_REPLY = ("error_500", "empty_choices", "html", "reset", "bad_utf8", "slow_drip", "hang")
SPOILT = ("malformed", "truncated", "empty", "replacement")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "段落.jsonl"


@pytest.fixture
def texts(source: Path) -> dict[str, str]:
    return write_passages(source, PASSAGES)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def drawn(fault: str, share: float, **more: Any) -> Faults:
    """This fault befalls such a share of the replies."""
    given: dict[str, Any] = {fault: share, "retry_after_s": 0.05, "drip_s": 0.05, **more}
    return Faults(**given)


def made_of(source: Path, out: Path, faults: Faults, **more: Any) -> Made:
    return make(source, out, knowing, faults=faults, deadline_s=DEADLINE_S, concurrency=16, **more)


def check_figures(made: Made, texts: dict[str, str]) -> None:
    figures = made.run.figures
    assert figures.inputs == figures.done == figures.answered + figures.dead == len(texts)
    assert len(made.dead) == figures.dead
    check_books(made.built.folder, texts)


# ---------------------------------------------------------------- always


@pytest.mark.parametrize("fault", HARMLESS)
def test_always_and_nothing_is_lost_by_it(source: Path, out: Path, texts: dict[str, str], fault: str) -> None:
    made = made_of(source, out, drawn(fault, 1.0))
    check_figures(made, texts)
    assert made.requests == PASSAGES, "no extra requests"
    assert len(made.rows) == 3 * PASSAGES


@pytest.mark.parametrize("fault", ["malformed", "truncated", "replacement"])
def test_always_and_what_is_whole_is_taken(source: Path, out: Path, texts: dict[str, str], fault: str) -> None:
    made = made_of(source, out, drawn(fault, 1.0))
    check_figures(made, texts)
    assert made.run.figures.answered > PASSAGES / 2
    assert all("\ufffd" not in message["content"] for row in made.rows for message in row["messages"])


def test_always_empty_is_all_dead(source: Path, out: Path, texts: dict[str, str]) -> None:
    asked = ask(source, out, faults=Faults(empty=1.0))
    assert (asked.run.figures.inputs, asked.run.figures.dead) == (PASSAGES, PASSAGES)
    assert asked.requests == 4 * PASSAGES
    with pytest.raises(SikuError) as caught:
        made_of(source, out, Faults(empty=1.0))
    assert (caught.value.what, caught.value.exit_code) == ("no document was kept", 3)


@pytest.mark.parametrize("fault", [*NO_REPLY, "error_503", "error_429"])
def test_always_and_it_is_said_whose_fault_that_is(source: Path, out: Path, texts: dict[str, str], fault: str) -> None:
    began = time.monotonic()
    with pytest.raises(SikuError) as caught:
        ask(
            source,
            out,
            faults=drawn(fault, 1.0),
            deadline_s=DEADLINE_S,
            patience_s=1.0,
        )
    assert caught.value.exit_code == 4
    assert len(caught.value.lines()) == 4
    assert time.monotonic() - began < 30
    made = make(source, out)
    assert made.run.figures.dead == 0, "nothing that the server did wrong is held against a passage"
    check_figures(made, texts)


# ---------------------------------------------------------------- now and then


@pytest.mark.parametrize("fault", [*HARMLESS, *SPOILT, *NO_REPLY, "error_503", "error_429"])
def test_now_and_then_and_nothing_is_lost_by_it(source: Path, out: Path, texts: dict[str, str], fault: str) -> None:
    made = made_of(source, out, drawn(fault, 0.2))
    check_figures(made, texts)
    assert made.run.figures.dead <= 2, "two time-outs after each other are too many"
    assert made.requests <= 2 * PASSAGES


def test_all_of_it_at_once(source: Path, out: Path) -> None:
    texts = write_passages(source, 150)
    others: dict[str, Any] = dict.fromkeys(DRAWN, 0.03)
    made = made_of(source, out, drawn("first_wrong", 0.2, max_in_flight=12, **others))
    check_figures(made, texts)
    assert made.run.figures.dead <= 5
    assert made.run.figures.repaired >= 20
    assert made.requests <= 2.2 * 150


# ---------------------------------------------------------------- the form of the reply


@pytest.mark.parametrize(
    "refused",
    [("json_schema",), ("json_schema", "json_object"), ("json_schema", "json_object", "guided"), ("guided",)],
    ids="+".join,
)
def test_a_form_that_is_refused_costs_one_request(
    source: Path, out: Path, texts: dict[str, str], refused: tuple[str, ...]
) -> None:
    made = made_of(source, out, Faults(refuse_response_format=refused))
    check_figures(made, texts)
    tried = len(refused) if "json_schema" in refused else 0
    assert made.requests == PASSAGES + tried
    assert made.run.figures.dead == 0


def test_a_form_that_is_ignored_costs_nothing(source: Path, out: Path, texts: dict[str, str]) -> None:
    made = made_of(source, out, Faults(ignore_response_format=True))
    check_figures(made, texts)
    assert made.requests == PASSAGES
    assert len(made.rows) == 3 * PASSAGES


def test_refused_by_one_endpoint_and_ignored_by_the_other(source: Path, out: Path, texts: dict[str, str]) -> None:
    refusing = Endpoint(knowing, Faults(refuse_response_format=("json_schema", "json_object")), latency_s=0.01)
    ignoring = Endpoint(knowing, Faults(ignore_response_format=True), latency_s=0.01)
    with refusing.running() as one, ignoring.running() as two:
        made = make(source, out, endpoints=[one, two])
    check_figures(made, texts)
    assert refusing.by_fault["refuse_response_format"] == 2
    assert refusing.requests + ignoring.requests == PASSAGES + 2


# ---------------------------------------------------------------- replies that are wrong until they are repaired


def test_every_first_reply_wrong_is_two_requests_a_row(source: Path, out: Path, texts: dict[str, str]) -> None:
    made = made_of(source, out, Faults(first_wrong=1.0), settings=["steps.QuestionAnswers.pairs=1-1"])
    check_figures(made, texts)
    assert made.requests == 2 * PASSAGES
    assert len(made.rows) == PASSAGES
    assert made.run.figures.repaired == PASSAGES
    assert made.run.figures.dead == 0
    assert {row["attempts"] for row in made.rows} == {2}


def test_always_bad_passages_and_only_they_are_dead(source: Path, out: Path, texts: dict[str, str]) -> None:
    name = texts["p00007"][:3]
    bad = {id for id, text in texts.items() if name in text}
    made = made_of(source, out, Faults(poison=name, error_500=0.05, malformed=0.1))
    check_figures(made, texts)
    assert set(made.dead) == bad
    assert all(reason.startswith("no reply: status 500") for reason in made.dead.values())


# ---------------------------------------------------------------- a server that takes few at once


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_server_that_takes_few_at_once(source: Path, out: Path, texts: dict[str, str], at_once: int) -> None:
    faults = Faults(max_in_flight=at_once, retry_after_s=0.05)
    made = make(source, out, faults=faults, concurrency=32, latency_s=0.01)
    check_figures(made, texts)
    assert made.run.figures.dead == 0
    assert made.run.troubles["status 429"] <= 2 * 32
