"""The strategy `fill`: full rows of whole documents and whole sentences."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from trainers.rows.pieces import Cutter, Opened, Piece, Pool, Rows, best_sum

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING_ALLOWED = (
    0.004  # share of padding up to which a gap is rather left than filled with sentences of one more document
)
OPENED = 16  # long documents that are cut at the same time, so that sentences of two fill a row together
PART_ROWS = 4  # a part of a document that is open at several places has at least as many rows
CANDIDATES = 8  # documents from which the one is chosen whose first sentences fill a gap best


def fill(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    """Long documents first: a row is sentences of one, and a short document or sentences of a second, as many of each
    as fill it. Then what is left of them and all shorter ones: the longest, and each time the longest that still fits;
    a gap is filled with the first sentences of one more. Up to PADDING_ALLOWED of all positions, gaps are left.
    """
    filling = _Filling(sizes, max_length, cutter)
    while filling.fill_row():
        pass
    return filling.rows, filling.starts


class _Filling:
    def __init__(self, sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> None:
        import numpy as np

        self.max_length, self.cutter = max_length, cutter
        short = np.flatnonzero((sizes > 0) & (sizes <= max_length))
        self.pool = Pool(np.stack([short, np.zeros_like(short), sizes[short]], axis=1))
        long = [Piece(document, 0, int(sizes[document])) for document in np.flatnonzero(sizes > max_length).tolist()]
        if len(long) < OPENED:
            long = [part for piece in long for part in self._parts(piece)]
        self.closed = iter(long)
        self.opened: list[Opened] = []
        self.rows: array[int] = array("q")
        self.starts: array[int] = array("q", [0])
        self.padding = 0

    def _parts(self, piece: Piece) -> list[Piece]:
        """Where there are few long documents, several places of each are open: two sentences have to fit together."""
        places = self.cutter.places(piece)
        least = max(PART_ROWS * self.max_length, (piece.end - piece.start) // OPENED)
        cuts = [piece.start]
        while (place := bisect_left(places, cuts[-1] + least)) < len(places):
            cuts.append(places[place])
        if len(cuts) > 1 and piece.end - cuts[-1] < least:
            cuts.pop()
        return [Piece(piece.document, start, end) for start, end in pairwise([*cuts, piece.end])]

    def fill_row(self) -> bool:
        """One more row; False where nothing is left."""
        while len(self.opened) < OPENED and (piece := next(self.closed, None)) is not None:
            self.opened.append(Opened(piece, self.cutter))
        room = self.max_length - self._begin()
        if room == self.max_length:
            return False
        while room and not self._may_leave(room) and (next_piece := self._best_fit(room) or self._cut(room)):
            room -= self._put(next_piece)
        self.padding += room
        self.starts.append(len(self.rows) // 3)
        return True

    def _may_leave(self, room: int) -> bool:
        """Whether so much padding is all right, and nothing fits there as it is."""
        allowed = self.padding + room <= PADDING_ALLOWED * self.max_length * len(self.starts)
        return allowed and self.pool.longest(room) < 1

    def _put(self, piece: Piece) -> int:
        self.rows.extend(piece)
        return piece.end - piece.start

    def _best_fit(self, room: int) -> Piece | None:
        return self.pool.take(size) if (size := self.pool.longest(room)) > 0 else None

    def _begin(self) -> int:
        """The first pieces of a row: how many tokens they have; 0 where nothing is left."""
        if not self.opened:
            piece = self._best_fit(self.max_length)
            return self._put(piece) if piece else 0
        heads = self.opened[0].heads(self.max_length)
        if not heads:  # a sentence that is longer than a row
            return self._put(self._off(0, self.max_length))
        if self._may_leave(self.max_length - heads[-1]):
            return self._put(self._off(0, heads[-1]))
        enough = self.max_length - max(1, self.max_length >> 8)
        whole = self._with_whole(heads, enough)
        other, pair = (0, (0, 0)) if sum(whole) >= enough else self._with_part(heads, enough)
        if heads[-1] >= max(sum(whole), sum(pair)):
            return self._put(self._off(0, heads[-1]))
        if sum(whole) >= sum(pair):
            return self._put(self.pool.take(whole[1])) + self._put(self._off(0, whole[0]))
        # The later document first: taking the end off one removes it from the list.
        return self._put(self._off(other, pair[1])) + self._put(self._off(0, pair[0]))

    def _with_whole(self, heads: list[int], enough: int) -> tuple[int, int]:
        """The head that fills a row best together with a whole piece of the pool, and the length of that."""
        best = (0, 0)
        for head in reversed(heads):
            if head < self.max_length // 2 or sum(best) >= enough:
                break
            size = self.pool.longest(self.max_length - head)
            if size > 0 and head + size > sum(best):
                best = (head, size)
        return best

    def _with_part(self, heads: list[int], enough: int) -> tuple[int, tuple[int, int]]:
        """Another opened document, and the heads of both that fill a row best together."""
        best = (0, (0, 0))
        least = self.max_length // 8  # shorter parts teach little
        heads = [head for head in heads if head >= least]
        for other in range(1, len(self.opened)):
            others = [head for head in self.opened[other].heads(self.max_length - least) if head >= least]
            pair = best_sum(heads, others, self.max_length, enough)
            if sum(pair) > sum(best[1]):
                best = (other, pair)
                if sum(pair) >= enough:
                    break
        return best

    def _off(self, number: int, tokens: int) -> Piece:
        """The first tokens of an opened document; the rest of it goes to the pool when a row holds it."""
        opened = self.opened[number]
        piece = opened.cut(tokens)
        if opened.piece.end - opened.piece.start <= self.max_length:
            self.pool.add(opened.piece)
            del self.opened[number]
        return piece

    def _cut(self, room: int) -> Piece | None:
        """The sentences that fill a gap best, of an opened document or one of the longest others; None for none."""
        heads = [(opened.heads(room) or [0])[-1] for opened in self.opened]
        if any(heads):
            return self._off(heads.index(max(heads)), max(heads))
        tried: list[Piece] = []
        while len(tried) < CANDIDATES and self.pool.present:
            tried.append(self.pool.take(self.pool.longest(self.max_length)))
        heads = [self.cutter.head(piece, room) for piece in tried]
        tokens = max(heads, default=0)
        chosen = heads.index(tokens) if tokens else -1
        for number, piece in reversed(list(enumerate(tried))):
            self.pool.add(piece if number != chosen else Piece(piece.document, piece.start + tokens, piece.end))
        return Piece(tried[chosen].document, tried[chosen].start, tried[chosen].start + tokens) if tokens else None
