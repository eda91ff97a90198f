"""Wikipedia and its like: dumps of MediaWiki, articles that others extracted, and single pages of wikitext."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from posixpath import basename, splitext
from typing import ClassVar

from builders.document import Document, Meta, Quarantined
from builders.sources.archives import Limits
from builders.sources.inputs import (
    MIB,
    FoundFile,
    UnreadableError,
    file_digest,
    file_kind,
    find_files,
    is_archive,
    not_positive,
    refused,
    short_key,
)
from builders.sources.row_files import JSON_LINES_SUFFIXES, OpenFile, PartShard, RowFiles, placed
from builders.sources.rows import BYTE_ORDER_MARK, BadRow, Row, can_be_kept, kind_of, read_json_lines
from builders.sources.tables import no_column
from builders.sources.wiki_dumps import GroupFinder, cut_dump, dump_of_index, indexes_of, is_bz2_dump, suffix_of
from builders.sources.wiki_extracts import (
    CIRRUS_META,
    DOC,
    from_cirrus,
    has_json_line,
    index_of,
    is_cirrus,
    is_cirrus_file,
    read_docs,
)
from builders.sources.wiki_group_files import PackedGroups, group_in_file, unpack_groups
from builders.sources.wiki_streams import read_streams
from builders.sources.wiki_xml import Break, Page, PageCutter, Piece, place_of_page
from builders.steps import Shard
from validators.errors import SikuError

PAGE_SUFFIXES = frozenset({".wikitext", ".wiki", ".mediawiki"})
HEAD_BYTES = MIB
_RESERVED = ("id", "text", "title", "ns", "templates", "form", "groups", "redirect", "model")


@dataclass(frozen=True, slots=True)
class WikiShard(Shard):
    """A file with wikitext in it, and the conversion groups that its articles may ask for."""

    groups: PackedGroups | None = None


@dataclass(frozen=True, slots=True)
class WikiPart(PartShard):
    """The pages, or the bz2 streams, of a dump that begin from byte `start` up to byte `end`; and the groups."""

    groups: PackedGroups | None = None


@dataclass(frozen=True, kw_only=True)
class Wiki(RowFiles):
    """One document a page: its wikitext, or the text that others made of it, as `form` says.

    * `.xml`, `.xml.bz2` (also multistream), `.xml.gz` …: dumps of MediaWiki, cut where a page or a stream begins;
    * `.wikitext`, `.wiki`, `.mediawiki`, `.txt`: a page of its own, called like the file;
    * `.jsonl`, `.json`, `.parquet`, `.csv`: rows with `text` and `title`, as of WikiExtractor; CirrusSearch;
    * files of `<doc id="…" title="…">`, whatever their names.

    Conversion groups (`Module:CGroup/…`) are taken from all dumps, and from files: Lua, or JSON with a list `rules`.
    """

    version: ClassVar[int] = 1
    suffixes: ClassVar[frozenset[str]] = RowFiles.suffixes | PAGE_SUFFIXES | {".xml", ""}
    text_column: str = "text"
    title_column: str = "title"
    max_page_mb: int = 16
    groups: bool = True  # look for conversion groups: without its index, a dump is unpacked once more for that

    def mistakes(self) -> list[str]:
        mistakes = super().mistakes()
        empty = [f"{name} is empty" for name in ("text_column", "title_column") if not getattr(self, name)]
        return [*mistakes, *empty, *not_positive(self, "max_page_mb")]

    def required_column(self) -> str:
        return self.text_column

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        """As for all files of rows; indexes of dumps and files of groups are no shards of their own."""
        files = [file for root in find_files(inputs) for file in root.files]
        in_files = {file.path: group for file in files if (group := group_in_file(file.path, file.size))}
        indexes = indexes_of([file.path for file in files])
        passed_over = {*in_files, *indexes.values()}
        shards = [shard for shard in super().shards(inputs) if shard.path not in passed_over]
        if not shards:
            raise SikuError(
                "there is nothing to read", where=", ".join(map(str, inputs)), why="no file holds an article"
            )
        if not self.groups:
            return shards
        finder = GroupFinder(self.max_page_mb * MIB, Limits(self.max_archive_mb, self.max_ratio))
        paths = {shard.path: None for shard in shards}  # in the order of the names, each once
        in_dumps = [(page.title, page.text) for path in paths for page in finder.pages(path, indexes.get(path))]
        packed = PackedGroups.of([*sorted(in_files.values()), *in_dumps])
        return [_with_groups(shard, packed) for shard in shards] if packed else shards

    def _shards_of(self, file: FoundFile) -> list[Shard]:
        name = file.path.name
        if suffix_of(name) == ".xml" and file_kind(name).compression in ("", ".bz2"):
            try:
                return list(self._parts_of_dump(file))
            except OSError:
                pass  # reading it as a whole will give the reason
        elif suffix_of(name) in JSON_LINES_SUFFIXES and is_cirrus_file(file.path):
            return [Shard(file.name, file_digest(file.path), file.size, file.path)]  # its lines are pairs
        return super()._shards_of(file)

    def _parts_of_dump(self, file: FoundFile) -> Iterator[Shard]:
        cuts = cut_dump(file.path, self.shard_mb * MIB)
        if len(cuts) == 1:
            yield Shard(file.name, cuts[0].digest, file.size, file.path)
            return
        for start, end, digest in cuts:
            yield PartShard(f"{file.name}#{start:012d}", digest, end - start, file.path, file.name, start, end)

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        groups = shard.groups if isinstance(shard, WikiShard | WikiPart) else None
        key = unpack_groups(groups) if groups else ""
        is_read_by_streams = is_bz2_dump(shard.path.name) and not is_archive(shard.path.name)
        for found in self._read_streams(shard) if is_read_by_streams else super().read(shard):
            if key and isinstance(found, Document) and found.meta["form"] == "wikitext":
                found.meta["groups"] = key
            yield found

    def _read_streams(self, shard: Shard) -> Iterator[Document | Quarantined]:
        name, start, end = shard.name, 0, shard.bytes
        if isinstance(shard, PartShard):
            name, start, end = shard.file, shard.start, shard.end
        key = short_key(name)
        try:
            if not end:
                raise UnreadableError("empty file")
            yield from self._pages(read_streams(shard.path, start, end, self.max_ratio), key, shard.name)
        except UnreadableError as error:
            yield refused(key, str(error), shard.name)

    def _check_kind(self, name: str) -> None:
        if dump_of_index(name):
            raise UnreadableError("index without its dump")
        if suffix_of(name) != ".xml":
            super()._check_kind(name)

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        head = file.stream.peek(HEAD_BYTES)[:HEAD_BYTES].removeprefix(BYTE_ORDER_MARK).lstrip()
        if suffix_of(file.name) == ".xml":
            pieces = (Piece(0, raw) for raw in iter(lambda: file.stream.read1(MIB), b""))
            yield from self._pages(pieces, file.key, file.source, file.offset)
        elif file.suffix in ("", ".txt") and head.startswith(DOC):
            yield from self._extracts(file)
        elif file.suffix == "" and not head.startswith(b"{"):
            raise UnreadableError("not a file of rows: without a suffix, nor does it begin as one of articles")
        elif file.suffix in PAGE_SUFFIXES or (file.suffix == ".txt" and not head.startswith(b"{")):
            yield self._page_file(file)
        else:
            yield from self._read_rows(file, head)

    def _pages(
        self, pieces: Iterable[Piece | Break], key: str, source: str, start: int = 0
    ) -> Iterator[Document | Quarantined]:
        """The pages of a dump, or of a part of one."""
        found = False
        for page in PageCutter(self.max_page_mb * MIB, start).pages(pieces):
            found = True
            if isinstance(page, BadRow):
                yield refused(f"{key}-{page.mark}", page.reason, source, page.text)
            elif not page.text.strip():
                yield refused(page.id or f"{key}-{page.mark}", "empty page", source, page.title)
            else:
                id, meta = page.id or f"{key}-{page.mark}", _meta_of(page, source)
                yield Document(id, page.text, meta, place=place_of_page(page))
        if not found:
            yield refused(key, "empty file: there is no page in it", source)

    def _page_file(self, file: OpenFile) -> Document:
        decoded = self.read_text(file)
        title = splitext(basename(splitext(file.name)[0] if file_kind(file.name).compression else file.name))[0]
        meta: Meta = {"title": title.replace("_", " "), "form": "wikitext", "source": file.source}
        return Document(file.key, decoded.text, _counted(meta, decoded.replaced))

    def _extracts(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        for found in read_docs(file.stream, self.max_line_mb * MIB, self.max_page_mb * MIB):
            if isinstance(found, BadRow):
                yield refused(f"{file.key}-{found.mark}", found.reason, file.source, found.text)
                continue
            id = found.id or f"{file.key}-{found.at:012d}"
            if found.text.strip():
                meta: Meta = {"title": found.title, "url": found.url, "form": "extracted", "source": file.source}
                yield Document(id, found.text, _counted(meta, found.replaced), place=f"byte {found.at:,}")
            else:
                yield refused(id, "empty text", file.source, found.title)

    def _read_rows(self, file: OpenFile, head: bytes) -> Iterator[Document | Quarantined]:
        """Rows; a file of JSON lines is read as such whatever its name, since dumps are called `.json`, and large."""
        is_of_lines = file.suffix in ("", ".txt") or (file.suffix == ".json" and has_json_line(head))
        rows = read_json_lines(file.stream, self.max_line_mb * MIB) if is_of_lines else self.rows(file)
        index: str | None = None
        for row in rows:
            if isinstance(row, BadRow):
                yield refused(f"{file.key}-{row.mark}", row.reason, file.source, row.text)
            elif (id := index_of(row)) is not None:
                index = id
                continue
            elif index is not None or is_cirrus(row):
                cirrus = row._replace(columns=from_cirrus(row.columns, index or ""))
                yield from placed(self._article(cirrus, file, "cirrus"), row, file)
            else:
                yield from placed(self._article(row, file, "extracted"), row, file)
            index = None

    def _article(self, row: Row, file: OpenFile, form: str) -> Iterator[Document | Quarantined]:
        text_column = "text" if form == "cirrus" else self.text_column
        text, title = row.columns.get(text_column), row.columns.get(self.title_column)
        if text is None and text_column not in row.columns:
            rule, _, why = no_column(text_column, list(row.columns)).partition(": ")
            yield self.refuse(row, file, rule, why)
        elif text is not None and not isinstance(text, str):
            yield self.refuse(row, file, "text is not a string", f"it is {kind_of(text)}")
        elif not text or not text.strip():
            yield self.refuse(row, file, "empty text")
        elif not can_be_kept(row.columns):
            yield self.refuse(row, file, "nested too deeply", "a column beside the text")
        else:
            used = (text_column, self.title_column, *(CIRRUS_META if form == "cirrus" else ()))
            meta = self.columns_kept(row, file, _RESERVED, used)
            meta |= {"title": title if isinstance(title, str) else "", "form": form}
            meta |= {name: row.columns[name] for name in CIRRUS_META if form == "cirrus"}
            yield Document(self.id_of(row, file), text, meta)


def _meta_of(page: Page, source: str) -> Meta:
    meta: Meta = {"title": page.title, "ns": page.ns, "redirect": page.redirect or None, "model": page.model}
    meta |= {"revision": page.revision, "timestamp": page.timestamp, "form": "wikitext", "source": source}
    return _counted(meta, page.replaced)


def _counted(meta: Meta, replaced: int) -> Meta:
    return meta | {"replaced": replaced} if replaced else meta


def _with_groups(shard: Shard, groups: PackedGroups) -> Shard:
    """The shard with the groups and what they change in its digest, if it may hold wikitext."""
    suffix = suffix_of(shard.path.name)
    if suffix not in (".xml", ".txt", *PAGE_SUFFIXES) and not is_archive(shard.path.name):
        return shard
    values = {field.name: getattr(shard, field.name) for field in fields(shard)}
    values["digest"] = sha256(f"{shard.digest} {groups.digest}".encode()).hexdigest()
    return (WikiPart if isinstance(shard, PartShard) else WikiShard)(**values, groups=groups)
