"""Rows and batches: what is learnt, where documents begin, and that they do not see each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.corpora import passage
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.rows.blocks import UNLEARNT, Blocks, Collator
from trainers.rows.cache import TokenCache, open_cache
from trainers.rows.chat import ChatEncoder
from trainers.rows.dataset import open_dataset
from trainers.rows.packing import pack
from trainers.rows.tokens import TextEncoder, load_tokenizer
from trainers.training.losses import causal_loss
from trainers.training.models import sees_only_itself

LENGTH = 64


@pytest.fixture
def tokenizer(tiny_qwen2: Path) -> Any:
    return load_tokenizer(str(tiny_qwen2))


@pytest.fixture
def model(tiny_qwen2: Path) -> Any:
    from transformers import AutoModelForCausalLM

    loaded: Any = AutoModelForCausalLM.from_pretrained(tiny_qwen2, dtype=torch.float32)
    return loaded.eval()


@pytest.fixture
def novel(tmp_path: Path, tokenizer: Any) -> TokenCache:
    """Ten documents, the longest of which have to be cut."""
    rows = texts(*(passage(f"blocks {number}", 20 + 25 * number) for number in range(10)))
    data = open_dataset(str(write_dataset(tmp_path / "novel", rows)), tmp_path)
    return open_cache(data, "train", tokenizer, TextEncoder(tokenizer))


@pytest.fixture
def chat(tmp_path: Path, tokenizer: Any) -> TokenCache:
    rows = talks(["你好", "你好，有事吗"], ["系统：只说一句", "天气", "晴", "明天呢", "有雨"], ["茶", "绿茶"])
    data = open_dataset(str(write_dataset(tmp_path / "chat", rows)), tmp_path)
    return open_cache(data, "train", tokenizer, ChatEncoder(tokenizer))


def blocks_of(tokens: TokenCache, strategy: Any = "fill", length: int = LENGTH) -> Blocks:
    return Blocks(tokens, pack(tokens.lengths, length, strategy, tokens.marks if tokens.kind == "text" else None))


def test_every_token_is_in_one_row_and_the_first_of_a_piece_is_not_learnt(novel: TokenCache) -> None:
    blocks = blocks_of(novel)
    assert len(blocks) > 3
    for number in range(len(blocks)):
        row = blocks[number]
        begins = np.flatnonzero(row.positions == 0)
        assert len(begins) == len(blocks.packing.row(number))
        assert (row.labels[begins] == UNLEARNT).all()
        learnt = np.delete(np.arange(len(row.ids)), begins)
        assert (row.labels[learnt] == row.ids[learnt]).all()
    assert blocks.row_tokens().sum() == novel.tokens
    assert blocks.row_learnt().tolist() == [int((blocks[n].labels != UNLEARNT).sum()) for n in range(len(blocks))]


def test_of_conversations_only_the_marked_tokens_are_learnt(chat: TokenCache, tokenizer: Any) -> None:
    blocks = blocks_of(chat, "whole", 256)
    assert len(blocks) == 1
    row = blocks[0]
    documents = [piece[0] for piece in blocks.packing.row(0).tolist()]
    answers = {0: ["你好，有事吗"], 1: ["晴", "有雨"], 2: ["绿茶"]}
    learnt = tokenizer.decode(row.labels[row.labels != UNLEARNT])
    assert learnt == "".join(f"{text}<|im_end|>" for document in documents for text in answers[document])
    assert blocks.row_learnt().tolist() == [int((row.labels != UNLEARNT).sum())]
    assert blocks.row_ids(0) == [f"m{document}" for document in documents]


def test_a_batch_is_as_long_as_its_longest_row(novel: TokenCache) -> None:
    blocks = blocks_of(novel, "each")
    rows = [blocks[number] for number in range(3)]
    batch = Collator(pad_id=7)(rows)
    longest = max(len(row.ids) for row in rows)
    assert batch["input_ids"].shape == batch["labels"].shape == batch["position_ids"].shape == (3, longest)
    assert batch["row_numbers"] == [0, 1, 2]
    short = min(range(3), key=lambda number: len(rows[number].ids))
    assert (batch["input_ids"][short, len(rows[short].ids) :] == 7).all()
    assert (batch["labels"][short, len(rows[short].ids) :] == UNLEARNT).all()
    assert batch["position_ids"][short].tolist() == list(range(longest))
    assert blocks.positions([0, 1, 2]) == 3 * longest


def test_a_flat_batch_has_no_padding(novel: TokenCache) -> None:
    blocks = blocks_of(novel)
    rows = [blocks[number] for number in range(3)]
    batch = Collator(pad_id=7, flat=True)(rows)
    assert batch["input_ids"].tolist() == [np.concatenate([row.ids for row in rows]).tolist()]
    assert batch["position_ids"].tolist() == [np.concatenate([row.positions for row in rows]).tolist()]


def test_packed_documents_have_the_logits_that_they_have_alone(novel: TokenCache, model: Any) -> None:
    blocks = blocks_of(novel, "fill", 200)
    batch = Collator(pad_id=0)([blocks[number] for number in range(len(blocks))])
    assert max(len(blocks.packing.row(number)) for number in range(len(blocks))) > 1
    with torch.no_grad():
        packed = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits
        for number in range(len(blocks)):
            place = 0
            for document, start, end in blocks.packing.row(number).tolist():
                ids = torch.tensor(novel.document(document)[0][start:end].astype(np.int64))
                alone = model(input_ids=ids.unsqueeze(0), use_cache=False).logits[0]
                there = packed[number, place : place + len(ids)]
                assert (alone - there).abs().max() < 1e-5
                place += len(ids)


def test_models_that_mix_documents_of_a_row_are_found_out(model: Any) -> None:
    from transformers import BloomConfig, BloomForCausalLM

    assert sees_only_itself(model, flat=False)
    torch.manual_seed(0)
    make: Any = BloomForCausalLM  # its positions are distances within the row, whatever `position_ids` say
    mixing = make(BloomConfig(vocab_size=64, hidden_size=16, n_layer=1, n_head=2))
    assert not sees_only_itself(mixing, flat=False)
    assert mixing.training  # it is left as it was


def test_the_loss_of_batches_is_the_mean_over_the_tokens_of_the_step(novel: TokenCache, model: Any) -> None:
    blocks = blocks_of(novel, "each")
    collate = Collator(pad_id=0)
    batches = [collate([blocks[0]]), collate([blocks[number] for number in range(1, 5)])]
    items = torch.tensor(sum(int((batch["labels"] != UNLEARNT).sum()) for batch in batches))
    parts = []
    with torch.no_grad():
        for batch in batches:
            outputs = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False)
            parts.append(float(causal_loss(outputs, batch["labels"], items)))
        losses = []
        for number in range(5):
            ids = torch.tensor(blocks[number].ids).unsqueeze(0)
            likely = model(input_ids=ids, use_cache=False).logits[0].log_softmax(-1)
            losses += [-float(likely[place, token]) for place, token in enumerate(ids[0, 1:].tolist())]
    assert len(losses) == items
    assert sum(parts) == pytest.approx(sum(losses) / len(losses), abs=1e-5)


def test_a_batch_without_anything_to_learn_has_no_loss(model: Any) -> None:
    labels = torch.full((1, 3), UNLEARNT)
    with torch.no_grad():
        outputs = model(input_ids=torch.tensor([[1, 2, 3]]))
    assert float(causal_loss(outputs, labels, torch.tensor(0))) == 0.0
    assert float(causal_loss(outputs, labels)) == 0.0
