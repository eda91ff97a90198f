"""Rows out of CSV, TSV and Parquet; what is broken costs its own row, and says what it was."""

from __future__ import annotations

import csv
import math
from collections import deque
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from typing import IO, Any

from builders.sources.inputs import QUOTED_CHARS, UnreadableError
from builders.sources.rows import SAMPLE_BYTES, BadRow, Row
from builders.text.decode import decode

BATCH_ROWS = 1024


def read_csv(stream: BufferedReader, text_column: str, tabs: bool, max_field_bytes: int) -> Iterator[Row | BadRow]:
    """The rows below the header line. With `tabs` a quotation mark is a character like any other.

    A record that was not closed swallows the lines after it: its first line is refused, the others are read again.
    """
    encoding = decode(stream.peek(SAMPLE_BYTES)[:SAMPLE_BYTES]).encoding
    lines = _Lines(TextIOWrapper(stream, "utf-8-sig" if encoding == "utf-8" else encoding, "replace", newline=""))
    csv.field_size_limit(max(csv.field_size_limit(), max_field_bytes))  # it would refuse 128 kB

    def reader() -> Iterator[list[str]]:
        return csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(lines, strict=True)

    records = reader()
    header = _column_names(next(records, []))
    if text_column not in header:
        raise UnreadableError(no_column(text_column, header))
    number = 0
    while True:
        lines.begin()
        problem = ""
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            cells, problem = [], str(error)
            if len(lines.taken) == 1:  # `"he said" so` is read as spreadsheets read it
                cells, problem, records = next(csv.reader(lines.taken), []), "", reader()
        if not cells and not problem:
            continue
        number += 1
        if not problem and len(cells) > len(header):
            problem = f"{len(cells)} cells, the header has {len(header)}"
        elif not problem and len(cells) < len(header) and len(lines.taken) > 1:
            problem = f"{len(cells)} cells over {len(lines.taken)} lines, the header has {len(header)}"
        if problem:
            reason = f"broken row: line {lines.first:,}: {problem}"
            yield BadRow(f"{number:08d}", reason, lines.taken[0][:QUOTED_CHARS])
            lines.give_back()
            records = reader()
        else:
            replaced = sum(cell.count("\ufffd") for cell in cells)
            yield Row(number, lines.first, dict(zip(header, cells, strict=False)), replaced, unit="line")


class _Lines:
    """The lines of a file for `csv.reader`, with those of the present record at hand."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._again = file, deque[str]()
        self._number = 0
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._file)
        self.taken.append(line)
        self._number += 1
        return line

    @property
    def first(self) -> int:
        """The number of the first line of the record."""
        return self._number - len(self.taken) + 1

    def begin(self) -> None:
        self.taken = []

    def give_back(self) -> None:
        """Read all lines of the record but its first once more."""
        self._again.extendleft(reversed(self.taken[1:]))
        self._number -= len(self.taken) - 1


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
    if text_column not in names:
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
