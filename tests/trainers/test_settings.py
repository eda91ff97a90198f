"""`--set` of training: types, defaults of a task, old names, all mistakes at once."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.settings import read_settings, split_words, takes
from trainers.training.train_settings import OPTIMISERS, SCHEDULES, TASKS, TrainSettings, read_train_settings


def mistakes(task: str, **values: object) -> list[str]:
    return [problem.what for problem in read_train_settings(task, values).problems]


@pytest.mark.parametrize(
    ("task", "values", "rate"),
    [
        ("pretrain", {}, 3e-4),
        ("sft", {}, 2e-5),
        ("seq2seq", {}, 1e-4),
        ("sft", {"lora_r": "8"}, 2e-4),
        ("pretrain", {"learning_rate": "0.5"}, 0.5),
    ],
)
def test_the_learning_rate_is_the_task_s_own(task: str, values: dict[str, str], rate: float) -> None:
    read = read_train_settings(task, values)
    assert (read.settings.learning_rate, read.problems) == (rate, [])


def test_defaults_are_those_of_the_contract() -> None:
    settings = read_train_settings("pretrain", {}).settings.as_json("pretrain")
    for name, value in {
        "max_length": 1024,
        "packing": True,
        "packing_strategy": "fill",
        "max_steps": -1,
        "num_train_epochs": 1.0,
        "per_device_train_batch_size": 8,
        "lr_scheduler_type": "cosine",
        "optim": "adamw_torch_fused",
        "seed": 42,
        "logging_steps": 10,
        "eval_strategy": "no",
        "eval_on_start": True,
        "save_strategy": "steps",
        "save_steps": 500,
        "save_total_limit": 2,
        "report_to": "none",
        "attn_implementation": "sdpa",
        "lora_r": 0,
        "lora_target_modules": "all-linear",
    }.items():
        assert settings[name] == value, name
    assert settings["max_source_length"] is None  # of another task


def test_every_value_has_the_type_of_its_key() -> None:
    values = {
        "max_steps": "20",
        "learning_rate": "1e-4",
        "packing": "false",
        "warmup_steps": "0.1",
        "lora_r": "4",
        "lora_target_modules": "q_proj, v_proj",
        "save_total_limit": "none",
        "model_max_length": "4096",
    }
    read = read_train_settings("pretrain", values)
    assert read.problems == []
    assert read.given == values.keys()
    settings = read.settings
    assert (settings.max_steps, settings.learning_rate, settings.packing) == (20, 1e-4, False)
    assert (settings.warmup_steps, settings.save_total_limit, settings.model_max_length) == (0.1, None, 4096)
    assert settings.lora_target_modules == ("q_proj", "v_proj")
    assert settings.lora_alpha == 8.0


def test_values_of_a_file_are_typed_already() -> None:
    read = read_train_settings("sft", {"max_steps": 3, "packing": False, "learning_rate": 1, "lora_r": 2})
    assert read.problems == []
    assert (read.settings.max_steps, read.settings.packing, read.settings.learning_rate) == (3, False, 1.0)
    assert mistakes("sft", max_steps=1.5) == ["--set max_steps=1.5: it must be a whole number"]
    assert mistakes("sft", max_steps=True) == ["--set max_steps=true: it must be a whole number"]
    assert mistakes("sft", packing=1) == ["--set packing=1: it must be true or false"]


@pytest.mark.parametrize(
    ("task", "name", "value", "said"),
    [
        ("pretrain", "max_lenght", "3", "did you mean max_length?"),
        ("pretrain", "max_length", "long", "it must be a whole number"),
        ("pretrain", "max_length", "1", "it must be at least 2"),
        ("pretrain", "learning_rate", "0", "it must be more than 0"),
        ("pretrain", "adam_beta1", "1", "it must be less than 1"),
        ("pretrain", "learning_rate", "nan", "it must be a number"),
        ("pretrain", "packing", "yes", "it must be true or false"),
        ("pretrain", "save_strategy", "epochs", "did you mean epoch?"),
        ("pretrain", "too_long", "skip", "this key is for sft and seq2seq"),
        ("sft", "max_source_length", "8", "this key is for seq2seq"),
        ("seq2seq", "packing", "true", "this key is for pretrain and sft"),
        ("sft", "too_long", "cut", "sft has stop and skip"),
        ("sft", "packing_strategy", "wrapped", "sft has fill and bfd_split"),
        ("pretrain", "lora_alpha", "8", "it needs lora_r above 0"),
        ("pretrain", "merge_adapter", "true", "it needs lora_r above 0"),
        ("pretrain", "max_steps", "0", "at least 1, or -1"),
        ("pretrain", "evaluation_strategy", "steps", "today this is eval_strategy=steps"),
        ("pretrain", "max_seq_length", "512", "today this is max_length=512"),
        ("pretrain", "lora_rank", "8", "today this is lora_r=8"),
        ("pretrain", "gradient_checkpointing", "true", "today this is activation_checkpointing=true"),
        ("pretrain", "use_flash_attn", "true", "today this is attn_implementation=flash_attention_2"),
        ("pretrain", "warmup_ratio", "0.03", "warmup_steps below 1 (warmup_steps=0.03)"),
        ("pretrain", "output_dir", "x", "today this is --out x"),
        ("pretrain", "model_name_or_path", "x", "today this is --model x"),
        ("pretrain", "train_file", "x", "today this is --data x"),
        ("pretrain", "sft", "true", "today this is the command `siku train sft`"),
        ("seq2seq", "max_source_text_length", "9", "today this is max_source_length=9"),
        ("seq2seq", "max_target_text_length", "9", "today this is max_target_length=9"),
        ("pretrain", "no_cuda", "true", "today this is use_cpu=true"),
        ("pretrain", "overwrite_output_dir", "true", "a finished run is never written over"),
        ("pretrain", "cutoff_len", "512", "today this is max_length=512"),
        ("pretrain", "remove_unused_columns", "false", "not needed, the task picks its columns"),
    ],
)
def test_a_mistake_says_what_would_be_right(task: str, name: str, value: str, said: str) -> None:
    found = mistakes(task, **{name: value})
    assert len(found) == 1
    assert found[0].startswith(f"--set {name}={value}: ") or name in found[0]
    assert said in found[0]


def test_all_mistakes_are_told_at_once_and_the_rest_is_kept() -> None:
    read = read_train_settings("sft", {"max_lenght": "3", "seed": "-1", "max_steps": "7", "optim": "adam"})
    assert len(read.problems) == 3
    assert read.settings.max_steps == 7


def test_settings_that_exclude_each_other_are_refused() -> None:
    both = mistakes("sft", lora_r=4, load_in_4bit=True, load_in_8bit=True)
    assert both == ["--set load_in_4bit=true: it cannot be together with load_in_8bit=true"]
    constant = mistakes("sft", lr_scheduler_type="constant", warmup_steps=5)
    assert constant == ["--set warmup_steps: constant has no warm-up; lr_scheduler_type=constant_with_warmup has"]
    assert "beyond model_max_length" in mistakes("pretrain", max_length=4096, model_max_length=2048)[0]


def test_words_that_are_no_setting_are_told() -> None:
    values, problems = split_words(["a=1", "b", "=2", "a=3", "c=x=y"])
    assert values == {"a": "3", "c": "x=y"}
    assert [problem.what for problem in problems] == [
        "--set b: it must read key=value",
        "--set =2: it must read key=value",
    ]


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=4), st.sampled_from(TASKS))
def test_anything_that_is_typed_is_read_or_refused(values: dict[str, str], task: str) -> None:
    read = read_settings(TrainSettings, values, task=task)
    assert len(read.problems) + len(read.given) == len(values)


@given(st.sampled_from(sorted(takes(TrainSettings, "pretrain"))), st.text(max_size=20))
def test_no_value_gets_past_its_rule(name: str, value: str) -> None:
    read = read_settings(TrainSettings, {name: value}, task="pretrain")
    rule = next(one.metadata["rule"] for one in dataclasses.fields(TrainSettings) if one.name == name)
    found = getattr(read.settings, name)
    if name in read.given and found is not None:
        assert rule.least is None or found >= rule.least
        assert rule.above is None or found > rule.above
        assert not rule.choices or found in rule.choices


def test_what_can_be_chosen_is_what_transformers_has() -> None:
    from transformers import SchedulerType
    from transformers.training_args import OptimizerNames

    assert set(SCHEDULES) <= {one.value for one in SchedulerType}
    assert set(OPTIMISERS) <= {one.value for one in OptimizerNames}
