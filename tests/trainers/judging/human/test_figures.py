"""Figures of people's scores against what is known of them."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainers.judging.human.test_items import some_items
from trainers.judging.human.alpha import _alphas, _coincidences, alpha
from trainers.judging.human.figures import Material, Rater, human_figures
from trainers.judging.human.table import as_markdown, sentences
from trainers.judging.rubric import CONTINUATION, Axis, Rubric
from validators.agreement import Level, krippendorff_alpha

UNITS = st.lists(st.lists(st.integers(1, 5), max_size=4), min_size=1, max_size=12)
AXES = [axis.name for axis in CONTINUATION.axes]


@settings(max_examples=60, deadline=None)
@given(UNITS, st.sampled_from(["nominal", "ordinal"]))
def test_alpha_of_a_draw_is_alpha(units: list[list[int]], level: Level) -> None:
    """The tables that are drawn from give the very figure that validators/agreement.py gives."""
    shared = [unit for unit in units if len(unit) > 1]
    expected = krippendorff_alpha(units, level)
    values = sorted({value for unit in shared for value in unit})
    if not values:
        assert expected is None
        return
    table = np.array([_coincidences([unit], values) for unit in shared]).sum(axis=0).reshape(1, len(values), -1)
    found = float(_alphas(table, level)[0])
    assert (expected is None) == (not np.isfinite(found))
    assert expected is None or found == pytest.approx(expected)


def noisy(dice: random.Random, truth: int, noise: float) -> int:
    return dice.randint(1, 5) if dice.random() < noise else truth


def test_the_interval_of_alpha_holds_what_many_rows_give() -> None:
    dice = random.Random(2)

    def rows(count: int) -> dict[str, list[list[int]]]:
        truths = [dice.randint(1, 5) for _ in range(count)]
        return {str(n): [[noisy(dice, truth, 0.3), noisy(dice, truth, 0.3)]] for n, truth in enumerate(truths)}

    whole = krippendorff_alpha([unit for row in rows(20_000).values() for unit in row], "ordinal")
    found = alpha(rows(150), "ordinal")
    low, high = found["interval"]
    assert whole is not None and low < whole < high
    assert 0.1 < high - low < 0.5
    assert found["texts"] == 150


def rated(name: str, scores: dict[str, Sequence[int]]) -> Rater:
    return Rater(name, {item: dict(zip(AXES, of, strict=True)) for item, of in scores.items()})


def test_means_agreement_and_verdicts_of_two_people_and_a_model() -> None:
    items = some_items(3)  # texts 0a, 0b, 1a, 1b, 2a, 2b
    wang = rated("wang", {"0a": (5, 4, 3), "0b": (3, 4, 2), "1a": (4, 4, 4), "1b": (4, 4, 4)})
    li = rated("li", {"0a": (5, 4, 3), "0b": (3, 4, 2), "1a": (4, 4, 4), "1b": (5, 5, 5)})
    model = rated("judge", {"0a": (1, 1, 1), "0b": (5, 5, 5), "2a": (3, 3, 3)})
    figures = human_figures(Material(items, CONTINUATION, [wang, li], [model]))
    people = figures["means"]["people"]
    assert people["a"]["axes"]["逻辑性"]["value"] == pytest.approx((5 + 4) / 2)
    assert people["b"]["axes"]["逻辑性"]["value"] == pytest.approx((3 + 4.5) / 2)
    assert people["b"]["axes"]["逻辑性"]["a_minus"]["value"] == pytest.approx((2 + -0.5) / 2)
    assert people["a"]["axes"]["all"]["texts"] == 2
    agreement = figures["agreement"]["逻辑性"]
    assert agreement["people"]["value"] == pytest.approx(
        krippendorff_alpha([(5, 5), (3, 3), (4, 4), (4, 5)], "ordinal")
    )
    assert agreement["with"]["judge"]["value"] == pytest.approx(
        krippendorff_alpha([(5, 5, 1), (3, 3, 5), (4, 4), (4, 5), (3,)], "ordinal")
    )
    pairs = {tuple(one["raters"]): one for one in figures["pairs"]}
    assert pairs["wang", "li"]["texts"] == 4
    assert (pairs["wang", "judge"]["texts"], pairs["wang", "judge"]["models"]) == (2, 1)
    verdicts = figures["verdicts"]
    assert verdicts["by"]["wang"] == {"rows": 2, "a": 1, "b": 0, "tie": 1}
    assert verdicts["by"]["li"] == {"rows": 2, "a": 1, "b": 1, "tie": 0}
    assert verdicts["by"]["judge"] == {"rows": 1, "a": 0, "b": 1, "tie": 0}
    assert verdicts["people"]["value"] == pytest.approx(krippendorff_alpha([("a", "a"), ("tie", "b")], "nominal"))
    assert "people and judge" in as_markdown(figures)


def test_one_person_alone_has_no_alpha_and_is_told_so() -> None:
    figures = human_figures(Material(some_items(2), CONTINUATION, [rated("wang", {"0a": (5, 4, 3), "1b": (1, 2, 3)})]))
    assert {one["people"]["value"] for one in figures["agreement"].values()} == {None}
    assert "one person agrees with nobody: alpha needs two" in sentences(figures)
    apart = human_figures(
        Material(some_items(2), CONTINUATION, [rated("wang", {"0a": (5, 4, 3)}), rated("li", {"1a": (5, 4, 3)})])
    )
    assert apart["agreement"]["all"]["people"] == {"texts": 0, "value": None, "interval": None}
    assert any("no text was scored by two people" in one for one in sentences(apart))
    nobody = human_figures(Material(some_items(2), CONTINUATION, []))
    assert "scored by nobody yet" in sentences(nobody)
    assert "|" not in as_markdown(nobody)


def test_people_who_agree_in_all_have_alpha_one_and_an_axis_may_be_called_all() -> None:
    rubric = Rubric((Axis("all", "总评"),), 10)
    raters = [Rater(name, {"0a": {"all": 7}, "0b": {"all": 10}, "1a": {"all": 1}}) for name in ("wang", "li")]
    figures = human_figures(Material(some_items(2), rubric, raters))
    assert list(figures["agreement"]) == ["all"]
    assert figures["agreement"]["all"]["people"]["value"] == 1.0
