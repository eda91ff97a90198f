"""`siku train seq2seq` on tiny T5 models: what is learnt, with which loss, in which order, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.corpora import passage
from tests.running import digests
from tests.trainers.small_datasets import talks, texts, write_dataset
from tests.trainers.tiny_t5 import make_tiny_t5
from trainers.training.order import TrainOrder
from trainers.training.run import train
from trainers.training.seq2seq_batches import BalancedOrder, PairRows
from validators.errors import SikuError

Lines = list[str]
PRECISE = {"learning_rate": "1e-2", "use_cpu": "true", "logging_steps": "1", "per_device_train_batch_size": "2"}


@pytest.fixture(scope="module")
def lines() -> Lines:
    return [line for line in passage("seq2seq", 6_000).replace("。", "。\n").splitlines() if line]


@pytest.fixture(scope="module", params=["t5", "mt5"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lines: Lines) -> Path:
    return make_tiny_t5(tmp_path_factory.mktemp(request.param) / "model", lines, kind=request.param)


@pytest.fixture(scope="module")
def mt5(tmp_path_factory: pytest.TempPathFactory, lines: Lines) -> Path:
    return make_tiny_t5(tmp_path_factory.mktemp("one") / "model", lines)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads wait for each other on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def dataset(folder: Path, lines: Lines, train: int, valid: int = 0) -> Path:
    rows = talks(*pairwise(lines[: train + valid + 1]))
    return write_dataset(folder, rows[:train], rows[train:])


def run(data: Path, model: Path, out: Path, resume: bool = False, **values: Any) -> dict[str, Any]:
    return train(TrainOrder("seq2seq", str(data), str(model), out, PRECISE | values, resume), quiet=True)


def refused(data: Path, model: Path, out: Path, **values: Any) -> SikuError:
    with pytest.raises(SikuError) as caught:
        run(data, model, out, **values)
    assert caught.value.exit_code == 2
    assert not out.exists() or not any(out.iterdir())
    return caught.value


def loaded(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    auto: Any = AutoModelForSeq2SeqLM
    tokenizer: Any = AutoTokenizer
    return auto.from_pretrained(folder).eval(), tokenizer.from_pretrained(folder)


def with_config(model: Path, folder: Path, **values: Any) -> Path:
    """A copy of a model with other values in its configuration."""
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | values))
    return folder


def likelihood(folder: Path, pairs: Any) -> tuple[float, int]:
    """Negative log-likelihood of targets and their tokens, one pair at a time, with the tokenizer's own ids."""
    import torch

    model, tokenizer = loaded(folder)
    nll, tokens = 0.0, 0
    for source, target in pairs:
        labels = torch.tensor([tokenizer(target).input_ids])
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([tokenizer(source).input_ids]), labels=labels).logits
        found = torch.log_softmax(logits[0].double(), -1)[torch.arange(labels.shape[1]), labels[0]]
        nll, tokens = nll - float(found.sum()), tokens + labels.shape[1]
    return nll, tokens


def log(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "train_log.jsonl").read_text().splitlines()]


def test_the_loss_is_the_mean_over_the_tokens_of_the_step(tmp_path: Path, tiny: Path, lines: Lines) -> None:
    """Eight rows in four batches or in one: the same loss, the same gradient, and both as computed by hand."""
    data = dataset(tmp_path / "data", lines, train=8)
    tiny = with_config(tiny, tmp_path / "model", dropout_rate=0.0)
    same: dict[str, Any] = {"max_steps": "1", "optim": "sgd", "max_grad_norm": "0", "learning_rate": "0.5"}
    _, tokenizer = loaded(tiny)
    nll, tokens = likelihood(tiny, pairwise(lines[:9]))
    weights = []
    for batch, accumulated in ((2, 4), (8, 1)):
        out = tmp_path / f"out-{batch}"
        result = run(
            data,
            tiny,
            out,
            per_device_train_batch_size=str(batch),
            gradient_accumulation_steps=str(accumulated),
            **same,
        )
        assert result["train_loss"] == pytest.approx(nll / tokens, rel=1e-5)
        assert result["trained_tokens"] == tokens
        assert (
            result["tokens"]
            == result["data_tokens"]
            == tokens + sum(len(tokenizer(line).input_ids) for line in lines[:8])
        )
        weights.append(loaded(out)[0].state_dict())
    before = loaded(tiny)[0].state_dict()
    moved = [float((weights[0][name] - before[name]).abs().max()) for name in before]
    apart = [float((weights[0][name] - weights[1][name]).abs().max()) for name in before]
    assert max(moved) > 1e-3
    assert max(apart) < 1e-3 * max(moved)


