"""Several models side by side: a table for people, for programs, for a page, and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from builders.publish.page import Html, element, join
from builders.publish.terminal import print_json, table

Figures = Mapping[str, Any]
COLUMNS = (
    *("rows", "tokens", "characters", "loss", "perplexity", "perplexity_char"),
    *("rouge1", "rouge2", "rougeL", "bleu", "repetition", "distinct1", "distinct2", "seconds"),
)
LOWER_IS_BETTER = frozenset({"loss", "perplexity", "perplexity_char", "repetition"})
COUNTS = ("rows", "tokens", "characters", "seconds")
BY_TOKEN = ("loss", "perplexity")  # which models with other tokens do not share
DRAWN = tuple(name for name in COLUMNS if name not in (*COUNTS, "loss"))
NAME_PX, BAR_PX, ROW_PX, HEAD_PX, VALUE_PX = 220, 300, 22, 34, 90
COLOUR, BEST = "#8aa4c8", "#1f5fae"


def labels_of(names: Sequence[str]) -> list[str]:
    """A short name for each model, that of its folder, as long as it takes to tell them apart.

    >>> labels_of(["runs/a/merged", "runs/b/merged", "qwen"])
    ['a-merged', 'b-merged', 'qwen']
    """
    parts = [[part for part in Path(name).parts if part not in ("/", "..", ".")] or ["model"] for name in names]
    labels = []
    for place, own in enumerate(parts):
        others = [other for number, other in enumerate(parts) if number != place]
        length = next((n for n in range(1, len(own) + 1) if all(other[-n:] != own[-n:] for other in others)), len(own))
        labels.append("-".join(own[-length:]))
    return [f"{label}-{place + 1}" if labels.count(label) > 1 else label for place, label in enumerate(labels)]


def folders_of(names: Sequence[str], out: Path | None) -> list[Path | None]:
    """Where each model's files go: into `out`, or with several models into one folder for each below it."""
    if out is None or len(names) == 1:
        return [out] * len(names)
    return [out / label for label in labels_of(names)]


def columns_of(results: Sequence[Figures]) -> list[str]:
    return [name for name in COLUMNS if any(name in result for result in results)]


def best_of(results: Sequence[Figures], name: str) -> float | None:
    """The best value of a figure; None where there is nothing to choose from.

    Models that cut a text into other tokens are told apart by character, not by token.
    """
    values = [result[name] for result in results if result.get(name) is not None]
    same_tokens = len({result.get("tokens") for result in results}) == 1
    if len(values) < 2 or name in COUNTS or (name in BY_TOKEN and not same_tokens):
        return None
    return float(min(values) if name in LOWER_IS_BETTER else max(values))


def as_markdown(results: Sequence[Figures]) -> str:
    """A table with the best of each column in bold."""
    columns = columns_of(results)
    lines = ["| model | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for label, result in zip(_labels(results), results, strict=True):
        cells = [_marked(result.get(name), best_of(results, name)) for name in columns]
        lines.append(f"| {_cell(label)} | " + " | ".join(cells) + " |")
    data, split = results[0]["data"], results[0]["split"]
    told = f"`{split}` of {data['name']} {data['version']}; bold is best; lower is better for "
    return "\n".join([*lines, "", told + ", ".join(name for name in columns if name in LOWER_IS_BETTER) + ".", ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _marked(value: Any, best: float | None) -> str:
    return f"**{short(value)}**" if best is not None and value == best else short(value)


def short(value: Any) -> str:
    """A figure with four digits that count; whole numbers whole; nothing for None."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def as_svg(results: Sequence[Figures]) -> Html:
    """Bars for each figure, one a model; each figure has a scale of its own, from 0 to its largest value."""
    labels = _labels(results)
    blocks: list[Html] = []
    top = 0
    for name in [name for name in columns_of(results) if name in DRAWN]:
        blocks.append(_block(name, labels, results, top))
        top += HEAD_PX + ROW_PX * len(results)
    width = NAME_PX + BAR_PX + VALUE_PX
    return element(
        "svg",
        element("title", "Models side by side"),
        element("rect", width=width, height=top + 10, fill="white"),
        *blocks,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {top + 10}",
        width=width,
        height=top + 10,
        font_family="sans-serif",
        font_size=13,
    )


def _block(name: str, labels: Sequence[str], results: Sequence[Figures], top: int) -> Html:
    best = best_of(results, name)
    largest = max((result[name] for result in results if result.get(name) is not None), default=0) or 1
    note = "lower is better" if name in LOWER_IS_BETTER else "higher is better"
    parts = [element("text", f"{name} ({note})", x=10, y=top + 24, font_weight="bold")]
    for place, (label, result) in enumerate(zip(labels, results, strict=True)):
        y = top + HEAD_PX + ROW_PX * place
        value = result.get(name)
        length = 0 if value is None else BAR_PX * value / largest
        colour = BEST if best is not None and value == best else COLOUR
        parts += [
            element("text", label, x=NAME_PX - 10, y=y + 14, text_anchor="end"),
            element("rect", x=NAME_PX, y=y + 2, width=f"{length:.1f}", height=ROW_PX - 6, fill=colour),
            element("text", short(value), x=f"{NAME_PX + length + 6:.1f}", y=y + 14),
        ]
    return join(parts)


def _labels(results: Sequence[Figures]) -> list[str]:
    return labels_of([result["model"] for result in results])


def write_comparison(results: Sequence[Figures], folder: Path) -> Path:
    """Write `comparison.md`, `.json` and `.svg`; returns the first of them."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "comparison.svg", as_svg(results).encode())
    write_whole(folder / "comparison.json", orjson.dumps({"models": results}, option=orjson.OPT_INDENT_2) + b"\n")
    write_whole(folder / "comparison.md", as_markdown(results).encode())
    return folder / "comparison.md"


def show(results: Sequence[Figures], comparison: Path | None, *, as_json: bool) -> None:
    """One model: its figures; several: a table, or with `as_json` a list of them under `models`."""
    if as_json:
        several = {"models": list(results), "comparison": None if comparison is None else str(comparison)}
        print_json(results[0] if len(results) == 1 else several)
        return
    columns = columns_of(results)
    if len(results) == 1:
        table(("figure", "value"), [(name, short(results[0].get(name))) for name in columns])
    else:
        rows = [
            (label, *(short(result.get(name)) for name in columns))
            for label, result in zip(_labels(results), results, strict=True)
        ]
        table(("model", *columns), rows)
    for result in results:
        _tell(result)
    if comparison is not None:
        print(f"table  {comparison}")


def _tell(result: Figures) -> None:
    for name, what in (
        ("rows_too_long", "rows are longer than the model is shown: left out, or cut with too_long=cut"),
        ("rows_without_rest", "rows have one sentence and nothing after it"),
    ):
        if name in result:
            print(f"note   {result[name]:,} {what}")
    if by_length := result.get("repetition_by_length"):
        print("said again, by tokens: " + ", ".join(f"{stretch} {share:.1%}" for stretch, share in by_length.items()))
    if "predictions" in result:
        print(f"texts  {result['predictions']}")
