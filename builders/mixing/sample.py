"""Some rows of one built dataset as a dataset of their own: of one seed and column, the smaller lies in the larger."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import orjson

from builders.document import Document, Meta, Quarantined
from builders.engine.recipe import Output, Recipe
from builders.mixing.apportion import apportion
from builders.mixing.built import DatasetShard, dataset_folders, read_dataset_file, shards_of
from builders.steps import Corpus, Fate, Shard, Source
from validators.errors import SikuError

RECORD = [("draw", ">u8", 2), ("stratum", "<u4"), ("valid", "?")]
PACKED = struct.Struct("<16sI?")  # the same
DRAWS, STRATA = "draws.bin", "strata.json"
NOT_DRAWN = "not drawn"


@dataclass(frozen=True, slots=True)
class RowsShard(DatasetShard):
    """One Parquet file of the dataset that is drawn from."""

    def holds(self, meta: Meta) -> bool:
        return True  # the rows keep their metadata, so nothing in it says which file they are from


@dataclass(frozen=True, kw_only=True)
class DatasetRows(Source):
    """The rows of one built dataset as they are: ids, texts or messages, split, every column."""

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        folders = [folder for path in inputs for folder in dataset_folders(path)]
        if len(folders) != 1:
            raise SikuError(
                f"a sample is drawn from one built dataset, and here are {len(folders)}",
                where=", ".join(map(str, inputs)),
                next="siku sample NAME@VERSION --rows N; several as one: siku build mix-pretrain",
            )
        found = [RowsShard(*(getattr(one, name) for name in one.__dataclass_fields__)) for one in shards_of(folders[0])]
        return sorted(found, key=lambda shard: shard.name)

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        assert isinstance(shard, DatasetShard)
        return read_dataset_file(shard)

    def locate(self, shard: Shard, document: Document, meta: Meta) -> str:
        return shard.where(document) if isinstance(shard, DatasetShard) else shard.name


@dataclass(frozen=True, kw_only=True)
class Draw(Corpus):
    """Leaves `rows` rows in train, drawn by `seed` and id; with `by`, of each value of that column its share.

    The rest is dropped as "not drawn". Held-out rows all stay: samples of any size are judged on the same ones.

    >>> Draw(rows=1500, by="source")
    """

    version: ClassVar[int] = 1
    sketch_fields: ClassVar[tuple[str, ...]] = ("by", "seed")
    rows: int = 1000
    by: str = ""
    seed: int = 42
    warn_share: float = 1.0
    stop_share: float = 1.0

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise SikuError(f"a sample of {self.rows} rows cannot be", where="steps.Draw.rows", next="1 or more")

    def sketch(self, folder: Path) -> DrawSketch:
        return DrawSketch(folder, self.by, self.seed)

    def decide(self, folders: Sequence[Path], helpers: Executor | None = None) -> list[dict[int, Fate]]:
        import numpy as np

        parts, values = _read_sketches(folders)
        records = np.concatenate(parts)
        check_enough(int((~records["valid"]).sum()), self.rows)
        # the order of the strata is drawn, too, since it decides among equals
        order = sorted(range(len(values)), key=lambda number: _digest(f"{self.seed}\0{values[number]}"))
        rank = np.argsort(np.array(order, dtype=np.int64))
        gone, given, sizes = _draw(rank[records["stratum"]], records["draw"], ~records["valid"], len(values), self.rows)
        fate_of = [self._fate(values[number], *figures) for number, *figures in zip(order, given, sizes, strict=True)]
        fates: list[dict[int, Fate]] = []
        for part, left in zip(parts, np.split(gone, np.cumsum([*map(len, parts)])[:-1]), strict=True):
            rows = np.flatnonzero(left)
            ranks = rank[part["stratum"][rows]]
            fates.append({row: fate_of[place] for row, place in zip(rows.tolist(), ranks.tolist(), strict=True)})
        return fates

    def _fate(self, value: str, given: int, size: int) -> Fate:
        """The one fate of all rows of a stratum that are not drawn."""
        among = f" with {self.by}={value[:60] or '(none)'}" if self.by else ""
        return Fate("", NOT_DRAWN, f"the sample has {given:,} of {size:,} rows{among}")


class DrawSketch:
    """The `SketchWriter` of a sample: a draw, the stratum and the split of every document."""

    def __init__(self, folder: Path, by: str, seed: int) -> None:
        self._folder, self._by, self._seed = folder, by, seed
        self._records = bytearray()
        self._strata: dict[str, int] = {}

    def add(self, document: Document) -> None:
        value = _written(document.meta.get(self._by)) if self._by else ""
        number = self._strata.setdefault(value, len(self._strata))
        draw = _digest(f"{self._seed}\0{document.id}")
        self._records += PACKED.pack(draw, number, document.split == "valid")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            (self._folder / DRAWS).write_bytes(self._records)
            (self._folder / STRATA).write_bytes(orjson.dumps(list(self._strata)))


def check_enough(there: int, wanted: int) -> None:
    """Raise SikuError with how many rows there are, where more are wanted."""
    if wanted > there:
        raise SikuError(
            f"there are not {wanted:,} rows in train",
            where="--rows",
            why=f"no row is drawn twice, so {there:,} is the most",
            next=f"--rows {there}" if there else "a dataset with rows in train",
        )


def _read_sketches(folders: Sequence[Path]) -> tuple[list[Any], list[str]]:
    """The records of every folder, and the values that `stratum` counts in all of them, sorted."""
    import numpy as np

    lists = [orjson.loads((folder / STRATA).read_bytes()) for folder in folders]
    values = sorted({value for one in lists for value in one})
    numbers = {value: number for number, value in enumerate(values)}
    parts = [np.fromfile(folder / DRAWS, dtype=np.dtype(RECORD)) for folder in folders]
    for records, own in zip(parts, lists, strict=True):
        records["stratum"] = np.array([numbers[value] for value in own], dtype="<u4")[records["stratum"]]
    return parts, values


def _draw(strata: Any, draws: Any, candidates: Any, count: int, rows: int) -> tuple[Any, list[int], list[int]]:
    """Which of the candidates do not stay (a mask over all rows); how many of each stratum do, and how many it has.

    Of each stratum the first by their draws stay. `strata` counts from 0 to `count`.
    """
    import numpy as np

    places = np.flatnonzero(candidates)
    places = places[np.lexsort((draws[places, 1], draws[places, 0], strata[places]))]  # stratum by stratum, by draws
    sizes = np.bincount(strata[places], minlength=count)
    given = apportion(sizes.tolist(), rows)
    number_in_stratum = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    gone = np.zeros(len(strata), dtype=bool)
    gone[places[number_in_stratum >= np.repeat(given, sizes)]] = True
    return gone, given, sizes.tolist()


def _written(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


# What every sample is; `siku sample` gives it its name, its settings and the form of its rows.
recipe = Recipe(
    name="sample",
    version="1",
    summary="rows of a built dataset, drawn by seed (siku sample)",
    source=DatasetRows(),
    steps=(Draw(),),
    output=Output(),
)
