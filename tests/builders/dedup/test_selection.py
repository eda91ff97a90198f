"""The ranking and the choice of what stays."""

from __future__ import annotations

from random import Random

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from builders.dedup.pairs import Pairs
from builders.dedup.ranking import best_first
from builders.dedup.select import best_stay, most_alike

JACCARDS = (0.7, 0.8, 0.9)


def pairs(*rows: tuple[int, int, float]) -> Pairs:
    better, worse, jaccard = zip(*rows, strict=True) if rows else ((), (), ())
    return Pairs(np.array(better, np.int64), np.array(worse, np.int64), np.array(jaccard, np.float64))


def ranked(*documents: tuple[str, str, bool, int, int]) -> list[str]:
    """The ids of documents (id, book, valid, quality, chars), best first."""
    ids, books, valid, quality, chars = zip(*documents, strict=True)
    names = sorted({book for book in books if book}, reverse=True)  # the numbers of the books must not matter
    order = best_first(
        ids=pa.array([name.encode() for name in ids], pa.large_binary()),
        books=np.array([names.index(book) if book else -1 for book in books]),
        book_names=[name.encode() for name in names],
        valid=np.array(valid),
        quality=np.array(quality),
        chars=np.array(chars),
        digests=[np.zeros(len(ids), dtype=np.uint64)] * 2,
    )
    return [ids[number] for number in order]


def test_held_out_documents_come_first() -> None:
    assert ranked(("a", "", False, 1000, 900), ("b", "", True, 100, 10)) == ["b", "a"]


def test_the_better_book_wins_as_a_whole() -> None:
    good, bad = ("g1", "good", False, 900, 100), ("g2", "good", False, 980, 100)
    best_page = ("h1", "hoard", False, 1000, 500)
    assert ranked(best_page, ("h2", "hoard", False, 300, 500), good, bad) == ["g2", "g1", "h1", "h2"]


def test_of_books_of_one_quality_the_more_complete_wins() -> None:
    short, whole = ("s1", "s", False, 980, 100), [(f"w{n}", "w", False, 970, 90) for n in range(3)]
    assert ranked(short, *whole) == ["w0", "w1", "w2", "s1"]


def test_equal_books_go_by_name_and_documents_by_id() -> None:
    assert ranked(("4", "b", False, 1000, 9), ("1", "b", False, 1000, 9), ("3", "a", False, 1000, 18)) == [
        "3",
        "1",
        "4",
    ]


def test_a_document_without_a_book_stands_for_itself() -> None:
    assert ranked(("a", "", False, 1000, 10), ("b", "", False, 1000, 20), ("c", "", False, 900, 99)) == ["b", "a", "c"]


def test_of_a_chain_both_ends_stay() -> None:
    chain = pairs((0, 1, 0.8), (1, 2, 0.8))
    assert best_stay(np.ones(3, np.bool_), chain).tolist() == [True, False, True]


def test_the_most_alike_explains_and_of_equals_the_best() -> None:
    found = pairs((0, 2, 0.8), (1, 2, 0.9), (0, 3, 0.8), (1, 3, 0.8), (2, 3, 0.95))
    stays = best_stay(np.ones(4, np.bool_), found)
    assert stays.tolist() == [True, True, False, False]
    assert [row.tolist() for row in most_alike(stays, found)] == [[1, 0], [2, 3], [0.9, 0.8]]


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]),
        st.sampled_from(JACCARDS),
    ),
    st.randoms(use_true_random=False),
)
def test_what_goes_is_like_one_that_stays_and_what_stays_is_not_alike(
    alike: dict[tuple[int, int], float],
    choose: Random,
) -> None:
    rows = [(*pair, jaccard) for pair, jaccard in alike.items()]
    stays = best_stay(np.ones(10, np.bool_), pairs(*rows))
    assert not any(stays[a] and stays[b] for a, b in alike)
    explained = most_alike(stays, pairs(*rows))
    assert sorted(explained.worse.tolist()) == np.flatnonzero(~stays).tolist()
    assert stays[explained.better].all()
    choose.shuffle(rows)
    assert best_stay(np.ones(10, np.bool_), pairs(*rows)).tolist() == stays.tolist()
