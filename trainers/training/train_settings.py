"""The keys of `siku train … --set`. Names are those of transformers, TRL and PEFT of today."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainers.settings import Read, key, read_settings, takes
from validators.errors import SikuError

PACKED = ("pretrain", "sft")
TURNS = ("sft", "seq2seq")
TASKS = ("pretrain", "sft", "seq2seq")
LEARNING_RATES = {"pretrain": 3e-4, "sft": 2e-5, "seq2seq": 1e-4}
LORA_LEARNING_RATE = 2e-4
SCHEDULES = (
    "constant",
    "constant_with_warmup",
    "cosine",
    "cosine_with_restarts",
    "inverse_sqrt",
    "linear",
    "polynomial",
)
OPTIMISERS = (
    "adafactor",
    "adagrad",
    "adamw_8bit",
    "adamw_torch",
    "adamw_torch_fused",
    "lion_32bit",
    "lion_8bit",
    "paged_adamw_32bit",
    "paged_adamw_8bit",
    "rmsprop",
    "sgd",
)
OF_BITSANDBYTES = tuple(name for name in OPTIMISERS if "bit" in name)
ATTENTION = ("eager", "flash_attention_2", "flash_attention_3", "flex_attention", "sdpa")
DTYPES = ("auto", "bfloat16", "float16", "float32")
REPORTERS = ("clearml", "comet_ml", "mlflow", "none", "swanlab", "tensorboard", "trackio", "wandb")


@dataclass(frozen=True)
class TrainSettings:
    """Every key of training with its default. None: it is decided by the task, the machine or another key."""

    max_length: int = key(1024, tasks=PACKED, least=2)
    packing: bool = key(True, tasks=PACKED)
    packing_strategy: str = key(
        "fill",
        tasks=PACKED,
        choices=("fill", "bfd_split", "wrapped", "minigpt"),
        by_task={"sft": ("fill", "bfd_split")},  # they differ in what they cut, and a conversation is not cut
    )
    max_source_length: int = key(256, tasks=("seq2seq",), least=2)
    max_target_length: int = key(256, tasks=("seq2seq",), least=2)
    too_long: str = key("stop", tasks=TURNS, choices=("stop", "skip", "cut"), by_task={"sft": ("stop", "skip")})
    model_max_length: int | None = key(None, tasks=PACKED, least=2)
    chat_template_path: str | None = key(None, tasks=("sft",))

    max_steps: int = key(-1, least=-1)
    num_train_epochs: float = key(1.0, above=0)
    per_device_train_batch_size: int = key(8, least=1)
    per_device_eval_batch_size: int = key(8, least=1)
    gradient_accumulation_steps: int = key(1, least=1)
    learning_rate: float | None = key(None, above=0)
    lr_scheduler_type: str = key("cosine", choices=SCHEDULES)
    warmup_steps: float = key(0.0, least=0)
    weight_decay: float = key(0.0, least=0)
    max_grad_norm: float = key(1.0, least=0)
    optim: str = key("adamw_torch_fused", choices=OPTIMISERS)
    adam_beta1: float = key(0.9, least=0, below=1)
    adam_beta2: float = key(0.999, least=0, below=1)
    adam_epsilon: float = key(1e-8, above=0)
    seed: int = key(42, least=0, most=2**32 - 1)
    data_seed: int | None = key(None, least=0, most=2**32 - 1)

    logging_steps: int = key(10, least=1)
    eval_strategy: str = key("no", choices=("no", "steps", "epoch"))
    eval_steps: int | None = key(None, least=1)
    eval_on_start: bool = key(True)
    save_strategy: str = key("steps", choices=("no", "steps", "epoch"))
    save_steps: int = key(500, least=1)
    save_total_limit: int | None = key(2, least=1)
    report_to: str = key("none", choices=REPORTERS)

    bf16: bool | None = key(None)
    use_cpu: bool = key(False)
    activation_checkpointing: bool = key(False)
    attn_implementation: str = key("sdpa", choices=ATTENTION)
    dtype: str | None = key(None, choices=DTYPES)
    torch_compile: bool = key(False)
    dataloader_num_workers: int = key(0, least=0)
    deepspeed: str | None = key(None)
    fsdp: str | None = key(None)

    lora_r: int = key(0, least=0)
    lora_alpha: float | None = key(None, above=0)
    lora_dropout: float = key(0.0, least=0, most=1)
    lora_target_modules: tuple[str, ...] = key(("all-linear",))
    use_dora: bool = key(False)
    use_rslora: bool = key(False)
    load_in_4bit: bool = key(False)
    load_in_8bit: bool = key(False)
    merge_adapter: bool = key(False)

    def as_json(self, task: str) -> dict[str, Any]:
        """Every key with its value; None for one that the task does not have."""
        known = takes(TrainSettings, task)
        values = {name: value if name in known else None for name, value in dataclasses.asdict(self).items()}
        values["lora_target_modules"] = ",".join(self.lora_target_modules)
        return values


OF_LORA = tuple(
    one.name for one in dataclasses.fields(TrainSettings) if one.name.startswith(("lora_", "use_dora", "use_rslora"))
)
NEED_LORA = ("load_in_4bit", "load_in_8bit", "merge_adapter")
OLD_NAMES = {
    "adafactor": "today this is optim=adafactor",
    "batch_size": "today this is per_device_train_batch_size={value}",
    "cutoff_len": "today this is max_length={value}",
    "dataset": "today this is --data {value}",
    "evaluation_strategy": "today this is eval_strategy={value}",
    "fp16": "there is bf16={value}",
    "gradient_checkpointing": "today this is activation_checkpointing={value}",
    "lora_rank": "today this is lora_r={value}",
    "lr": "today this is learning_rate={value}",
    "max_seq_length": "today this is max_length={value}",
    "max_source_text_length": "today this is max_source_length={value}",
    "max_target_text_length": "today this is max_target_length={value}",
    "model_name_or_path": "today this is --model {value}",
    "no_cuda": "today this is use_cpu={value}",
    "output_dir": "today this is --out {value}",
    "overwrite_output_dir": "a finished run is never written over; --out with a new folder",
    "per_gpu_eval_batch_size": "today this is per_device_eval_batch_size={value}",
    "per_gpu_train_batch_size": "today this is per_device_train_batch_size={value}",
    "remove_unused_columns": "not needed, the task picks its columns",
    "resume_from_checkpoint": "today this is --resume",
    "sft": "today this is the command `siku train sft`",
    "target_modules": "today this is lora_target_modules={value}",
    "train_file": "today this is --data {value}",
    "use_flash_attn": "today this is attn_implementation=flash_attention_2",
    "warmup_ratio": "today this is warmup_steps below 1 (warmup_steps={value})",
}


def read_train_settings(task: str, values: Mapping[str, Any], where: str = "--set") -> Read[TrainSettings]:
    """The settings of a training task, with what its kind decides filled in, and all that is wrong with them."""
    read = read_settings(TrainSettings, values, task=task, old_names=OLD_NAMES, where=where)
    settings = _decided(read.settings, task)
    problems = [*read.problems, *(SikuError(f"{where} {text}") for text in _contradictions(settings, read.given))]
    return Read(settings, read.given, problems)


def _decided(settings: TrainSettings, task: str) -> TrainSettings:
    rate = LORA_LEARNING_RATE if settings.lora_r else LEARNING_RATES[task]
    return dataclasses.replace(
        settings,
        learning_rate=settings.learning_rate or rate,
        lora_alpha=settings.lora_alpha or 2.0 * settings.lora_r,
        eval_steps=settings.eval_steps or settings.logging_steps,
    )


def _contradictions(settings: TrainSettings, given: frozenset[str]) -> list[str]:
    """Settings that are right by themselves and cannot be together."""
    found = []
    if not settings.lora_r:
        found += [f"{name}: it needs lora_r above 0" for name in OF_LORA if name in given and name != "lora_r"]
        found += [f"{name}=true: it needs lora_r above 0" for name in NEED_LORA if getattr(settings, name)]
    if settings.load_in_4bit and settings.load_in_8bit:
        found.append("load_in_4bit=true: it cannot be together with load_in_8bit=true")
    if settings.deepspeed and settings.fsdp:
        found.append("deepspeed: it cannot be together with fsdp")
    if settings.lr_scheduler_type == "constant" and settings.warmup_steps:
        found.append("warmup_steps: constant has no warm-up; lr_scheduler_type=constant_with_warmup has")
    if settings.max_steps == 0:
        found.append("max_steps=0: it must be at least 1, or -1 for whole epochs")
    if settings.model_max_length and "max_length" in given and settings.max_length > settings.model_max_length:
        found.append(f"max_length={settings.max_length}: it is beyond model_max_length={settings.model_max_length}")
    return found
