"""Rows out of JSON Lines and JSON: what is broken costs its own row, and says what it was."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, NamedTuple, cast

import orjson

from builders.sources.inputs import MIB, QUOTED_CHARS
from builders.text.decode import decode

CHUNK_BYTES = MIB
SAMPLE_BYTES = MIB
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_BETWEEN_ITEMS = re.compile(r"[\s,]*")


class Row(NamedTuple):
    """The columns of one row, and where they stood: `at` is the byte where its line begins, or its number from 1.

    `raw` is the line, where a row is one; `number` counts lines or rows, as `unit` says.
    """

    at: int
    number: int
    columns: dict[str, Any]
    replaced: int = 0
    raw: bytes = b""
    unit: str = "row"

    @property
    def mark(self) -> str:
        """Its place for an id, such as `000000001234` for a byte and `00000012` for a number."""
        return f"{self.at:012d}" if self.raw else f"{self.at:08d}"

    @property
    def place(self) -> str:
        return f"{self.unit} {self.number:,}"

    def quoted(self) -> str:
        return quote(self.raw or orjson.dumps(self.columns, default=str, option=orjson.OPT_NON_STR_KEYS))


class BadRow(NamedTuple):
    """A row that is none, and why."""

    mark: str
    reason: str
    text: str = ""


class Line(NamedTuple):
    """One line without its line feed; `too_long` if it has more bytes than were kept of it."""

    offset: int
    number: int
    raw: bytes
    too_long: bool = False


def quote(raw: bytes) -> str:
    return raw[: 4 * QUOTED_CHARS].decode("utf-8", "replace")[:QUOTED_CHARS]


def read_lines(stream: BufferedReader, max_bytes: int, offset: int = 0, number: int = 1) -> Iterator[Line]:
    """The lines of a stream, blank ones left out. Of a line over `max_bytes` only the beginning is held."""
    begun: list[bytes] = []  # the pieces of a line that has not ended yet
    begun_bytes = 0
    while chunk := stream.read1(CHUNK_BYTES):
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            bytes_of_line = begun_bytes + len(line)
            if bytes_of_line > max_bytes:
                yield Line(offset, number, b"".join([*begun, line])[: 4 * QUOTED_CHARS], too_long=True)
            elif begun:
                yield Line(offset, number, b"".join([*begun, line]))
            elif line and not line.isspace():
                yield Line(offset, number, line)
            offset += bytes_of_line + 1
            number += 1
            begun, begun_bytes = [], 0
        begun_bytes += len(rest)
        if begun_bytes <= max_bytes:
            begun.append(rest)
        elif rest:
            begun = [b"".join([*begun, rest])[: 4 * QUOTED_CHARS]]
    last = b"".join(begun)
    if last.strip():
        yield Line(offset, number, last, too_long=begun_bytes > max_bytes)


def read_json_lines(
    stream: BufferedReader, max_bytes: int, offset: int = 0, number: int = 1, list_column: str = ""
) -> Iterator[Row | BadRow]:
    """The objects of a stream, one a line; with `list_column`, a list counts as a row of that one column."""
    for line in read_lines(stream, max_bytes, offset, number):
        if line.too_long:
            yield too_long(line, max_bytes)
            continue
        raw = line.raw if line.offset else line.raw.removeprefix(BYTE_ORDER_MARK)
        try:
            columns, replaced = parse_json(raw)
        except ValueError as error:
            yield BadRow(f"{line.offset:012d}", f"broken JSON: line {line.number:,}: {error}", quote(raw))
            continue
        if list_column and isinstance(columns, list):
            columns = {list_column: columns}
        if isinstance(columns, dict):
            yield Row(line.offset, line.number, columns, replaced, raw, "line")
        else:
            what = f"line {line.number:,} is {kind_of(columns)}"
            yield BadRow(f"{line.offset:012d}", f"not a JSON object: {what}", quote(raw))


def too_long(line: Line, max_bytes: int) -> BadRow:
    limit = f"max_line_mb is {max_bytes // MIB} (--set source.max_line_mb=…)"
    return BadRow(f"{line.offset:012d}", f"too long: line {line.number:,}, {limit}", quote(line.raw))


def parse_json(raw: bytes) -> tuple[Any, int]:
    """A JSON value, and how many of its characters were lost: to bytes of no encoding, or as halves of a pair.

    What Python's own `json` writes beyond the standard (NaN, halves of pairs) is read; a whole number beyond 64 bits
    comes as text with all its digits. Raises ValueError.
    """
    broken = "a number is too large"
    try:
        value = orjson.loads(raw)
        if not _has_rounded(value):
            return value, 0
    except ValueError as error:
        broken = str(error)
    text, replaced = _as_text(raw)
    try:
        read = json.loads(text, parse_constant=_null, parse_int=_whole_number)
        written = json.dumps(read, ensure_ascii=False)
        whole, halves = _HALF_CHARACTER.subn("\ufffd", written)
        return orjson.loads(whole), replaced + halves
    except (ValueError, RecursionError):
        raise ValueError(broken) from None


def can_be_kept(columns: dict[str, Any]) -> bool:
    """Whether JSON can be written of the columns again: `orjson` reads deeper nesting than it writes."""
    if not any(isinstance(value, (dict, list)) for value in columns.values()):
        return True
    try:
        orjson.dumps(columns)
    except TypeError:
        return False
    return True


def _null(_: str) -> None:
    return None


def _has_rounded(value: Any) -> bool:
    """Whether a number in it may be a whole one beyond 64 bits, which `orjson` rounds to a float."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case float() as number if not -(2.0**63) < number < 2.0**63:
                return True
            case dict() as found:
                waiting += [item for item in found.values() if type(item) is not str]
            case list() as found:
                waiting += [item for item in found if type(item) is not str]
    return False


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= 20 and -(2**63) <= int(digits) < 2**63 else digits


