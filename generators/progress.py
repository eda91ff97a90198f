"""What a person sees while a model is asked: a bar and three lines on a terminal, one line per ten seconds without."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self

from generators.pool import Pool
from generators.synthesise import Figures

REDRAW_EVERY_S = 0.2
PLAIN_EVERY_S = 10.0
SPEED_OVER_S = 30.0  # speeds are those of about the last half minute


class SynthesisProgress:
    """How far it is, how fast, and what goes wrong, on standard error; silent with `quiet`."""

    def __init__(self, *, quiet: bool = False, price: float = 0.0) -> None:
        """`price` is that of a million tokens, in any currency; 0 shows no cost."""
        self.quiet, self.price = quiet, price
        self._live: Any = None
        self._began = self._told = time.monotonic()
        self._points: list[tuple[float, int, int]] = []  # time, passages done by the model, tokens

    def __enter__(self) -> Self:
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def update(self, figures: Figures, pool: Pool | None) -> None:
        now = time.monotonic()
        if self.quiet or now - self._told < (REDRAW_EVERY_S if self._live else PLAIN_EVERY_S):
            return
        self._told = now
        tokens = pool.counts.completion_tokens if pool else 0
        self._points.append((now, figures.done, tokens))
        while len(self._points) > 2 and self._points[0][0] < now - SPEED_OVER_S:
            self._points.pop(0)
        if self._live:
            self._live.update(self._picture(figures, pool), refresh=True)
        else:
            print("; ".join(self.lines(figures, pool)), file=sys.stderr, flush=True)

    def _speeds(self) -> tuple[float, float]:
        """Passages and tokens a second."""
        first = self._points[0] if len(self._points) > 1 else (self._began, 0, 0)
        last = self._points[-1]
        spent = max(1e-9, last[0] - first[0])
        return (last[1] - first[1]) / spent, (last[2] - first[2]) / spent

    def lines(self, figures: Figures, pool: Pool | None) -> list[str]:
        """The same figures for a terminal and for a log."""
        passages, tokens = self._speeds()
        left = f", about {_duration((figures.inputs - figures.done) / passages)} left" if passages else ""
        lines = [
            f"{figures.done:,} of {figures.inputs:,} passages ({passages:,.1f}/s{left})",
            f"{figures.samples:,} samples, {figures.repaired:,} repaired, {figures.dead:,} dead",
        ]
        if pool:
            counts = pool.counts
            lines.append(
                f"{pool.in_flight} of {pool.limit} in flight, {tokens:,.0f} tokens/s{self._cost(pool, figures)}"
            )
            if counts.troubles:
                most = ", ".join(f"{cause} x {count:,}" for cause, count in counts.troubles.most_common(4))
                lines.append(f"asked again: {most}")
        return lines

    def _cost(self, pool: Pool, figures: Figures) -> str:
        tokens = pool.counts.prompt_tokens + pool.counts.completion_tokens
        if not self.price or not figures.done:
            return ""
        spent = tokens / 1e6 * self.price
        return f", cost {spent:,.2f} of about {spent * figures.inputs / figures.done:,.2f}"

    def _picture(self, figures: Figures, pool: Pool | None) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        bar = ProgressBar(total=max(1, figures.inputs), completed=figures.done)
        return Group(bar, *(Text(line, overflow="ellipsis", no_wrap=True) for line in self.lines(figures, pool)))


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
