"""Rows with text: JSON Lines, JSON, Parquet, CSV and TSV, and plain text files, also compressed and in archives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from builders.document import Document, Meta, Quarantined
from builders.sources.row_files import OpenFile, RowFiles
from builders.sources.rows import Row, can_be_kept, kind_of
from builders.sources.tables import no_column


@dataclass(frozen=True, kw_only=True)
class TextFiles(RowFiles):
    """One document a row: `.jsonl`, `.ndjson`, `.json`, `.parquet`, `.csv`, `.tsv`; a whole `.txt`, or each line of it.

    A row keeps its `id`; one without is named after its file and its place there. The other columns become its meta,
    beside `source`; a column of that name is kept as `row_source`.

    >>> TextFiles(text_column="content", txt="lines").max_line_mb
    64
    """

    version: ClassVar[int] = 1
    text_column: str = "text"
    txt: Literal["file", "lines"] = "file"

    def mistakes(self) -> list[str]:
        mistakes = super().mistakes()
        if self.txt not in ("file", "lines"):
            mistakes.append(f"txt is {self.txt!r}, must be 'file' or 'lines'")
        return mistakes if self.text_column else [*mistakes, "text_column is empty"]

    def is_of_lines(self, suffix: str) -> bool:
        return super().is_of_lines(suffix) or (suffix == ".txt" and self.txt == "lines")

    def required_column(self) -> str:
        return self.text_column

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        if file.suffix == ".txt" and self.txt == "file":
            yield self._whole_text(file)
        else:
            yield from super().read_file(file)

    def documents(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        text = row.columns.get(self.text_column)
        if not isinstance(text, str) or not text.strip():
            yield self._without_text(row, file)
        elif not can_be_kept(row.columns):
            yield self.refuse(row, file, "nested too deeply", "a column beside the text")
        else:
            yield Document(
                self.id_of(row, file), text, self.columns_kept(row, file, ("id", "text"), (self.text_column,))
            )

    def _without_text(self, row: Row, file: OpenFile) -> Quarantined:
        if self.text_column not in row.columns:
            rule, _, rest = no_column(self.text_column, list(row.columns)).partition(": ")
            return self.refuse(row, file, rule, rest)
        text = row.columns[self.text_column]
        if text is None or isinstance(text, str):
            return self.refuse(row, file, "empty text")
        return self.refuse(row, file, "text is not a string", f"it is {kind_of(text)}")

    def _whole_text(self, file: OpenFile) -> Document:
        decoded = self.read_text(file)
        meta: Meta = {"source": file.source, "encoding": decoded.encoding, "replaced": decoded.replaced}
        return Document(file.key, decoded.text, meta)
