"""The end of a training run: the final model and what the run came to; or why it was stopped."""

from __future__ import annotations

import math
import shlex
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from builders.engine.manifest import write_whole
from trainers.problems import some_of
from trainers.training.machine import is_main
from trainers.training.models import merge_adapter
from trainers.training.order import Checked
from trainers.training.run_folder import Checkpoint
from validators.errors import SikuError

if TYPE_CHECKING:
    from trainers.training.trainer import Run, StoppedError, TokenTrainer

STOPPED = "stopped.json"
OF_A_BREAK = (
    "optimizer*",
    "scheduler.pt",
    "scaler.pt",
    "rng_state*",
    "trainer_state.json",
    "siku.json",
    "global_step*",
)
PACKAGES = ("accelerate", "numpy", "peft", "safetensors", "tokenizers", "torch", "transformers")
PRINTED = (
    "task",
    "model",
    "data",
    "rows",
    "rows_too_long",
    "data_tokens",
    "tokens_dropped",
    "padding_share",
    "steps",
    "epochs",
    "tokens",
    "trained_tokens",
    "train_loss",
    "eval_loss",
    "perplexity",
    "perplexity_char",
    "tokens_per_second",
    "seconds",
    "resumed_from",
    "checkpoint",
    "path",
)


def finish(
    checked: Checked, trainer: TokenTrainer, run: Run, checkpoint: Checkpoint | None, known: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the final model, then what the run came to."""
    folder = checked.folder
    final = folder.unfinished / "final"
    if checkpoint and checkpoint.step == known["steps"]:
        shutil.copytree(checkpoint.folder, final, ignore=shutil.ignore_patterns(*OF_A_BREAK))
    else:
        trainer.save_model(str(final))
    result = _result(checked, run, checkpoint, known)
    if not is_main():
        return result
    if checked.settings.lora_r:
        _finish_adapter(checked, trainer, final)
    folder.take_final()
    run.log.settle()
    run.log.draw()
    command = shlex.join(checked.order.command())
    settings = checked.settings.as_json(checked.order.task)
    folder.finish({**result, "settings": settings, "packages": _packages(), "command": command})
    return result


def _finish_adapter(checked: Checked, trainer: TokenTrainer, final: Path) -> None:
    """Beside an adapter lies how to stop; `merged/` is a whole model."""
    model: Any = trainer.model
    generation = model.generation_config
    generation.save_pretrained(final)
    if checked.settings.merge_adapter:
        merge_adapter(checked.source, checked.order.task, checked.settings, final, final / "merged")
        generation.save_pretrained(final / "merged")
        checked.tokenizer.save_pretrained(final / "merged")


def _result(checked: Checked, run: Run, checkpoint: Checkpoint | None, known: Mapping[str, Any]) -> dict[str, Any]:
    material, figures, order = run.material, run.figures, checked.order
    kept = checked.folder.checkpoints()
    loss, characters, pieces = figures.eval_loss, material.judged_characters, figures.eval_tokens
    values = {
        "task": order.task,
        "model": order.model,
        "data": checked.data.data(),
        "rows": checked.data.rows,
        "rows_too_long": material.rows_too_long,
        "data_tokens": material.data_tokens,
        "tokens_dropped": material.tokens_dropped,
        "padding_share": known["padding_share"],
        "steps": known["steps"],
        "epochs": figures.epoch,
        "tokens": figures.tokens,
        "trained_tokens": figures.learnt,
        "train_loss": figures.train_loss,
        "eval_loss": loss,
        "perplexity": _exp(loss),
        "perplexity_char": None if loss is None or not characters else _exp(loss * pieces / characters),
        "tokens_per_second": figures.tokens / figures.loop_seconds if figures.loop_seconds else None,
        "seconds": figures.seconds + time.monotonic() - run.began,
        "resumed_from": checkpoint.step if checkpoint else None,
        "checkpoint": str(kept[-1].folder) if kept else None,
        "path": str(order.out),
    }
    return {name: values[name] for name in PRINTED}


def _exp(value: float | None) -> float | None:
    """None for what is beyond a float, too: JSON has no infinity."""
    return None if value is None or value > math.log(1e308) else math.exp(value)


def _packages() -> dict[str, str]:
    import importlib.metadata
    import platform

    from builders import __version__

    found = {"siku": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def stopped(checked: Checked, run: Run, error: StoppedError) -> SikuError:
    """The loss went wrong: say where, and write down what was in the batches of the last steps."""
    order, rows = checked.order, run.material.train
    documents = [
        list(dict.fromkeys(one for batch in step.batches for row in batch for one in rows.row_ids(row)))
        for step in error.steps
    ]
    losses = [step.loss if math.isfinite(step.loss) else str(step.loss) for step in error.steps]
    numbers = [step.number for step in error.steps]
    steps = [
        {"step": number, "loss": loss, "documents": ids}
        for number, loss, ids in zip(numbers, losses, documents, strict=True)
    ]
    written = order.out / STOPPED
    if is_main():
        write_whole(written, orjson.dumps({"reason": error.reason, "steps": steps}, option=orjson.OPT_INDENT_2) + b"\n")
        run.log.draw()
    kept = checked.folder.checkpoints()
    last = f"the last checkpoint is of step {kept[-1].step}" if kept else "there is no checkpoint yet"
    return SikuError(
        f"training stopped at step {numbers[-1]}: {error.reason}",
        where=f"its batch has the documents {some_of(documents[-1])}",
        why=f"{written} has the batches of the last {len(steps)} steps; {last}",
        next="look at these documents, or begin again with a lower learning_rate or more warmup_steps",
        exit_code=3,
    )
