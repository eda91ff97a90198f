"""Pieces of documents that wait for a row: by length, and where they may be cut."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rows = tuple["array[int]", "array[int]"]  # document, start, end, document ...; where rows start, counted in pieces


class Piece(NamedTuple):
    """Tokens `start` to `end` of a document."""

    document: int
    start: int
    end: int


class Cutter:
    """Where documents may be cut: after the tokens that are marked, or anywhere where there are no marks."""

    def __init__(self, sizes: NDArray[np.int64], marks: NDArray[np.uint8] | None) -> None:
        import numpy as np

        self.marks = None if marks is None else np.asarray(marks, dtype=np.uint8)
        self.offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
        np.cumsum(sizes, out=self.offsets[1:])

    def head(self, piece: Piece, limit: int) -> int:
        """How many tokens at the beginning are whole sentences, at most `limit` and never all; 0 where none ends."""
        if self.marks is None:
            return min(limit, piece.end - piece.start - 1)
        begin = int(self.offsets[piece.document]) + piece.start
        limit = min(limit, piece.end - piece.start - 1)
        found: int = self.marks[begin : begin + limit].tobytes().rfind(1)
        return found + 1

    def places(self, piece: Piece) -> Sequence[int]:
        """All places at which a piece may be cut, as tokens of its document."""
        import numpy as np

        if self.marks is None:
            return range(piece.start + 1, piece.end)
        begin = int(self.offsets[piece.document])
        inner = self.marks[begin + piece.start : begin + piece.end - 1]
        places: list[int] = (np.flatnonzero(inner) + piece.start + 1).tolist()
        return places

    def in_sentences(self, pieces: NDArray[np.int64]) -> int:
        """How many of these pieces (pieces × 3) end inside a sentence."""
        if self.marks is None:
            return 0
        return int((self.marks[self.offsets[pieces[:, 0]] + pieces[:, 2] - 1] == 0).sum())


class Pool:
    """Pieces of at most `max_length` tokens that are in no row yet, by length, each length in the order they came."""

    def __init__(self, pieces: NDArray[np.int64]) -> None:
        import numpy as np

        lengths = pieces[:, 2] - pieces[:, 1]
        order = np.argsort(lengths, kind="stable")
        self.pieces = array("q", pieces[order].tobytes())
        sizes, first = np.unique(lengths[order], return_index=True)
        bounds = [*first.tolist(), len(pieces)]
        self.given = {size: [bounds[i], bounds[i + 1]] for i, size in enumerate(sizes.tolist())}
        self.added: dict[int, list[Piece]] = {}
        self.present: int = sum(1 << size for size in sizes.tolist())  # bit n is set where there are pieces of n tokens

    def longest(self, limit: int) -> int:
        """The length of the longest piece of at most `limit` tokens; -1 for none."""
        return (self.present & ((2 << limit) - 1)).bit_length() - 1

    def take(self, size: int) -> Piece:
        """A piece of that length: the last that was added, else the first of those given."""
        added, given = self.added.get(size), self.given.get(size)
        if added:
            piece = added.pop()
        else:
            assert given is not None
            place = 3 * given[0]
            piece = Piece(self.pieces[place], self.pieces[place + 1], self.pieces[place + 2])
            given[0] += 1
        if not added and (given is None or given[0] == given[1]):
            self.present &= ~(1 << size)
        return piece

    def add(self, piece: Piece) -> None:
        size = piece.end - piece.start
        self.added.setdefault(size, []).append(piece)
        self.present |= 1 << size


class Opened:
    """A document that is longer than a row, with the places at which it may be cut."""

    def __init__(self, piece: Piece, cutter: Cutter) -> None:
        self.piece = piece
        self.places = cutter.places(piece)
        self.passed = 0  # so many of them are behind us

    def heads(self, limit: int) -> list[int]:
        """How many tokens at the beginning are whole sentences: every number up to `limit`, ascending."""
        start = self.piece.start
        last = bisect_right(self.places, start + limit, self.passed)
        return [place - start for place in self.places[self.passed : last]]

    def cut(self, tokens: int) -> Piece:
        """Take that many tokens off its beginning."""
        document, start, end = self.piece
        self.piece = Piece(document, start + tokens, end)
        self.passed = bisect_right(self.places, start + tokens, self.passed)
        return Piece(document, start, start + tokens)


def best_sum(first: list[int], second: list[int], limit: int, enough: int) -> tuple[int, int]:
    """A number of each ascending list, with the largest sum of at most `limit`; the first found of at least `enough`.

    (0, 0) where all sums are larger.
    """
    best, chosen = 0, (0, 0)
    place = 0
    for one in reversed(first):
        while place < len(second) and one + second[place] <= limit:
            place += 1
        if place and one + second[place - 1] > best:
            best, chosen = one + second[place - 1], (one, second[place - 1])
            if best >= enough:
                break
    return chosen
