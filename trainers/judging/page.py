"""What came of a judging, for people: `judge.md`, and the same on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builders.publish.terminal import table

Figures = Mapping[str, Any]
HEAD = ("judge", "A wins", "B wins", "ties", "disagreed", "win rate of A", "where consistent", "position bias")
RUBRIC_HEAD = ("judge", "axis", "A", "B", "A - B")


def share(figure: Figures, *, signed: bool = False) -> str:
    """A share in per cent with its interval.

    >>> share({"value": 0.1, "interval": (0.05, 0.152)}, signed=True)
    '+10.0% [+5.0, +15.2]'
    """
    return _told(figure, 100, "+.1f" if signed else ".1f", "%")


def number(figure: Figures, *, signed: bool = False) -> str:
    return _told(figure, 1, "+.2f" if signed else ".2f", "")


def _told(figure: Figures, by: float, form: str, unit: str) -> str:
    if figure["value"] is None:
        return "-"
    text = f"{figure['value'] * by:{form}}{unit}"
    if figure["interval"] is None:
        return text
    low, high = figure["interval"]
    return f"{text} [{low * by:{form}}, {high * by:{form}}]"


def rows_of(figures: Figures) -> list[tuple[Any, ...]]:
    """A row for each judge under HEAD, and one for all of them together."""
    rows: list[tuple[Any, ...]] = [
        (
            one["name"],
            one["wins_a"],
            one["wins_b"],
            one["ties"],
            one["disagreed"],
            share(one["win_rate"]),
            share(one["win_rate_consistent"]),
            share(one["position"]["bias"], signed=True),
        )
        for one in figures["judges"]
    ]
    if "panel" in figures:
        one = figures["panel"]
        rows.append(("most of them", one["wins_a"], one["wins_b"], one["ties"], "", share(one["win_rate"]), "", ""))
    return rows


def rubric_rows(figures: Figures) -> list[tuple[str, ...]]:
    return [
        (one["name"], axis, number(of["mean_a"]), number(of["mean_b"]), number(of["difference"], signed=True))
        for one in figures["judges"]
        if "rubric" in one
        for axis, of in one["rubric"]["axes"].items()
    ]


def sentences(figures: Figures) -> list[str]:
    """What stands beside the tables."""
    identical = figures["identical"]
    told = [
        opening(figures) + (f", {identical:,} of them of equal texts: ties, not asked about" if identical else ""),
        *told_of_judges(figures),
    ]
    told += [_of_place(one) for one in figures["judges"] if one["position"]["bias"]["value"] is not None]
    return told + closing(figures, ", where consistent")


def opening(figures: Figures) -> str:
    """What A and B are."""
    return f"A is {_side(figures, 'a')}, B is {_side(figures, 'b')}; {figures['pairs']:,} pairs"


def closing(figures: Figures, over: str = "") -> list[str]:
    """Self-preference (`over` says over which pairs, if not over all), and what there are no figures of."""
    told = [_of_own(one, over) for one in figures["judges"] if "self_preference" in one]
    told += [
        f"{one['name']}: {one['dead']:,} questions without a valid reply" for one in figures["judges"] if one["dead"]
    ]
    left_out = {name: len(rows) for name, rows in figures["left_out"].items() if rows}
    if left_out:
        told.append("left out: " + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in left_out.items()))
    return told


def told_of_judges(figures: Figures) -> list[str]:
    """How far judges agree, two by two."""
    return [
        f"{' and '.join(one['judges'])} agree on {share(one['share'])} of {one['pairs']:,} pairs, "
        f"kappa {number(one['kappa'])}"
        for one in figures["agreement"]
    ]


def _side(figures: Figures, side: str) -> str:
    model = figures[side]["model"]
    return f"{figures[side]['file']}{f' ({model})' if model else ''}"


def _of_place(one: Figures) -> str:
    place = one["position"]
    decided = place["first"] + place["second"]
    return (
        f"{one['name']}: what was shown first won {place['first']:,} of {decided:,} decided verdicts: "
        f"{share(place['follows_place'])} of them follow the place"
    )


def _of_own(one: Figures, over: str) -> str:
    own = one["self_preference"]
    begin = f"{one['name']} wrote {own['side'].upper()}: its own side wins {share(own['own_win_rate'])}"
    if not own["compared_with"]:
        return f"{begin}; self-preference needs a judge that wrote neither"
    others = f"with {', '.join(own['compared_with'])} {share(own['others_win_rate'])}"
    return f"{begin}, {others}{over}: self-preference {share(own['difference'], signed=True)}"


def as_markdown(figures: Figures) -> str:
    """The page: tables, then sentences. Intervals are of 95 %."""
    parts = [
        "# A against B",
        "",
        *(f"* {one}" for one in sentences(figures)),
        "",
        *markdown_table(HEAD, rows_of(figures)),
    ]
    if scores := rubric_rows(figures):
        parts += ["", *markdown_table(RUBRIC_HEAD, scores)]
    parts += ["", "Intervals are of 95 %, by drawing pairs again and again; docs/judging.md has every figure.", ""]
    return "\n".join(parts)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]


def show(figures: Figures) -> None:
    """The same on the terminal."""
    table(HEAD, rows_of(figures))
    if scores := rubric_rows(figures):
        table(RUBRIC_HEAD, scores)
    for one in sentences(figures):
        print(one)
