"""What a training run would take: tokens, steps, memory and time, from five steps that are thrown away."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders.engine.progress import Progress
from trainers.training.machine import has_gpu, world_size
from trainers.training.material import Material
from trainers.training.order import Checked, TrainOrder, check, gather
from trainers.training.progress import TrainProgress
from trainers.training.run import arguments_of, be_quiet, padding_of, ready_model, trainer_class
from trainers.training.run_folder import RunFolder
from trainers.training.train_log import TrainLog
from trainers.training.train_settings import TrainSettings
from trainers.training.watch import LossWatch
from validators.errors import SikuError

if TYPE_CHECKING:
    from trainers.training.trainer import TokenTrainer

STEPS = 5
UNTIMED = 2  # of them, at the beginning: memory is still being set up
STATUS = Path("/proc/self/status")
RESET = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"  # man 5 proc


def dry_run(order: TrainOrder, *, quiet: bool = False) -> dict[str, Any]:
    """What `train` would come to, as it is printed. Nothing is written but tokens, which training would take over.

    `memory` is in bytes, of one process; its `activations` are what steps take beyond weights, gradients and optimiser.
    """
    with be_quiet():
        checked = check(order)
        with Progress(quiet=quiet) as reading:
            material = gather(checked, reading)
        with tempfile.TemporaryDirectory() as scratch, TrainProgress(quiet=quiet) as progress:
            return _probe(checked, dataclasses.replace(material, judged=None), progress, RunFolder(Path(scratch)))


def _probe(checked: Checked, material: Material, progress: TrainProgress, folder: RunFolder) -> dict[str, Any]:
    from trainers.training.trainer import Run, StoppedError

    probed = dataclasses.replace(checked.settings, save_strategy="no", report_to="none", max_steps=STEPS)
    model = ready_model(checked, material)
    log = TrainLog(folder.path)
    log.begin(-1)
    run = Run(material, probed, folder, log, LossWatch(checked.source.vocabulary), progress)
    trainer = trainer_class(checked.order.task)(model, arguments_of(probed, folder.unfinished), checked.tokenizer, run)
    clock = _add_clock(trainer)
    padding_share = padding_of(trainer, material)
    before = _memory(checked.settings, forget=True)
    try:
        trainer.train()
    except StoppedError as error:
        raise SikuError(f"a step of the probe went wrong: {error.reason}", exit_code=3) from None
    finally:
        log.close()
    took = _memory(checked.settings) - before
    steps, tokens = _extent(checked.settings, material)
    step_s = statistics.median(after - was for was, after in zip(clock[UNTIMED - 1 :], clock[UNTIMED:], strict=False))
    return {
        "task": checked.order.task,
        "model": checked.order.model,
        "data": checked.data.data(),
        "rows": checked.data.rows,
        "rows_too_long": material.rows_too_long,
        "data_tokens": material.data_tokens,
        "tokens_dropped": material.tokens_dropped,
        "padding_share": padding_share,
        "steps": steps,
        "tokens": tokens,
        **_sizes(trainer, took),
        "tokens_per_second": tokens / (steps * step_s),
        "seconds": steps * step_s,
        "path": str(checked.order.out),
    }


def _add_clock(trainer: TokenTrainer) -> list[float]:
    """When each step ended."""
    from transformers import TrainerCallback

    ends: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
            ends.append(time.monotonic())

    trainer.add_callback(Clock())
    return ends


def _extent(settings: TrainSettings, material: Material) -> tuple[int, int]:
    """Steps and tokens of the whole run."""
    batches = math.ceil(len(material.train) / (settings.per_device_train_batch_size * world_size()))
    an_epoch = math.ceil(batches / settings.gradient_accumulation_steps)
    steps = settings.max_steps if settings.max_steps > 0 else math.ceil(settings.num_train_epochs * an_epoch)
    return steps, round(int(material.train.row_tokens().sum()) * steps / an_epoch)


def _sizes(trainer: TokenTrainer, took: int) -> dict[str, Any]:
    """Parameters, and the memory of a step. `took` is what training took beyond the weights, in bytes."""
    import torch

    model: Any = trainer.model
    parameters = list(model.parameters())
    trained = [one for one in parameters if one.requires_grad]
    optimiser: Any = trainer.optimizer
    states = [one for state in optimiser.state.values() for one in state.values() if torch.is_tensor(one)]
    memory = {
        "weights": sum(one.numel() * one.element_size() for one in parameters),
        "gradients": sum(one.numel() * one.element_size() for one in trained),
        "optimiser": sum(one.numel() * one.element_size() for one in states),
    }
    memory["activations"] = max(0, took - memory["gradients"] - memory["optimiser"])
    return {
        "parameters": sum(one.numel() for one in parameters),
        "trained_parameters": sum(one.numel() for one in trained),
        "memory": memory | {"total": sum(memory.values())},
    }


def _memory(settings: TrainSettings, *, forget: bool = False) -> int:
    """The most memory that was in use, in bytes, of the GPU or of this process; `forget` begins anew from here."""
    if has_gpu(settings):
        import torch

        if forget:
            torch.cuda.reset_peak_memory_stats()
        return int(torch.cuda.max_memory_allocated())
    if forget:
        with contextlib.suppress(OSError):
            RESET.write_text(FORGET_PEAK)
    with contextlib.suppress(OSError):
        peaks = [line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")]
        return int(peaks[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
