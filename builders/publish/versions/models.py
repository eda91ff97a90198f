"""The models that were trained on built datasets, as far as they lie in the output folder or beside it."""

from __future__ import annotations

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
    level, seen = [top], 0
    for _ in range(LEVELS):
        below: list[Path] = []
        for folder in level:
            try:
                inner = sorted(one for one in folder.iterdir() if one.is_dir() and not one.is_symlink())
            except OSError:  # not ours to look into
                continue
            below += [one for one in inner if not one.name.startswith((".", "checkpoint-"))]
        for folder in below[: MAX_FOLDERS - seen]:
            yield folder
        seen += len(below)
        if seen >= MAX_FOLDERS:
            return
        level = below


def _model(folder: Path) -> dict[str, Any] | None:
    path = folder / TRAINING
    try:
        result = orjson.loads(path.read_bytes())
        data = {key: str(result["data"][key]) for key in ("name", "version", "fingerprint")}
        finished = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
    except (OSError, ValueError, KeyError, TypeError):  # no run, or none of this siku
        return None
    return {"path": str(folder), "data": data, "trained": finished, **{key: result.get(key) for key in TOLD}}
