"""Documents to rows of at most `max_length` tokens: little padding, nothing lost, cuts where a sentence ends."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Strategy = Literal["fill", "bfd_split", "wrapped", "each", "minigpt", "whole", "each_whole"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
PADDING_ALLOWED = 0.005  # share of padding up to which `fill` rather pads than cuts
CANDIDATES = 8  # documents that `fill` looks at to find the sentences that fit best into a gap


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
    cutter = _Cutter(sizes, marks)
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


class _Cutter:
    """Where documents may be cut."""

    def __init__(self, sizes: NDArray[np.int64], marks: NDArray[np.uint8] | None) -> None:
        import numpy as np

        self.sizes = sizes
        self.marks = marks
        self.offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
        np.cumsum(sizes, out=self.offsets[1:])

    def head(self, document: int, start: int, limit: int) -> int:
        """How many tokens from `start` on are whole sentences, at most `limit`; 0 where none ends in them."""
        if self.marks is None:
            return limit
        begin = int(self.offsets[document]) + start
        found: int = self.marks[begin : begin + limit].tobytes().rfind(1)
        return found + 1

    def in_sentences(self, pieces: NDArray[np.int64]) -> int:
        """How many of these pieces end inside a sentence."""
        if self.marks is None:
            return 0
        return int((self.marks[self.offsets[pieces[:, 0]] + pieces[:, 2] - 1] == 0).sum())


Rows = tuple["array[int]", "array[int]"]  # document, start, end, document ...; where rows start, counted in pieces


def _split(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> array[int]:
    """Every document in pieces of at most `max_length`, in order."""
    pieces = array("q")
    for document, size in enumerate(sizes.tolist()):
        start = 0
        while size - start > max_length:
            end = start + (cutter.head(document, start, max_length) or max_length)
            pieces.extend((document, start, end))
            start = end
        if size > start:
            pieces.extend((document, start, size))
    return pieces


def _each(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> Rows:
    pieces = _split(sizes, max_length, cutter)
    return pieces, array("q", range(len(pieces) // 3 + 1))


def _each_whole(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> Rows:
    pieces = array("q")
    for document, size in enumerate(sizes.tolist()):
        if 0 < size <= max_length:
            pieces.extend((document, 0, size))
    return pieces, array("q", range(len(pieces) // 3 + 1))


def _minigpt(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> Rows:
    pieces = array("q")
    for document, size in enumerate(sizes.tolist()):
        if end := size if size <= max_length else cutter.head(document, 0, max_length):
            pieces.extend((document, 0, end))
    return pieces, array("q", range(len(pieces) // 3 + 1))


def _wrapped(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> Rows:
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


class _Pool:
    """Pieces that are in no row yet, by length, each length in the order in which they came."""

    def __init__(self, pieces: NDArray[np.int64], max_length: int) -> None:
        import numpy as np

        self.over = max_length + 1  # the length under which all that are longer are kept
        lengths = np.minimum(pieces[:, 2] - pieces[:, 1], self.over)
        order = np.argsort(lengths, kind="stable")
        self.pieces = array("q", pieces[order].tobytes())
        present, first = np.unique(lengths[order], return_index=True)
        bounds = [*first.tolist(), len(pieces)]
        self.given = {size: [bounds[i], bounds[i + 1]] for i, size in enumerate(present.tolist())}
        self.added: dict[int, list[tuple[int, int, int]]] = {}
        self.present: int = sum(1 << size for size in present.tolist())

    def longest(self, limit: int) -> int:
        """The length of the longest piece of at most `limit` tokens; -1 for none."""
        return (self.present & ((2 << limit) - 1)).bit_length() - 1

    def take(self, size: int) -> tuple[int, int, int]:
        """A piece of that length: one that was added, else the first of those given."""
        added, given = self.added.get(size), self.given.get(size)
        if added:
            piece = added.pop()
        else:
            assert given is not None
            place = 3 * given[0]
            piece = (self.pieces[place], self.pieces[place + 1], self.pieces[place + 2])
            given[0] += 1
        if not added and (given is None or given[0] == given[1]):
            self.present &= ~(1 << size)
        return piece

    def add(self, document: int, start: int, end: int) -> None:
        size = min(end - start, self.over)
        self.added.setdefault(size, []).append((document, start, end))
        self.present |= 1 << size


def _best_fit(pieces: array[int], max_length: int) -> Rows:
    """Rows that begin with the longest piece and take the longest that fits, until none does."""
    import numpy as np

    pool = _Pool(np.array(pieces, dtype=np.int64).reshape(-1, 3), max_length)
    rows, starts = array("q"), array("q", [0])
    while pool.present:
        room = max_length
        while (size := pool.longest(room)) > 0:
            rows.extend(pool.take(size))
            room -= size
        starts.append(len(rows) // 3)
    return rows, starts


def _bfd_split(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> Rows:
    return _best_fit(_split(sizes, max_length, cutter), max_length)


def _whole(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> Rows:
    return _best_fit(_each_whole(sizes, max_length, cutter)[0], max_length)


def _fill(sizes: NDArray[np.int64], max_length: int, cutter: _Cutter) -> Rows:
    import numpy as np

    documents = np.flatnonzero(sizes)
    table = np.stack([documents, np.zeros_like(documents), sizes[documents]], axis=1)
    pool = _Pool(table, max_length)
    rows, starts, padding = array("q"), array("q", [0]), 0
    while pool.present:
        room = max_length
        while room and pool.present:
            size = pool.longest(room) if room < max_length else pool.present.bit_length() - 1
            if 0 < size <= room:
                rows.extend(pool.take(size))
                room -= size
                continue
            if room < max_length and padding + room <= PADDING_ALLOWED * max_length * len(starts):
                break
            head = _cut_head(pool, cutter, room, room == max_length)
            if head is None:
                break
            rows.extend(head)
            room -= head[2] - head[1]
        padding += room
        starts.append(len(rows) // 3)
    return rows, starts


def _cut_head(pool: _Pool, cutter: _Cutter, room: int, must: bool) -> tuple[int, int, int] | None:
    """The sentences that fill `room` best, cut off one of the longest pieces; None where no sentence is that short.

    With `must`, the longest piece is cut whatever it takes.
    """
    best: tuple[int, tuple[int, int, int]] | None = None
    tried: list[tuple[int, int, int]] = []
    for _ in range(1 if must else CANDIDATES):
        if not pool.present or (size := pool.present.bit_length() - 1) <= room:
            break
        piece = pool.take(size)
        tried.append(piece)
        head = cutter.head(piece[0], piece[1], room) or (room if must else 0)
        if head and (best is None or head > best[0]):
            best = (head, piece)
    for piece in reversed(tried):
        if best is None or piece is not best[1]:
            pool.add(*piece)
    if best is None:
        return None
    head, (document, start, end) = best
    pool.add(document, start + head, end)
    return document, start, start + head


_PACKERS: dict[Strategy, Callable[[NDArray[np.int64], int, _Cutter], Rows]] = {
    "fill": _fill,
    "bfd_split": _bfd_split,
    "wrapped": _wrapped,
    "each": _each,
    "minigpt": _minigpt,
    "whole": _whole,
    "each_whole": _each_whole,
}
