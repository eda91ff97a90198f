"""Which copy stays, once it is known who is like whom."""

from __future__ import annotations

import numpy as np

from builders.dedup.documents import Mask
from builders.dedup.pairs import Pairs


def best_stay(candidates: Mask, duplicates: Pairs) -> Mask:
    """The candidates that stay: best first, each one that is like none that stays already.

    So each that goes is like one that stays, and no two that stay are alike; what a chain of lookalikes connects
    without being alike may both stay. All depends on the pairs alone, not on the order in which they were found.
    """
    stays = bytearray(candidates.tobytes())
    in_order = np.argsort(duplicates.worse, kind="stable")
    for better, worse in zip(duplicates.better[in_order].tolist(), duplicates.worse[in_order].tolist(), strict=True):
        if stays[better]:
            stays[worse] = 0
    return np.frombuffer(stays, dtype=np.bool_).copy()


def most_alike(stays: Mask, duplicates: Pairs) -> Pairs:
    """For each document that goes the one that stays and is most like it; the best of equals."""
    pairs = duplicates.where(stays[duplicates.better] & ~stays[duplicates.worse])
    in_order = np.lexsort((pairs.better, -pairs.jaccard, pairs.worse))
    _, first = np.unique(pairs.worse[in_order], return_index=True)
    in_order = in_order[first]
    return Pairs(pairs.better[in_order], pairs.worse[in_order], pairs.jaccard[in_order])
