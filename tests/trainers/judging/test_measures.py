"""The figures of judging against their definitions, and against cases that are known."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.judging.measures import (
    CLASSES,
    POINTS,
    PairVerdict,
    agreement,
    mean,
    panel,
    position,
    preference,
    scored,
    self_preference,
    side_of,
)

WINNERS = st.sampled_from(["1", "2", "tie"])
VERDICTS = st.lists(st.builds(PairVerdict, WINNERS, WINNERS) | st.just(PairVerdict()), min_size=1, max_size=30)
SIDES = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=30)
FLIP = {"1": "2", "2": "1", "tie": "tie", "": ""}


@pytest.mark.parametrize(
    ("ab", "ba", "side", "disagreed"),
    [
        ("1", "2", "a", False),
        ("2", "1", "b", False),
        ("tie", "tie", "tie", False),
        ("1", "1", "tie", True),
        ("2", "2", "tie", True),
        ("1", "tie", "tie", True),
        ("tie", "1", "tie", True),
        ("", "", "tie", False),
    ],
)
def test_the_verdict_of_a_pair(ab: str, ba: str, side: str, disagreed: bool) -> None:
    verdict = PairVerdict(ab, ba)
    assert (verdict.side, verdict.disagreed) == (side, disagreed)


@settings(max_examples=25, deadline=None)
@given(VERDICTS)
def test_sides_and_places_exchanged_mirror_the_figures(verdicts: list[PairVerdict]) -> None:
    found = preference(verdicts)
    assert found["wins_a"] + found["wins_b"] + found["ties"] == len(verdicts)
    assert found["disagreed"] <= found["ties"]
    assert found["win_rate"]["value"] == pytest.approx((found["wins_a"] + found["ties"] / 2) / len(verdicts))
    swapped = [PairVerdict(one.ba, one.ab) for one in verdicts]  # A is B, and each is shown where it was
    other = preference(swapped)
    assert other["wins_a"] == found["wins_b"]
    assert other["win_rate"]["value"] == pytest.approx(1 - found["win_rate"]["value"])
    assert position(swapped) == position(verdicts)
    places = position([PairVerdict(FLIP[one.ab], FLIP[one.ba]) for one in verdicts])
    bias = position(verdicts)["bias"]["value"]
    assert (bias is None) == (places["first"] + places["second"] == 0)
    assert bias is None or places["bias"]["value"] == pytest.approx(-bias)


@settings(max_examples=25, deadline=None)
@given(SIDES)
def test_kappa_is_what_its_definition_says(pairs: list[tuple[str, str]]) -> None:
    one, two = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = agreement(one, two)
    observed = sum(a == b for a, b in pairs) / len(pairs)
    chance = sum(one.count(name) * two.count(name) for name in CLASSES) / len(pairs) ** 2
    assert found["share"]["value"] == pytest.approx(observed)
    if chance == 1:
        assert found["kappa"]["value"] is None
    else:
        assert found["kappa"]["value"] == pytest.approx((observed - chance) / (1 - chance))
    assert agreement(two, one)["kappa"]["value"] == found["kappa"]["value"] or chance == 1


def test_kappa_of_a_textbook_table() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5, kappa 0.4."""
    table = {("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15}
    pairs = [pair for pair, count in table.items() for _ in range(count)]
    found = agreement([one for one, _ in pairs], [two for _, two in pairs])
    assert found["kappa"]["value"] == pytest.approx(0.4)
    low, high = found["kappa"]["interval"]
    assert 0.1 < low < 0.4 < high < 0.7


def test_the_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(3).normal(2.0, 1.0, 400)
    figure = mean(values.tolist())
    assert figure.interval is not None
    half = 1.96 * values.std() / 20
    assert figure.interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)
    assert mean(values.tolist()) == figure  # always the same draws


@pytest.mark.slow
def test_nine_in_ten_intervals_hold_the_bias_at_least() -> None:
    """200 judges with a bias of 0.2: 95 % are meant to, and fewer than 91 % would be chance of one in a hundred."""
    held = 0
    for number in range(200):
        dice = random.Random(number)
        verdicts = [PairVerdict(_biased(dice, "1", 0.4), _biased(dice, "2", 0.4)) for _ in range(100)]
        low, high = position(verdicts)["bias"]["interval"]
        held += low <= 0.2 <= high
    assert held >= 182


def _biased(dice: random.Random, truth: str, share: float) -> str:
    return "1" if dice.random() < share else truth


def test_nothing_to_divide_by_is_no_figure() -> None:
    assert preference([])["win_rate"] == {"value": None, "interval": None}
    assert position([PairVerdict("tie", "tie")])["bias"] == {"value": None, "interval": None}
    assert mean([0.5]) == (0.5, None)
    assert self_preference(both("a"), [], "a")["difference"]["value"] is None


def both(*sides: str) -> list[PairVerdict]:
    """Verdicts for these sides in both orders; `-` contradicts itself."""
    places = {"a": ("1", "2"), "b": ("2", "1"), "tie": ("tie", "tie"), "-": ("1", "1")}
    return [PairVerdict(*places[side]) for side in sides]


def test_self_preference_is_the_difference_of_consistent_win_rates() -> None:
    own, others = both("b", "b", "tie", "a"), [both("b", "a", "-", "a"), both("b", "a", "tie", "a")]
    found = self_preference(own, others, "b")
    assert found["own_win_rate"]["value"] == 0.625
    assert found["others_win_rate"]["value"] == pytest.approx((2 + 0 + 0.5 + 0) / 7)
    assert found["difference"]["value"] == pytest.approx(0.625 - 2.5 / 7)


def test_position_bias_is_no_self_preference() -> None:
    """Both know who is better; the one that wrote A follows the place in six of ten verdicts."""
    dice = random.Random(5)
    truth = [("1", "2") if dice.random() < 0.8 else ("2", "1") for _ in range(600)]
    own = [PairVerdict(_biased(dice, ab, 0.6), _biased(dice, ba, 0.6)) for ab, ba in truth]
    others = [PairVerdict(_biased(dice, ab, 0.1), _biased(dice, ba, 0.1)) for ab, ba in truth]
    low, high = self_preference(own, [others], "a")["difference"]["interval"]
    assert low < 0 < high
    assert preference(own)["win_rate"]["value"] < preference(others)["win_rate"]["value"] - 0.1


@given(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=7))
def test_a_panel_has_no_favourite(said: list[str]) -> None:
    mirrored = [{"a": "b", "b": "a", "tie": "tie"}[one] for one in said]
    one, two = panel([[verdict] for verdict in said])[0], panel([[verdict] for verdict in mirrored])[0]
    assert POINTS[one] == 1 - POINTS[two]


def test_sides_of_places() -> None:
    assert [side_of(order, winner) for order in ("ab", "ba") for winner in ("1", "2")] == ["a", "b", "b", "a"]


def test_scores_are_compared_pair_by_pair() -> None:
    found = scored([5, 4, 3], [3, 4, 2])
    assert (found["mean_a"]["value"], found["mean_b"]["value"], found["difference"]["value"]) == (4, 3, 1)
