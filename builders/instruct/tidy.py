"""What may be changed in any turn without harm to code, formulas and tables: next to nothing."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import ClassVar

from builders.document import Document, Note
from builders.steps import Edit

# Controls, soft hyphen, zero-width blanks, direction marks, byte order mark. Not the joiners and selectors of emoji.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffc]"
)
_BREAKS = re.compile("\r\n?|[\u2028\u2029]")
_BLANK_LINES_BEFORE = re.compile(r"\A(?:[^\S\n]*\n)+")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#39|#34|#x27);")
_WRITTEN_PLAINLY = re.compile(r"[<>]|&(?!(?:lt|gt|amp|quot|apos|#\d+|#x\w+);)")
_ABOUT_ENTITIES = re.compile(r"实体|转义|escap|entit|html", re.IGNORECASE)


def tidy(text: str) -> str:
    r"""The same text with line feeds alone as line breaks, without invisible characters and blank lines around it.

    Indents, blanks, marks and widths stay as they are.

    >>> tidy("\r\ndef f(x):\r\n    return x\u200b\r\n")
    'def f(x):\n    return x'
    """
    text = _INVISIBLE.sub("", _BREAKS.sub("\n", text))
    return _BLANK_LINES_BEFORE.sub("", text).rstrip()


def unescape(text: str) -> str:
    """A text that was escaped as a whole for HTML, as it was before; any other stays.

    >>> unescape("it&#39;s &lt;b&gt;"), unescape("<b> 写作 &lt;b&gt;")
    ("it's <b>", '<b> 写作 &lt;b&gt;')
    """
    if "&" not in text or _WRITTEN_PLAINLY.search(text) or _ABOUT_ENTITIES.search(text):
        return text
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


@dataclass(frozen=True, kw_only=True)
class Tidy(Edit):
    """Invisible characters and odd line breaks go, and entities of texts that were escaped as a whole (`entities`)."""

    version: ClassVar[int] = 1
    entities: bool = True

    def __call__(self, document: Document) -> Document:
        text = tidy(document.text)
        if self.entities and (plain := unescape(text)) != text:
            document.notes.append(Note("escaped for HTML", " ".join(dict.fromkeys(_ENTITY.findall(text)))))
            text = plain
        document.text = text
        return document
