"""`siku estimate`: tokens are those of training, the sum is that of the paper-review project, nothing is left out."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from builders.instruct.tokens import TOKENS_PER_TURN, estimate_tokens
from tests.corpora import passage
from tests.running import Siku
from tests.trainers.made_tokenizers import made_tokenizer
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.hand_over.estimate import EstimateOrder, _cost, estimate
from trainers.hand_over.lengths import CONTEXTS, EDGES, Lengths, histogram, median_and_longest
from trainers.rows.chat import ChatEncoder
from validators.errors import SikuError

TEXTS = [passage(f"estimate {number}", 50 * number) for number in range(1, 6)]
TALKS = talks(["系统：你是船工。", "开船吗？", "雪停了就开。"], ["你好。", "你好！", "再见。", "慢走。"])
KEYS = [
    *("data", "kind", "rows", "tokens", "tokens_by", "tokens_between", "rows_refused", "median", "longest"),
    *("lengths", "longer_than", "cost", "synthesis", "training"),
]


def order(data: Path, **more: Any) -> EstimateOrder:
    return EstimateOrder(str(data), **more)


def test_without_a_tokenizer_tokens_are_estimated(tmp_path: Path) -> None:
    found = estimate(order(write_dataset(tmp_path, texts(*TEXTS), texts("雪。"))), quiet=True)
    assert list(found) == KEYS
    wanted = [estimate_tokens(text) + 1 for text in TEXTS]
    assert found["tokens"] == {"train": sum(wanted), "valid": estimate_tokens("雪。") + 1}
    assert (found["tokens_by"], found["longest"], found["cost"]) == ("estimate", max(wanted), None)
    low, high = found["tokens_between"]["train"]
    assert low == round(sum(wanted) / 1.14) and high == round(sum(wanted) / 0.81)


def test_conversations_are_estimated_by_turns(tmp_path: Path) -> None:
    found = estimate(order(write_dataset(tmp_path, TALKS)), quiet=True)
    said = [message["content"] for row in TALKS for message in row["messages"]]
    assert found["tokens"]["train"] == sum(map(estimate_tokens, said)) + TOKENS_PER_TURN * len(said)


def test_texts_are_counted_as_training_does(tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large")
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    data = write_dataset(tmp_path / "data", texts(*TEXTS))
    found = estimate(order(data, tokenizer=str(tmp_path / "tokenizer")), quiet=True)
    lengths = [len(tokenizer(text).input_ids) + 1 for text in TEXTS]
    assert found["tokens"] == {"train": sum(lengths), "valid": 0} and found["tokens_between"] is None
    assert (found["median"], found["longest"]) == (sorted(lengths)[2], max(lengths))


@pytest.mark.parametrize("template", ["chatml", None])
def test_conversations_are_counted_with_their_template_and_without(tmp_path: Path, template: str | None) -> None:
    tokenizer = made_tokenizer("large", template)
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    data = write_dataset(tmp_path / "data", TALKS)
    found = estimate(order(data, tokenizer=str(tmp_path / "tokenizer")), quiet=True)
    if template:
        wanted = sum(len(one.ids) for one in ChatEncoder(tokenizer).encode([row["messages"] for row in TALKS]))
    else:
        said = [message["content"] for row in TALKS for message in row["messages"]]
        wanted = sum(len(tokenizer(text).input_ids) + TOKENS_PER_TURN for text in said)
    assert found["tokens"]["train"] == wanted


def test_the_sum_of_the_paper_review_project() -> None:
    """118,689,950 tokens × 2 epochs × 0.008 dollars a thousand × 7.18, about 13,635 yuan."""
    cost = _cost(EstimateOrder("", price=8, epochs=2, exchange_rate=7.18), 118_689_950, known=True)
    assert cost is not None and round(cost["total"]) == 13_635
    assert list(cost) == ["tokens", "epochs", "price_per_million", "exchange_rate", "total", "between"]


def test_the_price_of_estimated_tokens_has_a_range(tmp_path: Path) -> None:
    cost = estimate(order(write_dataset(tmp_path, texts(*TEXTS)), price=8.0, epochs=3.0), quiet=True)["cost"]
    assert math.isclose(cost["total"], cost["tokens"] * 3 * 8 / 1e6)
    low, high = cost["between"]
    assert low < cost["total"] < high


def test_every_row_is_in_one_bin_and_longer_ones_are_counted() -> None:
    counted = [Lengths(Counter({0: 1, 128: 2, 129: 3, 2048: 1, 2049: 5})), Lengths(Counter({40_000: 2}))]
    bins = {one["up_to"]: one for one in histogram(counted)}
    assert list(bins) == [*EDGES, None] and set(CONTEXTS) <= set(EDGES)
    assert sum(one["rows"] for one in bins.values()) == 14
    assert (bins[128]["rows"], bins[256]["rows"], bins[2048]["rows"], bins[4096]["rows"]) == (3, 3, 1, 5)
    assert (bins[2048]["longer"], bins[4096]["longer"], bins[32768]["longer"]) == (7, 2, 2)
    assert bins[None] == {"up_to": None, "rows": 2, "longer": 0}
    assert median_and_longest(counted) == (2048, 40_000)
    assert median_and_longest([Lengths(Counter())]) == (0, 0)


def synthesised(folder: Path) -> Path:
    """A dataset whose plan says that a model was asked."""
    data = write_dataset(folder / "out" / "synth-qa" / "1", TALKS, name="synth-qa")
    manifest = json.loads((data / "manifest.json").read_bytes())
    manifest["plan"] = {"steps": [{"step": "Normalise"}, {"step": "QuestionAnswers", "replies": "00"}]}
    (data / "manifest.json").write_text(json.dumps(manifest))
    return data


def test_what_the_model_that_wrote_it_was_paid_for(tmp_path: Path) -> None:
    from generators.journal import Journal, Kept

    data = synthesised(tmp_path)
    assert estimate(order(data), quiet=True)["synthesis"]["replies"] is None
    usage = {"prompt_tokens": 100, "completion_tokens": 30}
    message = {"choices": [{"message": {"content": "答"}, "finish_reason": "stop"}], "usage": usage}
    path = tmp_path / "out" / ".siku" / "journals" / "synth-qa.journal"
    with Journal(path) as journal:
        for number in range(3):
            journal.keep(bytes([number]), Kept(orjson.dumps(message), "http://127.0.0.1:1", "", 0.1))
        journal.keep(b"broken", Kept(b"{", "http://127.0.0.1:1", "", 0.1))
    paid = estimate(order(data, price=2.0, exchange_rate=7.0), quiet=True)["synthesis"]
    assert (paid["replies"], paid["prompt"], paid["completion"]) == (4, 300, 90)
    assert math.isclose(paid["total"], 390 * 2 / 1e6 * 7)
    with sqlite3.connect(path) as database:
        database.execute("drop table replies")
    with pytest.raises(SikuError, match="the journal cannot be read"):
        estimate(order(data), quiet=True)


def test_a_dataset_that_was_changed(tmp_path: Path) -> None:
    data = write_dataset(tmp_path, texts("雪。"))
    (data / "train" / "part-00000.parquet").write_bytes(b"")
    with pytest.raises(SikuError) as told:
        estimate(order(data, price=-1.0), quiet=True)
    assert told.value.exit_code == 3 and "--price -1" in told.value.why


@pytest.fixture
def run(siku: Siku) -> Siku:
    return partial(siku, HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1")


@pytest.mark.parametrize("columns", ["40", "120"])
def test_it_fits_a_narrow_terminal_and_a_pipe(run: Siku, tmp_path: Path, columns: str) -> None:
    data = write_dataset(tmp_path / "data", texts(*TEXTS))
    words = ("estimate", data, "--price", "8", "--epochs", "2", "--exchange-rate", "7.18")
    shown = run(*words, COLUMNS=columns).out
    for factor in ("× 2 epochs", "× 8 per million", "× 7.18", "= "):
        assert factor in shown
    assert "to 2,048" in shown and "counted by  estimate" in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 40
    assert run(*words, "-q").out == ""


def test_all_mistakes_at_once(run: Siku, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", texts("雪。"))
    words = ("--price", "nan", "--epochs", "0", "--exchange-rate", "-1", "--set", "max_length=8", "--tokenizer", "./no")
    error = run("estimate", data, *words, code=2).err
    assert "5 things are wrong" in error
    for part in ("--price nan", "--epochs 0", "--exchange-rate -1", "--set is for", "no tokenizer './no'"):
        assert part in error


def test_a_price_that_no_number_holds(run: Siku, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", texts("雪。"))
    error = run("estimate", data, "--price", "1e308", "--epochs", "1e308", "--json", code=2).err
    assert "more than a number can be" in error and len(error.splitlines()) == 4


def test_a_probe_of_training(run: Siku, tmp_path: Path, tiny_qwen2: Path) -> None:
    data = write_dataset(tmp_path / "data", texts(*TEXTS * 4))
    settings = ("--set", "max_length=64", "--set", "per_device_train_batch_size=2", "--set", "use_cpu=true")
    ran = run("estimate", data, "--model", tiny_qwen2, "--epochs", "2", *settings, "--json", "-q")
    assert ran.err == "" and list(ran.json) == KEYS
    probe = ran.json["training"]
    assert (probe["task"], ran.json["tokens_by"]) == ("pretrain", str(tiny_qwen2))
    assert probe["data_tokens"] == ran.json["tokens"]["train"]
    assert probe["seconds"] > 0 and probe["tokens"] == 2 * probe["data_tokens"]
    assert sorted(path.name for path in tmp_path.iterdir()) in (["cache", "data"], ["data"])
