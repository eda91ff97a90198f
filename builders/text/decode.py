"""Bytes of unknown encoding to text: by evidence, with damage kept local, and with the way back to the bytes.

Nearly every Big5 file decodes as GB18030 without an error, so the first codec that raises nothing is no answer.
Every candidate reads a sample, and the reading that is the most usual Chinese (`common_han`) wins.
"""

from __future__ import annotations

import codecs
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from builders.text.common_han import bits_of, bits_of_each, code_points_of
from builders.text.damage import LOST, Piece, mended_bits, pieces_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARACTER_BYTES = 4  # the longest character of all encodings

# Evidence, in bits as `common_han` counts them.
_CHINESE = ("utf-8", "gb18030", "big5hkscs")
_HANDICAP_BITS = {"utf-16-le": 4, "utf-16-be": 6, "euc_jp": 30, "cp932": 30}  # candidates that need better evidence
_CLEAR_BITS = 12  # a reading this cheap per character is right: wrong ones cost 15 and more
_SWITCH_BITS = 12  # a line in another encoding than the line before it
_ODD_LINE_BITS = 13.5  # per character beyond ASCII: the line may be in another encoding

_STAND_INS = ("cp950", "cp1252")  # read single characters that the Chinese ones lack

_TELLING = re.compile(rb"[^\x09-\x0d\x20-\x7f]")
_CONTROL = re.compile("[\0-\x08\x0e-\x1f]")
_SAMPLES = 8
_SAMPLE_BYTES = 512
_LEAD_IN_BYTES = 64
_FEW_CHARS = 30
_SHORT_CHARS = 16
_FEW_ODD_CHARS = 4
_MAX_ODD_LINES = 64

_SIGNATURES = {
    b"\x89PNG\r\n": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF87a": "GIF image",
    b"GIF89a": "GIF image",
    b"%PDF-": "PDF document",
    b"PK\x03\x04": "zip archive",  # and so .docx and .epub
    b"PK\x05\x06": "zip archive",
    b"Rar!\x1a\x07": "rar archive",
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"\x1f\x8b\x08": "gzip archive",
    b"BZh91AY&SY": "bzip2 archive",
    b"\xfd7zXZ\0": "xz archive",
    b"\x28\xb5\x2f\xfd": "zstd archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "Office document",  # .doc
    b"SQLite format 3\0": "SQLite database",
    b"PAR1": "Parquet file",
    b"\x7fELF": "program",
}
_CONTROL_BYTES = bytes({*range(0x20), 0x7F} - {*b"\t\n\v\f\r\x1a\x1b"})
_MAX_CONTROL_SHARE = 0.05  # random bytes have 0.10
_MAX_UTF_16_BITS = 18.5  # per character; random bytes cost more than 20, any living script at most 17
_UTF_16_SAMPLE_BYTES = 65_536

_UNTIDY = re.compile("[\0\ufeff]+|\r[\0\ufeff]*\n?")


class Decoded(NamedTuple):
    """A text and how it was read.

    `text` has no byte order mark and no NUL, and only a line feed ends a line. `encoding` is the Python codec that read
    it, or the one that read most where lines differ (`mixed`). `replaced` counts the places where bytes were lost: each
    is one U+FFFD, or nothing for a last character that was cut in half.
    """

    text: str
    encoding: str
    replaced: int
    mixed: bool


def decode(raw: bytes) -> Decoded:
    """The text of a file: `decode("第一章 風起".encode("big5")).text` is `"第一章 風起"`."""
    pieces = _pieces(raw)
    bytes_read: dict[str, int] = {}
    for piece in pieces:
        bytes_read[piece.encoding] = bytes_read.get(piece.encoding, 0) + piece.stop - piece.start
    read_by = {encoding: count for encoding, count in bytes_read.items() if encoding not in ("", *_STAND_INS)}
    return Decoded(
        text=_tidy("".join(piece.text for piece in pieces)),
        encoding=max(read_by, key=read_by.__getitem__, default="utf-8"),
        replaced=sum(not piece.encoding for piece in pieces),
        mixed=len(read_by) > 1,
    )


def byte_offset(raw: bytes, decoded: Decoded, char_index: int) -> int:
    """Where in the file the character at `char_index` of `decoded.text` begins; past the text, where its bytes end."""
    pieces = _pieces(raw)
    if char_index >= len(decoded.text):
        return pieces[-1].stop
    index = _untidy_index("".join(piece.text for piece in pieces), char_index)
    for piece in pieces:
        if index < len(piece.text):
            break
        index -= len(piece.text)
    if not index or not piece.encoding:
        return piece.start
    before = raw[piece.start : piece.stop].decode(piece.encoding)[:index]
    return piece.start + len(before.encode(piece.encoding))


