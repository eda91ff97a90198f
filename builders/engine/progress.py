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
        self._phase, self._total, self._done = "", 0, 0
        self._started = self._told = time.monotonic()
        if not quiet and sys.stderr.isatty():
            self._bar = _rich_bar()

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def start(self, phase: str, total_bytes: int) -> None:
        self._phase, self._total, self._done = phase, total_bytes, 0
        self._started = self._told = time.monotonic()
        if self._bar:
            if self._task is not None:
                self._bar.update(self._task, visible=False)
            self._task = self._bar.add_task(phase, total=total_bytes or None)

    def advance(self, done_bytes: int) -> None:
        self._done += done_bytes
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
        return (
            f"{self._phase}: {self._done / 1e6:,.1f} of {self._total / 1e6:,.1f} MB "
            f"({self._done / self._total:.0%}), {self._done / 1e6 / spent:,.1f} MB/s, about {left:,.0f} s left"
        )


def _rich_bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    styled = (TextColumn(column) if isinstance(column, str) else column for column in columns)
    return RichProgress(*styled, console=Console(stderr=True), transient=True)
