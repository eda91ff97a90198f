"""The engine `datasketch`: candidates by MinHash and LSH of that library, every pair compared by its texts.

Slow, and with all signatures in memory: a yardstick for the engine `siku`, which must keep the same rows.
"""

from __future__ import annotations

import numpy as np

from builders.dedup.documents import Mask
from builders.dedup.pairs import Pairs
from builders.dedup.verify import Verifier


class DatasketchCandidates:
    """Documents that share a band of their MinHash signatures are compared."""

    def __init__(self, verifier: Verifier, compared: Mask, bands: int, rows: int) -> None:
        from datasketch import MinHash, MinHashLSH

        # The n-grams are hashed already; datasketch takes 32 bits of that.
        empty = MinHash(num_perm=bands * rows, hashfunc=lambda ngram: int(ngram) & 0xFFFFFFFF)
        index = MinHashLSH(num_perm=bands * rows, params=(bands, rows))
        better, worse = [], []
        for document in np.flatnonzero(compared).tolist():
            signature = empty.copy()
            signature.update_batch(verifier.shingles(document).tolist())
            met = sorted(index.query(signature))
            better += met
            worse += [document] * len(met)
            index.insert(document, signature, check_duplication=False)
        a, b = np.array(better, dtype=np.int64), np.array(worse, dtype=np.int64)
        self._pairs = Pairs(a, b, verifier.exact(a, b))

    def duplicates(self, candidates: Mask, threshold: float) -> Pairs:
        both = candidates[self._pairs.better] & candidates[self._pairs.worse]
        return self._pairs.where(both & (self._pairs.jaccard >= threshold))

    def links(self, sources: Mask, targets: Mask, threshold: float) -> Pairs:
        better, worse, jaccard = self._pairs
        both_ways = Pairs(np.concatenate((better, worse)), np.concatenate((worse, better)), np.tile(jaccard, 2))
        between = sources[both_ways.better] & targets[both_ways.worse]
        linked = both_ways.where(between & (both_ways.jaccard >= threshold))
        one_each = np.zeros(len(linked.worse), dtype=np.bool_)
        one_each[np.unique(linked.worse, return_index=True)[1]] = True
        return linked.where(one_each)
