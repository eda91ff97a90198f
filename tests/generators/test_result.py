"""What is kept of a judged passage: it comes back as it was, and not where anything that decides it has changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Note
from builders.engine.recipe import Recipe, find_recipe
from generators.demo.server import Endpoint
from generators.progress import SynthesisProgress
from generators.question_answers import QuestionAnswers
from generators.result import Result, result_key
from generators.synthesise import Order, Synthesised, synthesise
from generators.task import Passage
from tests.running import HOME
from validators.step import Verdict

texts = st.text(st.characters(codec="utf-8"), max_size=20)
verdicts = st.builds(Verdict, texts, texts)


@given(
    st.builds(
        Result,
        samples=st.lists(st.dictionaries(texts, texts | st.integers(-9, 9) | st.lists(texts)), max_size=3).map(tuple),
        dead=st.none() | verdicts,
        notes=st.lists(st.builds(Note, texts, texts), max_size=3).map(tuple),
        attempts=st.integers(0, 9),
        repaired=st.booleans(),
        replies=st.integers(0, 2**256 - 1),
    )
)
def test_a_result_comes_back_as_it_was(result: Result) -> None:
    assert Result.from_json(result.to_json()) == result


@pytest.mark.parametrize(
    "change",
    [
        {"text": "另一段原文。"},
        {"id": "q"},
        {"wanted": 4},
        {"least": 2},
        {"meta": {"title": "雪夜"}},
    ],
)
def test_the_key_depends_on_the_passage(change: dict[str, Any]) -> None:
    passage = Passage("p", "雪停了。", wanted=3, least=1)
    assert result_key(QuestionAnswers(), passage) == result_key(QuestionAnswers(), dataclasses.replace(passage))
    assert result_key(QuestionAnswers(), passage) != result_key(
        QuestionAnswers(), dataclasses.replace(passage, **change)
    )


def test_the_key_depends_on_the_settings_and_not_on_where_the_journal_lies() -> None:
    passage = Passage("p", "雪停了。")
    plain = result_key(QuestionAnswers(), passage)
    assert result_key(QuestionAnswers(max_question_chars=20), passage) != plain
    assert result_key(QuestionAnswers(model="qwen"), passage) != plain
    assert result_key(QuestionAnswers(journal="/elsewhere", replies="ab"), passage) == plain


def run(url: str, out: Path, recipe: Recipe) -> Synthesised:
    order = Order(recipe=recipe, inputs=[HOME / "examples" / "texts"], out=out, endpoints=[url])
    return synthesise(order, SynthesisProgress(quiet=True))


def test_a_setting_that_only_judges_costs_no_request(tmp_path: Path) -> None:
    """Longer answers are refused now: the same replies are judged again, and asked for is only what that lacks."""
    recipe = find_recipe("synth-qa", HOME / "recipes")
    with Endpoint().running() as url:
        first = run(url, tmp_path, recipe)
        again = run(url, tmp_path, recipe)
        parts = recipe.parts()
        parts["steps.QuestionAnswers"] = QuestionAnswers(repairs=0, fresh_samples=0)
        judged = run(url, tmp_path, recipe.with_parts(parts))
    assert first.requests == first.figures.inputs > 0
    assert (again.requests, again.figures.samples) == (0, first.figures.samples)
    assert (judged.requests, judged.figures.from_journal) == (0, first.figures.inputs)
