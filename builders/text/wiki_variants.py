"""Chinese variants in wikitext: what `-{…}-` shows, and the rules that it makes for the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from builders.text.wiki_marks import ENDED, decode_entities, raw, unmask, without_raw_marks

# A variant, and those that stand in for it, the best first.
FALLBACKS = {
    "zh-cn": ("zh-hans", "zh-sg", "zh-my"),
    "zh-sg": ("zh-my", "zh-hans", "zh-cn"),
    "zh-my": ("zh-sg", "zh-hans", "zh-cn"),
    "zh-hans": ("zh-cn", "zh-sg", "zh-my"),
    "zh-tw": ("zh-hant", "zh-hk", "zh-mo"),
    "zh-hk": ("zh-mo", "zh-hant", "zh-tw"),
    "zh-mo": ("zh-hk", "zh-hant", "zh-tw"),
    "zh-hant": ("zh-tw", "zh-hk", "zh-mo"),
}
_LONG_CODES = {
    **{f"zh-hans-{place}": f"zh-{place}" for place in ("cn", "sg", "my")},
    **{f"zh-hant-{place}": f"zh-{place}" for place in ("tw", "hk", "mo")},
}
_NAMES = {
    "zh": "原文", "zh-hans": "简体", "zh-hant": "繁體", "zh-cn": "大陆", "zh-tw": "台灣",
    "zh-hk": "香港", "zh-mo": "澳門", "zh-sg": "新加坡", "zh-my": "大马",
}  # fmt: skip

_CODE = "zh(?:-hans|-hant)?(?:-(?:cn|tw|hk|mo|sg|my))?"
_ENTRY = re.compile(rf"\s*({_CODE})\s*[:：](.*)", re.IGNORECASE | re.DOTALL)
_ONE_WAY = re.compile(rf"([^;]*?)=>\s*({_CODE})\s*[:：](.*)", re.IGNORECASE | re.DOTALL)
_ONE_FLAG = re.compile(rf"[A-Z+\-]|{_CODE}", re.IGNORECASE)
_ENTITY_HEAD = re.compile(r"&#?\w{1,30}\Z")


class Rule(NamedTuple):
    """A conversion rule: the words of the variants, which all become the reader's, and one-way pairs.

    >>> Rule((("zh-cn", "博客"), ("zh-tw", "網誌")), (("zh-cn", "部落格", "博客"),))
    """

    words: tuple[tuple[str, str], ...]  # variant, word
    one_way: tuple[tuple[str, str, str], ...] = ()  # variant, from, to


@dataclass(slots=True)
class PageRules:
    """What a page says about its conversion, collected while it is read."""

    rules: list[Rule] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)  # as NoteTA names them
    ended: list[tuple[Rule, int]] = field(default_factory=list)  # and how many rules there were by then
    title: Rule | None = None  # what the page is called

    def end(self, rule: Rule | None) -> str:
        """The mark of the place up to which a rule counts; "" for what is no rule of the page."""
        if rule not in self.rules or rule is None:
            return ""
        self.ended.append((rule, len(self.rules)))
        return ENDED

    def at(self, place: int) -> list[Rule]:
        """The rules that count after so many of these marks."""
        ended = self.ended[:place]
        return [rule for index, rule in enumerate(self.rules) if not any(rule == old and index < n for old, n in ended)]


@lru_cache(maxsize=1024)
def variant_code(code: str) -> str:
    """A variant as MediaWiki writes it: `zh-Hant-TW` is `zh-tw`; "" for what is none."""
    code = code.strip().lower().replace("_", "-")
    code = _LONG_CODES.get(code, code)
    return code if code in _NAMES else ""


def _entries(text: str) -> list[tuple[str | None, str, str]]:
    """Source (of a one-way pair), variant and text, in order; `;` separates only before a variant, garbage goes."""
    found: list[tuple[str | None, str, list[str]]] = []
    for piece in text.split(";"):
        if match := _ENTRY.fullmatch(piece):
            if code := variant_code(match[1]):
                found.append((None, code, [match[2]]))
        elif "=>" in piece and (match := _ONE_WAY.fullmatch(piece)):
            if code := variant_code(match[2]):
                found.append((match[1].strip(), code, [match[3]]))
        elif found and piece and (_ENTITY_HEAD.search(found[-1][2][-1]) or not piece[0].isspace()):
            found[-1][2].append(piece)  # &nbsp; and Steins;Gate, but not what is left behind a last `; `
    return [(source, code, ";".join(pieces).strip()) for source, code, pieces in found]


def parse_rule(text: str) -> Rule | None:
    """A rule such as `zh-cn:博客; zh-tw:網誌` or `部落格=>zh-cn:博客`; `None` if no part of it is one."""
    words: dict[str, str] = {}
    one_way: dict[tuple[str, str], str] = {}
    for source, code, word in _entries(text):
        if source is None:
            if word:
                words[code] = word
        elif source:
            one_way[code, source] = word
    if not words and not one_way:
        return None
    return Rule(tuple(words.items()), tuple((code, source, word) for (code, source), word in one_way.items()))


def page_rule(text: str) -> Rule | None:
    """A rule for the text of a page: without the marks of the reading; a single word is a rule not to convert it."""
    text = decode_entities(unmask(without_raw_marks(text))).strip()
    rule = parse_rule(text)
    if rule is None and text and "\n" not in text:
        return Rule(tuple((code, text) for code in FALLBACKS))
    return rule


def chosen_word(rule: Rule, variant: str) -> tuple[str, bool]:
    """What a reader of `variant` sees of a rule in place, and whether it is in a script that suits."""
    words = dict(rule.words)
    if word := words.get(variant):
        return word, True
    one_way = {code: word for code, _, word in reversed(rule.one_way)}
    for code in (variant, *FALLBACKS[variant]):
        if code in words or code in one_way:
            return words.get(code) or one_way[code], True
    others = [*words.values(), *(word for _, _, word in rule.one_way)]
    return others[0], False


@lru_cache(maxsize=1024)
def _flags(head: str) -> frozenset[str] | None:
    """The flags that stand before a `|`; `None` where that is none."""
    flags = [flag.strip() for flag in head.split(";")]
    if not all(_ONE_FLAG.fullmatch(flag) for flag in flags if flag):
        return None
    return frozenset(variant_code(flag) or flag.upper() for flag in flags if flag)


def show_variant(content: str, variant: str, page: PageRules) -> str:
    """What `-{content}-` shows; the rules that it makes are added to the page's."""
    head, bar, text = content.partition("|")
    flags = _flags(head) if bar else None
    if flags is None:
        return _chosen(content, variant)
    if "R" in flags:
        return raw(text)
    if "N" in flags:
        return _NAMES.get(variant_code(text), text)
    if "-" in flags:
        return page.end(page_rule(text))
    if not flags.isdisjoint(_NAMES):
        return text
    if not flags.isdisjoint("HA+T") and (rule := page_rule(text)):
        if "T" in flags:
            page.title = rule
        if flags != {"T"}:
            page.rules.append(rule)
    if "D" in flags:
        return _described(text)
    return _chosen(text, variant) if flags.isdisjoint("HT+") else ""


