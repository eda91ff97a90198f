"""transformers' Trainer with siku's counting: every step watched, logged once, and kept so that it can be gone on from.

Imported only when a model is about to be trained: it takes seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch.nn.utils import get_total_norm
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from trainers.training.likelihood import Likelihood, Piece, measure
from trainers.training.machine import is_main, world_size
from trainers.training.material import Material
from trainers.training.progress import TrainProgress
from trainers.training.run_folder import RunFolder
from trainers.training.train_log import TrainLog
from trainers.training.train_settings import TrainSettings
from trainers.training.watch import LossWatch, Step


@dataclass
class Figures:
    """What a run has come to so far; a checkpoint keeps it, so that a run with breaks has the figures of one without.

    `loss_sum` is over `loss_steps` steps, those since the last line of the log; `loop_seconds` are those of the steps.
    """

    tokens: int = 0
    learnt: int = 0
    loss_sum: float = 0.0
    loss_steps: int = 0
    seconds: float = 0.0
    loop_seconds: float = 0.0
    train_loss: float | None = None
    eval_loss: float | None = None
    eval_tokens: int = 0
    epoch: float = 0.0


class StoppedError(Exception):
    """The loss went wrong: `steps` are the last ones, the one that was not taken at the end."""

    def __init__(self, reason: str, steps: list[Step]) -> None:
        super().__init__(reason)
        self.reason, self.steps = reason, steps


@dataclass
class Run:
    """What the trainer and its callback share."""

    material: Material
    settings: TrainSettings
    folder: RunFolder
    log: TrainLog
    watch: LossWatch
    progress: TrainProgress
    figures: Figures = field(default_factory=Figures)
    interrupted: bool = False
    began: float = field(default_factory=time.monotonic)

    def state(self) -> dict[str, Any]:
        """As JSON, for a checkpoint."""
        return {"figures": asdict(self.figures), "watch": self.watch.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.figures = Figures(**state["figures"])
        if not is_main():  # the first process has counted for all
            self.figures.tokens = self.figures.learnt = 0
        self.watch.restore(state["watch"])


class TokenTrainer(Trainer):
    """A Trainer whose loss is the mean over the tokens of a step, and whose evaluation is that of `siku evaluate`."""

    def __init__(self, model: Any, arguments: TrainingArguments, tokenizer: Any, run: Run) -> None:
        self.had_cache = getattr(model.config, "use_cache", True)
        super().__init__(
            model=model,
            args=arguments,
            data_collator=run.material.collate,
            train_dataset=run.material.train,
            processing_class=tokenizer,
            compute_loss_func=run.material.loss,
        )
        self.run = run
        self.flow = Flow(run, self)
        self.add_callback(self.flow)
        self.remove_callback(PrinterCallback)

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        rows = inputs.pop("row_numbers")
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.flow.batches.append((rows, loss))
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            figures = self.run.figures
            logs["loss"] = self._mean(figures.loss_sum / max(figures.loss_steps, 1))
            figures.loss_sum, figures.loss_steps = 0.0, 0
        super().log(logs, start_time)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Judge the valid split; no random number is drawn, so a run with more of it has the same weights."""
        self.control.should_evaluate = False  # else it is done again where an epoch ends with the step
        pieces = self.run.material.judged
        if pieces is None:
            return {}
        total = Likelihood()
        model: Any = self.model
        was_training, size = model.training, self.run.settings.per_device_eval_batch_size
        with self.accelerator.autocast():
            for part in measure(model, self._own(pieces()), batch_size=size, pad_token_id=0):
                total += part
                if self.run.interrupted:
                    raise KeyboardInterrupt
        model.train(was_training)
        if self._shares_rows:
            total = Likelihood(self._sum(total.nll), round(self._sum(total.tokens)))
        if total.loss is None:
            return {}
        self.run.figures.eval_tokens = total.tokens
        metrics = {"eval_loss": total.loss}
        self.log(dict(metrics))
        self.flow.step_began = time.monotonic()
        return metrics

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """The saved model may use its key-value cache again, which it must not while it is trained on packed rows."""
        config: Any = self.model.config  # type: ignore[union-attr]
        config.use_cache, used = self.had_cache, config.use_cache
        super().save_model(output_dir, _internal_call)
        config.use_cache = used

    @property
    def _shares_rows(self) -> bool:
        """Whether each process judges its own part. Where the weights are in parts, all have to go the same way."""
        return world_size() > 1 and not (self.is_fsdp_enabled or self.is_deepspeed_enabled)

    def _own(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        if not self._shares_rows:
            return pieces
        return (piece for number, piece in enumerate(pieces) if number % world_size() == self.args.process_index)

    def _sum(self, value: float) -> float:
        if world_size() == 1:
            return value
        tensor = torch.tensor(value, dtype=torch.float64, device=self.args.device)
        return float(self.accelerator.reduce(tensor, "sum"))

    def _mean(self, value: float) -> float:
        return self._sum(value) / world_size()

    def count(self) -> None:
        """Add up what the processes have counted, in the first of them."""
        figures = self.run.figures
        figures.tokens, figures.learnt = round(self._sum(figures.tokens)), round(self._sum(figures.learnt))
        figures.loss_sum = self._mean(figures.loss_sum)
        if not is_main():
            figures.tokens = figures.learnt = 0


class Flow(TrainerCallback):
    """What happens at a step: watched before the weights change, logged, judged and kept after it."""

    def __init__(self, run: Run, trainer: TokenTrainer) -> None:
        self.run, self.trainer = run, trainer
        self.batches: list[tuple[list[int], torch.Tensor]] = []
        self.row_tokens, self.row_learnt = run.material.train.row_tokens(), run.material.train.row_learnt()
        self.steps_an_epoch = 0
        self.step_began = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        batches = len(others["train_dataloader"])
        self.steps_an_epoch = max(-(-batches // args.gradient_accumulation_steps), 1)
        if state.global_step == 0 and self.run.settings.eval_on_start:
            self.trainer.evaluate()
        self.run.progress.start("training", state.max_steps, state.global_step)
        self.step_began = time.monotonic()

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **others: Any) -> None:
        losses = [float(loss) for _, loss in self.batches]
        step = Step(state.global_step + 1, sum(losses), [rows for rows, _ in self.batches])
        reason = self.run.watch.see(step)
        if not reason and not _finite([one.grad for one in model.parameters() if one.grad is not None]):
            reason = "the gradient is not finite"
        if reason:
            raise StoppedError(reason, list(self.run.watch.steps))

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self._count(state)
        settings, step, last = self.run.settings, state.global_step, state.global_step >= state.max_steps
        epoch_ends = step % self.steps_an_epoch == 0
        control.should_log = step % settings.logging_steps == 0 or last
        control.should_evaluate = last or _due(settings.eval_strategy, step, settings.eval_steps or 1, epoch_ends)
        control.should_save = _due(settings.save_strategy, step, settings.save_steps, epoch_ends) or (
            settings.save_strategy == "steps" and last
        )
        if self.run.interrupted:
            control.should_training_stop = True
            control.should_save = settings.save_strategy != "no"

    def _count(self, state: Any) -> None:
        figures, now = self.run.figures, time.monotonic()
        rows = [row for rows, _ in self.batches for row in rows]
        tokens = int(self.row_tokens[rows].sum())
        figures.tokens += tokens
        figures.learnt += int(self.row_learnt[rows].sum())
        figures.loss_sum += self.run.watch.steps[-1].loss
        figures.loss_steps += 1
        figures.loop_seconds += now - self.step_began
        figures.epoch = state.epoch
        self.batches.clear()
        self.step_began = now
        speed = figures.tokens / figures.loop_seconds if figures.loop_seconds else 0.0
        self.run.progress.tell(state.global_step, tokens_per_second=speed, loss=self.run.watch.steps[-1].loss)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        state.log_history.clear()  # it would be kept in every checkpoint, and the log is kept here
        figures = self.run.figures
        if "loss" in logs:
            figures.train_loss = logs["loss"]
            names = {"loss": "loss", "learning_rate": "lr", "grad_norm": "grad_norm"}
            line = {ours: logs.get(theirs) for theirs, ours in names.items()}
            self._write({"step": state.global_step, "epoch": state.epoch, **line})
        if "eval_loss" in logs:
            figures.eval_loss = logs["eval_loss"]
            self._write({"step": state.global_step, "eval_loss": logs["eval_loss"]})

    def _write(self, line: Mapping[str, Any]) -> None:
        if is_main():
            self.run.log.write(line)

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """The checkpoint is there, but not yet whole: add the figures, move it to its place, drop old ones."""
        self.trainer.count()
        self.trainer.accelerator.wait_for_everyone()
        if is_main():
            run = self.run
            run.log.settle()
            now = time.monotonic()
            run.figures.seconds, run.began = run.figures.seconds + now - run.began, now
            run.folder.keep(state.global_step, run.state())
            good = run.watch.lowest_step if run.watch.suspect else None
            run.folder.drop_old(run.settings.save_total_limit, good=good)
            run.log.draw()
        self.trainer.accelerator.wait_for_everyone()
        self.step_began = time.monotonic()


def _due(strategy: str, step: int, every: int, epoch_ends: bool) -> bool:
    return (strategy == "steps" and step % every == 0) or (strategy == "epoch" and epoch_ends)


def _finite(gradients: list[torch.Tensor]) -> bool:
    return not gradients or bool(torch.isfinite(get_total_norm(gradients)))
