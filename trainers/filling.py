"""The strategy `fill`: full rows of whole documents and whole sentences."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trainers.pieces import Cutter, Opened, Piece, Pool, Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PADDING_ALLOWED = (
    0.004  # share of padding up to which a gap is rather left than filled with sentences cut off a document
)
OPENED = 32  # long documents from which the one is chosen whose sentences fill a row best
CANDIDATES = 8  # shorter ones from which the one is chosen whose first sentences fill a gap best


def fill(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    """Documents longer than a row are cut where a sentence ends nearest to the end of a row; what is left of them, and
    all that are shorter, are packed longest first, each time the longest that fits. Where more than PADDING_ALLOWED
    would be padding, a gap is filled with the first sentences of another document.
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
        long = np.flatnonzero(sizes > max_length).tolist()
        self.closed: Iterator[Piece] = (Piece(document, 0, int(sizes[document])) for document in long)
        self.opened: list[Opened] = []
        self.rows: array[int] = array("q")
        self.starts: array[int] = array("q", [0])
        self.padding = 0

    def fill_row(self) -> bool:
        """One more row; False where nothing is left."""
        self._open()
        room = self.max_length - self._begin()
        if room == self.max_length:
            return False
        while room:
            if (size := self.pool.longest(room)) > 0:
                piece = self.pool.take(size)
            elif self.padding + room <= PADDING_ALLOWED * self.max_length * len(self.starts):
                break
            elif (cut := self._cut(room)) is not None:
                piece = cut
            else:
                break
            self.rows.extend(piece)
            room -= piece.end - piece.start
        self.padding += room
        self.starts.append(len(self.rows) // 3)
        return True

    def _open(self) -> None:
        while len(self.opened) < OPENED and (piece := next(self.closed, None)) is not None:
            self.opened.append(Opened(piece, self.cutter))

    def _begin(self) -> int:
        """Put the first piece into a row: how many tokens it has; 0 where nothing is left."""
        if self.opened:
            number, tokens = self._best(self.max_length)
            piece = self._off(
                number, tokens or self.max_length
            )  # a sentence that is longer than a row is cut somewhere
        elif (size := self.pool.longest(self.max_length)) > 0:
            piece = self.pool.take(size)
        else:
            return 0
        self.rows.extend(piece)
        return piece.end - piece.start

    def _best(self, room: int) -> tuple[int, int]:
        """Which of the opened documents has sentences that fill `room` best, and their tokens; (0, 0) for none."""
        best, enough = (0, 0), room - (self.max_length >> 8)
        for number, opened in enumerate(self.opened):
            if (tokens := opened.head(room)) > best[1]:
                best = (number, tokens)
                if tokens >= enough:
                    break
        return best

    def _off(self, number: int, tokens: int) -> Piece:
        """The first tokens of an opened document; the rest of it goes to the pool when a row holds it."""
        opened = self.opened[number]
        piece = opened.cut(tokens)
        if opened.piece.end - opened.piece.start <= self.max_length:
            self.pool.add(opened.piece)
            del self.opened[number]
            self._open()
        return piece

    def _cut(self, room: int) -> Piece | None:
        """The sentences that fill a gap best, of an opened document or one of the longest others; None for none."""
        number, tokens = self._best(room)
        if tokens:
            return self._off(number, tokens)
        tried: list[Piece] = []
        heads: list[int] = []
        while len(tried) < CANDIDATES and self.pool.present:
            tried.append(self.pool.take(self.pool.longest(self.max_length)))
            heads.append(self.cutter.head(tried[-1], room))
        tokens = max(heads, default=0)
        chosen = heads.index(tokens) if tokens else -1
        for number, piece in reversed(list(enumerate(tried))):
            self.pool.add(piece if number != chosen else Piece(piece.document, piece.start + tokens, piece.end))
        if not tokens:
            return None
        document, start, _ = tried[chosen]
        return Piece(document, start, start + tokens)
