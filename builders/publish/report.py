"""`report.html`: one page, without network or script, on which a person can judge a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from builders.publish.charts import Change, histogram, share_bar, waterfall
from builders.publish.excerpts import (
    KINDS,
    NAME_CHARS,
    RULES,
    duplicates_section,
    quarantine_section,
    rows_sections,
    step_section,
)
from builders.publish.figures import (
    StepFigures,
    Writing,
    counted,
    in_wan,
    most_frequent,
    percent,
    share_of,
    steps_of,
    warnings,
    whole_percent,
    writing_of,
)
from builders.publish.page import Html, Section, cut, definitions, element, page, section, table
from builders.publish.samples import Shown, choose

FILE = "report.html"
FACET_ROWS, INPUT_ROWS = 30, 200
OTHERS = "(others)"  # the value under which the statistics add up all but the largest
PLAN_CHARS = 100_000
SPLIT_NAMES = {"train": "Training rows 训练集", "valid": "Validation rows 验证集"}
FACET_TITLES = {"title": ("Characters per book", "各书字数"), "encoding": ("Encodings met", "字符编码")}
GLOSSARY = (
    ("document 文档", "A text with an id that is the same in every run: a book, then a chapter, then a block."),
    ("row 行", "A document that was kept and written to train/ or valid/."),
    (
        "dropped 丢弃",
        "Refused by a step under a rule. It lies in dropped/ as it was at that moment, with step and reason.",
    ),
    ("duplicate 重复", "Dropped because another document that stayed is the same or nearly so; duplicate_of names it."),
    ("quarantined 隔离", "A piece of input that could not become a document, for instance because it is no text."),
    ("edit, cut 删改", "Characters taken out of a document that goes on; the pieces are the evidence in evidence/."),
    ("Jaccard 相似度", "n-grams that two texts share, divided by all n-grams of both; 1 means equal up to form."),
    ("held out 留出", "Kept out of training for validation, together with everything that is nearly the same."),
    ("guard 护栏", "Warns when a step removes more than its usual share, and stops the build far above it."),
    (
        "ledger 账本",
        "In = kept + dropped + duplicates + quarantined, for characters also what was cut; else the build fails.",
    ),
    (
        "fingerprint 指纹",
        "SHA-256 of the plan and of the content of the inputs: with the same packages, the same dataset.",
    ),
)


def write_report(folder: Path, manifest: Mapping[str, Any], into: Path | None = None) -> None:
    """Write the report of the dataset in `folder` there, or into another folder."""
    write_whole((into or folder) / FILE, render_report(folder, manifest))


def render_report(folder: Path, manifest: Mapping[str, Any]) -> bytes:
    """The bytes of the report; they depend on the dataset alone."""
    steps = steps_of(manifest)
    writing = writing_of(manifest, steps)
    rules = {step.tally.name: [rule for rule, _ in step.rules[:RULES]] for step in steps}
    kinds = {step.tally.name: _kinds(step, writing) for step in steps}
    shown = choose(folder, rules, kinds, manifest["duplicates"])
    facets = {name: values for name, values in manifest["statistics"]["facets"].items() if not _is_told(name, writing)}
    encodings = [_facet(name, facets[name]) for name in facets if name == "encoding"]
    others = sorted(facets.keys() - {"encoding"}, key=lambda name: (name != "title", name))
    written, style = _written(folder, manifest, writing, shown) if writing else ([], None)
    sections = [
        _totals(manifest),
        *written,
        _flow(manifest, steps),
        _steps(steps),
        step_section(steps, shown, writing),
        quarantine_section(manifest["ledger"]["quarantined"], shown),
        _lengths(manifest["statistics"]),
        *encodings,
        duplicates_section(manifest["duplicates"], shown),
        *(_facet(name, facets[name]) for name in others),
        *rows_sections(shown),
        _made(manifest),
        section("words", "How to read this page", "术语", definitions(GLOSSARY, "glossary")),
    ]
    title = f"{manifest['name']} {manifest['version']} · dataset report"
    return page(title, _header(manifest), sections, style)


def _written(folder: Path, manifest: Mapping[str, Any], writing: Writing, shown: Shown) -> tuple[list[Section], Path]:
    """What only a model's writing has; what judges it is loaded for nothing else."""
    from builders.publish import written

    return written.written_sections(folder, manifest["columns"], writing, shown), written.STYLE


def _kinds(step: StepFigures, writing: Writing | None) -> list[str]:
    """The kinds of evidence of which some is shown: the most frequent, and of what a model wrote all."""
    kinds = [kind for kind, _ in most_frequent(step.tally.notes)]
    return kinds if writing and writing.name == step.tally.name else kinds[:KINDS]


