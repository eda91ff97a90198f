"""What `siku diff` prints, and where it puts its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from builders.engine.manifest import write_whole
from builders.publish.figures import percent, signed
from builders.publish.page import visible
from builders.publish.terminal import OK, cut, print_json
from builders.publish.versions.difference_page import FILE, render_difference

LINES, COLUMN_VALUES, SMALL_SHIFT = 20, 3, 0.001
SAMPLE_CHARS = 48
KINDS = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "moved": "moved to the other split",
    "metadata": "changed in metadata alone",
}


def show_comparison(found: Mapping[str, Any], to: Path | None, report: Path | None, *, as_json: bool) -> int:
    """Tell what differs; with `to` (a folder) or `report` (a file) also write the page."""
    pages = [*([to / FILE] if to else []), *([report] if report else [])]
    for path in pages:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, render_difference(found))
    if as_json:
        print_json({**found, "pages": [str(path) for path in pages]})
        return OK
    same = "the same fingerprint" if found["same"] else "different"
    print(f"{found['a']} -> {found['b']}: {same}")
    for part in ("plan", "inputs", "figures", "steps"):
        _tell_lines(part, found[part])
    _tell_lines("distributions", list(_shift_lines(found["shifts"])))
    _tell_rows(found["rows"])
    for path in pages:
        print(f"\npage   {path}")
    return OK


def _tell_lines(part: str, lines: Sequence[str]) -> None:
    print(f"\n{part}: {'no difference' if not lines else ''}".rstrip())
    for line in lines[:LINES]:
        print(f"    {visible(line)}")
    if len(lines) > LINES:
        print(f"    and {len(lines) - LINES:,} more")


def _shift_lines(shifts: Mapping[str, Any]) -> Iterator[str]:
    for split, one in shifts["lengths"].items():
        if one["shift"] is None or one["shift"] >= SMALL_SHIFT:
            yield f"lengths in {split}: {_told_shift(one['shift'], 'rows')}"
    for name, one in shifts["columns"].items():
        if one["shift"] is None or one["shift"] >= SMALL_SHIFT:
            yield f"{name}: {_told_shift(one['shift'], 'characters')}; {', '.join(_values(one['values']))}"
    for note in shifts["notes"]:
        yield f"{note['step']} noted {cut(note['kind'], 40)}: {note['before']:,} -> {note['after']:,}"


def _told_shift(shift: float | None, what: str) -> str:
    return "only one of the two has any" if shift is None else f"{percent(shift)} of {what} are elsewhere"


def _values(values: Sequence[Mapping[str, Any]]) -> list[str]:
    """The values that changed most."""
    shown = [one for one in values if one["before"] != one["after"]][:COLUMN_VALUES]
    return [f"{cut(str(one['value']) or '(none)', 30)} {signed(one['after'] - one['before'])}" for one in shown]


def _tell_rows(rows: Mapping[str, Any]) -> None:
    print("\nrows:")
    for kind, told in KINDS.items():
        group = rows[kind]
        print(f"    {group['count']:,} {told}")
        for sample in group["samples"]:
            moved = f": {sample['before']} -> {sample['after']}" if kind == "moved" else ""
            print(f"        {visible(sample['id'])}{moved}")
            for mark, side in (("-", "before"), ("+", "after")):
                if sample[side] is not None and not moved:
                    print(f"          {mark} {cut(sample[side], SAMPLE_CHARS)}")
        if group["count"] > len(group["samples"]):
            print(f"        and {group['count'] - len(group['samples']):,} more")
