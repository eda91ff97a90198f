"""`diff.html`: two versions side by side on one page, without network or script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builders.publish.charts import share_bar
from builders.publish.figures import percent, share_of, signed
from builders.publish.page import (
    Html,
    Section,
    chinese,
    cut,
    definitions,
    differences,
    element,
    page,
    section,
    table,
)
from builders.publish.versions.paired_charts import paired_columns

FILE = "diff.html"
STYLE = Path(__file__).with_name("difference.css")
LINES, NAME_CHARS, RULES = 200, 120, 8
SPLITS = {"train": "Training rows 训练集", "valid": "Validation rows 验证集"}
KINDS = {
    "added": ("Added", "新增"),
    "removed": ("Removed", "移除"),
    "changed": ("Changed", "改动"),
    "moved": ("Moved to the other split", "换集"),
    "metadata": ("Changed in metadata alone", "仅元数据"),
}


def render_difference(found: Mapping[str, Any]) -> bytes:
    """The page of what `compare` found."""
    sections = [
        _totals(found),
        _lines("plan", "Plan", "方案", "What the two recipes say differently, field by field.", found["plan"]),
        _lines("inputs", "Inputs", "输入", "Files by the beginning of their SHA-256.", found["inputs"]),
        _ledger(found["ledger"]),
        _lengths(found["shifts"]["lengths"]),
        *_columns(found["shifts"]["columns"]),
        _notes(found["shifts"]["notes"]),
        *_rows(found["rows"]),
    ]
    title = f"{found['a']} and {found['b']} · differences"
    return page(title, _header(found), [one for one in sections if one], STYLE)


def _header(found: Mapping[str, Any]) -> Html:
    sides = zip(("Before 之前", "After 之后"), found["fingerprints"], strict=True)
    facts = [(side, element("code", mark)) for side, mark in sides]
    same = "The same plan and inputs: the same dataset." if found["same"] else "Two different datasets."
    return element(
        "header",
        element("p", "siku dataset differences ", element("span", "版本对比", lang="zh"), class_="kicker"),
        element("h1", found["a"], element("span", " → ", class_="version"), found["b"]),
        element("p", same, class_="summary"),
        definitions(facts, "facts"),
    )


def _totals(found: Mapping[str, Any]) -> Section:
    before, after = found["before"], found["after"]
    figures = [
        ("Rows in train", "训练行", before["rows"]["train"], after["rows"]["train"]),
        ("Rows in valid", "验证行", before["rows"]["valid"], after["rows"]["valid"]),
        ("Characters kept", "保留字数", before["characters"]["kept"], after["characters"]["kept"]),
        *((key.capitalize(), "", before[key], after[key]) for key in ("dropped", "duplicates", "quarantined")),
    ]
    tiles = [_tile(*figure) for figure in figures]
    told = ", ".join(f"{found['rows'][kind]['count']:,} {name.lower()}" for kind, (name, _) in KINDS.items())
    return section("totals", "In short", "总览", element("div", *tiles, class_="tiles"), element("p", f"Rows: {told}."))


def _tile(name: str, chinese_name: str, before: int, after: int) -> Html:
    label = element("div", name, " ", element("span", chinese_name, lang="zh"), class_="name")
    change = f"{signed(after - before)} from {before:,}" if after != before else "no change"
    return element(
        "div", label, element("div", f"{after:,}", class_="big"), element("div", change, class_="note"), class_="tile"
    )


def _lines(name: str, title: str, chinese_title: str, lead: str, lines: Sequence[str]) -> Section:
    if not lines:
        return section(name, title, chinese_title, element("p", "No difference."))
    shown = [element("li", element("code", cut(line, 400))) for line in lines[:LINES]]
    if len(lines) > LINES:
        shown.append(element("li", f"and {len(lines) - LINES:,} more: siku diff --json has them all"))
    return section(name, title, chinese_title, element("p", lead, class_="lead"), element("ul", *shown, class_="plain"))


def _ledger(steps: Sequence[Mapping[str, Any]]) -> Section:
    if not steps:
        return section("steps", "Steps", "逐步统计", element("p", "Every step did the same."))
    rows = [
        (
            step["step"],
            *(_pair(step[key]) for key in ("in", "out", "characters_removed")),
            element("ul", *_rules(step["rules"]), class_="plain") if step["rules"] else "–",
        )
        for step in steps
    ]
    head = ("Step", "In#", "Out#", "Characters cut#", "Refused by rule")
    lead = "Steps that did not do the same, before and after. Of the rules those whose count changed."
    return section(
        "steps", "Steps", "逐步统计", element("p", lead, class_="lead"), table("Steps", head, rows, "steps stack")
    )


def _pair(pair: Sequence[int | None]) -> Html:
    before, after = ("–" if one is None else f"{one:,}".replace("-", "−") for one in pair)
    if before == after:
        return element("span", after)
    return element("span", element("span", before, class_="was"), " → ", element("b", after))


def _rules(rules: Mapping[str, Sequence[int]]) -> list[Html]:
    lines = [
        element("li", element("b", signed(after - before)), f" {cut(rule, NAME_CHARS)} ({before:,} → {after:,})")
        for rule, (before, after) in list(rules.items())[:RULES]
    ]
    return [*lines, *([element("li", f"and {len(rules) - RULES:,} more rules")] if len(rules) > RULES else [])]


LEGEND = element(
    "ul",
    *(
        element("li", element("span", class_=f"swatch {kind}"), told)
        for kind, told in (("held", "before 之前"), ("kept", "after 之后"))
    ),
    class_="legend",
)


def _lengths(lengths: Mapping[str, Any]) -> Section:
    figures = []
    for split, one in lengths.items():
        labels = [*map(_edge, one["edges"])]
        name = f"{SPLITS[split]}: {sum(one['before']):,} → {sum(one['after']):,}, {_shift(one['shift'], 'rows')}"
        chart = paired_columns(f"lengths-{split}", name, labels, one["before"], one["after"])
        figures.append(element("figure", element("figcaption", name), chart))
    lead = "Share of rows by their number of characters. Every pair of columns begins at the length below it."
    return section("lengths", "Length of rows", "行长分布", element("p", lead, class_="lead"), LEGEND, *figures)


def _edge(chars: int) -> str:
    return f"{chars // 1_000_000}M" if chars >= 1_000_000 else f"{chars // 1000}k" if chars >= 1000 else str(chars)


def _shift(shift: float | None, what: str) -> str:
    return "only one has any" if shift is None else f"{percent(shift)} of the {what} are elsewhere"


def _columns(columns: Mapping[str, Any]) -> list[Section]:
    """One table a column: every value's share of the characters before and after."""
    found: list[Section] = []
    for number, (name, one) in enumerate(columns.items()):
        totals = [sum(row[side] for row in one["values"]) for side in ("before", "after")]
        most = max((share_of(row[side], total) for row in one["values"] for side, total in _sides(totals)), default=0)
        rows = [_value(row, totals, most) for row in one["values"]]
        more = element("p", f"and {one['more_values']:,} other values", class_="note") if one["more_values"] else None
        lead = element("p", f"Characters by value; {_shift(one['shift'], 'characters')}.", class_="lead")
        head = ("Value", "", "Before#", "After#", "Change#")
        title = f"By {cut(name, 60)}"
        grid = table(title, head, rows, "bars")
        found.append(section(f"column-{number}", title, "分布", lead, LEGEND, grid, *([more] if more else [])))
    return found


