"""A built dataset as training sees it: what its manifest says, whether that is still true, and its rows in order."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from builders.engine.manifest import MANIFEST, SPLITS, find_dataset, read_manifest
from builders.publish.exports.rows import read_rows
from builders.sources.inputs import file_digest
from trainers.problems import some_of
from validators.errors import SikuError

Kind = Literal["text", "messages"]
KINDS: tuple[Kind, ...] = ("text", "messages")


@dataclass(frozen=True, slots=True)
class BuiltDataset:
    """A finished dataset: `files` are those of `train/` and `valid/`, as the manifest has them."""

    folder: Path
    name: str
    version: str
    fingerprint: str
    files: Mapping[str, Mapping[str, Any]]

    @property
    def rows(self) -> dict[str, int]:
        """How many rows `train` and `valid` have."""
        return {
            split: sum(int(file["rows"]) for name, file in self.files.items() if name.startswith(f"{split}/"))
            for split in SPLITS
        }

    @property
    def kind(self) -> Kind | None:
        """What the rows are: `messages` where there is such a column, else `text`; None for neither."""
        columns = self.columns()
        return "messages" if "messages" in columns else "text" if "text" in columns else None

    def columns(self) -> set[str]:
        """The columns that every file of `train/` and `valid/` has. Raises SikuError (exit 2) for one without any."""
        found = [_columns(self.folder / name) for name in self.files]
        return set.intersection(*found) if found else set()

    def data(self) -> dict[str, str]:
        """Name, version and fingerprint, as `--json` has them."""
        return {"name": self.name, "version": self.version, "fingerprint": self.fingerprint}

    def read_rows(self, split: str, kind: Kind) -> Iterator[dict[str, Any]]:
        """`id` and `text` or `messages` of every row, in dataset order, a few hundred in memory at a time.

        A row without an id has its number. Raises SikuError (exit 2) for a row or a turn that is null.
        """
        for number, row in enumerate(read_rows(self.files_of(split), ["id", kind]), start=1):
            name = row.get("id")
            row["id"] = str(number if name is None else name)
            if not _is_whole(row[kind]):
                raise SikuError(
                    f"{self.name} {self.version} has a row of {split} with nothing where {kind} should be",
                    where=f"{self.folder}, {row['id']}",
                    why="a null is neither a text nor a turn",
                    next="build the dataset without it",
                )
            yield row

    def files_of(self, split: str) -> list[Path]:
        """The files of a split, in dataset order."""
        return [self.folder / name for name in sorted(self.files) if name.startswith(f"{split}/")]


def open_dataset(name: str, out: Path) -> BuiltDataset:
    """A finished dataset given as NAME, NAME@VERSION or a folder. Raises SikuError (exit 2) where there is none."""
    folder = find_dataset(name, out)
    manifest = read_manifest(folder)
    if manifest is None:  # it went away since it was found
        raise SikuError(f"{name} is not finished", where=str(folder), why=f"it has no {MANIFEST}")
    files = {
        name: file
        for name, file in manifest["files"].items()
        if name.endswith(".parquet") and name.partition("/")[0] in SPLITS
    }
    if any(not {"sha256", "bytes", "rows"} <= file.keys() for file in files.values()):
        raise SikuError(
            "the manifest cannot be read",
            where=str(folder / MANIFEST),
            why="a file of it lacks sha256, bytes or rows",
            next="build the dataset again",
        )
    return BuiltDataset(folder, manifest["name"], manifest["version"], manifest["fingerprint"], files)


def _columns(file: Path) -> set[str]:
    from pyarrow import ArrowInvalid, parquet

    try:
        return set(parquet.read_schema(file).names)
    except ArrowInvalid as error:
        why = str(error).splitlines()[0]
        raise SikuError(
            "a file is no Parquet file", where=str(file), why=why, next="build the dataset again"
        ) from error


def _is_whole(value: Any) -> bool:
    """Whether a text, or every turn of a conversation, is there."""
    if isinstance(value, list):
        return all(one is not None and one["role"] is not None and one["content"] is not None for one in value)
    return value is not None


def dataset_problems(dataset: BuiltDataset, kind: Kind) -> list[SikuError]:
    """What speaks against training on a dataset: changed files, rows of another kind, no rows in `train`."""
    if changed := changed_files(dataset):
        return changed  # what is in them means nothing
    problems: list[SikuError] = []
    if not dataset.rows["train"]:
        problems.append(
            SikuError(
                f"{dataset.name} {dataset.version} has no rows in train",
                where=str(dataset.folder),
                why="there is nothing to train on",
                next=f"siku inspect {shlex.quote(str(dataset.folder))} tells what became of its documents",
            )
        )
    elif kind not in (columns := dataset.columns()):
        task = "siku train pretrain" if "text" in columns else "siku train sft"
        problems.append(
            SikuError(
                f"{dataset.name} {dataset.version} has no column {kind!r}, which this task trains on",
                where=str(dataset.folder),
                why=f"it has: {', '.join(sorted(columns))}",
                next=f"{task} --data {shlex.quote(str(dataset.folder))}" if columns & set(KINDS) else "",
            )
        )
    return problems


def changed_files(dataset: BuiltDataset) -> list[SikuError]:
    """One problem that names every file of `train/` and `valid/` whose digest is not that of the manifest."""
    on_disk = {
        path.relative_to(dataset.folder).as_posix()
        for split in SPLITS
        for path in (dataset.folder / split).glob("*.parquet")
    }
    wrong = [
        name for name, file in sorted(dataset.files.items()) if file_digest(dataset.folder / name) != file["sha256"]
    ]
    wrong += sorted(on_disk - dataset.files.keys())
    if not wrong:
        return []
    return [
        SikuError(
            f"{dataset.name} {dataset.version} is not what it was when it was built",
            where=some_of([str(dataset.folder / name) for name in wrong]),
            why="the digest is not that of the manifest"
            if len(wrong) == 1
            else "their digests are not in the manifest",
            next=f"siku verify {shlex.quote(str(dataset.folder))}",
        )
    ]
