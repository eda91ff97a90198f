"""Is the loss still sane? And what was in the batches of the last steps, in case it is not."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WINDOW = 20  # steps whose mean is compared
WORSE_THAN_GUESSING = 3.0  # times the loss of a model that knows nothing: no data does that to a sound model
LEAST_RISE = 1.0  # nats that the mean of a window may rise above the lowest one, in any case
RISE = 0.5  # share of the lowest mean that it may rise
SPREADS = 3.0  # standard deviations of single steps that it may rise
SUSPECT = 0.5  # share of what it may rise from which on it is suspect


@dataclass(frozen=True)
class Step:
    """One step of the optimiser: its loss, and the row numbers of each of its batches."""

    number: int
    loss: float
    batches: Sequence[Sequence[int]]


class LossWatch:
    """Watches the loss step by step. A loss may jump for one batch; it must not stay up, and must be a number.

    `vocabulary` is that of the model: one that guesses has a loss of its logarithm.
    """

    def __init__(self, vocabulary: int) -> None:
        self.guessing = math.log(max(vocabulary, 2))
        self.steps: deque[Step] = deque(maxlen=WINDOW)
        self.first: float | None = None
        self.lowest: float | None = None
        self.lowest_step = 0
        self.may_rise = math.inf

    def see(self, step: Step) -> str:
        """What is wrong with the loss of a step, in words; nothing while all is well."""
        self.steps.append(step)
        if not math.isfinite(step.loss):
            return f"the loss is {step.loss}"
        if self.first is None:
            self.first = step.loss
        most = WORSE_THAN_GUESSING * max(self.first, self.guessing)
        if step.loss > most:
            return (
                f"the loss is {step.loss:.4g}; it began at {self.first:.4g}, and guessing would be {self.guessing:.4g}"
            )
        if len(self.steps) < WINDOW:
            return ""
        mean = self.mean
        if self.lowest is None or mean < self.lowest:
            self.lowest, self.lowest_step = mean, step.number
            spread = statistics.pstdev(one.loss for one in self.steps)
            self.may_rise = max(LEAST_RISE, RISE * mean, SPREADS * spread)
        if mean > self.lowest + self.may_rise:
            return f"the mean loss of {WINDOW} steps is {mean:.4g}; it was {self.lowest:.4g} at step {self.lowest_step}"
        return ""

    @property
    def mean(self) -> float:
        """Of the last steps, up to a whole window."""
        return statistics.fmean(one.loss for one in self.steps) if self.steps else math.nan

    @property
    def suspect(self) -> bool:
        """Whether the loss is so far above its lowest that an earlier checkpoint may be wanted."""
        return self.lowest is not None and self.mean > self.lowest + SUSPECT * self.may_rise

    def state(self) -> dict[str, Any]:
        """As JSON, for a checkpoint."""
        return {
            "first": self.first,
            "lowest": self.lowest,
            "lowest_step": self.lowest_step,
            "may_rise": self.may_rise if math.isfinite(self.may_rise) else None,
            "steps": [[one.number, one.loss, [list(batch) for batch in one.batches]] for one in self.steps],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint as if there had been no break."""
        self.first, self.lowest, self.lowest_step = state["first"], state["lowest"], state["lowest_step"]
        self.may_rise = math.inf if state["may_rise"] is None else state["may_rise"]
        self.steps.clear()
        self.steps.extend(Step(number, loss, batches) for number, loss, batches in state["steps"])
