"""Bytes in a known encoding to text, where damage costs no more than the damaged place.

In GB18030 and Big5 one stray byte puts the pairs of bytes that follow out of step: no error, but nonsense up to the end
of the line. So doubtful places are cut into characters again, in the way that makes the most usual text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from builders.text.common_han import bits_by_code_point, bits_of, bits_of_each, code_points_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOST = "\ufffd"

# What lost bytes cost, in bits as `common_han` counts them.
_LOST_BITS = 22
_STRAY_BITS = 26  # a byte that could be half of a character, but is left out
_LOST_PAIR_BITS = 27
_MIN_GAIN_BITS = 3  # what a text without errors must gain before a byte of it is left out
_CUT_BITS = 15  # half a pair at the end: files are often cut
_EURO_BITS = 15
_HALF_BITS = 12  # half of a surrogate pair
_SLIP_BITS = 50  # what UTF-16 text may cost more than when read one byte later, before a byte is left out
_LAST_SLIP_BITS = 10  # the same where the number of bytes is odd, so that one is too many or too few
_MAX_SLIPS = 4  # so often is all that follows read again
_MAX_WINDOW_CHARS = 2_000
_RARE_CHARS, _RARE_BITS = 5, 79  # so many characters that cost so much: the pairs of bytes may be out of step
_ASCII_BITS = 8
_LONE_BITS = 9  # what a letter between two Han characters costs more than a letter of a word
_LEFT_OVER_BITS = 26  # the cost of two characters before a single ASCII one: perhaps the same

_PAIRED = ("gb18030", "big5hkscs")
_MARGIN_CHARS = 16
_MAX_REALIGNED_CHARS = 100_000  # of one stretch; where more is broken, a closer look gains nothing
_ESCAPED = re.compile("([\ud800-\udfff]+)")  # bytes that the codec could not read (`surrogateescape`), or half a pair
_LONE = re.compile("(?<=[^\0-\x7f])[@-~](?=[^\0-\x7f])")
_COMBINING = "\u0304\u030c"  # big5hkscs reads four pairs of bytes as two characters, the second of them one of these
_CUT_TAIL = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe]?")  # two or three bytes of the four that GB18030 may take


class Piece(NamedTuple):
    """What the bytes from `start` to `stop` say; `encoding` reads them without an error, "" where they are lost."""

    start: int
    stop: int
    encoding: str
    text: str


def mended_bits(stretch: bytes, encoding: str) -> int:
    """What the characters and lost bytes of a stretch cost, in bits, when it is read in an encoding."""
    return sum(
        bits_of(piece.text) if piece.encoding else _LOST_BITS * (piece.stop - piece.start)
        for piece in pieces_in(stretch, 0, len(stretch), encoding)
    )


def pieces_in(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[Piece]:
    """The pieces of a stretch in one encoding; damage costs no more than the damaged place."""
    if encoding.startswith("utf-16"):
        return _utf_16_pieces(raw, start, stop, encoding)
    return _pieces_in_step(raw, start, stop, encoding)


def _pieces_in_step(raw: bytes, start: int, stop: int, encoding: str, slips: int = _MAX_SLIPS) -> Iterator[Piece]:
    """What reads well in one go, what is doubtful byte by byte."""
    text, errors = _escaped(raw[start:stop], encoding)
    done = 0
    realigned_chars = 0
    for first, last in _windows(text, errors) if encoding in _PAIRED else ():
        for piece in _plain_pieces(start, text[done:first], encoding, errors):
            yield piece
            start = piece.stop
        doubtful = text[first:last]
        if slips and len(doubtful) > _MAX_WINDOW_CHARS:
            head = doubtful[: 4 * _MARGIN_CHARS]
            pieces = _realigned(raw, start, start + len(head.encode(encoding, errors)), encoding, head)
            if not all(piece.encoding for piece in pieces):
                # With its beginning in step again, most of the rest will be, too.
                if len(pieces) > 1 and not pieces[-1].encoding:
                    pieces.pop()  # the head may end in the middle of a character
                yield from pieces
                yield from _pieces_in_step(raw, pieces[-1].stop, stop, encoding, slips - 1)
                return
        realigned_chars += len(doubtful)
        if realigned_chars <= _MAX_REALIGNED_CHARS:
            pieces = _realigned(raw, start, start + len(doubtful.encode(encoding, errors)), encoding, doubtful)
        else:
            pieces = list(_plain_pieces(start, doubtful, encoding, errors))
        yield from pieces
        start = pieces[-1].stop
        done = last
    yield from _plain_pieces(start, text[done:], encoding, errors)


def _escaped(stretch: bytes, encoding: str) -> tuple[str, str]:
    """The plain reading, and the error handler that put bytes which cannot be read into it, as unpaired surrogates."""
    try:
        return stretch.decode(encoding), "strict"
    except UnicodeDecodeError:
        errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
        return stretch.decode(encoding, errors), errors


def _plain_pieces(start: int, text: str, encoding: str, errors: str) -> Iterator[Piece]:
    """The pieces of a plain reading, where what could not be read is lost."""
    for number, part in enumerate([text] if errors == "strict" else _ESCAPED.split(text)):
        if not part:
            continue
        stop = start + len(part.encode(encoding, errors))
        if number % 2 == 0:
            yield Piece(start, stop, encoding, _as_meant(part, encoding))
        elif part == "\udc80" and encoding == "gb18030":
            yield Piece(start, stop, "cp1252", "€")
        else:
            yield Piece(start, stop, "", LOST)
        start = stop


def _windows(text: str, errors: str) -> list[tuple[int, int]]:
    """Where bytes are lost, and where the pairs of bytes may be out of step, with some characters on both sides."""
    import numpy as np

    lost = [] if errors == "strict" else [match.span() for match in _ESCAPED.finditer(text)]
    positions = np.union1d(_suspects(text), np.array(lost, np.int64).ravel())
    if not len(positions):
        return []
    gaps = np.flatnonzero(np.diff(positions) > 2 * _MARGIN_CHARS)
    firsts = np.maximum(positions[np.append(0, gaps + 1)] - _MARGIN_CHARS, 0)
    lasts = np.minimum(positions[np.append(gaps, -1)] + _MARGIN_CHARS, len(text))
    # No window begins or ends between two characters that are one pair of bytes.
    return [
        (first - (text[first] in _COMBINING), last + (text[last : last + 1] in tuple(_COMBINING)))
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
    ]


def _suspects(text: str) -> NDArray[np.int64]:
    """Where rare characters stand in a row, or a single ASCII one that may have been the second byte of a pair."""
    import numpy as np

    code_points = code_points_of(text)
    sums = np.zeros(len(text) + 1, np.uint32)
    wide = code_points > 0x7F
    np.cumsum(np.where(wide, bits_of_each(code_points), _ASCII_BITS), out=sums[1:])
    rare = np.flatnonzero(sums[_RARE_CHARS:] - sums[:-_RARE_CHARS] >= _RARE_BITS)
    single = np.flatnonzero(wide[:-2] & (code_points[1:-1] >= 0x40) & (code_points[1:-1] <= 0x7E) & wide[2:]) + 1
    return np.append(rare, single[sums[single] - sums[np.maximum(single - 2, 0)] >= _LEFT_OVER_BITS])


def _realigned(raw: bytes, start: int, stop: int, encoding: str, plain: str) -> list[Piece]:
    """The cheapest way to cut bytes into characters and lost bytes, so that a stray byte is left out and no more."""
    # For every number of bytes: what reading them costs, and the width, encoding and text of the last step.
    costs = [0] + [1 << 40] * (stop - start)
    steps: list[tuple[int, str, str]] = [(0, "", "")] * (stop - start + 1)
    for position in range(stop - start):
        after = start + position + 1
        for width, step_encoding, text, bits in _steps(raw, start + position, stop, encoding):
            cost = costs[position] + bits
            if "@" <= text <= "~" and steps[position][0] > 1 and raw[after : after + 1] > b"\x7f":
                cost += _LONE_BITS
            if cost < costs[position + width]:
                costs[position + width] = cost
                steps[position + width] = (width, step_encoding, text)
    plain_bits = bits_of(plain) + _LONE_BITS * len(_LONE.findall(plain))
    if plain_bits < costs[-1] + _MIN_GAIN_BITS and not _ESCAPED.search(plain):
        return [Piece(start, stop, encoding, _as_meant(plain, encoding))]
    taken = []
    while stop > start:
        width, step_encoding, text = steps[stop - start]
        taken.append((stop - width, stop, step_encoding, text))
        stop -= width
    pieces = []
    for step_encoding, run in groupby(reversed(taken), key=lambda step: step[2]):
        parts = list(run)
        text = _as_meant("".join(part[3] for part in parts), step_encoding) if step_encoding else LOST
        pieces.append(Piece(parts[0][0], parts[-1][1], step_encoding, text))
    return pieces


def _steps(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[tuple[int, str, str, int]]:
    """What the bytes from `start` on may be: width, encoding ("" for lost), text, cost in bits."""
    lead = raw[start]
    if lead < 0x80:
        yield 1, encoding, chr(lead), int(bits_by_code_point()[lead])
        return
    pair = _character(raw[start : start + 2], encoding) if start + 2 <= stop else []
    if start + 1 == stop:
        yield 1, "", LOST, _CUT_BITS
    else:
        yield 1, "", LOST, _STRAY_BITS if pair and pair[0][1] else _LOST_BITS
    yield from pair
    if encoding == "gb18030":
        if lead == 0x80:
            yield 1, "cp1252", "€", _EURO_BITS
        elif start + 4 <= stop:
            if raw[start + 1] < 0x40:
                yield from _character(raw[start : start + 4], encoding)
        elif _CUT_TAIL.fullmatch(raw, start, stop):
            yield stop - start, "", LOST, _LOST_PAIR_BITS


@functools.lru_cache(maxsize=1 << 16)
def _character(unit: bytes, encoding: str) -> list[tuple[int, str, str, int]]:
    """The step that reads bytes as one character; what only Windows has in Big5 is read, too."""
    for codec in (encoding, "cp950") if encoding == "big5hkscs" else (encoding,):
        try:
            text = unit.decode(codec)
        except UnicodeDecodeError:
            continue
        return [(len(unit), codec, text, bits_of(text))] if len(text.rstrip(_COMBINING)) == 1 else []
    # A pair without a meaning is more likely a character of somebody's own than two stray bytes.
    return [(2, "", LOST, _LOST_PAIR_BITS)] if len(unit) == 2 and unit[0] > 0x80 and unit[1] >= 0x40 else []


@functools.cache
def _symbols_of_windows() -> tuple[tuple[str, str], ...]:
    """Symbols that Python's big5hkscs reads in an odd way, and what they are in Windows: • is ‧, ∼ is ～."""
    pairs = (bytes((lead, trail)) for lead in (0xA1, 0xA2) for trail in range(0x40, 0xFF))
    read = ((pair.decode("big5hkscs", "ignore"), pair.decode("cp950", "ignore")) for pair in pairs)
    return tuple((odd, meant) for odd, meant in read if len(odd) == len(meant) == 1 and odd not in (meant, *"／＼"))


