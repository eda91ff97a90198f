"""Wikitext to plain text in one Chinese variant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from builders.text.brackets import drop_bare_labels, repair_brackets
from builders.text.wiki_convert import convert_page, convert_title
from builders.text.wiki_elements import resolve_elements, resolve_tags
from builders.text.wiki_groups import ConversionGroup
from builders.text.wiki_marks import clean_input, decode_entities, unmask
from builders.text.wiki_scan import resolve_brackets
from builders.text.wiki_sections import DROPPED_SECTIONS, article_lines
from builders.text.wiki_variants import FALLBACKS, PageRules, variant_code
from validators.errors import SikuError, nearest

__all__ = ["DROPPED_SECTIONS", "VERSION", "Article", "read_article", "wikitext_to_text"]

VERSION = 1
"""Raised whenever the same wikitext gives another text."""


class Article(NamedTuple):
    """What a reader sees of a page."""

    title: str
    text: str


def wikitext_to_text(
    wikitext: str,
    variant: str = "zh-cn",
    groups: Mapping[str, ConversionGroup] | None = None,
    drop_sections: tuple[str, ...] = DROPPED_SECTIONS,
    title: str = "",
) -> str:
    """The text of a page as a reader of that variant sees it, without markup. Never raises over what a page holds.

    `groups` are the conversion groups that `{{NoteTA|G1=name}}` may ask for, by `group_key(name)`;
    `drop_sections` the headings of sections that go, in either script; `title` is what `{{PAGENAME}}` shows.

    >>> wikitext_to_text("'''長江'''（{{lang-en|Yangtze}}）是-{zh-cn:中国;zh-tw:中國}-第一大[[河流|河]]。")
    '长江（英语：Yangtze）是中国第一大河。'
    """
    return read_article(wikitext, variant, groups, drop_sections, title).text


def read_article(
    wikitext: str,
    variant: str = "zh-cn",
    groups: Mapping[str, ConversionGroup] | None = None,
    drop_sections: tuple[str, ...] = DROPPED_SECTIONS,
    title: str = "",
) -> Article:
    """As `wikitext_to_text`, and the title that the page has in that variant.

    >>> read_article("{{NoteTA|T=zh-cn:激光;zh-tw:雷射}}雷射是光。", title="雷射").title
    '激光'
    """
    code = variant_code(variant)
    if code not in FALLBACKS:
        raise SikuError(f"there is no Chinese variant {variant!r}", why=nearest(variant, tuple(FALLBACKS)))
    title = clean_input(title)
    page = PageRules()
    text = resolve_elements(clean_input(wikitext))
    text = resolve_brackets(text, code, page, title)
    text = article_lines(resolve_tags(text), drop_sections)
    text = convert_page(decode_entities(text), code, page, groups or {})
    return Article(convert_title(title, code, page, groups or {}), unmask(_tidy(text)).strip())


# Each begins with one character or class, so that `re` skips all others.
_DOUBLE_BLANKS = re.compile(r"[ \t]{2,}")
_BLANK_BEFORE_MARK = re.compile(" +(?=[，。、；：！？）》」』】])")
_BLANK_AFTER_MARK = re.compile("([（《「『【，。、；：！？]) +")
_MARK_BEFORE_MARK = re.compile("[，、；：](?=[，、；。])")
_DOUBLED_MARKS = re.compile(r"([，、；])[，、；]+")
_MARK_BEFORE_STOP = re.compile("(?<![，、；：])[，、；：]++(?=。)")
_LEFT_OVER = re.compile(r"-\{+|\{\{+|\}\}+|\[\[+|\]\]+")  # where markup between two brackets is gone
_DATES_WITHIN = re.compile(
    r"(（(?:[^（）\n]*[，、；])?)（([^（）\n]*—[^（）\n]*)）"
)  # {{bd}} brings brackets of its own
_DOUBLE_ROUND = re.compile(r"（（([^（）\n]*)））")


def _tidy(text: str) -> str:
    """Brackets, blanks and marks as they are once the markup between them is gone."""
    text = repair_brackets(drop_bare_labels(text))
    if "  " in text or "\t" in text:
        text = _DOUBLE_BLANKS.sub(" ", text)
    if " " in text:
        text = _BLANK_AFTER_MARK.sub(r"\1", _BLANK_BEFORE_MARK.sub("", text))
    if _MARK_BEFORE_MARK.search(text):
        text = _MARK_BEFORE_STOP.sub("", _DOUBLED_MARKS.sub(r"\1", text))
    text = _LEFT_OVER.sub(lambda match: match[0][0], text)
    if "—" in text:
        text = _DATES_WITHIN.sub(r"\1\2", text)
    return _DOUBLE_ROUND.sub(r"（\1）", text) if "（（" in text else text
