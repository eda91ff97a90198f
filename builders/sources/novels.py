"""Novels as they are found: text files, archives, folders of chapter pages, in any encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from posixpath import splitext
from typing import ClassVar

from builders.document import Document, Meta, Quarantined
from builders.sources.archives import Limits, Member, members, read_compressed
from builders.sources.book_folders import (
    HTML_SUFFIXES,
    INFO_NAME,
    BookFolder,
    group_books,
    split_chapter_path,
)
from builders.sources.book_titles import from_name, title_and_author
from builders.sources.chapter_pages import BookInfo, Page, PlacedPage, place_pages, read_info, read_page
from builders.sources.inputs import (
    FOREIGN_SUFFIXES,
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
    list_digest,
    not_positive,
    read_file,
    readable_name,
    refused,
    short_key,
)
from builders.steps import Shard, Source
from builders.text.decode import byte_offset, decode, looks_binary
from validators.errors import SikuError

_ROW_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".xml", ".js", ".css", ".py"})
_NOT_BOOKS = FOREIGN_SUFFIXES | _ROW_SUFFIXES


@dataclass(frozen=True, slots=True)
class BookShard(Shard):
    """A book in a folder; `files` are its pages and `info.json`, by their paths below `path`."""

    files: tuple[str, ...] = ()


class _Piece:
    """A file of a book in many files: its name below the book's folder, and how to get its bytes."""

    __slots__ = ("name", "read")

    def __init__(self, name: str, read: Callable[[], bytes]) -> None:
        self.name, self.read = name, read


@dataclass(frozen=True, kw_only=True)
class Novels(Source):
    """One document a book, or one a chapter where the book lies in chapter pages.

    Reads text files (also `.gz`, `.zst`, `.bz2`, `.xz`), zip and tar archives, and folders: `info.json` with
    `0.html`, `1.html` …; numbered HTML pages; `书/第一章.txt` …; `书/卷/篇/text.txt`. Every document has `title`,
    `author` (or None), `book`, `source`, `encoding` and `replaced` (bytes that no encoding explains) in its meta.
    """

    version: ClassVar[int] = 2
    max_book_mb: int = 64
    max_archive_mb: int = 4096  # unpacked
    max_ratio: int = 200  # unpacked to packed: beyond it an archive is taken for a bomb

    def __post_init__(self) -> None:
        if mistakes := not_positive(self, "max_book_mb", "max_archive_mb", "max_ratio"):
            raise SikuError("; ".join(mistakes), where="source")

    def shards(self, inputs: Sequence[Path]) -> list[Shard]:
        """A file, an archive or a book in a folder is one shard."""
        found = [(root.folder, shard) for root in find_files(inputs) for shard in _shards_of(root)]
        candidates = [Candidate(folder, shard.name, shard.digest) for folder, shard in found]
        names = distinct_names(candidates)
        shards = [_renamed(shard, name) for (_, shard), name in zip(found, names, strict=True)]
        return sorted(shards, key=lambda shard: shard.name)

    def read(self, shard: Shard) -> Iterator[Document | Quarantined]:
        if isinstance(shard, BookShard):
            yield from self._read_book_folder(shard)
        elif is_archive(shard.path.name):
            yield from self._read_archive(shard)
        else:
            yield self._read_file(shard)

    def locate(self, shard: Shard, document: Document, meta: Meta) -> str:
        """The bytes of the file that a chapter was cut from; a whole book or a page is its own place."""
        source, start, end = super().locate(shard, document, meta), meta.get("char_start"), meta.get("char_end")
        if not isinstance(start, int) or not isinstance(end, int) or file_kind(source).suffix in HTML_SUFFIXES:
            return source
        try:
            raw = self._load_again(shard, source)
        except UnreadableError:
            return source
        decoded = decode(raw)
        return f"{source}, bytes {byte_offset(raw, decoded, start):,} to {byte_offset(raw, decoded, end):,}"

    def _load_again(self, shard: Shard, source: str) -> bytes:
        if not is_archive(shard.path.name):
            return self._load(shard.path)
        for member in members(shard.path, Limits(self.max_archive_mb, self.max_ratio)):
            if f"{shard.name}!{member.name}" == source:
                return member.read(self.max_book_mb, "max_book_mb")
        raise UnreadableError("it is not there any more")

    def _load(self, path: Path) -> bytes:
        if file_kind(path.name).compression:
            return read_compressed(path, self.max_book_mb, "max_book_mb")
        return read_file(path, self.max_book_mb, "max_book_mb")

    def _read_file(self, shard: Shard) -> Document | Quarantined:
        def load() -> bytes:
            _check_kind(shard.path.name)
            return self._load(shard.path)

        return _whole_book(short_key(shard.name, "", shard.digest), shard.name, shard.name, load)

    def _read_book_folder(self, shard: BookShard) -> Iterator[Document | Quarantined]:
        def piece(file: str) -> _Piece:
            path = shard.path / file
            return _Piece(readable_name(file), lambda: read_file(path, self.max_book_mb, "max_book_mb"))

        key = short_key(shard.name, "", shard.digest)
        yield from _chapters(key, f"{shard.name}!", shard.name, [piece(file) for file in shard.files])

    def _read_archive(self, shard: Shard) -> Iterator[Document | Quarantined]:
        """In two passes, so that no more than one book is in memory: names first, then contents."""
        limits = Limits(self.max_archive_mb, self.max_ratio)
        _, books = group_books([member for member in members(shard.path, limits) if not member.problem])
        waiting = _WaitingBooks(books)
        for member in members(shard.path, limits):
            source = f"{shard.name}!{member.name}" if member.name else shard.name
            if member.problem:
                yield refused(short_key(shard.name, member.name, member.problem), member.problem, source)
            elif member.name in waiting:
                if book := waiting.take(member, self.max_book_mb):
                    folder, digest, pieces = book
                    below = f"{shard.name}!{folder}/" if folder else f"{shard.name}!"
                    key = short_key(shard.name, folder, digest)
                    yield from _chapters(key, below, folder or shard.name, pieces)
            else:
                yield self._read_member(shard, member, source)

    def _read_member(self, shard: Shard, member: Member, source: str) -> Document | Quarantined:
        try:
            _check_kind(member.name)
            raw = member.read(self.max_book_mb, "max_book_mb")
        except UnreadableError as error:
            return refused(short_key(shard.name, member.name, str(error)), str(error), source)
        key = short_key(shard.name, member.name, sha256(raw).hexdigest())
        return _whole_book(key, source, f"{shard.name}/{member.name}", lambda: raw)


