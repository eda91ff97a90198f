"""Conversations out of the rows of any table, by a setting that names the columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from builders.sources.dialogue_rows import (
    ASSISTANT,
    SYSTEM,
    USER,
    Format,
    Turns,
    UnfitError,
    column,
    joined,
    message,
    needed,
)
from builders.text.turns import alternate

_ARROW = re.compile(r"\s*(?:->|→)\s*")


def mapped(mapping: str) -> Format:
    """The format that a setting describes. Raises UnfitError, as a mistake in the setting, for one that is none.

    >>> mapped("title+desc -> user, content -> assistant").read({"title": "雪", "desc": "", "content": "白的"})
    [[{'role': 'user', 'content': '雪'}, {'role': 'assistant', 'content': '白的'}]]
    """
    turns: list[tuple[tuple[str, ...], str]] = []
    for part in re.split("[,，;；]", mapping):
        names, *roles = _ARROW.split(part.strip())
        columns = tuple(name.strip() for name in names.split("+") if name.strip())
        if len(roles) != 1 or not columns or roles[0] not in (SYSTEM, USER, ASSISTANT):
            raise UnfitError(f"{part.strip()!r} is no 'column+column -> role' with system, user or assistant")
        turns.append((columns, roles[0]))
    if {USER, ASSISTANT} - {role for _, role in turns}:
        raise UnfitError("it names no columns for both user and assistant")
    all_columns = frozenset(name for columns, _ in turns for name in columns)

    def read(row: Mapping[str, Any]) -> list[Turns]:
        needed(row)
        for columns, _ in turns:
            if not any(name in row for name in columns):
                needed(row, columns[0])
        told = [message(role, joined(*(column(row, name) for name in columns))) for columns, role in turns]
        if not alternate(told):
            raise UnfitError(f"empty {'answer' if not told[-1]['content'].strip() else 'question'}")
        return [told]

    return Format("row", read, lambda row: False, all_columns)
