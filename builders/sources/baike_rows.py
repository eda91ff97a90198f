"""Encyclopedia entries in rows, as crawlers write them: which column is what, and what its value becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from builders.sources.baike_markup import nesting, plain, text_of
from builders.sources.baike_page import MAX_OPEN_ELEMENTS, MAX_PAGE_CHARS, name_in_url, split_sense
from builders.text.entries import Entry, Section

# What columns are called, folded (lower case, without blanks, - and _): the first that a row has a value for is taken.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "html": ("html", "pagehtml", "rawhtml", "pagesource", "源码", "网页"),
    "title": (
        *("title", "name", "itemtitle", "lemmatitle", "lemma", "entry", "word", "keyword", "term", "entity"),
        *("标题", "名称", "词条", "词条名", "词条名称", "词条标题", "条目", "词语"),
    ),
    "url": ("url", "link", "href", "itemurl", "itemurls", "links", "链接", "网址", "词条链接"),
    "summary": (
        *("summary", "abstract", "itemsummary", "lemmasummary", "intro", "introduction", "overview", "definition"),
        *("desc", "description", "摘要", "简介", "概述", "概要", "描述", "词条简介"),
    ),
    "sense": (
        "sense",
        "polyseme",
        "lemmadesc",
        "subtitle",
        "disambiguation",
        "desc",
        "description",
        "义项",
        "义项描述",
    ),
    "info": (
        *("info", "basicinfo", "baseinfo", "infobox", "attributes", "attrs", "properties", "card", "facts"),
        *("基本信息", "属性", "信息框", "信息栏"),
    ),
    "body": (
        *("sections", "paragraphs", "content", "contents", "body", "text", "fulltext", "article"),
        *("正文", "内容", "全文", "章节"),
    ),
}
_NAMES, _VALUES = ("key", "name", "title", "label", "属性", "名称"), ("value", "values", "text", "content", "值")
_HEADINGS = ("heading", "title", "name", "header", "标题")
_TEXTS = ("text", "content", "contents", "paragraphs", "body", "value", "正文", "内容")
_FOLDED = re.compile(r"[\s_-]+")
_BROKEN_BY_A_LINK = re.compile(r"\n+(?=[，。、；：！？）])|(?<=[，、；])\n+")  # in texts that were scraped node by node
_MARKUP = re.compile(r"<(?:/?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?|!--)>?")


@dataclass(slots=True)
class RowEntry(Entry):
    """An entry out of a row: `html` is its page, where the row holds that; `used` are the columns it was made of."""

    html: str = ""
    url: str = ""
    used: tuple[str, ...] = ()


def read_row(columns: Mapping[str, Any]) -> RowEntry:
    """The entry in a row of any crawler; one without a title or a text has none."""
    chosen = _chosen(columns)
    values = {role: columns[name] for role, name in chosen.items()}
    entry = RowEntry("")
    entry.used = tuple(sorted(set(chosen.values())))
    entry.html = values["html"] if isinstance(values.get("html"), str) else ""
    entry.url = flatten(values.get("url"))
    entry.summary = clean(flatten(values.get("summary"), "\n"))
    entry.info = read_info(values.get("info"))
    entry.parts = list(read_body(values.get("body")))
    entry.title, in_title = split_sense(clean(flatten(values.get("title"))).replace("\n", ""))
    entry.title = entry.title or name_in_url(entry.url)
    entry.sense = clean(flatten(values.get("sense"))).replace("\n", "").strip("（）() ") or in_title
    return entry


def _chosen(columns: Mapping[str, Any]) -> dict[str, str]:
    """The column for each role. One that two roles may claim (`desc`) goes to the first, if that has no other.

    The body is the longest of the columns that may be it: some crawlers keep its headings beside it.
    """
    folded: dict[str, str] = {}
    for name, value in columns.items():
        if value not in (None, "", [], {}):
            folded.setdefault(_FOLDED.sub("", name.lower()), name)
    chosen: dict[str, str] = {}
    for role, names in COLUMNS.items():
        found = [folded[name] for name in names if name in folded and folded[name] not in chosen.values()]
        if found:
            chosen[role] = max(found, key=lambda name: len(flatten(columns[name]))) if role == "body" else found[0]
    return chosen


def flatten(value: Any, separator: str = "、") -> str:
    """A JSON value of any shape as text: lists joined, of objects what they name their value."""
    match value:
        case str():
            return value.strip()
        case int() | float() if not isinstance(value, bool):
            return str(value)
        case list():
            return separator.join(filter(None, (flatten(item, separator) for item in value)))
        case dict():
            named = _first(value, ("value", "text", "content", "paragraphs", "name", "title"))
            return flatten(list(value.values()) if named is None else named, separator)
    return ""


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((found[name] for name in names if found.get(name) not in (None, "", [], {})), None)


def clean(text: str) -> str:
    r"""A value without tags, footnote marks and odd blanks; its lines stay lines, but for those that a mark broke.

    >>> clean("数表[1]&nbsp;\n，<b>最早</b>来自方程组。[2]\n第二段。")
    '数表，最早来自方程组。第二段。'
    """
    if _MARKUP.search(text) or "&" in text:
        text = text[:MAX_PAGE_CHARS]
        if nesting(text, MAX_OPEN_ELEMENTS) > MAX_OPEN_ELEMENTS:
            return ""
        from selectolax.lexbor import LexborHTMLParser

        body = LexborHTMLParser(text.encode("utf-8", "replace").decode().replace("\n", "<br>")).body
        text = text_of(body, set()) if body else ""
    else:
        text = plain(text.replace("\0", "").replace("\n", "\0"))
    return _BROKEN_BY_A_LINK.sub("", text)


def read_info(value: Any) -> dict[str, str]:
    """A box of facts: an object, a list of `{"name": …, "value": …}` or of pairs, or one of these as JSON text."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except ValueError:
            pairs = (re.split(r"[：:\t]", line, maxsplit=1) for line in value.split("\n"))
            value = [pair for pair in pairs if len(pair) == 2]
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict):
            chinese_first = sorted((item[name] for name in _NAMES if isinstance(item.get(name), str)), key=str.isascii)
            items += [(chinese_first[0], _first(item, _VALUES))] if chinese_first else list(item.items())
        elif isinstance(item, list) and len(item) == 2:
            items.append((item[0], item[1]))
    info: dict[str, str] = {}
    for name, text in items:
        key, fact = "".join(clean(flatten(name)).split()).rstrip("：:"), clean(flatten(text)).replace("\n", "、")
        if key and fact:
            info.setdefault(key, fact)
    return info


