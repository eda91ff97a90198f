"""What a person sees while a model learns: a bar on a terminal, one plain line per ten seconds without one."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

PLAIN_EVERY_S = 10.0


class TrainProgress:
    """Steps done and to do, time left, tokens a second and loss, on standard error; silent with `quiet`."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._bar: Any = None
        self._task: Any = None
        self._phase, self._total, self._begun_at = "", 0, 0
        self._started = self._told = time.monotonic()
        if not quiet and sys.stderr.isatty():
            self._bar = _rich_bar()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def say(self, text: str) -> None:
        """One line: what is being done that has no steps."""
        if self._bar:
            self._bar.console.print(text, highlight=False)
        elif not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def start(self, phase: str, total: int, done: int = 0) -> None:
        """Begin a phase of `total` steps, of which some were done before."""
        self._phase, self._total, self._begun_at = phase, total, done
        self._started = time.monotonic()
        self._told = self._started - PLAIN_EVERY_S  # the first step is told at once: it goes
        if self._bar:
            self._bar.start()
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(phase, total=total, completed=done, note="")

    def tell(self, done: int, *, tokens_per_second: float = 0.0, loss: float | None = None) -> None:
        """So many steps are done."""
        note = f"{tokens_per_second:,.0f} tokens/s" if tokens_per_second else ""
        note += f"{', ' if note else ''}loss {loss:.4f}" if loss is not None else ""
        if self._bar:
            self._bar.update(self._task, completed=done, note=note)
        elif not self.quiet and time.monotonic() - self._told >= PLAIN_EVERY_S:
            self._told = time.monotonic()
            print(self._line(done, note), file=sys.stderr, flush=True)

    def _line(self, done: int, note: str) -> str:
        spent = time.monotonic() - self._started
        here = done - self._begun_at
        left = f", about {spent * (self._total - done) / here:,.0f} s left" if here else ""
        return (
            f"{self._phase}: {done:,} of {self._total:,} steps ({done / max(self._total, 1):.0%})"
            f"{', ' if note else ''}{note}{left}"
        )


def _rich_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
