"""Documents to rows of at most `max_length` tokens: little padding, nothing lost, cuts where a sentence ends."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from trainers.rows.filling import fill
from trainers.rows.pieces import Cutter, Piece, Pool, Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Strategy = Literal["fill", "bfd_split", "wrapped", "each", "minigpt", "whole", "each_whole"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)


@dataclass(frozen=True, slots=True)
class Packing:
    """Rows of pieces: row r holds `pieces[row_starts[r]:row_starts[r + 1]]`, each (document, start, end) in tokens.

    `tokens` are those of all documents, `tokens_dropped` those of them in no row; `cuts` the places where a document is
    cut in two, `cuts_in_sentences` those of them where no sentence ends; `too_long` the documents that never cut and
    longer than `max_length` are in no row.
    """

    strategy: Strategy
    max_length: int
    pieces: NDArray[np.int64]  # pieces × 3
    row_starts: NDArray[np.int64]  # rows + 1
    tokens: int
    tokens_dropped: int
    cuts: int
    cuts_in_sentences: int
    too_long: NDArray[np.int64]

    def __len__(self) -> int:
        """Rows."""
        return len(self.row_starts) - 1

    def row(self, number: int) -> NDArray[np.int64]:
        """The pieces of a row: pieces × 3."""
        return self.pieces[self.row_starts[number] : self.row_starts[number + 1]]

    @property
    def padding_share(self) -> float:
        """Padding / all positions, where every row is padded to `max_length`; 0 without rows."""
        positions = len(self) * self.max_length
        return 1 - (self.tokens - self.tokens_dropped) / positions if positions else 0.0


def pack(
    lengths: Sequence[int] | NDArray[Any], max_length: int, strategy: Strategy, marks: NDArray[np.uint8] | None = None
) -> Packing:
    """Rows of at most `max_length` tokens; the same arguments give the same rows.

    `lengths` are tokens a document; `marks` one byte a token, of all documents after one another: 1 where a sentence
    ends after it. Without them documents are cut anywhere.

    * `fill`: whole documents first, best fit; a gap is filled with the first sentences of a long one. No token is lost.
    * `bfd_split`: only documents longer than `max_length` are cut, then the longest piece that fits. No token is lost.
    * `wrapped`: one after another, cut where the row ends. No token is lost.
    * `each`: every document in rows of its own, cut like those of `bfd_split`. No token is lost.
    * `minigpt`: a row has the first sentences of one document; what does not fit is lost. For comparison.
    * `whole`: documents are never cut, the longest that fits; those longer than `max_length` are in `too_long`.
    * `each_whole`: the same, one a row.
    """
    import numpy as np

    sizes = np.asarray(lengths, dtype=np.int64)
    cutter = Cutter(sizes, marks)
    pieces, starts = _PACKERS[strategy](sizes, max_length, cutter)
    table = np.array(pieces, dtype=np.int64).reshape(-1, 3)
    tokens = int(sizes.sum())
    ends = table[:, 2] < sizes[table[:, 0]]
    return Packing(
        strategy,
        max_length,
        table,
        np.array(starts, dtype=np.int64),
        tokens,
        tokens - int((table[:, 2] - table[:, 1]).sum()),
        int(ends.sum()),
        cutter.in_sentences(table[ends]),
        np.flatnonzero(sizes > max_length) if strategy in ("whole", "each_whole") else np.zeros(0, dtype=np.int64),
    )


def _split(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> array[int]:
    """Every document in pieces of at most `max_length`, in order."""
    pieces = array("q")
    for document, size in enumerate(sizes.tolist()):
        start = 0
        while size - start > max_length:
            end = start + (cutter.head(Piece(document, start, size), max_length) or max_length)
            pieces.extend((document, start, end))
            start = end
        if size > start:
            pieces.extend((document, start, size))
    return pieces


def _each(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    pieces = _split(sizes, max_length, cutter)
    return pieces, array("q", range(len(pieces) // 3 + 1))


def _each_whole(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    pieces = array("q")
    for document, size in enumerate(sizes.tolist()):
        if 0 < size <= max_length:
            pieces.extend((document, 0, size))
    return pieces, array("q", range(len(pieces) // 3 + 1))


def _minigpt(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    pieces = array("q")
    for document, size in enumerate(sizes.tolist()):
        if end := size if size <= max_length else cutter.head(Piece(document, 0, size), max_length):
            pieces.extend((document, 0, end))
    return pieces, array("q", range(len(pieces) // 3 + 1))


def _wrapped(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    pieces, starts, room = array("q"), array("q", [0]), max_length
    for document, size in enumerate(sizes.tolist()):
        start = 0
        while start < size:
            end = min(size, start + room)
            pieces.extend((document, start, end))
            room -= end - start
            start = end
            if not room:
                starts.append(len(pieces) // 3)
                room = max_length
    if room < max_length:
        starts.append(len(pieces) // 3)
    return pieces, starts


def _best_fit(pieces: array[int], max_length: int) -> Rows:
    """Rows that begin with the longest piece and take the longest that fits, until none does."""
    import numpy as np

    pool = Pool(np.array(pieces, dtype=np.int64).reshape(-1, 3))
    rows, starts = array("q"), array("q", [0])
    while pool.present:
        room = max_length
        while (size := pool.longest(room)) > 0:
            rows.extend(pool.take(size))
            room -= size
        starts.append(len(rows) // 3)
    return rows, starts


def _bfd_split(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    return _best_fit(_split(sizes, max_length, cutter), max_length)


def _whole(sizes: NDArray[np.int64], max_length: int, cutter: Cutter) -> Rows:
    return _best_fit(_each_whole(sizes, max_length, cutter)[0], max_length)


_PACKERS: dict[Strategy, Callable[[NDArray[np.int64], int, Cutter], Rows]] = {
    "fill": fill,
    "bfd_split": _bfd_split,
    "wrapped": _wrapped,
    "each": _each,
    "minigpt": _minigpt,
    "whole": _whole,
    "each_whole": _each_whole,
}
