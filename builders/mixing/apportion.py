"""How many rows of each stratum a sample has: in proportion, and never fewer when the sample grows."""

from __future__ import annotations

import heapq
from collections.abc import Sequence


def apportion(sizes: Sequence[int], seats: int) -> list[int]:
    """`seats` rows among strata of `sizes` rows: of each its share, rounded down or up.

    More seats never take one from a stratum, so samples are nested. Largest remainders alone do not have that (the
    Alabama paradox). Seats are given out one after the other: the k-th of a stratum with a share s of all rows not
    before (k - 1) / s seats are given, not after k / s, rounded up, and the one that is due first comes first, which
    always finds a way (the chairman assignment problem, Tijdeman 1980; deadlines as in Steiner and Yeomans 1993).
    Among equals the order of `sizes` decides, so the caller shuffles strata.

    >>> apportion([900, 90, 10], 50)
    [45, 5, 0]
    """
    total = sum(sizes)
    if seats >= total:
        return list(sizes)
    given = [0] * len(sizes)
    due: list[tuple[int, int]] = []  # when the next seat has to be given at the latest, and the stratum
    later: list[tuple[int, int]] = []  # when it may be given at the earliest
    for place, size in enumerate(sizes):
        if size:
            due.append((_last(1, size, total), place))
    heapq.heapify(due)
    for seat in range(1, seats + 1):
        while later and later[0][0] <= seat:
            place = heapq.heappop(later)[1]
            heapq.heappush(due, (_last(given[place] + 1, sizes[place], total), place))
        place = heapq.heappop(due)[1]
        given[place] += 1
        if given[place] < sizes[place]:
            heapq.heappush(later, (given[place] * total // sizes[place] + 1, place))
    return given


def _last(number: int, size: int, total: int) -> int:
    """The seat by which a stratum has to have this `number` of its rows."""
    return -(-number * total // size)
