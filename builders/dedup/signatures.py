"""One-permutation hashing: a fixed-size signature by which likely copies are found without comparing all texts.

The high bits of every n-gram's hash choose one of `BINS` bins, and each bin keeps the least of the values that fall into
it. Two texts agree in a bin with about the probability of their Jaccard: one hash per n-gram does what MinHash takes
one per n-gram and row for (Li, Owen, Zhang 2012; borrowing for empty bins after Shrivastava 2017).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from builders.dedup.shingles import Hashes, Offsets, Units, mix, ngram_hashes

BINS = 256
EMPTY = np.uint32(0xFFFFFFFF)
_SLICE_UNITS = 1 << 15  # what is worked on at a time, with all that is made from it, fits the cache of a core
_PROBES = 8

Minima = npt.NDArray[np.uint32]


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
def _probes() -> npt.NDArray[np.intp]:
    """For every bin the bins that it borrows from when it is empty, in order: fixed, and different for every bin."""
    probes = np.arange(_PROBES * BINS, dtype=np.uint64)
    mix(probes)
    return (probes >> np.uint64(56)).astype(np.intp).reshape(_PROBES, BINS)


def borrow(minima: Minima) -> None:
    """Fill the empty bins of every text that has an n-gram with the values of full ones, in place.

    Without it, short texts would agree in their empty bins. A bin asks `_PROBES` bins chosen by hash, then takes the
    next full one to its right, so that even a text of one n-gram is done in a fixed number of passes.
    """
    full = minima != EMPTY
    rows, bins = np.nonzero(~full & full.any(axis=1)[:, None])
    for probe in _probes():
        found = full[rows, probe[bins]]
        minima[rows[found], bins[found]] = minima[rows[found], probe[bins[found]]]
        rows, bins = rows[~found], bins[~found]
    if len(rows):
        needy, row_of = np.unique(rows, return_inverse=True)
        twice = np.where(np.tile(full[needy], 2), np.arange(2 * BINS), 2 * BINS)
        next_full = np.minimum.accumulate(twice[:, ::-1], axis=1)[:, ::-1]
        minima[rows, bins] = minima[rows, next_full[row_of, bins] % BINS]


def band_keys(minima: Minima, bands: int, rows: int) -> Hashes:
    """One 64-bit key per band and text, as (bands, texts): texts with an equal key in any band are candidates."""
    keys = np.zeros((bands, len(minima)), dtype=np.uint64)
    for row in range(rows):  # the bins of a band lie far apart, since neighbours may have borrowed from the same one
        keys += minima[:, row * bands : (row + 1) * bands].T
        mix(keys)
    return keys
