"""What somebody looks for, as SQL: words of people are always bound, never part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Place = Literal["kept", "dropped", "evidence"]
How = Literal["substring", "regex", "id"]
PLACES: tuple[Place, ...] = ("kept", "dropped", "evidence")
Clause = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for in one place; what is empty does not matter.

    `column` is one of metadata, `value` what it holds there. `rule` is the beginning of a reason up to its colon, in
    evidence its kind. `ids`: only these documents, or with `ids_out` all others.
    """

    place: Place = "kept"
    words: str = ""
    how: How = "substring"
    split: str = ""
    column: str = ""
    value: str = ""
    step: str = ""
    rule: str = ""
    least_chars: int | None = None
    most_chars: int | None = None
    ids: frozenset[str] | None = None
    ids_out: bool = False


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def column_name(name: str) -> str:
    """How a column of metadata is called in the views: never like one of ours."""
    return f"meta:{name}"


def where(query: Query) -> Clause:
    """The condition and what is bound to its question marks."""
    clauses = list(_clauses(query))
    bound = tuple(value for _, values in clauses for value in values)
    return " AND ".join(f"({sql})" for sql, _ in clauses) or "true", bound


def _clauses(query: Query) -> Iterator[Clause]:
    """The cheap ones first: a row that they refuse is not unpacked further."""
    if query.split and query.place == "kept":
        yield "split = ?", (query.split,)
    if query.step and query.place != "kept":
        yield "step = ?", (query.step,)
    if query.rule and query.place != "kept":
        yield "rule = ?", (query.rule,)
    if query.ids is not None:
        yield f"id {'NOT ' if query.ids_out else ''}IN (SELECT unnest(?::VARCHAR[]))", (sorted(query.ids),)
    if query.column and query.place != "evidence":
        yield _of_column(query)
    if query.least_chars is not None:
        yield "length(text) >= ?", (query.least_chars,)
    if query.most_chars is not None:
        yield "length(text) <= ?", (query.most_chars,)
    if query.words:
        yield _MATCHES[query.how], (query.words,)


_MATCHES = {"substring": "contains(text, ?)", "regex": "regexp_matches(text, ?)", "id": "contains(id, ?)"}


def _of_column(query: Query) -> Clause:
    if query.place == "dropped":  # its metadata is JSON
        pointer = "/" + query.column.replace("~", "~0").replace("/", "~1")
        return "coalesce(json_extract_string(meta, ?), '') = ?", (pointer, query.value)
    return f"coalesce({quoted(column_name(query.column))}::VARCHAR, '') = ?", (query.value,)
