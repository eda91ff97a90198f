"""What is found out before a weight is read, and what a dry run says without writing anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.corpora import passage
from tests.trainers.small_datasets import talks, texts, write_dataset
from trainers.training.dry_run import dry_run
from trainers.training.order import Checked, TrainOrder, check
from trainers.training.run import train
from validators.errors import SikuError

NOVEL = texts(*(passage(f"order {number}", 60 + 10 * number) for number in range(6)))
SMALL = {"max_length": 64, "per_device_train_batch_size": 2, "use_cpu": True}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def order_of(task: str, data: Path, model: Path, tmp_path: Path, **values: Any) -> TrainOrder:
    return TrainOrder(task, str(data), str(model), tmp_path / "out", SMALL | values)


def refused(order: TrainOrder) -> SikuError:
    with pytest.raises(SikuError) as caught:
        check(order)
    assert caught.value.exit_code == 2
    assert not order.out.exists()
    return caught.value


def test_an_order_with_nothing_against_it_says_what_it_is_a_run_of(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", NOVEL)
    checked = check(order_of("pretrain", data, tiny_qwen2, tmp_path))
    assert isinstance(checked, Checked)
    identity = checked.identity()
    assert identity.keys() == {"task", "data", "model", "tokenizer", "processes", "settings"}
    moved = Path(shutil.copytree(data, tmp_path / "moved"))
    model = Path(shutil.copytree(tiny_qwen2, tmp_path / "model"))
    elsewhere = check(order_of("pretrain", moved, model, tmp_path / "there"))
    assert elsewhere.identity() == identity


def test_a_file_that_is_not_what_was_built_is_named(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", NOVEL)
    part = data / "train" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    assert str(part) in refused(order_of("pretrain", data, tiny_qwen2, tmp_path)).where
    (data / "manifest.json").unlink()
    assert "is not finished" in refused(order_of("pretrain", data, tiny_qwen2, tmp_path)).what


def test_rows_that_teach_nothing_are_named_together_with_other_mistakes(tiny_qwen2: Path, tmp_path: Path) -> None:
    """In a small dataset, which is looked through in no time."""
    silent = {"id": "silent", "messages": [{"role": "user", "content": "在吗"}]}
    data = write_dataset(tmp_path / "data", [*talks(["问", "答"]), silent])
    error = refused(order_of("sft", data, tiny_qwen2, tmp_path, max_lenght=3))
    assert error.what == "2 things are wrong"
    assert "did you mean max_length?" in error.why
    assert "1 row of train without a token that carries loss" in error.why
    assert "silent" in error.where


def test_the_length_that_is_told_is_enough_for_both_splits(tiny_qwen2: Path, tiny_t5: Path, tmp_path: Path) -> None:
    data = write_dataset(
        tmp_path / "data", talks(["问", passage("a", 80)]), talks([passage("b", 40), passage("c", 90)])
    )
    error = refused(order_of("sft", data, tiny_qwen2, tmp_path, oops=1))
    (needed,) = set(re.findall(r"max_length=(\d+)", error.next))
    assert not refused(order_of("sft", data, tiny_qwen2, tmp_path, oops=1, max_length=needed)).next
    values = {"max_source_length": 8, "max_target_length": 8, "use_cpu": True}
    order = TrainOrder("seq2seq", str(data), str(tiny_t5), tmp_path / "out", {"oops": 1} | values)
    told = dict(re.findall(r"(max_(?:source|target)_length)=(\d+)", refused(order).next))
    assert told.keys() == {"max_source_length", "max_target_length"}
    assert not refused(replace(order, values={"oops": 1} | values | told)).next


def test_a_turn_that_ends_in_no_stop_token_is_never_learnt_to_end(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", talks(["问", "答"]))
    model = Path(shutil.copytree(tiny_qwen2, tmp_path / "model"))
    (model / "chat_template.jinja").write_text("{% for m in messages %}{{ m.role }}：{{ m.content }}\n{% endfor %}")
    with pytest.raises(SikuError, match="ends in no special token"):
        train(order_of("sft", data, model, tmp_path), quiet=True)
    assert not (tmp_path / "out").exists()


def test_a_dataset_without_rows_to_train_on_is_refused(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", (), NOVEL)
    assert "has no rows in train" in refused(order_of("pretrain", data, tiny_qwen2, tmp_path)).what


def test_the_base_model_is_not_trained_into(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", NOVEL)
    model = Path(shutil.copytree(tiny_qwen2, tmp_path / "out"))
    (model / "run.json").write_text("{}")  # as if it had come out of a run
    with pytest.raises(SikuError, match="--out is the folder of --model"):
        check(order_of("pretrain", data, model, tmp_path))


@pytest.mark.parametrize("values", [{}, {"lora_r": 2}])
def test_a_dry_run_says_what_the_run_comes_to(values: dict[str, Any], tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", NOVEL, NOVEL[:1])
    order = order_of("pretrain", data, tiny_qwen2, tmp_path, num_train_epochs=4, **values)
    told = dry_run(order, quiet=True)
    assert not (tmp_path / "out").exists()
    memory, trained = told["memory"], told["trained_parameters"]
    assert (trained == told["parameters"]) == (not values)
    assert memory["weights"] == 4 * told["parameters"]
    assert memory["gradients"] == 4 * trained
    assert memory["optimiser"] >= 8 * trained  # Adam's two averages
    assert memory["total"] == sum(size for name, size in memory.items() if name != "total")
    assert told["seconds"] == pytest.approx(told["tokens"] / told["tokens_per_second"])
    whole = train(order, quiet=True)
    for name in ("steps", "tokens", "padding_share", "data_tokens", "rows", "path"):
        assert whole[name] == told[name], name


def test_a_dry_run_of_few_steps_counts_their_tokens(tiny_qwen2: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", NOVEL)
    whole = dry_run(order_of("pretrain", data, tiny_qwen2, tmp_path), quiet=True)
    part = dry_run(order_of("pretrain", data, tiny_qwen2, tmp_path, max_steps=2), quiet=True)
    assert part["steps"] == 2
    assert part["tokens"] == pytest.approx(whole["tokens"] * 2 / whole["steps"], abs=1)
