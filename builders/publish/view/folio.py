"""One document as HTML: its head, its text or an editor of it, its metadata, its copies, its life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from builders.document import are_messages, transcript
from builders.publish.page import Html, cut, definitions, element, join, verbatim
from builders.publish.view.texts import Spans, beside, changed_line, reading
from builders.review.decisions import Decision

Row = Mapping[str, Any]
META_CHARS = 600  # of one value
PREFIX = "meta:"
ROLES = {"system": "系统 system", "user": "用户 user", "assistant": "助手 assistant"}


def meta_of(row: Row) -> dict[str, Any]:
    """What is known of a document beside its text."""
    if row["place"] == "dropped":
        found = orjson.loads(row["meta"] or "{}")
        return dict(found) if isinstance(found, dict) else {}
    meta = {name[len(PREFIX) :]: value for name, value in row.items() if name.startswith(PREFIX)}
    meta |= {"parents": row["parents"]} if row.get("parents") else {}
    return {name: value for name, value in meta.items() if value is not None}


def messages_of(row: Row) -> list[dict[str, str]] | None:
    """The turns of a conversation, None for a text."""
    found = meta_of(row).get("messages") if row["place"] == "dropped" else row.get("messages")
    if not found or not are_messages(found):
        return None
    return [{"role": str(one["role"]), "content": str(one["content"])} for one in found]


def head(row: Row, decisions: Sequence[Decision]) -> Html:
    """Where a document is, why it is there, and what reviewers said of it."""
    place = row["split"] if row["place"] == "kept" else "dropped"
    badges = [element("span", place, class_=f"badge {place}")]
    badges += [
        element("span", f"{one.who}: {one.choice or 'comment'}", class_=f"badge {one.choice or ''}", title=one.when)
        for one in decisions
    ]
    parts = [element("div", element("code", row["id"], class_="id"), " ", join(badges), class_="siku-title")]
    if row["place"] == "dropped":
        parts.append(_why(row))
    said = [(f"{one.who}, {one.when}", one.comment) for one in decisions if one.comment]
    if said:
        parts.append(definitions(said, "facts comments"))
    return element("div", *parts, class_="siku-head")


def _why(row: Row) -> Html:
    kept = row.get("duplicate_of")
    copy = (". It is a copy of ", opener(kept), ", which stays.") if kept else (".",)
    return element("p", "Dropped by ", element("strong", row["step"]), ": ", row["reason"], *copy, class_="problem")


def opener(name: str) -> Html:
    """What opens the document of that id."""
    return element("button", name, class_="siku-link", data_open=name, type="button")


def text_panel(row: Row, spans: Spans, decisions: Sequence[Decision], *, whole: bool) -> Html:
    """The text or the turns with what was looked for marked, what reviewers made of it, and the metadata."""
    messages = messages_of(row)
    told = reading(row["text"], spans, whole=whole) if messages is None else _turns(messages, spans)
    return join([told, *(_edit(row, one) for one in decisions if one.choice == "edit"), facts(row)])


def _edit(row: Row, edit: Decision) -> Html:
    """An edit beside what it was made of: both in one column, what went struck and what came marked."""
    after = edit.text if edit.text is not None else transcript(edit.messages or ())
    left, right = beside(row["text"], after)
    title = element("summary", f"edited by {edit.who}")
    sides = (element("div", side, class_="reading", lang="zh") for side in (left, right))
    return element("details", title, element("div", *sides, class_="siku-pair"), open="open")


def _turns(messages: Sequence[Mapping[str, str]], spans: Spans) -> Html:
    turns = []
    start = 0
    for one in messages:
        end = start + len(one["content"])
        mine = [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]
        role = element("div", ROLES.get(one["role"], one["role"]), class_="role")
        turns.append(element("div", role, reading(one["content"], mine), class_=f"turn {_safe(one['role'])}"))
        start = end + 1  # the line break between them
    return element("div", *turns, class_="turns")


def _safe(role: str) -> str:
    return role if role in ROLES else "other"


def facts(row: Row) -> Html:
    pairs: list[tuple[object, object]] = [("characters", f"{len(row['text']):,}")]
    for name, value in meta_of(row).items():
        if name == "messages":
            continue
        told = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
        pairs.append((name, element("span", cut(told, META_CHARS), lang="zh")))
    return definitions(pairs, "facts")


def editor(row: Row, mine: Decision | None) -> Html:
    """The text, or each turn, in a field, as this reviewer left it; it is shown as it is, for it will be read again."""
    messages = messages_of(row)
    said = [("", row["text"])] if messages is None else [(one["role"], one["content"]) for one in messages]
    if mine and mine.choice == "edit":
        said = (
            [("", mine.text)]
            if mine.text is not None
            else [(one["role"], one["content"]) for one in mine.messages or ()]
        )
    fields = []
    for role, content in said:
        lines = min(24, max(3, content.count("\n") + len(content) // 34 + 1))
        name = ROLES.get(role, role) or "text"
        # A field drops its first line break, so one is put in front; invisible characters stay what they are.
        inner = join([Html("\n"), verbatim(content)])
        fields += [
            element("div", name, class_="role"),
            element("textarea", inner, rows=lines, aria_label=name, lang="zh"),
        ]
    buttons = (
        element("button", "Save (Ctrl+Enter)", data_save=1, type="button"),
        element("button", "Cancel (Esc twice)", data_cancel=1, type="button"),
    )
    return element("div", *fields, element("div", *buttons, class_="siku-buttons"), class_="siku-editor")


def copies_panel(row: Row, kept: Row | None, count: int, copies: Sequence[Row]) -> Html:
    """The cluster that a document is in: the kept copy beside it with what differs, and all that point there."""
    parts: list[Html] = []
    if row["place"] == "dropped" and row.get("duplicate_of"):
        parts.append(_pair(row, kept))
    if count:
        owner = opener(kept["id"]) if kept is not None and row["place"] == "dropped" else element("span", "this one")
        more = f"; the {len(copies):,} most alike" if count > len(copies) else ""
        parts.append(element("p", f"{count:,} dropped as copies of ", owner, more, ":"))
        parts.append(element("div", *(_copy(one, row["id"]) for one in copies), class_="siku-rows"))
    return join(parts) if parts else element("p", "No copy of this document was dropped.", class_="empty")


def _pair(row: Row, kept: Row | None) -> Html:
    if kept is None:
        gone = f"{row['duplicate_of']}, which it is a copy of, is in no part of the dataset under that id."
        return element("p", gone, class_="problem")
    left, right = beside(row["text"], kept["text"])
    sides = []
    for name, html_of, what in ((row["id"], left, "dropped"), (kept["id"], right, kept.get("split") or kept["place"])):
        title = element("div", element("span", what, class_=f"badge {what}"), " ", opener(name))
        sides.append(element("div", title, element("div", html_of, class_="reading", lang="zh"), class_="side"))
    likeness = "" if row.get("jaccard") is None else f"Jaccard {row['jaccard']:.3f}. "
    note = element(
        "p", f"{likeness}What only the left has is struck, what only the right has is marked.", class_="soft"
    )
    return join([note, element("div", *sides, class_="siku-pair")])


def _copy(one: Row, current: str) -> Html:
    likeness = "" if one["jaccard"] is None else f"{one['jaccard']:.3f}"
    top = element("div", opener(one["id"]), " ", element("span", likeness, class_="soft figure"))
    piece = element("div", one["piece"], class_="piece", lang="zh")
    return element("div", top, piece, class_="siku-row current" if one["id"] == current else "siku-row")


def life_panel(told: Mapping[str, Any], evidence: Sequence[Row]) -> Html:
    """Where a document came from, what every step did to it, and what was noted on the way."""
    steps = []
    for moment in told["steps"]:
        changes = [changed_line(line) for line in moment["changes"]]
        steps.append(element("li", element("strong", moment["name"]), " ", moment["what"], *changes))
    parts = [element("p", "From ", element("span", told["origin"], lang="zh"))]
    if steps:
        parts.append(element("ol", *steps, class_="siku-life"))
    if evidence:
        noted = [
            (f"{one['step']}: {one['kind']}", element("span", cut(one["text"], META_CHARS), lang="zh"))
            for one in evidence
        ]
        parts += [element("h4", "What steps noted"), definitions(noted, "facts")]
    return join(parts)
