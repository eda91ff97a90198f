"""The files of examples/distributed are what the settings take, and what transformers and accelerate understand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.running import HOME
from trainers.training.machine import FSDP_WORDS, fsdp_config, machine_problems
from trainers.training.run import arguments_of
from trainers.training.train_settings import read_train_settings
from validators.errors import SikuError

FILES = HOME / "examples" / "distributed"
FSDP = FILES / "fsdp2.json"
DEEPSPEED = sorted(FILES.glob("deepspeed_*.json"))


@pytest.mark.parametrize("file", sorted(FILES.glob("*.json")), ids=lambda file: file.name)
def test_a_file_is_no_mistake_by_itself(file: Path) -> None:
    key = "fsdp" if file == FSDP else "deepspeed"
    read = read_train_settings("pretrain", {key: str(file)})
    assert read.problems == []
    assert [problem.what for problem in machine_problems(read.settings) if "the file" in problem.what] == []


@pytest.mark.parametrize("given", [str(FSDP), "full_shard auto_wrap", "shard_grad_op offload"])
def test_transformers_makes_fsdp2_of_it(tmp_path: Path, given: str) -> None:
    from accelerate.utils import FullyShardedDataParallelPlugin

    settings = read_train_settings("pretrain", {"fsdp": given, "use_cpu": "true", "bf16": "false"}).settings
    arguments = arguments_of(settings, tmp_path)
    made = arguments.fsdp_plugin_args
    assert made["fsdp_version"] == 2
    plugin = FullyShardedDataParallelPlugin(**made)
    assert plugin.reshard_after_forward is (given != "shard_grad_op offload")
    assert (type(plugin.cpu_offload).__name__ == "CPUOffloadPolicy") is ("offload" in given.split())
    assert str(plugin.state_dict_type).endswith("FULL_STATE_DICT")  # so that the saved model is one file


@pytest.mark.parametrize("file", DEEPSPEED, ids=lambda file: file.name)
def test_accelerate_reads_it_as_deepspeed(file: Path) -> None:
    from accelerate.utils.deepspeed import HfDeepSpeedConfig

    config = HfDeepSpeedConfig(str(file))
    stage = int(file.stem[-1])
    assert (config.is_zero2(), config.is_zero3()) == (stage == 2, stage == 3)
    assert not config.is_offload()
    ours = ("gradient_clipping", "gradient_accumulation_steps", "train_micro_batch_size_per_gpu", "train_batch_size")
    assert [config.get_value(name) for name in ours] == ["auto"] * 4  # siku's own settings decide
    assert config.get_value("optimizer") is None


def test_what_is_neither_file_nor_word_is_told(tmp_path: Path) -> None:
    for given in ("full_sharding", str(tmp_path / "none.json")):
        with pytest.raises(SikuError, match="fsdp: the file cannot be read") as caught:
            fsdp_config(given)
        assert all(word in caught.value.why for word in FSDP_WORDS)
    (tmp_path / "list.json").write_text(json.dumps(["full_shard"]))
    with pytest.raises(SikuError, match="no object"):
        fsdp_config(str(tmp_path / "list.json"))


def test_fsdp_is_not_left_out_in_silence() -> None:
    """accelerate shards on no CPU, and does not say so."""
    settings = read_train_settings("pretrain", {"fsdp": str(FSDP), "use_cpu": "true"}).settings
    assert "--set fsdp: it needs a GPU" in [problem.what for problem in machine_problems(settings)]
