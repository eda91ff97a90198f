"""Evaluation beside the same figures computed row by row, with nothing but transformers."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.engine.progress import Progress
from tests.corpora import passage
from tests.running import HOME
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.evaluation.evaluate import EVALUATION, PREDICTIONS, EvaluateSettings, Order, check_data, evaluate
from trainers.evaluation.held_out import opening_of
from trainers.evaluation.metrics import repetition, rouge
from trainers.evaluation.trained import describe, open_model
from trainers.rows.dataset import open_dataset
from validators.errors import SikuError

TEXTS = texts(*(passage(f"evaluate {number}", 120 + 90 * number) for number in range(5)), "只有一句。")
TALKS = talks(
    ("雪停了吗？", "停了。"),
    ("系统：你是船工。", "开船吗？", "风太大，不开。", "明天呢？", "明天看天。"),
    ("渡口在哪里？", passage("long answer", 200)),
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)  # two wait for each other on a busy machine


def judged(model: Path, data: Path, *metrics: str, out: Path | None = None, **settings: Any) -> dict[str, Any]:
    order = Order(
        open_dataset(str(data), data), "valid", frozenset(metrics or ("perplexity",)), EvaluateSettings(**settings)
    )
    assert not check_data(order)
    return evaluate(describe(str(model)), order, out, Progress(quiet=True))


def nll_alone(folder: Path, ids: list[int], learnt: list[bool]) -> float:
    """Of one document, shown to the model by itself, in double precision."""
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    chances = torch.log_softmax(logits, -1)
    return -sum(float(chances[place - 1, ids[place]]) for place in range(1, len(ids)) if learnt[place])


def tokenizer_of(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def windows(ids: list[int], size: int) -> Iterator[list[int]]:
    begin = 0
    while begin == 0 or begin < len(ids) - 1:
        yield ids[begin : begin + size]
        begin += size - 1


@pytest.mark.parametrize("max_length", [None, 64, 2])
def test_the_loss_of_texts(tiny_qwen2: Path, tmp_path: Path, max_length: int | None) -> None:
    rows = TEXTS if max_length != 2 else TEXTS[-1:]
    data = write_dataset(tmp_path / "data", valid=rows)
    found = judged(tiny_qwen2, data, max_length=max_length)
    tokenizer = tokenizer_of(tiny_qwen2)
    nll, tokens = 0.0, 0
    for row in rows:
        ids = [*tokenizer.encode(row["text"], add_special_tokens=False), tokenizer.eos_token_id]
        tokens += len(ids) - 1
        for window in windows(ids, max_length or 2048):
            nll += nll_alone(tiny_qwen2, window, [True] * len(window))
    characters = sum(len(row["text"]) for row in rows)
    assert (found["rows"], found["tokens"], found["characters"]) == (len(rows), tokens, characters)
    assert found["loss"] == pytest.approx(nll / tokens, rel=1e-6)
    assert found["perplexity"] == pytest.approx(math.exp(nll / tokens), rel=1e-5)
    assert found["perplexity_char"] == pytest.approx(math.exp(nll / characters), rel=1e-5)
    assert not {"rouge1", "bleu", "repetition", "predictions"} & found.keys()


def test_the_loss_of_conversations_is_of_assistant_turns_and_stop_tokens(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TALKS)
    found = judged(tiny_qwen2, data, per_device_eval_batch_size=2)
    tokenizer = tokenizer_of(tiny_qwen2)
    nll, tokens, characters = 0.0, 0, 0
    for row in TALKS:
        ids: list[int] = []
        learnt: list[bool] = []
        for message in row["messages"]:
            head = tokenizer.encode(f"<|im_start|>{message['role']}\n", add_special_tokens=False)
            said = tokenizer.encode(f"{message['content']}<|im_end|>", add_special_tokens=False)
            end = tokenizer.encode("\n", add_special_tokens=False)
            ids += [*head, *said, *end]
            learns = message["role"] == "assistant"
            learnt += [False] * len(head) + [learns] * len(said) + [False] * len(end)
            characters += len(message["content"]) * learns
        nll += nll_alone(tiny_qwen2, ids, learnt)
        tokens += sum(learnt)
    assert (found["rows"], found["tokens"], found["characters"]) == (3, tokens, characters)
    assert found["loss"] == pytest.approx(nll / tokens, rel=1e-6)


def test_batches_change_nothing(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TEXTS)
    alone, together = (judged(tiny_qwen2, data, per_device_eval_batch_size=size) for size in (1, 16))
    assert alone["loss"] == pytest.approx(together["loss"], rel=1e-6)
    assert alone["tokens"] == together["tokens"]


def test_predictions_stand_beside_what_should_come(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TEXTS)
    wanted = ("rouge", "bleu", "repetition", "distinct")
    found = judged(tiny_qwen2, data, *wanted, out=tmp_path / "out", max_new_tokens=12)
    rows = [json.loads(line) for line in (tmp_path / "out" / PREDICTIONS).read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [row["id"] for row in TEXTS[:-1]], "a text of one sentence has no rest"
    assert found["rows"] == 6
    assert found["rows_without_rest"] == 1
    for row, source in zip(rows, TEXTS, strict=False):
        assert list(row) == ["id", "prompt", "reference", "prediction", "stopped"]
        assert row["prompt"] + row["reference"] == source["text"]
        assert row["prompt"].endswith("。")
        assert row["prompt"].count("。") == 1
    scored = [rouge(row["prediction"], row["reference"]) for row in rows]
    assert found["rouge1"] == pytest.approx(sum(one.rouge1 for one in scored) / len(rows))
    assert found["repetition"] == pytest.approx(sum(repetition(row["prediction"]) for row in rows) / len(rows))
    assert found["predictions"] == str(tmp_path / "out" / PREDICTIONS)
    assert not {"loss", "perplexity", "tokens"} & found.keys()
    kept = json.loads((tmp_path / "out" / EVALUATION).read_bytes())
    assert kept["rouge1"] == found["rouge1"]
    assert kept["settings"]["max_new_tokens"] == 12
    assert {path.name for path in (tmp_path / "out").iterdir()} == {PREDICTIONS, EVALUATION}


def test_conversations_are_gone_on_with_before_their_last_answer(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TALKS)
    judged(tiny_qwen2, data, "rouge", out=tmp_path / "out", max_new_tokens=3)
    rows = [json.loads(line) for line in (tmp_path / "out" / PREDICTIONS).read_text(encoding="utf-8").splitlines()]
    assert [row["reference"] for row in rows] == [row["messages"][-1]["content"] for row in TALKS]
    assert rows[1]["prompt"] == (
        "<|im_start|>system\n你是船工。<|im_end|>\n<|im_start|>user\n开船吗？<|im_end|>\n"
        "<|im_start|>assistant\n风太大，不开。<|im_end|>\n<|im_start|>user\n明天呢？<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("雪停了。天亮了。", "雪停了。"),
        ("谁？我。", "谁？"),
        ("第一行\n第二行。", "第一行\n"),
        ("好！”他说。", "好！"),
        ("没有句号", "没有句号"),
        ("", ""),
    ],
)
def test_the_opening_of_a_text(text: str, opening: str) -> None:
    assert opening_of(text) == (opening, text[len(opening) :])


def test_long_conversations_stop_it_or_are_left_out(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TALKS)
    with pytest.raises(SikuError, match="1 of 3 rows of valid are longer than max_length 60") as told:
        judged(tiny_qwen2, data, max_length=60)
    assert "m2" in told.value.where
    assert "too_long=skip" in told.value.next
    found = judged(tiny_qwen2, data, "perplexity", "rouge", max_length=60, too_long="skip", max_new_tokens=2)
    assert (found["rows"], found["rows_too_long"]) == (2, 1)
    assert found["tokens"] == judged(tiny_qwen2, data, limit=2)["tokens"]


def test_a_limit_takes_the_first_rows(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TEXTS)
    few = write_dataset(tmp_path / "few", valid=TEXTS[:2])
    found = judged(tiny_qwen2, data, "perplexity", "rouge", limit=2, max_new_tokens=2)
    expected = judged(tiny_qwen2, few, "perplexity", "rouge", max_new_tokens=2)
    same = ("rows", "tokens", "characters", "loss", "rouge1")
    assert [found[name] for name in same] == [pytest.approx(expected[name]) for name in same]


def test_what_the_model_cannot_see_is_refused(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TEXTS)
    with pytest.raises(SikuError, match="max_length 4096 is beyond the 2048 positions"):
        judged(tiny_qwen2, data, max_length=4096)
    shutil.copytree(tiny_qwen2, tmp_path / "small")
    config = json.loads((tmp_path / "small/config.json").read_text())
    (tmp_path / "small/config.json").write_text(json.dumps(config | {"vocab_size": 300}))
    with pytest.raises(SikuError, match="the tokenizer is not that of the model"):
        judged(tmp_path / "small", data)


def test_data_that_cannot_be_used(tmp_path: Path) -> None:
    data = open_dataset(str(write_dataset(tmp_path / "data", train=TEXTS)), tmp_path)
    (problem,) = check_data(Order(data, "valid"))
    assert problem.what == "small 1 has no rows in valid"
    assert problem.next == "--split train"
    assert not check_data(Order(data, "train"))
    other = write_dataset(tmp_path / "other", valid=[{"id": "1", "body": "没有"}])
    (problem,) = check_data(Order(open_dataset(str(other), tmp_path), "valid"))
    assert "no column text or messages" in problem.what
    file = next((tmp_path / "data/train").iterdir())
    file.write_bytes(file.read_bytes()[:-1])
    (problem,) = check_data(Order(data, "train"))
    assert str(file) in problem.where


def make_adapter(base: Path, folder: Path) -> None:
    """A LoRA with numbers in it, and the same model with the adapter added to its weights."""
    import warnings

    import peft
    import torch
    from transformers import AutoModelForCausalLM

    warnings.simplefilter("ignore")
    torch.manual_seed(1)
    config = peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    adapted: Any = peft.get_peft_model(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), config)
    adapted.save_pretrained(folder / "adapter")
    adapted.merge_and_unload().save_pretrained(folder / "merged")
    tokenizer_of(base).save_pretrained(folder / "merged")


def test_an_adapter_is_a_model(tiny_qwen2: Path, tmp_path: Path) -> None:
    from tests.servers.tiny_qwen2 import in_child

    in_child(make_adapter, tiny_qwen2, tmp_path)
    data = write_dataset(tmp_path / "data", valid=TEXTS)
    plain, adapter, merged = (
        judged(model, data, "perplexity", "repetition", max_new_tokens=8, limit=3)
        for model in (tiny_qwen2, tmp_path / "adapter", tmp_path / "merged")
    )
    assert adapter["loss"] == pytest.approx(merged["loss"], rel=1e-5)
    assert abs(adapter["loss"] - plain["loss"]) > 1e-3
    assert adapter["repetition"] == merged["repetition"]


def test_an_adapter_stops_where_it_was_taught_to(tiny_qwen2: Path, tmp_path: Path) -> None:
    from tests.servers.tiny_qwen2 import in_child

    in_child(make_adapter, tiny_qwen2, tmp_path)
    adapter = str(tmp_path / "adapter")
    own = open_model(describe(adapter)).stop_ids
    (tmp_path / "adapter/generation_config.json").write_text(json.dumps({"eos_token_id": [7, 11]}))
    assert open_model(describe(adapter)).stop_ids == own | {7, 11}


def train_tiny(task: str, data: Path, model: Path, out: Path, **values: Any) -> dict[str, Any]:
    import torch

    from trainers.training.order import TrainOrder
    from trainers.training.run import train

    torch.set_num_threads(1)
    small = {"max_steps": 2, "per_device_train_batch_size": 2, "learning_rate": 1e-2}
    return train(TrainOrder(task, str(data), str(model), out, small | values), quiet=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "rows", "values"),
    [
        ("pretrain", TEXTS, {"max_length": 64}),
        ("pretrain", TEXTS, {"max_length": 2100, "model_max_length": 4096, "lora_r": 4}),
        ("sft", TALKS, {"max_length": 256, "lora_r": 4}),
    ],
)
def test_the_loss_is_what_training_says(
    tiny_qwen2: Path, tmp_path: Path, task: str, rows: list[dict[str, Any]], values: dict[str, Any]
) -> None:
    from tests.servers.tiny_qwen2 import in_child

    data = write_dataset(tmp_path / "data", train=rows, valid=rows)
    trained = in_child(train_tiny, task, data, tiny_qwen2, tmp_path / "model", **values)
    found = judged(tmp_path / "model", data, max_length=values["max_length"])
    assert trained["eval_loss"] == pytest.approx(found["loss"], rel=1e-6)
    assert trained["perplexity_char"] == pytest.approx(found["perplexity_char"], rel=1e-5)


def test_an_adapter_without_its_base(tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    file = tmp_path / "adapter/adapter_config.json"
    file.write_text(json.dumps({"base_model_name_or_path": str(tmp_path / "gone")}))
    with pytest.raises(SikuError, match="the base model of the adapter is not there") as told:
        describe(str(tmp_path / "adapter"))
    assert str(tmp_path / "gone") in told.value.why
    file.write_text("{}")
    with pytest.raises(SikuError, match="the adapter names no base model"):
        describe(str(tmp_path / "adapter"))


def nll_of_pair(folder: Path, source: str, target: str) -> tuple[float, int]:
    """And how many tokens the target has, `</s>` included."""
    import torch
    from transformers import AutoModelForSeq2SeqLM

    tokenizer = tokenizer_of(folder)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float64)
    ids = [*tokenizer.encode(target, add_special_tokens=False), tokenizer.eos_token_id]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([tokenizer.encode(source)]), labels=torch.tensor([ids])).logits[0]
    chances = torch.log_softmax(logits, -1)
    return -sum(float(chances[place, one]) for place, one in enumerate(ids)), len(ids)


def test_a_model_with_an_encoder(tiny_t5: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TALKS)
    found = judged(tiny_t5, data, "perplexity", "rouge", out=tmp_path / "out", max_new_tokens=6)
    sources = [
        "雪停了吗？",
        "系统：你是船工。\n用户：开船吗？\n助手：风太大，不开。\n用户：明天呢？\n助手：",
        "渡口在哪里？",
    ]
    targets = [row["messages"][-1]["content"] for row in TALKS]
    parts = [nll_of_pair(tiny_t5, *pair) for pair in zip(sources, targets, strict=True)]
    nll, tokens = (sum(column) for column in zip(*parts, strict=True))
    characters = sum(map(len, targets))
    assert (found["rows"], found["tokens"], found["characters"]) == (3, tokens, characters)
    assert found["loss"] == pytest.approx(nll / tokens, rel=1e-5)
    assert found["perplexity_char"] == pytest.approx(math.exp(nll / characters), rel=1e-4)
    rows = [json.loads(line) for line in (tmp_path / "out" / PREDICTIONS).read_text(encoding="utf-8").splitlines()]
    assert [row["prompt"] for row in rows] == sources
    assert [row["reference"] for row in rows] == targets


def test_long_pairs_stop_it_or_are_left_out_or_cut(tiny_t5: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", valid=TALKS)
    with pytest.raises(SikuError, match="longer than max_source_length 24 or max_target_length 20"):
        judged(tiny_t5, data, max_source_length=24, max_target_length=20)
    few: dict[str, Any] = {"max_source_length": 24, "max_target_length": 20, "max_new_tokens": 3}
    skipped = judged(tiny_t5, data, "perplexity", "rouge", too_long="skip", **few)
    assert skipped["rows"] + skipped["rows_too_long"] == 3
    cut = judged(tiny_t5, data, "perplexity", "rouge", too_long="cut", out=tmp_path / "out", **few)
    assert (cut["rows"], cut["rows_too_long"]) == (3, skipped["rows_too_long"])
    assert len((tmp_path / "out" / PREDICTIONS).read_text(encoding="utf-8").splitlines()) == 3
    with pytest.raises(SikuError, match="no column 'messages'"):
        judged(tiny_t5, write_dataset(tmp_path / "texts", valid=TEXTS))


def test_conversations_are_not_cut(tiny_qwen2: Path, tmp_path: Path) -> None:
    with pytest.raises(SikuError, match="only models with an encoder"):
        judged(tiny_qwen2, write_dataset(tmp_path / "data", valid=TALKS), too_long="cut")


MEASURE = """
import resource, sys
from pathlib import Path
from tests.trainers.evaluation.test_evaluate import judged
judged(Path(sys.argv[1]), Path(sys.argv[2]), "perplexity", "rouge", "bleu", "repetition", "distinct", max_new_tokens=8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_rows(tiny_qwen2: Path, tmp_path: Path) -> None:
    rows = texts(*(passage(f"memory {number}", 150) for number in range(20)))
    many = [{"id": f"{row['id']}-{number}", "text": row["text"]} for number in range(100) for row in rows]
    peaks = []
    for name, valid in (("few", rows), ("many", many)):
        data = write_dataset(tmp_path / name, valid=valid)
        words = [sys.executable, "-c", MEASURE, str(tiny_qwen2), str(data)]
        done = subprocess.run(words, capture_output=True, text=True, cwd=HOME, check=True, timeout=600)
        peaks.append(float(done.stdout.split()[-1]))
    assert peaks[1] - peaks[0] < 50, "MB more for a hundred times the rows"