def read_body(value: Any) -> Iterator[Section]:
    """A text, a list of texts, a list of `{"title": …, "content": …}`, or an object of headings and texts."""
    if isinstance(value, dict):
        value = [{"heading": heading, "text": text} for heading, text in value.items()]
    loose = Section()
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            heading = clean(flatten(_first(item, _HEADINGS))).replace("\n", "")
            section = Section(heading, 1, _paragraphs(_first(item, _TEXTS)))
            if section.heading or section.paragraphs:
                yield from (loose,) if loose.paragraphs else ()
                loose = Section()
                yield section
        else:
            loose.paragraphs += _paragraphs(item)
    if loose.paragraphs:
        yield loose


def _paragraphs(value: Any) -> list[str]:
    return [line for line in clean(flatten(value, "\n")).split("\n") if line]


def table_rows(html: str) -> Iterator[dict[str, str]]:
    """The rows of the tables on a page that a crawler wrote: address, title and summary, in any order of columns.

    The first cell beside the address is the title, the next the summary, unless a header says otherwise.
    """
    if nesting(html, MAX_OPEN_ELEMENTS) > MAX_OPEN_ELEMENTS:
        return
    from selectolax.lexbor import LexborHTMLParser

    header: list[str] | None = None
    known = {name for names in COLUMNS.values() for name in names}
    for row in LexborHTMLParser(html.encode("utf-8", "replace").decode()).css("tr"):
        cells = [text_of(cell, set()) for cell in row.iter() if cell.tag in ("td", "th")]
        folded = [_FOLDED.sub("", cell.lower()) for cell in cells]
        if header is None and len(cells) > 1 and known.issuperset(folded):
            header = cells
        elif header and len(cells) == len(header):
            yield dict(zip(header, cells, strict=True))
        else:
            header = header or []
            texts = [cell for cell in cells if not cell.startswith(("http://", "https://"))]
            urls = [cell for cell in cells if cell.startswith(("http://", "https://"))]
            if len(texts) >= 2 and urls:
                yield {"title": texts[0], "summary": texts[1], "url": urls[0]}
