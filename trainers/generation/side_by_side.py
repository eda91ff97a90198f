"""What a sweep came to: a table of figures, and for each prompt the texts of all ways one under another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builders.engine.manifest import write_whole
from builders.publish.terminal import OK, cut, print_json, table
from trainers.evaluation.comparison import short
from trainers.generation.generate import Generated, Sample

SOME_FAILED = 1
PAGE = "generations.md"
TEXT_CHARS = 200  # of a text on a terminal
COLUMNS = (
    *("characters", "stopped", "repetition", "distinct1", "distinct2"),
    *("rouge1", "rouge2", "rougeL", "bleu", "failed"),
)


def show(generated: Generated, *, as_json: bool, quiet: bool) -> int:
    """Print it; returns the exit code: 1 where the endpoint gave no reply to some prompts."""
    code = SOME_FAILED if generated.failed else OK
    if as_json:
        print_json(generated.to_json())
        return code
    if quiet:
        return code
    for sample in generated.samples:
        print(f"\n{sample.id}: {cut(sample.prompt)}")
        for way, text in zip(generated.ways, sample.texts, strict=True):
            print(f"  {way['label']}: {cut(text, TEXT_CHARS)}")
    columns = _columns(generated.ways)
    table(("way", *columns), [(way["label"], *(short(way[name]) for name in columns)) for way in generated.ways])
    if generated.path is not None:
        print(f"texts  {generated.path}")
    return code


def _columns(ways: Sequence[dict[str, Any]]) -> list[str]:
    return [name for name in COLUMNS if any(way.get(name) for way in ways) or name == "repetition"]


def write_page(generated: Generated, folder: Path) -> Path:
    """The same in Markdown, `generations.md`."""
    columns = _columns(generated.ways)
    lines = [f"# {generated.model}, {generated.prompts:,} prompts", ""]
    lines += ["| way | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    lines += [
        f"| {way['label']} | " + " | ".join(short(way[name]) for name in columns) + " |" for way in generated.ways
    ]
    for sample in generated.samples:
        lines += ["", f"## {sample.id}", "", *_fenced(sample.prompt)]
        lines += _texts(sample, [way["label"] for way in generated.ways])
    path = folder / PAGE
    write_whole(path, ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    return path


def _texts(sample: Sample, labels: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for label, text in zip(labels, sample.texts, strict=True):
        lines += ["", f"**{label}**", "", *_fenced(text)]
    return lines


def _fenced(text: str) -> list[str]:
    """A block that the text cannot end."""
    longest = max((len(found) for found in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", text, fence]
