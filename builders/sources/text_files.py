"""Rows with text: JSON Lines, JSON, Parquet, CSV and TSV, and plain text files, also compressed and in archives."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BufferedReader, BytesIO, RawIOBase
from pathlib import Path
from typing import IO, BinaryIO, ClassVar, Literal, cast

from builders.document import Document, Meta, Quarantined
from builders.sources.archives import Limits, Metered, members, open_compressed, open_range
from builders.sources.inputs import (
    FOREIGN_SUFFIXES,
    MIB,
    Candidate,
    FoundFile,
    UnreadableError,
    distinct_names,
    file_digest,
    file_kind,
    find_files,
    is_archive,
    not_positive,
    refused,
    short_key,
    too_large,
)
from builders.sources.rows import BadRow, Row, can_be_kept, kind_of, read_json, read_json_lines, read_text_lines
from builders.sources.tables import no_column, read_csv, read_parquet
from builders.steps import Shard, Source
from builders.text.decode import decode, looks_binary
from validators.errors import SikuError

JSON_LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})
SUFFIXES = JSON_LINES_SUFFIXES | {".json", ".parquet", ".csv", ".tsv", ".txt"}
RESERVED = ("id", "text", "source")  # columns that a dataset has already
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class PartShard(Shard):
    """The lines of a file that begin from byte `start` up to byte `end`; `first_line` is the number of the first."""

    file: str = ""
    start: int = 0
    end: int = 0
    first_line: int = 1


@dataclass(frozen=True, kw_only=True)
class TextFiles(Source):
    """One document a row: `.jsonl`, `.ndjson`, `.json`, `.parquet`, `.csv`, `.tsv`; a whole `.txt`, or each line of it.

    A row keeps its `id`; one without is named after its file and its place there. The other columns become its meta,
    beside `source`; a column of that name is kept as `row_source`.

    >>> TextFiles(text_column="content", txt="lines").max_line_mb
    64
    """

    version: ClassVar[int] = 1
    text_column: str = "text"
    id_column: str = "id"
    txt: Literal["file", "lines"] = "file"
    max_line_mb: int = 64
    max_file_mb: int = 256  # of a .json or .txt file, which is read in one piece
    max_archive_mb: int = 65_536  # unpacked
    max_ratio: int = 200  # unpacked to packed: beyond it an archive is taken for a bomb
    shard_mb: int = 8  # a larger file of lines is cut, so that several workers share it

    def __post_init__(self) -> None:
        mistakes = not_positive(self, "max_line_mb", "max_file_mb", "max_archive_mb", "max_ratio", "shard_mb")
        if self.txt not in ("file", "lines"):
            mistakes.append(f"txt is {self.txt!r}, must be 'file' or 'lines'")
        mistakes += [f"{name} is empty" for name in ("text_column", "id_column") if not getattr(self, name)]
        if mistakes:
            raise SikuError("; ".join(mistakes), where="source")

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        """A file or an archive is one shard; a large file of lines several."""
        found = [(root.folder, self._shards_of(file)) for root in find_files(inputs) for file in root.files]
        candidates = [
            Candidate(folder, _file_name(shards[0]), "".join(shard.digest for shard in shards))
            for folder, shards in found
        ]
        names = distinct_names(candidates)
        renamed = [_renamed(shard, name) for (_, shards), name in zip(found, names, strict=True) for shard in shards]
        return sorted(renamed, key=lambda shard: shard.name)

    def _shards_of(self, file: FoundFile) -> list[Shard]:
        if file.size > self.shard_mb * MIB and self._is_cut(file.path.name):
            try:
                return list(_parts(file, self.shard_mb * MIB))
            except OSError:
                pass  # reading it as a whole will give the reason
        return [Shard(file.name, file_digest(file.path), file.size, file.path)]

    def _is_cut(self, name: str) -> bool:
        suffix, compression = file_kind(name)
        return not compression and (suffix in JSON_LINES_SUFFIXES or (suffix == ".txt" and self.txt == "lines"))

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
                if file_kind(name).suffix == ".txt" and self.txt == "file":
                    yield self._whole_text(key, source, buffered)
                    return
                for row in self._rows(name, buffered, part.start if part else 0, part.first_line if part else 1):
                    yield self._document(row, key, source)
        except UnreadableError as error:
            yield refused(key, str(error), source)

    def _check_kind(self, name: str) -> None:
        suffix = file_kind(name).suffix
        if suffix not in SUFFIXES:
            rule = "not a text" if suffix in FOREIGN_SUFFIXES else "not a file of rows"
            raise UnreadableError(f"{rule}: {suffix or 'without a suffix'}")

    def _rows(self, name: str, stream: BufferedReader, offset: int, number: int) -> Iterator[Row | BadRow]:
        """The rows of a file or member; `offset` and `number` are those of its first line."""
        suffix, max_line_bytes = file_kind(name).suffix, self.max_line_mb * MIB
        if suffix == ".parquet":
            return read_parquet(_seekable(stream, self._read_whole), self.text_column)
        if stream.peek(2)[:2] in UTF16_MARKS:
            text = decode(self._read_whole(stream)).text
            stream = BufferedReader(cast(RawIOBase, BytesIO(text.encode("utf-8", "replace"))))
        if suffix in JSON_LINES_SUFFIXES:
            return read_json_lines(stream, max_line_bytes, offset, number)
        if suffix == ".json":
            return read_json(self._read_whole(stream), max_line_bytes)
        if suffix == ".txt":
            return read_text_lines(stream, self.text_column, max_line_bytes, offset, number)
        return read_csv(stream, self.text_column, suffix == ".tsv", max_line_bytes)

    def _read_whole(self, stream: BufferedReader) -> bytes:
        raw = stream.read(self.max_file_mb * MIB + 1)
        if len(raw) > self.max_file_mb * MIB:
            raise UnreadableError(too_large("its beginning alone", len(raw), self.max_file_mb, "max_file_mb"))
        return raw

    def _document(self, row: Row | BadRow, key: str, source: str) -> Document | Quarantined:
        if isinstance(row, BadRow):
            return refused(f"{key}-{row.mark}", row.reason, source, row.text)
        meta, stated = row.columns, _stated_id(row.columns.get(self.id_column))
        id = stated or f"{key}-{row.mark}"
        text = meta.get(self.text_column)
        if not isinstance(text, str) or not text.strip():
            return refused(id, self._why_no_text(row), source, row.quoted())
        if not can_be_kept(meta):
            return refused(id, f"nested too deeply: {row.place}: a column beside the text", source, row.quoted())
        del meta[self.text_column]
        if stated or meta.get(self.id_column) is None:
            meta.pop(self.id_column, None)
        for name in [name for name in meta if name in RESERVED or not name or "\0" in name]:
            meta[_free_name(name, meta)] = meta.pop(name)
        meta["source"] = source
        if row.replaced:
            meta["replaced"] = row.replaced
        return Document(id, text, meta)

    def _why_no_text(self, row: Row) -> str:
        if self.text_column not in row.columns:
            rule, _, rest = no_column(self.text_column, list(row.columns)).partition(": ")
            return f"{rule}: {row.place}: {rest}"
        text = row.columns[self.text_column]
        if text is None or isinstance(text, str):
            return f"empty text: {row.place}"
        return f"text is not a string: {row.place}: it is {kind_of(text)}"

    def _whole_text(self, key: str, source: str, stream: BufferedReader) -> Document | Quarantined:
        raw = self._read_whole(stream)
        if reason := looks_binary(raw):
            return refused(key, reason, source)
        decoded = decode(raw)
        if not decoded.text.strip():
            return refused(key, "empty file: there is nothing but white space", source)
        meta: Meta = {"source": source, "encoding": decoded.encoding, "replaced": decoded.replaced}
        return Document(key, decoded.text, meta)


def _stated_id(value: object) -> str:
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
    with file.path.open("rb") as lines:
        start, number = 0, 1
        while start < file.size:
            end = min(_line_start(lines, (start // part_bytes + 1) * part_bytes), file.size)
            digest, count = _digest_and_lines(lines, start, end)
            name = f"{file.name}#{start:012d}"
            yield PartShard(name, digest, end - start, file.path, file.name, start, end, number)
            start, number = end, number + count


def _line_start(file: BinaryIO, position: int) -> int:
    """Where the first line that begins at `position` or later begins."""
    file.seek(position - 1)
    while (piece := file.readline(MIB)) and not piece.endswith(b"\n"):
        pass
    return file.tell()


def _digest_and_lines(file: BinaryIO, start: int, end: int) -> tuple[str, int]:
    digest, lines = sha256(), 0
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
