"""Likelihoods beside those of a model that is shown one document after the other."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from trainers.training.likelihood import Likelihood, Piece, measure, measure_each, pieces_of

VOCABULARY = 97
KINDS = ("qwen2", "gemma2", "gpt2", "t5")


def small_model(kind: str) -> Any:
    """A random model of two layers. Gemma 2 caps its logits, T5 scales what its output layer is given."""
    import torch
    import transformers

    torch.manual_seed(0)
    torch.set_num_threads(1)
    common: dict[str, Any] = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    heads: dict[str, Any] = {
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "intermediate_size": 32,
        "hidden_size": 16,
    }
    match kind:
        case "qwen2":
            return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**common, **heads, num_hidden_layers=2))
        case "gemma2":
            gemma2 = transformers.Gemma2Config(
                **common, **heads, num_hidden_layers=2, head_dim=8, final_logit_softcapping=0.05
            )
            return transformers.Gemma2ForCausalLM(gemma2)
        case "gpt2":
            return transformers.GPT2LMHeadModel(transformers.GPT2Config(**common, n_embd=16, n_layer=2, n_head=2))
    common["decoder_start_token_id"] = 0
    t5 = transformers.T5Config(**common, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
    return transformers.T5ForConditionalGeneration(t5)


def documents(count: int = 12) -> list[Piece]:
    dice = np.random.default_rng(0)
    pieces = []
    for number in range(count):
        ids = dice.integers(2, VOCABULARY, 3 + 5 * number % 31)
        learnt = dice.integers(0, 2, len(ids)) if number % 2 else np.array([0, *[1] * (len(ids) - 1)])
        pieces.append(Piece(ids, learnt, dice.integers(2, VOCABULARY, 2 + number % 5)))
    return pieces


def alone(model: Any, piece: Piece) -> Likelihood:
    """With all its logits, and probabilities in double precision."""
    import torch

    ids = torch.tensor([list(piece.ids)])
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            logits = model(input_ids=torch.tensor([list(piece.source)]), labels=ids).logits[0]
            positions = range(len(piece.ids))
        else:
            logits = model(input_ids=ids).logits[0]
            positions = range(-1, len(piece.ids) - 1)
    probabilities = torch.log_softmax(logits.double(), -1)
    chosen = [(at, int(piece.ids[place])) for place, at in enumerate(positions) if piece.learnt[place] and at >= 0]
    return Likelihood(-sum(float(probabilities[place]) for place in chosen), len(chosen))


def total(parts: Any) -> Likelihood:
    return sum(parts, Likelihood())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_size", [1, 5])
def test_batches_are_as_probable_as_documents_alone(kind: str, batch_size: int) -> None:
    model = small_model(kind)
    pieces = documents()
    found = total(measure(model, pieces, batch_size=batch_size, pad_token_id=0))
    expected = total(alone(model.eval(), piece) for piece in pieces)
    assert found.tokens == expected.tokens
    assert found.nll == pytest.approx(expected.nll, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_each_piece_by_itself(kind: str) -> None:
    model = small_model(kind)
    pieces = documents()
    found = dict(measure_each(model, pieces, batch_size=5, pad_token_id=0))
    assert sorted(found) == [*range(len(pieces))]
    for place, piece in enumerate(pieces):
        expected = alone(model.eval(), piece)
        assert found[place].tokens == expected.tokens
        assert found[place].nll == pytest.approx(expected.nll, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_off(kind: str) -> None:
    model = small_model(kind).train()
    first, second = (total(measure(model, documents(), batch_size=4, pad_token_id=0)) for _ in range(2))
    assert first == second


def test_the_logits_of_a_batch_are_never_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    model = small_model("qwen2")
    rows: list[int] = []
    model.lm_head.register_forward_hook(lambda _, given, logits: rows.append(logits[..., 0].numel()))
    monkeypatch.setattr("trainers.training.likelihood.LOGITS", {"cpu": 40 * VOCABULARY})
    ids = torch.arange(2, 90)
    found = total(measure(model, [Piece(ids.tolist(), [1] * 88)] * 4, batch_size=4, pad_token_id=0))
    assert found.tokens == 4 * 87
    assert max(rows) == 40


@pytest.mark.parametrize(("length", "windows"), [(1, 1), (2, 1), (8, 1), (9, 2), (15, 2), (16, 3)])
def test_windows_overlap_by_one_token(length: int, windows: int) -> None:
    pieces = [*pieces_of(range(length), [1] * length, "text", 8)]
    assert len(pieces) == windows
    assert all(len(piece.ids) == len(piece.learnt) <= 8 for piece in pieces)
    predicted = [int(one) for piece in pieces for one, learnt in zip(piece.ids, piece.learnt, strict=True) if learnt]
    assert predicted == [*range(1, length)]
    assert all(before.ids[-1] == after.ids[0] for before, after in itertools.pairwise(pieces))


def test_a_conversation_is_never_cut() -> None:
    marks = [0, 0, 1, 1, 0, 1]
    (piece,) = pieces_of(range(6), marks, "messages", 4)
    assert [*piece.ids] == [*range(6)]
    assert piece.learnt == marks


def test_figures() -> None:
    figures = Likelihood(20.0, 10).figures(characters=5)
    assert figures == {"loss": 2.0, "perplexity": math.exp(2), "perplexity_char": math.exp(4)}
    assert Likelihood().figures(characters=0) == {"loss": None, "perplexity": None, "perplexity_char": None}
    assert Likelihood(1e6, 1).figures(characters=1) == {"loss": 1e6, "perplexity": None, "perplexity_char": None}
    assert Likelihood(math.nan, 1).figures(characters=1)["perplexity"] is None


def test_nothing_to_learn_is_no_error() -> None:
    model = small_model("qwen2")
    found = total(measure(model, [Piece([5], [0]), Piece([5, 6], [0, 0])], batch_size=8, pad_token_id=0))
    assert found == Likelihood()
