"""Conversion groups (`Module:CGroup/…`): their files, and which of their words a page holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from builders.text.wiki_variants import FALLBACKS, Rule, parse_rule

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick


@dataclass(frozen=True, eq=False)
class ConversionGroup:
    """The rules of one group, and the names of the groups that it takes in."""

    rules: tuple[Rule, ...]
    imports: tuple[str, ...] = ()


_PREFIX = re.compile(r"^(?:module|template|模块|模組|模板|樣板)?\s*:?\s*cgroup\s*/", re.IGNORECASE)


def group_key(name: str) -> str:
    """The name of a group as it is looked up: `Module:CGroup/Games_` is `games`."""
    return " ".join(_PREFIX.sub("", name.strip()).replace("_", " ").split()).casefold()


# Strings and brackets of Lua, and the names before them; comments are matched to be passed over. Of long strings and
# comments only the beginning: their end is looked for once.
_LUA = re.compile(
    r"""(?P<comment>--)?\[(?P<level>=*)\[|--[^\n]*|(?P<string>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<key>[A-Za-z_]\w*+)\s*+=(?!=)|(?P<word>[A-Za-z_]\w*+)|(?P<bracket>[{(})])""",
    re.VERBOSE | re.DOTALL,
)
_LOADERS = ("require", "loadData")
_LUA_ESCAPE = re.compile(r"\\(\d{1,3}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_LUA_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "", "b": "", "f": "", "v": "", "z": ""}


def _unescape(escape: re.Match[str]) -> str:
    code = escape[1]
    if code.isdigit():
        return chr(int(code))
    return chr(int(code[1:], 16)) if code[0] == "x" and len(code) == 3 else _LUA_ESCAPES.get(code, code)


def _lua_tokens(text: str) -> Iterator[tuple[str, str]]:
    """What counts in a Lua source, in order: `string`, `key`, `word` or `bracket`, and its text."""
    position = 0
    while match := _LUA.search(text, position):
        position = match.end()
        if match["level"] is not None:
            end = text.find(f"]{match['level']}]", position)
            if end < 0:
                return
            if not match["comment"]:
                yield "string", text[position:end]
            position = end + 2 + len(match["level"])
        elif match["string"]:
            yield "string", _LUA_ESCAPE.sub(_unescape, match["string"][1:-1])
        elif match.lastgroup:
            yield match.lastgroup, match[match.lastgroup]


def _lua_rules(text: str) -> tuple[list[str], list[str]]:
    """The strings of a Lua module that may be rules, and the names of the groups it takes in; nothing is run."""
    rules: list[str] = []
    imports: list[str] = []
    depth = 0
    key = word = ""
    for kind, token in _lua_tokens(text):
        if kind == "string":
            if word in _LOADERS or key == "import":
                imports.append(token)
            elif depth and key in ("", "rule"):
                rules.append(token)
            key = word = ""
        elif kind == "key":
            key, word = token, ""
        elif kind == "word":
            word = token
        else:
            depth += 1 if token in "{(" else -1
            key = ""
    return rules, imports


def _json_rules(data: Any) -> tuple[list[str], list[str]]:
    rows = data.get("rules") or data.get("content") or [] if isinstance(data, dict) else data
    rules = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            row = row.get("conv") or row.get("rule")
        if isinstance(row, str):
            rules.append(row)
    return rules, []


def parse_conversion_group(text: str) -> ConversionGroup:
    """A conversion group from the Lua source of its module or from JSON (`{"rules": [{"conv": …}]}`).

    What is no rule in it is passed over; a text that is neither form gives a group without rules.
    """
    try:
        rules, imports = _json_rules(json.loads(text))
    except (ValueError, RecursionError):
        rules, imports = _lua_rules(text)
    parsed = [rule for rule in map(parse_rule, rules) if rule]
    names = [group_key(name) for name in imports if ":" not in name or _PREFIX.match(name)]
    return ConversionGroup(tuple(dict.fromkeys(parsed)), tuple(name for name in names if name != "core"))


def replacements(rules: tuple[Rule, ...] | list[Rule], variant: str) -> dict[str, str]:
    """What each word of the rules becomes for a reader of `variant`; a later rule wins."""
    script = "zh-hans" if variant in ("zh-cn", "zh-sg", "zh-my") else "zh-hant"
    codes = (variant, *FALLBACKS[variant])
    table: dict[str, str] = {}
    of_script: dict[str, str] = {}  # a rule for the variant itself comes before one for its script
    for rule in rules:
        words = dict(rule.words)
        for code in codes:
            if code in words:
                table.update(dict.fromkeys(words.values(), words[code]))
                break
        for code, source, to in rule.one_way:
            if code == variant:
                table[source] = to
            elif code == script:
                of_script[source] = to
    return of_script | table


@lru_cache(maxsize=2048)
def _group_table(group: ConversionGroup, variant: str) -> tuple[AhoCorasick, list[tuple[str, str]]] | None:
    from ahocorasick_rs import AhoCorasick

    table = replacements(group.rules, variant)
    return (AhoCorasick(list(table)), list(table.items())) if table else None


def group_replacements(
    names: list[str], groups: Mapping[str, ConversionGroup], variant: str, text: str
) -> dict[str, str]:
    """Of the groups with these names (and those they import) what the words that `text` holds become."""
    found: dict[str, str] = {}
    waiting = [group_key(name) for name in reversed(names)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        group = groups.get(name)
        if name in seen or group is None:
            continue
        seen.add(name)
        waiting += reversed(group.imports)
        if table := _group_table(group, variant):
            search, pairs = table
            hits = {index for index, _, _ in search.find_matches_as_indexes(text, overlapping=True)}
            found |= dict(pairs[index] for index in sorted(hits))
    return found