class _WaitingBooks:
    """Books of an archive whose members come one by one; a book is given out with the last of them."""

    def __init__(self, books: Sequence[BookFolder[Member]]) -> None:
        self._book_of = {member.name: book for book in books for member in book.files}
        self._left = {book.folder: len(book.files) for book in books}
        self._pieces: dict[str, dict[str, _Piece]] = {book.folder: {} for book in books}
        self._digests: dict[str, list[tuple[str, str]]] = {book.folder: [] for book in books}

    def __contains__(self, name: str) -> bool:
        return name in self._book_of

    def take(self, member: Member, max_book_mb: int) -> tuple[str, str, list[_Piece]] | None:
        """Keep a page; folder, digest and pages of its book if that is whole now."""
        book = self._book_of[member.name]
        name = member.name[len(book.folder) :].lstrip("/")
        try:
            raw = member.read(max_book_mb, "max_book_mb")
            self._digests[book.folder].append((name, sha256(raw).hexdigest()))
            self._pieces[book.folder][member.name] = _Piece(name, lambda: raw)
        except UnreadableError as error:
            self._digests[book.folder].append((name, str(error)))
            self._pieces[book.folder][member.name] = _Piece(name, _raiser(str(error)))
        self._left[book.folder] -= 1
        if self._left[book.folder]:
            return None
        pieces = self._pieces.pop(book.folder)
        in_order = [pieces[file.name] for file in book.files]
        return book.folder, list_digest(self._digests.pop(book.folder)), in_order


