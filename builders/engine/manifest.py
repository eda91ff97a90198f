"""The manifest: the last file of a dataset to be written, so that its existence means the dataset is whole."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from builders import __version__
from builders.engine.ledger import Ledger
from builders.sources.inputs import file_digest, in_threads
from builders.steps import Shard
from validators.errors import SikuError, nearest

MANIFEST = "manifest.json"
PACKAGES = ("ahocorasick-rs", "datasketch", "numpy", "opencc", "orjson", "pyarrow", "pyyaml", "selectolax")
SPLITS = ("train", "valid")
DATA_FOLDERS = ("train", "valid", "dropped", "evidence")


def package_versions() -> dict[str, str]:
    """The packages that have a say in the bytes of a dataset."""
    versions = {"siku": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def summary(ledger: Ledger) -> dict[str, Any]:
    """The figures of a build, as `--json` and the manifest have them."""
    return {
        "rows": {split: ledger.rows[split] for split in SPLITS},
        "dropped": ledger.dropped,
        "duplicates": ledger.duplicates,
        "quarantined": ledger.quarantined.total(),
        "characters": {
            "in": ledger.characters_in + ledger.characters_quarantined,
            "kept": ledger.characters.total(),
        },
        "steps": [
            {
                "name": tally.name,
                "in": tally.documents_in,
                "out": tally.documents_out,
                "dropped": tally.documents_dropped,
                "characters_removed": tally.characters_removed,
            }
            for tally in ledger.steps
        ],
    }


def describe_inputs(shards: Iterable[Shard]) -> list[dict[str, Any]]:
    return [{"name": shard.name, "sha256": shard.digest, "bytes": shard.bytes} for shard in shards]


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Path below the dataset, SHA-256, size and rows of every file but the manifest."""
    from pyarrow import parquet

    files: dict[str, dict[str, Any]] = {}
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    for path, sha256 in zip(paths, in_threads(file_digest, paths), strict=True):
        rows = parquet.read_metadata(path).num_rows if path.suffix == ".parquet" else 0
        name = path.relative_to(folder).as_posix()
        files[name] = {"sha256": sha256, "bytes": path.stat().st_size, "rows": rows}
    return files


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    write_whole(folder / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")


def write_whole(path: Path, content: bytes) -> None:
    """The file under its name only when all of it is on disk."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.rename(path)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished dataset, None where there is none. Raises SikuError if it cannot be read."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        manifest: dict[str, Any] = orjson.loads(path.read_bytes())
        if not isinstance(manifest, dict) or not {"name", "version", "fingerprint", "files"} <= manifest.keys():
            raise ValueError("it lacks name, version, fingerprint or files")
    except (OSError, ValueError) as error:
        again = "build or pull it again, once this folder is moved away"
        raise SikuError("the manifest cannot be read", where=str(path), why=str(error), next=again) from error
    return manifest


def find_dataset(name: str, out: Path) -> Path:
    """The folder of a finished dataset given as `NAME`, `NAME@VERSION` or a folder.

    A bare NAME means its newest version. Raises SikuError with what there is.
    """
    folder = Path(name)
    if (folder / MANIFEST).exists():
        return folder
    wanted, _, version = name.partition("@")
    found = {f"{path.parent.name}@{path.name}": path for path in finished_versions(out)}
    if version and name in found:
        return found[name]
    same = [path for path in found.values() if path.parent.name == wanted]
    if same and not version:
        return max(same, key=lambda path: (path / MANIFEST).stat().st_mtime_ns)
    known = found if version else {path.parent.name for path in found.values()}
    unfinished = folder.is_dir() and any((folder / part).is_dir() for part in DATA_FOLDERS)
    raise SikuError(
        f"{name} is not finished" if unfinished else f"there is no dataset {name!r}",
        where=str(folder if unfinished else out),
        why="it has no manifest.json" if unfinished else nearest(name, known) if found else "there is none yet",
        next="the command that began it goes on with it" if unfinished else f"siku list --out {shlex.quote(str(out))}",
    )


def input_named(given: Path, out: Path) -> Path:
    """A file or folder, or a built dataset by its name: `dialogue-sft@1`. Raises SikuError with the datasets there are.

    Whether a path with a suffix or a folder in it leads anywhere, the source says.
    """
    if os.path.lexists(given):
        return given
    try:
        return find_dataset(str(given), out)
    except SikuError:
        if "@" not in given.name and (given.suffix or len(given.parts) > 1):
            return given
        raise


def finished_versions(out: Path) -> Sequence[Path]:
    return sorted(path.parent for path in out.glob(f"*/*/{MANIFEST}"))
