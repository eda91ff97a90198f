"""Bytes of unknown encoding to text: by evidence, with damage kept local, and with the way back to the bytes.

Nearly every Big5 file decodes as GB18030 without an error, so the first codec that raises nothing is no answer.
Every candidate reads a sample, and the reading that is the most usual Chinese (`common_han`) wins.
"""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from builders.text.common_han import bits_by_code_point, bits_of, bits_of_each

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOST = "\ufffd"

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARACTER_BYTES = 4  # the longest character of all encodings

# Evidence, in bits as `common_han` counts them.
_CHINESE = ("utf-8", "gb18030", "big5hkscs")
_HANDICAP_BITS = {"utf-16-le": 4, "utf-16-be": 6, "euc_jp": 20, "cp932": 20}  # candidates that need better evidence
_CLEAR_BITS = 12.5  # a reading this cheap per character beyond ASCII is right: wrong ones cost 15 and more
_OUT_OF_STEP_BITS = 12  # a sample that begins in the middle of a character
_SWITCH_BITS = 12  # a line in another encoding than the line before it
_ODD_LINE_BITS = 13.5  # per character beyond ASCII: the line may be in another encoding
_ODD_TRIPLE_BITS = 50  # three rare characters in a row: the pairs of bytes may be out of step
_LOST_BITS = 30
_LOST_PAIR_BITS = 34

_TELLING = re.compile(rb"[^\x01-\x7f]")
_SAMPLES = 8
_SAMPLE_BYTES = 512
_LEAD_IN_BYTES = 64
_FEW_CHARS = 30
_SHORT_CHARS = 8

_MARGIN_CHARS = 16
_MAX_REALIGNED_CHARS = 100_000  # of one stretch; where more is broken, a closer look gains nothing
_ESCAPED = re.compile("[\udc80-\udcff]+")  # bytes that the codec could not read (`surrogateescape`)
_COMBINING = "\u0304\u030c"  # big5hkscs reads four pairs of bytes as two characters, the second of them one of these

_UNTIDY = re.compile("[\0\ufeff]+|\r\n?")


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
    read_by = {encoding: count for encoding, count in bytes_read.items() if encoding not in ("", *_PARTLY)}
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
    """What the samples cost in bits; each may begin in the middle of a character."""
    return sum(
        min(bits_of(_read(sample, encoding)), bits_of(_read(sample[1:], encoding)) + _OUT_OF_STEP_BITS)
        for sample in samples
    )


def _read(stretch: bytes, encoding: str) -> str:
    """A reading in which every lost byte costs as much as a control character."""
    return stretch.decode(encoding, "replace" if encoding.startswith("utf-16") else "surrogateescape")


# ---------------------------------------------------------------- lines of several encodings


def _stretches(body: bytes, encoding: str) -> list[tuple[int, int, str]]:
    """Start, stop and encoding of the longest runs of lines in one encoding: one run, but for glued files."""
    whole = [(0, len(body), encoding)]
    if encoding not in _CHINESE:
        return whole
    odd = _odd_lines(body, encoding)
    if not any(_is_foreign(body[first:last], encoding) for first, last in odd):
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

    code_points = np.frombuffer(_read(body, encoding).encode("utf-32-le", "surrogatepass"), "<u4")
    telling = code_points > 0x7F
    bits = bits_by_code_point().take(code_points, mode="clip") * telling
    starts = np.append(0, _line_ends(code_points)[:-1])
    return np.add.reduceat(bits, starts, dtype=np.int64), np.add.reduceat(telling, starts, dtype=np.int64)


