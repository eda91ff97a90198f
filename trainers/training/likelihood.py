"""How probable does a model find texts? Sums of negative log-likelihoods; memory is that of one batch.

The logits of a whole batch are never there: the input of the output layer is taken, and the layer is applied to a few
positions at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from trainers.rows.dataset import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Tokens = Sequence[int] | NDArray[np.integer[Any]]

IGNORED = -100  # the label of a token without loss, as torch's cross entropy has it
SORTED_BATCHES = 16  # batches whose pieces are sorted by length: less padding, and no more than these in memory
LOGITS = {"cpu": 1 << 20, "cuda": 1 << 25}  # numbers at a time
LEAST_POSITIONS = 32  # at a time, however large the vocabulary: reading the output layer takes time, too


class Piece(NamedTuple):
    """What a model sees at once: `ids`, and for each whether it carries loss; an encoder reads `source`."""

    ids: Tokens
    learnt: Tokens
    source: Tokens = ()


@dataclass(frozen=True, slots=True)
class Likelihood:
    """`nll` (natural logarithms) of `tokens` predicted tokens."""

    nll: float = 0.0
    tokens: int = 0

    def __add__(self, other: Likelihood) -> Likelihood:
        return Likelihood(self.nll + other.nll, self.tokens + other.tokens)

    @property
    def loss(self) -> float | None:
        """Mean over tokens; None without any."""
        return self.nll / self.tokens if self.tokens else None

    def figures(self, characters: int) -> dict[str, float | None]:
        """`loss`, `perplexity`, `perplexity_char`, as they are printed."""
        by_character = self.nll / characters if characters else None
        return {"loss": self.loss, "perplexity": _exp(self.loss), "perplexity_char": _exp(by_character)}


def _exp(value: float | None) -> float | None:
    """None for infinity, too: JSON has none."""
    if value is None or not value < math.log(1e308):
        return None
    return math.exp(value)


def pieces_of(ids: Tokens, marks: Tokens, kind: Kind, max_length: int) -> Iterator[Piece]:
    """A conversation whole; a text in windows of `max_length` tokens that overlap by one, each token predicted once.

    `marks` say which tokens of a conversation are learnt (`Encoded`). The first token of a text has nothing before it
    that would predict it.
    """
    if kind == "messages":
        yield Piece(ids, marks)
        return
    for begin in range(0, max(1, len(ids) - 1), max_length - 1):
        window = ids[begin : begin + max_length]
        yield Piece(window, [0, *[1] * (len(window) - 1)])


def measure(model: Any, pieces: Iterable[Piece], *, batch_size: int, pad_token_id: int) -> Iterator[Likelihood]:
    """The likelihood of batch after batch; their sum is that of all pieces. The model is left in evaluation mode."""
    for batch in _measured(model, pieces, batch_size, pad_token_id):
        yield sum((found for _, found in batch), Likelihood())


def measure_each(
    model: Any, pieces: Iterable[Piece], *, batch_size: int, pad_token_id: int
) -> Iterator[tuple[int, Likelihood]]:
    """The likelihood of every piece with its place among them, in the order in which they are looked at."""
    for batch in _measured(model, pieces, batch_size, pad_token_id):
        yield from batch


def _measured(
    model: Any, pieces: Iterable[Piece], batch_size: int, pad_token_id: int
) -> Iterator[list[tuple[int, Likelihood]]]:
    import torch

    model.eval()
    output = _Output(model)
    with torch.inference_mode():
        for batch in _batches(pieces, batch_size):
            found = output.measure([piece for _, piece in batch], pad_token_id)
            yield [(place, one) for (place, _), one in zip(batch, found, strict=True)]


def _batches(pieces: Iterable[Piece], size: int) -> Iterator[list[tuple[int, Piece]]]:
    stream = enumerate(pieces)
    while some := list(islice(stream, size * SORTED_BATCHES)):
        some.sort(key=lambda one: (len(one[1].ids), len(one[1].source)))
        for begin in range(0, len(some), size):
            yield some[begin : begin + size]


class _Output:
    """The output layer of a model, applied to some positions at a time."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.layer = model.get_output_embeddings()
        self.comes_last = self.layer is not None  # until seen otherwise: some models scale or cap what it gives

    def measure(self, batch: Sequence[Piece], pad: int) -> list[Likelihood]:
        """Of each piece."""
        inputs, targets = _tensors(self.model, batch, pad)
        wanted = targets != IGNORED
        if not wanted.any():
            return [Likelihood()] * len(batch)
        states = self._states(inputs) if self.comes_last else None
        if states is not None:
            return _sums(self._logits(states[wanted]), targets, wanted)
        if len(batch) > 1:  # all logits at once: then of one piece after the other
            return [found for one in batch for found in self.measure([one], pad)]
        logits = self.model(**inputs, use_cache=False).logits
        return _sums(_split(logits[wanted], logits.shape[-1]), targets, wanted)

    def _states(self, inputs: dict[str, Tensor]) -> Tensor | None:
        """What the output layer is given (pieces x positions x width); None if its output is not yet the logits."""
        import torch

        taken: list[Tensor] = []

        def take(_: Any, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            taken.append(given[0])
            return (given[0][:, :1], *given[1:])

        with self.layer.register_forward_pre_hook(take):
            logits = self.model(**inputs, use_cache=False).logits
        if len(taken) == 1 and logits.shape[1] == 1:
            own = self.layer(taken[0][:, :1])
            if torch.equal(own.to(logits.dtype), logits):
                return taken[0]
        self.comes_last = False
        return None

    def _logits(self, states: Tensor) -> Iterator[Tensor]:
        for some in _split(states, self.model.config.get_text_config().vocab_size):
            yield self.layer(some)


def _split(rows: Tensor, vocabulary: int) -> Iterator[Tensor]:
    """So many rows at a time that their logits fit."""
    size = max(LEAST_POSITIONS, LOGITS.get(rows.device.type, LOGITS["cpu"]) // vocabulary)
    return (rows[begin : begin + size] for begin in range(0, len(rows), size))


def _sums(logits: Iterable[Tensor], targets: Tensor, wanted: Tensor) -> list[Likelihood]:
    """Of each row, from the logits of all wanted positions, which come in parts."""
    import torch

    chosen = targets[wanted]
    losses: list[Tensor] = []
    begin = 0
    for some in logits:
        following = chosen[begin : begin + len(some)]
        losses.append(torch.nn.functional.cross_entropy(some.float(), following, reduction="none").cpu())
        begin += len(some)
    counts = wanted.sum(dim=1).tolist()
    joined: Any = torch.cat(losses).double()
    return [Likelihood(row.sum().item(), count) for row, count in zip(joined.split(counts), counts, strict=True)]


def _tensors(model: Any, batch: Sequence[Piece], pad: int) -> tuple[dict[str, Tensor], Tensor]:
    """What the model is called with, and the token that is to follow at each position (pieces x positions)."""
    import torch

    device = next(model.parameters()).device
    ids = _padded([piece.ids for piece in batch], pad)
    learnt = _padded([piece.learnt for piece in batch], 0)
    labels = torch.where(learnt.bool(), ids, IGNORED)
    if model.config.is_encoder_decoder:
        sources = [piece.source for piece in batch]
        inputs = {"input_ids": _padded(sources, pad), "attention_mask": _padded([[1] * len(s) for s in sources], 0)}
        inputs["decoder_input_ids"] = model.prepare_decoder_input_ids_from_labels(labels=ids)
        targets = labels
    else:
        inputs = {"input_ids": ids}
        if len({len(piece.ids) for piece in batch}) > 1:
            inputs["attention_mask"] = _padded([[1] * len(piece.ids) for piece in batch], 0)
        targets = torch.nn.functional.pad(labels[:, 1:], (0, 1), value=IGNORED)
    return {name: tensor.to(device) for name, tensor in inputs.items()}, targets.to(device)


def _padded(rows: Sequence[Tokens], value: int) -> Tensor:
    """Rows x longest, filled on the right, where causal attention does not look."""
    import numpy as np
    import torch

    table = np.full((len(rows), max(map(len, rows))), value, dtype=np.int64)
    for line, row in zip(table, rows, strict=True):
        line[: len(row)] = row
    return torch.from_numpy(table)
