"""Finds the pairs that are alike, band by band, without comparing all that meet."""

from __future__ import annotations

import numpy as np

from builders.dedup.documents import Compared, Mask, Numbers
from builders.dedup.pairs import Pairs
from builders.dedup.select import best_stay
from builders.dedup.signatures import Keys, sorted_places
from builders.dedup.verify import Verifier

# In a run of equal keys the others are compared with the best that stay, at most with so many: ten thousand letters
# made from one form meet in the bands of the form and would be fifty million pairs there. Two that are alike beyond
# the form meet in other, shorter runs.
MAX_LEADERS = 16


class _PairSet:
    """Pairs that need not be compared again, at eight bytes each."""

    def __init__(self, documents: int) -> None:
        self._documents = documents
        self._codes = np.zeros(0, dtype=np.int64)
        self._new: list[Numbers] = []

    def add(self, a: Numbers, b: Numbers) -> None:
        """Takes effect with `settle`: within one band no pair comes twice."""
        self._new.append(a * self._documents + b)

    def settle(self) -> None:
        self._codes = np.sort(np.concatenate((self._codes, *self._new)))
        self._new = []

    def holds(self, a: Numbers, b: Numbers) -> Mask:
        codes = a * self._documents + b
        places = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        return self._codes[places] == codes if len(self._codes) else np.zeros(len(codes), dtype=np.bool_)


class BandCandidates:
    """The engine `siku`: documents with an equal key in at least one band are compared."""

    def __init__(self, documents: Compared, verifier: Verifier, bands: int) -> None:
        self._documents, self._verifier, self._bands = documents, verifier, bands
        self._checked, self._unlinked = _PairSet(len(documents)), _PairSet(len(documents))

    def duplicates(self, candidates: Mask, threshold: float) -> Pairs:
        """As in `Engine`.

        A document that proves to be a copy is left out of the bands that follow, which spares most comparisons. Where
        the one that it is a copy of goes as well, it comes back, and meets the others in another pass.
        """
        found = Pairs.joined([])
        stays, unsettled = candidates, candidates
        while unsettled.any():
            came_back = np.zeros_like(stays)
            for band in range(self._bands):
                alike = self.compare_band(band, stays, unsettled | came_back, threshold)
                if not len(alike.worse):
                    continue
                found = Pairs.joined([found, alike])
                settled = best_stay(candidates, found)
                left = stays.copy()
                left[alike.worse] = False
                came_back |= settled & ~left
                stays = settled
            unsettled = came_back & stays
        return found

    def links(self, sources: Mask, targets: Mask, threshold: float) -> Pairs:
        """As in `Engine`."""
        found: list[Pairs] = []
        open_targets = targets.copy()
        for band in range(self._bands):
            found.append(self.link_band(self._documents.band(band), sources, open_targets, threshold))
            open_targets[found[-1].worse] = False
        return Pairs.joined(found)

    def compare_band(self, band: int, stays: Mask, unsettled: Mask, threshold: float) -> Pairs:
        """Within each run the best against the others, then the best of those that are not like it, and so on."""
        documents = np.flatnonzero(stays)
        keys = self._documents.band(band)[documents]
        if not unsettled[documents].all():
            concerned = np.isin(keys, keys[unsettled[documents]])
            documents, keys = documents[concerned], keys[concerned]
        documents, run_of = _in_runs(documents, keys)
        found: list[Pairs] = []
        for _ in range(MAX_LEADERS):
            first = np.diff(run_of, prepend=-1) != 0
            if first.all():
                break
            better = documents[np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))]
            open_pairs = ~first & (unsettled[better] | unsettled[documents])
            open_pairs[open_pairs] = ~self._checked.holds(better[open_pairs], documents[open_pairs])
            pairs = self._compare(better[open_pairs], documents[open_pairs], threshold, self._checked)
            found.append(pairs)
            remains = ~first & ~np.isin(documents, pairs.worse)
            documents, run_of = documents[remains], run_of[remains]
        self._checked.settle()
        return Pairs.joined(found)

    def link_band(self, keys: Keys, sources: Mask, targets: Mask, threshold: float) -> Pairs:
        """Each target against the sources of its run, best first, until it is like one."""
        source = np.flatnonzero(sources)
        source = source[sorted_places(keys[source])]
        target = np.flatnonzero(targets)
        place = np.searchsorted(keys[source], keys[target], side="left")
        sources_left = np.minimum(np.searchsorted(keys[source], keys[target], side="right") - place, MAX_LEADERS)
        found: list[Pairs] = []
        while (more := sources_left > 0).any():
            target, place, sources_left = target[more], place[more], sources_left[more]
            new = ~self._unlinked.holds(source[place], target)
            found.append(self._compare(source[place][new], target[new], threshold, self._unlinked))
            sources_left = np.where(np.isin(target, found[-1].worse), 0, sources_left - 1)
            place += 1
        self._unlinked.settle()
        return Pairs.joined(found)

    def _compare(self, a: Numbers, b: Numbers, threshold: float, checked: _PairSet) -> Pairs:
        """The pairs at the threshold; those whose texts were read are noted in `checked`."""
        jaccard = self._verifier.likeness(a, b, threshold)
        read, alike = jaccard >= 0, jaccard >= threshold
        checked.add(a[read], b[read])
        return Pairs(a[alike], b[alike], jaccard[alike])


def _in_runs(documents: Numbers, keys: Keys) -> tuple[Numbers, Numbers]:
    """The documents that share their key, run by run and best first, and the number of each one's run."""
    by_key = sorted_places(keys)
    differs = np.diff(keys[by_key]) != 0
    run_of = np.cumsum(np.concatenate(([False], differs)))[: len(keys)]
    shared = np.zeros(len(keys), dtype=np.bool_)
    shared[1:] = ~differs
    shared[:-1] |= ~differs
    return documents[by_key[shared]], run_of[shared]  # documents came best first, and the sorting kept that
