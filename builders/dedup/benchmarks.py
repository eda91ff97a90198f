"""Benchmarks as texts to compare with: the questions, passages, options and answers of any file of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import Any, NamedTuple, cast

from builders.document import Document, Quarantined
from builders.sources.inputs import COMPRESSIONS, FoundFile, FoundInput, file_kind, find_files, is_archive
from builders.sources.row_files import SUFFIXES, OpenFile, RowFiles
from builders.sources.rows import Row, parse_json
from validators.errors import SikuError

BROKEN_ROWS_NAMED = 3
_QUESTION = re.compile("question|query|problem|prompt|stem|instruction|题|問題|问题", re.I)  # names of columns


class Item(NamedTuple):
    """One item of a benchmark: where it stands (`test/history.csv, line 12`), its texts as they are, and which of them
    is the question."""

    benchmark: str
    place: str
    texts: list[str]
    questions: list[bool]


def read_benchmarks(paths: Sequence[str]) -> Iterator[Item]:
    """All items below the paths, by the names of benchmarks and files.

    Files that hold no rows (a README, a script) are passed over. Raises SikuError for a path that is not there, and
    for rows that cannot be read: a dataset must not be called clean of what nobody could compare it with.
    """
    files = [(root, file) for root in find_files([Path(path).expanduser() for path in paths]) for file in root.files]
    named = sorted((_benchmark(root, file), file.name, index) for index, (root, file) in enumerate(files))
    for benchmark, _, index in named:
        file = files[index][1]
        if is_archive(file.path.name) or file_kind(file.path.name).suffix in SUFFIXES:
            yield from _read(benchmark, file)


def _benchmark(root: FoundInput, file: FoundFile) -> str:
    """`ceval` for a file or archive of that name; for a folder its name, with that of the folder or archive in it."""
    stem = _stem(file.name.rpartition("/")[2])
    if root.path == file.path:
        return stem
    inner, slash, _ = file.name.partition("/")
    if slash or is_archive(file.path.name):
        return f"{root.folder}/{inner if slash else stem}"
    return root.folder


def _stem(name: str) -> str:
    kind = file_kind(name)
    short = Path(name).suffix.lower() if kind.compression and not name.lower().endswith(COMPRESSIONS) else ""
    return name[: len(name) - len(short or kind.suffix + kind.compression)] or name


def _read(benchmark: str, file: FoundFile) -> Iterator[Item]:
    broken: list[str] = []
    source = _BenchmarkFiles()
    for shard in source.shards([file.path]):
        for found in source.read(shard):
            if isinstance(found, Document):
                place = found.id.replace(shard.name, file.name, 1)
                yield Item(benchmark, place, found.meta["texts"], found.meta["questions"])
            elif not found.reason.startswith(("empty file", "not a file of rows", "not a text")):
                broken.append(f"{found.meta['source']}: {found.reason}")
    if broken:
        more = f" (and {len(broken) - BROKEN_ROWS_NAMED} more)" if len(broken) > BROKEN_ROWS_NAMED else ""
        raise SikuError(
            "a benchmark cannot be read as a whole",
            where=str(file.path),
            why="; ".join(broken[:BROKEN_ROWS_NAMED]) + more,
            next="mend the file or move it out of the folder: what cannot be read cannot be looked for",
        )


@dataclass(frozen=True, kw_only=True)
class _BenchmarkFiles(RowFiles):
    """The items of benchmarks: the document's id says where one stands, `meta` has its texts."""

    def documents(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        yield from self._item(row.columns, f"{file.source}, {row.place}")

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        if file.suffix == ".json":
            raw = self.read_whole(file.stream)
            try:
                value, _ = parse_json(raw)
            except ValueError:
                pass  # JSON lines under that name, or broken
            else:
                for number, item in enumerate(_items(value), start=1):
                    yield from self._item(item, f"{file.source}, item {number:,}")
                return
            file = replace(file, stream=BufferedReader(cast(RawIOBase, BytesIO(raw))))
        yield from super().read_file(file)

    def _item(self, value: Any, place: str) -> Iterator[Document]:
        texts = list(_texts(value))
        columns = {"texts": [text for _, text in texts], "questions": [is_question for is_question, _ in texts]}
        yield Document(place, "", columns)


def _items(value: Any) -> list[Any]:
    """The items of a JSON file, which may stand inside an object: `{"name": …, "examples": [{…}, …]}`."""
    while isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list) and any(type(i) is dict for i in inner)]
        if len(lists) != 1:
            return [value]
        value = lists[0]
    return value if isinstance(value, list) else [value]


def _texts(value: Any, is_question: bool = False) -> Iterator[tuple[bool, str]]:
    """Every string of an item, and whether it is the question; the strings of one list are lines of one text."""
    match value:
        case str():
            yield is_question, value
        case dict():
            for name, inner in value.items():
                yield from _texts(inner, bool(_QUESTION.match(name)))
        case list():
            if lines := [line for line in value if isinstance(line, str)]:
                yield is_question, "\n".join(lines)
            for inner in value:
                if not isinstance(inner, str):
                    yield from _texts(inner)
