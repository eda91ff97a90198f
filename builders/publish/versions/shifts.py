"""How the rows of two versions are spread: lengths, columns, what steps noted. All of it from the manifests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builders.engine.manifest import SPLITS

SHOWN_VALUES = 20
Counts = Mapping[str, int]


def shifts(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`lengths` by split, `columns` by name, `notes` by step and kind; each with the figures before and after.

    `shift` is the share of rows (of characters, for columns) that stand under another value or in another class of
    length: half the sum of the differences of shares, 0 to 1; None where one of the two has nothing to compare.
    """
    return {"lengths": _lengths(old, new), "columns": _columns(old, new), "notes": _notes(old, new)}


def shift(before: Counts, after: Counts) -> float | None:
    """The total variation distance of two distributions.

    >>> shift({"a": 1, "b": 1}, {"a": 3, "b": 1})
    0.25
    """
    whole_before, whole_after = sum(before.values()), sum(after.values())
    if not whole_before or not whole_after:
        return None
    values = before.keys() | after.keys()
    return sum(abs(before.get(one, 0) / whole_before - after.get(one, 0) / whole_after) for one in values) / 2


def _lengths(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    sides = [one["statistics"] for one in (old, new)]
    found: dict[str, Any] = {}
    for split in SPLITS:
        counts = [
            dict(zip(map(str, side["length_edges"]), side["lengths"].get(split, ()), strict=False)) for side in sides
        ]
        if any(sum(one.values()) for one in counts):
            edges = sorted({edge for side in sides for edge in side["length_edges"]})
            before, after = ([one.get(str(edge), 0) for edge in edges] for one in counts)
            found[split] = {"edges": edges, "before": before, "after": after, "shift": shift(*counts)}
    return found


def _columns(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Characters by the values of each column that both recipes count; the values that changed most come first."""
    before, after = (one["statistics"]["facets"] for one in (old, new))
    found: dict[str, Any] = {}
    for name in [*before, *(name for name in after if name not in before)]:
        sides = [{value: pair[1] for value, pair in one.get(name, {}).items()} for one in (before, after)]
        wholes = [sum(one.values()) or 1 for one in sides]
        rows = [
            {"value": value, "before": sides[0].get(value, 0), "after": sides[1].get(value, 0)}
            for value in sides[0].keys() | sides[1].keys()
        ]
        rows.sort(key=lambda row: (-abs(row["before"] / wholes[0] - row["after"] / wholes[1]), row["value"]))
        more = len(rows) - SHOWN_VALUES
        found[name] = {"shift": shift(*sides), "values": rows[:SHOWN_VALUES], "more_values": max(0, more)}
    return found


def _notes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What steps noted of documents (site ads cut, personal data, script), where the count is not the same."""
    sides = [{step["name"]: step["notes"] for step in one["ledger"]["steps"]} for one in (old, new)]
    found: list[dict[str, Any]] = []
    for step in dict.fromkeys([*sides[0], *sides[1]]):
        before, after = (side.get(step, {}) for side in sides)
        kinds = {kind: (before.get(kind, 0), after.get(kind, 0)) for kind in sorted(before.keys() | after.keys())}
        found += [
            {"step": step, "kind": kind, "before": old, "after": new}
            for kind, (old, new) in kinds.items()
            if old != new
        ]
    return found


def ledgers(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every step of either ledger that did not do the same: its figures and its rules, each as [before, after]."""
    sides = [{step["name"]: step for step in one["ledger"]["steps"]} for one in (old, new)]
    found = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        before, after = (side.get(name) for side in sides)
        figures = {key: _pair(before, after, key) for key in ("in", "out", "characters_removed")}
        rules = _rules(before, after)
        if any(one != two for one, two in figures.values()) or any(one != two for one, two in rules.values()):
            found.append({"step": name, **figures, "rules": rules})
    return found


def _pair(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, key: str) -> list[int | None]:
    return [None if side is None else side[key] for side in (before, after)]


def _rules(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Sequence[int]]:
    """Refused documents by rule, where the count is not the same, the largest change first."""
    old, new = ({} if side is None else side["dropped"] for side in (before, after))
    changed = {rule: [old.get(rule, 0), new.get(rule, 0)] for rule in old.keys() | new.keys()}
    ranked = sorted(changed.items(), key=lambda item: (-abs(item[1][1] - item[1][0]), item[0]))
    return {rule: pair for rule, pair in ranked if pair[0] != pair[1]}
