"""A saved page of an encyclopedia as an entry: title, sense, summary, box of facts, sections, other senses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from builders.sources import baike_markup as markup
from builders.sources.baike_markup import ids, plain, text_of
from builders.text.entries import Entry, Section

MAX_PAGE_CHARS = 4_000_000  # the longest real pages have a tenth of it; what comes after is not read
MAX_OPEN_ELEMENTS = 3000
MAX_CANDIDATES = 8  # elements that are tried for a title, sense or summary

Status = Literal["ok", "blocked", "not_found", "empty"]

_BLOCKED_HOST = re.compile(r"^(?:wappass|seccaptcha|passport|verify)\.|captcha", re.I)
_BLOCKED_PATH = re.compile(r"captcha|/(?:security|verify)\b", re.I)
_BLOCKED_TITLE = re.compile(r"安全验证|安全检查|人机验证|访问验证|验证码|captcha|security (?:check|verification)", re.I)
_SITE = re.compile(r"\s*[_\-—–|－]+\s*百度百科.*$", re.DOTALL)
_SITE_SPEAKS = re.compile(
    r"^百度百科(?:是|，|,|_|—|-|旨在)|(?:全球|最大|领先).{0,8}中文百科"
)  # of itself, not of an entry
_NAME_AND_SENSE = re.compile(r"(.+?)\s*[（(](.+)[）)]", re.DOTALL)
_BEFORE_HEADING = re.compile(r"^[\s的·:：\-—]+")
_CUT_SHORT = re.compile(r"\s*(?:\.{3,}|…+)$")


@dataclass(slots=True)
class BaikePage(Entry):
    """An entry as its page has it, or with another status than "ok" nothing but the reason why there is none."""

    status: Status = "ok"
    other_senses: list[str] = field(default_factory=list)
    url: str = ""


def parse_baike(html: str, url: str = "") -> BaikePage:
    """The entry on a saved page of either layout. Never raises; what cannot be parsed in reasonable time is empty."""
    html = html[:MAX_PAGE_CHARS].encode("utf-8", "replace").decode()
    if _is_blocked_address(url):
        return BaikePage("", status="blocked")
    if markup.nesting(html, MAX_OPEN_ELEMENTS) > MAX_OPEN_ELEMENTS:
        return BaikePage("", status="empty")
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    node = tree.css_first("title")
    page_title = plain(node.text()) if node else ""
    entry = _Entry(tree, page_title, url)
    if _BLOCKED_TITLE.search(page_title) and not (entry.found and _SITE.search(page_title)):
        return BaikePage("", status="blocked")
    if tree.css_first("p.sorryCont") or (not entry.found and _is_missing(html, url)):
        return BaikePage("", status="not_found")
    return entry.read() if tree.body and (entry.found or entry.described()) else BaikePage("", status="empty")


def _is_blocked_address(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    if parts.path.startswith(("/item/", "/view/")) and not _BLOCKED_HOST.search(parts.netloc):
        return False
    return bool(_BLOCKED_HOST.search(parts.netloc) or _BLOCKED_PATH.search(parts.path))


def _is_missing(html: str, url: str) -> bool:
    return "尚未收录词条" in html or "baike.baidu.com/error.html" in url


def name_in_url(url: str) -> str:
    """The title in an address such as `/item/%E8%8B%B9%E6%9E%9C/5670`, "" where there is none."""
    match = re.search(r"/item/([^/?#]+)", url)
    return " ".join(unquote(match[1], errors="ignore").split()) if match else ""


def split_sense(name: str) -> tuple[str, str | None]:
    """`("苹果", "美国公司")` for `苹果（美国公司）`."""
    match = _NAME_AND_SENSE.fullmatch(name.strip())
    return (match[1], match[2].strip() or None) if match else (name.strip(), None)


def whole_sentences(text: str) -> str:
    """A description that a page cut short with `...`, without the sentence that lost its end."""
    whole = _CUT_SHORT.sub("", text)
    if whole == text:
        return text
    end = max(whole.rfind(mark) for mark in "。！？")
    return whole[: end + 1] if end > 0 else whole


class _Entry:
    """One page while it is read."""

    def __init__(self, tree: Any, page_title: str, url: str) -> None:
        self._tree, self._page_title, self._url = tree, page_title, url
        self._skipped = ids(tree, markup.JUNK)
        self._skipped |= markup.buttons(tree, "a[href^='javascript'], a:not([href])")
        self._skipped |= markup.buttons(tree, "span, div, a, em, i", markup.READING_ALOUD)
        self._heading_skipped = self._skipped | markup.buttons(tree, markup.IN_HEADINGS)
        self.found = bool(tree.css_first(f"{markup.TITLES}, {markup.SUMMARIES}, {markup.CONTENTS}"))
        self.found = self.found and bool(self._title() or self._first_text(markup.SUMMARIES))

    def described(self) -> bool:
        """Whether the page is of an unknown layout, but says in its head what the entry is."""
        return bool(_SITE.sub("", self._page_title) and _SITE.search(self._page_title) and self._description())

    def read(self) -> BaikePage:
        title, sense = self._title(), self._sense()
        named, named_sense = split_sense(_SITE.sub("", self._page_title) if _SITE.search(self._page_title) else "")
        if not title:
            title = named or name_in_url(self._url)
        sense = sense or (named_sense if named == title else None)
        page = BaikePage(title, sense, self._summary(), self._info(), url=self._url or self._own_url())
        page.other_senses = self._other_senses(title, sense)
        if not self._tree.css_first(markup.DISAMBIGUATION):
            page.parts = self._parts()
            _drop_name(page.parts, title)
        if not page.summary and not page.paragraphs and not page.other_senses:
            page.summary = whole_sentences(self._description())
        return page

    def _title(self) -> str:
        for node in self._tree.css(markup.TITLES)[:MAX_CANDIDATES]:
            if text := text_of(node.css_first("h1") or node, self._heading_skipped):
                return text.split("\n")[0]
        return ""

    def _sense(self) -> str | None:
        for node in self._tree.css(markup.TITLES)[:MAX_CANDIDATES]:
            second = node.css_first("h2")
            if second and (text := _without_brackets(text_of(second, self._heading_skipped))):
                return text
        return _without_brackets(self._first_text(markup.SENSES)) or None

    def _first_text(self, selector: str) -> str:
        texts = (text_of(node, self._skipped) for node in self._tree.css(selector)[:MAX_CANDIDATES])
        return next((text for text in texts if text), "")

    def _summary(self) -> str:
        return self._first_text(markup.SUMMARIES)

    def _description(self) -> str:
        node = self._tree.css_first("meta[name='description'], meta[property='og:description']")
        text = plain((node.attributes.get("content") or "").replace("\n", " ")) if node else ""
        return "" if _SITE_SPEAKS.search(text) else text

    def _own_url(self) -> str:
        node = self._tree.css_first("link[rel='canonical']")
        return (node.attributes.get("href") or "").strip() if node else ""

    def _info(self) -> dict[str, str]:
        """The box. A value that is shown cut stands there twice; the longer one is the whole one."""
        box = next((box for box in self._tree.css(markup.BOXES) if box.css_first(f"{markup.NAMES}, dt")), None)
        names, items = ids(self._tree, markup.NAMES), f"{markup.NAMES}, {markup.VALUES}{', dt, dd' if box else ''}"
        values, all_items = ids(self._tree, markup.VALUES), ids(self._tree, items)
        skipped = self._skipped | all_items  # a whole value stands inside the cut one, with its name
        info: dict[str, str] = {}
        name = ""
        for node in (box or self._tree).css(items):
            if node.mem_id in names or (node.tag == "dt" and node.mem_id not in values):
                name = "".join(text_of(node, skipped).split()).rstrip("：:")
            elif name and (value := _joined(text_of(node, skipped))) and len(value) > len(info.get(name, "")):
                info[name] = value
        return info

    def _other_senses(self, title: str, sense: str | None) -> list[str]:
        selector = markup.SENSE_LISTS
        if self._tree.css_first(markup.DISAMBIGUATION):
            selector += ", .para-list a[href], .J-lemma-content li a[href]"
        headers, found = ids(self._tree, markup.SENSE_HEADERS), dict[str, None]()
        for node in self._tree.css(selector):
            if node.mem_id in headers or (node.attributes.get("href") or "#").startswith(("#", "javascript:")):
                continue
            name = text_of(node, self._skipped).replace("\n", "").strip("▪•·● ")
            if not name or name.endswith(("…", "...")):
                name = plain(node.attributes.get("title") or "") or name
            name = _without_title(name, title)
            if name and name not in (sense, title, "多义词", "添加义项", "义项") and name not in markup.BUTTONS:
                found[name] = None
        return list(found)

    def _parts(self) -> list[Section]:
        parts = [Section()]
        for node, is_heading in self._blocks():
            if is_heading:
                heading = node.css_first("h2, h3, h4, h5") or node
                text = text_of(heading, self._heading_skipped).replace("\n", "")
                if text := _without_buttons(text, heading.tag):
                    parts.append(Section(text, _level(heading)))
            elif text := text_of(node, self._skipped):
                parts[-1].paragraphs.append(text)
        return [part for part in parts if part.heading or part.paragraphs]

    def _blocks(self) -> Iterator[tuple[Any, bool]]:
        """Headings (True) and paragraphs of the body in their order, none inside another."""
        tree = self._tree
        headings, paragraphs, items = (
            ids(tree, selector) for selector in (markup.HEADINGS, markup.PARAGRAPHS, markup.ITEMS)
        )
        left_out = self._skipped | ids(tree, f"{markup.SUMMARIES}, {markup.BOXES}")
        contents = [node for node in tree.css(markup.CONTENTS) if node.css_first(markup.PARAGRAPHS)]
        waiting: list[Any] = contents[:1] or [tree.body]
        while waiting:
            node = waiting.pop()
            id = node.mem_id
            if id in headings:
                yield node, True
            elif id in left_out:
                continue
            elif id in paragraphs or (id in items and not node.css_first(markup.PARAGRAPHS)):
                yield node, False
            else:
                waiting.extend(reversed(list(node.iter())))


def _without_brackets(text: str) -> str:
    text = text.replace("\n", "").strip()
    return text[1:-1].strip() if text[:1] in ("（", "(") and text[-1:] in ("）", ")") else text


def _without_title(name: str, title: str) -> str:
    """The sense in `苹果（美国公司）` or `苹果：美国公司`, as lists of senses write it."""
    if title and name.startswith(title) and (rest := name[len(title) :].strip()):
        if rest[0] in "：:":
            return rest[1:].strip()
        if rest[0] in "（(" and rest[-1] in "）)":
            return rest[1:-1].strip()
    return name


def _without_buttons(heading: str, tag: str) -> str:
    """A heading that was saved with its buttons as text. In a heading element 编辑 alone may be the subject."""
    endings = ("播报编辑", "编辑播报", "播报") if tag.startswith("h") else ("播报编辑", "编辑播报", "播报", "编辑")
    if heading in endings[:3]:
        return ""
    for ending in endings:
        if heading.endswith(ending) and len(heading) > len(ending):
            return heading.removesuffix(ending).strip()
    return heading


def _level(heading: Any) -> int:
    if heading.tag in ("h2", "h3", "h4", "h5"):
        return int(heading.tag[1]) - 1
    level = heading.attributes.get("data-level") or ""
    return min(int(level), 4) if level.isascii() and level.isdigit() and int(level) else 1


def _joined(value: str) -> str:
    """The lines of a value joined by 、, once. A value of one line stays as it is."""
    if "\n" not in value:
        return value
    return "、".join(part for line in value.split("\n") if (part := line.strip("、，,；; ")))


def _drop_name(parts: list[Section], title: str) -> None:
    """The entry's name goes from the front of the headings where all of them begin with it."""
    headings = [part.heading for part in parts if part.heading]
    if title and headings and all(heading.startswith(title) and len(heading) > len(title) for heading in headings):
        for part in parts:
            part.heading = _BEFORE_HEADING.sub("", part.heading[len(title) :]) or part.heading
