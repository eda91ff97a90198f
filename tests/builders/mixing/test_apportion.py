"""Seats among strata: in proportion, and nested."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builders.mixing.apportion import apportion

SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=12)


@given(SIZES)
def test_every_stratum_has_its_share_rounded_down_or_up_and_never_loses_a_row(sizes: list[int]) -> None:
    total = sum(sizes)
    before = [0] * len(sizes)
    for seats in range(total + 1):
        given_now = apportion(sizes, seats)
        assert sum(given_now) == seats
        assert all(now >= then for now, then in zip(given_now, before, strict=True))
        assert all(abs(now * total - seats * size) < max(total, 1) for now, size in zip(given_now, sizes, strict=True))
        before = given_now
    assert before == sizes


def test_where_largest_remainders_would_take_a_seat_back() -> None:
    """Of 10 seats the third stratum would get 1 by largest remainders, of 11 none (the Alabama paradox)."""
    sizes = [60, 60, 20]
    assert [apportion(sizes, seats)[2] for seats in (9, 10, 11, 12)] == sorted(
        apportion(sizes, seats)[2] for seats in (9, 10, 11, 12)
    )


def test_more_seats_than_rows_take_all() -> None:
    assert apportion([3, 0, 2], 9) == [3, 0, 2]
    assert apportion([], 3) == []
