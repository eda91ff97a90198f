"""The loss of an optimiser step: a mean over its tokens, so that batches of any shape add up."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.functional import cross_entropy, pad

from trainers.rows.blocks import UNLEARNT


def total_loss(logits: torch.Tensor, labels: torch.Tensor, *, shifted: bool) -> torch.Tensor:
    """Summed cross entropy in float32. With `shifted`, logits at a position are for the label after it."""
    if shifted:
        labels = pad(labels, (0, 1), value=UNLEARNT)[..., 1:]  # labels are moved, since logits are the large ones
    flat = logits.reshape(-1, logits.shape[-1]).float()
    return cross_entropy(flat, labels.reshape(-1).to(flat.device), ignore_index=UNLEARNT, reduction="sum")


def causal_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
    """The loss of one batch, as a share of the mean over all tokens of the optimiser step that carry loss.

    For `Trainer(compute_loss_func=...)`; `num_items_in_batch` are the tokens of the whole step, accumulated batches
    included, and where it is missing those of this batch.
    """
    return _share(total_loss(outputs.logits, labels, shifted=True), labels[..., 1:], num_items_in_batch)


def seq2seq_loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
    """The same of an encoder-decoder model, whose logits stand where their labels do."""
    return _share(total_loss(outputs.logits, labels, shifted=False), labels, num_items_in_batch)


def _share(total: torch.Tensor, labels: torch.Tensor, items: Any) -> torch.Tensor:
    count = labels.ne(UNLEARNT).sum() if items is None else torch.as_tensor(items)
    return total / count.to(total.device).clamp(min=1)  # a row of one token has nothing to learn
