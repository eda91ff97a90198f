"""What a person sees while a build runs: a bar on a terminal, one plain line per ten seconds without one."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

PLAIN_EVERY_S = 10.0


class Progress:
    """One phase of work after the other, on standard error; silent with `quiet`."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._bar: Any = None
        self._task: Any = None
        self._phase, self._total, self._done, self._unit = "", 0, 0, "MB"
        self._started = self._told = time.monotonic()
        if not quiet and sys.stderr.isatty():
            self._bar = _rich_bar(self._unit)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def start(self, phase: str, total: int, unit: str = "MB") -> None:
        """Begin a phase: `total` bytes of work, or so many of another `unit` ("pages")."""
        self._phase, self._total, self._done = phase, total, 0
        self._started = self._told = time.monotonic()
        if self._bar and unit != self._unit:
            self._bar.stop()
            self._bar, self._task = _rich_bar(unit), None
            self._bar.start()
        self._unit = unit
        if self._bar:
            if self._task is not None:
                self._bar.update(self._task, visible=False)
            self._task = self._bar.add_task(phase, total=total or None)

    def expect(self, total: int) -> None:
        """Say anew how much work there is in the phase: more is found on the way."""
        self._total = total
        if self._bar:
            self._bar.update(self._task, total=total)

    def advance(self, done: int) -> None:
        self._done += done
        if self._bar:
            self._bar.update(self._task, completed=self._done)
        elif not self.quiet and time.monotonic() - self._told >= PLAIN_EVERY_S:
            self._told = time.monotonic()
            print(self._line(), file=sys.stderr, flush=True)

    def _line(self) -> str:
        spent = time.monotonic() - self._started
        if not self._total or not self._done:
            return f"{self._phase}: {spent:.0f} s"
        left = spent * (self._total - self._done) / self._done
        if self._unit == "MB":
            done = f"{self._done / 1e6:,.1f} of {self._total / 1e6:,.1f} MB"
            speed = f"{self._done / 1e6 / spent:,.1f} MB/s"
        else:
            done, speed = f"{self._done:,} of {self._total:,} {self._unit}", f"{self._done / spent:,.1f} a second"
        return f"{self._phase}: {done} ({self._done / self._total:.0%}), {speed}, about {left:,.0f} s left"


def _rich_bar(unit: str) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as RichProgress

    done = (DownloadColumn(), TransferSpeedColumn()) if unit == "MB" else (MofNCompleteColumn(),)
    columns = ("{task.description}", BarColumn(), *done, TimeRemainingColumn())
    styled = (TextColumn(column) if isinstance(column, str) else column for column in columns)
    return RichProgress(*styled, console=Console(stderr=True), transient=True)
