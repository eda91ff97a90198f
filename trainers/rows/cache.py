"""Tokens of a split on disk: made once for a dataset and a tokenizer, then mapped into memory and never made again."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import orjson

from builders.engine.progress import Progress
from builders.engine.store import WorkStore
from trainers.problems import MAX_NAMED, some_of
from trainers.rows.dataset import BuiltDataset, Kind
from trainers.rows.tokens import Encoded, tokenizer_digest
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 4  # raised when the files, or what is in them for the same rows, change
CHARACTERS_AT_ONCE = 300_000
_TEMPLATE = "--set chat_template_path=FILE with a template that"
FAULTS = {  # of `Encoded`: what is wrong with such rows, why that is wrong, and what helps
    "empty": ("without a token that carries loss", "they teach nothing", "build the dataset without them"),
    "endless": (
        "with an assistant turn that ends in no special token",
        "the model would never learn to stop",
        f"{_TEMPLATE} ends each in a stop token",
    ),
    "changed": (
        "with assistant turns that the chat template does not write as they are",
        "it cannot be told which tokens are to be learnt",
        f"{_TEMPLATE} does",
    ),
    "refused": ("that the chat template refuses", "it raises an error for them", f"{_TEMPLATE} takes their roles"),
}


class Encoder(Protocol):
    """TextEncoder, ChatEncoder or Seq2SeqEncoder: rows of `text` or `messages` to tokens."""

    kind: Kind

    def encode(self, rows: Sequence[Any], /) -> list[Encoded]: ...


class TokenCache:
    """The tokens of one split, in dataset order, mapped into memory: documents × tokens.

    `ids` (uint16, or uint32 above 65,536 ids) and `marks` (uint8, as `Encoded` has them) of all documents after one
    another; `offsets` (int64, documents + 1) says where each begins; `characters` (int64), one a document.
    `stop_ids` are the tokens that end assistant turns.
    """

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.folder, self.facts = folder, facts
        self.kind: Kind = facts["kind"]
        self.stop_ids: list[int] = facts["stop_ids"]
        self.ids: NDArray[Any] = self._map("ids", facts["dtype"])
        self.marks: NDArray[np.uint8] = self._map("marks", "uint8")
        self.offsets: NDArray[np.int64] = self._map("offsets", "int64")
        self.characters: NDArray[np.int64] = self._map("characters", "int64")
        self._names, self._name_offsets = self._map("names", "uint8"), self._map("name_offsets", "int64")

    def __reduce__(self) -> tuple[object, ...]:
        """Another process maps the files again."""
        return (TokenCache, (self.folder, self.facts))

    def __len__(self) -> int:
        """Documents."""
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each document."""
        import numpy as np

        return np.diff(self.offsets)

    @property
    def tokens(self) -> int:
        """Tokens of all documents."""
        return int(self.offsets[-1])

    def document(self, number: int) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """Ids and marks of one document."""
        place = slice(self.offsets[number], self.offsets[number + 1])
        return self.ids[place], self.marks[place]

    def row_id(self, number: int) -> str:
        """The `id` of a document in the dataset."""
        return bytes(self._names[self._name_offsets[number] : self._name_offsets[number + 1]]).decode()

    def problems(self) -> list[SikuError]:
        """What is wrong with rows, each with some of their ids: those that teach nothing, or never to stop."""
        return [
            SikuError(
                f"{_rows(count)} of {self.facts['split']} {FAULTS[fault][0]}",
                where=f"{self.facts['dataset']}, {some_of(ids, count=count)}",
                why=FAULTS[fault][1],
                next=FAULTS[fault][2],
            )
            for fault, (count, ids) in self.facts["faults"].items()
        ]

    def too_long(self, max_length: int, needed: int = 0) -> list[SikuError]:
        """One problem, with count, ids and the length needed (of other splits, too), where documents are longer than
        `max_length`."""
        import numpy as np

        long = np.flatnonzero(self.lengths > max_length)
        if not len(long):
            return []
        ids = [self.row_id(int(number)) for number in long[:MAX_NAMED]]
        return [
            SikuError(
                f"{len(long):,} of {_rows(len(self))} of {self.facts['split']} are longer than max_length {max_length}",
                where=f"{self.facts['dataset']}, {some_of(ids, count=len(long))}",
                why="conversations are never cut",
                next=f"--set max_length={max(needed, int(self.lengths.max()))}, or --set too_long=skip",
            )
        ]

    def _map(self, name: str, dtype: str) -> NDArray[Any]:
        import numpy as np

        path = self.folder / f"{name}.bin"
        if not path.stat().st_size:  # which cannot be mapped
            return np.zeros(0, dtype=dtype)
        return np.memmap(path, dtype=dtype, mode="r")


