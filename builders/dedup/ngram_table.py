"""A table of n-grams that a text is looked up in at about the speed of reading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from builders.dedup.shingles import Hashes, Units, mix

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

CHUNK_UNITS = 1 << 16
_SLOTS_PER_NGRAM = 4
_SPREAD = 0x9E3779B97F4A7C15


def window_hashes(units: Units, width: int) -> Hashes:
    """A 64-bit hash of every window of `width` units, put together from windows of 1, 2, 4, 8 … units."""
    count = len(units) - width + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    sizes = [units.astype(np.uint64)]  # of 1, 2, 4 … units
    while 2 ** len(sizes) <= width:
        half, size = sizes[-1], 2 ** (len(sizes) - 1)
        sizes.append(half[:-size] * _power(size) + half[size:])
    hashes = np.zeros(count, dtype=np.uint64)
    done = 0
    for exponent in range(len(sizes) - 1, -1, -1):
        if (width - done) >> exponent:
            hashes *= _power(1 << exponent)
            hashes += sizes[exponent][done : done + count]
            done += 1 << exponent
    mix(hashes)
    return hashes


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(_SPREAD, exponent, 1 << 64))


class Texts(NamedTuple):
    """What the table has to know of every text: its group, for how much it counts, whether no copy comes before."""

    group: Places
    weight: npt.NDArray[np.float64]
    is_first: Flags


class Recurring(NamedTuple):
    """How many n-grams recur, and every place where one stands."""

    ngrams: int
    places: Places


@dataclass(frozen=True, eq=False)
class NgramTable:
    """The n-grams that tell: sorted keys, the beginning of a hash and, in the `place_bits` last bits, a place.

    Two tables of slots tell most n-grams of a text apart without a search, which costs a dozen cache misses.
    """

    keys: Hashes
    place_mask: np.uint64
    slots: tuple[Flags, Flags]
    slot_shift: np.uint64

    @staticmethod
    def of(
        units: Units, weights: Places, ngram_chars: int, texts: Texts, max_items: int
    ) -> tuple[NgramTable, Recurring]:
        """The table of all n-grams of the texts in `units` (each text with a 0 before and behind it), but for those of
        no weight and those that more than `max_items` texts of one group have."""
        mask = np.uint64((1 << len(units).bit_length()) - 1)
        keys = _keys(units, weights, ngram_chars, mask)
        keys.sort()
        places = (keys & mask).astype(np.int64)
        passages = (np.cumsum(units == 0, dtype=np.int32) - 1).take(places)
        is_new = _differs(keys | mask)
        is_new_passage = is_new | _differs(passages)
        is_new_group = is_new | _differs(texts.group.take(passages))
        number = np.cumsum(is_new) - 1
        in_group = np.bincount(np.cumsum(is_new_group) - 1, weights=is_new_passage * texts.weight.take(passages))
        recurs = np.zeros(int(is_new.sum()), dtype=np.bool_)
        recurs[number[is_new_group][in_group > max_items + 0.01]] = True  # sums of fractions
        does_recur = recurs.take(number)
        keys = keys[is_new_passage & texts.is_first.take(passages) & ~does_recur]  # one place in each text will do
        width = max(3, (_SLOTS_PER_NGRAM * len(keys)).bit_length())
        shift = np.uint64(64 - width)
        slots = np.zeros((2, 1 << width), dtype=np.bool_)
        table = NgramTable(keys, mask, (slots[0], slots[1]), shift)
        table.slots[0][table._slot(keys)] = True
        table.slots[1][table._other_slot(keys)] = True
        return table, Recurring(int(recurs.sum()), places[does_recur])

    def _slot(self, keys: Hashes) -> Places:
        return (keys >> self.slot_shift).view(np.int64)

    def _other_slot(self, keys: Hashes) -> Places:
        return (((keys | self.place_mask) * _power(1)) >> self.slot_shift).view(np.int64)

    def look_up(self, hashes: Hashes) -> tuple[Places, Places]:
        """Which of the hashes are known, and every place of each; a few may be wrong."""
        at = np.flatnonzero(self.slots[0][self._slot(hashes)])
        at = at[self.slots[1][self._other_slot(hashes[at])]]
        wanted = hashes[at] | self.place_mask
        known = np.sort(wanted)  # far faster than a search in any order
        ends = np.searchsorted(self.keys, known, side="right")
        known = known[(self.keys[ends - 1] | self.place_mask) == known]  # [-1] is the last: the wanted one or not
        if not len(known):
            return known.view(np.int64), known.view(np.int64)
        is_known = known.take(np.searchsorted(known, wanted), mode="clip") == wanted
        at, wanted = at[is_known], wanted[is_known]
        first = np.searchsorted(self.keys, wanted ^ self.place_mask)
        counts = np.searchsorted(self.keys, wanted, side="right") - first
        steps = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        keys = self.keys[np.repeat(first, counts) + steps]
        return np.repeat(at, counts), (keys & self.place_mask).astype(np.int64)


def _keys(units: Units, weights: Places, ngram_chars: int, mask: np.uint64) -> Hashes:
    """A key for every n-gram that lies within one passage and has some weight."""
    pieces = [np.empty(0, dtype=np.uint64)]
    for start in range(0, len(units) - ngram_chars + 1, CHUNK_UNITS):
        chunk = units[start : start + CHUNK_UNITS + ngram_chars - 1]
        hashes = window_hashes(chunk, ngram_chars)
        zeros = sums_before(chunk == 0)
        weight = sums_before(weights[start : start + len(chunk)])
        fits = (zeros[ngram_chars:] == zeros[:-ngram_chars]) & (weight[ngram_chars:] > weight[:-ngram_chars])
        places = np.arange(start, start + len(hashes), dtype=np.uint64)
        pieces.append(((hashes & ~mask) | places)[fits])
    return np.concatenate(pieces)


def covered_by(places: Places, width: int, length: int) -> Flags:
    """Which of `length` units lie in a window of `width` units that begins at one of the places."""
    change = np.zeros(length + 1, dtype=np.int64)
    np.add.at(change, places, 1)
    np.add.at(change, places + width, -1)
    return np.cumsum(change)[:-1] > 0


def sums_before(values: npt.NDArray[np.int64] | Flags) -> npt.NDArray[np.int32]:
    """The sum of all values before each, and of all."""
    sums = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum(values, out=sums[1:])
    return sums


def _differs(values: npt.NDArray[np.generic]) -> Flags:
    """Whether each value differs from the one before it."""
    return np.concatenate((np.ones(min(1, len(values)), dtype=np.bool_), values[1:] != values[:-1]))
