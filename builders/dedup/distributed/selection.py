"""Which copy stays, by joins: what `builders/dedup/select.py` says of lists, said of tables."""

from __future__ import annotations

from builders.dedup.distributed.frames import Frame, computed, none_of, only, without


def those_that_go(pairs: Frame) -> Frame:
    """The `document`s that `best_stay` does not leave, by rounds to a fixed point.

    In a round stays every document that is worse than none that is undecided, and what is like one of those goes. The
    best that is undecided is among the first, so the rounds end: after as many as the longest chain has links.
    """
    from daft import col

    undecided = computed(pairs.select("better", "worse"))
    gone = none_of(undecided, "worse")
    while len(undecided):
        stay = without(undecided, undecided.select("worse"), "better", "worse").select(col("better").alias("stays"))
        go = computed(only(undecided, stay, "better", "stays").select(col("worse").alias("document")).distinct())
        gone = computed(gone.concat(go))
        undecided = computed(without(without(undecided, go, "better", "document"), go, "worse", "document"))
    return gone


def most_alike(pairs: Frame, gone: Frame) -> Frame:
    """For each document that goes the pair with the one that stays and is most like it; the best of equals."""
    from daft import col

    of_those = computed(only(without(pairs, gone, "better", "document"), gone, "worse", "document"))
    likest = of_those.groupby("worse").agg(col("jaccard").max().alias("likest"))
    equals = of_those.join(likest, on="worse").where(col("jaccard") == col("likest"))
    first = equals.groupby("worse").agg(col("better").min().alias("better"))
    return computed(equals.join(first, on=["worse", "better"]).exclude("likest"))
