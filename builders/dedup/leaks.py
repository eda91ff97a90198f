"""Held-out text must not come back in training under another title."""

from __future__ import annotations

import numpy as np

from builders.dedup.documents import Mask, Numbers, SketchedDocuments
from builders.dedup.pairs import Engine, Pairs


class Leaks:
    """Finds what has to leave training because it is like held-out text.

    A *cluster* is a document that stays, with the copies of it that go. A cluster is held out where one of its members
    is like a member of a cluster that is held out, over any number of such links: so no document in training is like
    one in validation, nor like a copy of one. A book goes as a whole where at least `book_share` of its documents are
    like documents that are held out by title; books that go this way draw no further books along.
    """

    def __init__(self, documents: SketchedDocuments, engine: Engine, jaccard: float, book_share: float) -> None:
        self._documents, self._engine, self._jaccard, self._book_share = documents, engine, jaccard, book_share
        self._held = np.zeros(len(documents), dtype=np.bool_)  # by the document that stays
        self.reasons: dict[int, str] = {}
        """The documents that stay and leave training, and why."""

    def follow(self, compared: Mask, same_text: Numbers, copy_of: Numbers) -> None:
        """Go from what is held out by title to all that is like it.

        `same_text` names for each document the best one with the same folded text, `copy_of` the one that stays for it
        (or itself), `compared` those that have n-grams and no better document with the same text.
        """
        valid = self._documents.valid
        if not valid.any():
            return
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
            if not self._held[stays]:
                copy = "" if stays == target else f" of its copy {self._documents.id(target)}"
                self._hold(stays, f"Jaccard {jaccard:.3f}{copy} with {self._documents.id(source)}")

    def _hold_books(self, like_title: Mask, copy_of: Numbers) -> None:
        books = self._documents.book
        counted = (books >= 0) & ~self._documents.valid
        documents = np.bincount(books[counted], minlength=len(self._documents.book_names))
        alike = np.bincount(books[counted & like_title], minlength=len(documents))
        goes = np.append((alike > 0) & (alike >= self._book_share * documents), False)
        stays = copy_of == np.arange(len(books))
        for document in np.flatnonzero(counted & goes[books] & stays & ~self._held).tolist():
            book = books[document]
            self._hold(document, f"{alike[book]} of {documents[book]} documents of the book are like held-out ones")

    def _hold(self, document: int, why: str) -> None:
        self._held[document] = True
        self.reasons[document] = why
