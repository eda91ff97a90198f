"""The trainer of encoder-decoder models: their loss is a mean over the tokens of a step, rows of like length together.

Imported only when a model is about to be trained: it takes seconds.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import TrainerCallback

from trainers.training.seq2seq_batches import BalancedOrder
from trainers.training.trainer import TokenTrainer


class PairTrainer(TokenTrainer):
    """A TokenTrainer for pairs of source and target.

    The model gives logits, and the loss is computed here: T5 takes `num_items_in_batch` and ignores it, so with
    accumulated batches loss and gradient would be as many times too large.
    """

    loss_is_scaled_for_ga = True
    order: BalancedOrder | None = None

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **others: Any) -> Any:
        whole: Any = self.model
        shifted = whole.prepare_decoder_input_ids_from_labels(labels=inputs["labels"])
        return super().compute_loss(model, inputs | {"decoder_input_ids": shifted, "use_cache": False}, *args, **others)

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        if self.order is None:
            rows: Any = self.train_dataset
            seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
            self.order = BalancedOrder(rows, self.args.train_batch_size, self.args.world_size, seed)
            self.add_callback(_SetEpoch(self.order))
        return self.order


class _SetEpoch(TrainerCallback):
    """Tells the order which epoch begins. Trainer does so, too, but not after a break with several processes."""

    def __init__(self, order: BalancedOrder) -> None:
        self.order = order

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        batches = -(-len(self.order) // (self.order.batch_size * self.order.processes))
        self.order.set_epoch(state.global_step // max(-(-batches // args.gradient_accumulation_steps), 1))
