"""Points matched: exactly as many as can be, and the most alike of those."""

from __future__ import annotations

from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.judging.points.matching import HIT, Hit, disagreements, hits, in_both

SIMILARITIES = st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 4)), st.integers(1, 10))


def best(similarities: dict[tuple[int, int], int], least: int) -> tuple[int, int]:
    """Most hits and their highest sum, by trying everything."""
    tried = [(0, 0)]
    for count in range(1, 5):
        for ones in combinations(range(4), count):
            for others in permutations(range(5), count):
                values = [similarities.get(pair, 1) for pair in zip(ones, others, strict=True)]
                if min(values) >= least:
                    tried.append((count, sum(values)))
    return max(tried)


@settings(max_examples=60, deadline=None)
@given(SIMILARITIES, st.integers(3, 10))
def test_no_other_matching_has_more_hits_or_is_more_alike(similarities: dict[tuple[int, int], int], least: int) -> None:
    found = hits(similarities, 4, 5, least)
    assert (len(found), sum(one.similarity for one in found)) == best(similarities, least)
    assert len({one.first for one in found}) == len({one.second for one in found}) == len(found)
    assert all(similarities[one.first, one.second] == one.similarity >= least for one in found)
    turned = hits({(j, i): value for (i, j), value in similarities.items()}, 5, 4, least)
    assert len(turned) == len(found)


def test_taking_the_most_alike_first_would_lose_a_hit() -> None:
    assert len(hits({(0, 0): 10, (0, 1): 7, (1, 0): 7}, 2, 2)) == 2
    assert hits({(0, 0): 6, (1, 1): 7}, 2, 2) == [Hit(1, 1, 7)]
    assert hits({(0, 0): 6}, 1, 1) == hits({}, 0, 3) == []
    assert HIT == 7


def test_both_orders_must_say_it() -> None:
    one, two = {(0, 0): 9, (0, 1): 8, (1, 1): 7}, {(0, 0): 7, (1, 1): 6}
    assert in_both(one, two) == {(0, 0): 7, (1, 1): 6}
    assert disagreements(one, two) == (3, 2)
    assert disagreements(one, two, 6) == (3, 1)
