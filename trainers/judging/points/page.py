"""What came of judging by points, for people: `judge-points.md`, and the same on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builders.publish.terminal import table
from trainers.judging.page import closing, markdown_table, number, opening, share, told_of_judges

Figures = Mapping[str, Any]
HEAD = ("judge", "A wins", "B wins", "ties", "win rate of A", "F1 of A - B")
SIDE_HEAD = ("judge", "side", "points", "hits", "precision", "recall", "F1")


def rows_of(figures: Figures) -> list[tuple[Any, ...]]:
    """A row for each judge under HEAD, and one for all of them together."""
    rows: list[tuple[Any, ...]] = [
        (
            one["name"],
            one["wins_a"],
            one["wins_b"],
            one["ties"],
            share(one["win_rate"]),
            number(one["f1_difference"], signed=True),
        )
        for one in figures["judges"]
    ]
    if "panel" in figures:
        one = figures["panel"]
        rows.append(("most of them", one["wins_a"], one["wins_b"], one["ties"], share(one["win_rate"]), ""))
    return rows


def side_rows(figures: Figures) -> list[tuple[Any, ...]]:
    return [
        (
            one["name"],
            side.upper(),
            of["points"],
            of["hits"],
            share(of["precision"]),
            share(of["recall"]),
            number(of["f1"]),
        )
        for one in figures["judges"]
        for side in ("a", "b")
        if (of := one[side])
    ]


def sentences(figures: Figures) -> list[str]:
    """What stands beside the tables."""
    told = [opening(figures), _of_references(figures), *told_of_judges(figures)]
    for one in figures["judges"]:
        shared = one["shared"]
        if shared["pairs"]:
            told.append(
                f"{one['name']}: A and B share {shared['hits']:,} points, {share(shared['share_of_a'])} of those of A, "
                f"{share(shared['share_of_b'])} of those of B"
            )
        if (orders := one["orders"])["alike"]:
            told.append(
                f"{one['name']}: of {orders['alike']:,} pairs of points that one order finds the same, the other "
                f"does not in {orders['disagreed']:,} ({share(orders['share'])}); these are no hits"
            )
    return told + closing(figures)


def _of_references(figures: Figures) -> str:
    found = figures["with_reference"]
    if not found:
        return "no row has a reference, so there is no winner: see what A and B share"
    of = "all" if found == figures["pairs"] else f"{found:,} of {figures['pairs']:,}"
    return f"{of} have a reference; a hit is a point of similarity {figures['hit']} or more to one of the reference"


def as_markdown(figures: Figures) -> str:
    """The page: sentences, then tables. Intervals are of 95 %."""
    parts = ["# Points of A and B", "", *(f"* {one}" for one in sentences(figures))]
    if figures["with_reference"]:
        parts += ["", *markdown_table(HEAD, rows_of(figures)), "", *markdown_table(SIDE_HEAD, side_rows(figures))]
    parts += ["", "Intervals are of 95 %, by drawing rows again and again; docs/judging.md has every figure.", ""]
    return "\n".join(parts)


def show(figures: Figures) -> None:
    """The same on the terminal."""
    if figures["with_reference"]:
        table(HEAD, rows_of(figures))
        table(SIDE_HEAD, side_rows(figures))
    for one in sentences(figures):
        print(one)
