"""Agreement, against worked examples that were published."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.agreement import Level, cohen_kappa, krippendorff_alpha, share_alike

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), examples A, B and C/D; a dot is a missing value
BINARY = ("0100000010", "1110010000")
NOMINAL = ("aabbdccceDDa".lower(), "babbbcccedDd".lower())
FOUR = ("123321412...", "1233224125.3", ".3332342251.", "1233244125" + "1.")


def units(rows: tuple[str, ...]) -> list[list[str]]:
    return [[value for value in column if value != "."] for column in zip(*rows, strict=True)]


def numbers(rows: tuple[str, ...]) -> list[list[float]]:
    return [[float(value) for value in unit] for unit in units(rows)]


@pytest.mark.parametrize(("rows", "alpha"), [(BINARY, 0.095), (NOMINAL, 0.692), (FOUR, 0.743)])
def test_nominal_as_published(rows: tuple[str, ...], alpha: float) -> None:
    found = krippendorff_alpha(units(rows))
    assert found is not None and round(found, 3) == alpha


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_other_levels_as_published(level: Level, alpha: float) -> None:
    found = krippendorff_alpha(numbers(FOUR), level)
    assert found is not None and round(found, 3) == alpha


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("values", [[], [[1.0]], [[1.0], [2.0]], [[], []], [[3.0, 3.0], [3.0, 3.0]]])
def test_nothing_can_be_said(values: list[list[float]], level: Level) -> None:
    assert krippendorff_alpha(values, level) is None


def test_values_without_order_have_no_distance() -> None:
    with pytest.raises(ValueError, match="'a' is no number"):
        krippendorff_alpha([("a", "b")], "ordinal")


@given(st.lists(st.lists(st.integers(1, 5), max_size=5), max_size=12), st.integers())
def test_order_means_nothing_and_agreement_is_at_most_one(values: list[list[int]], seed: int) -> None:
    rng = random.Random(seed)
    mixed = [rng.sample(unit, len(unit)) for unit in rng.sample(values, len(values))]
    levels: tuple[Level, ...] = ("nominal", "ordinal", "interval")
    for level in levels:
        found, again = krippendorff_alpha(values, level), krippendorff_alpha(mixed, level)
        assert found == (None if again is None else pytest.approx(again))
        assert found is None or found <= 1 + 1e-9


@given(st.lists(st.integers(1, 5), min_size=2, max_size=9).filter(lambda values: len(set(values)) > 1))
def test_all_alike_is_one(values: list[int]) -> None:
    same = [(value, value) for value in values]
    assert krippendorff_alpha(same) == krippendorff_alpha(same, "ordinal") == krippendorff_alpha(same, "interval") == 1
    assert cohen_kappa(same) == share_alike(same) == 1


def test_kappa() -> None:
    """Fifty proposals, two readers: 20 both yes, 15 both no, 5 and 10 between them: 0.7 observed, 0.5 by chance."""
    pairs = [("y", "y")] * 20 + [("n", "n")] * 15 + [("y", "n")] * 5 + [("n", "y")] * 10
    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert share_alike(pairs) == pytest.approx(0.7)
    assert cohen_kappa([]) is None and cohen_kappa([("y", "y")] * 3) is None
    assert cohen_kappa([("y", "n")] * 3) == 0
    assert share_alike([("a",), ()]) is None
    assert share_alike([("a", "a", "b")]) == pytest.approx(1 / 3)
