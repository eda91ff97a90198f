"""What people said, and how far people and models agree: `judge-human.md`, and the same on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builders.publish.terminal import table
from trainers.judging.page import markdown_table, number

Figures = Mapping[str, Any]
MEANS_HEAD = ("scored by", "axis", "side", "texts", "mean", "A less it")
AGREEMENT_HEAD = ("axis", "raters", "texts", "alpha")
PAIRS_HEAD = ("two raters", "texts", "alpha")
PEOPLE = "people"
HOW = "siku judge with --endpoint, --rubric and the same --out asks one"


def means_rows(figures: Figures) -> list[tuple[Any, ...]]:
    """A row for each side and axis, by people and then by each judge."""
    means = figures["means"]
    by = {PEOPLE: means["people"], **means.get("judges", {})}
    return [
        (
            name,
            axis,
            side.upper(),
            of["texts"],
            number(of),
            number(of["a_minus"], signed=True) if "a_minus" in of else "",
        )
        for name, sides in by.items()
        for axis in figures["agreement"]
        for side, found in sides.items()
        if (of := found["axes"][axis])
    ]


def agreement_rows(figures: Figures) -> list[tuple[Any, ...]]:
    """Alpha of people, and of people with each judge, by axis; then of their verdicts."""
    rows = [row for axis, found in figures["agreement"].items() for row in _alphas(axis, found)]
    verdicts = figures["verdicts"]
    return rows + (_alphas("A or B", verdicts) if verdicts else [])


def _alphas(axis: str, found: Figures) -> list[tuple[Any, ...]]:
    with_judges = [(axis, f"people and {name}", one["texts"], number(one)) for name, one in found["with"].items()]
    return [(axis, PEOPLE, found["people"]["texts"], number(found["people"])), *with_judges]


def pair_rows(figures: Figures) -> list[tuple[Any, ...]]:
    return [(" and ".join(one["raters"]), one["texts"], number(one)) for one in figures["pairs"]]


def sentences(figures: Figures) -> list[str]:
    """What stands beside the tables."""
    files = ", ".join(f"{side.upper()} is {name}" for side, name in figures["files"].items())
    told = [f"{files}; {figures['rows']:,} rows, {figures['texts']:,} texts", *_of_people(figures)]
    judges = [f"{one['name']} {one['texts']:,}" for one in figures["judges"]]
    told.append(f"scored by models: {', '.join(judges)}" if judges else f"scored by no model: {HOW}")
    if figures["verdicts"]:
        told += [
            f"{name}: A is better in {one['a']:,} of {one['rows']:,} rows, B in {one['b']:,}, neither in {one['tie']:,}"
            for name, one in figures["verdicts"]["by"].items()
            if one["rows"]
        ]
    left_out = [f"{count:,} {reason}" for reason, count in figures["left_out"].items()]
    return told + ([f"left out: {', '.join(left_out)}"] if left_out else [])


def _of_people(figures: Figures) -> list[str]:
    people = [f"{one['name']} {one['texts']:,} ({one['comments']:,} comments)" for one in figures["people"]]
    if not people:
        return ["scored by nobody yet"]
    told = [f"scored by people: {', '.join(people)}"]
    if len(people) == 1:
        return [*told, "one person agrees with nobody: alpha needs two"]
    if not any(one["people"]["texts"] for one in figures["agreement"].values()):
        return [*told, "no text was scored by two people, so there is no alpha among them"]
    return told


def tables(figures: Figures) -> list[tuple[Sequence[str], list[tuple[Any, ...]]]]:
    """Heads and rows; nothing where nobody has scored."""
    if not figures["people"] and not figures["judges"]:
        return []
    found: list[tuple[Sequence[str], list[tuple[Any, ...]]]] = [
        (MEANS_HEAD, means_rows(figures)),
        (AGREEMENT_HEAD, agreement_rows(figures)),
    ]
    return found + ([(PAIRS_HEAD, pairs)] if len(pairs := pair_rows(figures)) > 1 else [])


def as_markdown(figures: Figures) -> str:
    """The page: sentences, then tables. Intervals are of 95 %."""
    parts = ["# What people say", "", *(f"* {one}" for one in sentences(figures))]
    for head, rows in tables(figures):
        parts += ["", *markdown_table(head, rows)]
    end = (
        "Alpha is Krippendorff's: ordinal for scores, nominal for A or B. Intervals are of 95 %; docs/human-scores.md."
    )
    return "\n".join([*parts, "", end, ""])


def show(figures: Figures) -> None:
    """The same on the terminal."""
    for head, rows in tables(figures):
        table(head, rows)
    for one in sentences(figures):
        print(one)
