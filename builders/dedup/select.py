"""Which copy stays, once it is known who is like whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from builders.dedup.documents import Mask, Numbers
from builders.dedup.verify import Likeness


class Pairs(NamedTuple):
    """Verified pairs of documents: the better one (the lower number), the worse one, their Jaccard."""

    better: Numbers
    worse: Numbers
    jaccard: Likeness

    def where(self, mask: Mask) -> Pairs:
        return Pairs(self.better[mask], self.worse[mask], self.jaccard[mask])

    @classmethod
    def joined(cls, parts: Iterable[Pairs]) -> Pairs:
        none = cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        return cls(*map(np.concatenate, zip(none, *parts, strict=True)))


def best_stay(candidates: Mask, duplicates: Pairs) -> Mask:
    """The candidates that stay: best first, each one that is like none that stays already.

    So each that goes is like one that stays, and no two that stay are alike; what a chain of lookalikes connects
    without being alike may both stay.
    """
    stays = bytearray(candidates.tobytes())
    in_order = np.argsort(duplicates.worse, kind="stable")
    for better, worse in zip(duplicates.better[in_order].tolist(), duplicates.worse[in_order].tolist(), strict=True):
        if stays[better]:
            stays[worse] = 0
    return np.frombuffer(stays, dtype=np.bool_).copy()


def most_alike(stays: Mask, duplicates: Pairs) -> Pairs:
    """For each document that goes the one that stays and is most like it; the best of equals."""
    explains = stays[duplicates.better] & ~stays[duplicates.worse]
    better, worse, jaccard = duplicates.where(explains)
    in_order = np.lexsort((better, -jaccard, worse))
    first = in_order[np.unique(worse[in_order], return_index=True)[1]]
    return Pairs(better[first], worse[first], jaccard[first])
