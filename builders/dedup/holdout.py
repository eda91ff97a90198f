"""Held-out text must not come back in training under another title."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from builders.dedup.documents import Mask, Numbers, SketchedDocuments
from builders.dedup.select import Pairs


class Engine(Protocol):
    """Finds pairs of documents that are alike; every Jaccard that it gives is exact."""

    def duplicates(self, candidates: Mask, threshold: float) -> Pairs: ...

    def links(self, sources: Mask, targets: Mask, threshold: float) -> Pairs: ...


def held_out_with(
    documents: SketchedDocuments, engine: Engine, compared: Mask, same_text: Numbers, copy_of: Numbers, *, jaccard: float, share: float
) -> dict[int, str]:
    """The documents that stay but have to leave training, and why.

    A *cluster* is a document that stays with the copies that go. A cluster is held out when one of its members is at
    `jaccard` with a member of a cluster that is held out, over any number of such links: so no document in training is
    that like one in validation, nor like a copy of one. A book goes as a whole, where at least `share` of its
    documents are at `jaccard` with documents held out by title; books do not draw other books along.

    `same_text` names for each document the best with the same folded text, `copy_of` the one that stays for it;
    `compared` are those that are compared by n-grams.
    """