def _as_text(raw: bytes) -> tuple[str, int]:
    try:
        return raw.decode(), 0
    except UnicodeDecodeError:
        decoded = decode(raw)
        return decoded.text, decoded.replaced


def kind_of(value: object) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null", dict: "an object"}
    return names.get(type(value), "a number")


def read_json(raw: bytes, max_line_bytes: int) -> Iterator[Row | BadRow]:
    """The objects of a JSON list, or a single one. A file of JSON lines is read as such, whatever its name."""
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    try:
        value, replaced = parse_json(raw)
    except ValueError as error:
        text, _ = _as_text(raw)
        if text.lstrip().startswith("["):
            yield from _salvage(text, str(error))
        else:
            yield from read_json_lines(BufferedReader(cast(RawIOBase, BytesIO(raw))), max_line_bytes)
        return
    for number, item in enumerate(value if isinstance(value, list) else [value], start=1):
        yield _item(item, number, lossy=replaced > 0)


def _item(item: object, number: int, lossy: bool) -> Row | BadRow:
    if not isinstance(item, dict):
        what = f"row {number:,} is {kind_of(item)}"
        return BadRow(f"{number:08d}", f"not a JSON object: {what}", str(item)[:QUOTED_CHARS])
    return Row(number, number, item, orjson.dumps(item).decode().count("\ufffd") if lossy else 0)


def _salvage(text: str, broken: str) -> Iterator[Row | BadRow]:
    """The objects of a broken list. After a broken one it goes on at the next that begins a line as the first did."""
    decoder = json.JSONDecoder(parse_constant=_null)
    position = text.find("{")
    if position < 0:
        yield BadRow(f"{1:08d}", f"broken JSON: {broken}", text[:QUOTED_CHARS])
        return
    next_object = f"\n{text[text.rfind(chr(10), 0, position) + 1 : position].lstrip('[')}{{"
    number, found = 0, 0
    while position < len(text) and text[position] != "]":
        number += 1
        if 0 <= found <= position:
            found = text.find(next_object, position + 1)
        # A piece of its own: to say where the error is, `json` counts lines from the start of what it was given.
        piece, start = (text[position:found], 0) if found > 0 else (text, position)
        try:
            item, end = decoder.raw_decode(piece, start)
            item, _ = parse_json(json.dumps(item).encode())
            yield _item(item, number, lossy=True)
        except (ValueError, RecursionError) as error:
            end = len(piece)
            why = str(error) if found > 0 else f"{broken}; what follows cannot be read"
            yield BadRow(f"{number:08d}", f"broken JSON: row {number:,}: {why}", piece[start:][:QUOTED_CHARS])
        between = _BETWEEN_ITEMS.match(text, position + end - start)
        position = between.end() if between else len(text)


def read_text_lines(
    stream: BufferedReader, text_column: str, max_bytes: int, offset: int = 0, number: int = 1
) -> Iterator[Row | BadRow]:
    """Every line as a row of one column, in the encoding that the beginning of the stream is in."""
    encoding = decode(stream.peek(SAMPLE_BYTES)[:SAMPLE_BYTES]).encoding
    for line in read_lines(stream, max_bytes, offset, number):
        if line.too_long:
            yield too_long(line, max_bytes)
            continue
        try:
            text, replaced = line.raw.decode(encoding), 0
        except UnicodeDecodeError:
            text, _, replaced, _ = decode(line.raw)
        text = text.removeprefix("\ufeff").rstrip("\r")
        yield Row(line.offset, line.number, {text_column: text}, replaced, line.raw, "line")
