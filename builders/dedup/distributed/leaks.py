"""What has to leave training because it is like held-out text: `builders/dedup/leaks.py` over tables."""

from __future__ import annotations

from builders.dedup.distributed.candidates import find_links
from builders.dedup.distributed.frames import Frame, Sketches, computed, only, without


class Leaks:
    """Follows what is held out to all that is like it.

    `documents` has number, place, book, valid, same (the best with the same text), copy and copy_place (the one that
    stays for it, or itself) and compared.
    """

    def __init__(self, sketches: Sketches, documents: Frame, jaccard: float, book_share: float) -> None:
        from daft import col

        self._sketches, self._documents = sketches, documents
        self._jaccard, self._book_share = jaccard, book_share
        self._compared = computed(documents.where(col("compared")).select("number", "place", "copy", "valid"))
        self._held = computed(documents.where(col("valid")).select(col("copy").alias("held")).distinct())
        self.by_link: list[Frame] = []  # place, target_place, source_place, jaccard
        self.by_book: list[Frame] = []  # place, alike, documents

    def follow(self) -> None:
        """As `Leaks.follow`."""
        from daft import col

        if not len(self._held):
            return
        valid = self._documents.where(col("valid")).select(col("number").alias("like_title"))
        done = computed(self._compared.where(col("valid")).select("number", "place"))
        links = self._links(done, self._compared.where(~col("valid")))
        self._hold_linked(links)
        self._hold_books(computed(valid.concat(links.select(col("worse").alias("like_title")))))
        while True:
            held = only(self._compared, self._held, "copy", "held")
            sources = computed(without(held, done, "number", "number").select("number", "place"))
            if not len(sources):
                return
            done = computed(done.concat(sources))
            self._hold_linked(self._links(sources, without(self._compared, self._held, "copy", "held")))

    def _links(self, sources: Frame, targets: Frame) -> Frame:
        return find_links(self._sketches, sources, computed(targets.select("number", "place")), self._jaccard)

    def _hold_linked(self, links: Frame) -> None:
        """Of all links to a document that stays, or to a copy of it, the first holds it."""
        from daft import col

        targets = self._documents.select(col("number").alias("worse"), "copy", "copy_place")
        linked = computed(without(links.join(targets, on="worse"), self._held, "copy", "held"))
        turns = linked.groupby("copy").agg(col("turn").min().alias("turn"))
        first_turn = computed(linked.join(turns, on=["copy", "turn"]))
        first = first_turn.groupby("copy").agg(col("worse").min().alias("worse"))
        first = computed(first_turn.join(first, on=["copy", "worse"]))
        self.by_link.append(
            first.select(
                *(col("copy_place").alias("place"), col("worse_place").alias("target_place")),
                *(col("better_place").alias("source_place"), col("jaccard")),
            )
        )
        self._hold(first.select(col("copy").alias("held")))

    def _hold_books(self, like_title: Frame) -> None:
        from daft import col

        counted = self._documents.where(~col("book").is_null() & ~col("valid"))
        documents = counted.groupby("book").agg(col("number").count().alias("documents"))
        alike = only(counted, like_title, "same", "like_title")
        alike = alike.groupby("book").agg(col("number").count().alias("alike"))
        books = computed(documents.join(alike, on="book").where(col("alike") >= self._book_share * col("documents")))
        stays = without(counted.where(col("copy") == col("number")), self._held, "number", "held")
        held = computed(stays.join(books, on="book"))
        self.by_book.append(held.select("place", "alike", "documents"))
        self._hold(held.select(col("number").alias("held")))

    def _hold(self, more: Frame) -> None:
        self._held = computed(self._held.concat(more).distinct())
