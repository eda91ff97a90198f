"""Files of rows: JSON Lines, JSON, Parquet, CSV and TSV, text files, also compressed and in archives.

What every source of rows shares: which files there are, how large ones are cut, what cannot be read and why.
What a row becomes is the business of the source.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import IO, BinaryIO, ClassVar, cast

from builders.document import Document, Meta, Quarantined
from builders.sources.archives import Limits, Metered, members, open_compressed, open_range
from builders.sources.inputs import (
    FOREIGN_SUFFIXES,
    MIB,
    Candidate,
    FoundFile,
    FoundInput,
    UnreadableError,
    distinct_names,
    file_digest,
    file_kind,
    find_files,
    in_threads,
    is_archive,
    not_positive,
    refused,
    short_key,
    too_large,
)
from builders.sources.rows import BadRow, Row, read_json, read_json_lines, read_text_lines
from builders.sources.tables import read_csv, read_parquet
from builders.steps import Shard, Source
from builders.text.decode import Decoded, decode, looks_binary
from validators.errors import SikuError

JSON_LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})
SUFFIXES = JSON_LINES_SUFFIXES | {".json", ".parquet", ".csv", ".tsv", ".txt"}
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class PartShard(Shard):
    """The lines of a file that begin from byte `start` up to byte `end`; `first_line` is the number of the first."""

    file: str = ""
    start: int = 0
    end: int = 0
    first_line: int = 1


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file, a part of one, or a member of an archive, unpacked and open.

    `name` ends in its suffix; `source` says where it lies for people (`书.zip!a.jsonl`); `key` begins the ids of what
    is in it. `offset` and `number` are those of its first line.
    """

    name: str
    key: str
    source: str
    stream: BufferedReader
    offset: int = 0
    number: int = 1
    recoded: bool = False  # UTF-16, of which the bytes are counted after it was made UTF-8

    @property
    def suffix(self) -> str:
        return file_kind(self.name).suffix