def open_cache(
    dataset: BuiltDataset, split: str, tokenizer: Any, encoder: Encoder, progress: Progress | None = None
) -> TokenCache:
    """The tokens of a split: made now, or found. Processes that want the same wait for the one that makes it.

    It lies beside the dataset, in the work store of its output folder, else in the user's cache folder.
    """
    key = cache_key(dataset, split, tokenizer, encoder)
    store = WorkStore(store_root(dataset))
    with _one_at_a_time(store.root / "locks" / f"tokens-{key[:16]}.lock"):
        store.sweep()
        try:
            store.get(key)
        except SikuError:  # damaged; it costs nothing but time to make it again
            store.discard(key)
        largest = max(tokenizer.get_vocab().values(), default=0)
        dtype = "uint16" if largest < 1 << 16 else "uint32"
        folder, facts = store.make(key, lambda folder: _fill(folder, dataset, split, encoder, dtype, progress))
    return TokenCache(folder, facts)


def cache_key(dataset: BuiltDataset, split: str, tokenizer: Any, encoder: Encoder) -> str:
    """The digest of all that decides the tokens of a split."""
    files = {name: file["sha256"] for name, file in dataset.files.items() if name.startswith(f"{split}/")}
    packages = {name: importlib.metadata.version(name) for name in ("tokenizers", "transformers")}
    what = [FORMAT, type(encoder).__name__, dataset.fingerprint, split, files, tokenizer_digest(tokenizer), packages]
    return hashlib.sha256(orjson.dumps(["tokens", *what], option=orjson.OPT_SORT_KEYS)).hexdigest()


def store_root(dataset: BuiltDataset) -> Path:
    """`.siku` of the output folder that the dataset lies in; else a folder in the user's cache."""
    beside = dataset.folder.resolve().parent.parent / ".siku"
    if beside.is_dir() and os.access(beside, os.W_OK):
        return beside
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "siku"


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fill(
    folder: Path, dataset: BuiltDataset, split: str, encoder: Encoder, dtype: str, progress: Progress | None
) -> dict[str, Any]:
    """Write the files of a cache, a few hundred thousand characters in memory at a time; returns the facts of it."""
    faults: dict[str, tuple[int, list[str]]] = {}
    progress = progress or Progress(quiet=True)
    progress.start(f"tokens of {split}", dataset.rows[split], "rows")
    with ExitStack() as stack:
        writer = _Writer(folder, dtype, stack)
        rows = dataset.read_rows(split, encoder.kind)
        while batch := list(_batch(rows, encoder.kind)):
            for row, encoded in zip(batch, encoder.encode([row[encoder.kind] for row in batch]), strict=True):
                writer.write(row["id"], encoded)
                if encoded.fault:
                    count, ids = faults.get(encoded.fault, (0, []))
                    faults[encoded.fault] = (count + 1, [*ids, row["id"]][:MAX_NAMED])
            progress.advance(len(batch))
    return {
        "kind": encoder.kind,
        "dataset": f"{dataset.name}@{dataset.version}",
        "split": split,
        "dtype": dtype,
        "stop_ids": sorted(getattr(encoder, "stop_ids", ())),
        "faults": faults,
    }


def _batch(rows: Iterator[dict[str, Any]], kind: Kind) -> Iterator[dict[str, Any]]:
    """The next rows, up to CHARACTERS_AT_ONCE."""
    characters = 0
    while characters < CHARACTERS_AT_ONCE and (row := next(rows, None)) is not None:
        yield row
        characters += 100 + (
            len(row["text"]) if kind == "text" else sum(len(one["content"]) for one in row["messages"])
        )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


class _Writer:
    """The files of a cache while they are written."""

    def __init__(self, folder: Path, dtype: str, stack: ExitStack) -> None:
        self.dtype = dtype
        self.files: dict[str, IO[bytes]] = {
            name: stack.enter_context((folder / f"{name}.bin").open("wb"))
            for name in ("ids", "marks", "offsets", "characters", "names", "name_offsets")
        }
        self.tokens = self.name_bytes = 0
        self._number("offsets", 0)
        self._number("name_offsets", 0)

    def write(self, name: str, encoded: Encoded) -> None:
        self.files["ids"].write(encoded.ids.astype(self.dtype).tobytes())
        self.files["marks"].write(encoded.marks.tobytes())
        self.files["names"].write(given := name.encode())
        self.tokens += len(encoded.ids)
        self.name_bytes += len(given)
        self._number("offsets", self.tokens)
        self._number("name_offsets", self.name_bytes)
        self._number("characters", encoded.characters)

    def _number(self, file: str, number: int) -> None:
        self.files[file].write(number.to_bytes(8, "little", signed=True))