def _odd_lines(body: bytes, encoding: str) -> list[bytes]:
    """Some of the lines that do not read like Chinese, from all over the file."""
    import numpy as np

    bits, chars = _line_bits(body, encoding)
    ends = _line_ends(np.frombuffer(body, np.uint8))
    odd = np.flatnonzero(bits > np.maximum(chars, _FEW_ODD_CHARS) * _ODD_LINE_BITS)
    return [body[ends[line - 1] if line else 0 : ends[line]] for line in odd[:: len(odd) // _MAX_ODD_LINES + 1]]


def _is_foreign(line: bytes, encoding: str) -> bool:
    """Whether another encoding reads a line far better, also after its damage was mended."""
    others = min(bits_of(_read(line, other)) for other in _CHINESE if other != encoding) + 2 * _SWITCH_BITS
    if others >= bits_of(_read(line, encoding)):
        return False
    return others < sum(
        bits_of(piece.text) if piece.encoding else _LOST_BITS * (piece.stop - piece.start)
        for piece in _pieces_in(line, 0, len(line), encoding)
    )


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
        totals = [
            totals[before] + (before != index) * _SWITCH_BITS + line[index] for index, before in enumerate(came)
        ]
        came_from.append(came)
    state = totals.index(min(totals))
    states = []
    for came in reversed(came_from):
        states.append(state)
        state = came[state]
    lines = zip(reversed(states), range(len(costs)), strict=True)
    runs = [(state, [line for _, line in run]) for state, run in groupby(lines, key=lambda pair: pair[0])]
    return [(ends[numbers[0]], ends[numbers[-1] + 1], _CHINESE[state]) for state, numbers in runs]


# ---------------------------------------------------------------- damage


def _pieces_in(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[_Piece]:
    """The pieces of a stretch in one encoding: what reads well in one go, what is doubtful byte by byte."""
    text = raw[start:stop].decode(encoding, "surrogateescape")
    done = 0
    for first, last, realign in _doubtful(text, encoding):
        if done < first:
            good = text[done:first]
            width = len(good.encode(encoding))
            yield _Piece(start, start + width, encoding, _as_meant(good, encoding))
            start += width
        width = len(text[first:last].encode(encoding, "surrogateescape"))
        if realign:
            yield from _realigned(raw, start, start + width, encoding)
        else:
            yield _Piece(start, start + width, "", LOST)
        start += width
        done = last
    if done < len(text):
        yield _Piece(start, stop, encoding, _as_meant(text[done:] if done else text, encoding))


def _doubtful(text: str, encoding: str) -> Iterator[tuple[int, int, bool]]:
    """First, last and whether to look closer, of the parts of a reading that bytes are lost in or seem out of step."""
    lost = [match.span() for match in _ESCAPED.finditer(text)]
    if encoding in _PAIRED:
        windows = _windows(text, lost)
        if sum(last - first for first, last in windows) <= _MAX_REALIGNED_CHARS:
            yield from ((first, last, True) for first, last in windows)
            return
    yield from ((first, last, False) for first, last in lost)


def _windows(text: str, lost: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The surroundings of lost bytes and of rare characters in a row, joined where they touch."""
    import numpy as np

    bits = bits_of_each(text)
    odd = np.flatnonzero(bits[:-2] + bits[1:-1] + bits[2:] >= _ODD_TRIPLE_BITS)
    positions = sorted({*odd.tolist(), *(first for first, _ in lost), *(last for _, last in lost)})
    windows: list[tuple[int, int]] = []
    for position in positions:
        first = max(0, position - _MARGIN_CHARS)
        last = min(len(text), position + _MARGIN_CHARS)
        while first and text[first] in _COMBINING:
            first -= 1
        while last < len(text) and text[last] in _COMBINING:
            last += 1
        if windows and first <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(last, windows[-1][1]))
        else:
            windows.append((first, last))
    return windows


def _realigned(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[_Piece]:
    """The cheapest way to cut bytes into characters and lost bytes, so that a stray byte is left out and no more."""
    costs = [0] + [1 << 40] * (stop - start)
    steps: list[tuple[int, str, str]] = [(0, "", "")] * (stop - start + 1)  # width, encoding, text of the best last step
    for position in range(stop - start):
        for width, step_encoding, text, bits in _steps(raw, start + position, stop, encoding):
            cost = costs[position] + bits
            if cost < costs[position + width]:
                costs[position + width] = cost
                steps[position + width] = (width, step_encoding, text)
    taken = []
    while stop > start:
        width, step_encoding, text = steps[stop - start]
        taken.append((stop - width, stop, step_encoding, text))
        stop -= width
    for step_encoding, run in groupby(reversed(taken), key=lambda step: step[2]):
        parts = list(run)
        text = _as_meant("".join(part[3] for part in parts), step_encoding) if step_encoding else LOST
        yield _Piece(parts[0][0], parts[-1][1], step_encoding, text)


def _steps(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[tuple[int, str, str, int]]:
    """What the bytes from `start` on may be: width, encoding ("" for lost), text, cost in bits."""
    lead = raw[start]
    if lead < 0x80:
        yield 1, encoding, chr(lead), int(bits_by_code_point()[lead])
        return
    yield 1, "", LOST, _LOST_BITS
    for width in _PAIRED[encoding]:
        if start + width <= stop:
            yield from _character(raw[start : start + width], encoding)
        elif stop == len(raw) and width == 4 and ... 
