"""Prompts to what a model says to them: batches with padding on the left, up to a stop token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from trainers.evaluation.trained import Trained
from trainers.rows.tokens import plain_backend

if TYPE_CHECKING:
    from torch import Tensor

SORTED_BATCHES = 8  # batches whose prompts are sorted by length: less padding
HALF = "\ufffd"  # what bytes of an unfinished character are decoded to


class Prompt(NamedTuple):
    """What the model is given, and what should come (empty where nobody knows); `ids` where they are known."""

    id: str
    text: str
    reference: str = ""
    ids: Sequence[int] = ()


class Prediction(NamedTuple):
    """What it said, and whether it came to an end by itself."""

    text: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Decoding:
    """How the next token is chosen. As it stands, always the likeliest one; a temperature above 0 draws by chance."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_k: int = 0  # 0: of all tokens
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    num_beams: int = 1
    seed: int = 42

    def settings(self) -> dict[str, Any]:
        """As `generate` of transformers takes them; every key, so that no default of a model gets through."""
        draws = self.temperature > 0
        return {
            "do_sample": draws,
            "temperature": self.temperature if draws else 1.0,
            "top_k": self.top_k if draws else 50,
            "top_p": self.top_p if draws else 1.0,
            "repetition_penalty": self.repetition_penalty,
            "num_beams": self.num_beams,
        }


def predict(
    trained: Trained, prompts: Iterable[Prompt], decoding: Decoding, batch_size: int
) -> Iterator[tuple[list[Prompt], list[Prediction]]]:
    """Prompts and predictions in order, some at a time. The same arguments give the same texts."""
    import torch

    torch.manual_seed(decoding.seed)
    backend = plain_backend(trained.described.tokenizer)
    stream = iter(prompts)
    with torch.inference_mode():
        while some := list(islice(stream, batch_size * SORTED_BATCHES)):
            encodings = backend.encode_batch(
                [prompt.text for prompt in some], add_special_tokens=trained.described.has_encoder
            )
            ids = [
                _fitting(list(prompt.ids or encoding.ids), trained, decoding)
                for prompt, encoding in zip(some, encodings, strict=True)
            ]
            predictions: dict[int, Prediction] = {}
            for batch in _batches(ids, trained, decoding, batch_size):
                said = _generate(trained, [ids[place] for place in batch], decoding)
                predictions.update(zip(batch, said, strict=True))
            yield some, [predictions[place] for place in range(len(some))]


def _fitting(ids: list[int], trained: Trained, decoding: Decoding) -> list[int]:
    """The end of a prompt that is too long for the model; half of what it sees at least stays for the prompt."""
    positions = trained.described.source.max_positions
    ids = ids or [trained.described.pad_token_id]
    if positions is None or len(ids) < positions:
        return ids
    return ids[-max(positions - decoding.max_new_tokens, positions // 2) :]


def _room(length: int, trained: Trained, decoding: Decoding) -> int:
    """New tokens that fit behind (or, with an encoder, beside) a prompt of `length` tokens."""
    positions = trained.described.source.max_positions
    if positions is None:
        return decoding.max_new_tokens
    return min(decoding.max_new_tokens, positions - (0 if trained.described.has_encoder else length))


def _batches(ids: Sequence[list[int]], trained: Trained, decoding: Decoding, size: int) -> Iterator[list[int]]:
    """Places of prompts of like length that have room for equally many tokens: none cuts another short."""
    places = sorted(range(len(ids)), key=lambda place: (len(ids[place]), place))
    batch: list[int] = []
    for place in places:
        room = _room(len(ids[place]), trained, decoding)
        if batch and (len(batch) == size or room != _room(len(ids[batch[0]]), trained, decoding)):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _generate(trained: Trained, batch: Sequence[list[int]], decoding: Decoding) -> list[Prediction]:
    import torch

    inputs, mask = _padded(batch, trained)
    longest = inputs.shape[1]
    device = next(trained.model.parameters()).device
    written = trained.model.generate(
        input_ids=inputs.to(device),
        attention_mask=mask.to(device),
        max_new_tokens=_room(longest, trained, decoding),
        eos_token_id=sorted(trained.stop_ids),
        pad_token_id=trained.described.pad_token_id,
        **decoding.settings(),
    )
    new = written[:, 1 if trained.described.has_encoder else longest :]
    return [_said(row, trained) for row in torch.Tensor.tolist(new)]


def _padded(batch: Sequence[list[int]], trained: Trained) -> tuple[Tensor, Tensor]:
    """Ids and mask, prompts x longest; on the left, so that every prompt is followed by what is new."""
    import torch

    longest = max(map(len, batch))
    ids = torch.full((len(batch), longest), trained.described.pad_token_id, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(batch):
        where = slice(0, len(row)) if trained.described.has_encoder else slice(longest - len(row), longest)
        ids[place, where] = torch.tensor(row)
        mask[place, where] = 1
    return ids, mask


def _said(ids: list[int], trained: Trained) -> Prediction:
    end = next((place for place, one in enumerate(ids) if one in trained.stop_ids), None)
    text = str(
        trained.described.tokenizer.decode(ids[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    )
    return Prediction(text if end is not None else text.rstrip(HALF), end is not None)
