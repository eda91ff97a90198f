"""Characters as they should be: entities decoded, odd blanks and forms made plain, invisible characters gone."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from html.entities import html5
from typing import ClassVar, NamedTuple

from builders.document import Document, Note
from builders.steps import Edit
from validators.characters import HAN

# Classes, for use inside the square brackets of a regular expression.
_WIDE = "０-９Ａ-Ｚａ-ｚ"
_RADICALS = "\u2e80-\u2fd5"
_COMPATIBILITY = "\uf900-\ufaff\U0002f800-\U0002fa1f"
_PRIVATE_USE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
# Controls, soft hyphen, joiners, zero-width blanks, direction marks, variation selectors, tags, noncharacters.
_INVISIBLE = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\ufff0-\ufffc\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_BREAKS = "\r\u2028\u2029"
_ODD_BLANKS = (  # without ranges, so that `strip` takes it, too
    "\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u2800\u3000\u3164\uffa0"
)
_SURROGATES = "\ud800-\udfff"

# CJK radicals that look like one character, as PDF readers leave them; NFKC knows two of the 115.
_RADICALS_ALIKE = dict(
    zip(
        "⺅⺉⺒⺓⺖⺘⺙⺝⺟⺠⺡⺣⺨⺭⺾⻁⻂⻄⻅⻆⻈⻉⻋⻌⻏⻐⻑⻓⻔⻖⻘⻙⻚⻛⻜⻝⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "亻刂巳幺忄扌攵月母民氵灬犭礻艹虎衤西见角讠贝车辶阝钅長长门阝青韦页风飞食饣马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
        strict=True,
    )
)


def _private_use_with_a_meaning() -> dict[str, str]:
    """Where GBK and GB 18030 put characters that Unicode did not have yet (GB 18030-2022 gives their places)."""
    # GBK rows FE50 to FEA0 stood at U+E815 to U+E864; Python's codec still leaves fourteen of them there.
    low_bytes = (*range(0x50, 0x7F), *range(0x80, 0xA1))
    table = {chr(0xE815 + place): bytes((0xFE, low)).decode("gb18030") for place, low in enumerate(low_bytes)}
    table |= zip("\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864", "龴龵龶龷龸龹龺龻", strict=True)
    table |= zip(
        "\ue816\ue817\ue818\ue831\ue83b\ue855",
        "\U00020087\U00020089\U000200cc\U000215d7\U0002298f\U000241fe",
        strict=True,
    )
    table |= zip("\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796", "︐︒︑︓︔︕︖︗︘︙", strict=True)
    return table | {"\ue5e5": "\u3000", "\ue7c7": "ḿ", "\ue7c8": "ǹ"}


def _replacements() -> dict[str, str]:
    """What becomes of an odd character; one that is not in the table goes."""
    wide = {chr(code): chr(code - 0xFEE0) for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()}
    # NFC, not NFKC: it maps the compatibility ideographs, but for the twelve that are unified ones in disguise.
    forms = [chr(code) for block in ((0xF900, 0xFB00), (0x2F800, 0x2FA20)) for code in range(*block)]
    compatibility = {form: unicodedata.normalize("NFC", form) for form in forms}
    radicals = {chr(code): chr(code) for code in range(0x2E80, 0x2F00)} | _RADICALS_ALIKE
    radicals |= {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}
    private_use = {old: radicals.get(new, new) for old, new in _private_use_with_a_meaning().items()}
    return wide | compatibility | radicals | private_use | dict.fromkeys(_BREAKS, "\n")


def _all_but(characters: str) -> str:
    """The class of all other characters: `[^{_all_but(x)}]` is `[{x}]`, but three times as fast.

    `re` looks a character up in a bitmap of the basic plane and, where that says no, goes through the ranges of the
    higher planes one by one; so the bitmap should say yes to the characters that texts are made of.
    """
    pieces = re.findall(r"(.)(?:-(.))?", characters, re.DOTALL)
    borders = sorted((ord(first), ord(last or first) + 1) for first, last in pieces)
    gaps = zip([0, *(end for _, end in borders)], [*(start for start, _ in borders), 0x110000], strict=True)
    return "".join(f"\\U{start:08x}-\\U{end - 1:08x}" for start, end in gaps if start < end)


_REPLACEMENTS = _replacements()
_FULL_WIDTH = dict(zip(",.!?;:", "，。！？；：", strict=True))
_CHANGED = _WIDE + _RADICALS + _COMPATIBILITY + _PRIVATE_USE + _INVISIBLE + _BREAKS + _SURROGATES
_CHANGED_BY_PLACE = frozenset(_FULL_WIDTH).union(_ODD_BLANKS)
_ODD = re.compile(f"[^{_all_but(_CHANGED)}]")
_SPECIAL = re.compile(f"[^{_all_but(_CHANGED + ''.join(_CHANGED_BY_PLACE))}]")
_PRIVATE = re.compile(f"[{_PRIVATE_USE}]")
_SURROGATE = re.compile(f"[{_SURROGATES}]")
# With its semicolon only: `?a=1&copy=2` is an address. `&nbsp` is none, and in the wild it loses the mark or has an
# `amp;` too many.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|(?:amp;)?nbsp;?|[A-Za-z][A-Za-z0-9]{1,30};)")
_BREAK_TAG = re.compile(r"</?br(?:[ /][^<>\n]{0,200})?>", re.IGNORECASE)
_ALL_BLANKS = " " + _ODD_BLANKS
_FROM_ODD_BLANK = re.compile(f"[{_ODD_BLANKS}][{_ALL_BLANKS}]*")
_DOTS = re.compile(r"[.。]{3,}")
_SHOUTING = re.compile(r"！{4,}|？{4,}")
_HALF_WIDTH_MARK = re.compile(f"[,.!?;:](?<=[{HAN}].)(?=[{HAN}]|$)", re.MULTILINE)


class Normalised(NamedTuple):
    text: str
    private_use: int
    """How many private-use characters there were, mapped or not."""


class _Looked(NamedTuple):
    """A text without odd characters, and what may be left in it for the rules about blanks and marks."""

    text: str
    private_use: int
    special: set[str]


def _plain_characters(text: str) -> _Looked:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    # One look at every character tells which of the rules have nothing to do: in most texts, nearly all of them.
    special = set(_SPECIAL.findall(text))
    if special <= _CHANGED_BY_PLACE:
        return _Looked(text, 0, special)
    if _SURROGATE.search("".join(special)):  # two halves become one character again, a lone half U+FFFD
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        special = set(_SPECIAL.findall(text))
    private_use = len(_PRIVATE.findall(text)) if _PRIVATE.search("".join(special)) else 0
    text = _ODD.sub(lambda match: _REPLACEMENTS.get(match[0], ""), text)
    return _Looked(text, private_use, special | {_REPLACEMENTS.get(character, character) for character in special})


def _decode_entity(match: re.Match[str]) -> str:
    entity = match[0]
    if entity[1] == "#":
        return html.unescape(entity)
    return "\xa0" if entity.rstrip(";").endswith("nbsp") else html5.get(entity[1:], entity)


def _plain_blanks(text: str, special: set[str]) -> str:
    odd = [character for character in special if character in _ODD_BLANKS]
    if odd or " " in text:
        text = "\n".join([line.strip(_ALL_BLANKS) for line in text.split("\n")])
    if not any(blank in text for blank in odd):  # indents are gone, and with them most odd blanks there were
        return text
    # One space for a run of blanks with an odd one in it; several plain spaces stay.
    *pieces, last = _FROM_ODD_BLANK.split(text)
    return " ".join([*[piece.rstrip(" ") for piece in pieces], last])


def _plain_marks(text: str, special: set[str]) -> str:
    # A plain search is ten times as fast as an expression, and most texts have nothing to change.
    if "." in special or "。。。" in text:
        text = _DOTS.sub("……", text)
    if "！！！！" in text or "？？？？" in text:
        text = _SHOUTING.sub(lambda match: match[0][:3], text)
    return text if special.isdisjoint(_FULL_WIDTH) else _HALF_WIDTH_MARK.sub(lambda match: _FULL_WIDTH[match[0]], text)


def normalise(text: str) -> Normalised:
    r"""Plain characters and marks; no NFKC, which would make ， a comma and ① a 1.

    >>> normalise("他说...&ldquo;好&rdquo;　走！！！！<br>Ｔ恤,白的")
    Normalised(text='他说……“好” 走！！！\nT恤，白的', private_use=0)

    Entities are decoded once, as a browser does: `&amp;lt;` is the text `&lt;`.
    """
    text, private_use, special = _plain_characters(text)
    # After the odd characters, which may sit inside an entity; what it stood for may be odd itself.
    if "&" in text and (decoded := _ENTITY.sub(_decode_entity, text)) != text:
        text, more, special = _plain_characters(decoded)
        private_use += more
    if "<" in text:
        text = _BREAK_TAG.sub("\n", text)
    return Normalised(_plain_marks(_plain_blanks(text, special), special), private_use)


@dataclass(frozen=True, kw_only=True)
class Normalise(Edit):
    """Plain characters and marks in every line (see `normalise`); indents go, so reflow comes first."""

    version: ClassVar[int] = 1

    def __call__(self, document: Document) -> Document:
        normalised = normalise(document.text)
        if normalised.private_use:
            pieces = "".join(_PRIVATE.findall(document.text)) or f"{normalised.private_use} as entities"
            document.notes.append(Note("private-use characters", pieces))
        document.text = normalised.text
        return document
