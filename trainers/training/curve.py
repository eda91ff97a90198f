"""Training and validation loss by step as a picture: one SVG that needs nothing beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 56, 52
MAX_POINTS = 2000  # of one line: more than there are pixels
FEW_POINTS = 30  # up to so many, each is shown
MANY_POINTS = 300  # from so many on, a line is so dense that it would hide the other
MOST_TICKS = 6
COLOURS = {"loss": "#1f77b4", "eval_loss": "#d62728"}
NAMES = {"loss": "train", "eval_loss": "valid"}
DASHES = {"loss": "", "eval_loss": ' stroke-dasharray="7 4"'}  # told apart without colours, too

Curve = list[tuple[int, float]]


def loss_curve(lines: Sequence[Mapping[str, Any]]) -> str:
    """The picture of a log. The lowest validation loss is marked where it is not the last one."""
    curves: dict[str, Curve] = {
        key: [(line["step"], line[key]) for line in lines if line.get(key) is not None] for key in COLOURS
    }
    points = [point for curve in curves.values() for point in curve]
    plot = _Plot.of(points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *plot.grid(),
    ]
    for place, (key, curve) in enumerate((key, curve) for key, curve in curves.items() if curve):
        parts += [*_drawn(key, _thinned(curve), plot), *_legend(key, curve, place)]
    return "\n".join([*parts, "</svg>", ""])


class _Plot:
    """Where a step and a loss lie in the picture. Axes end at round numbers, and no loss is below zero."""

    def __init__(self, steps: Sequence[float], losses: Sequence[float]) -> None:
        self.steps, self.losses = steps, losses

    @classmethod
    def of(cls, points: Curve) -> _Plot:
        steps, losses = [step for step, _ in points], [loss for _, loss in points] or [0.0, 1.0]
        return cls(_ticks(0, max([1, *steps]), whole=True), _ticks(min(losses), max(losses)))

    def x(self, step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / self.steps[-1]

    def y(self, loss: float) -> float:
        low, high = self.losses[0], self.losses[-1]
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low)

    def grid(self) -> list[str]:
        """Lines with their numbers, and what the axes are."""
        floor, parts = HEIGHT - BOTTOM, []
        for loss in self.losses:
            y = self.y(loss)
            parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{loss:.10g}</text>')
        for step in self.steps:
            x = self.x(step)
            parts.append(f'<line x1="{x:.1f}" y1="{floor}" x2="{x:.1f}" y2="{floor + 5}" stroke="#999"/>')
            parts.append(f'<text x="{x:.1f}" y="{floor + 19}" text-anchor="middle" fill="#555">{step:,.0f}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 12}" text-anchor="middle" fill="#555">step</text>')
        parts.append(f'<text x="{LEFT - 8}" y="{TOP - 14}" text-anchor="end" fill="#555">loss</text>')
        return parts


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, at most MOST_TICKS and two more."""
    if high == low:
        low, high = low - max(abs(low) * 0.05, 0.05), high + max(abs(high) * 0.05, 0.05)
    span = high - low
    rough = span / MOST_TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    width = next(unit * times for times in (1, 2, 5, 10) if unit * times >= rough * 0.999)
    if whole:
        width = max(1.0, round(width))
    first, last = math.floor(low / width + 1e-9), math.ceil(high / width - 1e-9)
    return [round(number * width, 10) for number in range(first, max(last, first + 1) + 1)]


def _drawn(key: str, curve: Curve, plot: _Plot) -> list[str]:
    colour = COLOURS[key]
    places = [(plot.x(step), plot.y(loss)) for step, loss in curve]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    pale = ' stroke-opacity="0.45"' if len(places) >= MANY_POINTS else ""
    line = f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.8"{pale}{DASHES[key]}/>'
    dots = places if len(places) <= FEW_POINTS else places[-1:]
    return [line, *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in dots)]


def _legend(key: str, curve: Curve, place: int) -> list[str]:
    """How the line looks, and what it came to."""
    step, loss = curve[-1]
    best_step, best = min(curve, key=lambda point: point[1])
    said = f"{NAMES[key]} {loss:.4g} at step {step:,}"
    if key == "eval_loss" and best < loss:
        said += f", lowest {best:.4g} at step {best_step:,}"
    x, y = LEFT + 24 + 210 * place, 22
    sample = f'<line x1="{x}" y1="{y - 4}" x2="{x + 28}" y2="{y - 4}" stroke="{COLOURS[key]}" stroke-width="1.8"'
    return [f"{sample}{DASHES[key]}/>", f'<text x="{x + 35}" y="{y}" fill="#222">{said}</text>']


def _thinned(curve: Curve) -> Curve:
    """At most so many points, the last among them."""
    every = max(1, math.ceil(len(curve) / MAX_POINTS))
    return curve[(len(curve) - 1) % every :: every]
