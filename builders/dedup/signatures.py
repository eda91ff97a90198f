"""One-permutation hashing: a fixed-size signature by which likely copies are found without comparing all texts.

The high bits of every n-gram's hash choose one of `BINS` bins, and each bin keeps the least of the values that fall
into it. Two texts agree in a bin with about the probability of their Jaccard: one hash per n-gram does what MinHash
takes one per n-gram and row for (Li, Owen, Zhang 2012; borrowing for empty bins after Shrivastava 2017). Of each bin
the lowest byte is kept (b-bit minwise hashing, Li and König 2010): it serves to find candidates and to look at them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from builders.dedup.shingles import SPREAD, Offsets, Units, mix, ngram_hashes

BINS = 256
EMPTY = np.uint32(0xFFFFFFFF)
_SLICE_UNITS = 1 << 15  # what is worked on at a time, with all that is made from it, fits the cache of a core
_PROBES = 16  # for all texts at once; longer searches text by text

Minima = npt.NDArray[np.uint32]
Signatures = npt.NDArray[np.uint8]
"""The low byte of every bin's least value: (texts, bins)."""
Keys = npt.NDArray[np.uint32] | npt.NDArray[np.uint64]
"""Texts with an equal key in any band are candidates."""


def bin_minima(units: Units, ends: Offsets, ngram_chars: int) -> Minima:
    """The least value in each bin of each text; `units` are the folded texts one after another, `ends` their ends."""
    minima = np.full(len(ends) * BINS, EMPTY, dtype=np.uint32)
    starts = np.concatenate(([0], ends[:-1]))
    # An n-gram that runs into the next text belongs to none: the last n - 1 positions of a text begin no n-gram.
    within = np.repeat(np.arange(len(ends)) * BINS, ends - starts)
    for start in range(0, len(units) - ngram_chars + 1, _SLICE_UNITS):
        hashes = ngram_hashes(units[start : start + _SLICE_UNITS + ngram_chars - 1], ngram_chars)
        bins = (hashes >> np.uint64(56)).view(np.int64)
        bins += within[start : start + len(hashes)]
        whole = within[start : start + len(hashes)] == within[start + ngram_chars - 1 :][: len(hashes)]
        np.minimum.at(minima, bins, np.where(whole, hashes.astype(np.uint32), EMPTY))
    return minima.reshape(len(ends), BINS)


@cache
def _lenders() -> npt.NDArray[np.intp]:
    """For every bin all bins in the order in which it asks them: fixed, and another one for every bin."""
    hashes = np.arange(BINS * BINS, dtype=np.uint64)
    mix(hashes)
    return np.argsort(hashes.reshape(BINS, BINS), axis=1)


def borrow(minima: Minima) -> None:
    """Give every empty bin the value of the first full one in its own order of bins, in place.

    Without it, short texts would agree in their empty bins. A text without n-grams stays empty.
    """
    own, filled = minima.ravel().copy(), minima.reshape(-1)
    empty = np.flatnonzero(own == EMPTY)
    for lender in _lenders().T[:_PROBES]:
        values = own[(empty & -BINS) + lender[empty & (BINS - 1)]]
        filled[empty] = values
        empty = empty[values == EMPTY]
    texts, begins = np.unique(empty // BINS, return_index=True)
    for text, bins in zip(texts.tolist(), np.split(empty % BINS, begins[1:]), strict=False):
        full = np.flatnonzero(own[text * BINS : (text + 1) * BINS] != EMPTY)
        if len(full):  # few bins are: rank all of them
            first = _places()[bins][:, full].argmin(axis=1)
            minima[text, bins] = own[text * BINS + full[first]]


@cache
def _places() -> npt.NDArray[np.intp]:
    """At which place in the order of a bin (row) another bin (column) stands."""
    return np.argsort(_lenders(), axis=1)


def band_keys(signatures: Signatures, first_band: int, count: int, bands: int, rows: int) -> Keys:
    """The keys of texts in `count` neighbouring bands of `bands` with `rows` bins each: (count, texts).

    The bins of a band lie far apart, since neighbours may have borrowed from the same one.
    """
    bins = [band + bands * row for band in range(first_band, first_band + count) for row in range(rows)]
    values = signatures.take(bins, axis=1).reshape(-1, count, rows)
    if rows in (4, 8):  # the bins themselves are the key
        return np.ascontiguousarray(values.view(np.dtype(f"<u{rows}"))[:, :, 0].T)
    keys = np.zeros(values.shape[:2], dtype=np.uint64)
    for row in range(rows):
        keys *= SPREAD
        keys += values[:, :, row]
    return np.ascontiguousarray(keys.T)


def sorted_places(keys: Keys) -> npt.NDArray[np.int64]:
    """What `argsort(kind="stable")` gives; of short keys half by half, which NumPy sorts by counting."""
    if keys.dtype != np.uint32:
        return np.argsort(keys, kind="stable")
    order = np.argsort(keys.astype(np.uint16), kind="stable")
    return order[np.argsort((keys >> np.uint32(16)).astype(np.uint16)[order], kind="stable")]