def test_what_is_printed_and_what_the_folder_holds(tmp_path: Path, tiny: Path, lines: Lines) -> None:
    data = dataset(tmp_path / "data", lines, train=14, valid=5)
    out = tmp_path / "out"
    base = digests(tiny)
    result = run(data, tiny, out, num_train_epochs="3", save_steps="4")
    nll, tokens = likelihood(out, pairwise(lines[14:20]))
    characters = sum(map(len, lines[15:20]))
    assert result["eval_loss"] == pytest.approx(nll / tokens, rel=1e-5)
    assert result["perplexity"] == pytest.approx(np.exp(nll / tokens), rel=1e-4)
    assert result["perplexity_char"] == pytest.approx(np.exp(nll / characters), rel=1e-4)
    assert (result["steps"], result["epochs"], result["rows"]) == (21, 3.0, {"train": 14, "valid": 5})
    assert (result["tokens_dropped"], result["rows_too_long"]) == (0, 0)
    assert 0 < result["padding_share"] < 0.5
    assert result["train_loss"] < log(out)[1]["loss"]
    judged = [line["step"] for line in log(out) if "eval_loss" in line]
    assert judged == [0, 21]
    assert [line["step"] for line in log(out) if "loss" in line] == [*range(1, 22)]
    assert json.loads((out / "training.json").read_text())["settings"]["max_target_length"] == 256
    assert loaded(out)[0].generation_config.eos_token_id == loaded(out)[1].eos_token_id
    assert digests(tiny) == base


