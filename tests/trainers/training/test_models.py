"""Models before and after their weights are read: kind, positions, adapter, stop tokens, identity."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from trainers.training.machine import decide, machine_problems
from trainers.training.models import (
    ModelSource,
    kind_problems,
    load_model,
    merge_adapter,
    model_problems,
    open_model,
    stop_at,
    tokenizer_of,
    with_adapter,
)
from trainers.training.run import be_quiet
from trainers.training.train_settings import TrainSettings, read_train_settings
from validators.errors import SikuError


def settings_of(**values: object) -> TrainSettings:
    read = read_train_settings("pretrain", values)
    assert read.problems == []
    return decide(read.settings)


@pytest.fixture
def copied(tiny_qwen2: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_qwen2, tmp_path / "model"))


@pytest.mark.parametrize("name", ["no/such/model", "./no-such-model", "."])
def test_what_is_no_model_is_refused(name: str) -> None:
    with pytest.raises(SikuError, match=r"there is no model"):
        open_model(name)


def test_an_adapter_is_not_trained(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(SikuError, match="--model is an adapter"):
        open_model(str(tmp_path))


def test_the_kind_of_model_has_to_fit_the_task(tiny_qwen2: Path, tiny_t5: Path, tmp_path: Path) -> None:
    from transformers import BertConfig

    causal, encoder_decoder = open_model(str(tiny_qwen2)), open_model(str(tiny_t5))
    BertConfig(architectures=["BertForMaskedLM"]).save_pretrained(tmp_path)
    masked = open_model(str(tmp_path))
    assert kind_problems(causal, "pretrain") == kind_problems(encoder_decoder, "seq2seq") == []
    for source, task, next in (
        (encoder_decoder, "sft", "siku train seq2seq"),
        (causal, "seq2seq", "siku train pretrain or sft"),
        (masked, "pretrain", ""),
    ):
        (problem,) = kind_problems(source, task)
        assert problem.next == next
        assert f"is no model for {task}" in problem.what


def test_rows_may_be_as_long_as_the_model_sees(tiny_qwen2: Path) -> None:
    source = open_model(str(tiny_qwen2))
    assert source.max_positions == 2048
    assert model_problems(source, "pretrain", settings_of(max_length=2048)) == []
    (problem,) = model_problems(source, "pretrain", settings_of(max_length=2049))
    assert problem.next == "--set max_length=2048, or stretch them with --set model_max_length=2049"
    assert model_problems(source, "pretrain", settings_of(max_length=4096, model_max_length=4096)) == []


def test_a_stretched_model_sees_further_and_is_saved_so(tiny_qwen2: Path, tmp_path: Path) -> None:
    with be_quiet():
        model = load_model(open_model(str(tiny_qwen2)), "pretrain", settings_of(model_max_length=8192))
        model.save_pretrained(tmp_path)
        again = load_model(open_model(str(tmp_path)), "pretrain", settings_of())
    assert again.config.max_position_embeddings == 8192
    assert again.config.rope_parameters["rope_type"] == "yarn"
    assert again.config.rope_parameters["factor"] == 4.0
    assert again.config.rope_parameters["original_max_position_embeddings"] == 2048
    with torch.no_grad():
        logits = again(input_ids=torch.arange(3000).remainder(2000).unsqueeze(0), use_cache=False).logits
    assert torch.isfinite(logits).all()


def test_a_padding_token_without_a_vector_is_not_padded_with(copied: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(copied)
    had = tokenizer.pad_token_id
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    tokenizer.save_pretrained(copied)
    source = open_model(str(copied))
    assert tokenizer.pad_token_id >= source.vocabulary
    assert tokenizer_of(source, source.name).pad_token_id == had
    source.config.pad_token_id = None
    assert tokenizer_of(source, source.name).pad_token_id == tokenizer.eos_token_id


@pytest.mark.parametrize(
    ("kind", "why"), [("GPT2Config", "not rotary"), ("Gemma3TextConfig", "several kinds"), ("Phi3Config", "longrope")]
)
def test_positions_that_cannot_be_stretched_are_told(kind: str, why: str) -> None:
    import transformers

    config = getattr(transformers, kind)(max_position_embeddings=256)
    (problem,) = model_problems(ModelSource("x", config), "pretrain", settings_of(model_max_length=512, max_length=512))
    assert "cannot be stretched" in problem.what
    assert why in problem.why
    assert config.max_position_embeddings == 256


def test_a_model_without_the_attention_that_is_asked_for(tmp_path: Path) -> None:
    from transformers import BloomConfig, BloomForCausalLM

    BloomForCausalLM(BloomConfig(vocab_size=64, hidden_size=16, n_layer=1, n_head=2)).save_pretrained(tmp_path)
    source = open_model(str(tmp_path))
    with be_quiet(), pytest.raises(SikuError, match="the model cannot be loaded") as told:
        load_model(source, "pretrain", settings_of())
    assert told.value.next == "--set attn_implementation=eager"
    with be_quiet():
        model = load_model(source, "pretrain", replace(settings_of(), attn_implementation=""))
    assert model.config._attn_implementation == "eager"


def test_weights_that_are_missing_are_not_made_up(copied: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(copied / "model.safetensors")
    del weights["model.layers.0.mlp.up_proj.weight"]
    save_file(weights, copied / "model.safetensors", metadata={"format": "pt"})
    with be_quiet(), pytest.raises(SikuError, match="1 weights of the model are missing") as caught:
        load_model(open_model(str(copied)), "pretrain", settings_of())
    assert "model.layers.0.mlp.up_proj.weight" in caught.value.why
    weights_file = copied / "model.safetensors"
    weights_file.write_bytes(weights_file.read_bytes()[:-1000])
    with be_quiet(), pytest.raises(SikuError, match="the model cannot be loaded"):
        load_model(open_model(str(copied)), "pretrain", settings_of())
    weights_file.unlink()
    with be_quiet(), pytest.raises(SikuError, match="the model cannot be loaded"):
        load_model(open_model(str(copied)), "pretrain", settings_of())


@pytest.mark.parametrize("values", [{"use_dora": False}, {"use_dora": True}])
def test_an_adapter_is_merged_into_the_weights_that_it_changes(
    tiny_qwen2: Path, tmp_path: Path, values: dict[str, bool]
) -> None:
    settings = settings_of(lora_r=4, **values)
    source = open_model(str(tiny_qwen2))
    with be_quiet():
        model = with_adapter(load_model(source, "pretrain", settings), "pretrain", settings)
        trained = [name for name, one in model.named_parameters() if one.requires_grad]
        assert trained
        assert all("lora_" in name for name in trained)
        for name, one in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(one, std=0.05)  # as if it had been trained: it begins at 0
        model.save_pretrained(tmp_path / "adapter")
        merge_adapter(source, "pretrain", settings, tmp_path / "adapter", tmp_path / "merged")
        merged = load_model(open_model(_with_tokenizer(tmp_path / "merged", tiny_qwen2)), "pretrain", settings_of())
        base = load_model(source, "pretrain", settings_of())
    ids = torch.arange(40).unsqueeze(0)
    with torch.no_grad():
        adapted, alone, without = (one.eval()(input_ids=ids).logits for one in (model, merged, base))
    assert (adapted - without).abs().max() > 0.01
    assert (adapted - alone).abs().max() < 1e-5


def _with_tokenizer(folder: Path, source: Path) -> str:
    shutil.copy(source / "tokenizer.json", folder)
    return str(folder)


def test_modules_that_the_model_does_not_have_are_told(tiny_qwen2: Path) -> None:
    settings = settings_of(lora_r=4, lora_target_modules="query")
    with be_quiet(), pytest.raises(SikuError, match="the adapter cannot be made") as caught:
        with_adapter(load_model(open_model(str(tiny_qwen2)), "pretrain", settings), "pretrain", settings)
    assert "query" in caught.value.why


def test_a_stop_token_is_added_to_those_there_are(tiny_qwen2: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    with be_quiet():
        model = load_model(open_model(str(tiny_qwen2)), "pretrain", settings_of())
        had = model.generation_config.eos_token_id
        stop_at(model, [had])
        assert model.generation_config.eos_token_id == had
        stop_at(model, [5])
        model.save_pretrained(tmp_path)
        again: Any = AutoModelForCausalLM.from_pretrained(tmp_path)
        assert again.generation_config.eos_token_id == [5, had]
        written = again.generate(torch.tensor([[1, 2]]), max_new_tokens=3, do_sample=False, pad_token_id=0)
    assert again.generation_config.eos_token_id == [5, had]  # generating does not make them anew from config.json
    assert written.shape[1] > 2


@pytest.mark.parametrize("values", [{"temperature": 0.6, "top_p": 0.9}, {"do_sample": False, "top_k": 20}])
def test_what_a_model_says_of_sampling_can_be_saved_again(copied: Path, tmp_path: Path, values: dict[str, Any]) -> None:
    (copied / "generation_config.json").write_text(json.dumps({"eos_token_id": 1, **values}))
    with be_quiet():
        model = load_model(open_model(str(copied)), "pretrain", settings_of())
        stop_at(model, [2])
        model.save_pretrained(tmp_path / "saved")
    saved = json.loads((tmp_path / "saved" / "generation_config.json").read_text())
    assert saved["eos_token_id"] == [2, 1]
    assert {name: saved[name] for name in values if name != "do_sample"} == {
        name: value for name, value in values.items() if name != "do_sample"
    }


def test_a_model_is_the_same_wherever_it_lies(tiny_qwen2: Path, copied: Path) -> None:
    identity = open_model(str(copied)).identity()
    assert identity == open_model(str(tiny_qwen2)).identity()
    (copied / "notes.txt").write_text("mine")
    assert open_model(str(copied)).identity() == identity
    weights = bytearray((copied / "model.safetensors").read_bytes())
    weights[-100] ^= 1
    (copied / "model.safetensors").write_bytes(weights)
    assert open_model(str(copied)).identity() != identity


def test_settings_for_what_is_missing_are_refused_together() -> None:
    values = {"load_in_4bit": True, "lora_r": 8, "optim": "adamw_8bit", "attn_implementation": "flash_attention_2"}
    found = [problem.what for problem in machine_problems(settings_of(use_cpu=True, fsdp="full_shard", **values))]
    assert "--set load_in_4bit=true: it needs a GPU" in found
    assert "--set attn_implementation=flash_attention_2: it needs a GPU" in found
    assert "--set optim=adamw_8bit: it needs a GPU" in found
    assert "--set fsdp: it needs more than one process" in found
    assert machine_problems(settings_of()) == []


def test_a_file_for_deepspeed_is_read_before_training(tmp_path: Path) -> None:
    found = machine_problems(settings_of(deepspeed=str(tmp_path / "none.json"), use_cpu=True))
    assert "--set deepspeed: the file cannot be read" in [problem.what for problem in found]


def test_on_a_cpu_all_is_float32() -> None:
    for values in ({}, {"lora_r": 4}):
        settings = settings_of(use_cpu=True, **values)
        assert (settings.bf16, settings.dtype) == (False, "float32")
