"""What a comparison of two datasets came to, for people: a few lines, a page, a picture of the losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builders.engine.manifest import write_whole
from builders.publish.page import Html, element
from builders.publish.terminal import print_json, table
from trainers.evaluation.comparison import short

PAGE, PICTURE = "ablation.md", "ablation.svg"
WIDTH_PX, ROW_PX, LEFT_PX, RIGHT_PX = 620, 34, 170, 40
COLOURS = {"a": "#c2702a", "b": "#1f5fae"}


def verdict(result: Mapping[str, Any]) -> str:
    """One sentence: which dataset taught more, or that this does not tell."""
    names = {arm: name_of(result[arm]) for arm in ("a", "b")}
    if result["better"]:
        other = "a" if result["better"] == "b" else "b"
        gap = abs(result["difference"])
        return f"{names[result['better']]} teaches more than {names[other]}: its loss is {gap:.4g} lower."
    return "This does not tell which of the two teaches more."


def name_of(data: Mapping[str, Any]) -> str:
    return f"{data['name']}@{data['version']}"


def lines_of(result: Mapping[str, Any]) -> list[str]:
    """What the figures mean, in words."""
    low = [
        f"{what} {_interval(result[name])}" for what, name in (("seeds", "interval_seeds"), ("rows", "interval_rows"))
    ]
    held_out = f"`{result['split']}` of {name_of(result['data'])}"
    found = [
        f"loss of a - loss of b = {result['difference']:+.4f}; 95 % intervals over {' and over '.join(low)}",
        f"held out: {result['rows']:,} rows of {held_out}, {result['tokens']:,} tokens",
    ]
    for arm, rows in result["rows_known"].items():
        if rows:
            found.append(f"half and more of {rows:,} of these rows stands word for word in {name_of(result[arm])}")
    if len(result["seeds"]) == 1:
        found.append("one seed says nothing about chance in training: --set seeds=3")
    return found


def _interval(interval: Sequence[float] | None) -> str:
    return "(too few)" if interval is None else f"[{interval[0]:+.4f}, {interval[1]:+.4f}]"


def rows_of(result: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Name, runs, tokens of each run, loss, perplexities; a line for each dataset."""
    found = []
    for arm in ("a", "b"):
        runs = [run for run in result["runs"] if run["data"] == arm]
        tokens = sum(run["tokens"] for run in runs) // len(runs)
        figures = (short(result[name][arm]) for name in ("loss", "perplexity", "perplexity_char"))
        epochs = sum(run["epochs"] for run in runs) / len(runs)
        found.append((f"{arm}: {name_of(result[arm])}", f"{len(runs)}", f"{tokens:,}", f"{epochs:.3g}", *figures))
    return found


HEAD = ("dataset", "runs", "tokens each", "epochs", "loss", "perplexity", "perplexity_char")


def show(result: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    table(HEAD, rows_of(result))
    print(verdict(result))
    for line in lines_of(result):
        print(f"       {line}")
    print(f"page   {Path(result['path']) / PAGE}")


def write_page(result: Mapping[str, Any], folder: Path) -> None:
    """`ablation.md` and `ablation.svg`."""
    lines = [f"# {name_of(result['a'])} beside {name_of(result['b'])}", "", verdict(result), ""]
    lines += ["| " + " | ".join(HEAD) + " |", "| --- |" + " ---: |" * (len(HEAD) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows_of(result)]
    lines += ["", *(f"* {line}" for line in lines_of(result)), "", f"![losses]({PICTURE})", ""]
    write_whole(folder / PICTURE, as_svg(result).encode())
    write_whole(folder / PAGE, "\n".join(lines).encode())


def as_svg(result: Mapping[str, Any]) -> Html:
    """A dot for the loss of each run, a line of seeds for each dataset, from the lowest to the highest."""
    losses = [float(run["loss"]) for run in result["runs"]]
    low, high = min(losses), max(losses)
    span = (high - low) or 1.0

    def at(loss: float) -> float:
        return LEFT_PX + (WIDTH_PX - LEFT_PX - RIGHT_PX) * (loss - low) / span

    parts = []
    for line, arm in enumerate(("a", "b")):
        y = 24 + ROW_PX * line
        parts.append(element("text", name_of(result[arm]), x=LEFT_PX - 14, y=y + 5, text_anchor="end"))
        parts += [
            element("circle", cx=f"{at(run['loss']):.1f}", cy=y, r=5, fill=COLOURS[arm], fill_opacity="0.7")
            for run in result["runs"]
            if run["data"] == arm
        ]
    bottom = 24 + ROW_PX * 2
    parts += [
        element("text", f"{loss:.4f}", x=f"{at(loss):.1f}", y=bottom, text_anchor="middle") for loss in (low, high)
    ]
    told = element("title", "Loss on the held-out rows, a dot for each run; further left is better")
    size = {"width": WIDTH_PX, "height": bottom + 14, "viewBox": f"0 0 {WIDTH_PX} {bottom + 14}"}
    ground = element("rect", width=WIDTH_PX, height=bottom + 14, fill="white")
    space = "http://www.w3.org/2000/svg"
    return element("svg", told, ground, *parts, xmlns=space, font_family="sans-serif", font_size=12, **size)
