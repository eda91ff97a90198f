"""The folder of one training run: what it is a run of, its whole checkpoints, its final model, what it came to.

Everything is written under `.unfinished` and renamed when it is whole and on the disk. `run.json` says what the run is
of, `training.json`, the last file, what it came to.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from validators.errors import SikuError

RUN = "run.json"
RESULT = "training.json"
UNFINISHED = ".unfinished"
STATE = "siku.json"  # of a checkpoint: figures of the run so far
OF_A_MODEL = ("config.json", "adapter_config.json", "model.safetensors", "adapter_model.safetensors", "tokenizer.json")
ABSENT = "absent"


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint."""

    folder: Path
    step: int

    @property
    def state(self) -> dict[str, Any]:
        """The figures of the run up to it."""
        return _read(self.folder / STATE)


class RunFolder:
    """`--out` of a training command."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def unfinished(self) -> Path:
        """Where files lie that are not whole yet."""
        return self.path / UNFINISHED

    def result(self) -> dict[str, Any] | None:
        """What a finished run came to."""
        return _read(self.path / RESULT) if (self.path / RESULT).exists() else None

    def checkpoints(self) -> list[Checkpoint]:
        """The whole ones, the oldest first."""
        found = [
            Checkpoint(folder, int(number[1]))
            for folder in self.path.glob("checkpoint-*")
            if (number := re.fullmatch(r"checkpoint-(\d+)", folder.name)) and (folder / STATE).exists()
        ]
        return sorted(found, key=lambda one: one.step)

    def last_checkpoint(self) -> Checkpoint | None:
        """The whole one with the most steps."""
        return (self.checkpoints() or [None])[-1]  # type: ignore[list-item]

    def problems(self, *, resume: bool, command: Sequence[str]) -> list[SikuError]:
        """Why this folder cannot be trained into. `command` is what was typed."""
        if self.path.exists() and not self.path.is_dir():
            why = "a model takes a folder"
            return [SikuError("--out is a file", where=str(self.path), why=why, next="--out with another name")]
        begun = (self.path / RUN).exists()
        theirs = [name for name in OF_A_MODEL if (self.path / name).exists()]
        if theirs and not begun:
            return [
                SikuError(
                    "--out holds a model that no run of siku put there",
                    where=str(self.path),
                    why=f"{', '.join(theirs)} would be written over",
                    next="--out with a new folder",
                )
            ]
        if resume or not begun:
            return []
        kept = self.checkpoints()
        if (self.path / RESULT).exists():
            why = "it holds a finished run"
        elif kept:
            why = f"it holds a run with a checkpoint at step {kept[-1].step}"
        else:
            return []
        return [
            SikuError(
                "--out is in use",
                where=str(self.path),
                why=why,
                next=f"{shlex.join([*command, '--resume'])} goes on with it; or --out with a new folder",
            )
        ]

    def differences(self, run: Mapping[str, Any]) -> list[str]:
        """What the run in this folder was begun with, field by field, where that is not what is asked for now."""
        if not (self.path / RUN).exists():
            return []
        return list(_differences(_read(self.path / RUN), run))

    def begin(self, run: Mapping[str, Any]) -> None:
        """Make the folder ready, and say what it is a run of; what a kill left half-written goes."""
        self.path.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.unfinished.mkdir()
        (self.path / "stopped.json").unlink(missing_ok=True)
        if not (self.path / RUN).exists() or self.differences(run):
            write_whole(self.path / RUN, _dump(run))

    def keep(self, step: int, state: Mapping[str, Any]) -> None:
        """Make the checkpoint that lies in `unfinished` a whole one."""
        made = self.unfinished / f"checkpoint-{step}"
        (made / "training_args.bin").unlink(missing_ok=True)  # a pickle with paths in it; nothing reads it
        (made / STATE).write_bytes(_dump(state))
        _settle(made)
        place = self.path / made.name
        self._discard(place)
        made.rename(place)
        _settle_names(self.path)

    def drop_old(self, limit: int | None, *, good: int | None) -> None:
        """Leave the last `limit` checkpoints. Where the loss was good up to a step and is not now, the last one of
        those up to it stays, too, in place of the oldest of the others."""
        kept = self.checkpoints()
        if limit is None or len(kept) <= limit:
            return
        older, last = kept[:-limit], kept[-limit:]
        spared = [one for one in older if good is not None and one.step <= good][-1:]
        going = [one for one in older if one not in spared] + (last[:1] if spared and limit > 1 else [])
        for one in going:
            self._discard(one.folder)

    def take_final(self) -> None:
        """Move the files of the final model from `unfinished/final` to the folder, each whole."""
        final = self.unfinished / "final"
        (final / "training_args.bin").unlink(missing_ok=True)
        _settle(final)
        for source in sorted(final.iterdir(), key=lambda path: path.name.endswith(".index.json")):
            self._discard(self.path / source.name) if source.is_dir() else None
            source.rename(self.path / source.name)
        _settle_names(self.path)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Say what the run came to, as the last thing."""
        shutil.rmtree(self.unfinished, ignore_errors=True)
        write_whole(self.path / RESULT, _dump(result))

    def _discard(self, folder: Path) -> None:
        """Remove a folder so that a kill on the way leaves nothing under its name."""
        if folder.exists():
            grave = self.unfinished / f"old-{folder.name}"
            shutil.rmtree(grave, ignore_errors=True)
            folder.rename(grave)
            shutil.rmtree(grave)


def _differences(was: Any, now: Any, name: str = "") -> Iterator[str]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*was, *now]):
            yield from _differences(was.get(key, ABSENT), now.get(key, ABSENT), f"{name}.{key}" if name else key)
    elif was != now:
        yield f"{name} was {was}, is {now}"


def _dump(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        value: dict[str, Any] = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SikuError(f"{path.name} cannot be read", where=str(path), why=str(error)) from error
    return value


def _settle(folder: Path) -> None:
    """Wait until every file below a folder is on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    _settle_names(folder)


def _settle_names(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
