"""Rows out of CSV, TSV and Parquet; what is broken costs its own row, and says what it was."""

from __future__ import annotations

import csv
import math
from collections import deque
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from typing import IO, Any, NamedTuple

from builders.sources.inputs import MIB, QUOTED_CHARS, UnreadableError
from builders.sources.rows import SAMPLE_BYTES, BadRow, Row
from builders.text.decode import decode

BATCH_ROWS = 1024


def read_csv(stream: BufferedReader, text_column: str, tabs: bool, max_line_chars: int) -> Iterator[Row | BadRow]:
    """The rows below the header line; it must name `text_column`, unless that is "".

    With `tabs` a quotation mark is a character like any other.
    """
    encoding = decode(stream.peek(SAMPLE_BYTES)[:SAMPLE_BYTES]).encoding
    file = TextIOWrapper(stream, "utf-8-sig" if encoding == "utf-8" else encoding, "replace", newline="")
    records = _Records(file, tabs, max_line_chars)
    top = records.next(None)
    header = _column_names(top.cells) if top else []
    if text_column and text_column not in header:
        raise UnreadableError(no_column(text_column, header))
    number = 0
    while record := records.next(len(header)):
        if record.problem:
            number += 1
            yield BadRow(f"{number:08d}", f"broken row: line {record.line:,}: {record.problem}", record.first)
        elif record.cells:
            number += 1
            replaced = sum(cell.count("\ufffd") for cell in record.cells)
            yield Row(number, record.line, dict(zip(header, record.cells, strict=False)), replaced, unit="line")


class _Record(NamedTuple):
    line: int  # the number of its first line
    cells: list[str]
    problem: str
    first: str  # the beginning of its first line


class _Records:
    """The records of a CSV file; also the lines of it, for `csv.reader`.

    A record that was not closed swallows the lines after it: its first line is refused, the others are read again.
    """

    def __init__(self, file: IO[str], tabs: bool, max_line_chars: int) -> None:
        self._file, self._tabs, self._max_line_chars = file, tabs, max_line_chars
        self._again = deque[str]()
        self._number, self._taken = 0, list[str]()
        csv.field_size_limit(max(csv.field_size_limit(), max_line_chars))  # it would refuse 128 kB
        self._reader = self._new_reader()

    def _new_reader(self) -> Iterator[list[str]]:
        if self._tabs:
            return csv.reader(self, delimiter="\t", quoting=csv.QUOTE_NONE)
        return csv.reader(self, strict=True)

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._file.readline(self._max_line_chars)
        if not line:
            raise StopIteration
        self._taken.append(line)
        self._number += 1
        if len(line) == self._max_line_chars and not line.endswith("\n"):
            while (rest := self._file.readline(self._max_line_chars)) and not rest.endswith("\n"):
                pass
            raise _TooLongError(f"the line is too long, max_line_mb is {self._max_line_chars // MIB}")
        return line

    def next(self, width: int | None) -> _Record | None:
        """The next record; one that does not fit a header of `width` cells has a problem."""
        self._taken = []
        try:
            cells, problem = next(self._reader), ""
        except StopIteration:
            return None
        except csv.Error as error:
            cells, problem = self._leniently(str(error))
        except _TooLongError as error:
            cells, problem = [], str(error)
        problem = problem or self._misfit(len(cells), width)
        line, first = self._number - len(self._taken) + 1, self._taken[0][:QUOTED_CHARS]
        if problem:
            self._again.extendleft(reversed(self._taken[1:]))
            self._number = line
            self._reader = self._new_reader()
        return _Record(line, cells, problem, first)

    def _leniently(self, problem: str) -> tuple[list[str], str]:
        """A line such as `"good" he said,1` as spreadsheets read it; not what goes over several lines."""
        self._reader = self._new_reader()
        try:
            return (next(csv.reader(self._taken), []), "") if len(self._taken) == 1 else ([], problem)
        except csv.Error:
            return [], problem

    def _misfit(self, cells: int, width: int | None) -> str:
        lines = len(self._taken)
        if width is None or cells == width or (cells < width and lines == 1):
            return ""
        return f"{cells} cells{f' over {lines} lines' if lines > 1 else ''}, the header has {width}"


class _TooLongError(Exception):
    """A line of which only the beginning was kept."""


def _column_names(header: list[str]) -> list[str]:
    """Names for all columns: `column_1` for one without, `text_2` for a second `text`."""
    names: list[str] = []
    for index, given in enumerate(header, start=1):
        name = given.strip() or f"column_{index}"
        names.append(f"{name}_{index}" if name in names else name)
    return names


def read_parquet(file: IO[bytes], text_column: str) -> Iterator[Row | BadRow]:
    """All rows, or one BadRow where the whole file has no such column. A broken row group costs that group."""
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(pyarrow.PythonFile(file, mode="r"))
        names = table.schema_arrow.names
    except Exception as error:  # pyarrow fails on damaged files with many kinds of exception
        raise UnreadableError(f"broken Parquet: {str(error).splitlines()[0][:200]}") from error
    if text_column and text_column not in names:
        raise UnreadableError(no_column(text_column, names))
    first = 0
    for group in range(table.num_row_groups):
        number = first
        first += table.metadata.row_group(group).num_rows
        try:
            for batch in table.iter_batches(BATCH_ROWS, row_groups=[group]):
                for values in zip(*map(_values, batch.columns), strict=True):
                    number += 1
                    yield Row(number, number, dict(zip(names, values, strict=True)))
        except Exception as error:  # as above
            reason = f"broken Parquet: rows {number + 1:,} to {first:,}: {str(error).splitlines()[0][:200]}"
            yield BadRow(f"{number + 1:08d}", reason)


def no_column(wanted: str, found: list[str]) -> str:
    """The reason for a row or file without text, with the setting that may help."""
    return f"no text column: there is no {wanted!r} in {', '.join(found[:20])} (--set source.text_column=…)"


def _values(column: Any) -> list[Any]:
    import pyarrow

    try:
        values = column.to_pylist()
    except UnicodeDecodeError:  # Parquet promises UTF-8 and does not check
        raw = column.cast(pyarrow.large_binary()).to_pylist()
        values = [None if value is None else decode(value).text for value in raw]
    return values if pyarrow.types.is_string(column.type) else [json_value(value) for value in values]


def json_value(value: Any) -> Any:
    """A value as JSON has it: dates and decimals as text, bytes as text, NaN as null."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): json_value(item) for key, item in value.items()}
        case list() | tuple():
            return [json_value(item) for item in value]
        case bytes():
            return value.decode("utf-8", "replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