def _sides(totals: Sequence[int]) -> list[tuple[str, int]]:
    return [("before", totals[0]), ("after", totals[1])]


def _value(row: Mapping[str, Any], totals: Sequence[int], most: float) -> tuple[object, ...]:
    bars = [
        share_bar(share_of(row[side], total) / most if most else 0.0, kind)
        for (side, total), kind in zip(_sides(totals), ("held", "kept"), strict=True)
    ]
    label = element("span", cut(str(row["value"]) or "(none)", NAME_CHARS), lang="zh")
    return (
        label,
        element("div", *bars, class_="both"),
        f"{row['before']:,}",
        f"{row['after']:,}",
        signed(row["after"] - row["before"]),
    )


def _notes(notes: Sequence[Mapping[str, Any]]) -> Section | None:
    if not notes:
        return None
    rows = [
        (
            note["step"],
            cut(note["kind"], NAME_CHARS),
            f"{note['before']:,}",
            f"{note['after']:,}",
            signed(note["after"] - note["before"]),
        )
        for note in notes[:LINES]
    ]
    head = ("Step", "What it noted", "Before#", "After#", "Change#")
    lead = "What steps noted of documents that went on: pieces cut out, script, personal data, oddities."
    grid = table("Notes", head, rows, "stack")
    return section("notes", "What steps noted", "证据", element("p", lead, class_="lead"), grid)


def _rows(rows: Mapping[str, Any]) -> list[Section]:
    found: list[Section] = []
    for kind, (title, chinese_title) in KINDS.items():
        group = rows[kind]
        if not group["count"]:
            continue
        more = group["count"] - len(group["samples"])
        note = element("p", f"and {more:,} more", class_="note") if more else None
        shown = [_sample(kind, sample) for sample in group["samples"]]
        heading = f"{title}: {group['count']:,}"
        found.append(section(kind, heading, chinese_title, *shown, *([note] if note else [])))
    return found


def _sample(kind: str, sample: Mapping[str, Any]) -> Html:
    name = element("h4", element("code", cut(sample["id"], NAME_CHARS)), f" {sample['split']}")
    before, after = sample["before"], sample["after"]
    if kind == "moved":
        return element("div", name, element("p", f"{before} → {after}"), class_="group")
    if before is None or after is None:
        return element("div", name, chinese(before if after is None else after), class_="group")
    old, new = differences(before, after)
    return element("div", name, element("div", chinese(old), chinese(new), class_="sides"), class_="group")