def looks_binary(raw: bytes) -> str | None:
    """Why a file is no text at all ("not text: PNG image"); None for every text, also damaged or padded with NULs."""
    for signature, kind in _SIGNATURES.items():
        if raw.startswith(signature):
            return f"not text: {kind}"
    body = raw.rstrip(b"\0")
    if raw and not body:
        return "not text: nothing but NUL bytes"
    body = body.replace(b"\0\0\0\0", b"")  # holes in a damaged file
    controls = len(body) - len(body.translate(None, _CONTROL_BYTES))
    if controls <= _MAX_CONTROL_SHARE * len(body):
        return None
    beginning = body[: min(len(body) // 2 * 2, _UTF_16_SAMPLE_BYTES)]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = beginning.decode(encoding, "replace")
        controls_left = len(_CONTROL.findall(text)) + text.count(LOST)
        if controls_left <= _MAX_CONTROL_SHARE * len(text) and bits_of(text) <= _MAX_UTF_16_BITS * len(text):
            return None
    return f"not text: {100 * controls / len(body):.0f} % control characters"


def _tidy(text: str) -> str:
    """What `_UNTIDY` finds becomes a line feed where it holds a carriage return, and nothing elsewhere."""
    return text.replace("\0", "").replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")


def _untidy_index(text: str, tidy_index: int) -> int:
    """The index before tidying of the character that is at `tidy_index` after it."""
    removed = 0
    for match in _UNTIDY.finditer(text):
        kept = len(_tidy(match[0]))
        if match.start() - removed + kept > tidy_index:
            break
        removed += len(match[0]) - kept
    return tidy_index + removed


def _pieces(raw: bytes) -> list[Piece]:
    """All pieces of a file in their order, without the byte order mark at its start and the NULs at its end."""
    mark, marked = next((pair for pair in _BYTE_ORDER_MARKS if raw.startswith(pair[0])), (b"", ""))
    start = len(mark)
    stop = max(start, len(raw.rstrip(b"\0")))
    body = raw[start:stop]
    if not body:
        return [Piece(start, stop, marked or "utf-8", "")]
    if marked.startswith("utf-16"):
        encoding = marked
    elif (text := _as_utf_8(body)) is not None:
        return [Piece(start, stop, "utf-8", text)]
    else:
        encoding = _cheapest_encoding(_samples(body))
    if encoding.startswith("utf-16"):
        stop = min(len(raw), stop + (stop - start) % 2)  # the last character may end in a NUL of its own
    pieces = [
        piece
        for first, last, line_encoding in _runs(raw[start:stop], encoding)
        for piece in pieces_in(raw, start + first, start + last, line_encoding)
    ]
    if not pieces[-1].encoding and pieces[-1].stop - pieces[-1].start < _CHARACTER_BYTES:
        pieces[-1] = pieces[-1]._replace(text="")  # a last character that was cut says nothing
    return pieces


# ---------------------------------------------------------------- which encoding


def _as_utf_8(body: bytes) -> str | None:
    """The text of a file that is beyond doubt UTF-8 (or ASCII)."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # Two-byte letters are weak evidence in a short text: 谢谢 in GB18030 is also two Cyrillic letters in UTF-8.
    weak = len(text) < _SHORT_CHARS and not text.isascii() and max(text) < "\u0800"
    return None if weak or _CONTROL.search(text) else text  # control characters may be halves of UTF-16


def _samples(body: bytes) -> list[bytes]:
    """Some stretches from all over a file that are not plain ASCII."""
    samples: list[bytes] = []
    stop = 0
    for number in range(_SAMPLES):
        found = _TELLING.search(body, max(stop, len(body) * number // _SAMPLES))
        if not found:
            break
        start = max(stop, found.start() - _LEAD_IN_BYTES)
        if samples:
            start = max(start, body.rfind(b"\n", start, found.start()) + 1)
        start -= start % 2  # where a character of UTF-16 begins
        stop = start + _SAMPLE_BYTES
        # No text has two U+0000 in a row: a hole of them says nothing, and an even number leaves UTF-16 in step.
        samples.append(body[start:stop].replace(b"\0\0\0\0", b""))
    return samples


def _cheapest_encoding(samples: list[bytes]) -> str:
    """The encoding in which the samples are the most usual text."""
    costs = {encoding: sum(bits_of(_read(sample, encoding)) for sample in samples) for encoding in _CHINESE}
    best = min(costs, key=costs.__getitem__)
    text = "".join(_read(sample, best) for sample in samples)
    # Half of UTF-16 is ASCII in the others, and cheap, but for control characters here and there.
    clear = costs[best] <= _CLEAR_BITS * len(text) and not _CONTROL.search(text)
    if len(text) < _FEW_CHARS or not clear:  # short, damaged, or none of these
        handicaps = dict.fromkeys(_CHINESE, 0) | _HANDICAP_BITS
        costs = {code: sum(mended_bits(sample, code) for sample in samples) + bits for code, bits in handicaps.items()}
    return min(costs, key=costs.__getitem__)


def _read(stretch: bytes, encoding: str) -> str:
    """A reading with U+FFFD, which costs as much as U+0000, where bytes cannot be read."""
    return stretch.decode(encoding, "replace")


# ---------------------------------------------------------------- lines of several encodings


def _runs(body: bytes, encoding: str) -> list[tuple[int, int, str]]:
    """Start, stop and encoding of the longest runs of lines in one encoding: one run, but for glued files."""
    whole = [(0, len(body), encoding)]
    if encoding not in _CHINESE:
        return whole
    if not any(_is_foreign(line, encoding) for line in _odd_lines(body, encoding)):
        return whole
    return _cheapest_runs(body)


def _line_ends(units: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Where the lines end, in bytes or in characters: no encoding has a line end in the middle of a character."""
    import numpy as np

    ends = np.flatnonzero((units == 0x0A) | (units == 0x0D)) + 1
    return np.append(ends, len(units)) if not len(ends) or ends[-1] < len(units) else ends


def _line_bits(body: bytes, encoding: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every line what its characters beyond ASCII cost in an encoding, and how many they are."""
    import numpy as np

    code_points = code_points_of(body.decode(encoding, "surrogateescape"))  # it keeps all line ends, "replace" does not
    telling = code_points > 0x7F
    bits = bits_of_each(code_points) * telling
    starts = np.append(0, _line_ends(code_points)[:-1])
    return np.add.reduceat(bits, starts, dtype=np.int64), np.add.reduceat(telling, starts, dtype=np.int64)


def _odd_lines(body: bytes, encoding: str) -> list[bytes]:
    """Some of the lines that do not read like Chinese, from all over the file."""
    import numpy as np

    bits, chars = _line_bits(body, encoding)
    ends = _line_ends(np.frombuffer(body, np.uint8))
    odd = np.flatnonzero(bits > np.maximum(chars, _FEW_ODD_CHARS) * _ODD_LINE_BITS)
    starts = np.append(0, ends[:-1])
    return [
        body[starts[line] : min(ends[line], starts[line] + _SAMPLE_BYTES)]
        for line in odd[:: len(odd) // _MAX_ODD_LINES + 1]
    ]


def _is_foreign(line: bytes, encoding: str) -> bool:
    """Whether another encoding reads a line far better, also after its damage was mended."""
    others = min(bits_of(_read(line, other)) for other in _CHINESE if other != encoding) + 2 * _SWITCH_BITS
    return others < bits_of(_read(line, encoding)) and others < mended_bits(line, encoding)


def _cheapest_runs(body: bytes) -> list[tuple[int, int, str]]:
    """The reading of all lines that costs least, where a change of encoding has its price, too (Viterbi)."""
    import numpy as np

    costs = np.stack([_line_bits(body, encoding)[0] for encoding in _CHINESE], axis=1).tolist()
    ends = [0, *_line_ends(np.frombuffer(body, np.uint8)).tolist()]
    totals = [0] * len(_CHINESE)
    came_from = []
    for line in costs:
        least = min(totals)
        best = totals.index(least)
        came = [index if totals[index] <= least + _SWITCH_BITS else best for index in range(len(_CHINESE))]
        totals = [totals[before] + (before != index) * _SWITCH_BITS + line[index] for index, before in enumerate(came)]
        came_from.append(came)
    state = totals.index(min(totals))
    states = []
    for came in reversed(came_from):
        states.append(state)
        state = came[state]
    lines = zip(reversed(states), range(len(costs)), strict=True)
    runs = [(state, [line for _, line in run]) for state, run in groupby(lines, key=lambda pair: pair[0])]
    return [(ends[numbers[0]], ends[numbers[-1] + 1], _CHINESE[state]) for state, numbers in runs]
