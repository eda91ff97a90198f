"""Whole runs on tiny models: what is printed, what lies in the folder, what stops a run, what is refused."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.corpora import passage
from tests.running import digests
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.settings import takes
from trainers.training.finish import PRINTED
from trainers.training.order import TrainOrder
from trainers.training.run import train
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError

SMALL = {"max_length": 64, "per_device_train_batch_size": 2, "logging_steps": 1, "use_cpu": True}
NOVEL = [passage(f"run {number}", 60 + 15 * number) for number in range(10)]
TALKS = [
    ["系统：你是茶客", "今天喝什么", "喝绿茶"],
    ["昨天呢", "昨天喝了红茶，也很好"],
    ["下雨了", "那就在家里", "明天呢", "明天去河边"],
    ["书在哪里", "在旧书铺"],
    ["谁来了", "船夫来了，还有两个孩子"],
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "novel", texts(*NOVEL), texts(*NOVEL[:2]), name="novel")


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "chat", talks(*TALKS), talks(*TALKS[:2]), name="chat")


def run(task: str, data: Path, model: Path, out: Path, **values: Any) -> dict[str, Any]:
    return train(TrainOrder(task, str(data), str(model), out, SMALL | values), quiet=True)


def resume(task: str, data: Path, model: Path, out: Path, **values: Any) -> dict[str, Any]:
    return train(TrainOrder(task, str(data), str(model), out, SMALL | values, resume=True), quiet=True)


def log_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "train_log.jsonl").read_text().splitlines()]


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_a_run_tells_what_it_came_to(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("pretrain", novel, tiny_qwen2, out, num_train_epochs=2, save_steps=3)
    assert tuple(result) == PRINTED
    manifest = json.loads((novel / "manifest.json").read_text())
    assert result["data"] == {"name": "novel", "version": "1", "fingerprint": manifest["fingerprint"]}
    assert (result["task"], result["rows"], result["rows_too_long"]) == ("pretrain", {"train": 10, "valid": 2}, 0)
    assert (result["tokens_dropped"], result["resumed_from"], result["epochs"]) == (0, None, 2.0)
    assert result["tokens"] == 2 * result["data_tokens"] > result["trained_tokens"] > 0
    assert 0 <= result["padding_share"] < 0.2
    assert result["perplexity"] == math.exp(result["eval_loss"])
    assert result["checkpoint"] == str(out / f"checkpoint-{result['steps']}")
    assert {path.name for path in out.iterdir()} == {
        *(path.name for path in tiny_qwen2.iterdir()),
        *("run.json", "training.json", "train_log.jsonl", "loss.svg"),
        *(f"checkpoint-{step}" for step in sorted({*range(3, result["steps"], 3), result["steps"]})[-2:]),
    }
    written = json.loads((out / "training.json").read_text())
    assert {name: written[name] for name in PRINTED} == result
    assert written["settings"].keys() == takes(TrainSettings, "pretrain") | takes(TrainSettings, "seq2seq") | {
        "chat_template_path"
    }
    assert written["settings"]["max_length"] == 64
    assert written["packages"]["torch"] == torch.__version__
    assert written["command"].startswith("siku train pretrain --data ")
    for folder in (out, Path(result["checkpoint"])):  # the cache is off only while packed rows are trained on
        assert json.loads((folder / "config.json").read_text())["use_cache"] is True
    assert ET.parse(out / "loss.svg").getroot().tag.endswith("svg")


def test_every_step_is_in_the_log(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("pretrain", novel, tiny_qwen2, out, max_steps=5, logging_steps=2, eval_strategy="steps", eval_steps=3)
    losses = [line for line in log_of(out) if "loss" in line]
    assert [line["step"] for line in losses] == [2, 4, 5]  # and the last one
    assert all(line.keys() == {"step", "epoch", "loss", "lr", "grad_norm"} for line in losses)
    judged = [line for line in log_of(out) if "eval_loss" in line]
    assert [line["step"] for line in judged] == [0, 3, 5]
    assert all(line.keys() == {"step", "eval_loss"} for line in judged)
    assert result["train_loss"] == losses[-1]["loss"]
    assert result["eval_loss"] == judged[-1]["eval_loss"] < judged[0]["eval_loss"]


def test_without_valid_rows_nothing_is_judged(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", texts(*NOVEL))
    result = run("pretrain", data, tiny_qwen2, tmp_path / "out", max_steps=1, save_strategy="no")
    assert [result[name] for name in ("eval_loss", "perplexity", "perplexity_char", "checkpoint")] == [None] * 4
    assert all("eval_loss" not in line for line in log_of(tmp_path / "out"))


def test_batches_that_are_accumulated_are_one_batch(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    """Rows of different lengths: a mean of means would be another loss."""
    values = {"max_steps": 3, "packing": False, "save_strategy": "no", "learning_rate": 1e-3}
    run("pretrain", novel, tiny_qwen2, tmp_path / "whole", per_device_train_batch_size=4, **values)
    run("pretrain", novel, tiny_qwen2, tmp_path / "parts", gradient_accumulation_steps=4, **values | PER_ROW)
    whole, parts = log_of(tmp_path / "whole"), log_of(tmp_path / "parts")
    for one, other in zip(whole, parts, strict=True):
        for name in one.keys() - {"epoch"}:
            assert one[name] == pytest.approx(other[name], rel=1e-4), name


PER_ROW = {"per_device_train_batch_size": 1}


def test_the_first_loss_is_that_of_the_tokens_alone(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    result = run("pretrain", novel, tiny_qwen2, tmp_path / "out", max_length=2048, max_steps=1)  # nothing is cut
    tokenizer: Any = AutoTokenizer.from_pretrained(tiny_qwen2)
    model: Any = AutoModelForCausalLM.from_pretrained(tiny_qwen2, dtype=torch.float32)
    total, count = 0.0, 0
    for text in NOVEL:
        ids = torch.tensor([[*tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
        with torch.no_grad():
            likely = model(ids).logits[0, :-1].log_softmax(-1)
        total -= float(likely.gather(1, ids[0, 1:, None]).sum())
        count += ids.shape[1] - 1
    assert result["trained_tokens"] == count
    assert log_of(tmp_path / "out")[1]["loss"] == pytest.approx(total / count, abs=1e-5)


def test_conversations_teach_the_answers_and_the_stop_token(chat: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out = tmp_path / "out"
    values = {"max_length": 256, "num_train_epochs": 40, "learning_rate": 3e-3, "save_strategy": "no"}
    result = run("sft", chat, tiny_qwen2, out, **values)
    assert result["eval_loss"] < 0.5
    assert result["trained_tokens"] < result["tokens"]
    tokenizer: Any = AutoTokenizer.from_pretrained(out)
    model: Any = AutoModelForCausalLM.from_pretrained(out)
    stop = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert model.generation_config.eos_token_id in (stop, [stop])
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "书在哪里"}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    written = model.generate(**prompt, max_new_tokens=20, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert tokenizer.decode(written) == "在旧书铺<|im_end|>"


def test_rows_that_are_too_long_stop_or_are_left_out(chat: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    with pytest.raises(SikuError, match=r"2 things are wrong") as caught:
        run("sft", chat, tiny_qwen2, tmp_path / "out", max_length=24)
    assert caught.value.exit_code == 2
    for split in ("train", "valid"):
        assert f"rows of {split} are longer than max_length 24" in caught.value.why
    assert not (tmp_path / "out").exists()
    result = run("sft", chat, tiny_qwen2, tmp_path / "out", max_length=24, too_long="skip", max_steps=1)
    assert 0 < result["rows_too_long"] < 5
    assert 0 < result["tokens_dropped"] < result["data_tokens"]


def test_an_adapter_is_all_that_is_saved_of_a_lora(chat: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    before = digests(tiny_qwen2)
    out = tmp_path / "out"
    run("sft", chat, tiny_qwen2, out, max_length=256, max_steps=2, lora_r=4, merge_adapter=True)
    names = {path.name for path in out.iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "generation_config.json", "merged"} <= names
    assert "model.safetensors" not in names
    assert digests(tiny_qwen2) == before
    assert {"model.safetensors", "config.json", "generation_config.json", "tokenizer.json"} <= {
        path.name for path in (out / "merged").iterdir()
    }
    AutoTokenizer.from_pretrained(out / "merged")
    base, merged = weights_of(tiny_qwen2), weights_of(out / "merged")
    changed = {name for name in base if not torch.equal(base[name], merged[name])}
    assert changed
    assert all("proj" in name for name in changed)


@pytest.mark.parametrize(
    ("rate", "said"),
    [(1e30, "the loss is nan"), (0.5, "guessing would be")],
)
def test_a_loss_that_goes_wrong_stops_the_run(
    novel: Path, tiny_qwen2: Path, tmp_path: Path, rate: float, said: str
) -> None:
    out = tmp_path / "out"
    values = {"learning_rate": rate, "save_steps": 1, "max_steps": 9, "eval_on_start": False}
    with pytest.raises(SikuError, match=r"training stopped at step \d") as caught:
        run("pretrain", novel, tiny_qwen2, out, lr_scheduler_type="constant", **values)
    assert caught.value.exit_code == 3
    assert said in caught.value.what
    told = json.loads((out / "stopped.json").read_text())
    last = told["steps"][-1]
    assert last["documents"]
    assert last["documents"][0] in caught.value.where
    assert set(last["documents"]) <= {f"t{number}" for number in range(10)}
    assert f"at step {last['step']}: " in caught.value.what
    assert (out / f"checkpoint-{last['step'] - 1}" / "model.safetensors").exists()
    assert not (out / "training.json").exists()
    assert [line["step"] for line in log_of(out)] == list(range(1, last["step"]))


def test_the_batch_that_is_named_is_the_one_with_the_bad_row(tiny_qwen2: Path, tmp_path: Path) -> None:
    """A model that is broken for one token: only the document that has it makes the loss no number."""
    from safetensors.torch import save_file
    from transformers import AutoTokenizer

    model = Path(shutil.copytree(tiny_qwen2, tmp_path / "model"))
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    weights = weights_of(model)
    (number,) = tokenizer("\u0007", add_special_tokens=False)["input_ids"]
    weights["model.embed_tokens.weight"][number] = math.inf
    config = json.loads((model / "config.json").read_text())
    weights["lm_head.weight"] = torch.zeros_like(weights["model.embed_tokens.weight"])
    (model / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    data = write_dataset(tmp_path / "data", texts(*NOVEL[:5], "坏\u0007的一行", *NOVEL[5:]))
    values = {"packing": False, "learning_rate": 1e-9, "max_grad_norm": 0, "save_strategy": "no"}
    with pytest.raises(SikuError, match="the loss is nan") as caught:
        run("pretrain", data, model, tmp_path / "out", **values | PER_ROW)
    assert caught.value.where == "its batch has the documents t5"


def test_a_finished_run_is_told_again_and_left_alone(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("pretrain", novel, tiny_qwen2, out, max_steps=2)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert resume("pretrain", novel, tiny_qwen2, out, max_steps=2) == result
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    with pytest.raises(SikuError, match="--out is in use") as caught:
        run("pretrain", novel, tiny_qwen2, out, max_steps=2)
    assert caught.value.exit_code == 2
    assert "--set max_steps=2 --resume goes on with it" in caught.value.next


def test_another_run_is_not_gone_on_with(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("pretrain", novel, tiny_qwen2, out, max_steps=1, save_strategy="no")
    model = Path(shutil.copytree(tiny_qwen2, tmp_path / "model"))
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-2] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    data = write_dataset(tmp_path / "other", texts(*NOVEL[1:]), name="novel")
    with pytest.raises(SikuError, match="the run in --out is another one") as caught:
        resume("pretrain", data, model, out, max_steps=2, save_strategy="no", seed=7)
    assert caught.value.exit_code == 2
    for field in ("data.fingerprint was ", "model.sha256 was "):
        assert field in caught.value.why
    assert "settings.max_steps was 1, is 2; settings.seed was 42, is 7" in caught.value.why
    moved = Path(shutil.copytree(tiny_qwen2, tmp_path / "moved"))
    assert resume("pretrain", novel, moved, out, max_steps=1, save_strategy="no")["steps"] == 1


def test_all_that_is_wrong_is_told_at_once(chat: Path, tiny_t5: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "config.json").write_text("{}")
    with pytest.raises(SikuError, match="6 things are wrong") as caught:
        run("pretrain", chat, tiny_t5, out, max_lenght=3, attn_implementation="flash_attention_2")
    for mistake in (
        "--set max_lenght=3",
        "it needs a GPU",
        "the package flash_attn is not installed",
        "holds a model that no run of siku put there",
        "is no model for pretrain",
        "has no column 'text'",
    ):
        assert mistake in caught.value.why
    with pytest.raises(SikuError, match="no column 'text'"):
        run("pretrain", chat, tiny_qwen2, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_base_without_a_chat_template_gets_one(chat: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    model = Path(shutil.copytree(tiny_qwen2, tmp_path / "model"))
    (model / "chat_template.jinja").rename(tmp_path / "chatml.jinja")
    with pytest.raises(SikuError, match="has no chat template"):
        run("sft", chat, model, tmp_path / "out")
    values = {"max_length": 256, "max_steps": 1, "chat_template_path": str(tmp_path / "chatml.jinja")}
    run("sft", chat, model, tmp_path / "out", **values)
    assert (tmp_path / "out" / "chat_template.jinja").read_text() == (tmp_path / "chatml.jinja").read_text()


def test_ids_that_the_model_has_no_vector_for_are_told(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    model = Path(shutil.copytree(tiny_qwen2, tmp_path / "model"))
    Qwen2ForCausalLM(
        Qwen2Config(vocab_size=500, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    ).save_pretrained(model)
    with pytest.raises(SikuError, match="2 things are wrong") as caught:
        run("pretrain", novel, model, tmp_path / "out")
    assert caught.value.why.count("is beyond the embedding of the model, which has 500") == 2  # of train and valid


def test_the_order_of_rows_is_that_of_the_seed(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    losses = []
    for number, values in enumerate(({}, {}, {"data_seed": 1}, {"seed": 1})):
        run("pretrain", novel, tiny_qwen2, tmp_path / str(number), max_steps=2, save_strategy="no", **values)
        losses.append([line["loss"] for line in log_of(tmp_path / str(number)) if "loss" in line])
    assert losses[0] == losses[1]
    assert losses[2] == losses[3] != losses[0]  # a tiny model has no dropout: the seed is all in the order


def test_the_first_ctrl_c_keeps_the_step(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    log = out / "train_log.jsonl"

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (log.exists() and '"step":2,' in log.read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    waiter = threading.Thread(target=interrupt)
    waiter.start()
    with pytest.raises(SikuError, match="interrupted") as caught:
        run("pretrain", novel, tiny_qwen2, out, max_steps=200)
    waiter.join()
    assert caught.value.exit_code == 130
    assert caught.value.next.endswith("--set max_steps=200 --resume")
    (checkpoint,) = out.glob("checkpoint-*")
    assert int(checkpoint.name.partition("-")[2]) == log_of(out)[-1]["step"] >= 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_padding_is_what_the_batches_have(novel: Path, tiny_qwen2: Path, tmp_path: Path) -> None:
    values = {"packing": False, "save_strategy": "no", "max_length": 1024, "max_steps": 1}
    alone = run("pretrain", novel, tiny_qwen2, tmp_path / "alone", **values | PER_ROW)
    pairs = run("pretrain", novel, tiny_qwen2, tmp_path / "pairs", **values)
    everything = run("pretrain", novel, tiny_qwen2, tmp_path / "all", **values | {"per_device_train_batch_size": 10})
    assert alone["padding_share"] == 0.0
    assert 0 < pairs["padding_share"] < everything["padding_share"]
    lengths = np.array([len(text) for text in NOVEL])
    assert everything["padding_share"] == pytest.approx(1 - lengths.mean() / lengths.max(), abs=0.1)