def _is_told(facet: str, writing: Writing | None) -> bool:
    """Whether the sections about what a model wrote tell it better."""
    return writing is not None and facet in ("attempts", "question_type")


def _header(manifest: Mapping[str, Any]) -> Html:
    facts = (
        ("Fingerprint 指纹", element("code", manifest["fingerprint"])),
        ("Command 命令", element("code", cut(manifest["command"], 2000))),
        ("Licence 许可", manifest["licence"]),
    )
    return element(
        "header",
        element("p", "siku dataset report ", element("span", "数据集报告", lang="zh"), class_="kicker"),
        element("h1", manifest["name"], " ", element("span", manifest["version"], class_="version")),
        element("p", manifest["summary"], class_="summary"),
        definitions(facts, "facts"),
    )


# ---------------------------------------------------------------- figures


def _totals(manifest: Mapping[str, Any]) -> Section:
    ledger, rows, chars = manifest["ledger"], manifest["rows"], manifest["characters"]
    split = sum(max(0, step["out"] + sum(step["dropped"].values()) - step["in"]) for step in ledger["steps"])
    figures = (
        (
            "Documents in",
            "读入文档",
            ledger["documents_in"],
            f"{ledger['documents_in'] + split:,} after splitting" if split else "",
        ),
        ("Rows in train", "训练行", rows["train"], ""),
        ("Rows in valid", "验证行", rows["valid"], ""),
        ("Dropped", "丢弃", manifest["dropped"], ""),
        ("Duplicates", "重复", manifest["duplicates"], ""),
        ("Quarantined", "隔离", manifest["quarantined"], ""),
        ("Characters in", "读入字数", chars["in"], in_wan(chars["in"])),
        ("Characters kept", "保留字数", chars["kept"], in_wan(chars["kept"])),
    )
    tiles = [_tile(name, chinese, f"{count:,}", note) for name, chinese, count, note in figures]
    tiles.append(_tile("Share kept", "保留比例", percent(share_of(chars["kept"], chars["in"])), "of the characters"))
    made = f" and {split:,} more came of splitting" if split else ""
    balance = (
        f"The books balance: {ledger['documents_in']:,} documents were read{made}; "
        f"{rows['train'] + rows['valid']:,} were kept, {manifest['dropped']:,} dropped and {manifest['duplicates']:,} "
        f"removed as duplicates. {manifest['quarantined']:,} pieces of input were quarantined before that."
    )
    return section("totals", "In short", "总览", element("div", *tiles, class_="tiles"), element("p", balance))


def _tile(name: str, chinese: str, figure: str, note: str) -> Html:
    label = element("div", name, " ", element("span", chinese, lang="zh"), class_="name")
    return element(
        "div",
        label,
        element("div", figure, class_="big"),
        element("div", note, class_="note", lang="zh"),
        class_="tile",
    )


def _flow(manifest: Mapping[str, Any], steps: Sequence[StepFigures]) -> Section:
    ledger = manifest["ledger"]
    changes: list[Change] = []
    if ledger["characters_quarantined"]:
        changes.append(Change("Quarantined 隔离", manifest["characters"]["in"], ledger["characters_quarantined"], 0))
    for step in steps:
        tally = step.tally
        changes.append(Change(tally.name, tally.characters_in, tally.characters_dropped, tally.characters_removed))
    keys = (
        ("kept", "kept"),
        ("dropped", "in documents that went"),
        ("cut", "cut out of documents that stayed"),
        ("added", "added"),
    )
    legend = [element("li", element("span", class_=f"swatch {kind}"), told) for kind, told in keys]
    return section(
        "flow",
        "Where the characters went",
        "字数流向",
        element(
            "p",
            "From all characters of the input, step by step, to those that were kept. Where little was "
            "removed, the axis does not begin at zero.",
            class_="lead",
        ),
        element("ul", *legend, class_="legend"),
        waterfall(manifest["characters"]["in"], changes, "Input 输入", "Kept 保留"),
    )


