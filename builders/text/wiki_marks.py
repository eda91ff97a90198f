"""Stand-ins for characters that the passes over a page must not touch.

All are Unicode noncharacters, which no text may hold (`clean_input` takes them out), so none can be confused with the
page's own and none reaches the output.
"""

from __future__ import annotations

import html
import re

RAW_ON, RAW_OFF = "\ufdd0", "\ufdd1"  # around text that no conversion changes
BREAK = "\ufdd2"  # a line break inside a line of wikitext: <br>
HOLE = "\ufdd3"  # where a protected piece stood, while the rest is converted
CLAUSE = "\ufdd4"  # the end of a clause, while a line is converted clause by clause
NOTHING = CLAUSE  # between two marks that would be another one without it: <nowiki/>, or a bracket that shows nothing
LOST = "\ufdd5"  # markup without an end began here: the rest of the line goes
ENDED = "\ufdd6"  # one of the page's rules counts up to here

_MASKED = "{}[]|<>'=*#:;-_!&()（）《》 \n"
_MASKS = {ord(character): 0xFDD7 + place for place, character in enumerate(_MASKED)}
_UNMASKED = {chr(mask): chr(code) for code, mask in _MASKS.items()} | {BREAK: "\n"}

BAR = chr(_MASKS[ord("|")])
"""A `|` that separates nothing, since it came out of a link or a template."""

_NONCHARACTER = re.compile("[\ufdd0-\ufdef]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FIRST_BYTES = "\ufdd0".encode()[:2]
_RAW = re.compile(f"{RAW_ON}([^{RAW_ON}{RAW_OFF}]*){RAW_OFF}")
_RAW_MARK = re.compile(f"[{RAW_ON}{RAW_OFF}]")


def clean_input(text: str) -> str:
    """The text without noncharacters, surrogates and byte order mark, and with `\\n` as its only line end."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        text = _SURROGATE.sub("\ufffd", text)
        encoded = text.encode()
    if _FIRST_BYTES in encoded:  # several times as fast as the expression
        text = _NONCHARACTER.sub("", text)
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_BLANKS = str.maketrans(dict.fromkeys("\xa0\u2002\u2003\u2009\u202f", " "))


def decode_entities(text: str) -> str:
    """The text with its entities decoded once; a no-break space is a space."""
    return _ENTITY.sub(_decode, text) if "&" in text else text


def _decode(match: re.Match[str]) -> str:
    text = clean_input(html.unescape(match[0])).translate(_BLANKS)
    return mask(text) if text in "{}[]" else text  # a bracket that is none of wikitext


def mask(text: str) -> str:
    """The text with stand-ins for all characters of markup, so that it comes out as it is."""
    return text.translate(_MASKS)


def unmask(text: str) -> str:
    """Every stand-in back to what it stood for; marks that stand for nothing go."""
    return _NONCHARACTER.sub(lambda match: _UNMASKED.get(match[0], ""), text)


def raw(text: str) -> str:
    """The text marked so that no conversion changes it, line by line since lines may be cut apart."""
    text = without_raw_marks(text)
    if not text.strip():
        return text
    return f"{RAW_ON}{text}{RAW_OFF}".replace("\n", f"{RAW_OFF}\n{RAW_ON}")


def without_raw_marks(text: str) -> str:
    return _RAW_MARK.sub("", text) if RAW_ON in text or RAW_OFF in text else text


def split_raw(text: str) -> list[str]:
    """Pieces in turn: convertible, protected, convertible, … (an odd number)."""
    return _RAW.split(text)
