"""Built datasets as a source: every Parquet file of `train/` and `valid/` is a shard, every row a document again."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import orjson

from builders.document import Document, Meta, Quarantined
from builders.sources.conversations import Conversations
from builders.sources.inputs import file_digest
from builders.sources.row_files import RowFiles
from builders.sources.text_files import TextFiles
from builders.steps import Shard
from validators.errors import SikuError

MANIFEST = "manifest.json"
SPLITS = ("train", "valid")


@dataclass(frozen=True, slots=True)
class DatasetShard(Shard):
    """One Parquet file of a built dataset; `dataset` is the name of that, `split` the folder of the file."""

    dataset: str = ""
    split: str = "train"

    def holds(self, meta: Meta) -> bool:
        return meta.get("dataset") == self.dataset

    def parent(self) -> dict[str, Any] | None:
        return _parent_in(self.path.parent.parent)

    def where(self, document: Document) -> str:
        """Where a document stands, and the command that tells what was before that."""
        folder = shlex.quote(str(self.path.parent.parent))
        return f"{self.name}; before that: siku inspect {folder} {shlex.quote(document.id)}"


@dataclass(frozen=True, kw_only=True)
class Mixture(RowFiles):
    """A source that takes built datasets where other sources take files; beside them it reads what it always does.

    Stands before another source among the bases of a class. A document of a built dataset keeps id, split, parents and
    metadata; `dataset` says which it came from: the name of a built one, or what lies directly below the input.
    """

    dataset_rows: ClassVar[str] = "text"  # what the rows of its datasets are

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        built = [folder for path in inputs for folder in dataset_folders(path)]
        others = [path for path in inputs if not any(path == folder or path in folder.parents for folder in built)]
        shards: list[Shard] = [shard for folder in built for shard in shards_of(folder, self.dataset_rows)]
        shards += super().shards(others) if others or not built else []
        return sorted(distinct(shards), key=lambda shard: shard.name)

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        if isinstance(shard, DatasetShard):
            for row in read_dataset_file(shard):
                row.meta = {name: value for name, value in row.meta.items() if value not in (None, [])}
                row.meta["dataset"] = shard.dataset
                yield row
            return
        for document in super().read(shard):
            if isinstance(document, Document):
                document.meta["dataset"] = _below_the_input(shard.name)
            yield document

    def locate(self, shard: Shard, document: Document, meta: Meta) -> str:
        """Of a row of a built dataset the file, and the command that tells what was before that."""
        return shard.where(document) if isinstance(shard, DatasetShard) else super().locate(shard, document, meta)


@dataclass(frozen=True, kw_only=True)
class TextMixture(Mixture, TextFiles):
    """Built datasets of texts; also files of rows, as `TextFiles` reads them."""


@dataclass(frozen=True, kw_only=True)
class ChatMixture(Mixture, Conversations):
    """Built datasets of messages; also files of conversations, as `Conversations` reads them."""

    dataset_rows: ClassVar[str] = "messages"


def dataset_folders(path: Path) -> list[Path]:
    """The built datasets that a path names: itself, or the versions below an output folder or a name."""
    if not path.is_dir():
        return []
    found = [path] if _is_dataset(path) else [*path.glob("*"), *path.glob("*/*")]
    return sorted(folder for folder in found if _is_dataset(folder))


def _is_dataset(folder: Path) -> bool:
    return (folder / MANIFEST).is_file() and any((folder / split).is_dir() for split in SPLITS)


def shards_of(folder: Path, rows: str = "") -> Iterable[DatasetShard]:
    """The files of a built dataset. Raises SikuError where one is not what its manifest says, or has other `rows`."""
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    name, version = manifest["name"], manifest["version"]
    if (there := manifest["plan"]["output"].get("rows", "text")) != rows and rows:
        recipe = "mix-pretrain" if there == "text" else "chat-stage1"
        raise SikuError(
            f"{name}@{version} has rows of {there}, and this mixture takes rows of {rows}",
            where=str(folder),
            next=f"siku build {recipe} --input {shlex.quote(str(folder))}",
        )
    for split in SPLITS:
        for path in sorted((folder / split).glob("*.parquet")):
            place = f"{split}/{path.name}"
            digest = file_digest(path)
            if manifest["files"].get(place, {}).get("sha256") != digest:
                raise SikuError(
                    f"{name} {version} is not what it was when it was built",
                    where=str(path),
                    why="its digest is not that of the manifest",
                    next=f"siku verify {folder}",
                )
            yield DatasetShard(f"{name}@{version}/{place}", digest, path.stat().st_size, path, name, split)


@functools.lru_cache(maxsize=256)  # a finished version never changes, and may have thousands of files
def _parent_in(folder: Path) -> dict[str, Any]:
    return parent_of(orjson.loads((folder / MANIFEST).read_bytes()))


def parent_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a dataset keeps of one that it was made from: what that is, by content; its model if one wrote it; its own
    parents. Never where it lies."""
    models = [step["model"] for step in manifest["plan"]["steps"] if {"model", "replies"} <= step.keys()]
    named = {name: manifest[name] for name in ("name", "version", "fingerprint")}
    return named | ({"model": models[0]} if models else {}) | {"parents": manifest.get("parents", [])}


def read_dataset_file(shard: DatasetShard) -> Iterator[Document]:
    """The rows of one file as documents, with all columns as their metadata."""
    from pyarrow import parquet

    with parquet.ParquetFile(shard.path) as file:
        for batch in file.iter_batches(batch_size=500, use_threads=False):
            yield from (_document(row, shard.split) for row in batch.to_pylist())


def _document(row: dict[str, Any], split: str) -> Document:
    id, text, messages = row.pop("id"), row.pop("text", ""), row.pop("messages", None)
    document = Document(id, text, row, split=split)
    if messages is not None:
        document.converse(messages)
    return document


def distinct(shards: Sequence[Shard]) -> list[Shard]:
    """Each shard once: a dataset may be named by two paths. Raises SikuError where two of one name differ."""
    by_name: dict[str, Shard] = {}
    for shard in shards:
        known = by_name.setdefault(shard.name, shard)
        if known.digest != shard.digest:
            raise SikuError(
                f"two different datasets are called {shard.name.partition('/')[0]}",
                where=f"{known.path} and {shard.path}",
                next="build one of them under another version: --as VERSION",
            )
    return list(by_name.values())


def _below_the_input(name: str) -> str:
    """`tieba` for `tieba.tsv.gz`, `medical` for `medical/a.csv`."""
    return name.partition("/")[0].partition("#")[0].partition(".")[0]
