"""`NearDuplicates.decide` on the engine: ranking, comparing and choosing are its sorts, shuffles and joins."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from builders.dedup.distributed.candidates import find_duplicates
from builders.dedup.distributed.frames import Frame, Sketches, computed, number_best_first
from builders.dedup.distributed.leaks import Leaks
from builders.dedup.distributed.mapped import as_bytes
from builders.dedup.distributed.places import shard_row
from builders.dedup.distributed.selection import most_alike
from builders.dedup.near_duplicates import EXACT, LIKE_HELD_OUT, NEAR, NearDuplicates
from builders.steps import Fate


def decide(step: NearDuplicates, folders: Sequence[Path]) -> Iterator[dict[int, Fate]]:
    """The fates that `step.decide(folders)` gives. Only they come to this process, shard by shard."""
    sketches = Sketches(folders, bands=step.bands, rows=step.rows, ngram_chars=step.ngram_chars)
    documents = _with_copies(sketches, step.jaccard)
    leaks = Leaks(sketches, documents, min(step.jaccard, step.holdout_jaccard), step.holdout_share)
    leaks.follow()
    told = heapq.merge(_copies(sketches, documents), _held_out(sketches, leaks), key=itemgetter(0))
    by_shard = groupby(told, key=lambda one: shard_row(one[0])[0])
    shard, of_it = next(by_shard, (len(folders), iter(())))
    for number in range(len(folders)):
        if number < shard:
            yield {}
            continue
        yield {shard_row(place)[1]: fate for place, fate in of_it}
        shard, of_it = next(by_shard, (len(folders), iter(())))


def _with_copies(sketches: Sketches, threshold: float) -> Frame:
    """All documents, numbered, with the best one of the same text and the one that stays for each."""
    from daft import col, lit
    from daft.functions import coalesce

    numbered = number_best_first(sketches.documents())
    texts = numbered.groupby("digest", "digest_2").agg(col("number").min().alias("same"))
    numbered = computed(numbered.join(texts, on=["digest", "digest_2"]).exclude("digest", "digest_2"))
    compared = (col("number") == col("same")) & col("has_ngrams")
    numbered = computed(numbered.with_column("compared", compared).exclude("has_ngrams"))
    candidates = computed(numbered.where(col("compared")).select("number", "place").sort("place"))
    duplicates = find_duplicates(sketches, candidates, threshold)
    near = most_alike(duplicates.pairs, duplicates.gone).select(
        *(col("worse").alias("same"), col("better"), col("better_place"), col("jaccard"))
    )
    best = numbered.where(col("number") == col("same")).select("same", col("place").alias("same_place"))
    explained = numbered.join(best, on="same").join(near, on="same", how="left")
    return computed(
        explained.with_columns(
            {
                "copy": coalesce(col("better"), col("same")),
                "copy_place": coalesce(col("better_place"), col("same_place")),
                "jaccard": coalesce(col("jaccard"), lit(1.0)),
            }
        ).exclude("better", "better_place", "same_place")
    )


def _copies(sketches: Sketches, documents: Frame) -> Iterator[tuple[int, Fate]]:
    """What goes as a copy, by place."""
    from daft import col

    gone = documents.where(col("copy") != col("number"))
    gone = gone.select("place", "copy_place", "jaccard", (col("copy") == col("same")).alias("exact"))
    for row in sketches.with_id(gone, "copy_place", "stays").sort("place").iter_rows():
        stays, jaccard = _id(row["stays"]), row["jaccard"]
        check = EXACT if row["exact"] else NEAR
        yield row["place"], Fate("", check, f"Jaccard {jaccard:.3f} with {stays}", stays, jaccard)


def _held_out(sketches: Sketches, leaks: Leaks) -> list[tuple[int, Fate]]:
    """What is held out for its likeness, by place: few, beside copies."""
    why: list[tuple[int, str]] = []
    for frame in leaks.by_link:
        with_ids = sketches.with_id(sketches.with_id(frame, "target_place", "target"), "source_place", "source")
        why += [(row["place"], _because(row)) for row in with_ids.iter_rows()]
    for frame in leaks.by_book:
        why += [
            (row["place"], f"{row['alike']} of {row['documents']} documents of the book are like held-out ones")
            for row in frame.iter_rows()
        ]
    return [(place, Fate("valid", LIKE_HELD_OUT, reason)) for place, reason in sorted(why)]


def _because(row: dict[str, Any]) -> str:
    copy = "" if row["place"] == row["target_place"] else f" of its copy {_id(row['target'])}"
    return f"Jaccard {row['jaccard']:.3f}{copy} with {_id(row['source'])}"


def _id(name: str) -> str:
    return as_bytes(name).decode("utf-8", "surrogatepass")
