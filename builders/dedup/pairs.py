"""Pairs of documents that are alike, and what finds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from builders.dedup.documents import Mask, Numbers

Likeness = npt.NDArray[np.float64]
"""The exact Jaccard of pairs."""


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


class Engine(Protocol):
    """Finds pairs of documents that are alike."""

    def duplicates(self, candidates: Mask, threshold: float) -> Pairs:
        """Pairs at the threshold, enough for `best_stay`: no two candidates that stay by them are alike."""
        ...

    def links(self, sources: Mask, targets: Mask, threshold: float) -> Pairs:
        """For every target that is at the threshold with a source one such source (as `better`)."""
        ...
