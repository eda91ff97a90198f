"""What a search found, as lists of rows to choose from, and the table of how far reviewers agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builders.publish.page import Html, element, join, table
from builders.publish.view.query import Query
from builders.publish.view.texts import every, marked
from builders.review.decisions import Decision

TITLES = {"kept": "Kept 保留", "dropped": "Dropped 删去", "evidence": "Evidence 痕迹"}


def listing(
    query: Query,
    lines: Sequence[Mapping[str, Any]],
    decided: Mapping[str, Sequence[Decision]],
    *,
    first: int,
    told: str,
    number: int,
    at: int | None,
) -> Html:
    """One list; `number` is what its first row is counted as on the page, `at` the row that is open, `told` how many
    were found."""
    shown = f"{first + 1:,} to {first + len(lines):,} of {told}" if lines else f"none of {told}" if first else "nothing"
    name = TITLES[query.place]
    title = element("div", element("strong", name), element("span", shown, class_="soft"), class_="siku-found")
    rows = [_row(line, decided.get(line["id"], ()), number + n, at) for n, line in enumerate(lines)]
    none = element("p", "Nothing here is like that.", class_="empty") if not lines else None
    return element("div", title, element("div", *rows, none, class_="siku-rows", role="list"), class_="siku-list")


def _row(line: Mapping[str, Any], decisions: Sequence[Decision], number: int, at: int | None) -> Html:
    place = line.get("split") or line.get("step") or ""
    badges = [element("span", place, class_=f"badge {line.get('split') or 'dropped'}")]
    badges += [element("span", one.choice or "…", class_=f"badge {one.choice or ''}") for one in decisions]
    why = element("div", line["reason"], class_="why") if line.get("reason") else None
    top = element("div", element("code", line["id"]), " ", join(badges), " ", _length(line["chars"]), class_="top")
    spans = every(line["piece"], line["hit"])
    lead = "…" if line["begins"] > 1 else ""
    rest = "…" if line["begins"] - 1 + len(line["piece"]) < line["chars"] else ""
    piece = element("div", lead, marked(line["piece"], spans), rest, class_="piece", lang="zh")
    current = number == at
    return element(
        "div",
        *(top, why, piece),
        class_="siku-row current" if current else "siku-row",
        data_row=number,
        role="listitem",
        tabindex=0,
        aria_current="true" if current else None,
    )


def _length(chars: int) -> Html:
    return element("span", f"{chars:,}", class_="soft figure", title="characters")


def agreement_panel(found: Mapping[str, Any]) -> Html:
    """Who decided how much, and how far they agree, beyond chance, too."""
    people = table(
        "Reviewers", ("Reviewer", "Documents decided#"), [(who, f"{n:,}") for who, n in found["reviewers"].items()]
    )
    if not found["reviewers"]:
        return element("p", "Nobody has decided anything yet.", class_="empty")
    if not found["documents"]:
        return join([people, element("p", "No document was decided by two reviewers, so they cannot be compared.")])
    whole = (
        f"{found['documents']:,} documents were decided by two or more: of all pairs of decisions about one "
        f"{_figure(found['share'])} are the same. Krippendorff's alpha (nominal): {_figure(found['alpha'])}."
    )
    rows = [
        (" and ".join(one["reviewers"]), f"{one['documents']:,}", _figure(one["share"]), _figure(one["kappa"]))
        for one in found["pairs"]
    ]
    pairs = table("Pairs", ("Reviewers", "Documents#", "Same#", "Cohen's kappa#"), rows)
    note = "1 is perfect agreement, 0 that of chance; n/a where all said the same, so that chance explains it, too."
    return join([people, element("p", whole), pairs, element("p", note, class_="soft")])


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
