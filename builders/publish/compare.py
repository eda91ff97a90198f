"""Two versions of a dataset side by side: plan, inputs, figures, steps, distributions, rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builders.engine.manifest import read_manifest
from builders.engine.plan import differences
from builders.engine.progress import Progress
from builders.publish.versions.lineage import name_of
from builders.publish.versions.rows import compare_rows
from builders.publish.versions.shifts import ledgers, shifts

FIGURES = ("rows", "dropped", "duplicates", "quarantined", "characters")


def compare(a: Path, b: Path, progress: Progress | None = None) -> dict[str, Any]:
    """What differs between two finished datasets.

    `plan`, `inputs`, `figures` and `steps`: one line a field. `before` and `after`: the figures themselves. `ledger`:
    every step that did not do the same. `shifts`: how lengths, columns and notes are spread. `rows`: how many ids
    were added, removed, changed in text, moved to the other split or changed in metadata alone, with the first of
    each in the order of their ids.
    """
    progress = progress or Progress(quiet=True)
    old, new = read_manifest(a) or {}, read_manifest(b) or {}
    before, after = ({key: one.get(key) for key in FIGURES} for one in (old, new))
    progress.start("comparing rows", sum(sum(one["rows"].values()) for one in (old, new)), "rows")
    return {
        "a": name_of(old),
        "b": name_of(new),
        "fingerprints": [old["fingerprint"], new["fingerprint"]],
        "same": old["fingerprint"] == new["fingerprint"],
        "plan": differences(old.get("plan", {}), new.get("plan", {})),
        "inputs": differences(_inputs(old), _inputs(new)),
        "figures": differences(before, after),
        "before": before,
        "after": after,
        "steps": differences(_steps(old), _steps(new)),
        "ledger": ledgers(old, new),
        "shifts": shifts(old, new),
        "rows": compare_rows(a, b, progress.advance),
    }


def _inputs(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {row["name"]: row["sha256"][:12] for row in manifest.get("inputs", [])}


def _steps(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {row["name"]: {key: value for key, value in row.items() if key != "name"} for row in manifest["steps"]}
