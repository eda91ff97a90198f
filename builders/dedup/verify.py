"""How alike two candidates are: estimated from their signatures where that is certain, else by their texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future

import numpy as np
import numpy.typing as npt

from builders.dedup.documents import Compared, Numbers, TextPlace, read_texts
from builders.dedup.pairs import Likeness
from builders.dedup.shingles import Hashes, Units, set_jaccard, shingle_set, shingle_sets
from builders.dedup.signatures import BINS

REFUSED = -1.0
"""In place of a Jaccard: so far below the threshold by the signatures that the texts were not read."""

_DEVIATIONS = 6  # of the estimate: of simulated pairs at the threshold, one of 200,000 was further off, with 8 n-grams
_BATCH_PAIRS = 8192
_WORTH_HELP_PAIRS = 256  # fewer are compared before another process has answered
_HELP_PAIRS = 128
_HELP_UNITS = 1 << 20  # 8 MB of hashes, where no text is longer
_BATCH_UNITS = 1 << 17  # of texts that are hashed together: a mebibyte of hashes stays in the cache of a core
_CACHED_SIGNATURES = 1 << 16
_CACHE_HASHES = 8 << 20


class Verifier:
    """Compares pairs of documents by the exact Jaccard of their shingle sets."""

    def __init__(self, documents: Compared, ngram_chars: int, helpers: Executor | None = None) -> None:
        self._documents, self._ngram_chars, self._helpers = documents, ngram_chars, helpers
        self._signatures = _Signatures(documents)
        self._sets: dict[int, Hashes] = {}
        self._cached_hashes = 0

    def likeness(self, a: Numbers, b: Numbers, threshold: float) -> Likeness:
        """The Jaccard of each pair, or REFUSED; never refused is a pair at the threshold."""
        found = np.full(len(a), REFUSED)
        for start in range(0, len(a), _BATCH_PAIRS):
            pairs = slice(start, start + _BATCH_PAIRS)
            possible = start + np.flatnonzero(self._possible(a[pairs], b[pairs], threshold))
            if self._helpers and len(possible) >= _WORTH_HELP_PAIRS:
                found[possible] = self._with_help(self._helpers, a[possible], b[possible])
                continue
            self._read_ahead(np.unique(np.concatenate((a[possible], b[possible]))).tolist())
            for place, one, other in zip(possible.tolist(), a[possible].tolist(), b[possible].tolist(), strict=True):
                found[place] = self._jaccard(one, other)
        return found

    def _with_help(self, helpers: Executor, a: Numbers, b: Numbers) -> Likeness:
        """The Jaccard of each pair, computed in other processes; they are told where the texts stand."""
        waiting: list[Future[Likeness]] = []
        places: dict[int, TextPlace] = {}
        pairs: list[tuple[int, int]] = []
        units = 0
        last = len(a) - 1
        for place, pair in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
            for document in pair:
                if document not in places:
                    places[document] = self._documents.text_place(document)
                    units += places[document].units
            pairs.append(pair)
            if units >= _HELP_UNITS or len(pairs) >= _HELP_PAIRS or place == last:
                waiting.append(helpers.submit(jaccard_of_pairs, places, pairs, self._ngram_chars))
                places, pairs, units = {}, [], 0
        return np.concatenate([done.result() for done in waiting])

    def exact(self, a: Numbers, b: Numbers) -> Likeness:
        """The Jaccard of each pair, without a look at the signatures."""
        return np.array([self._jaccard(one, other) for one, other in zip(a.tolist(), b.tolist(), strict=True)])

    def _possible(self, a: Numbers, b: Numbers, threshold: float) -> npt.NDArray[np.bool_]:
        equal = (self._signatures.of(a) == self._signatures.of(b)).view(np.uint64).sum(axis=1)  # eight counts each
        by_chance = 1 / 256  # that two low bytes are equal
        estimate = (equal.view(np.uint8).reshape(-1, 8).sum(axis=1) / BINS - by_chance) / (1 - by_chance)
        deviation = math.sqrt(threshold * (1 - threshold) / BINS)
        return np.asarray(estimate >= threshold - _DEVIATIONS * deviation)

    def _jaccard(self, a: int, b: int) -> float:
        return set_jaccard(self.shingles(a), self.shingles(b))

    def shingles(self, document: int) -> Hashes:
        """The shingle set of a document, kept for the next pairs."""
        hashes = self._sets.get(document)
        if hashes is None:
            hashes = shingle_set(self._documents.text(document), self._ngram_chars)
            self._keep([document], [hashes])
        return hashes

    def _read_ahead(self, documents: Sequence[int]) -> None:
        """Make the shingle sets of some documents, many at a time; what does not fit is made when it is asked for."""
        if self._cached_hashes > _CACHE_HASHES // 2:
            self._sets.clear()
            self._cached_hashes = 0
        missing = [document for document in documents if document not in self._sets]
        batch: list[int] = []
        texts: list[Units] = []
        units = 0
        for document in missing:
            batch.append(document)
            texts.append(self._documents.text(document))
            units += len(texts[-1])
            if units >= _BATCH_UNITS or document == missing[-1]:
                self._keep(batch, shingle_sets(texts, self._ngram_chars))
                if self._cached_hashes > _CACHE_HASHES:
                    return
                batch, texts, units = [], [], 0

    def _keep(self, documents: Sequence[int], sets: Sequence[Hashes]) -> None:
        if self._cached_hashes > _CACHE_HASHES:
            self._sets.clear()
            self._cached_hashes = 0
        self._sets.update(zip(documents, sets, strict=True))
        self._cached_hashes += sum(map(len, sets))


def jaccard_of_pairs(places: Mapping[int, TextPlace], pairs: Sequence[tuple[int, int]], ngram_chars: int) -> Likeness:
    """The Jaccard of pairs of documents whose texts stand at `places`."""
    sets = dict(zip(places, shingle_sets(read_texts(places.values()), ngram_chars), strict=True))
    return np.array([set_jaccard(sets[one], sets[other]) for one, other in pairs])


class _Signatures:
    """The signatures that were asked for last, in a table of fixed size."""

    def __init__(self, documents: Compared) -> None:
        self._documents = documents
        self._table = np.empty((min(len(documents), _CACHED_SIGNATURES), BINS), dtype=np.uint8)
        self._place = np.full(len(documents), -1, dtype=np.int32)
        self._filled = 0

    def of(self, documents: Numbers) -> npt.NDArray[np.uint8]:
        """One row for each document; at most as many different ones as the table holds."""
        missing = np.unique(documents[self._place[documents] < 0])
        if self._filled + len(missing) > len(self._table):
            self._place[:], self._filled = -1, 0
            missing = np.unique(documents)
        places = slice(self._filled, self._filled + len(missing))
        self._table[places] = self._documents.signatures(missing)
        self._place[missing] = np.arange(places.start, places.stop)
        self._filled = places.stop
        return self._table[self._place[documents]]
