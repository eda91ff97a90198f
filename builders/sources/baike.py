"""Encyclopedia entries: saved pages, what a crawl left, and dumps in JSON, CSV or HTML tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b, sha256
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import ClassVar, cast

from builders.document import Document, Meta, Quarantined
from builders.sources.archives import open_compressed
from builders.sources.baike_page import BaikePage, parse_baike
from builders.sources.baike_rows import read_row, table_rows
from builders.sources.inputs import (
    QUOTED_CHARS,
    FoundFile,
    FoundInput,
    UnreadableError,
    file_digest,
    file_kind,
    list_digest,
    not_positive,
    refused,
    short_key,
    too_large,
)
from builders.sources.row_files import SUFFIXES, OpenFile, RowFiles
from builders.sources.rows import Row, can_be_kept
from builders.steps import Shard
from builders.text.decode import decode, looks_binary
from builders.text.entries import Entry, entry_fields

PAGE_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
WORD_LIST_SUFFIXES = frozenset({".txt", ".scel"})
OWN_COLUMNS = ("id", "text", "title", "sense", "url", "info", "sections", "summary_lines", "other_senses")
_WHY_NOT = {
    "blocked": "blocked page: the site asked for a captcha instead of answering",
    "not_found": "missing entry: the site has no entry of this name",
    "empty": "no entry in the page: it may be a shell that a script fills",
}


@dataclass(frozen=True, slots=True)
class PagesShard(Shard):
    """Saved pages that are read together; `files` are their names below the input and their paths."""

    files: tuple[tuple[str, Path], ...] = ()

    @property
    def folder(self) -> str:
        """What stands before the names of its pages: the input, where two have pages of one name."""
        return self.name.removesuffix(_group_name(self.files))

    def holds(self, meta: Meta) -> bool:
        source = str(meta.get("source", ""))
        return source.startswith(self.folder) and source.removeprefix(self.folder) in dict(self.files)


@dataclass(frozen=True, kw_only=True)
class Baike(RowFiles):
    """One document an entry: its text is summary and paragraphs (see `entry_fields`), its meta the box and the rest.

    Reads saved HTML pages (folders of them, archives, what `siku crawl baike` leaves), rows of JSON, JSON Lines,
    CSV, TSV and Parquet with the columns of any crawler (`builders/sources/baike_rows.py`), and HTML tables of rows.
    A page without an entry is quarantined with the reason; copies are left to `NearDuplicates`.
    """

    version: ClassVar[int] = 1
    suffixes: ClassVar[frozenset[str]] = SUFFIXES | PAGE_SUFFIXES | WORD_LIST_SUFFIXES
    max_page_mb: int = 16
    pages_together: int = 200  # saved pages in one unit of work, on average

    def mistakes(self) -> list[str]:
        return super().mistakes() + not_positive(self, "max_page_mb", "pages_together")

    def units(self, root: FoundInput) -> list[list[Shard]]:
        """Saved pages go together, some hundred at a time; where one ends depends on names alone."""
        pages = [file for file in root.files if file_kind(file.path.name) in _PLAIN_PAGES]
        others = tuple(file for file in root.files if file_kind(file.path.name) not in _PLAIN_PAGES)
        units, together = super().units(replace(root, files=others)), list[FoundFile]()
        for page in pages:
            together.append(page)
            if (
                int.from_bytes(blake2b(page.name.encode("utf-8", "replace"), digest_size=8).digest())
                % (self.pages_together)
                == 0
                or len(together) >= 8 * self.pages_together
            ):
                units.append([_pages_shard(together)])
                together = []
        return [*units, [_pages_shard(together)]] if together else units

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        if not isinstance(shard, PagesShard):
            yield from super().read(shard)
            return
        for name, path in shard.files:
            source = shard.folder + name
            try:
                with open_compressed(path, None) as stream:
                    file = OpenFile(name, short_key(source), source, BufferedReader(cast(RawIOBase, stream)))
                    yield from self.read_file(file)
            except UnreadableError as error:
                yield refused(short_key(source), str(error), source)

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        if file.suffix in WORD_LIST_SUFFIXES:
            reason = "not an entry: a list of words; `siku crawl baike --words` fetches their entries"
            yield refused(file.key, reason, file.source)
        elif file.suffix in PAGE_SUFFIXES:
            yield from self._read_page(file)
        else:
            yield from super().read_file(file)

    def _read_page(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        raw = self.read_whole(file.stream)
        if not raw.strip():
            raise UnreadableError("empty file")
        if reason := looks_binary(raw):
            raise UnreadableError(reason)
        html, encoding, replaced, _ = decode(raw)
        key = short_key(file.source, sha256(raw).hexdigest())
        page = parse_baike(html) if len(raw) <= self.max_page_mb << 20 else BaikePage("", status="empty")
        rows = list(enumerate(table_rows(html), start=1)) if page.status == "empty" else []
        for number, columns in rows:
            yield from self.documents(Row(number, number, dict(columns)), replace(file, key=key))
        if rows:
            return
        if len(raw) > self.max_page_mb << 20:
            raise UnreadableError(too_large("it", len(raw), self.max_page_mb, "max_page_mb"))
        meta: Meta = {"source": file.source, "encoding": encoding, "replaced": replaced}
        yield _entry(key, page, meta, file, html)

    def documents(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        if not can_be_kept(row.columns):
            yield self.refuse(row, file, "nested too deeply")
            return
        entry = read_row(row.columns)
        id, meta = self.id_of(row, file), self.columns_kept(row, file, OWN_COLUMNS, entry.used)
        if entry.html:
            yield _entry(id, parse_baike(entry.html, entry.url), meta, file, entry.html)
        elif not entry.title:
            yield self.refuse(row, file, "no title", f"its columns are {', '.join(row.columns)[:200]}")
        elif not _has_text(entry):
            yield self.refuse(row, file, "no text", "the entry has neither summary nor body nor facts")
        else:
            text, fields = entry_fields(entry)
            yield Document(id, text, meta | fields | {"url": entry.url or None})


_PLAIN_PAGES = frozenset((suffix, "") for suffix in PAGE_SUFFIXES)


def _pages_shard(files: list[FoundFile]) -> PagesShard:
    named = tuple((file.name, file.path) for file in files)
    digest = list_digest((file.name, file_digest(file.path)) for file in files)
    return PagesShard(_group_name(named), digest, sum(file.size for file in files), files[0].path, named)


def _group_name(files: tuple[tuple[str, Path], ...]) -> str:
    return files[0][0] if len(files) == 1 else f"{files[0][0]} and {len(files) - 1:,} more pages"


def _has_text(entry: Entry) -> bool:
    return bool(entry.summary or entry.paragraphs or entry.info)


def _entry(id: str, page: BaikePage, meta: Meta, file: OpenFile, html: str) -> Document | Quarantined:
    if page.status != "ok":
        return refused(id, _WHY_NOT[page.status], file.source, html[:QUOTED_CHARS])
    if not _has_text(page):
        rule = "list of senses: it only links entries" if page.other_senses else "no text: a title alone"
        return refused(id, rule, file.source, page.title)
    text, fields = entry_fields(page)
    return Document(id, text, meta | fields | {"url": page.url or None})
