"""How much of each dataset a mixture takes: by weight, in rows or characters, drawn by seed."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from builders.document import Document
from builders.steps import Corpus, Fate
from validators.errors import SikuError, nearest

RECORD = np.dtype([("draw", ">u8", 2), ("chars", "<u8"), ("dataset", "<u4"), ("valid", "?")])
PACKED = struct.Struct("<16sQI?")  # the same
NOT_DRAWN = "not drawn"
Records = npt.NDArray[np.void]


@dataclass(frozen=True, kw_only=True)
class Mix(Corpus):
    """Takes of every dataset its share: `weights=("dialogue-sft=3", "baike-knowledge=1")`, in `unit`.

    The mixture is as large as the data allow at these weights, or has `size` rows or characters. No row is taken
    twice. Which rows are taken is drawn by `seed` and their ids, so that a row more does not change the others. The
    rest is dropped as "not drawn". Held-out rows all stay. Without weights everything stays.

    >>> Mix(weights=("wiki-pretrain=1", "novel-pretrain=2"), unit="characters", size=10_000_000)
    """

    version: ClassVar[int] = 1
    sketch_fields: ClassVar[tuple[str, ...]] = ("seed",)
    weights: tuple[str, ...] = ()
    unit: Literal["rows", "characters"] = "rows"
    size: int = 0
    seed: int = 42
    warn_share: float = 1.0
    stop_share: float = 1.0

    def __post_init__(self) -> None:
        mistakes = [f"unit is {self.unit!r}, must be 'rows' or 'characters'"] * (
            self.unit not in ("rows", "characters")
        )
        mistakes += [f"size is {self.size}, must not be negative"] * (self.size < 0)
        mistakes += ["a size needs weights"] * (self.size > 0 and not self.weights)
        for weight in self.weights:
            name, _, value = weight.rpartition("=")
            if not name or not _is_positive(value):
                mistakes.append(f"{weight!r} is no weight, which reads NAME=NUMBER")
        names = [weight.rpartition("=")[0] for weight in self.weights]
        mistakes += [f"{name} has two weights" for name in sorted({name for name in names if names.count(name) > 1})]
        if mistakes:
            raise SikuError("this cannot be mixed", where="Mix", why="; ".join(mistakes))

    def sketch(self, folder: Path) -> MixSketch:
        return MixSketch(folder, self.seed)

    def decide(self, folders: Sequence[Path], helpers: Executor | None = None) -> list[dict[int, Fate]]:
        if not self.weights:
            return [{} for _ in folders]
        shards, names = read_sketches(folders)
        taken = self._taken(np.concatenate(shards), names)
        fates: list[dict[int, Fate]] = []
        for records, kept in zip(shards, np.split(taken, np.cumsum([*map(len, shards)])[:-1]), strict=True):
            beyond = {row: names[records["dataset"][row]] for row in np.flatnonzero(~kept).tolist()}
            fates.append({row: Fate("", NOT_DRAWN, f"beyond the share of {name}") for row, name in beyond.items()})
        return fates

    def _taken(self, records: Records, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which rows stay: all that are held out, and of each dataset the first by draw up to its quota."""
        worth = records["chars"].astype(np.float64) if self.unit == "characters" else np.ones(len(records))
        taken: npt.NDArray[np.bool_] = records["valid"].copy()
        members = {name: np.flatnonzero((records["dataset"] == place) & ~taken) for place, name in enumerate(names)}
        quotas = self._quotas({name: float(worth[rows].sum()) for name, rows in members.items()})
        for name, rows in members.items():
            drawn = rows[np.lexsort((records["draw"][rows, 1], records["draw"][rows, 0]))]
            taken[drawn[np.cumsum(worth[drawn]) <= quotas[name] + 1e-6]] = True
        return taken

    def _quotas(self, available: Mapping[str, float]) -> dict[str, float]:
        """How much to take of each dataset. Raises SikuError where weights and datasets do not match."""
        weights = {name: float(value) for name, _, value in (weight.rpartition("=") for weight in self.weights)}
        missing = [name for name, amount in available.items() if name not in weights and amount]
        unknown = [name for name in weights if not available.get(name)]
        if missing or unknown:
            raise SikuError(
                "weights and datasets do not match",
                where="steps.Mix.weights",
                why="; ".join(
                    [f"no weight for {', '.join(missing)}"] * bool(missing)
                    + [f"there are no rows of {name}: {nearest(name, available)}" for name in unknown]
                ),
                next="one weight for each: --set steps.Mix.weights="
                + ",".join(f"{name}=1" for name in sorted(available)),
            )
        total = sum(weights.values())
        largest = min(available[name] * total / weight for name, weight in weights.items())
        if self.size > largest + 1e-6:
            raise SikuError(
                f"there are not {self.size:,} {self.unit} at these weights",
                where="steps.Mix.size",
                why=f"no row is taken twice, so {int(largest):,} is the most",
                next=f"--set steps.Mix.size={int(largest)}, other weights, or more data",
            )
        whole = self.size or largest
        return {name: whole * weights.get(name, 0.0) / total for name in available}


class MixSketch:
    """The `SketchWriter` of a mixture: a draw, the size and the dataset of every document."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        self._records = bytearray()
        self._datasets: dict[str, int] = {}

    def add(self, document: Document) -> None:
        name = str(document.meta.get("dataset") or "")
        number = self._datasets.setdefault(name, len(self._datasets))
        draw = hashlib.blake2b(f"{self._seed}\0{name}\0{document.id}".encode("utf-8", "surrogatepass"), digest_size=16)
        self._records += PACKED.pack(draw.digest(), len(document.text), number, document.split == "valid")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            (self._folder / "mix.bin").write_bytes(self._records)
            (self._folder / "datasets.json").write_text(json.dumps(list(self._datasets)), encoding="ascii")


def read_sketches(folders: Sequence[Path]) -> tuple[list[Records], list[str]]:
    """The records of every folder, and the names that `dataset` counts in all of them, sorted."""
    lists = [json.loads((folder / "datasets.json").read_bytes()) for folder in folders]
    names = sorted({name for one in lists for name in one})
    shards = [np.fromfile(folder / "mix.bin", dtype=RECORD) for folder in folders]
    for records, own in zip(shards, lists, strict=True):
        records["dataset"] = np.array([names.index(name) for name in own], dtype="<u4")[records["dataset"]]
    return shards, names


def _is_positive(text: str) -> bool:
    try:
        return 0 < float(text) < float("inf")
    except ValueError:
        return False
