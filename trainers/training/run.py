"""One training run from an order to a model: trained, gone on from after a break, written down."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from builders.engine.progress import Progress
from trainers.training.finish import PRINTED, finish, stopped
from trainers.training.machine import fsdp_config, has_gpu, is_main, world_size
from trainers.training.models import load_model, sees_only_itself, stop_at, with_adapter
from trainers.training.order import Checked, TrainOrder, check, gather
from trainers.training.progress import TrainProgress
from trainers.training.run_folder import Checkpoint
from trainers.training.train_log import TrainLog
from trainers.training.train_settings import TrainSettings
from trainers.training.watch import LossWatch
from validators.errors import SikuError

if TYPE_CHECKING:
    from trainers.training.material import Material
    from trainers.training.trainer import Run, TokenTrainer

SET_AS_IS = (
    "max_steps",
    "num_train_epochs",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
    "learning_rate",
    "lr_scheduler_type",
    "warmup_steps",
    "weight_decay",
    "max_grad_norm",
    "optim",
    "adam_beta1",
    "adam_beta2",
    "adam_epsilon",
    "seed",
    "data_seed",
    "report_to",
    "bf16",
    "use_cpu",
    "activation_checkpointing",
    "torch_compile",
    "dataloader_num_workers",
    "deepspeed",
)  # of TrainSettings to TrainingArguments


def train(order: TrainOrder, *, quiet: bool = False) -> dict[str, Any]:
    """Train as ordered, and return what is printed. A finished run that is to go on is only told again.

    Raises SikuError: exit 2 for what is wrong with the order, 3 for a loss that goes wrong, 130 when interrupted.
    """
    began = time.monotonic()
    try:
        with be_quiet():
            checked = check(order)
            if order.resume and (result := _is_same_run(checked)):
                return {name: result[name] for name in PRINTED}
            with TrainProgress(quiet=quiet or not is_main()) as progress:
                return _train(checked, progress, began)
    except KeyboardInterrupt:
        raise order.interrupted() from None


def _is_same_run(checked: Checked) -> dict[str, Any] | None:
    """What the run in the folder came to, if it is finished. Raises SikuError (exit 2) where it is another one."""
    if differences := checked.folder.differences(checked.identity()):
        raise SikuError(
            "--resume: the run in --out is another one",
            where=str(checked.folder.path),
            why="; ".join(differences),
            next="what it was begun with, or --out with a new folder",
        )
    return checked.folder.result()


def _train(checked: Checked, progress: TrainProgress, began: float) -> dict[str, Any]:
    from trainers.training.trainer import Run, StoppedError

    settings, folder = checked.settings, checked.folder
    with Progress(quiet=progress.quiet) as reading:
        material = gather(checked, reading)
    arguments = arguments_of(settings, folder.unfinished)
    model = ready_model(checked, material)
    checkpoint = folder.last_checkpoint() if checked.order.resume else None
    watch = LossWatch(checked.source.vocabulary)
    run = Run(material, settings, folder, TrainLog(folder.path), watch, progress, began=began)
    if is_main():
        folder.begin(checked.identity())
        run.log.begin(checkpoint.step if checkpoint else -1)
    if checkpoint:
        run.restore(checkpoint.state)
    trainer = trainer_class(checked.order.task)(model, arguments, checked.tokenizer, run)
    padding_share = padding_of(trainer, material)
    try:
        steps = _run_steps(trainer, run, checkpoint)
        if run.interrupted:
            raise KeyboardInterrupt
        return finish(checked, trainer, run, checkpoint, {"padding_share": padding_share, "steps": steps})
    except StoppedError as error:
        raise stopped(checked, run, error) from None
    except RuntimeError as error:
        raise _too_little_memory(error) or error from None
    finally:
        run.log.close()


def ready_model(checked: Checked, material: Material) -> Any:
    """The model with its adapter, that stops where it should, and in which packed documents are apart."""
    order, settings = checked.order, checked.settings
    model = with_adapter(load_model(checked.source, order.task, settings), order.task, settings)
    stop_at(model, material.stop_ids)
    if settings.model_max_length:
        checked.tokenizer.model_max_length = max(settings.model_max_length, checked.source.max_positions or 0)
    if order.task == "seq2seq" or not settings.packing or settings.fsdp or settings.deepspeed:
        return model
    if has_gpu(settings) and not (settings.load_in_4bit or settings.load_in_8bit):
        model = model.to("cuda")
    if not sees_only_itself(model, flat=not material.padded):
        raise SikuError(
            "in this model documents in one row see each other",
            where=checked.source.name,
            why=f"{type(model).__name__} does not tell them apart by their positions",
            next="--set packing=false",
        )
    return model


def trainer_class(task: str) -> type[TokenTrainer]:
    """Its import takes seconds."""
    from trainers.training.seq2seq_trainer import PairTrainer
    from trainers.training.trainer import TokenTrainer

    return PairTrainer if task == "seq2seq" else TokenTrainer


def arguments_of(settings: TrainSettings, folder: Path, **others: Any) -> Any:
    """transformers' TrainingArguments. What is logged, judged and kept when: see `trainer.py`."""
    from transformers import TrainingArguments

    given = {name: getattr(settings, name) for name in SET_AS_IS} | others
    if settings.fsdp:
        given |= {"fsdp": True, "fsdp_config": fsdp_config(settings.fsdp)}
    os.environ.setdefault("TENSORBOARD_LOGGING_DIR", str(folder.parent / "runs"))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # processes that load data are forked after tokenising
    try:
        return TrainingArguments(
            output_dir=str(folder),
            logging_strategy="no",
            save_strategy="no",
            eval_strategy="no",
            remove_unused_columns=False,
            label_names=["labels"],
            logging_nan_inf_filter=False,
            disable_tqdm=True,
            dataloader_pin_memory=has_gpu(settings),
            ddp_find_unused_parameters=False,
            **given,
        )
    except (ValueError, ImportError) as error:
        raise SikuError("these settings cannot be trained with", why=str(error).splitlines()[0]) from error


