"""The rows of two datasets compared by id and digest, in a memory that does not grow with them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from builders.document import transcript
from builders.engine.manifest import SPLITS
from builders.engine.run import first_difference
from builders.engine.tables import read_dataset_rows

KINDS = ("added", "removed", "changed", "moved", "metadata")
SAMPLES = 5  # of a kind, the first by id
BUCKETS = 64  # files that rows are spread over by a checksum of their id; one at a time is in memory
LEAD_CHARS, WINDOW_CHARS = 40, 240  # of an excerpt: before the first difference, and in all
CONTENT = ("id", "text", "messages")
Known = tuple[str, str, str]  # split, digest of the content, digest of the metadata


def compare_rows(a: Path, b: Path, seen: Callable[[int], None] = lambda rows: None) -> dict[str, Any]:
    """How many rows were added, removed, changed in text or messages, moved to the other split, or in `metadata` alone.

    Each with the first ids, and of those excerpts: {"id", "split", "before", "after"}; of what changed, from where it
    differs. `seen` is told of every thousand rows or so.
    """
    found: dict[str, dict[str, Any]] = {kind: {"count": 0, "ids": []} for kind in KINDS}
    with TemporaryDirectory() as scratch:
        sides = [_spread(folder, Path(scratch), side, seen) for side, folder in enumerate((a, b))]
        for old_file, new_file in zip(*sides, strict=True):
            for kind, names in _differences(_read(old_file), _read(new_file)).items():
                found[kind]["count"] += len(names)
                found[kind]["ids"] = sorted([*found[kind]["ids"], *names])[:SAMPLES]
    wanted = {name for group in found.values() for name in group["ids"]}
    old, new = _fetch(a, wanted), _fetch(b, wanted)
    for kind, group in found.items():
        group["samples"] = [_sample(kind, name, old.get(name), new.get(name)) for name in group["ids"]]
    return found


def _spread(folder: Path, scratch: Path, side: int, seen: Callable[[int], None]) -> list[Path]:
    """Id, split and digests of all rows in files, those of one id in the file of one number."""
    paths = [scratch / f"{side}-{number}" for number in range(BUCKETS)]
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for split in SPLITS:
            for number, row in enumerate(read_dataset_rows(folder, split), start=1):
                name = row["id"]
                line = orjson.dumps([name, split, *_digests(row)])
                files[zlib.crc32(name.encode()) % BUCKETS].write(line + b"\n")
                if number % 1024 == 0:
                    seen(1024)
    return paths


def _digests(row: Mapping[str, Any]) -> tuple[str, str]:
    content = row["text"] if "messages" not in row else [[one["role"], one["content"]] for one in row["messages"]]
    meta = {name: value for name, value in row.items() if name not in CONTENT and value is not None}
    return _digest(content), _digest(meta)


def _digest(value: Any) -> str:
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def _read(path: Path) -> dict[str, Known]:
    with path.open("rb") as file:
        rows = (orjson.loads(line) for line in file)
        return {name: (split, content, meta) for name, split, content, meta in rows}


def _differences(old: Mapping[str, Known], new: Mapping[str, Known]) -> dict[str, list[str]]:
    both = old.keys() & new.keys()
    return {
        "added": list(new.keys() - old.keys()),
        "removed": list(old.keys() - new.keys()),
        "changed": [name for name in both if old[name][1] != new[name][1]],
        "moved": [name for name in both if old[name][0] != new[name][0]],
        "metadata": [name for name in both if old[name][1] == new[name][1] and old[name][2] != new[name][2]],
    }


def _fetch(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """These rows of a dataset; of its files only the groups that they lie in are read whole."""
    wanted = set(names)
    return {row["id"]: row for split in SPLITS for row in _fetch_split(folder, split, wanted)} if wanted else {}


def _fetch_split(folder: Path, split: str, wanted: set[str]) -> Iterator[dict[str, Any]]:
    from pyarrow import parquet

    for path in sorted((folder / split).glob("*.parquet")):
        with parquet.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=["id"])["id"].to_pylist()
                places = [place for place, name in enumerate(ids) if name in wanted]
                if places:
                    for row in file.read_row_group(group).take(places).to_pylist():
                        yield row | {"split": split, "text": row.get("text") or transcript(row.get("messages") or [])}


def _sample(kind: str, name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    before, after = (_told(kind, row) for row in (old, new))
    start = max(0, first_difference(before, after) - LEAD_CHARS) if kind in ("changed", "metadata") else 0
    excerpts = {"before": _excerpt(before, start) if old else None, "after": _excerpt(after, start) if new else None}
    return {"id": name, "split": (new or old or {}).get("split", ""), **excerpts}


def _excerpt(text: str, start: int) -> str:
    end = start + WINDOW_CHARS
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"


def _told(kind: str, row: Mapping[str, Any] | None) -> str:
    """What an excerpt is of: the text; the metadata where nothing else changed; the split of what moved."""
    match row, kind:
        case None, _:
            return ""
        case dict(), "moved":
            return str(row["split"])
        case dict(), "metadata":
            meta = {key: value for key, value in row.items() if key not in (*CONTENT, "split") and value is not None}
            return orjson.dumps(meta, option=orjson.OPT_SORT_KEYS).decode()
    return str((row or {})["text"])
