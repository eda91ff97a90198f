"""How alike two candidates are: estimated from their signatures where that is certain, else by their texts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from builders.dedup.documents import Numbers, SketchedDocuments
from builders.dedup.shingles import Hashes, set_jaccard, shingle_set
from builders.dedup.signatures import BINS

Likeness = npt.NDArray[np.float64]
REFUSED = -1.0
"""In place of a Jaccard: so far below the threshold by the signatures that the texts were not read."""

_DEVIATIONS = 5  # of the estimate: at the threshold itself one pair in some millions is refused wrongly
_BATCH_PAIRS = 8192
_CACHE_HASHES = 8 << 20


class Verifier:
    """Compares pairs of documents by the exact Jaccard of their shingle sets."""

    def __init__(self, documents: SketchedDocuments, ngram_chars: int) -> None:
        self._documents, self._ngram_chars = documents, ngram_chars
        self._sets: dict[int, Hashes] = {}
        self._cached_hashes = 0

    def likeness(self, a: Numbers, b: Numbers, threshold: float) -> Likeness:
        """The Jaccard of each pair, or REFUSED; never refused is a pair at the threshold."""
        found = np.full(len(a), REFUSED)
        for start in range(0, len(a), _BATCH_PAIRS):
            pairs = slice(start, start + _BATCH_PAIRS)
            possible = start + np.flatnonzero(self._possible(a[pairs], b[pairs], threshold))
            for place, one, other in zip(
                possible.tolist(), a[possible].tolist(), b[possible].tolist(), strict=True
            ):
                found[place] = self._jaccard(one, other)
        return found

    def exact(self, a: Numbers, b: Numbers) -> Likeness:
        """The Jaccard of each pair, without a look at the signatures."""
        return np.array([self._jaccard(one, other) for one, other in zip(a.tolist(), b.tolist(), strict=True)])

    def _possible(self, a: Numbers, b: Numbers, threshold: float) -> npt.NDArray[np.bool_]:
        documents, places = np.unique(np.concatenate((a, b)), return_inverse=True)
        signatures = self._documents.signatures(documents)
        equal = np.count_nonzero(signatures[places[: len(a)]] == signatures[places[len(a) :]], axis=1)
        by_chance = 1 / 256  # that two low bytes are equal
        estimate = (equal / BINS - by_chance) / (1 - by_chance)
        # A short text fills few bins by itself, the borrowed ones tell nothing new.
        own_bins = np.minimum(self._documents.sampled[a], self._documents.sampled[b])
        deviation = np.sqrt(threshold * (1 - threshold) / own_bins)
        return estimate >= threshold - _DEVIATIONS * deviation

    def _jaccard(self, a: int, b: int) -> float:
        return set_jaccard(self.shingles(a), self.shingles(b))

    def shingles(self, document: int) -> Hashes:
        """The shingle set of a document, kept for the next pairs."""
        hashes = self._sets.get(document)
        if hashes is None:
            hashes = shingle_set(self._documents.text(document), self._ngram_chars)
            if self._cached_hashes > _CACHE_HASHES:
                self._sets.clear()
                self._cached_hashes = 0
            self._sets[document] = hashes
            self._cached_hashes += len(hashes)
        return hashes
