"""Bytes of unknown encoding to text: by evidence, with damage kept local, and with the way back to the bytes.

Nearly every Big5 file decodes as GB18030 without an error, so the first codec that raises nothing is no answer.
Every candidate reads a sample, and the reading that is the most usual Chinese (`common_han`) wins.
"""

from __future__ import annotations

import bisect
import codecs
import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from builders.text.common_han import BEYOND, bits_by_code_point, bits_of, bits_of_each

LOST = "\ufffd"

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHINESE = ("utf-8", "gb18030", "big5hkscs")
# Candidates that must be cheaper than the Chinese ones by so many bits.
_HANDICAP_BITS = {"utf-16-le": 4, "utf-16-be": 6, "euc_jp": 20, "cp932": 20}
_CLEAR_BITS = 12.5  # a reading this cheap per character beyond ASCII is right; wrong ones cost 15 and more

_SAMPLE_BYTES = 512
_SAMPLES = 8
_TELLING = re.compile(rb"[^\x01-\x7f]")

_LOST_BITS = 30  # a byte that stands for nothing; a whole pair without a meaning costs a little more
_SWITCH_BITS = 12  # a line in another encoding than the line before
_ODD_LINE_BITS = 13.5  # per character beyond ASCII
_ODD_TRIPLE_BITS = 50  # three rare characters in a row: perhaps pairs of bytes read out of step
_MARGIN_CHARS = 16
_MAX_REALIGNED_CHARS = 100_000  # in one file; where more is broken, nothing is gained by looking closer

_UNTIDY = re.compile("[\0\ufeff]+|\r\n?")
_ESCAPED = re.compile("[\udc80-\udcff]+")
_COMBINING = "\u0304\u030c"  # big5hkscs has pairs of bytes that are two characters, the second one of these


class Decoded(NamedTuple):
    """A text and how it was read.

    `text` has no byte order mark and no NUL, and only `\\n` ends a line. `encoding` is the Python codec that read it, or
    the one that read most where lines differ (`mixed`). `replaced` counts the places where bytes were lost: each is one
    U+FFFD, and nothing for a last character that was cut in half.
    """

    text: str
    encoding: str
    replaced: int
    mixed: bool


class _Piece(NamedTuple):
    """What the bytes from `start` to `stop` say; `encoding` reads them without an error, or is "" where they are lost."""

    start: int
    stop: int
    encoding: str
    text: str


def decode(raw: bytes) -> Decoded:
    """The text of a file: `decode("第一章 風起".encode("big5")).text` is `"第一章 風起"`."""
    pieces = _pieces(raw)
    bytes_read: dict[str, int] = {}
    for piece in pieces:
        bytes_read[piece.encoding] = bytes_read.get(piece.encoding, 0) + piece.stop - piece.start
    read_by = {encoding: count for encoding, count in bytes_read.items() if encoding in _NAMES}
    return Decoded(
        text=_UNTIDY.sub(_tidy, "".join(piece.text for piece in pieces)),
        encoding=max(read_by, key=read_by.__getitem__, default="utf-8"),
        replaced=sum(not piece.encoding for piece in pieces),
        mixed=len(read_by) > 1,
    )


def byte_offset(raw: bytes, decoded: Decoded, char_index: int) -> int:
    """Where in the file the character at `char_index` of `decoded.text` begins; past the text, where its bytes end."""
    pieces = _pieces(raw, "" if decoded.mixed else decoded.encoding)
    index = _untidy_index("".join(piece.text for piece in pieces), char_index)
    for piece in pieces:
        if index < len(piece.text):
            if not piece.encoding:
                return piece.start
            before = raw[piece.start : piece.stop].decode(piece.encoding)[:index]
            return piece.start + len(before.encode(piece.encoding))
        index -= len(piece.text)
    return pieces[-1].stop


def _tidy(match: re.Match[str]) -> str:
    return "\n" if match[0][0] == "\r" else ""


def _untidy_index(text: str, tidy_index: int) -> int:
    """The index before tidying of the character that is at `tidy_index` after it."""
    removed = 0
    for match in _UNTIDY.finditer(text):
        kept = len(_tidy(match))
        if match.start() - removed + kept > tidy_index:
            break
        removed += len(match[0]) - kept
    return tidy_index + removed


def _pieces(raw: bytes, encoding: str = "") -> list[_Piece]:
    """All pieces of a file in their order, without the byte order mark at its start and the NULs at its end."""
    mark, marked = next((pair for pair in _BYTE_ORDER_MARKS if raw.startswith(pair[0])), (b"", ""))
    start = len(mark)
    stop = max(start, len(raw.rstrip(b"\0")))
    body = raw[start:stop]
    encoding = encoding or (marked if marked.startswith("utf-16") else _encoding_of(body))
    if encoding.startswith("utf-16"):
        stop = min(len(raw), stop + (stop - start) % 2)  # the last character may end in a NUL of its own
        pieces = list(_utf_16_pieces(raw, start, stop, encoding))
    else:
        pieces = [
            piece
            for first, last, line_encoding in _stretches(body, encoding)
            for piece in _pieces_in(raw, start + first, start + last, line_encoding)
        ]
    if pieces and not pieces[-1].encoding and pieces[-1].stop - pieces[-1].start < _CHARACTER_BYTES:
        pieces[-1] = pieces[-1]._replace(text="")  # a last character that was cut says nothing
    return pieces


# ---------------------------------------------------------------- which encoding


def _encoding_of(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _cheapest_encoding(_samples(body))
    # Two-byte letters are weak evidence in a short text: 谢谢 in GB18030 is also two Cyrillic letters in UTF-8.
    if "\0" in text or (len(text) < _SHORT_CHARS and not text.isascii() and max(text) < "\u0800"):
        return _cheapest_encoding(_samples(body))
    return "utf-8"


def _samples(body: bytes) -> list[bytes]:
    """Some stretches from all over a file that are not plain ASCII."""
    samples = []
    position = 0
    for number in range(_SAMPLES):
        found = _TELLING.search(body, max(position, len(body) * number // _SAMPLES))
        if not found:
            break
        first = max(body.rfind(b"\n", position, found.start()) + 1, found.start() - _LEAD_IN_BYTES, position)
        position = first + _SAMPLE_BYTES
        # No text has two U+0000 in a row: a hole of them says nothing, and an even number leaves UTF-16 in step.
        samples.append(body[first:position].replace(b"\0\0\0\0", b""))
    return samples


def _cheapest_encoding(samples: list[bytes]) -> str:
    """The encoding in which the samples are the most usual text."""
    costs = {encoding: _cost(samples, encoding) for encoding in _CHINESE}
    best = min(costs, key=costs.__getitem__)
    characters = sum(sum(char > "\x7f" for char in _read(sample, best)) for sample in samples)
    if characters < _FEW_CHARS or costs[best] > _CLEAR_BITS * characters:
        costs |= {encoding: _cost(samples, encoding) + bits for encoding, bits in _HANDICAP_BITS.items()}
    return min(costs, key=costs.__getitem__)


def _cost(samples: list[bytes], encoding: str) -> int:
    """What the samples cost in bits; all but the first may begin in the middle of a character."""
    first, *others = samples
    in_step = bits_of(_read(first, encoding))
    return in_step + sum(min(bits_of(_read(other[skip:], encoding)) for skip in (0, 1)) for other in others)


def _read(stretch: bytes, encoding: str) -> str:
    """A reading in which every lost byte costs as much as a control character."""
    return stretch.decode(encoding, "replace" if encoding.startswith("utf-16") else "surrogateescape")
