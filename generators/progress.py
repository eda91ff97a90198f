"""What a person sees while a model is asked: a bar and a few lines on a terminal, one line per ten seconds without."""

from __future__ import annotations

import os
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

from generators.pool import Pool
from generators.synthesise import Figures

REDRAWS_A_SECOND = 4
PLAIN_EVERY_S = 10.0
POINT_EVERY_S = 0.5
SPEED_OVER_S = 30.0  # speeds are those of about the last half minute
BAR_COLUMNS = 60
MAX_CAUSES = 4


class SynthesisProgress:
    """How far it is, how fast, and what goes wrong, on standard error; silent with `quiet`.

    A thread of its own draws, since a model may need minutes for its first reply, and all is still well then.
    """

    def __init__(self, *, quiet: bool = False, price: float = 0.0) -> None:
        """`price` is that of a million tokens, in any currency; 0 shows no cost."""
        self.quiet, self.price = quiet, price
        self._live: Any = None
        self._over = threading.Event()
        self._plain: threading.Thread | None = None
        self._began = time.monotonic()
        self._figures = Figures()
        self._pool: Pool | None = None
        self._points: list[tuple[float, int, int]] = []  # time, passages, tokens, since the first reply of the model

    def __enter__(self) -> Self:
        if self.quiet:
            return self
        if sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown"):
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True)
            self._live = Live(
                get_renderable=self._picture, console=console, refresh_per_second=REDRAWS_A_SECOND, transient=True
            )
            self._live.start()
        else:
            self._plain = threading.Thread(target=self._tell, name="progress", daemon=True)
            self._plain.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._live:
            self._live.stop()
        if self._plain:
            self._plain.join()

    def update(self, figures: Figures, pool: Pool | None) -> None:
        """Take note of how far it is; cheap, and called after every passage."""
        self._figures, self._pool = figures, pool
        if pool is None or not pool.counts.delivered:  # out of the journal it goes a hundred times as fast
            return
        now = time.monotonic()
        if self._points and now - self._points[-1][0] < POINT_EVERY_S:
            return
        while len(self._points) > 1 and self._points[1][0] < now - SPEED_OVER_S:
            del self._points[0]
        self._points.append((now, figures.done, pool.counts.completion_tokens))

    def _tell(self) -> None:
        while not self._over.wait(PLAIN_EVERY_S):
            line = "; ".join(f"{name}: {told}" for name, told in self.lines())
            print(line, file=sys.stderr, flush=True)

    def _speeds(self) -> tuple[float, float]:
        """Passages and tokens a second up to now: where nothing comes any more, they sink."""
        if not self._points:
            return 0.0, 0.0
        began, passages, tokens = self._points[0]
        spent = time.monotonic() - began
        if spent < POINT_EVERY_S:
            return 0.0, 0.0
        made = self._pool.counts.completion_tokens if self._pool else tokens
        return (self._figures.done - passages) / spent, (made - tokens) / spent

    def lines(self) -> list[tuple[str, str]]:
        """What is told, by its name: the same for a terminal and for a log."""
        figures, pool = self._figures, self._pool
        if not figures.inputs or not pool:
            return [("waiting", f"for the model, {_duration(time.monotonic() - self._began)}")]
        counts, (passages, tokens) = pool.counts, self._speeds()
        speed = f", {_speed(passages)}" if passages else ""
        left = f", about {_duration((figures.inputs - figures.done) / passages)} left" if passages else ""
        known = f", {figures.from_journal:,} replies out of the journal" if figures.from_journal else ""
        lines = [
            ("passages", f"{figures.done:,} of {figures.inputs:,}{speed}{left}{known}"),
            ("so far", f"{figures.samples:,} samples; {figures.repaired:,} passages repaired, {figures.dead:,} dead"),
            ("endpoint", f"{pool.in_flight} of {pool.limit} in flight, {tokens:,.0f} tokens/s{self._cost()}"),
        ]
        if counts.troubles:
            causes = counts.troubles.copy().most_common(MAX_CAUSES)
            lines.append(("asked again", ", ".join(f"{cause} x {count:,}" for cause, count in causes)))
        return lines

    def _cost(self) -> str:
        figures, pool = self._figures, self._pool
        if not self.price or not figures.done or not pool:
            return ""
        spent = (pool.counts.prompt_tokens + pool.counts.completion_tokens) / 1e6 * self.price
        return f", cost {spent:,.2f} of about {spent * figures.inputs / figures.done:,.2f}"

    def _picture(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        figures = self._figures
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, style="dim")
        grid.add_column(overflow="fold")
        for name, told in self.lines():
            grid.add_row(name, Text(told))
        if not figures.inputs:
            return grid
        bar = Table.grid(padding=(0, 2, 0, 0))
        whole = ProgressBar(total=figures.inputs, completed=figures.done, width=BAR_COLUMNS)
        bar.add_row(whole, f"{figures.done / figures.inputs:.0%}")
        return Group(bar, grid)


def _speed(a_second: float) -> str:
    """A large model on a small machine takes minutes a passage: then it is so many a minute.

    >>> _speed(0.05), _speed(12.34)
    ('3.0 a minute', '12.3/s')
    """
    return f"{a_second:,.1f}/s" if a_second >= 1 else f"{60 * a_second:,.1f} a minute"


def _duration(seconds: float) -> str:
    """Time for people: `45 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02} h"
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