def _chosen(text: str, variant: str) -> str:
    """What is shown of a rule, or of a text that is none."""
    if (rule := parse_rule(text)) is None:
        return "" if _entries(text) else raw(text)  # every value is empty, or it is no rule
    word, suits = chosen_word(rule, variant)
    return raw(word) if suits else word


def _described(text: str) -> str:
    """What flag D shows: every variant with its word."""
    pieces = []
    for source, code, word in _entries(text):
        if word and source != "":
            pieces.append(f"{_NAMES[code]}：{word}；" if source is None else f"{source}⇒{_NAMES[code]}：{word}；")
    return "".join(pieces) or raw(text)


def read_note_ta(parts: list[str], page: PageRules) -> None:
    """The rules and the names of the groups of a `{{NoteTA|…}}`, whose arguments these are."""
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not (name == "" or name.isdigit() or _GROUP_ARGUMENT.fullmatch(name) or name in _NOT_FOR_TEXT):
            name, value = "", part  # not numbered, and with the `=` of `=>`
        if _GROUP_ARGUMENT.fullmatch(name):
            page.groups.append(unmask(without_raw_marks(value)).strip())
        elif name in ("T", "t"):
            page.title = page_rule(value) or page.title
        elif name not in _NOT_FOR_TEXT and (rule := parse_rule(decode_entities(unmask(without_raw_marks(value))))):
            page.rules.append(rule)


_GROUP_ARGUMENT = re.compile(r"[Gg]\d*")
_NOT_FOR_TEXT = ("T", "t", "dt", "desc")  # the title's rule, and what an editor is shown