def _as_meant(text: str, encoding: str) -> str:
    if encoding == "big5hkscs":
        for odd, meant in _symbols_of_windows():
            text = text.replace(odd, meant)
    return text


def _utf_16_pieces(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[Piece]:
    """Where there is a byte too many or too few, it is left out, and the rest is read in step again."""
    for _ in range(_MAX_SLIPS):
        good_bytes = _bytes_in_step(raw[start:stop], encoding)
        yield from _pieces_in_step(raw, start, start + good_bytes, encoding)
        start += good_bytes
        if start == stop:
            return
        yield Piece(start, start + 1, "", LOST)
        start += 1
    even = stop - (stop - start) % 2
    yield from _pieces_in_step(raw, start, even, encoding)
    if even < stop:
        yield Piece(even, stop, "", LOST)


def _bytes_in_step(body: bytes, encoding: str) -> int:
    """How many bytes to read before one byte has to be left out; all of an even number where none has."""
    import numpy as np

    dtype = "<u2" if encoding == "utf-16-le" else ">u2"
    in_step, later = (
        np.where((units >= 0xD800) & (units <= 0xDFFF), _HALF_BITS, bits_of_each(units))
        for units in (np.frombuffer(body[skip : skip + (len(body) - skip) // 2 * 2], dtype) for skip in (0, 1))
    )
    loss = np.append(0, (in_step[: len(later)].astype(np.int64) - later).cumsum())
    slipped = np.flatnonzero(loss - np.minimum.accumulate(loss) > _SLIP_BITS)
    if len(slipped):
        return int(loss[: slipped[0]].argmin()) * 2
    if len(body) % 2 and loss[-1] - loss.min() > _LAST_SLIP_BITS:
        return int(loss.argmin()) * 2
    return len(body) // 2 * 2
