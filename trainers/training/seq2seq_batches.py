"""Pairs of source and target as a torch dataset, in an order that leaves little padding, and as batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from trainers.rows.blocks import UNLEARNT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainers.training.seq2seq import Pairs

SORTED_GROUPS = 256  # so many batches (times processes) are drawn, and their rows sorted by length
LEAST_DRAWS = 4  # of an epoch, however small the data: else every epoch would have the same batches


class Pair(NamedTuple):
    """One row: token ids of source and target."""

    number: int
    source: NDArray[np.int64]
    target: NDArray[np.int64]


class PairRows(Dataset[Pair]):
    """The pairs of a split that are trained on."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, number: int) -> Pair:
        return Pair(number, *self.pairs.pair(number))

    def row_ids(self, number: int) -> list[str]:
        """The id of the dataset's row."""
        return [self.pairs.row_id(number)]

    def row_tokens(self) -> NDArray[np.int64]:
        """How many tokens each row has, source and target."""
        return self.pairs.source_lengths + self.pairs.target_lengths

    def row_learnt(self) -> NDArray[np.int64]:
        """How many tokens of each row carry loss."""
        return self.pairs.target_lengths

    def positions(self, batch: Sequence[int]) -> int:
        """How many positions a batch of these rows has, padding included."""
        rows = list(batch)
        longest = self.pairs.source_lengths[rows].max() + self.pairs.target_lengths[rows].max()
        return int(longest) * len(rows)


class PairCollator:
    """Pairs to one batch of tensors, pairs × longest source and pairs × longest target (`labels`)."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, rows: Sequence[Pair]) -> dict[str, Any]:
        sources = [row.source for row in rows]
        return {
            "input_ids": _table(sources, self.pad_id),
            "attention_mask": _table([np.ones(len(source), dtype=np.int64) for source in sources], 0),
            "labels": _table([row.target for row in rows], UNLEARNT),
            "row_numbers": [row.number for row in rows],
        }


def _table(parts: Sequence[NDArray[np.int64]], padding: int) -> torch.Tensor:
    table = np.full((len(parts), max(map(len, parts))), padding, dtype=np.int64)
    for line, part in zip(table, parts, strict=True):
        line[: len(part)] = part
    return torch.from_numpy(table)


class BalancedOrder(Sampler[int]):
    """An order of rows, another one every epoch, for batches of `batch_size` of which `processes` are taken at a time.

    Rows of like length come together, so batches have little padding. The rows that the processes take at one time are
    dealt out so that each has about as many tokens as the others. The longest of these groups comes first: if memory is
    too small, that is seen at once.
    """

    def __init__(self, rows: PairRows, batch_size: int, processes: int, seed: int) -> None:
        self.sources, self.targets = rows.pairs.source_lengths, rows.pairs.target_lengths
        self.batch_size, self.processes, self.seed = batch_size, processes, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[int]:
        dice = np.random.default_rng([self.seed, self.epoch])
        order = dice.permutation(len(self.sources))
        group = self.batch_size * self.processes
        whole = len(order) - len(order) % group
        drawn = group * max(1, min(SORTED_GROUPS, whole // group // LEAST_DRAWS))
        sorted_rows = [self._sorted(order[begin : min(begin + drawn, whole)]) for begin in range(0, whole, drawn)]
        if sorted_rows:
            groups = dice.permutation(np.concatenate(sorted_rows).reshape(-1, group))
            longest = int((self.sources[groups].max(axis=1) + self.targets[groups].max(axis=1)).argmax())
            groups[[0, longest]] = groups[[longest, 0]]
            for rows in groups:
                yield from self._dealt(rows).tolist()
        yield from order[whole:].tolist()

    def _sorted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """By the length of the source, and in strips of like sources by that of the target."""
        rows = rows[np.argsort(self.sources[rows], kind="stable")]
        strips = np.array_split(rows, max(1, round((len(rows) / self.batch_size) ** 0.5)))
        return np.concatenate([strip[np.argsort(self.targets[strip], kind="stable")] for strip in strips])

    def _dealt(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of one group, those of each process after one another: dealt to and fro, the longest first."""
        if self.processes == 1:
            return rows
        longest_first = np.argsort(-(self.sources[rows] + self.targets[rows]), kind="stable")
        hands = rows[longest_first].reshape(-1, self.processes)
        hands[1::2] = hands[1::2, ::-1]
        return hands.T.reshape(-1)
