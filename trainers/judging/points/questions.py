"""What a judge is asked about criticism: the points of every text, then how alike the points of two texts are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.document import Document
from builders.engine.plan import digest
from builders.steps import Shard, Source
from trainers.judging.pairs import Pair
from trainers.judging.questions import Questions

REFERENCE = "reference"
COMPARED = (("a", REFERENCE), ("b", REFERENCE), ("a", "b"))
ORDERS = ("12", "21")  # the points of the first text are shown first, or those of the second


def texts_of(pair: Pair) -> dict[str, str]:
    """The texts of a pair by their side; no reference where there is none."""
    return {"a": pair.a, "b": pair.b} | ({REFERENCE: pair.reference} if pair.reference.strip() else {})


@dataclass(frozen=True, kw_only=True)
class EachText(Questions):
    """Which points a text makes. Of an empty text nobody is asked."""

    def about(self, pair: Pair) -> list[Document]:
        return [
            Document(f"{pair.id} {side}", text, {"pair": pair.id, "part": side, "text": text})
            for side, text in texts_of(pair).items()
            if text.strip()
        ]


@dataclass(frozen=True, slots=True)
class TwoLists:
    """The points of two texts about the same thing, both with some."""

    id: str  # of the pair
    sides: tuple[str, str]
    first: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class InBothDirections(Source):
    """How alike the points of two texts are, asked twice: each list is shown first once."""

    lists: tuple[TwoLists, ...] = ()

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        return [Shard("lists", digest(self.lists), 0, Path())]

    def read(self, shard: Shard) -> Iterator[Document]:
        for number, one in enumerate(self.lists):
            for order in ORDERS:
                shown = (one.first, one.second) if order == "12" else (one.second, one.first)
                meta = {"number": number, "order": order, "first": list(shown[0]), "second": list(shown[1])}
                yield Document(f"{one.id} {'-'.join(one.sides)} {order}", "", meta)
