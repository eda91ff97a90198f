"""Ratings against models of known strength, at the edges, and whatever order names and votes come in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.arena.ratings import PRIOR, bradley_terry, elo, elo_figures, groups, ranks, strengths
from trainers.arena.table import as_html, as_markdown, figures_of, sentences
from trainers.arena.votes import ALL_BAD, BEST, RANK, TIE, Vote, tiers_of
from trainers.judging.measures import Figure


def simulated(true: list[float], votes: int, seed: int) -> np.ndarray:
    """Votes on pairs drawn by chance, between models of these ratings."""
    dice = np.random.default_rng(seed)
    points = np.zeros((votes, len(true), len(true)))
    for vote in points:
        one, other = dice.choice(len(true), 2, replace=False)
        wins = dice.random() < 1 / (1 + 10 ** ((true[other] - true[one]) / 400))
        vote[(one, other) if wins else (other, one)] = 1
    return points


def test_known_strengths_lie_in_their_intervals() -> None:
    true = [1120.0, 1000.0, 880.0]
    held = [
        figure.interval is not None and figure.interval[0] <= strength <= figure.interval[1]
        for seed in range(24)
        for figure, strength in zip(bradley_terry(simulated(true, 120, seed)), true, strict=True)
    ]
    assert sum(held) >= 0.88 * len(held)  # 95 % are meant; 72 seeded intervals may be a few off


def test_many_votes_find_the_strengths() -> None:
    true = [1150.0, 1050.0, 950.0, 850.0]
    points = simulated(true, 6000, 1)
    [found] = strengths(points.sum(axis=0, keepdims=True))
    assert np.abs(found - true).max() < 20
    [rated] = elo(points, np.arange(6000)[None, :])
    assert list(np.argsort(-rated)) == [0, 1, 2, 3]


def test_two_models_are_as_their_points_say() -> None:
    points = np.array([[[0, 30.0], [10.0, 0]]])
    [found] = strengths(points)
    assert found[0] - found[1] == pytest.approx(400 * np.log10((30 + PRIOR) / (10 + PRIOR)), abs=1e-3)
    assert found.mean() == pytest.approx(1000)


def test_no_defeat_and_no_meeting_stay_finite() -> None:
    points = np.zeros((40, 4, 4))
    points[:30, 0, 1] = 1
    points[30:, 2, 3] = 1
    figures = bradley_terry(points)
    assert all(figure.value is not None and np.isfinite(figure.value) for figure in figures)
    assert groups(points) == [[0, 1], [2, 3]]


@given(st.lists(st.lists(st.floats(0, 50), min_size=4, max_size=4), min_size=4, max_size=4), st.permutations(range(4)))
@settings(max_examples=60, deadline=None)
def test_bradley_terry_solves_its_equations_whoever_is_first(rows: list[list[float]], order: list[int]) -> None:
    points = np.array(rows) * (1 - np.eye(4))
    [found] = strengths(points[None])
    [turned] = strengths(points[np.ix_(order, order)][None])
    assert turned == pytest.approx(found[order], abs=0.1)
    power = 10 ** ((found - 1000) / 400)
    whole = points + PRIOR * (1 - np.eye(4))
    expected = ((whole + whole.T) * power[:, None] / (power[:, None] + power[None, :])).sum(axis=1)
    assert expected == pytest.approx(whole.sum(axis=1), rel=1e-2, abs=1e-2)


def test_elo_of_one_win() -> None:
    points = np.zeros((1, 2, 2))
    points[0, 0, 1] = 1
    assert [figure.value for figure in elo_figures(points)] == [1008.0, 992.0]
    assert elo_figures(points)[0].interval is None


def test_ranks_are_beaten_by_more_than_chance() -> None:
    figures = [Figure(3, (2.0, 4.0)), Figure(2.5, (1.5, 3.5)), Figure(1, (0.0, 1.0)), Figure(None, None)]
    assert ranks(figures) == [1, 1, 3, 1]


# ---------------------------------------------------------------- the table


def vote(choice: str, *tiers: str) -> Vote:
    return Vote(choice, tuple(tuple(tier) for tier in tiers))


def test_what_a_choice_compares() -> None:
    places = {name: place for place, name in enumerate("甲乙丙")}
    assert vote(BEST, "乙", "甲丙").points(places).tolist() == [[0, 0, 0], [1, 0, 1], [0, 0, 0]]
    assert vote(RANK, "乙", "甲丙").points(places).tolist() == [[0, 0, 0.5], [1, 0, 1], [0.5, 0, 0]]
    assert vote(TIE, "甲乙").points(places).tolist() == [[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]
    assert tiers_of(ALL_BAD, ["甲", "乙"]) == [["甲", "乙"]]


VOTES = st.lists(
    st.tuples(st.permutations("甲乙丙丁"), st.integers(2, 4), st.sampled_from([BEST, RANK, TIE, ALL_BAD])).map(
        lambda drawn: (
            vote(drawn[2], "".join(drawn[0][: drawn[1]]))
            if drawn[2] in (TIE, ALL_BAD)
            else vote(drawn[2], drawn[0][0], "".join(drawn[0][1 : drawn[1]]))
        )
    ),
    max_size=6,
)


@given(VOTES)
@settings(max_examples=10, deadline=None)
def test_the_table_balances(votes: list[Vote]) -> None:
    figures = figures_of(votes)
    models = figures["models"]
    assert figures["votes"] == len(votes)
    assert sum(one["won"] for one in models) == sum(one["lost"] for one in models)
    assert sum(one["tied"] for one in models) % 2 == 0
    assert {name for group in figures["groups"] for name in group} == {one["name"] for one in models}
    assert len([name for group in figures["groups"] for name in group]) == len(models)
    for one in models:
        assert one["votes"] == sum(one["name"] in vote.names for vote in votes)
        assert 0 <= one["share"]["value"] <= 1
    values = [one["bradley_terry"]["value"] for one in models]
    assert values == sorted(values, reverse=True)
    if models:
        assert sum(values) / len(values) == pytest.approx(1000, abs=1e-6)
        assert sum(one["elo"]["value"] for one in models) / len(models) == pytest.approx(1000, abs=1e-6)


def test_what_is_told_beside_the_table() -> None:
    votes = [vote(BEST, "甲", "乙")] * 3 + [vote(TIE, "丙丁"), Vote(TIE, (("丙", "丁"),), (("丙", "a"),))]
    votes.append(Vote(TIE, (("丙", "丁"),), (("丙", "b"),)))
    told = "\n".join(sentences(figures_of(votes), torn=1))
    assert "no common scale: 丁, 丙; 乙, 甲" in told
    assert "甲 never lost" in told and "乙 never won" in told
    assert "丙 stood for several models: a, b" in told
    assert "1 lines of the file are no votes" in told


def test_names_break_no_page() -> None:
    figures = figures_of([vote(BEST, ("<b>|\\",), ("乙",))])  # type: ignore[arg-type]
    assert "| &lt;b>\\|\\\\ | 1 |" in as_markdown(figures)
    assert "&lt;b&gt;" in as_html(figures) and "<b>" not in as_html(figures)
    assert "no votes yet" in as_html(figures_of([]))
