"""What `siku train seq2seq` trains on and judges by."""

from __future__ import annotations

from typing import Any

from trainers.rows.cache import TokenCache
from trainers.training.material import Material
from trainers.training.seq2seq import pairs_of
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError


def pair_material(train: TokenCache, valid: TokenCache | None, tokenizer: Any, settings: TrainSettings) -> Material:
    """Material of `seq2seq`. Raises SikuError (exit 2) where no row is short enough."""
    from trainers.training.losses import seq2seq_loss
    from trainers.training.seq2seq_batches import PairCollator, PairRows

    pairs = pairs_of(train, settings)
    if not len(pairs):
        problem = pairs.problems()[0]
        raise SikuError("no row of train is short enough", where=problem.where, why=problem.what, next=problem.next)
    judged = pairs_of(valid, settings) if valid is not None else None
    pad = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    return Material(
        train=PairRows(pairs),
        collate=PairCollator(pad),
        loss=seq2seq_loss,
        judged=judged.pieces if judged else None,
        judged_characters=judged.characters(tokenizer) if judged else 0,
        data_tokens=train.tokens,
        tokens_dropped=train.tokens - pairs.kept_tokens,
        rows_too_long=len(pairs.too_long),
        stop_ids=train.stop_ids,
    )