def _raiser(reason: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise UnreadableError(reason)

    return read


def _shards_of(root: FoundInput) -> list[Shard]:
    singles, books = group_books(root.files)
    digests = in_threads(file_digest, [file.path for file in singles])
    shards = [Shard(file.name, digest, file.size, file.path) for file, digest in zip(singles, digests, strict=True)]
    return shards + [_book_shard(root, book) for book in books]


def _book_shard(root: FoundInput, book: BookFolder[FoundFile]) -> BookShard:
    depth = len(book.folder.split("/")) if book.folder else 0
    folder = root.path.joinpath(*book.files[0].path.relative_to(root.path).parts[:depth])
    files = tuple(str(file.path.relative_to(folder)) for file in book.files)
    digest = list_digest((name, file_digest(file.path)) for name, file in zip(files, book.files, strict=True))
    return BookShard(book.folder or root.folder, digest, sum(file.size for file in book.files), folder, files)


def _renamed(shard: Shard, name: str) -> Shard:
    if isinstance(shard, BookShard):
        return BookShard(name, shard.digest, shard.bytes, shard.path, shard.files)
    return Shard(name, shard.digest, shard.bytes, shard.path)


def _check_kind(name: str) -> None:
    suffix = file_kind(name).suffix
    if suffix in _NOT_BOOKS:
        raise UnreadableError(f"not a text: {suffix}")


def _whole_book(key: str, source: str, path: str, load: Callable[[], bytes]) -> Document | Quarantined:
    """A book in one file. `path` is what title and author may be read from, beside its first lines."""
    try:
        page = _page(path, load())
    except UnreadableError as error:
        return refused(key, str(error), source)
    title, author = title_and_author(path, page.text)
    meta = {"title": title, "author": author or None, "book": key, "source": source}
    return Document(key, page.text, meta | {"encoding": page.encoding, "replaced": page.replaced})


def _page(name: str, raw: bytes) -> Page:
    """The text of a file. Raises UnreadableError where there is none."""
    if not raw:
        raise UnreadableError("empty file")
    if reason := looks_binary(raw):
        raise UnreadableError(reason)
    if file_kind(name).suffix in HTML_SUFFIXES:
        page = read_page(raw)
    else:
        decoded = decode(raw)
        page = Page(decoded.text, "", decoded.encoding, decoded.replaced)
    if not page.text.strip():
        raise UnreadableError("empty file: there is nothing but white space and markup")
    return page


def _chapters(key: str, below: str, path: str, pieces: Sequence[_Piece]) -> Iterator[Document | Quarantined]:
    """A book in many files, chapter by chapter. `below` is what comes before their names in `source`."""
    pages: dict[str, _Piece] = {}
    info = BookInfo()
    for piece in pieces:
        if piece.name.lower() != INFO_NAME:
            while piece.name in pages:  # two names that were mended to one
                piece.name += "~2"
            pages[piece.name] = piece
            continue
        try:
            info = read_info(piece.read())
        except (UnreadableError, ValueError) as error:
            reason = str(error) if isinstance(error, UnreadableError) else f"broken {INFO_NAME}: {error}"
            yield refused(f"{key}-info", reason, below + piece.name)
    named = from_name(path)
    meta: Meta = {"title": info.title or named.title, "author": info.author or named.author or None, "book": key}
    placed = place_pages(list(pages), info.chapters)
    missing = [page for page in placed if not page.name]
    if missing or not placed:
        reason = (
            f"{len(missing):,} of {len(placed):,} chapters in the catalogue" if placed else "there is only info.json"
        )
        text = "\n".join(page.chapter for page in missing)
        yield refused(f"{key}-0000", f"pages missing: {reason}", below.rstrip("!/"), text)
    for page in placed:
        if page.name:
            yield _chapter(f"{key}-{page.number:04d}", below + page.name, page, pages[page.name], meta)


def _chapter(id: str, source: str, placed: PlacedPage, piece: _Piece, book: Meta) -> Document | Quarantined:
    try:
        _check_kind(piece.name)
        page = _page(piece.name, piece.read())
    except UnreadableError as error:
        return refused(id, str(error), source)
    volume, folder = split_chapter_path(piece.name)
    chapter = placed.chapter or page.heading or folder or splitext(piece.name)[0]
    meta = book | {"volume": volume, "chapter": chapter, "source": source}
    return Document(id, page.text, meta | {"encoding": page.encoding, "replaced": page.replaced})
