"""Rows to JSON lines, a few in memory at a time; those that a format cannot take are all found, and all told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from builders.engine.progress import Progress
from builders.publish.exports.forms import Form, Kind, Row, form_of
from validators.errors import SikuError

MAX_NAMED = 20  # rows of one fault that are named
BUFFER_BYTES = 1 << 20
TOLD_EVERY = 1000  # rows
INFERRED_BYTES = 1 << 20  # from which `datasets` surely infers types: it takes the first 10 MiB of the first file
HISTORY = """---
dataset_info:
  features:
  - name: instruction
    dtype: string
  - name: input
    dtype: string
  - name: output
    dtype: string
  - name: system
    dtype: string
  - name: history
    list:
      list: string
---
"""


@dataclass
class Exported:
    """The files of an export as a manifest has them (sha256, bytes, rows), and what is wrong with rows."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[SikuError] = field(default_factory=list)


@dataclass
class _Split:
    """What was seen of the rows of one split."""

    rows: int = 0
    bytes: int = 0
    faults: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    first_history: int | None = None  # bytes before the first row with one


def write_lines(
    format: str,
    kind: Kind,
    name: str,
    splits: Mapping[str, Callable[[], Iterable[Row]]],
    folder: Path,
    progress: Progress,
) -> Exported:
    """Write `train.jsonl` and `valid.jsonl`, and what else the format has. `name` is that of the dataset.

    `splits` has the rows (`id` and `text` or `messages`) of every split that has any, in dataset order.
    """
    done, seen = Exported(), []
    form = form_of(format, kind)
    for split, rows in splits.items():
        one = _Split()
        with CountedFile(folder / f"{split}.jsonl") as file:
            _write(form, rows(), file, one, progress)
        done.files[f"{split}.jsonl"] = file.described(one.rows)
        helps = "build the dataset without them"
        if kind == "messages" and format != "messages":
            helps += ", or --format messages, which takes them as they are"
        done.problems += [_problem(split, fault, *told, helps) for fault, told in one.faults.items()]
        seen.append(one)
    if format == "llamafactory":
        content = orjson.dumps(dataset_info(name, kind, list(splits)), option=orjson.OPT_INDENT_2) + b"\n"
        done.files["dataset_info.json"] = write_file(folder / "dataset_info.json", content)
    if format == "alpaca" and _needs_types(seen):
        done.files["README.md"] = write_file(folder / "README.md", HISTORY.encode())
    return done


def _write(form: Form, rows: Iterable[Row], file: CountedFile, seen: _Split, progress: Progress) -> None:
    for row in rows:
        seen.rows += 1
        if seen.rows % TOLD_EVERY == 0:
            progress.advance(TOLD_EVERY)
        if fault := form.fault(row):
            count, ids = seen.faults.get(fault, (0, []))
            seen.faults[fault] = (count + 1, [*ids, str(row["id"])][:MAX_NAMED])
        if seen.faults:
            continue  # nothing will come of it
        written = form.write(row)
        if seen.first_history is None and written.get("history"):
            seen.first_history = file.bytes
        file.write(orjson.dumps(written, option=orjson.OPT_APPEND_NEWLINE))


def _problem(split: str, fault: str, count: int, ids: list[str], helps: str) -> SikuError:
    rows = "1 row" if count == 1 else f"{count:,} rows"
    left = f" and {count - len(ids):,} more" if count > len(ids) else ""
    return SikuError(f"{rows} of {split} {fault}", why=f"{', '.join(ids)}{left}", next=helps)


def _needs_types(seen: list[_Split]) -> bool:
    """Whether `datasets` (3.6 to 5.2) would take `history` for a list of nulls, and stop at the first that is none."""
    if all(one.first_history is None for one in seen):
        return False
    return seen[0].first_history is None or seen[0].first_history > INFERRED_BYTES


def dataset_info(name: str, kind: Kind, splits: list[str]) -> dict[str, Any]:
    """What LLaMA-Factory reads as `dataset_info.json`: NAME for `train`, NAME_valid for `valid`."""
    described: dict[str, Any] = {"columns": {"prompt": "text"}}
    if kind == "messages":
        tags = {"role": "role", "content": "content", "user": "user", "assistant": "assistant", "system": "system"}
        described = {
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {f"{tag}_tag": value for tag, value in tags.items()},
        }
    names = {"train": name, "valid": f"{name}_valid"}
    return {names[split]: {"file_name": f"{split}.jsonl", **described} for split in splits}


class CountedFile:
    """A file that knows its size and SHA-256 when it is written, and is on the disk when it is closed."""

    def __init__(self, path: Path) -> None:
        self.path, self.bytes = path, 0
        self._digest = hashlib.sha256()
        self._file: IO[bytes]

    def __enter__(self) -> CountedFile:
        self._file = self.path.open("wb", buffering=BUFFER_BYTES)
        return self

    def write(self, content: bytes) -> None:
        self._file.write(content)
        self._digest.update(content)
        self.bytes += len(content)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()

    def described(self, rows: int) -> dict[str, Any]:
        return {"sha256": self._digest.hexdigest(), "bytes": self.bytes, "rows": rows}


def write_file(path: Path, content: bytes) -> dict[str, Any]:
    """A small file at once, and what is known of it."""
    with CountedFile(path) as file:
        file.write(content)
    return file.described(0)
