"""Texts as they are compared, character by character: script, width and case made one, with and without marks."""

from __future__ import annotations

import unicodedata
from functools import cache

from validators.characters import simplified_characters

# Where script alone does not decide, both readings are one: 看著 and 看着, 憑藉 and 凭借.
_EITHER = dict(zip("著祇妳牠祂瞭徵藉昇", "着只你它他了征借升", strict=True))


def is_mark(character: str) -> bool:
    """Punctuation (Unicode P) or white space: what no length counts."""
    return character.isspace() or unicodedata.category(character)[0] in "PZ"


def _plain_character(character: str) -> str:
    if "！" <= character <= "～":
        character = chr(ord(character) - 0xFEE0)
    elif character.isalnum() and unicodedata.category(character) != "No":  # ² stays: it is no number
        character = _single(unicodedata.normalize("NFKC", character), character)
    character = _single(character.lower(), character)
    while (simpler := simplified_characters().get(character)) is not None:  # 薴 → 苧 → 苎
        character = simpler
    return _EITHER.get(character, character)


def _single(changed: str, character: str) -> str:
    return changed if len(changed) == 1 else character


def _is_kept(character: str) -> bool:
    """A letter, a digit or a symbol, so that C++ is not C; no mark, no control or format character."""
    code = ord(character)
    is_variation = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    return not is_mark(character) and unicodedata.category(character) not in ("Cc", "Cf") and not is_variation


class _Plain(dict[int, str]):
    """Fills itself as characters come, so that a process pays for those that it meets."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain_character(chr(code))
        return plain


class _Folded(dict[int, str]):
    def __missing__(self, code: int) -> str:
        plain = _plain_character(chr(code))
        self[code] = folded = plain if _is_kept(plain) else ""
        return folded


@cache
def _tables() -> tuple[_Plain, _Folded]:
    return _Plain(), _Folded()


def to_plain(text: str) -> str:
    """Simplified, half width, lower case, with all its marks: character `i` is still character `i`.

    >>> to_plain("《紅樓夢》，第１２回 ABC")
    '《红楼梦》,第12回 abc'
    """
    return text.translate(_tables()[0])


def to_folded(text: str) -> str:
    """The same without punctuation, white space and control characters; symbols stay, unlike in `characters.fold`.

    >>> to_folded("Ｃ＋＋，還是 C？")
    'c++还是c'
    """
    return text.translate(_tables()[1])


def count_characters(text: str) -> int:
    """Characters of a text without punctuation and white space."""
    return sum(not is_mark(character) for character in text)