def padding_of(trainer: TokenTrainer, material: Material) -> float:
    """Padding / all positions of the first epoch, in the batches that there will be."""
    lengths = material.train.row_tokens()
    if not material.padded:
        return 0.0
    batches: Any = trainer.get_train_dataloader().batch_sampler
    positions = tokens = 0
    for batch in batches:
        positions += material.train.positions(batch)
        tokens += int(lengths[batch].sum())
    return 1 - tokens / positions


def _run_steps(trainer: TokenTrainer, run: Run, checkpoint: Checkpoint | None) -> int:
    """Take the steps that are left; returns how many the whole run has. After the last, the checkpoint is the model."""
    state = _trainer_state(checkpoint)
    if state and state["global_step"] >= state["max_steps"]:
        return int(state["global_step"])
    with _interruptible(run):
        trainer.train(resume_from_checkpoint=str(checkpoint.folder) if checkpoint else None)
    trainer.count()
    return int(trainer.state.max_steps)


def _trainer_state(checkpoint: Checkpoint | None) -> dict[str, Any]:
    if checkpoint is None:
        return {}
    state: dict[str, Any] = orjson.loads((checkpoint.folder / "trainer_state.json").read_bytes())
    return state


def _too_little_memory(error: RuntimeError) -> SikuError | None:
    import torch

    if not isinstance(error, torch.OutOfMemoryError):
        return None
    return SikuError(
        "the GPU has too little memory",
        why=str(error).splitlines()[0][:200],
        next="a smaller per_device_train_batch_size, more gradient_accumulation_steps, activation_checkpointing=true",
    )


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """At the first Ctrl-C the step is finished and kept, at the second all ends at once.

    Several processes would wait for each other if they did not end at the same step: with them, all ends at once.
    """
    if threading.current_thread() is not threading.main_thread() or world_size() > 1:
        yield
        return

    def stop(number: int, frame: Any) -> None:
        if run.interrupted:
            raise KeyboardInterrupt
        run.interrupted = True
        run.progress.say("stopping after this step; Ctrl-C once more stops at once")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def be_quiet() -> Iterator[None]:
    """No bars and no remarks of the libraries: what matters of them is found out and said here."""
    import transformers.utils.logging

    remarks: Any = transformers.utils.logging
    remarks.set_verbosity_error()
    remarks.disable_progress_bar()
    for name in ("accelerate", "huggingface_hub", "peft", "torch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
