"""Rows of packed documents as a torch dataset, and batches in which documents of one row do not see each other.

Each document, and each piece of one, has positions of its own that begin at 0. Attention in transformers takes a step
back in the positions of a row for the beginning of another document, as long as there is no attention mask and no
key-value cache (`find_packed_sequence_indices` of its masking code).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from trainers.rows.cache import TokenCache
from trainers.rows.packing import Packing

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNLEARNT = -100  # the label that torch's cross entropy leaves out


class Row(NamedTuple):
    """One row: token ids, positions and labels, as long as its documents are."""

    number: int
    ids: NDArray[np.int64]
    positions: NDArray[np.int64]
    labels: NDArray[np.int64]


class Blocks(Dataset[Row]):
    """The rows of a packing. Of conversations the marked tokens are learnt, of texts all.

    The first token of a piece is never learnt: nothing before it says what it will be.
    """

    def __init__(self, tokens: TokenCache, packing: Packing) -> None:
        self.tokens = tokens
        self.packing = packing

    def __len__(self) -> int:
        return len(self.packing)

    def __getitem__(self, number: int) -> Row:
        ids, positions, labels = [], [], []
        for document, start, end in self.packing.row(number):
            all_ids, marks = self.tokens.document(int(document))
            piece = all_ids[start:end].astype(np.int64)
            learnt = piece.copy()
            learnt[0] = UNLEARNT
            if self.tokens.kind == "messages":
                learnt[marks[start:end] == 0] = UNLEARNT
            ids.append(piece)
            positions.append(np.arange(len(piece), dtype=np.int64))
            labels.append(learnt)
        return Row(number, np.concatenate(ids), np.concatenate(positions), np.concatenate(labels))

    def row_ids(self, number: int) -> list[str]:
        """The ids of the dataset's rows that are in a row here, in whole or in part."""
        return list(dict.fromkeys(self.tokens.row_id(int(document)) for document in self.packing.row(number)[:, 0]))

    def row_tokens(self) -> NDArray[np.int64]:
        """How many tokens each row has, without padding."""
        return self._by_row(self.packing.pieces[:, 2] - self.packing.pieces[:, 1])

    def row_learnt(self) -> NDArray[np.int64]:
        """How many tokens of each row carry loss."""
        pieces = self.packing.pieces
        if self.tokens.kind == "text":
            return self._by_row(pieces[:, 2] - pieces[:, 1] - 1)
        marks = [self.tokens.document(document)[1][start + 1 : end] for document, start, end in pieces.tolist()]
        return self._by_row(np.array([np.count_nonzero(some) for some in marks], dtype=np.int64))

    def positions(self, batch: Sequence[int]) -> int:
        """How many positions a batch of these rows has, padding included."""
        return int(self._tokens_by_row[list(batch)].max()) * len(batch)

    @cached_property
    def _tokens_by_row(self) -> NDArray[np.int64]:
        return self.row_tokens()

    def _by_row(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        sums: NDArray[np.int64] = np.add.reduceat(values, self.packing.row_starts[:-1])
        return sums


class Collator:
    """Rows to one batch of tensors, rows × longest row, or 1 × all tokens where `flat`.

    Beside what the model takes there is `row_numbers`, a list, for whoever wants to know what was in the batch.
    """

    def __init__(self, pad_id: int, *, flat: bool = False) -> None:
        self.pad_id = pad_id
        self.flat = flat

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        return {
            "input_ids": self._tensor([row.ids for row in rows], self.pad_id),
            "position_ids": self._positions([row.positions for row in rows]),
            "labels": self._tensor([row.labels for row in rows], UNLEARNT),
            "row_numbers": [row.number for row in rows],
        }

    def _tensor(self, parts: Sequence[NDArray[np.int64]], padding: int) -> torch.Tensor:
        if self.flat:
            return torch.from_numpy(np.concatenate(parts)).unsqueeze(0)
        longest = max(len(part) for part in parts)
        table = np.full((len(parts), longest), padding, dtype=np.int64)
        for line, part in zip(table, parts, strict=True):
            line[: len(part)] = part
        return torch.from_numpy(table)

    def _positions(self, parts: Sequence[NDArray[np.int64]]) -> torch.Tensor:
        """Padding goes on counting after the last document: it is after all that is learnt, so nothing sees it.

        As a document of its own it would take away the fast way for rows of one document.
        """
        table = self._tensor(parts, 0)
        if not self.flat:
            for line, part in zip(table, parts, strict=True):
                line[len(part) :] = torch.arange(1, table.shape[1] - len(part) + 1) + int(part[-1])
        return table
