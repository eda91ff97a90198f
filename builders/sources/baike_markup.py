"""What the pages of an encyclopedia are made of: class names of two layouts, nesting, and the text of a node."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

# Layout to 2022: whole class names. Since 2023: `J-` names, `data-tag`, and the part before the hash of a class name.
TITLES = "dd.lemmaWgt-lemmaTitle-title, .J-lemma-title, [class*='lemmaTitle_']"
SENSES = "[class*='lemmaDesc_'], .polysemantList-wrapper .selected"
SENSE_LISTS = (
    "[class*='olysemant'] a[href], [id*='olysemant'] a[href], a[class*='olysemant'][href], "
    "a[href*='fromModule=disambiguation'], a[href*='olysem']"
)
SENSE_HEADERS = "[class*='olysemantList-header'] a, [class*='olysemantHeader'] a, [class*='olysemantTitle'] a"
DISAMBIGUATION = ".lemmaWgt-subLemmaListTitle, [class*='subLemmaListTitle']"
SUMMARIES = ".lemma-summary, .J-summary, [label-module='lemmaSummary'], [class*='lemmaSummary_']"
BOXES = ".basic-info, .J-basic-info, [class*='basicInfo_']"
NAMES = "dt.basicInfo-item.name, [class*='itemName_']"
VALUES = "dd.basicInfo-item.value, [class*='itemValue_']"
CONTENTS = ".J-lemma-content"
HEADINGS = ".para-title:not(a), [data-tag='header'], [class*='paraTitle_']"
# Spelt out: lexbor finds only the children for `:is(…) *`.
IN_HEADINGS = ", ".join(f"{one} *" for one in f"{HEADINGS}, {TITLES}".split(", "))
PARAGRAPHS = ".para, [data-tag='paragraph'], [class^='para_'], [class*=' para_'], .J-lemma-content p"
ITEMS = ".para-list li, [data-tag='list'] li, .J-lemma-content li"

BUTTONS = frozenset(
    ["编辑", "播报", "编辑播报", "播报编辑", "锁定", "讨论", "收藏", "展开", "收起", "上传视频", "上传图片", "查看"]
)
# Says no article, so it is a button wherever it stands alone.
READING_ALOUD = frozenset(["播报", "编辑播报", "播报编辑"])
_REFERENCES = (
    "[data-tag='ref'], .sup--normal, .sup-anchor, .lemma-anchor, .anchor-list, .lemma-reference, "
    ".J-reference, [class^='reference'], [class*=' reference']"
)
_TOOLS = (
    ".title-prefix, .edit-icon, .j-edit-link, .edit-lemma, .lock-lemma, .lemma-discussion, .add-to-collection, "
    "[class^='edit'], [class*=' edit'], [class*='titleLine'], [class^='tts'], [class*=' tts'], [class*='paraTool'], "
    ".toggle, [class^='toggle'], [class*=' toggle'], [class^='btn'], [class*=' btn']"
)
_PICTURES = (
    ".lemma-picture, .lemma-album, .album-list, .summary-pic, .image-link, [class*='lemmaPicture'], "
    "[class*='lemmaAlbum'], [class*='albumWrapper'], [class*='albumList'], [class*='summaryPic'], [class*='imgTitle'], "
    "[class*='imageDesc'], [class*='picDesc'], .description, [data-tag='image'], [data-tag='album'], "
    "[data-tag='video'], [data-tag='map'], figure, video, audio, svg, img"
)
_CHROME = (
    "script, style, noscript, template, iframe, button, select, textarea, nav, header, footer, aside, table, pre, "
    ".table-view, [data-module-type='table'], [data-tag='table'], .lemma-catalog, .catalog-list, [class^='catalog'], "
    "[class*=' catalog'], .side-content, [class*='sideContent']"
)
JUNK = ", ".join((_REFERENCES, _TOOLS, _PICTURES, _CHROME))

_BREAK = "\0"  # a line break of the page; a NUL never comes out of an HTML parser
_BLOCKS = frozenset(["div", "p", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"])
_NOTE = r"[\[［]\s*(?:注释?\s*)?[1-9][0-9]{0,2}(?:\s*[-–—~～]\s*[0-9]{1,3})?\s*[\]］]"
_MARK = re.compile(rf"\s*{_NOTE}(?:\s*[-–—~～]\s*{_NOTE})*\s*")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_BLANKS = re.compile(r"[^\S\0]+")
_BLANKS_BESIDE_MARKS = re.compile("[ ]+(?=[，。、；：！？）》」』】”])|(?<=[（《「『【“])[ ]+")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,30})")
_CLOSED_BY_THE_NEXT = frozenset(
    [
        *["area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p"],
        *["param", "source", "td", "th", "tr", "wbr"],
    ]
)


def nesting(html: str, limit: int) -> int:
    """How many elements are open at once, at most (or a bound for it, where that is below `limit`).

    A parser's time grows with the square of that, so it is counted on the tags before anything is parsed. Counting
    stops above `limit`.
    """
    if (begun := html.count("<") - html.count("</")) <= limit:
        return begun
    opened: Counter[str] = Counter()
    depth = deepest = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _CLOSED_BY_THE_NEXT:
            continue
        if not match[1]:
            opened[name] += 1
            depth += 1
            deepest = max(deepest, depth)
            if deepest > limit:
                break
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
    return deepest


def without_marks(text: str) -> str:
    """A text without footnote marks ([1], [2-3]) and the blanks around them."""

    def between(match: re.Match[str]) -> str:
        blank = match[0][0].isspace() or match[0][-1].isspace()
        return " " if blank and _is_within_latin(match) else ""

    return _MARK.sub(between, text) if "[" in text or "［" in text else text


def plain(text: str) -> str:
    r"""A text as a browser shows it, without footnote marks and odd blanks; NUL becomes a line break.

    >>> plain("矩阵（Matrix）[1] \n，是一个\n数表。\0第二行")
    '矩阵（Matrix），是一个数表。\n第二行'
    """
    text = _INVISIBLE.sub("", text)

    def blank(match: re.Match[str]) -> str:
        return " " if "\n" not in match[0] or _is_within_latin(match) else ""

    text = _BLANKS_BESIDE_MARKS.sub("", _BLANKS.sub(blank, without_marks(text)))
    lines = [line.strip(" ") for line in text.split(_BREAK)]
    return "\n".join(line for line in lines if line)


def _is_within_latin(match: re.Match[str]) -> bool:
    start, end = match.span()
    around = match.string[max(start - 1, 0) : start] + match.string[end : end + 1]
    return len(around) == 2 and around.isascii()


def ids(tree: Any, selector: str) -> set[int]:
    """The nodes that a selector finds. Not the nodes themselves: what is only looked at is never freed too early."""
    return {node.mem_id for node in tree.css(selector)}


def buttons(tree: Any, selector: str, labels: frozenset[str] = BUTTONS) -> set[int]:
    """Elements that `selector` finds and that say nothing but one of `labels` (编辑, 播报 …) and perhaps a number."""
    return {node.mem_id for node in tree.css(selector) if _is_button(node, labels)}


def _is_button(node: Any, labels: frozenset[str]) -> bool:
    if node.tag not in ("a", "span", "em", "i", "div", "button"):
        return False
    if "".join(node.text(deep=False).split()) not in labels:  # cheap, and nearly always so
        return False
    return "".join(node.text().split()).rstrip("0123456789") in labels


def text_of(root: Any, skipped: set[int]) -> str:
    """The text of a node without the nodes in `skipped` below it: a line for each `<br>` and block in it."""
    pieces: list[str] = []
    waiting: list[Any] = [*reversed(list(root.iter(include_text=True)))]  # not by recursion: pages nest deeply
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif isinstance(node, int):
            _drop_note(pieces, node)
        elif node.tag == "-text":
            pieces.append(node.text_content or "")
        elif node.tag == "br":
            pieces.append(_BREAK)
        elif node.mem_id not in skipped:
            if node.tag in _BLOCKS:
                pieces.append(_BREAK)
                waiting.append(_BREAK)
            elif node.tag == "sup":
                waiting.append(len(pieces))
            waiting.extend(reversed(list(node.iter(include_text=True))))
    return plain("".join(pieces))


def _drop_note(pieces: list[str], start: int) -> None:
    """Drop the pieces from `start` on, a raised text, if they are a footnote mark such as [注]; m² is none."""
    if len(pieces) - start <= 5 and sum(map(len, pieces[start:])) <= 40:
        note = "".join(pieces[start:]).strip()
        if note[:1] in ("[", "［") and note[-1:] in ("]", "］"):
            del pieces[start:]
