"""What a task trains on: tokens of both splits, rows packed from one, pieces judged from the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from builders.engine.progress import Progress
from trainers.problems import some_of
from trainers.rows.cache import Encoder, TokenCache, open_cache
from trainers.rows.chat import ChatEncoder
from trainers.rows.dataset import BuiltDataset, Kind
from trainers.rows.packing import pack
from trainers.rows.seq2seq_tokens import Seq2SeqEncoder
from trainers.rows.tokens import TextEncoder
from trainers.training.likelihood import Piece, pieces_of
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS: dict[str, Kind] = {"pretrain": "text", "sft": "messages", "seq2seq": "messages"}
IDS_AT_ONCE = 1 << 24


class Rows(Protocol):
    """A torch dataset of rows that can be told apart."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Any: ...

    def row_ids(self, number: int, /) -> list[str]:
        """The ids of the dataset's rows that are in a row here."""

    def row_tokens(self) -> NDArray[np.int64]:
        """How many tokens each row has."""

    def row_learnt(self) -> NDArray[np.int64]:
        """How many tokens of each row carry loss."""

    def positions(self, batch: Sequence[int], /) -> int:
        """How many positions a padded batch of these rows has."""


@dataclass(frozen=True)
class Material:
    """`train` are the rows, `collate` makes batches of them, `loss` is for `Trainer(compute_loss_func=...)`.

    `judged` gives the pieces of the valid split, of which `judged_characters` carry loss; None without any. `padded`
    batches are as long as their longest row.
    """

    train: Rows
    collate: Callable[[Sequence[Any]], dict[str, Any]]
    loss: Callable[..., Any]
    judged: Callable[[], Iterator[Piece]] | None
    judged_characters: int
    data_tokens: int
    tokens_dropped: int
    rows_too_long: int
    stop_ids: Sequence[int] = field(default=())
    padded: bool = True


def open_tokens(
    data: BuiltDataset, encoder: Encoder, tokenizer: Any, progress: Progress
) -> tuple[TokenCache, TokenCache | None]:
    """The tokens of both splits; None for a valid split without rows."""
    train = open_cache(data, "train", tokenizer, encoder, progress)
    return train, open_cache(data, "valid", tokenizer, encoder, progress) if data.rows["valid"] else None


def content_problems(
    task: str, caches: Sequence[TokenCache | None], vocabulary: int, settings: TrainSettings
) -> list[SikuError]:
    """What speaks against training on these tokens: rows that teach nothing, or are too long; ids without a vector."""
    found: list[SikuError] = []
    there = [cache for cache in caches if cache is not None]
    needed = max(int(cache.lengths.max(initial=0)) for cache in there)
    for cache in there:
        found += cache.problems()
        if task == "sft" and settings.too_long == "stop":
            found += cache.too_long(settings.max_length, needed)
        found += _beyond(cache, vocabulary)
    return found


def _beyond(cache: TokenCache, vocabulary: int) -> list[SikuError]:
    import numpy as np

    ids = cache.ids
    for begin in range(0, len(ids), IDS_AT_ONCE):
        wrong = np.flatnonzero(ids[begin : begin + IDS_AT_ONCE] >= vocabulary)
        if len(wrong):
            place = begin + int(wrong[0])
            document = int(np.searchsorted(cache.offsets, place, side="right")) - 1
            return [
                SikuError(
                    f"token id {int(ids[place])} is beyond the embedding of the model, which has {vocabulary:,}",
                    where=f"{cache.facts['dataset']}, {cache.row_id(document)}",
                    why="the tokenizer is not that of the model",
                    next="--model with the tokenizer that it was trained with",
                )
            ]
    return []


def packed_material(
    task: str, train: TokenCache, valid: TokenCache | None, tokenizer: Any, settings: TrainSettings
) -> Material:
    """Material of `pretrain` and `sft`. Raises SikuError (exit 2) where no row is short enough."""
    from trainers.rows.blocks import Blocks, Collator
    from trainers.training.losses import causal_loss

    whole = task == "sft"
    strategy: Any = settings.packing_strategy if settings.packing else "each"
    if whole:
        strategy = "whole" if settings.packing else "each_whole"
    packing = pack(train.lengths, settings.max_length, strategy, None if whole else train.marks)
    if not len(packing):
        ids = [train.row_id(int(number)) for number in packing.too_long[:10]]
        raise SikuError(
            f"no row of train has at most {settings.max_length} tokens",
            where=f"{train.facts['dataset']}, {some_of(ids)}",
            why="conversations are never cut",
            next=f"--set max_length={int(train.lengths.max())}",
        )
    flat = settings.attn_implementation.startswith("flash")  # it tells documents apart in one row only
    pad = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    kept = [] if valid is None else _kept(valid, settings.max_length if whole else None)
    return Material(
        train=Blocks(train, packing),
        collate=Collator(pad, flat=flat),
        loss=causal_loss,
        judged=(lambda: _judged(valid, kept, settings.max_length)) if valid is not None and len(kept) else None,
        judged_characters=0 if valid is None else int(valid.characters[kept].sum()),
        data_tokens=packing.tokens,
        tokens_dropped=packing.tokens_dropped,
        rows_too_long=len(packing.too_long),
        stop_ids=[tokenizer.eos_token_id] if not whole else train.stop_ids,
        padded=not flat,
    )


def _kept(cache: TokenCache, most: int | None) -> Any:
    """The numbers of the documents that are judged: all, or those of at most so many tokens."""
    import numpy as np

    return np.arange(len(cache)) if most is None else np.flatnonzero(cache.lengths <= most)


def _judged(cache: TokenCache, numbers: Any, max_length: int) -> Iterator[Piece]:
    for number in numbers.tolist():
        ids, marks = cache.document(number)
        yield from pieces_of(ids.astype("int64"), marks, cache.kind, max_length)


def encoder_of(task: str, tokenizer: Any) -> Encoder:
    """What makes tokens of the rows of a task. Raises SikuError (exit 2) for sft without a chat template."""
    if task == "seq2seq":
        return Seq2SeqEncoder(tokenizer)
    return ChatEncoder(tokenizer) if KINDS[task] == "messages" else TextEncoder(tokenizer)
