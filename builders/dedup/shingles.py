"""What two texts are compared by: their folded characters and the set of their n-grams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from validators.characters import fold_table

Units = npt.NDArray[np.uint16]
Hashes = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]

DEFAULT_NGRAM_CHARS = 5

SPREAD = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_HALF = np.uint64(32)
_WORD_UNITS = 4  # 16-bit units in a word of 64 bits


def utf16(text: str) -> bytes:
    """The UTF-16 code units of a text; a lone surrogate is a unit like any other."""
    return text.encode("utf-16-le", "surrogatepass")


def fold_units(texts: Sequence[bytes]) -> tuple[Units, Offsets]:
    """The folded units of many texts one after another, and where each ends: simplified, half width, lower case,
    letters and digits only."""
    ends = np.cumsum([len(text) // 2 for text in texts], dtype=np.int64)
    folded = np.take(fold_table(), np.frombuffer(b"".join(texts), dtype="<u2"), mode="clip")
    stays = folded != 0
    stays_before = np.concatenate(([0], np.cumsum(stays, dtype=np.int64)))
    return np.compress(stays, folded), stays_before[ends]


def fold_text(text: str) -> Units:
    """The folded units of one text."""
    return fold_units([utf16(text)])[0]


def mix(hashes: Hashes) -> None:
    """Make every bit depend on every other, in place (the finaliser of MurmurHash3, half-word shifts)."""
    for multiplier in _MIX:
        hashes ^= hashes >> _HALF
        hashes *= multiplier
    hashes ^= hashes >> _HALF


def ngram_hashes(units: Units, ngram_chars: int) -> Hashes:
    """A 64-bit hash of every n-gram, in order; two n-grams of a corpus share one by accident only."""
    count = max(0, len(units) - ngram_chars + 1)
    at_once = _WORD_UNITS if count and ngram_chars >= _WORD_UNITS else 1
    if at_once > 1:  # the words that begin at every unit, as they lie there
        hashes = np.ndarray(count, "<u8", np.ascontiguousarray(units, "<u2"), strides=2).astype(np.uint64)
    else:
        hashes = units[:count].astype(np.uint64)
    for offset in range(at_once, ngram_chars):
        hashes *= SPREAD
        hashes += units[offset : offset + count]
    mix(hashes)
    return hashes


def shingle_set(units: Units, ngram_chars: int) -> Hashes:
    """The distinct n-grams of a folded text, sorted; empty where the text is shorter than one."""
    return shingle_sets([units], ngram_chars)[0]


def shingle_sets(texts: Sequence[Units], ngram_chars: int) -> list[Hashes]:
    """The `shingle_set` of each text. All at once, since of short texts the calls cost more than the work."""
    if not texts:
        return []
    ends = np.cumsum([len(text) for text in texts])
    starts = ends - [len(text) for text in texts]
    hashes = ngram_hashes(np.concatenate(texts), ngram_chars)
    spans = list(zip(starts.tolist(), np.maximum(starts, ends - ngram_chars + 1).tolist(), strict=True))
    for start, end in spans:
        hashes[start:end].sort()
    first = np.ones(len(hashes), dtype=np.bool_)
    np.not_equal(hashes[1:], hashes[:-1], out=first[1:])
    first[starts[starts < len(first)]] = True
    return [hashes[start:end][first[start:end]] for start, end in spans]


def set_jaccard(a: Hashes, b: Hashes) -> float:
    """|A and B| / |A or B| of two shingle sets that are not both empty."""
    both = np.concatenate((a, b))
    both.sort(kind="stable")  # two sorted runs: one merge
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(both) - shared)


def exact_jaccard(a: str, b: str, ngram_chars: int = DEFAULT_NGRAM_CHARS) -> float:
    """How alike two texts are, from 0 to 1, whatever their script, width, case, punctuation and line breaks.

    A text shorter than one n-gram is like the same folded text only, one without letters like the same text only.

    >>> exact_jaccard("「風雪夜歸人。」", "风雪夜归人")
    1.0
    """
    folded_a, folded_b = fold_text(a), fold_text(b)
    if min(len(folded_a), len(folded_b)) >= ngram_chars:
        return set_jaccard(shingle_set(folded_a, ngram_chars), shingle_set(folded_b, ngram_chars))
    if len(folded_a) == 0 and len(folded_b) == 0:
        return float(a == b)
    return float(np.array_equal(folded_a, folded_b))
