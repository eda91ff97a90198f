"""Asking about a whole input: everything is answered or dead, nothing is paid for twice, whatever comes between."""

from __future__ import annotations

import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builders.engine.recipe import find_recipe
from generators.demo.chat import Answered, ChatRequest, Raw, error_body
from generators.demo.faults import Faults
from generators.demo.server import Endpoint
from generators.journal import Journal
from generators.pool import Pool
from generators.progress import SynthesisProgress
from generators.synthesise import Figures, Order, synthesise, task_of
from tests.generators.synthesis import ask, check_books, in_json, knowing, make, passage_in, write_passages
from tests.running import HOME, digests
from validators.errors import SikuError

RECIPE = find_recipe("synth-qa", HOME / "recipes")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "段落.jsonl"


@pytest.fixture
def texts(source: Path) -> dict[str, str]:
    return write_passages(source, 24)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


# ---------------------------------------------------------------- the usual way


def test_a_request_a_passage_and_three_rows_each(source: Path, out: Path, texts: dict[str, str]) -> None:
    made = make(source, out)
    assert (made.run.figures.inputs, made.run.figures.answered, made.run.figures.dead) == (24, 24, 0)
    assert made.requests == made.run.requests == 24
    assert len(made.rows) == 72
    assert made.run.figures.samples == 72
    assert made.run.prompt_tokens > 0
    check_books(made.built.folder, texts)
    assert {row["model"] for row in made.rows} == {"siku-demo-rules"}
    assert {row["attempts"] for row in made.rows} == {1}


@pytest.mark.parametrize("concurrency", [1, 3, 64])
def test_the_bytes_do_not_depend_on_how_many_are_asked_at_once(
    source: Path, out: Path, tmp_path: Path, texts: dict[str, str], concurrency: int
) -> None:
    def answer(request: ChatRequest) -> str:
        """Every third passage is answered wrongly first."""
        is_first = len(request.texts("user")) == 1
        wrong = [("他在哪里？", "无人知道")]
        return in_json(wrong) if is_first and len(passage_in(request)) % 3 == 0 else knowing(request)

    one = make(source, out, answer)
    other = make(source, tmp_path / "other", answer, concurrency=concurrency, latency_s=0.003)
    assert one.run.figures.repaired > 0
    assert digests(other.built.folder) == digests(one.built.folder)


def test_the_same_again_sends_nothing(source: Path, out: Path, texts: dict[str, str]) -> None:
    first, again = make(source, out), make(source, out)
    assert again.requests == 0
    assert again.built.already
    assert again.run.figures.inputs == 24
    assert digests(again.built.folder) == digests(first.built.folder)


def test_what_was_asked_before_is_not_asked_for_a_longer_input(source: Path, out: Path, texts: dict[str, str]) -> None:
    first = make(source, out, limit=10)
    assert (first.requests, first.run.figures.inputs, len(first.rows)) == (10, 10, 30)
    longer = out.parent / "longer.jsonl"
    write_passages(longer, 30)
    asked = ask(longer, out, version="2")
    assert asked.requests == 20
    figures = asked.run.figures
    assert (figures.inputs, figures.answered, figures.from_journal) == (30, 30, 10)


def test_equal_passages_are_asked_about_once(source: Path, out: Path) -> None:
    texts = write_passages(source, 4)
    rows = [{"id": f"q{number}", "text": text} for number, text in enumerate([*texts.values()] * 5)]
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    made = make(source, out, latency_s=0.05, concurrency=16)
    assert made.requests == 4
    assert made.run.figures.answered == 20
    assert len(made.rows) == 12, "one of the copies of each pair stays"
    assert made.built.manifest["duplicates"] == 48


def test_an_input_without_passages(source: Path, out: Path) -> None:
    source.write_text("", encoding="utf-8")
    with pytest.raises(SikuError) as caught:
        make(source, out)
    assert caught.value.exit_code == 2
    assert "nothing could be read" in caught.value.what


# ---------------------------------------------------------------- changed settings and checks


def test_what_the_model_is_told_is_asked_anew_and_nothing_else(source: Path, out: Path, texts: dict[str, str]) -> None:
    ask(source, out)
    for setting, requests in (("pairs=2-2", 24), ("repairs=5", 0), ("fresh_samples=0", 0), ("pairs=2-2", 0)):
        asked = ask(source, out, settings=[f"steps.QuestionAnswers.{setting}"])
        assert asked.requests == requests, setting
        assert asked.run.figures.answered == 24


