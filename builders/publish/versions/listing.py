"""What is in an output folder: finished versions, unfinished ones, models trained on them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import DATA_FOLDERS, MANIFEST, finished_versions, read_manifest
from builders.engine.recipe import find_recipe, recipe_files
from builders.engine.store import WorkStore
from builders.publish.terminal import OK, print_json, table
from builders.publish.versions.lineage import name_of, parents_of
from builders.publish.versions.models import models_near, told_path, trained_on
from validators.errors import SikuError


def show_list(recipes: Path, out: Path, *, as_json: bool) -> int:
    """The recipes, the versions built in `out`, the unfinished ones, the models."""
    known = [find_recipe(path.stem.replace("_", "-"), recipes) for path in recipe_files(recipes)]
    models = models_near(out)
    versions = [version_row(path, manifest, models) for path, manifest in readable(out)]
    unfinished = unfinished_versions(out)
    if as_json:
        listed = {"recipes": [{"name": one.name, "summary": one.summary} for one in known], "versions": versions}
        print_json({**listed, "unfinished": unfinished, "models": models})
        return OK
    table(("recipe", "what it makes"), [(one.name, one.summary) for one in known])
    _show_versions(versions)
    _show_models(versions, models)
    if unfinished:
        table(("unfinished", "begun", "now"), [(name_of(one), one["begun"], one["now"]) for one in unfinished])
    if not versions and not unfinished:
        print(f"nothing built in {out} yet")
    return OK


def _show_versions(versions: Sequence[Mapping[str, Any]]) -> None:
    if not versions:
        return
    family = any(one["parents"] for one in versions)
    head = ("dataset", "train", "valid", "size", "built", *(("made from",) if family else ()))
    rows = [
        (
            *(name_of(one), one["train"], one["valid"], told_size(one["bytes"]), one["built"]),
            *((", ".join(map(name_of, one["parents"])),) if family else ()),
        )
        for one in versions
    ]
    table(head, rows)


def _show_models(versions: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]]) -> None:
    """The models of these versions; others that lie beside them are told by `--json` alone."""
    mine = [(model, name_of(one)) for one in versions for model in trained_on(one, models)]
    if mine:
        rows = [(told_path(model["path"]), model["task"], name, model["trained"]) for model, name in mine]
        table(("model", "task", "trained on", "finished"), rows)


def told_size(size: int) -> str:
    """Bytes as people read them: `1.2 GB`, `340 kB`."""
    for unit, worth in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= worth:
            return f"{size / worth:,.1f} {unit}" if size < 100 * worth else f"{size / worth:,.0f} {unit}"
    return f"{size} bytes"


def readable(out: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The folders of finished versions with their manifests."""
    found: list[tuple[Path, dict[str, Any]]] = []
    for path in finished_versions(out):
        with contextlib.suppress(SikuError):  # `unfinished_versions` tells of it
            found.append((path, read_manifest(path) or {}))
    return found


def version_row(folder: Path, manifest: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is told of a finished version."""
    size = sum(file["bytes"] for file in manifest["files"].values())
    rows = manifest.get("rows", {})
    return {
        **{key: manifest[key] for key in ("name", "version", "fingerprint")},
        "path": str(folder),
        "train": rows.get("train", 0),
        "valid": rows.get("valid", 0),
        "bytes": size,
        "mb": round(size / 1e6, 1),
        "built": _date((folder / MANIFEST).stat().st_mtime),
        "parents": parents_of(manifest),
        "models": [model["path"] for model in trained_on(manifest, models)],
    }


# ---------------------------------------------------------------- unfinished


def unfinished_versions(out: Path) -> list[dict[str, Any]]:
    """Versions that a build began and did not end, or of which the manifest cannot be read, by name: `begun`, `since`
    (seconds), what is the matter `now`."""
    store = WorkStore(out / ".siku")
    whole = {path for path, _ in readable(out)}
    begun = {path.stem: path for path in (out / ".siku" / "inputs").glob("*@*.json") if not _is_finished(path)}
    for folder in out.glob("*/*"):
        if folder not in whole and any((folder / part).is_dir() for part in DATA_FOLDERS):
            begun.setdefault(f"{folder.parent.name}@{folder.name}", folder)
    return [
        _unfinished(out, store, word, path)
        for word, path in sorted(begun.items())
        if out / word.replace("@", "/") not in whole
    ]


def _unfinished(out: Path, store: WorkStore, word: str, path: Path) -> dict[str, Any]:
    name, _, version = word.partition("@")
    began_s = path.stat().st_mtime
    owner = store.owner(word)
    folder = out / name / version
    stopped = (
        "its manifest cannot be read" if (folder / MANIFEST).exists() else "stopped; the command that began it goes on"
    )
    now = f"being built by {owner}" if owner else stopped
    named = {"name": name, "version": version, "path": str(folder)}
    return {**named, "begun": _date(began_s), "since": began_s, "running": bool(owner), "now": now}


def _is_finished(path: Path) -> bool:
    try:
        return bool(orjson.loads(path.read_bytes()).get("finished"))
    except (OSError, ValueError, AttributeError):
        return False


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
