"""File names that came out as mojibake: Chinese bytes shown in a Western code page, or not decoded at all."""

from __future__ import annotations

import re
import unicodedata

from builders.text.common_han import bits_of
from builders.text.decode import decode

_ENCODINGS = ("big5hkscs", "gb18030", "utf-8")
_MIN_GAIN_BITS = 3
# Two accented letters (Íñigo), or a sign before a letter (25°C), may happen to be a Han character.
_DOUBT_BITS = 16
_TOUCHING = re.compile("[0-9A-Za-z][^\0-\x7f]|[^\0-\x7f][0-9A-Za-z]")
_UNWANTED = re.compile("[\0-\x1f\x7f-\x9f\ue000-\uf8ff]")
_SURROGATE = re.compile("[\ud800-\udfff]")

# What a zip tool shows for a byte where a member has no UTF-8 flag, and what Windows and web servers show. A byte that
# code page 1252 lacks stands for itself.
_CP437 = {byte.decode("cp437"): byte for byte in map(bytes, zip(range(0x100), strict=True))}
_CP1252 = {byte.decode("latin-1"): byte for byte in _CP437.values()} | {
    byte.decode("cp1252", "ignore") or byte.decode("latin-1"): byte for byte in _CP437.values()
}


def mend_name(name: str) -> str:
    """The name as it was meant: `mend_name("╖¿«a▒N╢╟.txt")` is `"楊家將傳.txt"`; a good name comes back as it is.

    Bytes of the operating system that are not UTF-8 (unpaired surrogates in the name) are decoded, too.
    """
    if name.isascii():
        return name
    mended = _from_code_page(name)
    if mended == name and "/" in name:
        mended = "/".join(part if part.isascii() else _from_code_page(part) for part in name.split("/"))
    return "/".join(map(_from_bytes, mended.split("/"))) if _SURROGATE.search(mended) else mended


def _from_code_page(name: str) -> str:
    """The cheapest reading of the bytes that a code page has for a name, if it is more usual than the name."""
    composed = unicodedata.normalize("NFC", name)  # macOS takes ó apart
    code_pages = [code_page for code_page in (_CP437, _CP1252) if code_page.keys() >= set(composed)]
    if not code_pages:  # it holds Han characters, say
        return name
    best, least_bits = name, bits_of(composed)
    letters_only = all(character.isalpha() for character in composed if not character.isascii())
    for code_page in code_pages:
        raw = b"".join(code_page[character] for character in composed)
        for encoding in _ENCODINGS:
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            doubtful = letters_only or _TOUCHING.search(text)
            bits = bits_of(text) + (_DOUBT_BITS if doubtful else _MIN_GAIN_BITS)
            if bits < least_bits and not _UNWANTED.search(text):
                best, least_bits = text, bits
    return best


def _from_bytes(name: str) -> str:
    """The name whose bytes Python could not decode and escaped (PEP 383)."""
    try:
        return decode(name.encode("utf-8", "surrogateescape")).text
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return _SURROGATE.sub("\ufffd", name)
