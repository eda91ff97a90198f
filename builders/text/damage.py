"""Bytes in a known encoding to text, where damage costs no more than the damaged place.

In GB18030 and Big5 one stray byte puts the pairs of bytes that follow out of step: no error, but nonsense up to the end
of the line. So doubtful places are cut into characters again, in the way that makes the most usual text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from builders.text.common_han import bits_by_code_point, bits_of, bits_of_each, code_points_of

LOST = "\ufffd"

# What lost bytes cost, in bits as `common_han` counts them.
_LOST_BITS = 22
_STRAY_BITS = 26  # a byte that could be half of a character, but is left out
_LOST_PAIR_BITS = 27
_MIN_GAIN_BITS = 3  # what a text without errors must gain before a byte of it is left out
_CUT_BITS = 15  # half a pair at the end: files are often cut
_EURO_BITS = 15
_SLIP_BITS = 50  # what UTF-16 text may cost more than when read one byte later, before a byte is left out
_MAX_SLIPS = 32
_RARE_CHARS, _RARE_BITS = 5, 79  # so many characters that cost so much: the pairs of bytes may be out of step
_LEFT_OVER_BITS = 26  # the cost of two characters before a single ASCII one: perhaps the same

_MARGIN_CHARS = 16
_MAX_REALIGNED_CHARS = 100_000  # of one stretch; where more is broken, a closer look gains nothing
_ESCAPED = re.compile("[\ud800-\udfff]+")  # bytes that the codec could not read (`surrogateescape`), or half a pair
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


def _pieces_in_step(raw: bytes, start: int, stop: int, encoding: str) -> Iterator[Piece]:
    """What reads well in one go, what is doubtful byte by byte."""
    text, errors = _escaped(raw[start:stop], encoding)
    done = 0
    for first, last, realign in _doubtful(text, encoding, damaged=errors != "strict"):
        if done < first:
            good = text[done:first]
            width = len(good.encode(encoding))
            yield Piece(start, start + width, encoding, _as_meant(good, encoding))
            start += width
        width = len(text[first:last].encode(encoding, errors))
        if realign:
            yield from _realigned(raw, start, start + width, encoding, text[first:last])
        else:
            yield Piece(start, start + width, "", LOST)
        start += width
        done = last
    if done < len(text):
        yield Piece(start, stop, encoding, _as_meant(text[done:], encoding))


def _escaped(stretch: bytes, encoding: str) -> tuple[str, str]:
    """The plain reading, and the error handler that put bytes which cannot be read into it, as unpaired surrogates."""
    try:
        return stretch.decode(encoding), "strict"
    except UnicodeDecodeError:
        errors = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
        return stretch.decode(encoding, errors), errors


def _doubtful(text: str, encoding: str, damaged: bool) -> Iterator[tuple[int, int, bool]]:
    """First, last and whether to look closer, of the parts of a reading that bytes are lost in or seem out of step."""
    lost = [match.span() for match in _ESCAPED.finditer(text)] if damaged else []
    if encoding in ("gb18030", "big5hkscs"):
        windows = _windows(text, lost)
        if sum(last - first for first, last in windows) <= _MAX_REALIGNED_CHARS:
            yield from ((first, last, True) for first, last in windows)
            return
    yield from ((first, last, False) for first, last in lost)


def _windows(text: str, lost: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The surroundings of lost bytes and of what may be out of step, joined where they touch."""
    windows: list[tuple[int, int]] = []
    for position in sorted({*_suspects(text), *(position for span in lost for position in span)}):
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


def _suspects(text: str) -> list[int]:
    """Where rare characters stand in a row, or a single ASCII one that may have been the second byte of a pair."""
    import numpy as np

    code_points = code_points_of(text)
    sums = np.append(0, bits_of_each(code_points).cumsum(dtype=np.int64))
    rare = np.flatnonzero(sums[_RARE_CHARS:] - sums[:-_RARE_CHARS] >= _RARE_BITS)
    wide = code_points > 0x7F
    single = (code_points >= 0x40) & (code_points <= 0x7E)
    single[:1] = single[-1:] = False
    single[1:-1] &= wide[:-2] & wide[2:]
    left_over = np.flatnonzero(single)
    left_over = left_over[sums[left_over] - sums[np.maximum(left_over - 2, 0)] >= _LEFT_OVER_BITS]
    return [*rare.tolist(), *left_over.tolist()]


def _realigned(raw: bytes, start: int, stop: int, encoding: str, plain: str) -> Iterator[Piece]:
    """The cheapest way to cut bytes into characters and lost bytes, so that a stray byte is left out and no more."""
    # For every number of bytes: what reading them costs, and the width, encoding and text of the last step.
    costs = [0] + [1 << 40] * (stop - start)
    steps: list[tuple[int, str, str]] = [(0, "", "")] * (stop - start + 1)
    for position in range(stop - start):
        for width, step_encoding, text, bits in _steps(raw, start + position, stop, encoding):
            cost = costs[position] + bits
            if cost < costs[position + width]:
                costs[position + width] = cost
                steps[position + width] = (width, step_encoding, text)
    if bits_of(plain) < costs[-1] + _MIN_GAIN_BITS and not _ESCAPED.search(plain):
        yield Piece(start, stop, encoding, _as_meant(plain, encoding))
        return
    taken = []
    while stop > start:
        width, step_encoding, text = steps[stop - start]
        taken.append((stop - width, stop, step_encoding, text))
        stop -= width
    for step_encoding, run in groupby(reversed(taken), key=lambda step: step[2]):
        parts = list(run)
        text = _as_meant("".join(part[3] for part in parts), step_encoding) if step_encoding else LOST
        yield Piece(parts[0][0], parts[-1][1], step_encoding, text)


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
    yield from _pieces_in_step(raw, start, stop - (stop - start) % 2, encoding)


def _bytes_in_step(body: bytes, encoding: str) -> int:
    """How many bytes to read before one byte has to be left out; all of an even number where none has."""
    import numpy as np

    dtype = "<u2" if encoding == "utf-16-le" else ">u2"
    even = len(body) // 2 * 2
    in_step = bits_of_each(np.frombuffer(body[:even], dtype)).astype(np.int64)
    later = bits_of_each(np.frombuffer(body[1 : 1 + (len(body) - 1) // 2 * 2], dtype))
    loss = np.append(0, (in_step[: len(later)] - later).cumsum())
    slipped = np.flatnonzero(loss - np.minimum.accumulate(loss) > _SLIP_BITS)
    return even if not len(slipped) else int(loss[: slipped[0]].argmin()) * 2