def _steps(steps: Sequence[StepFigures]) -> Section:
    rows = [
        (
            element("a", step.tally.name, href=f"#step-{step.tally.name}"),
            f"{step.tally.documents_in:,}",
            f"{step.tally.documents_out:,}",
            _rules(step),
            f"{step.tally.characters_removed:,}".replace("-", "−"),
            percent(step.share),
            element("span", f"above {whole_percent(step.warn_share)}", class_="badge removed") if step.warns else "ok",
        )
        for step in steps
    ]
    head = ("Step", "In#", "Out#", "Dropped by rule", "Characters cut#", "Share removed#", "Guard")
    told = (
        "Documents in and out, what was refused and why, and characters cut out of documents that went on (a minus "
        "means that text was added). The share is that of documents or of characters, whichever is larger."
    )
    return section(
        "steps",
        "Step by step",
        "逐步统计",
        element("p", told, class_="lead"),
        *(element("p", sentence, class_="warning", role="note") for sentence in warnings(steps)),
        table("Steps", head, rows, "steps stack"),
    )


def _rules(step: StepFigures) -> Html | str:
    if not step.rules:
        return "–"
    lines = [
        element("li", element("b", f"{count:,}"), " ", cut(rule, NAME_CHARS)) for rule, count in step.rules[:RULES]
    ]
    if more := step.rules[RULES:]:
        lines.append(element("li", f"and {sum(count for _, count in more):,} under {len(more):,} more rules"))
    return element("ul", *lines, class_="plain")


def _lengths(statistics: Mapping[str, Any]) -> Section:
    charts = []
    for split, counts in sorted(statistics["lengths"].items()):
        name = f"{SPLIT_NAMES.get(split, split)}: {sum(counts):,}"
        chart = histogram(
            f"lengths-{split}", name, statistics["length_edges"], counts, "kept" if split == "train" else "held"
        )
        charts.append(element("figure", element("figcaption", name), chart))
    lead = "Rows by their number of characters. Every column begins at the length written below it."
    return section("lengths", "Length of rows", "行长分布", element("p", lead, class_="lead"), *charts)


def _facet(name: str, values: Mapping[str, Sequence[int]]) -> Section:
    """Rows and characters by the values of one metadata column: the largest, and the rest in one line."""
    title, chinese_title = FACET_TITLES.get(name, (f"Characters by {name}", ""))
    total = sum(chars for _, chars in values.values())
    ranked = sorted(values.items(), key=lambda item: (item[0] == OTHERS, -item[1][1], item[0]))
    shown = [item for item in ranked[:FACET_ROWS] if item[0] != OTHERS]
    rest = ranked[len(shown) :]
    most = max((chars for _, (_, chars) in shown), default=0)
    lines = [
        _facet_line(cut(value or "(none)", NAME_CHARS), share_bar(share_of(chars, most)), rows, chars, total)
        for value, (rows, chars) in shown
    ]
    if rest:
        label = "all others 其余" if OTHERS in values else f"{len(rest):,} others 其余"
        rows, chars = (sum(counts[place] for _, counts in rest) for place in (0, 1))
        lines.append(_facet_line(label, None, rows, chars, total))
    head = (name.capitalize(), "", "Characters#", "Share#", "Rows#")
    return section(f"by-{name}", title, chinese_title, table(title, head, lines, "bars"))


def _facet_line(label: str, bar: Html | None, rows: int, chars: int, total: int) -> tuple[object, ...]:
    share = percent(share_of(chars, total))
    return element("span", label, lang="zh"), bar, f"{chars:,}", share, f"{rows:,}"


# ---------------------------------------------------------------- how it was made


def _made(manifest: Mapping[str, Any]) -> Section:
    inputs = manifest["inputs"]
    plan = orjson.dumps(manifest["plan"], option=orjson.OPT_INDENT_2).decode()
    packages = table("Packages", ("Package", "Version"), sorted(manifest["packages"].items()), "narrow")
    listed = [
        (
            element("span", cut(one["name"], NAME_CHARS), lang="zh"),
            f"{one['bytes']:,}",
            element("code", one["sha256"][:16]),
        )
        for one in inputs[:INPUT_ROWS]
    ]
    files = [table("Inputs", ("Input", "Bytes#", "SHA-256 begins"), listed)]
    if more := inputs[INPUT_ROWS:]:
        files.append(element("p", f"and {len(more):,} more; all of them are in manifest.json", class_="note"))
    unread = len(inputs) - manifest["inputs_read"]
    if unread > 0:
        files.append(element("p", f"{unread:,} of them were not read, because of --limit", class_="note"))
    size = sum(one["bytes"] for one in inputs)
    return section(
        "made",
        "How it was made",
        "制作过程",
        _details("The plan, as manifest.json keeps it", element("pre", cut(plan, PLAN_CHARS))),
        _details("Packages that have a say in the bytes", packages),
        _details(f"{counted(len(inputs), 'input')}, {size:,} bytes", *files),
    )


def _details(summary: str, *children: object) -> Html:
    return element("details", element("summary", summary), *children)
