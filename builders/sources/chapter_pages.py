"""Chapter pages: the text of an HTML page without its chrome, and what `info.json` says about a crawled book."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, splitext
from typing import Any, NamedTuple

import orjson

from builders.sources.book_titles import clean_author
from builders.sources.inputs import UnreadableError
from builders.text.decode import Decoded, decode

_DROPPED = "script, style, noscript, template, nav, header, footer, aside, form, button, select, iframe, svg, textarea"
_BLOCKS = frozenset(
    [
        *["html", "body", "div", "p", "section", "article", "main", "td", "th", "tr", "table", "tbody", "ul", "ol"],
        *["li", "dl", "dt", "dd", "blockquote", "pre", "center", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "figure"],
    ]
)
MAX_OPEN_ELEMENTS = 5000  # the time of the parser grows with the square of the depth
_OPENING = re.compile(
    r"<(?!(?:br|p|li|img|hr|meta|link|input|td|tr|th|dd|dt|option)\b)[a-z]", re.I
)  # of what needs an end
_MENU_CHARS = 200  # a block that is mostly links and shorter than this is a menu
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{3,20})", re.I)
_TITLE_SEPARATOR = re.compile(r"\s*[-_|–—]+\s*|\s*[,，]\s*")
_BLANKS = re.compile(r"[\t\r\n\f][ \t\r\n\f]*| [ \t\r\n\f]+")
_BREAK_BESIDE_HAN = re.compile(r"(?<=[^\x00-\x7f])\n|\n(?=[^\x00-\x7f])")


class Page(NamedTuple):
    """The text of a page, and what its heading or `<title>` calls it ("" where it has none)."""

    text: str
    heading: str
    encoding: str
    replaced: int


@dataclass(frozen=True, slots=True)
class BookInfo:
    """What `info.json` says: `{"name": "雪夜", "author": {"name": "林远"}, "catalogues": ["第一章 归人", …]}`."""

    title: str = ""
    author: str = ""
    chapters: tuple[str, ...] = ()


def read_info(raw: bytes) -> BookInfo:
    """Title, author and chapter titles, under the names that crawlers give them. Raises ValueError if it is no JSON."""
    found: object = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    info: dict[str, Any] = found if isinstance(found, dict) else {}
    chapters = next((info[key] for key in ("catalogues", "catalogue", "catalog", "chapters") if info.get(key)), ())
    return BookInfo(
        _name_of(info.get("name") or info.get("title") or info.get("book")),
        clean_author(_name_of(info.get("author"))),
        tuple(_name_of(chapter) for chapter in chapters) if isinstance(chapters, list) else (),
    )


def _name_of(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("name") or value.get("title")
    return " ".join(value.split()) if isinstance(value, str) else ""


class PlacedPage(NamedTuple):
    """Entry `number` (from 1) of a book; `name` is its file, or "" where the page is missing."""

    number: int
    name: str
    chapter: str


def place_pages(names: Sequence[str], catalogue: Sequence[str]) -> list[PlacedPage]:
    """Pages by their entry in the catalogue. `N.html` is entry N counted from 0, unless the pages clearly begin at 1.

    Without a catalogue: in the order given. Pages that the catalogue does not know come after it.
    """
    by_number = {int(stem): name for name in names if (stem := _stem(name)).isdecimal()}
    if not catalogue or (names and not by_number):
        return [PlacedPage(index, name, "") for index, name in enumerate(names, start=1)]
    first = 1 if 0 not in by_number and len(catalogue) in by_number else 0
    placed = [
        PlacedPage(index + 1, by_number.pop(index + first, ""), chapter) for index, chapter in enumerate(catalogue)
    ]
    left = set(by_number.values())
    others = [name for name in names if name in left or not _stem(name).isdecimal()]
    return placed + [PlacedPage(len(placed) + index, name, "") for index, name in enumerate(others, start=1)]


def _stem(name: str) -> str:
    return splitext(basename(name))[0]


def read_page(raw: bytes, text_css: str = "", title_css: str = "") -> Page:
    """The text of an HTML page: the element with the most text, `<br>` and paragraphs as line breaks.

    Selectors, where they are given, say where text and heading are. Raises UnreadableError for a page that would
    take for ever.
    """
    tree, decoded = page_tree(raw)
    title = tree.css_first("title")
    heading = _page_heading(tree, _squeezed(title.text()) if title else "")
    if title_css:
        named = tree.css_first(title_css)
        heading = _squeezed(named.text()) if named else ""
    for node in tree.css(_DROPPED):
        node.decompose()
    if tree.body is None:
        return Page("", heading, decoded.encoding, decoded.replaced)
    layout = _Layout(tree.body)
    roots = _outermost(tree.css(text_css)) if text_css else [layout.fullest()]
    text = "\n".join(_text_of(root, layout) for root in roots)
    first, _, rest = text.partition("\n")
    if heading and _squeezed(first) == heading:
        text = rest.strip("\n")
    return Page(text, heading, decoded.encoding, decoded.replaced)


def page_tree(raw: bytes) -> tuple[Any, Decoded]:
    """The elements of a page (a LexborHTMLParser), and how it was read. Raises UnreadableError."""
    decoded = _decode_page(raw)
    if len(_OPENING.findall(decoded.text)) - decoded.text.count("</") > MAX_OPEN_ELEMENTS:
        raise UnreadableError(f"broken HTML: over {MAX_OPEN_ELEMENTS:,} elements are opened and never closed")
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(decoded.text), decoded


def _outermost(nodes: Sequence[Any]) -> list[Any]:
    """Of nodes that a selector found, those that lie in none of the others."""
    found = {node.mem_id for node in nodes}
    return [node for node in nodes if not found.intersection(_ancestors(node))]


def _ancestors(node: Any) -> Iterator[int]:
    while (node := node.parent) is not None:
        yield node.mem_id


def _decode_page(raw: bytes) -> Decoded:
    """The page as text. What the page says of its encoding counts only where the bytes alone gave a damaged text."""
    decoded = decode(raw)
    named = _CHARSET.search(raw[:4096])
    if decoded.replaced and named:
        encoding = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs"}.get(
            name := named.group(1).decode().lower(), name
        )
        try:
            return Decoded(raw.decode(encoding).replace("\r\n", "\n"), encoding, 0, False)
        except (LookupError, UnicodeDecodeError):
            return decoded
    return decoded


def _page_heading(tree: Any, title: str) -> str:
    for tag in ("h1", "h2"):
        node = tree.css_first(tag)
        if node and (heading := _squeezed(node.text())) and len(heading) <= 80:
            return heading
    return _TITLE_SEPARATOR.split(title)[0]


def _squeezed(text: str) -> str:
    return " ".join(text.split())


class _Layout:
    """Which block each piece of text of a page lies in, and how much of a block's own text is links."""

    def __init__(self, body: Any) -> None:
        self.blocks: dict[int, Any] = {body.mem_id: body}
        self._block_of: dict[int, int] = {body.mem_id: body.mem_id}
        self._own, self._linked = Counter[int](), Counter[int]()
        linked: set[int] = set()
        for node in body.traverse(include_text=True):
            id, parent = node.mem_id, node.parent.mem_id
            if node.tag in _BLOCKS:
                self.blocks[id] = node
                self._block_of[id] = id
                continue
            block = self._block_of[id] = self._block_of.get(parent, body.mem_id)
            if node.tag == "a" or parent in linked:
                linked.add(id)
            if node.tag == "-text":
                length = len(_squeezed(node.text_content or ""))
                self._own[block] += length
                self._linked[block] += length * (id in linked)

    def fullest(self) -> Any:
        """The block with the most text, of its own and of the paragraphs directly in it; links do not count."""
        scores: Counter[int] = Counter()
        for id, length in self._own.items():
            parent = self.blocks[id].parent
            scores[id] += length - self._linked[id]
            if parent is not None and parent.mem_id in self._block_of:
                scores[self._block_of[parent.mem_id]] += length - self._linked[id]
        return self.blocks[max(scores, key=scores.__getitem__)] if scores else next(iter(self.blocks.values()))

    def in_menu(self, node: Any) -> bool:
        block = self._block_of[node.mem_id]
        return self._own[block] < _MENU_CHARS and self._linked[block] * 2 > self._own[block]


def _text_of(root: Any, layout: _Layout) -> str:
    pieces: list[str] = []
    has_breaks = root.css_first("br, p, div, li, td") is not None
    waiting: list[Any] = [root]  # not by recursion: pages nest as deep as they like
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif node.tag == "-text":
            text = "" if layout.in_menu(node) else node.text_content or ""
            # without <br> and <p>, the line breaks of the source are the only ones there are
            pieces.append(_collapsed(text) if has_breaks else text)
        elif node.tag == "br":
            pieces.append("\n")
        else:
            if node.tag in _BLOCKS:
                pieces.append("\n")
                waiting.append("\n")
            waiting.extend(reversed(list(node.iter(include_text=True))))
    lines = [line.strip(" ") for line in "".join(pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _collapsed(text: str) -> str:
    """White space as a browser shows it, but nothing for a line break beside a Han character."""
    text = _BLANKS.sub(lambda run: "\n" if "\n" in run[0] else " ", text)
    return _BREAK_BESIDE_HAN.sub("", text).replace("\n", " ") if "\n" in text else text
