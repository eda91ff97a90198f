"""Two versions of a dataset side by side: plan, inputs, figures, rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from builders.engine.manifest import SPLITS, read_manifest
from builders.engine.plan import differences
from builders.engine.tables import read_dataset_rows

SAMPLES = 5
FIGURES = ("rows", "dropped", "duplicates", "quarantined", "characters")


def compare(a: Path, b: Path) -> dict[str, Any]:
    """What differs between two finished datasets.

    `plan` and `inputs`: one line a field; `figures`: before and after; `rows`: how many ids were added, removed,
    changed in text or moved to the other split, with the first of each in the order of their ids.
    """
    old, new = read_manifest(a) or {}, read_manifest(b) or {}
    return {
        "a": f"{old['name']}@{old['version']}",
        "b": f"{new['name']}@{new['version']}",
        "same": old["fingerprint"] == new["fingerprint"],
        "plan": differences(old.get("plan", {}), new.get("plan", {})),
        "inputs": differences(_inputs(old), _inputs(new)),
        "figures": differences({key: old.get(key) for key in FIGURES}, {key: new.get(key) for key in FIGURES}),
        "steps": differences(_steps(old), _steps(new)),
        "rows": _compare_rows(_rows(a), _rows(b)),
    }


def _inputs(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {row["name"]: row["sha256"][:12] for row in manifest.get("inputs", [])}


def _steps(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {row["name"]: {key: value for key, value in row.items() if key != "name"} for row in manifest["steps"]}


def _rows(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Split and digest of the text by id."""
    return {
        name: (split, hashlib.blake2b(text.encode(), digest_size=8).digest()) for split, name, text in kept_rows(folder)
    }


def kept_rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Split, id and text of every kept row, a batch at a time."""
    for split in SPLITS:
        for row in read_dataset_rows(folder, split, ["id", "text"]):
            yield split, row["id"], row["text"]


def _compare_rows(old: Mapping[str, tuple[str, bytes]], new: Mapping[str, tuple[str, bytes]]) -> dict[str, Any]:
    both = old.keys() & new.keys()
    groups = {
        "added": new.keys() - old.keys(),
        "removed": old.keys() - new.keys(),
        "changed": {name for name in both if old[name][1] != new[name][1]},
        "moved": {name for name in both if old[name][0] != new[name][0]},
    }
    return {kind: {"count": len(names), "ids": sorted(names)[:SAMPLES]} for kind, names in groups.items()}