def test_another_model_is_asked_anew(source: Path, out: Path, texts: dict[str, str]) -> None:
    ask(source, out)
    asked = ask(source, out, model="qwen")
    assert asked.requests == 24
    assert task_of(asked.run.recipe).model == "qwen"


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("dead_first", [True, False])
def test_a_dead_endpoint_beside_a_good_one_is_done_without(
    source: Path, out: Path, texts: dict[str, str], dead_first: bool
) -> None:
    with Endpoint().running() as dead:
        pass
    server = Endpoint(knowing)
    with server.running() as url:
        urls = [dead, url] if dead_first else [url, dead]
        made = make(source, out, endpoints=urls)
    assert server.requests == 24
    assert made.run.figures.answered == 24
    check_books(made.built.folder, texts)


def test_two_endpoints_with_different_models_need_a_name(source: Path, out: Path, texts: dict[str, str]) -> None:
    with (
        Endpoint(knowing, model="a").running() as one,
        Endpoint(knowing, model="b").running() as two,
        pytest.raises(SikuError) as caught,
    ):
        ask(source, out, endpoints=[one, two])
    assert caught.value.exit_code == 2
    assert "a, b" in caught.value.why
    assert "--model" in caught.value.next


def test_a_model_that_the_server_does_not_have_ends_it(source: Path, out: Path, texts: dict[str, str]) -> None:
    with Endpoint(knowing).running() as url, pytest.raises(SikuError) as caught:
        order = Order(recipe=RECIPE, inputs=[source], out=out, endpoints=[url], model="qwen-99b")
        synthesise(order, SynthesisProgress(quiet=True))
    assert caught.value.exit_code == 4
    assert "qwen-99b" in caught.value.why


def test_a_finished_dataset_is_found_without_the_endpoint(source: Path, out: Path, texts: dict[str, str]) -> None:
    server = Endpoint(knowing)
    with server.running() as url:
        make(source, out, endpoints=[url])
    again = make(source, out, endpoints=[url])
    assert again.built.already
    assert again.run.requests == 0


def test_a_finished_dataset_is_found_without_its_journal(source: Path, out: Path, texts: dict[str, str]) -> None:
    first = make(source, out, poisoned(texts, "p00003"))
    shutil.rmtree(out / ".siku")
    again = make(source, out)
    assert (again.requests, again.built.already) == (0, True)
    figures = [(one.run.figures.inputs, one.run.figures.answered, one.run.figures.dead) for one in (first, again)]
    assert figures == 2 * [(24, 23, 1)]


def test_a_dataset_that_was_removed_is_made_again_out_of_the_journal(
    source: Path, out: Path, texts: dict[str, str]
) -> None:
    before = digests(make(source, out).built.folder)
    shutil.rmtree(out / "synth-qa")
    again = make(source, out)
    assert again.requests == 0
    assert digests(again.built.folder) == before


# ---------------------------------------------------------------- dead letters


def poisoned(texts: dict[str, str], *ids: str) -> Any:
    bad = {texts[id] for id in ids}

    def answer(request: ChatRequest) -> Answered:
        if passage_in(request) in bad:
            return Raw(500, error_body("cuda error", "server_error"))
        return knowing(request)

    return answer


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("bad", [("p00000", "p00001"), ("p00022", "p00023")], ids=["first", "last"])
def test_what_always_fails_and_only_that_is_dead(
    source: Path, out: Path, texts: dict[str, str], bad: tuple[str, ...], concurrency: int
) -> None:
    made = make(source, out, poisoned(texts, *bad), concurrency=concurrency)
    assert set(made.dead) == set(bad)
    assert all(reason == "no reply: status 500: cuda error" for reason in made.dead.values())
    assert (made.run.figures.answered, made.run.figures.dead) == (22, 2)
    check_books(made.built.folder, texts)


def test_where_only_dead_ones_are_left_the_same_command_comes_to_an_end(
    source: Path, out: Path, texts: dict[str, str]
) -> None:
    """As after a kill at the very end: the server gives no reply in the second run but to a greeting."""
    bad = ("p00003", "p00017")
    make(source, out, poisoned(texts, *bad), concurrency=1)
    with Journal(out / ".siku" / "journals" / "synth-qa.journal") as journal:
        assert journal.forget_given_up() == 2
    again = make(source, out, poisoned(texts, *bad), concurrency=1)
    assert set(again.dead) == set(bad)
    assert again.requests <= 40


