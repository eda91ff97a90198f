"""HTML that no text can break: whatever is not `Html` already is escaped, and invisible characters are named."""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

STYLE = Path(__file__).with_name("report.css")
# No script, no request: even if a text got through unescaped, a browser would neither run nor load anything.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
# Controls, joiners, direction marks, byte order marks, private use, surrogates: what the eye would miss or misread.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffc"
    "\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
MAX_SUBSTITUTED_CHARS = 4  # a longer change at the end of two windows is a cut, with what follows it moved up
_VOID = frozenset({"br", "meta"})


class Html(str):
    """Text that is HTML already; only `element`, `join`, `verbatim` and the functions built on them make it."""

    __slots__ = ()


def visible(text: str) -> str:
    """The text with every invisible character written out.

    >>> visible("雪\\u200b夜")
    '雪⟨U+200B⟩夜'
    """
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def escape(value: object) -> str:
    return value if isinstance(value, Html) else html.escape(visible(str(value)))


def verbatim(text: str) -> Html:
    """A text for a field of a form, out of which it is read again: escaped, its invisible characters as they are."""
    return Html(html.escape(text))


def join(parts: Iterable[object]) -> Html:
    """Parts one after the other; None is left out."""
    return Html("".join(escape(part) for part in parts if part is not None))


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """An element; an attribute that is a Python keyword ends in `_`, other `_` stand for `-`, None is left out.

    >>> element("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>" if name in _VOID else f"<{name}{given}>{join(children)}</{name}>")


def cut(text: str, chars: int) -> str:
    """At most `chars` characters, with … where there was more."""
    return text if len(text) <= chars else text[:chars] + "…"


def chinese(text: str, total_chars: int | None = None) -> Html:
    """A piece of the corpus in its own block; `total_chars` is the full length of a text that was cut."""
    if total_chars is None:
        return element("div", text, class_="text", lang="zh")
    length = element("span", f" {total_chars:,} characters in all", class_="length", lang="en")
    return element("div", text, "…", length, class_="text", lang="zh")


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], kind: str = "") -> Html:
    """A table whose first column heads its rows; a column whose name ends in `#` is for figures, set to the right."""
    names = [name.removesuffix("#") for name in head]
    styles = ["figure" if name.endswith("#") else None for name in head]
    top = [element("th", name, scope="col", class_=style) for name, style in zip(names, styles, strict=True)]
    lines = []
    for row in rows:
        first = element("th", row[0], scope="row")
        rest = [
            element("td", cell, class_=style, data_label=name or None)  # on a phone the name stands before the cell
            for name, style, cell in zip(names[1:], styles[1:], row[1:], strict=True)
        ]
        lines.append(element("tr", first, *rest))
    grid = element(
        "table", element("caption", caption), element("thead", element("tr", *top)), element("tbody", *lines)
    )
    return element("div", grid, class_=f"scroll {kind}".strip(), tabindex=0, role="region", aria_label=caption)


def definitions(pairs: Iterable[tuple[object, object]], kind: str | None = None) -> Html:
    parts = (element("div", element("dt", term), element("dd", meaning)) for term, meaning in pairs)
    return element("dl", *parts, class_=kind)


class Section(NamedTuple):
    """A part of the page that its contents list."""

    name: str
    title: str
    html: Html


def section(name: str, title: str, chinese_title: str, *children: object) -> Section:
    heading = element("h2", title, " ", element("span", chinese_title, lang="zh"), id=f"{name}-title")
    return Section(name, title, element("section", heading, *children, id=name, aria_labelledby=f"{name}-title"))


def differences(before: str, after: str) -> tuple[Html, Html]:
    """Two excerpts of the same window with what differs marked: `del` in the first, `ins` in the second.

    Where both are equally long, what one has beyond the end of the other is only text that moved into its window.
    """
    left: list[object] = []
    right: list[object] = []
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for what, start, end, other_start, other_end in changes:
        old, new = before[start:end], after[other_start:other_end]
        at_end = len(before) == len(after) and (end, other_end) == (len(before), len(after))
        moved = at_end and (len(old) != len(new) or len(new) > MAX_SUBSTITUTED_CHARS)
        left.append(old if what == "equal" or (moved and not new) else _marked("del", old))
        right.append(new if what == "equal" or moved else _marked("ins", new))
    return join(left), join(right)


def _marked(name: str, text: str) -> Html | None:
    return element(name, text.replace("\n", "↵\n")) if text else None


def page(title: str, header: Html, sections: Sequence[Section], further_style: Path | None = None) -> bytes:
    """A whole document in one file: style inside, nothing from elsewhere."""
    style = "".join(path.read_text(encoding="utf-8") for path in (STYLE, further_style) if path)
    links = [element("li", element("a", one.title, href=f"#{one.name}")) for one in sections]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(style)),
    )
    nav = element("nav", element("ul", *links), aria_label="Contents")
    whole = element(
        "html", head, "\n", element("body", header, nav, element("main", *(one.html for one in sections))), lang="en"
    )
    return b"<!doctype html>\n" + whole.encode() + b"\n"
