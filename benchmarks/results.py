"""RESULTS.md and results.svg from the figures of `run.py`."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contestants import JOBS
from builders.publish.page import Html, element, join

Figures = dict[str, Any]

TITLES = {
    "dedup": "Near-duplicates alone: JSON lines in, rows on disk out",
    "build": "The whole build: repair of broken text, filters, near-duplicates, Parquet",
}
STYLE = """
svg { font: 13px system-ui, sans-serif; }
text { fill: #1f2328; } .quiet { fill: #59636e; } .wall { fill: #2f6f9f; } .cpu { fill: #9fc3dc; }
.reach { stroke: #1f2328; stroke-width: 1; } .grid { stroke: #d1d9e0; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; } .quiet { fill: #9198a1; } .wall { fill: #6cb0e0; } .cpu { fill: #33536b; }
  .reach { stroke: #f0f6fc; } .grid { stroke: #3d444d; }
}
"""


def write(record: Figures, folder: Path) -> None:
    """Both files, into a folder."""
    (folder / "results.svg").write_text(chart(record) + "\n", encoding="utf-8")
    (folder / "RESULTS.md").write_text(page(record), encoding="utf-8")


# ---------------------------------------------------------------- figures


def entries(record: Figures, job: str) -> list[tuple[str, Figures]]:
    """Those that did a job, fastest first."""
    found = [
        (key.partition("/")[2], entry)
        for key, entry in record["runs"].items()
        if key.partition("/")[0] == job and entry["corpus"]
    ]
    return sorted(found, key=lambda one: median(one[1]["corpus"], "seconds"))


def values(runs: Sequence[Figures], field: str) -> list[float]:
    return [run[field] for run in runs]


def median(runs: Sequence[Figures], field: str) -> float:
    return statistics.median(values(runs, field)) if runs else 0.0


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def with_range(amounts: Iterable[float], form: Callable[[float], str] = number) -> str:
    """The median, and in brackets the least and the most where there are several."""
    known = sorted(amounts)
    middle = form(statistics.median(known))
    return middle if len(known) == 1 else f"{middle} ({form(known[0])}–{form(known[-1])})"


def times(record: Figures, job: str, entry: Figures, field: str) -> str:
    """How many times what siku took, round by round."""
    own = record["runs"].get(f"{job}/{entry['beside']}", {"corpus": []})["corpus"]
    by_round = {run["round"]: run[field] for run in own}
    both = [run[field] / by_round[run["round"]] for run in entry["corpus"] if run["round"] in by_round]
    return with_range(both) if both else "–"


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


# ---------------------------------------------------------------- page


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]


def speed_table(record: Figures, job: str) -> list[str]:
    head = ["", "wall s", "CPU s", "MB per CPU s", "peak MB", "start s", "beside", "times its wall", "times its CPU"]
    mb = record["corpus_bytes"] / 1e6
    rows = [
        [
            name,
            with_range(values(entry["corpus"], "seconds")),
            with_range(values(entry["corpus"], "cpu_seconds")),
            number(mb / median(entry["corpus"], "cpu_seconds")),
            with_range(values(entry["corpus"], "peak_mb")),
            with_range(values(entry["start"], "seconds")) if entry["start"] else "–",
            "" if name == entry["beside"] else entry["beside"],
            times(record, job, entry, "seconds"),
            times(record, job, entry, "cpu_seconds"),
        ]
        for name, entry in entries(record, job)
    ]
    return table(head, rows)


def quality_table(record: Figures, job: str) -> list[str]:
    threshold = record["threshold"]
    head = [
        "",
        "removed",
        "refused",
        "recall ≥ 0.8",
        f"recall ≥ {threshold}",
        f"precision {threshold}",
        "precision 0.8",
    ]
    fields = ("recall", "recall_at_threshold", "precision", "precision_at_0.8")
    rows = [
        [
            name,
            f"{entry['score']['removed']:,}",
            f"{entry['score']['refused']:,}",
            *(share(entry["score"][field]) for field in fields),
        ]
        for name, entry in entries(record, job)
        if "score" in entry
    ]
    return table(head, rows)


def told(value: object) -> str:
    """A setting in words."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {told(one)}" for key, one in value.items()) or "defaults"
    if isinstance(value, list):
        return "; ".join(told(one) for one in value)
    return f"{value}"


def settings(record: Figures, job: str) -> list[str]:
    lines = []
    for name, entry in entries(record, job):
        if entry.get("settings"):
            lines.append(f"* **{name}**: " + "; ".join(f"{key}: {told(one)}" for key, one in entry["settings"].items()))
    lines.append(f"* **siku**: its defaults; Jaccard {record['threshold']}, every removal checked by the texts")
    return [line.replace("|", "\\|") for line in lines]


def failures(record: Figures) -> list[str]:
    if not record["failures"]:
        return []
    lines = ["## What failed", ""]
    for key, errors in record["failures"].items():
        ran = len(record["runs"].get(key, {"corpus": []})["corpus"])
        runs = f": {len(errors)} times; {ran} runs on the corpus went well" if "/" in key else ""
        lines += [f"* **{key}**{runs}", ""]
        lines += ["  ```", *(f"  {line}" for line in errors[-1].splitlines()), "  ```"]
    return [*lines, ""]


def method(record: Figures) -> list[str]:
    about, corpus = record["machine"], record["corpus"]
    loads = [run["load"] for entry in record["runs"].values() for run in entry["corpus"]]
    rounds = max((len(entry["corpus"]) for entry in record["runs"].values()), default=0)
    pairs = "all pairs were compared exactly" if corpus.get("all_pairs") else "the truth lists planted pairs only"
    return [
        f"Measured on {record['date']}: {about['processor']}, {about['cores']} cores, {about['memory_gb']} GB,"
        f" {about['system']}, Python {about['python']}; load before a run {min(loads):.1f} to {max(loads):.1f}"
        f" (median {statistics.median(loads):.1f}). Medians of {rounds} rounds in which the tools took turns, the least"
        f" and the most in brackets. {record['workers']} workers where a tool knows workers.",
        "",
        f"**Corpus**: {record['documents']:,} Chinese documents, {record['corpus_bytes'] / 1e6:.1f} MB (10⁶ bytes) of"
        f" JSON lines, a share of {corpus['planted']} of them planted copies; {pairs}; made by {record['made_by']},"
        f" scored by {record['scorer']}.",
        "",
        "Wall and CPU time are from process start to exit, of all processes. `start` is the same command on the first"
        " ten documents. Memory is the sum of PSS, sampled twenty times a second. MB per CPU second is of the file."
        " `times` are medians of the rounds' ratios. Recall is the share of pairs at that Jaccard of which not both"
        " stayed, precision the share of removed documents with a neighbour at it. What siku's filters refuse is left"
        " out; what a peer's filters refuse counts as removed.",
        "",
    ]


def page(record: Figures) -> str:
    lines = [
        "# siku beside its peers",
        "",
        "Written by `python benchmarks/run.py`; the figures are in `results.json`.",
        "",
    ]
    lines += [*method(record), "![wall and CPU seconds](results.svg)", ""]
    for job in JOBS:
        if entries(record, job):
            lines += [f"## {TITLES[job]}", "", *speed_table(record, job), "", *quality_table(record, job), ""]
            lines += ["Settings:", "", *settings(record, job), ""]
    lines += failures(record)
    lines += ["## Versions", ""]
    for name, found in record["versions"].items():
        size = record["environment_mb"].get(name)
        packages = ", ".join(f"{package} {version}" for package, version in found.items())
        lines.append(f"* **{name}**: {packages}" + (f"; environment of {size:,} MB" if size else ""))
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- chart

WIDTH, LABEL_WIDTH, FIGURE_WIDTH = 760, 130, 150
ROW_HEIGHT, BAR_HEIGHT, TITLE_HEIGHT = 34, 10, 40


def bar(entry: Figures, field: str, y: int, per_second: float, kind: str) -> Html:
    """A bar of the median, and a line from the least to the most."""
    amounts = values(entry["corpus"], field)
    width = statistics.median(amounts) * per_second
    low, high = (LABEL_WIDTH + amount * per_second for amount in (min(amounts), max(amounts)))
    middle = y + BAR_HEIGHT / 2
    reach = None
    if len(amounts) > 1:
        reach = element("line", x1=f"{low:.1f}", x2=f"{high:.1f}", y1=middle, y2=middle, class_="reach")
    rect = element("rect", x=LABEL_WIDTH, y=y, width=f"{max(width, 1):.1f}", height=BAR_HEIGHT, class_=kind)
    return join([rect, reach])


def job_chart(record: Figures, job: str, top: int) -> tuple[Html, int]:
    """The bars of one job from `top` on, and where they end."""
    found = entries(record, job)
    most = max(max(values(entry["corpus"], field)) for _, entry in found for field in ("seconds", "cpu_seconds"))
    per_second = (WIDTH - LABEL_WIDTH - FIGURE_WIDTH) / most
    parts: list[Html] = [element("text", TITLES[job], x=0, y=top + 22, font_weight="600")]
    y = top + TITLE_HEIGHT
    bottom = y + ROW_HEIGHT * len(found)
    parts.append(element("line", x1=LABEL_WIDTH, x2=LABEL_WIDTH, y1=y - 4, y2=bottom - 6, class_="grid"))
    for name, entry in found:
        parts.append(element("text", name, x=LABEL_WIDTH - 8, y=y + 15, text_anchor="end"))
        parts.append(bar(entry, "seconds", y, per_second, "wall"))
        parts.append(bar(entry, "cpu_seconds", y + BAR_HEIGHT + 1, per_second, "cpu"))
        runs = entry["corpus"]
        figures = f"{number(median(runs, 'seconds'))} s"
        if name != entry["beside"]:
            figures += f" · {times(record, job, entry, 'seconds').partition(' ')[0]}×"
        end = max(max(values(runs, field)) for field in ("seconds", "cpu_seconds")) * per_second
        parts.append(element("text", figures, x=f"{LABEL_WIDTH + end + 8:.1f}", y=y + 15, class_="quiet"))
        y += ROW_HEIGHT
    return join(parts), bottom


def chart(record: Figures) -> Html:
    """Wall and CPU seconds of both jobs, and how many times what siku took."""
    parts: list[Html] = []
    y = 0
    for job in JOBS:
        if entries(record, job):
            drawn, y = job_chart(record, job, y)
            parts.append(drawn)
            y += 12
    legend = [
        element("rect", x=0, y=y, width=12, height=BAR_HEIGHT, class_="wall"),
        element("text", "wall seconds", x=18, y=y + 10),
        element("rect", x=120, y=y, width=12, height=BAR_HEIGHT, class_="cpu"),
        element("text", "CPU seconds of all processes; × is wall time beside siku; less is better", x=138, y=y + 10),
    ]
    return element(
        "svg",
        element("title", "Wall and CPU seconds of siku and its peers"),
        element("style", STYLE),
        *parts,
        *legend,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {y + 20}",
        width=WIDTH,
        height=y + 20,
        role="img",
    )