def test_a_refused_passage_has_the_words_of_the_server(source: Path, out: Path, texts: dict[str, str]) -> None:
    too_long = Raw(400, error_body("This model's maximum context length is 2048 tokens", "invalid_request_error"))

    def answer(request: ChatRequest) -> Answered:
        return too_long if passage_in(request) == texts["p00011"] else knowing(request)

    made = make(source, out, answer)
    assert made.dead == {"p00011": "no reply: status 400: This model's maximum context length is 2048 tokens"}


def test_dead_ones_are_asked_again_only_when_that_is_wanted(source: Path, out: Path, texts: dict[str, str]) -> None:
    make(source, out, poisoned(texts, "p00003"))
    again = make(source, out)
    assert (again.requests, again.run.figures.dead) == (0, 1)
    wanted = ask(source, out, retry_dead=True)
    assert (wanted.requests, wanted.run.figures.dead) == (1, 0)


def test_too_many_dead_ones_stop_it_early_and_say_why(source: Path, out: Path, texts: dict[str, str]) -> None:
    def answer(request: ChatRequest) -> str:
        return knowing(request) if passage_in(request) == texts["p00023"] else "抱歉，我不能回答。"

    with pytest.raises(SikuError) as caught:
        ask(source, out, answer, max_failed=0.25, concurrency=1)
    assert caught.value.exit_code == 3
    assert "--max-failed 0.25" in caught.value.what
    assert caught.value.why == "7 x no valid sample: no_json"
    assert make(source, out, answer).run.figures.dead == 23


def test_the_history_of_a_dead_letter_is_evidence(source: Path, out: Path) -> None:
    texts = write_passages(source, 2)

    def answer(request: ChatRequest) -> str:
        return in_json([("他在哪里？", "无人知道")]) if passage_in(request) == texts["p00001"] else knowing(request)

    made = make(source, out, answer)
    assert set(made.dead) == {"p00001"}
    assert re.match(r"no valid sample: \w+: in 4 replies: ", made.dead["p00001"])
    evidence = [
        row for path in (made.built.folder / "evidence").glob("*.parquet") for row in pq.read_table(path).to_pylist()
    ]
    told = [row for row in evidence if row["id"] == "p00001"]
    assert len(told) == 4
    assert all("他在哪里？" in row["text"] and row["kind"].startswith("refused: ") for row in told)


# ---------------------------------------------------------------- the ledger of a run


def test_what_went_wrong_on_the_way_is_in_the_journal(source: Path, out: Path, texts: dict[str, str]) -> None:
    made = make(source, out, faults=Faults(error_500=0.2, error_429=0.1, retry_after_s=0.0))
    assert made.run.figures.answered == 24
    assert set(made.run.troubles) <= {"status 500", "status 429"}
    with Journal(out / ".siku" / "journals" / "synth-qa.journal", read_only=True) as journal:
        counts = journal.counts()
    assert counts["failed_tries"] == sum(made.run.troubles.values()) > 0
    assert counts["replies"] == 24
    assert made.requests == 24 + counts["failed_tries"]


def test_the_watch_is_told_after_every_passage(source: Path, out: Path, texts: dict[str, str]) -> None:
    seen: list[tuple[int, int]] = []

    class Watch:
        def update(self, figures: Figures, pool: Pool | None) -> None:
            seen.append((figures.done, figures.inputs))

    with Endpoint(knowing).running() as url:
        synthesise(Order(recipe=RECIPE, inputs=[source], out=out, endpoints=[url]), Watch())
    assert [one for one in seen if one[0]] == [(number, 24) for number in range(1, 25)]


def test_signals_are_as_they_were_when_it_is_over(source: Path, out: Path, texts: dict[str, str]) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        ask(source, out)
        assert [signal.getsignal(number) for number in numbers] == 2 * [signal.default_int_handler]
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def test_a_recipe_that_asks_no_model() -> None:
    with pytest.raises(SikuError, match="asks no model"):
        task_of(find_recipe("text-pretrain", HOME / "recipes"))
