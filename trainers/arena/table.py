"""What the votes come to: a table of models, who met whom, and what cannot be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from builders.publish.local_page.notebook import Notebook
from builders.publish.page import Html, element, join
from builders.publish.page import table as html_table
from builders.publish.terminal import table
from trainers.arena.ratings import PRIOR, bradley_terry, elo_figures, groups, ranks
from trainers.arena.votes import ALL_BAD, TIE, Vote, names_of, read_votes
from trainers.judging.measures import ratio
from trainers.judging.page import share

Figures = Mapping[str, Any]
HEAD = ("model", "rank", "Bradley-Terry", "Elo", "share of points", "votes", "won", "tied", "lost")
MEETINGS = ("model", "against", "votes", "share of points")


def figures_of(votes: Sequence[Vote]) -> dict[str, Any]:
    """All figures, with JSON values alone: models from the strongest to the weakest, and each pair that met."""
    import numpy as np

    names = names_of(votes)
    places = {name: place for place, name in enumerate(names)}
    points = np.array([vote.points(places) for vote in votes]).reshape(len(votes), len(names), len(names))
    strengths, elos = (bradley_terry(points), elo_figures(points)) if names else ([], [])
    at = ranks(strengths)
    models = [
        {
            "name": name,
            "rank": at[place],
            "bradley_terry": strengths[place].to_json(),
            "elo": elos[place].to_json(),
            **_counts(points[:, place, :], points[:, :, place]),
        }
        for name, place in places.items()
    ]
    models.sort(key=lambda one: (-(one["bradley_terry"]["value"] or 0.0), one["name"]))
    return {
        "votes": len(votes),
        "ties": sum(vote.choice == TIE for vote in votes),
        "all_bad": sum(vote.choice == ALL_BAD for vote in votes),
        "models": models,
        "pairs": _meetings(points, names),
        "groups": [[names[place] for place in group] for group in groups(points)] if names else [],
        "several_models": _several(votes),
    }


def _counts(got: Any, given: Any) -> dict[str, Any]:
    """Of one model: votes on it, and its comparisons won, tied and lost. Both are votes x models."""
    played = got + given
    met = played.sum(axis=1) > 0
    return {
        "votes": int(met.sum()),
        "won": int((got == 1).sum()),
        "tied": int((got == 0.5).sum()),
        "lost": int((given == 1).sum()),
        "share": ratio(got.sum(axis=1)[met].tolist(), played.sum(axis=1)[met].tolist()).to_json(),
    }


def _meetings(points: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            got, given = points[:, one, other], points[:, other, one]
            met = got + given > 0
            if met.any():
                share = ratio(got[met].tolist(), [1.0] * int(met.sum())).to_json()
                found.append({"a": names[one], "b": names[other], "votes": int(met.sum()), "share": share})
    return found


def _several(votes: Sequence[Vote]) -> dict[str, list[str]]:
    """Names that stood for more than one model, and which."""
    behind: dict[str, Counter[str]] = {}
    for vote in votes:
        for name, model in vote.models:
            if model:
                behind.setdefault(name, Counter())[model] += 1
    return {name: sorted(models) for name, models in sorted(behind.items()) if len(models) > 1}


# ---------------------------------------------------------------- for people


def rating(figure: Figures) -> str:
    """A rating with its interval, in whole points.

    >>> rating({"value": 1012.4, "interval": (980.2, 1050.7)})
    '1012 [980, 1051]'
    """
    if figure["value"] is None:
        return "-"
    if figure["interval"] is None:
        return f"{figure['value']:.0f}"
    low, high = figure["interval"]
    return f"{figure['value']:.0f} [{low:.0f}, {high:.0f}]"


def rows_of(figures: Figures) -> list[tuple[Any, ...]]:
    """A row for each model under HEAD."""
    return [
        (
            one["name"],
            one["rank"],
            rating(one["bradley_terry"]),
            rating(one["elo"]),
            share(one["share"]),
            one["votes"],
            one["won"],
            one["tied"],
            one["lost"],
        )
        for one in figures["models"]
    ]


def meetings_of(figures: Figures) -> list[tuple[Any, ...]]:
    return [(one["a"], one["b"], one["votes"], share(one["share"])) for one in figures["pairs"]]


def sentences(figures: Figures, torn: int = 0) -> list[str]:
    """What stands beside the table."""
    told = [f"votes: {figures['votes']:,}; ties: {figures['ties']:,}; all bad: {figures['all_bad']:,}"]
    if len(figures["groups"]) > 1:
        apart = "; ".join(", ".join(group) for group in figures["groups"])
        told.append(f"never compared with each other, so their numbers have no common scale: {apart}")
    told += [
        _extreme(one) for one in figures["models"] if not (one["lost"] or one["tied"]) or not one["won"] + one["tied"]
    ]
    told += [f"{name} stood for several models: {', '.join(of)}" for name, of in figures["several_models"].items()]
    if torn:
        told.append(f"{torn:,} lines of the file are no votes (a kill tore them), and do not count")
    return told


def _extreme(one: Figures) -> str:
    never = "lost" if one["won"] else "won"
    return f"{one['name']} never {never}: its number rests on the prior of {PRIOR:g} wins each way, not on votes"


def as_markdown(figures: Figures, torn: int = 0) -> str:
    """The table as a page."""
    parts = ["# Arena", "", *(f"* {one}" for one in sentences(figures, torn)), "", *_markdown(HEAD, rows_of(figures))]
    if len(figures["pairs"]) > 1:
        parts += ["", *_markdown(MEETINGS, meetings_of(figures))]
    return "\n".join([*parts, "", _FOOT, ""])


_FOOT = (
    "Intervals are of 95 %, by drawing votes again and again; a tie is half a point. docs/arena.md has every figure."
)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def as_html(figures: Figures, torn: int = 0) -> Html:
    """The same for the page of the arena."""
    if not figures["votes"]:
        return element("p", "no votes yet", class_="empty")
    head = [name if place in (0, 1) else f"{name}#" for place, name in enumerate(HEAD)]
    notes = element("ul", *(element("li", one) for one in sentences(figures, torn)), class_="notes")
    parts = [html_table("Models, the strongest first", head, rows_of(figures)), notes]
    if len(figures["pairs"]) > 1:
        parts.append(
            html_table("Who met whom", ("model", "against", "votes#", "share of points#"), meetings_of(figures))
        )
    return join([*parts, element("p", _FOOT, class_="soft")])


def show(figures: Figures, torn: int = 0) -> None:
    """The same on the terminal."""
    if figures["votes"]:
        table(HEAD, rows_of(figures))
    if len(figures["pairs"]) > 1:
        table(MEETINGS, meetings_of(figures))
    for one in sentences(figures, torn):
        print(one)


def table_of(store: Notebook) -> tuple[dict[str, Any], int]:
    """The figures of a file of votes, and how many of its lines are torn; both files of the table are written anew."""
    votes = read_votes(store)
    figures, torn = figures_of(votes), store.torn
    if votes:
        write_whole(beside(store.path, ".json"), orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
        write_whole(beside(store.path, ".md"), as_markdown(figures, torn).encode())
    return figures, torn


def beside(votes: Path, suffix: str) -> Path:
    """The file of the table beside a file of votes: `votes.jsonl` has `votes-table.md`."""
    return votes.with_name(f"{votes.stem}-table{suffix}")
