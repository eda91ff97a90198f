"""What a judge is asked about pairs: each pair in both orders, or each text by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders.document import Document
from builders.engine.plan import digest
from builders.steps import Shard, Source
from trainers.judging.pairs import Pair

ORDERS = {"ab": ("a", "b"), "ba": ("b", "a")}  # name of an order: the side that is shown first, and the other
SIDES = ("a", "b")


@dataclass(frozen=True, kw_only=True)
class Questions(Source):
    """Questions about pairs, in their order. They are the identity of what is asked, so they are in the plan."""

    pairs: tuple[Pair, ...] = ()

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        return [Shard("pairs", digest(self.pairs), 0, Path())]

    def read(self, shard: Shard) -> Iterator[Document]:
        for pair in self.pairs:
            yield from self.about(pair)

    def about(self, pair: Pair) -> list[Document]:
        """The questions about one pair."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class InBothOrders(Questions):
    """Which is better, asked twice: A first, then B first. Equal texts are a tie, and nobody is asked."""

    def about(self, pair: Pair) -> list[Document]:
        if pair.is_identical:
            return []
        return [
            _question(pair, order, first=getattr(pair, one), second=getattr(pair, two))
            for order, (one, two) in ORDERS.items()
        ]


@dataclass(frozen=True, kw_only=True)
class OneByOne(Questions):
    """How good each text is, without the other one."""

    def about(self, pair: Pair) -> list[Document]:
        return [_question(pair, side, text=getattr(pair, side)) for side in SIDES]


def _question(pair: Pair, part: str, **texts: str) -> Document:
    meta = {"pair": pair.id, "part": part, "prompt": pair.prompt, "reference": pair.reference, **texts}
    return Document(f"{pair.id} {part}", pair.prompt, meta)
