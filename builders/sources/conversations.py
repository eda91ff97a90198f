"""Conversations in the formats in which they are published: what a file is in, and its rows, lines or blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

import orjson

from builders.document import Document, Meta, Quarantined, conversation
from builders.sources.archives import Limits, open_compressed
from builders.sources.dialogue_formats import FORMATS, detect_format, format_of_row, read_unit, rows_of_json
from builders.sources.dialogue_mapping import mapped
from builders.sources.dialogue_rows import LIST_COLUMNS, Format, UnfitError, stands_apart
from builders.sources.dialogue_texts import MAX_YAML_BYTES, blocks_of, chatterbot_rows
from builders.sources.inputs import MIB, UnreadableError, file_kind, list_digest, refused, short_key
from builders.sources.row_files import SUFFIXES, OpenFile, RowFiles, placed
from builders.sources.rows import (
    BYTE_ORDER_MARK,
    SAMPLE_BYTES,
    BadRow,
    Row,
    can_be_kept,
    kind_of,
    parse_json,
    quote,
    read_json,
)
from builders.steps import Shard
from builders.text.decode import decode
from validators.errors import nearest

AUTO = "auto"
SAMPLE_PIECES = 200  # by so many rows, lines or blocks the format of a file is told
ROW_SUFFIXES = frozenset({".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"})
YAML_SUFFIXES = frozenset({".yml", ".yaml"})
RESERVED = ("id", "text", "messages", "parents", "format")  # columns that a dataset has already
_JSON_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_POST = re.compile(r"(?:^|(?<=[_.\-]))(posts?)(?=$|[_.\-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PairShard(Shard):
    """Two files of equally many lines: posts, and the responses to them. It is called like the first."""

    responses: Path = Path()
    responses_name: str = ""

    def holds(self, meta: Meta) -> bool:
        return meta.get("source") in (self.name, self.responses_name)


class Piece(NamedTuple):
    """A piece of a file that a format reads, and the row that says where it stands and what else is known of it."""

    row: Row
    raw: Any


@dataclass(frozen=True, kw_only=True)
class Conversations(RowFiles):
    """Conversations: chats, posts with their answers, questions and answers, instructions.

    `format` is one of `FORMATS`; with `auto` each file tells its own by its name and its first rows, and one that does
    not is quarantined with the setting that helps. `mapping` names the columns of any other table:
    `title+desc -> user, content -> assistant`. A conversation keeps the other columns of its row.

    >>> Conversations(mapping="question -> user, best_answer -> assistant").format
    'auto'
    """

    version: ClassVar[int] = 1
    suffixes: ClassVar[frozenset[str]] = SUFFIXES | YAML_SUFFIXES | {".conv", ".dialogue", ".dialogues", ""}
    list_column: ClassVar[str] = "turns"
    format: str = AUTO
    mapping: str = ""

    def mistakes(self) -> list[str]:
        mistakes = super().mistakes()
        if self.format != AUTO and self.format not in FORMATS:
            mistakes.append(f"format is {self.format!r}; {nearest(self.format, [AUTO, *FORMATS])}")
        if self.mapping and self.format != AUTO:
            mistakes.append("format and mapping are both given, one tells how to read a row")
        try:
            if self.mapping:
                mapped(self.mapping)
        except UnfitError as error:
            mistakes.append(f"mapping: {error}")
        return mistakes

    def is_of_lines(self, suffix: str) -> bool:
        return super().is_of_lines(suffix) or (
            suffix == ".txt" and self.format != AUTO and FORMATS[self.format].unit == "line"
        )

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        """As of any files of rows; a file of posts and one of responses that differ in that word are one shard."""
        found = super().shards(inputs)
        if self.format != AUTO and FORMATS[self.format].unit != "pair":
            return found
        by_name = {shard.name: shard for shard in found}
        pairs: dict[str, Shard] = {}
        for shard in found:
            folder, _, name = shard.name.rpartition("/")
            if not _POST.search(name):
                continue
            partner = by_name.get("/".join(filter(None, (folder, _POST.sub(_response, name)))))
            if partner and type(partner) is type(shard) is Shard and file_kind(name).suffix in ("", ".txt"):
                digest = list_digest([(shard.name, shard.digest), (partner.name, partner.digest)])
                size = shard.bytes + partner.bytes
                pairs[shard.name] = PairShard(shard.name, digest, size, shard.path, partner.path, partner.name)
                by_name.pop(partner.name)
        return [pairs.get(name, shard) for name, shard in sorted(by_name.items())]

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        if isinstance(shard, PairShard):
            try:
                yield from self._read_pair(shard)
            except UnreadableError as error:
                yield refused(short_key(shard.name), str(error), shard.name)
        else:
            yield from super().read(shard)

    def _read_pair(self, shard: PairShard) -> Iterator[Document | Quarantined]:
        files = []
        for path, name in ((shard.path, shard.name), (shard.responses, shard.responses_name)):
            stream = BufferedReader(cast(Any, open_compressed(path, Limits(None, self.max_ratio))), MIB)
            files.append(OpenFile("lines.txt", short_key(name), name, stream))
        with files[0].stream, files[1].stream:
            name = self.format if self.format != AUTO else "weibo" if _stand_apart(files[0].stream) else "pair"
            for post, response in line_by_line(*map(self.rows, files)):
                if isinstance(post, Row) and isinstance(response, Row):
                    piece = Piece(post, (post.columns["text"], response.columns["text"]))
                    yield from placed(self._conversations(piece, name, FORMATS[name], files[0]), post, files[0])
                elif post is not None:
                    yield self._without_partner(post, files[0], "no answer")
                elif response is not None:
                    yield self._without_partner(response, files[1], "no post")

    def _without_partner(self, row: Row | BadRow, file: OpenFile, rule: str) -> Quarantined:
        if isinstance(row, BadRow):
            return refused(f"{file.key}-{row.mark}", row.reason, file.source, row.text)
        return self.refuse(row, file, rule, "the other file has nothing on this line")

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        try:
            name, format, pieces = self._recognise(file)
        except UnfitError as error:
            yield refused(file.key, str(error), file.source)
            return
        by_row = self.format == AUTO and format.unit == "row" and FORMATS.get(name) is format
        piece = None
        for piece in pieces:
            if isinstance(piece, BadRow):
                yield refused(f"{file.key}-{piece.mark}", piece.reason, file.source, piece.text)
            else:
                row = piece.row._replace(raw=b"") if format.unit == "block" else piece.row  # the first line of a block
                own = format_of_row(piece.raw, name) if by_row else name
                found = self._conversations(piece, own, FORMATS[own] if by_row else format, file)
                yield from placed(found, row, file)
        if piece is None:
            yield refused(file.key, "empty file: there is no row, line or turn in it", file.source)

    def _recognise(self, file: OpenFile) -> tuple[str, Format, Iterator[Piece | BadRow]]:
        """The format of a file, and its pieces. Raises UnfitError where there is no telling."""
        if self.mapping:
            return "mapping", mapped(self.mapping), self._pieces(file, "row")
        if self.format != AUTO:
            return self.format, FORMATS[self.format], self._pieces(file, FORMATS[self.format].unit)
        if file.suffix in YAML_SUFFIXES:
            return "chatterbot", FORMATS["turns"], self._pieces(file, "file")
        unit = "row" if self._has_rows(file) else "line"
        if unit == "line" and _has_blocks(file.stream):
            unit = "block"
        pieces = self._pieces(file, unit)
        first = list(islice(pieces, SAMPLE_PIECES))
        good = [piece.raw for piece in first if isinstance(piece, Piece)]
        name = detect_format(good, unit) if good else "turns"
        return name, FORMATS[name], chain(first, pieces)

    def _has_rows(self, file: OpenFile) -> bool:
        """Whether a file is of JSON or a table with a header, and not of plain lines."""
        if file.suffix not in (".csv", ".tsv"):
            is_json = bool(_JSON_BEGINS.match(file.stream.peek(SAMPLE_BYTES)[:100]))
            return file.suffix in (".json", ".jsonl", ".ndjson", ".parquet") or is_json
        line = decode(file.stream.peek(SAMPLE_BYTES)[:SAMPLE_BYTES].split(b"\n")[0]).text.strip("\ufeff\r")
        names = [name.strip(' "') for name in line.split("\t" if file.suffix == ".tsv" else ",")]
        row = dict.fromkeys(names, "")
        if any(format.fits(row) for format in FORMATS.values() if format.unit == "row"):
            return True
        if len(names) > 1 and all(_IDENTIFIER.fullmatch(name) for name in names):
            mapping = f'"{names[0]} -> user, {names[1]} -> assistant"'
            raise UnfitError(f"unknown format: the columns are {', '.join(names)} (--set source.mapping={mapping})")
        return False

    def _pieces(self, file: OpenFile, unit: str) -> Iterator[Piece | BadRow]:
        if unit == "file":
            return self._yaml_pieces(file)
        if unit == "row":
            rows = self._json_rows(file) if _is_whole_json(file) else self.rows(_as_rows(file))
            return (row if isinstance(row, BadRow) else Piece(row, row.columns) for row in rows)
        lines = self.rows(replace(file, name="lines.txt"))
        if unit == "block":
            return _blocks(lines)
        return (line if isinstance(line, BadRow) else Piece(line, line.columns["text"]) for line in lines)

    def _json_rows(self, file: OpenFile) -> Iterator[Row | BadRow]:
        raw = self.read_whole(file.stream)
        try:
            value, replaced = parse_json(raw.removeprefix(BYTE_ORDER_MARK))
        except ValueError:  # a broken list
            yield from read_json(raw, self.max_line_mb * MIB)
            return
        for number, item in enumerate(rows_of_json(value), start=1):
            if isinstance(item, dict):
                lost = orjson.dumps(item).decode().count("\ufffd") if replaced else 0
                yield Row(number, number, item, lost)
            else:
                reason = f"not a JSON object: row {number:,} is {kind_of(item)}"
                yield BadRow(f"{number:08d}", reason, quote(str(item).encode("utf-8", "replace")))

    def _yaml_pieces(self, file: OpenFile) -> Iterator[Piece | BadRow]:
        raw = file.stream.read(MAX_YAML_BYTES + 1)
        if len(raw) > MAX_YAML_BYTES:
            raise UnfitError(f"too large: YAML is read up to {MAX_YAML_BYTES // MIB} MB")
        rows = list(chatterbot_rows(decode(raw).text))
        return (Piece(Row(number, number, row), row) for number, row in enumerate(rows, start=1))

    def _conversations(
        self, piece: Piece, name: str, format: Format, file: OpenFile
    ) -> Iterator[Document | Quarantined]:
        row = piece.row
        try:
            found = read_unit(format, piece.raw)
        except UnfitError as error:
            rule, _, why = str(error).partition(": ")
            if rule.startswith("no column") and row.columns.keys() == {self.list_column}:
                rule, why = "not a JSON object", "it is a list"
            yield self.refuse(row, file, rule, why)
            return
        if not can_be_kept(row.columns):
            yield self.refuse(row, file, "nested too deeply", "a column beside the turns")
            return
        id, used = self.id_of(row, file), _used(row.columns, format)
        meta: Meta = {**self.columns_kept(row, file, RESERVED, used), "format": name}
        for number, messages in enumerate(found, start=1):
            yield conversation(id if len(found) == 1 else f"{id}-{number:04d}", messages, dict(meta))


def _used(columns: Mapping[str, Any], format: Format) -> list[str]:
    """The columns that became turns."""
    if format.unit != "row":
        return list(columns)
    if format.columns_read:
        return list(format.columns_read(columns))
    return [*format.columns, *(name for name in LIST_COLUMNS if isinstance(columns.get(name), list))]


def line_by_line(
    posts: Iterator[Row | BadRow], responses: Iterator[Row | BadRow]
) -> Iterator[tuple[Row | BadRow | None, Row | BadRow | None]]:
    """What stands on the same line of two files; None where one has nothing there (blank lines are no rows)."""
    waiting: Row | BadRow | None = None
    for post in posts:
        if isinstance(post, BadRow):
            yield post, None
            continue
        while (waiting := waiting or next(responses, None)) is not None:
            if isinstance(waiting, Row) and waiting.number >= post.number:
                break
            yield None, waiting
            waiting = None
        if isinstance(waiting, Row) and waiting.number == post.number:
            yield post, waiting
            waiting = None
        else:
            yield post, None
    if waiting is not None:
        yield None, waiting
    yield from ((None, response) for response in responses)


def _response(word: re.Match[str]) -> str:
    plural = "s" if word[0][-1] in "sS" else ""
    response = "RESPONSE" if word[0].isupper() else "Response" if word[0][0].isupper() else "response"
    return response + (plural.upper() if word[0].isupper() else plural)


def _as_rows(file: OpenFile) -> OpenFile:
    """The file under a name that says how its rows are read: JSON in a file of any other name is JSON lines."""
    return file if file.suffix in ROW_SUFFIXES else replace(file, name="rows.jsonl")


def _is_whole_json(file: OpenFile) -> bool:
    """Whether a file is one JSON value; what is called `.json` or `.txt` may be JSON lines, however long."""
    if file.suffix in ROW_SUFFIXES:
        return False
    first, _, rest = file.stream.peek(SAMPLE_BYTES)[:SAMPLE_BYTES].removeprefix(BYTE_ORDER_MARK).partition(b"\n")
    try:
        parse_json(first)
    except ValueError:
        return True
    return not rest.strip()


def _stand_apart(stream: BufferedReader) -> bool:
    """Whether the lines that a file begins with have blanks between their words."""
    return stands_apart(_first_lines(stream))


def _first_lines(stream: BufferedReader) -> list[str]:
    return decode(stream.peek(SAMPLE_BYTES)[: SAMPLE_BYTES // 16]).text.split("\n")[:SAMPLE_PIECES]


def _has_blocks(stream: BufferedReader) -> bool:
    """Whether lines `E` or `M …` are what a file begins with."""
    lines = _first_lines(stream)
    marked = [line for line in lines if line.strip() in ("E", "M") or line.startswith("M ")]
    return len(marked) > len([line for line in lines if line.strip()]) // 2


def _blocks(lines: Iterator[Row | BadRow]) -> Iterator[Piece | BadRow]:
    def text(line: Row | BadRow) -> str:
        return line.reason if isinstance(line, BadRow) else str(line.columns["text"])

    for block in blocks_of(lines, text):
        yield from (line for line in block if isinstance(line, BadRow))
        if rows := [line for line in block if isinstance(line, Row)]:
            yield Piece(rows[0], "\n".join(map(text, rows)))