@dataclass(frozen=True, kw_only=True)
class RowFiles(Source):
    """A source of rows. A subclass says in `documents` what a row becomes; in `read_file`, what another file does."""

    suffixes: ClassVar[frozenset[str]] = SUFFIXES
    list_column: ClassVar[str] = ""  # of JSON lines: what a row that is a list has as its one column; "" refuses it
    id_column: str = "id"
    max_line_mb: int = 64
    max_file_mb: int = 256  # of a .json or .txt file, which is read in one piece
    max_archive_mb: int = 65_536  # unpacked
    max_ratio: int = 200  # unpacked to packed: beyond it an archive is taken for a bomb
    shard_mb: int = 8  # a larger file of lines is cut, so that several workers share it

    def __post_init__(self) -> None:
        if mistakes := self.mistakes():
            raise SikuError("; ".join(mistakes), where="source")

    def mistakes(self) -> list[str]:
        """What is wrong with the settings, all of it."""
        mistakes = not_positive(self, "max_line_mb", "max_file_mb", "max_archive_mb", "max_ratio", "shard_mb")
        return mistakes if self.id_column else [*mistakes, "id_column is empty"]

    def documents(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        """What a row becomes."""
        raise NotImplementedError

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        """What a file becomes: row by row, unless a subclass knows better."""
        for row in self.rows(file):
            if isinstance(row, BadRow):
                yield refused(f"{file.key}-{row.mark}", row.reason, file.source, row.text)
            else:
                yield from placed(self.documents(row, file), row, file)

    def is_of_lines(self, suffix: str) -> bool:
        """Whether a file with this suffix is one of lines, which can be cut between any two of them."""
        return suffix in JSON_LINES_SUFFIXES

    def required_column(self) -> str:
        """The column that a table must have to be read at all, "" if there is none."""
        return ""

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        """A file or an archive is one shard; a large file of lines several."""
        found = [(root.folder, shards) for root in find_files(inputs) for shards in self.units(root)]
        candidates = [
            Candidate(folder, _file_name(shards[0]), "".join(shard.digest for shard in shards))
            for folder, shards in found
        ]
        names = distinct_names(candidates)
        renamed = [_renamed(shard, name) for (_, shards), name in zip(found, names, strict=True) for shard in shards]
        return sorted(renamed, key=lambda shard: shard.name)

    def units(self, root: FoundInput) -> list[list[Shard]]:
        """For each file of an input, or for files that are read together, the shards it is cut into."""
        return [self._shards_of(file) for file in root.files]

    def _shards_of(self, file: FoundFile) -> list[Shard]:
        if file.size > self.shard_mb * MIB and self.is_cut(file.path):
            try:
                return list(_parts(file, self.shard_mb * MIB))
            except OSError:
                pass  # reading it as a whole will give the reason
        return [Shard(file.name, file_digest(file.path), file.size, file.path)]

    def is_cut(self, path: Path) -> bool:
        """Whether a large file is read in parts: one of lines, if it is not compressed."""
        suffix, compression = file_kind(path.name)
        return not compression and self.is_of_lines(suffix)

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        if is_archive(shard.path.name):
            yield from self._read_archive(shard)
        elif isinstance(shard, PartShard):
            key = short_key(shard.file)
            yield from self._read_opened(
                shard.file, key, shard.name, lambda: open_range(shard.path, shard.start, shard.end), shard
            )
        else:
            limits = Limits(None, self.max_ratio)
            yield from self._read_opened(
                shard.name, short_key(shard.name), shard.name, lambda: open_compressed(shard.path, limits)
            )

    def _read_archive(self, shard: Shard) -> Iterator[Document | Quarantined]:
        for member in members(shard.path, Limits(self.max_archive_mb, self.max_ratio)):
            key = short_key(shard.name, member.name or member.problem)
            source = f"{shard.name}!{member.name}" if member.name else shard.name
            if member.problem:
                yield refused(key, member.problem, source)
            else:
                yield from self._read_opened(member.name, key, source, member.stream)

    def _read_opened(
        self, name: str, key: str, source: str, opener: Callable[[], Metered], part: PartShard | None = None
    ) -> Iterator[Document | Quarantined]:
        try:
            self._check_kind(name)
            buffered: BufferedReader = BufferedReader(cast(RawIOBase, opener()), MIB)
            with buffered:
                if not buffered.peek(1):
                    raise UnreadableError("empty file")
                offset, number = (part.start, part.first_line) if part else (0, 1)
                recoded = buffered.peek(2)[:2] in UTF16_MARKS
                found = None
                for found in self.read_file(OpenFile(name, key, source, buffered, offset, number, recoded)):
                    yield found
                if found is None:
                    raise UnreadableError("empty file: nothing stands in it")
        except UnreadableError as error:
            yield refused(key, str(error), source)

    def _check_kind(self, name: str) -> None:
        suffix = file_kind(name).suffix
        if suffix not in self.suffixes:
            rule = "not a text" if suffix in FOREIGN_SUFFIXES else "not a file of rows"
            raise UnreadableError(f"{rule}: {suffix or 'without a suffix'}")

    def rows(self, file: OpenFile) -> Iterator[Row | BadRow]:
        """The rows of a file, with those that are none. Raises UnreadableError where there can be none."""
        stream, max_line_bytes = file.stream, self.max_line_mb * MIB
        if file.suffix == ".parquet":
            return read_parquet(_seekable(stream, self.read_whole), self.required_column())
        if stream.peek(2)[:2] in UTF16_MARKS:
            text = decode(self.read_whole(stream)).text
            stream = BufferedReader(cast(RawIOBase, BytesIO(text.encode("utf-8", "replace"))))
        if file.suffix in JSON_LINES_SUFFIXES:
            return read_json_lines(stream, max_line_bytes, file.offset, file.number, self.list_column)
        if file.suffix == ".json":
            return read_json(self.read_whole(stream), max_line_bytes)
        if file.suffix == ".txt":
            column = self.required_column() or "text"
            return read_text_lines(stream, column, max_line_bytes, file.offset, file.number)
        return read_csv(stream, self.required_column(), file.suffix == ".tsv", max_line_bytes)

    def read_whole(self, stream: BufferedReader) -> bytes:
        """All of a stream. Raises UnreadableError if that is over `max_file_mb`."""
        raw = stream.read(self.max_file_mb * MIB + 1)
        if len(raw) > self.max_file_mb * MIB:
            raise UnreadableError(too_large("its beginning alone", len(raw), self.max_file_mb, "max_file_mb"))
        return raw

    def read_text(self, file: OpenFile) -> Decoded:
        """All of a file as one text. Raises UnreadableError where it is none."""
        raw = self.read_whole(file.stream)
        if reason := looks_binary(raw):
            raise UnreadableError(reason)
        decoded = decode(raw)
        if not decoded.text.strip():
            raise UnreadableError("empty file: there is nothing but white space")
        return decoded

    def id_of(self, row: Row, file: OpenFile) -> str:
        """The id that the row states, or one made of its file and its place there."""
        return stated_id(row.columns.get(self.id_column)) or f"{file.key}-{row.mark}"

    def columns_kept(self, row: Row, file: OpenFile, reserved: Sequence[str], used: Sequence[str]) -> Meta:
        """The columns of a row as metadata, beside `source`, without those that were `used`.

        A column that has the name of one that a dataset has already (`reserved`) is kept as `row_NAME`.
        """
        meta = {name: value for name, value in row.columns.items() if name not in used}
        if stated_id(meta.get(self.id_column)) or meta.get(self.id_column) is None:
            meta.pop(self.id_column, None)
        for name in [name for name in meta if name in (*reserved, "source") or not name or "\0" in name]:
            meta[_free_name(name, meta)] = meta.pop(name)
        meta["source"] = file.source
        if row.replaced:
            meta["replaced"] = row.replaced
        return meta

    def refuse(self, row: Row, file: OpenFile, rule: str, why: str = "") -> Quarantined:
        """A row for the quarantine: the rule, where the row stands, and why."""
        return refused(
            self.id_of(row, file), ": ".join(filter(None, (rule, row.place, why))), file.source, row.quoted()
        )


def placed(found: Iterable[Document | Quarantined], row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
    """What a row became, with its place: `line 3, bytes 329 to 412` of the unpacked file, or `row 12`."""
    span = f", bytes {row.at:,} to {row.at + len(row.raw):,}" if row.raw and not file.recoded else ""
    for one in found:
        if isinstance(one, Document):
            one.place = f"{row.place}{span}"
        yield one


def stated_id(value: object) -> str:
    """The id of a row as text, "" where it has none that can be used."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _free_name(name: str, taken: Meta) -> str:
    """A name in place of one that a column cannot have: `row_source`, or `row_row_source` where that is taken."""
    free = "row_" + name.replace("\0", "\ufffd")
    while free in taken:
        free = f"row_{free}"
    return free


def _seekable(stream: BufferedReader, read_whole: Callable[[BufferedReader], bytes]) -> IO[bytes]:
    """What Parquet needs: the file itself where it lies on the disk as it is, else all of it in memory."""
    file = cast(Metered, stream.raw).file
    if file is None:
        return BytesIO(read_whole(stream))
    file.seek(0)
    return file


def _parts(file: FoundFile, part_bytes: int) -> Iterator[PartShard]:
    """The parts of a file of lines: part k has the lines that begin from byte k · `part_bytes` on.

    So the cuts do not move when lines are appended, and only the last part changes.
    """
    spans: list[tuple[int, int]] = []
    with file.path.open("rb") as lines:
        start = 0
        while start < file.size:
            end = min(_line_start(lines, (start // part_bytes + 1) * part_bytes), file.size)
            spans.append((start, end))
            start = end
    number = 1
    found = in_threads(partial(_digest_and_lines, file.path), spans)
    for (start, end), (digest, count) in zip(spans, found, strict=True):
        name = f"{file.name}#{start:012d}"
        yield PartShard(name, digest, end - start, file.path, file.name, start, end, number)
        number += count


def _line_start(file: BinaryIO, position: int) -> int:
    """Where the first line that begins at `position` or later begins."""
    file.seek(position - 1)
    while (piece := file.readline(MIB)) and not piece.endswith(b"\n"):
        pass
    return file.tell()


def _digest_and_lines(path: Path, span: tuple[int, int]) -> tuple[str, int]:
    digest, lines = sha256(), 0
    start, end = span
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while piece := file.read(min(MIB, end - file.tell())):
            digest.update(piece)
            lines += piece.count(b"\n")
    return digest.hexdigest(), lines


def _file_name(shard: Shard) -> str:
    return shard.file if isinstance(shard, PartShard) else shard.name


def _renamed(shard: Shard, name: str) -> Shard:
    if isinstance(shard, PartShard):
        return replace(shard, name=f"{name}#{shard.start:012d}", file=name)
    return replace(shard, name=name)
