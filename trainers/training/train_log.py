"""`train_log.jsonl`, a line for each thing that was measured, and the curve drawn from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import orjson

from builders.engine.manifest import write_whole
from trainers.training.curve import loss_curve

LOG = "train_log.jsonl"
CURVE = "loss.svg"


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
