"""Sogou cell lexicons (`.scel`): the words of a list, with their pinyin, in the order of the file.

The layout was read off real files. All numbers are little-endian, all text is UTF-16LE:

    0x000  u32 where the tables begin (0x1540); the bytes behind it vary from version to version
    0x120  u32 number of groups, u32 number of words
    0x130  name, 0x338 category, each up to its first NUL
    table  u32 count, then for each syllable: u16 index, u16 bytes, text
    group  u16 words in it, u16 bytes of pinyin, u16 indices; then its words
    word   u16 bytes, text, u16 bytes of extra data, that data
    then   a black list and more, which are not read
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

_COUNTS, _NAME, _CATEGORY, _DESCRIPTION = 0x120, 0x130, 0x338, 0x540
_USUAL_START, _LEAST_START, _GREATEST_START = 0x1540, 0x540, 0x10000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Scel:
    """`Scel("唐诗", "诗词", ["春眠"], {"春眠": "chun'mian"}, None)`.

    `error` is None, "not_scel" (then there are no words) or "truncated" (then what was whole is there).
    """

    name: str = ""
    category: str = ""
    words: list[str] = field(default_factory=list)
    pinyin: dict[str, str] = field(default_factory=dict)
    error: Literal["not_scel", "truncated"] | None = None


class _EndError(Exception):
    """The file ends, or what stands there cannot be what it should be."""


class _Reader:
    """Takes numbers and texts off the bytes, one after the other."""

    def __init__(self, raw: bytes, position: int) -> None:
        self._raw, self._position = raw, position

    def number(self, form: Literal["<H", "<I"] = "<H") -> int:
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def take(self, length: int) -> bytes:
        piece = self._raw[self._position : self._position + length]
        if len(piece) < length:
            raise _EndError
        self._position += length
        return piece

    def text(self) -> str:
        """A text behind its length in bytes; "" where the bytes are no UTF-16."""
        length = self.number()
        if length % 2:
            raise _EndError
        return _text(self.take(length))


def parse_scel(raw: bytes) -> Scel:
    """The words of a cell lexicon, each once. Never raises: `error` says what is wrong with the bytes.

    Walks the file by the lengths that it gives; only the fields of the header have fixed places. An index past the
    table of syllables is a letter.
    """
    start = int.from_bytes(raw[:4], "little") if len(raw) >= 4 else 0
    if not _LEAST_START <= start <= _GREATEST_START or (start > len(raw) and start != _USUAL_START):
        return Scel(error="not_scel")
    scel = Scel(_until_nul(raw[_NAME:_CATEGORY]), _until_nul(raw[_CATEGORY:_DESCRIPTION]))
    reader = _Reader(raw, start)
    try:
        syllables = _syllables(reader)
        if syllables is None:
            return Scel(error="not_scel")
        syllables |= enumerate(_LETTERS, start=max(syllables) + 1)
        groups = _Reader(raw, _COUNTS).number("<I")
        for word, indices in _words(reader, groups):
            if word not in scel.pinyin:
                scel.pinyin[word] = _pinyin(indices, syllables)
    except _EndError:
        return _finished(scel, "truncated")
    return _finished(scel, None)


def _finished(scel: Scel, error: Literal["truncated"] | None) -> Scel:
    known = {word: pinyin for word, pinyin in scel.pinyin.items() if pinyin}
    return Scel(scel.name, scel.category, list(scel.pinyin), known, error)


def _syllables(reader: _Reader) -> dict[int, str] | None:
    """The pinyin table, or None where there stands something else: that file is no lexicon."""
    count = reader.number("<I")
    if not 0 < count <= 0x10000:
        return None
    syllables: dict[int, str] = {}
    for _ in range(count):
        index, syllable = reader.number(), reader.text()
        if not syllable.isascii():
            return None
        syllables[index] = syllable
    return syllables


def _words(reader: _Reader, groups: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every word with the indices of its syllables. Raises _EndError where the file ends before its last group."""
    for _ in range(groups):
        same, pinyin_bytes = reader.number(), reader.number()
        if pinyin_bytes % 2:
            raise _EndError
        indices = struct.unpack(f"<{pinyin_bytes // 2}H", reader.take(pinyin_bytes))
        for _ in range(same):
            word = reader.text().strip("\0 \t\r\n\u3000")
            reader.take(reader.number())
            if word:
                yield word, indices


def _pinyin(indices: tuple[int, ...], syllables: dict[int, str]) -> str:
    """Syllables joined by `'`; "" where one is not known."""
    named = [syllables.get(index, "") for index in indices]
    return "'".join(named) if all(named) else ""


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-16-le")
    except UnicodeDecodeError:
        return ""


def _until_nul(raw: bytes) -> str:
    return raw[: len(raw) // 2 * 2].decode("utf-16-le", "ignore").partition("\0")[0].strip()
