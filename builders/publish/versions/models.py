"""The models that were trained on built datasets, as far as they lie in the output folder or beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

TRAINING = "training.json"  # the last file of a finished training run
LEVELS = 3  # below the folder that holds the output folder: `runs/curriculum/stage-1`
MAX_FOLDERS = 5000  # looked into; an output folder in a home directory has many others beside it
TOLD = ("task", "model", "steps", "eval_loss", "perplexity")


def models_near(out: Path) -> list[dict[str, Any]]:
    """Finished training runs: `path`, `data` (name, version, fingerprint), what was trained and when, by path."""
    found = (_model(folder) for folder in _folders(out.absolute().parent))
    return sorted((one for one in found if one), key=lambda one: str(one["path"]))


def trained_on(dataset: Mapping[str, Any], models: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The models of a dataset: of the same content, whatever either is called now."""
    return [one for one in models if one["data"]["fingerprint"] == dataset["fingerprint"]]


def told_path(path: str) -> str:
    """A path as short as it can be from here."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def _folders(top: Path) -> Iterator[Path]:
    """Folders below `top`, level by level; nothing hidden, no checkpoints."""
    level, left = [top], MAX_FOLDERS
    for _ in range(LEVELS):
        level = [inner for folder in level for inner in _inner(folder)][:left]
        left -= len(level)
        yield from level


def _inner(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:  # says what is a folder without a look at each of a million files
            names = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
    except OSError:  # not ours to look into
        return []
    return [folder / name for name in sorted(names) if not name.startswith((".", "checkpoint-"))]


def _model(folder: Path) -> dict[str, Any] | None:
    path = folder / TRAINING
    try:
        result = orjson.loads(path.read_bytes())
        data = {key: str(result["data"][key]) for key in ("name", "version", "fingerprint")}
        finished = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
    except (OSError, ValueError, KeyError, TypeError):  # no run, or none of this siku
        return None
    return {"path": str(folder), "data": data, "trained": finished, **{key: result.get(key) for key in TOLD}}
