"""What the machine has that a setting asks for, and what the settings are that the machine decides."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from pathlib import Path
from typing import Any

import orjson

from trainers.training.train_settings import OF_BITSANDBYTES, TrainSettings
from validators.errors import SikuError

PACKAGES = {"flash_attention_2": "flash_attn", "flash_attention_3": "flash_attn_interface"}
FSDP_WORDS: dict[str, dict[str, Any]] = {
    "full_shard": {"reshard_after_forward": True},
    "shard_grad_op": {"reshard_after_forward": False},
    "offload": {"cpu_offload": True},
    "auto_wrap": {},
}
QUANTISED = ("load_in_4bit", "load_in_8bit")


def is_main() -> bool:
    """Whether this is the first of several processes (torchrun, accelerate), or the only one."""
    return int(os.environ.get("RANK", "0")) == 0


def world_size() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def decide(settings: TrainSettings) -> TrainSettings:
    """Settings with those filled in that the machine decides.

    All weights are trained in float32, with bfloat16 arithmetic where the GPU has it. Under an adapter the frozen
    weights may be bfloat16 there.
    """
    bf16 = settings.bf16
    if bf16 is None:
        bf16 = has_gpu(settings) and _gpu_has_bf16()
    dtype = settings.dtype or ("bfloat16" if bf16 and settings.lora_r else "float32")
    return dataclasses.replace(settings, bf16=bf16, dtype=dtype)


def has_gpu(settings: TrainSettings) -> bool:
    import torch

    return not settings.use_cpu and torch.cuda.is_available()


def _gpu_has_bf16() -> bool:
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def machine_problems(settings: TrainSettings) -> list[SikuError]:
    """Settings whose package, GPU or file is missing."""
    found = [*_gpu_problems(settings), *_file_problems(settings)]
    if settings.lora_r and not _installed("peft"):
        found.append(_missing("lora_r", "peft", "pip install peft"))
    reporter = settings.report_to
    if reporter != "none" and not _installed(reporter):
        found.append(_missing(f"report_to={reporter}", reporter, f"pip install {reporter}"))
    return found


def _gpu_problems(settings: TrainSettings) -> list[SikuError]:
    wanted = {f"{name}=true": "bitsandbytes" for name in QUANTISED if getattr(settings, name)}
    if settings.optim in OF_BITSANDBYTES:
        wanted[f"optim={settings.optim}"] = "bitsandbytes"
    if package := PACKAGES.get(settings.attn_implementation):
        wanted[f"attn_implementation={settings.attn_implementation}"] = package
    if settings.deepspeed:
        wanted["deepspeed"] = "deepspeed"
    if settings.fsdp:
        wanted["fsdp"] = "torch"
    if settings.attn_implementation == "flex_attention":
        wanted["attn_implementation=flex_attention"] = "torch"
    if not wanted:
        return []
    gpu = has_gpu(settings)
    without = "this machine has none that torch can use" if not settings.use_cpu else "use_cpu=true leaves it out"
    found = [
        SikuError(
            f"--set {name}: it needs a GPU", why=without, next=f"leave {name.partition('=')[0]} out, or train on a GPU"
        )
        for name in wanted
        if not gpu
    ]
    found += [
        _missing(name, package, f"pip install {package}") for name, package in wanted.items() if not _installed(package)
    ]
    return found


def _file_problems(settings: TrainSettings) -> list[SikuError]:
    found = []
    if settings.deepspeed:
        try:
            orjson.loads(Path(settings.deepspeed).read_bytes())
        except (OSError, ValueError) as error:
            found.append(
                SikuError(
                    "--set deepspeed: the file cannot be read",
                    where=settings.deepspeed,
                    why=str(error),
                    next="--set deepspeed=FILE, of JSON",
                )
            )
    if settings.fsdp:
        try:
            fsdp_config(settings.fsdp)
        except SikuError as error:
            found.append(error)
    if settings.fsdp and world_size() == 1:
        found.append(
            SikuError(
                "--set fsdp: it needs more than one process", next="torchrun --nproc-per-node N $(which siku) train ..."
            )
        )
    return found


def fsdp_config(given: str) -> dict[str, Any]:
    """What transformers takes as `fsdp_config`: the content of a JSON file, or what the words of former days mean.

    Raises SikuError (exit 2) where it is neither.
    """
    words = given.split()
    if all(word in FSDP_WORDS for word in words):
        return {key: value for word in words for key, value in FSDP_WORDS[word].items()}
    try:
        config = orjson.loads(Path(given).expanduser().read_bytes())
    except (OSError, ValueError) as error:
        why = f"it is a JSON file, or of {', '.join(FSDP_WORDS)}; {error}"
        raise SikuError("--set fsdp: the file cannot be read", where=given, why=why, next="--set fsdp=FILE") from None
    if not isinstance(config, dict):
        raise SikuError("--set fsdp: the file holds no object", where=given)
    return config


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _missing(setting: str, package: str, next: str) -> SikuError:
    return SikuError(
        f"--set {setting}: the package {package} is not installed", why="siku leaves this to it", next=next
    )
