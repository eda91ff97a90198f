"""`train_log.jsonl`, a line for each thing that was measured, and the curve drawn from it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import orjson

from builders.engine.manifest import write_whole

LOG = "train_log.jsonl"
CURVE = "loss.svg"
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 40, 40
MAX_POINTS = 2000  # of one line: more than there are pixels
COLOURS = {"loss": "#1f77b4", "eval_loss": "#d62728"}
NAMES = {"loss": "train", "eval_loss": "valid"}


class TrainLog:
    """Lines are on their way to the disk as soon as they are written; a line for a step is there once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOG
        self.latest: dict[str, Any] = {}  # of every key the value written last
        self._file: IO[bytes] | None = None

    def begin(self, last_step: int) -> None:
        """Keep the lines up to a step, those of the checkpoint that is gone on from, and write on after them."""
        lines = [line for line in read_log(self.path) if line["step"] <= last_step]
        for line in lines:
            self.latest |= line
        write_whole(self.path, b"".join(orjson.dumps(line) + b"\n" for line in lines))
        self._file = self.path.open("ab")

    def write(self, line: Mapping[str, Any]) -> None:
        if self._file is None:
            raise RuntimeError("the log has not begun")
        self.latest |= line
        self._file.write(orjson.dumps(line) + b"\n")
        self._file.flush()

    def settle(self) -> None:
        """Wait until all lines are on the disk: before a checkpoint that counts on them."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def draw(self) -> None:
        """Write `loss.svg` beside the log."""
        write_whole(self.path.with_name(CURVE), loss_curve(read_log(self.path)).encode())


def read_log(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log; one that a kill cut off is left out."""
    if not path.exists():
        return []
    return [orjson.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def loss_curve(lines: Sequence[Mapping[str, Any]]) -> str:
    """Training and validation loss by step, as an SVG that needs nothing beside it."""
    curves = {
        key: _thinned([(line["step"], line[key]) for line in lines if line.get(key) is not None]) for key in COLOURS
    }
    points = [point for curve in curves.values() for point in curve]
    right = max([step for step, _ in points], default=1) or 1
    low, high = _range([loss for _, loss in points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        "<style>text { font-size: 12px }</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_grid(right, low, high),
    ]
    for place, (key, curve) in enumerate(curves.items()):
        if not curve:
            continue
        drawn = " ".join(f"{_x(step, right):.1f},{_y(loss, low, high):.1f}" for step, loss in curve)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{COLOURS[key]}" stroke-width="1.5"/>')
        step, loss = curve[-1]
        parts.append(f'<circle cx="{_x(step, right):.1f}" cy="{_y(loss, low, high):.1f}" r="3" fill="{COLOURS[key]}"/>')
        said = f"{NAMES[key]}: {loss:.4g} at step {step}"
        parts.append(f'<text x="{LEFT + 200 * place}" y="{TOP - 16}" fill="{COLOURS[key]}">{said}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _thinned(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most so many points, the last among them."""
    every = max(1, math.ceil(len(curve) / MAX_POINTS))
    return curve[(len(curve) - 1) % every :: every]


def _range(losses: Sequence[float]) -> tuple[float, float]:
    low, high = min(losses, default=0.0), max(losses, default=1.0)
    margin = (high - low) * 0.05 or 0.5
    return low - margin, high + margin


def _grid(right: int, low: float, high: float) -> list[str]:
    lines = []
    for number in range(5):
        loss = low + (high - low) * number / 4
        y = _y(loss, low, high)
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{loss:.3g}</text>')
        step = round(right * number / 4)
        x = _x(step, right)
        lines.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#555">{step}</text>')
    return lines


def _x(step: int, right: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * step / right


def _y(loss: float, low: float, high: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low)
