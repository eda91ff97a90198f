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


class HoldOut:
    """Finds what has to leave training because it is like held-out text.

    A *cluster* is a document that stays, with the copies of it that go. A cluster is held out where one of its members
    is like a member of a cluster that is held out, over any number of such links: so no document in training is like
    one in validation, nor like a copy of one. A book goes as a whole where enough of its documents are like documents
    that are held out by title; books that go this way draw no further books along.
    """

    def __init__(self, documents: SketchedDocuments, engine: Engine, jaccard: float, book_share: float) -> None:
        self._documents, self._engine, self._jaccard, self._book_share = documents, engine, jaccard, book_share
        self.reasons: dict[int, str] = {}
        """The documents that stay but leave training, and why."""

    def spread(self, compared: Mask, same_text: Numbers, copy_of: Numbers) -> None:
        """From what is held out by title to all that is like it.

        `same_text` names for each document the best one with the same folded text, `copy_of` the one that stays for it
        (or itself), `compared` those that have n-grams and no better document with the same text.
        """
        valid = self._documents.valid
        self._held = np.zeros(len(valid), dtype=np.bool_)  # by the document that stays
        self._held[copy_of[valid]] = True
        done = compared & valid
        links = self._engine.links(done, compared & ~valid, self._jaccard)
        self._hold_linked(links, copy_of)
        like_title = valid.copy()
        like_title[links.worse] = True
        self._hold_books(like_title[same_text], copy_of)
        while (sources := compared & self._held[copy_of] & ~done).any():
            done |= sources
            targets = compared & ~self._held[copy_of]
            self._hold_linked(self._engine.links(sources, targets, self._jaccard), copy_of)

    def _hold_linked(self, links: Pairs, copy_of: Numbers) -> None:
        for source, target, jaccard in zip(*(column.tolist() for column in links), strict=True):
            stays = int(copy_of[target])
            copy = "" if stays == target else f" of its copy {self._documents.id(target)}"
            self._hold(stays, f"Jaccard {jaccard:.3f}{copy} with {self._documents.id(source)}")

    def _hold_books(self, like_title: Mask, copy_of: Numbers) -> None:
        books, total = self._documents.book, len(self._documents.book_names)
        documents = np.bincount(books[books >= 0], minlength=total)
        alike = np.bincount(books[like_title & (books >= 0)], minlength=total)
        goes = (alike > 0) & (alike >= self._book_share * documents)
        of_such_a_book = (books >= 0) & np.append(goes, False)[books]
        for document in np.flatnonzero(of_such_a_book & (copy_of == np.arange(len(books)))).tolist():
            book = books[document]
            self._hold(document, f"{alike[book]} of the {documents[book]} documents of its book are like held-out ones")

    def _hold(self, document: int, why: str) -> None:
        if not self._held[document]:
            self._held[document] = True
            self.reasons[document] = why
