"""The engine `siku` of `builders/dedup/candidates.py` over tables: band by band, run by run, the same pairs."""

from __future__ import annotations

from typing import NamedTuple

from builders.dedup.distributed.frames import Frame, Sketches, computed, none_of, only, only_with, without
from builders.dedup.distributed.selection import those_that_go


class Duplicates(NamedTuple):
    """Pairs that are alike, as `mapped.PAIR`, and the `document`s that go by them."""

    pairs: Frame
    gone: Frame


def find_duplicates(sketches: Sketches, candidates: Frame, threshold: float) -> Duplicates:
    """As `BandCandidates.duplicates`: in each band only those that stay so far, in further passes what came back.

    `candidates` has the columns number and place.
    """
    from daft import col

    found: Frame = None
    gone = none_of(candidates, "number")
    stays = candidates
    unsettled: Frame = None  # all of them
    while unsettled is None or len(unsettled):
        came_back = none_of(gone, "document")
        for band in range(sketches.bands):
            marked = None if unsettled is None else computed(unsettled.concat(came_back).distinct())
            alike = sketches.compare(_marked(sketches.with_keys(stays, band), marked), threshold)
            if found is not None and not len(alike):
                continue
            found = alike if found is None else computed(found.concat(alike))
            left = gone.concat(alike.select(col("worse").alias("document")))
            gone = those_that_go(found)
            came_back = computed(came_back.concat(without(left, gone, "document", "document")).distinct())
            stays = computed(without(candidates, gone, "number", "document"))
        unsettled = computed(without(came_back, gone, "document", "document"))
    return Duplicates(found, gone)


def _marked(keyed: Frame, marked: Frame | None) -> Frame:
    """The documents whose key a marked one has, with their `mark`."""
    from daft import col, lit

    if marked is None:
        return keyed.with_column("mark", lit(True))
    keyed = computed(keyed)
    with_mark = computed(only(keyed, marked, "number", "document"))
    of_interest = only(keyed, with_mark.select("key").distinct(), "key", "key")
    others = without(of_interest, marked, "number", "document")
    return (
        with_mark.with_column("mark", lit(True))
        .concat(others.with_column("mark", lit(False)))
        .select(col("number"), col("place"), col("key"), col("mark"))
    )


def find_links(sketches: Sketches, sources: Frame, targets: Frame, threshold: float) -> Frame:
    """As `BandCandidates.links`: for every target that is like a source the first such source, as `mapped.PAIR`.

    That engine closes a target with its first link and goes on with the next band. Nothing else hangs on that, so here
    all bands are one shuffle: who meets whom and when first, are they alike, and of those the first. `turn` says when:
    links are found in the order of it, then of `worse`.
    """
    from daft import col

    source = computed(sketches.with_all_keys(sources))
    target = only_with(sketches.with_all_keys(targets), source.select("band", "key").distinct(), ["band", "key"])
    met = sketches.meetings(source, target).groupby("better", "worse", "better_place", "worse_place")
    met = met.agg(col("turn").min().alias("turn"))
    alike = computed(sketches.with_jaccard(met, threshold).where(col("jaccard") >= threshold))
    first = alike.groupby("worse").agg(col("turn").min().alias("turn"))
    return computed(alike.join(first, on=["worse", "turn"]))
