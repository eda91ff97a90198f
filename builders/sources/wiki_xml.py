"""The pages of a MediaWiki dump, one by one: broken XML costs its own page, whatever it is read from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree import ElementTree

from builders.sources.inputs import MIB, too_large
from builders.sources.rows import BadRow, quote
from builders.text.decode import decode

PAGE, PAGE_END = b"<page>", b"</page>"
HEAD_BYTES = MIB  # held of what stands between two pages; what begins a dump is shorter
QUOTED_BYTES = 8_000

# What may stand outside the pages: the head of a dump, the end of one, or both where dumps were joined.
_OUTSIDE = re.compile(
    rb"\s*(?:</mediawiki>\s*)?"
    rb"(?:(?:\xef\xbb\xbf)?(?:<\?xml[^<>]*\?>\s*)?<mediawiki(?:\s[^<>]*)?>\s*(?:<siteinfo>.*?</siteinfo>\s*)?)?"
    rb"(?:</mediawiki>\s*)?",
    re.DOTALL,
)
_TYPE_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)")


class Piece(NamedTuple):
    """Unpacked bytes, and where on the disk the stream begins that they came out of; 0 for a file as it is."""

    stream: int
    raw: bytes


class Break(NamedTuple):
    """Where bytes are missing, and why; what comes next does not follow on what came before."""

    stream: int
    reason: str


class Page(NamedTuple):
    """A page in the form of its newest revision. `mark` is its place in the dump, for an id if it has none itself."""

    mark: str
    id: str
    ns: int
    title: str
    redirect: str  # the title that it leads to
    model: str  # "wikitext", "Scribunto", "css" ...
    revision: int | None
    timestamp: str
    text: str
    replaced: int


class PageCutter:
    """Cuts bytes into pages, which begin at byte `start`. What is held is one page of at most `max_page_bytes`.

    With `only`, a page is passed over unless that is found near its beginning.
    """

    def __init__(self, max_page_bytes: int, start: int = 0, only: re.Pattern[bytes] | None = None) -> None:
        self._max_page_bytes, self._start, self._only = max_page_bytes, start, only
        self._buffer = bytearray()
        self._fed = 0  # bytes in all
        self._streams: list[tuple[int, int]] = []  # (bytes fed before it, where on the disk it begins)
        self._inside = False  # whether the buffer begins with a page
        self._searched = 0  # bytes of the buffer that hold no end of it
        self._passed_over = 0  # bytes of a page that is too large
        self._outside = bytearray()
        self._outside_bytes = 0
        self._resuming = False  # after a break, what comes before the next page belongs to one that was lost

    def pages(self, pieces: Iterable[Piece | Break]) -> Iterator[Page | BadRow]:
        for piece in pieces:
            if isinstance(piece, Break):
                yield from self._break_off(piece)
                continue
            if not self._streams or self._streams[-1][1] != piece.stream:
                self._streams.append((self._fed, piece.stream))
                while len(self._streams) > 1 and self._streams[1][0] <= self._position():
                    del self._streams[0]
            self._fed += len(piece.raw)
            self._buffer += piece.raw
            yield from self._cut()
        if self._inside:
            yield self._bad("page without an end", "the dump breaks off in it")
        else:
            self._leave_outside(len(self._buffer))
            yield from self._look_outside()

    def _cut(self) -> Iterator[Page | BadRow]:
        while True:
            if not self._inside:
                begins = self._buffer.find(PAGE)
                if begins < 0:
                    self._leave_outside(len(self._buffer) - len(PAGE))
                    return
                self._leave_outside(begins)
                yield from self._look_outside()
                self._inside, self._searched, self._passed_over = True, len(PAGE), 0
            ends = self._buffer.find(PAGE_END, self._searched)
            another = self._buffer.find(PAGE, self._searched, ends if ends >= 0 else len(self._buffer))
            if another >= 0:
                yield self._bad("page without an end", "another one begins in it", another)
                self._inside, self._searched, self._passed_over = True, len(PAGE), 0
            elif ends >= 0:
                self._inside = False
                yield from self._whole_page(ends + len(PAGE_END))
            else:
                self._pass_over()
                return

    def _pass_over(self) -> None:
        """Hold no more of a page that is too large than its beginning, and the end, where a tag may have begun."""
        tail = len(PAGE_END) - 1
        if len(self._buffer) > self._max_page_bytes:
            gone = len(self._buffer) - QUOTED_BYTES - tail
            del self._buffer[QUOTED_BYTES : QUOTED_BYTES + gone]
            self._passed_over += gone
        self._searched = max(len(self._buffer) - tail, len(PAGE))

    def _whole_page(self, size: int) -> Iterator[Page | BadRow]:
        if size + self._passed_over > self._max_page_bytes:
            limit_mb = self._max_page_bytes // MIB
            rule, _, why = too_large("the page", size + self._passed_over, limit_mb, "max_page_mb").partition(": ")
            yield self._bad(rule, why, size)
            return
        stream, offset = self._place()
        raw = bytes(self._buffer[:size])
        del self._buffer[:size]
        if self._only and not self._only.search(raw, 0, QUOTED_BYTES):
            return
        try:
            yield parse_page(raw, mark_of(stream, offset))
        except ValueError as error:
            rule, _, why = str(error).partition(": ")
            yield _bad_row(rule, why, stream, offset, raw)

    def _bad(self, rule: str, why: str, size: int | None = None) -> BadRow:
        """The first `size` bytes of the buffer as a page that is none."""
        stream, offset = self._place()
        raw = bytes(self._buffer[:size])
        del self._buffer[: len(raw)]
        self._inside, self._passed_over = False, 0
        return _bad_row(rule, why, stream, offset, raw)

    def _place(self) -> tuple[int, int]:
        """Where the buffer begins: the stream on the disk, and the byte in what that unpacks to."""
        position = self._position()
        place = max(bisect_right(self._streams, (position, self._fed)) - 1, 0)
        before, stream = self._streams[place]
        return stream, position - before + self._start

    def _position(self) -> int:
        """Of the first byte of the buffer, among all that were fed."""
        return self._fed - len(self._buffer) - self._passed_over

    def _leave_outside(self, size: int) -> None:
        if size > 0:
            self._outside += self._buffer[: min(size, max(HEAD_BYTES - len(self._outside), 0))]
            self._outside_bytes += size
            del self._buffer[:size]

    def _look_outside(self) -> Iterator[BadRow]:
        """What stood before a page, if it is nothing that a dump has there."""
        raw, size, resuming = bytes(self._outside), self._outside_bytes, self._resuming
        self._outside, self._outside_bytes, self._resuming = bytearray(), 0, False
        if resuming or (_OUTSIDE.fullmatch(raw) and size == len(raw)):
            return
        rule = "XML outside of pages"
        why = f"{size:,} bytes"
        if _TYPE_DECLARATION.search(raw):
            rule, why = "document type in the XML", "its entities are not read"
        stream, offset = self._place() if self._streams else (0, self._start)
        yield _bad_row(rule, why, stream, max(offset - size, 0), raw)

    def _break_off(self, piece: Break) -> Iterator[BadRow]:
        """All that is whole has come; what has begun is lost."""
        if not self._inside:
            self._leave_outside(len(self._buffer))
            yield from self._look_outside()
        rule, _, why = piece.reason.partition(": ")
        rest = bytes(self._buffer)
        self._buffer.clear()
        self._inside, self._passed_over, self._resuming = False, 0, True
        reason = ": ".join(filter(None, (rule, place_of(piece.stream), why)))
        yield BadRow(f"{mark_of(piece.stream, 0)}-broken", reason, quote(rest))


def mark_of(stream: int, offset: int) -> str:
    """A place for an id: `000000001234`, or `000000001234-000000567` for a byte of what a stream unpacks to."""
    return f"{stream:012d}-{offset:09d}" if stream else f"{offset:012d}"


def place_of(stream: int, offset: int | None = None) -> str:
    places = [f"stream at byte {stream:,}"] if stream else []
    if offset is not None:
        places.append(f"byte {offset:,}{' of it' if stream else ''}")
    return ", ".join(places)


def place_of_page(page: Page) -> str:
    """Where a page begins, for people: `byte 1,234`, or `stream at byte 3,109, byte 466 of it`."""
    stream, _, offset = page.mark.rpartition("-")
    return place_of(int(stream or 0), int(offset))


def _bad_row(rule: str, why: str, stream: int, offset: int, raw: bytes) -> BadRow:
    reason = ": ".join(filter(None, (rule, place_of(stream, offset), why)))
    return BadRow(mark_of(stream, offset), reason, quote(raw))


def parse_page(raw: bytes, mark: str) -> Page:
    """One `<page>` of a dump. Raises ValueError with rule and reason; a document type cannot stand in there.

    A bad byte costs a character, not the page.
    """
    replaced = 0
    try:
        raw.decode()
        text = raw
    except UnicodeDecodeError:
        decoded = decode(raw)
        text, replaced = decoded.text.encode("utf-8", "replace"), max(decoded.replaced, 1)
    try:
        page = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"broken XML: {error}") from None
    revisions = page.findall("revision")
    title = (page.findtext("title") or "").strip()
    if not title or not revisions:
        raise ValueError(f"not a page: it has no <{'revision' if title else 'title'}>")
    newest = revisions[-1]
    redirect = page.find("redirect")
    return Page(
        mark,
        (page.findtext("id") or "").strip(),
        _number(page.findtext("ns")) or 0,
        title,
        redirect.get("title", "") if redirect is not None else "",
        newest.findtext("model") or "wikitext",
        _number(newest.findtext("id")),
        (newest.findtext("timestamp") or "").strip(),
        newest.findtext("text") or "",
        replaced,
    )


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 19 else None
