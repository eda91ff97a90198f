"""The parts of the report that show pieces of the corpus: what every step did, what went and why, what stayed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from builders.dedup.decontaminate import Decontaminate
from builders.publish.figures import StepFigures, Writing, counted, most_frequent, percent, share_of
from builders.publish.page import Html, Section, chinese, cut, differences, element, join, section, table
from builders.publish.samples import QUARANTINED, Copies, Row, Shown

NAME_CHARS = 120  # of a title, a reason, a kind of evidence
PIECE_CHARS = 200  # of a piece of evidence
PIECES = 4
QUARANTINE_CHARS = 100  # of what could be read of a quarantined piece
RULES, KINDS = 8, 8  # shown of one step, the most frequent
EXCERPT_CHARS = 300  # of a row
RULE_CHARS = 140  # of a document under the rule that refused it
BEFORE_CHARS, AFTER_CHARS = 60, 160  # of two copies, around the first difference
_BLANK_LINES = re.compile(r"\s*\n\s*")


def step_section(steps: Sequence[StepFigures], shown: Shown, writing: Writing | None = None) -> Section:
    """What every step did, with real examples; what a model wrote has sections of its own."""
    return section(
        "examples",
        "What each step did",
        "逐步实例",
        element(
            "p",
            "Real pieces of this corpus: documents that a step refused, the text around the first place that an edit "
            "changed, and what was cut out. Characters that cannot be seen are written as ⟨U+200B⟩.",
            class_="lead",
        ),
        *(_step(step, shown, is_told=writing is not None and writing.name == step.tally.name) for step in steps),
    )


def _step(step: StepFigures, shown: Shown, *, is_told: bool) -> Html:
    tally = step.tally
    name = f"step-{tally.name}"
    link = element("a", "above", href="#written")
    parts = [
        element("h3", tally.name, id=name),
        element("p", f"Settings: {step.settings_text}", class_="note") if step.settings else None,
        element("p", _idle(step), class_="note") if step.idle and not step.made else None,
        element("p", f"It made {step.made}; the kept rows show them.", class_="note") if step.made else None,
        element("p", "What was taken, what was refused and why stands ", link, ".")
        if is_told
        else _refused(step, shown),
        _edits(tally.examples),
        None if is_told else _evidence(step, shown),
    ]
    return element("article", *parts, aria_labelledby=name)


def _idle(step: StepFigures) -> str:
    if step.tally.name == Decontaminate.__name__ and "reads" not in step.settings:
        return "No benchmark was named, so it looked for nothing."
    return "It changed and refused nothing here."


def _rest(count: int, what: str) -> Html | None:
    return element("p", f"and {counted(count, what)} more", class_="note") if count > 0 else None


def _refused(step: StepFigures, shown: Shown) -> Html | None:
    """The rules of a step, each with some documents that it refused; copies have a section of their own."""
    rules = step.rules[:RULES]
    rows = {rule: shown.by_rule.get((step.tally.name, rule), ()) for rule, _ in rules}
    copying = [(rule, count) for rule, count in rules if any(row.duplicate_of is not None for row in rows[rule])]
    groups = [_rule(rule, count, rows[rule]) for rule, count in rules if (rule, count) not in copying]
    told = ", ".join(f"{cut(rule, NAME_CHARS)} {count:,}" for rule, count in copying)
    link = element("a", "side by side under Duplicates", href="#duplicates")
    return join(
        [
            element("p", "Dropped: ", element("strong", told), ", ", link, class_="group") if copying else None,
            element("div", *groups, class_="columns group") if groups else None,
            _rest(len(step.rules) - RULES, "rule"),
        ]
    )


def _rule(rule: str, count: int, rows: Sequence[Row]) -> Html:
    head = element("h4", "Dropped: ", cut(rule, NAME_CHARS), " ", element("span", f"{count:,}", class_="count"))
    cards = [card(row, why=row.reason, chars=RULE_CHARS) for row in rows]
    return join(
        [element("div", head, *cards[:1], class_="whole"), *cards[1:]]
    )  # never a heading without its first card


def _edits(examples: Sequence[Sequence[str]]) -> Html | None:
    if not examples:
        return None
    rows = []
    for name, before, after in examples:
        old, new = differences(cut(before, PIECE_CHARS), cut(after, PIECE_CHARS))
        rows.append((element("code", cut(name, NAME_CHARS)), chinese(old), chinese(new)))
    return element(
        "div",
        element("h4", "Edits, before and after"),
        table("Edits", ("Document", "Before", "After"), rows, "pairs stack"),
        class_="group",
    )


def _evidence(step: StepFigures, shown: Shown) -> Html | None:
    kinds = most_frequent(step.tally.notes)
    if not kinds:
        return None
    rows = []
    for kind, count in kinds[:KINDS]:
        pieces = list(dict.fromkeys(row.text for row in shown.evidence.get((step.tally.name, kind), ())))[:PIECES]
        texts = [chinese(cut(piece.strip(), PIECE_CHARS)) for piece in pieces]
        rows.append((cut(kind, NAME_CHARS), f"{count:,}", element("div", *texts, class_="pieces")))
    head = element("h4", "Evidence ", element("span", "摘除与发现", lang="zh"))
    grid = table("Evidence by kind", ("Kind", "Count#", "Some of it"), rows, "evidence stack")
    return element("div", head, grid, _rest(len(kinds) - KINDS, "kind"), class_="group")


# ---------------------------------------------------------------- rows


def label(meta: Mapping[str, Any]) -> str:
    """Title, volume and chapter of a row, or where it came from."""
    names = [str(meta[key]) for key in ("title", "volume", "chapter") if meta.get(key)]
    if not names:
        names = [str(meta[key]) for key in ("source", "url") if meta.get(key)][:1]
    return cut(" · ".join(dict.fromkeys(names)), NAME_CHARS)


def card(row: Row, *, badge: str = "", why: str = "", chars: int = EXCERPT_CHARS) -> Html:
    """One row: what it is, why it went, how it begins (without blank lines)."""
    name = label(row.meta)
    head = [
        element("span", badge, class_=f"badge {badge}") if badge else None,
        element("strong", name, lang="zh") if name else None,
    ]
    return element(
        "div",
        element("div", *head, class_="head") if any(head) else None,
        element("div", cut(why, 2 * NAME_CHARS), class_="reason") if why else None,
        _beginning(row, chars),
        element("code", cut(row.id, NAME_CHARS)),
        class_="card",
    )


def rows_sections(shown: Shown) -> list[Section]:
    """Some rows that stayed and some that went."""
    lead = "Drawn by the digest of their ids: the same ones every time, and no one chose them."
    groups = (
        ("kept", "kept row", "保留样例", [card(row, badge=split) for split, row in shown.kept]),
        ("dropped", "dropped row", "丢弃样例", [card(row, why=f"{row.step} · {row.reason}") for row in shown.dropped]),
    )
    return [
        section(name, counted(len(cards), what), chinese_title, element("p", lead, class_="lead"), _columns(cards))
        for name, what, chinese_title, cards in groups
    ]


def _beginning(row: Row, chars: int) -> Html:
    begins = row.excerpt[: 2 * chars] if row.excerpt else row.text[:chars]
    cut_off = row.chars > chars if not row.excerpt else len(begins) < len(row.excerpt) or " … " in begins
    return chinese(_BLANK_LINES.sub("\n", begins.strip()), row.chars if cut_off else None)


def _columns(cards: Sequence[Html]) -> Html:
    if not cards:
        return element("p", "There is none.", class_="note")
    return element("div", *cards, class_="columns")


def quarantine_section(counts: Mapping[str, int], shown: Shown) -> Section:
    """Pieces of input that became no document."""
    total = sum(counts.values())
    if not total:
        said = element("p", "Nothing: every piece of input could be read.", class_="note")
        return section("quarantined", "Quarantined input", "隔离的输入", said)
    reasons = ", ".join(f"{count:,} × {cut(rule, NAME_CHARS)}" for rule, count in most_frequent(counts)[:20])
    more = f" {len(shown.quarantined)} of {total:,} are shown." if total > len(shown.quarantined) else ""
    rows = [
        (
            element("code", cut(row.id, NAME_CHARS)),
            cut(row.reason.removeprefix(QUARANTINED), 2 * NAME_CHARS),
            label(row.meta) or "–",
            _beginning(row, QUARANTINE_CHARS),
        )
        for row in shown.quarantined
    ]
    return section(
        "quarantined",
        "Quarantined input",
        "隔离的输入",
        element(
            "p", f"Pieces of input that could not become documents, kept in dropped/: {reasons}.{more}", class_="lead"
        ),
        table("Quarantined input", ("Id", "Why", "From", "What could be read of it"), rows, "quarantine stack"),
    )


# ---------------------------------------------------------------- duplicates


def duplicates_section(duplicates: int, shown: Shown) -> Section:
    """The largest clusters of copies and some pairs, what stayed beside what went."""
    title = ("duplicates", "Duplicates", "重复文本")
    if not duplicates:
        return section(*title, element("p", "No document went as a copy of another.", class_="note"))
    lead = (
        f"{counted(duplicates, 'document')} went as copies of {shown.cluster_count:,} that stayed. Jaccard (相似度) is "
        "the share of character n-grams that two texts have in common, counted exactly. The excerpts begin shortly "
        "before the first place where the two differ."
    )
    return section(
        *title,
        element("p", lead, class_="lead"),
        _likeness(shown.likeness),
        element("h3", "The largest clusters"),
        *(_cluster(one) for one in shown.clusters),
        element("h3", "Some pairs"),
        *(_pair(one.kept, row, one.kept_id) for one in shown.pairs for row in one.removed),
    )


def _likeness(counts: Mapping[float, int]) -> Html:
    total = sum(counts.values())
    rows = []
    for floor, count in sorted(counts.items(), reverse=True):
        name = "not recorded" if floor < 0 else "1.00" if floor == 1 else f"{floor:.2f} to {floor + 0.05:.2f}"
        rows.append((name, f"{count:,}", percent(share_of(count, total))))
    return table("Copies by their likeness to the kept one", ("Jaccard", "Copies#", "Share#"), rows, "narrow")


def _cluster(cluster: Copies) -> Html:
    name = label(cluster.kept.meta) if cluster.kept else ""
    copies = f"{cluster.count:,} {'copy' if cluster.count == 1 else 'copies'} removed"
    few = f", {len(cluster.removed)} shown" if cluster.count > len(cluster.removed) else ""
    head = name or element("code", cut(cluster.kept_id, NAME_CHARS))
    pairs = [_pair(cluster.kept, row, cluster.kept_id) for row in cluster.removed]
    return element(
        "div", element("h4", head, " ", element("span", copies + few, class_="count")), *pairs, class_="group"
    )


def _pair(kept: Row | None, removed: Row, kept_id: str) -> Html:
    likeness = "not recorded" if removed.jaccard is None else f"{removed.jaccard:.3f}"
    told: list[object] = ["Jaccard ", element("strong", likeness)]
    if kept is None:
        stayed: Html = element("p", "No row has this id any more: a later step made other rows of it.", class_="note")
        went = _beginning(removed, BEFORE_CHARS + AFTER_CHARS)
        kept = Row(kept_id, "", 0)
    else:
        # Only the first block of a document that was cut up is at hand.
        text = removed.text if kept.id == kept_id else removed.text[: len(kept.text)]
        if text == kept.text:
            told.append(f", no difference in the first {len(text):,} characters")
        old, new = _from_first_difference(text, kept.text)
        stayed, went = chinese(new), chinese(old)
    sides = (_side("kept", kept, stayed), _side("removed", removed, went))
    return element("div", element("div", *told, class_="likeness"), *sides, class_="pair")


def _side(badge: str, row: Row, text: Html) -> Html:
    head = [element("span", badge, class_=f"badge {badge}"), element("strong", label(row.meta), lang="zh")]
    length = f" {row.chars:,} characters" if row.chars else ""
    return element(
        "div",
        element("div", *head, class_="head"),
        text,
        element("code", cut(row.id, NAME_CHARS)),
        element("span", length, class_="length"),
        class_="card",
    )


def _from_first_difference(removed: str, kept: str) -> tuple[Html, Html]:
    """Both texts from a little before the first character that differs, with the differences marked."""
    unlike = (place for place, (one, other) in enumerate(zip(removed, kept, strict=False)) if one != other)
    first = 0 if removed == kept else next(unlike, min(len(removed), len(kept)))
    window = slice(max(0, first - BEFORE_CHARS), first + AFTER_CHARS)
    return differences(removed[window], kept[window])