def test_after_a_break_the_weights_are_those_without_one(tmp_path: Path, mt5: Path, lines: Lines) -> None:
    """From a checkpoint in the middle of a later epoch, with dropout, batches of like length and an uneven last one."""
    data = dataset(tmp_path / "data", lines, train=15, valid=3)
    same: dict[str, Any] = {
        "num_train_epochs": "3",
        "save_steps": "5",
        "save_total_limit": "none",
        "gradient_accumulation_steps": "2",
    }
    whole = tmp_path / "whole"
    result = run(data, mt5, whole, **same)
    assert result["steps"] == 12
    for step in (5, 10):
        broken = tmp_path / f"broken-{step}"
        shutil.copytree(whole, broken)
        for path in (*broken.glob("*.safetensors"), broken / "training.json"):
            path.unlink()
        for folder in broken.glob("checkpoint-*"):
            if int(folder.name.partition("-")[2]) > step:
                shutil.rmtree(folder)
        again = run(data, mt5, broken, resume=True, **same)
        assert again["resumed_from"] == step
        assert again["tokens"] == result["tokens"]
        assert (broken / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
        assert log(broken) == log(whole)


def test_an_adapter_is_trained_and_merged(tmp_path: Path, mt5: Path, lines: Lines) -> None:
    data = dataset(tmp_path / "data", lines, train=8, valid=2)
    out = tmp_path / "out"
    result = run(data, mt5, out, lora_r="4", merge_adapter="true", num_train_epochs="2")
    assert (out / "adapter_model.safetensors").exists()
    nll, tokens = likelihood(out / "merged", pairwise(lines[8:11]))
    assert result["eval_loss"] == pytest.approx(nll / tokens, rel=1e-5)


def test_what_is_learnt_by_heart_is_said_and_ended(tmp_path: Path, mt5: Path, lines: Lines) -> None:
    import torch

    data = dataset(tmp_path / "data", lines, train=4)
    out = tmp_path / "out"
    steady = with_config(mt5, tmp_path / "model", dropout_rate=0.0)
    run(data, steady, out, max_steps="250", per_device_train_batch_size="4", logging_steps="50")
    model, tokenizer = loaded(out)
    for source, target in pairwise(lines[:5]):
        said = model.generate(torch.tensor([tokenizer(source).input_ids]), max_new_tokens=60)[0].tolist()
        assert said[1:] == tokenizer(target).input_ids


def test_rows_that_are_too_long_are_cut_or_left_out(tmp_path: Path, mt5: Path, lines: Lines) -> None:
    data = dataset(tmp_path / "data", lines, train=8, valid=4)
    short: dict[str, Any] = {"max_source_length": "16", "max_target_length": "12", "max_steps": "1"}
    error = refused(data, mt5, tmp_path / "stop", **short)
    assert "of 8 rows of train: longer than max_source_length 16 or max_target_length 12" in f"{error.what} {error.why}"
    assert "rows of valid: longer" in f"{error.what} {error.why}"
    cut = run(data, mt5, tmp_path / "cut", too_long="cut", **short)
    assert 0 < cut["rows_too_long"] <= 8
    assert 0 < cut["tokens_dropped"] < cut["data_tokens"]
    error = refused(data, mt5, tmp_path / "skip", too_long="skip", max_source_length="2", max_target_length="2")
    assert error.what == "no row of train is short enough"


def test_mistakes_are_told_before_a_weight_is_read(tmp_path: Path, mt5: Path, tiny_qwen2: Path, lines: Lines) -> None:
    data = dataset(tmp_path / "data", lines, train=4)
    assert "needs an encoder-decoder model" in refused(data, tiny_qwen2, tmp_path / "a").why
    stories = write_dataset(tmp_path / "texts", texts(*lines[:3]))
    assert "no column 'messages'" in refused(stories, mt5, tmp_path / "b").what
    silent = write_dataset(tmp_path / "silent", talks(["问", ""], ["问", "答"]))
    assert "m0" in refused(silent, mt5, tmp_path / "c").where
    headless = with_config(mt5, tmp_path / "headless", decoder_start_token_id=None)
    assert "decoder_start_token_id" in refused(data, headless, tmp_path / "d").what
    assert "max_source_length" in refused(data, mt5, tmp_path / "e", max_source_text_length="9").what


def order_of(processes: int, rows: int = 5_000, batch_size: int = 16, seed: int = 42) -> BalancedOrder:
    dice = np.random.default_rng(0)
    lengths = np.clip(np.exp(dice.normal(3, 0.9, (2, rows))), 2, 256).astype(np.int64)
    pairs: Any = SimpleNamespace(source_lengths=lengths[0], target_lengths=lengths[1])
    return BalancedOrder(PairRows(pairs), batch_size, processes, seed)


def padding(order: BalancedOrder, rows: Any) -> float:
    batches = np.array(rows)[: len(rows) // 16 * 16].reshape(-1, 16)
    positions = 16 * (order.sources[batches].max(1) + order.targets[batches].max(1))
    return 1 - float((order.sources + order.targets)[batches].sum() / positions.sum())


@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize("rows", [1, 15, 17, 100, 5_000])
def test_every_row_comes_once_an_epoch_in_another_order(processes: int, rows: int) -> None:
    order = order_of(processes, rows)
    first, again = [*order], [*order]
    assert first == again
    assert sorted(first) == [*range(rows)]
    order.set_epoch(1)
    second = [*order]
    assert sorted(second) == [*range(rows)]
    assert rows == 1 or second != first
    assert rows < 100 or {frozenset(first[:16])} != {frozenset(second[:16])}
    assert rows == 1 or [*order_of(processes, rows, seed=7)] != first


def test_batches_have_little_padding_and_begin_with_the_longest() -> None:
    order = order_of(processes=1)
    chance = np.random.default_rng(1).permutation(5_000)
    assert padding(order, [*order]) < 0.6 * padding(order, chance)
    batches = np.array([*order])[:4992].reshape(-1, 16)
    longest = order.sources[batches].max(1) + order.targets[batches].max(1)
    assert longest[0] == longest.max()
    assert longest[1] < longest.max()


def test_processes_get_as_many_tokens_as_each_other() -> None:
    order = order_of(processes=4)
    tokens = (order.sources + order.targets)[np.array([*order])[:4992].reshape(-1, 4, 16)].sum(axis=2)
    assert (tokens.max(axis=1) / tokens.mean(axis=1)).mean() < 1.03
    chance = (order.sources + order.targets)[np.random.default_rng(1).permutation(4992).reshape(-1, 4, 16)].sum(axis=2)
    assert (chance.max(axis=1) / chance.mean(axis=1)).mean() > 1.15
