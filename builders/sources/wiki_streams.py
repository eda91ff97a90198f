"""Dumps in many bz2 streams: where the streams begin, how they are shared by workers, what a broken one costs."""

from __future__ import annotations

import bz2
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from builders.sources.inputs import MIB, UnreadableError, regular_size
from builders.sources.wiki_xml import PAGE, Break, Piece

MAGIC = re.compile(rb"BZh[1-9]1AY&SY")  # of a stream with at least one block
MAGIC_BYTES = 10
READ_BYTES = 1 << 16
PIECE_BYTES = 1 << 16  # what is whole before a break comes in pieces as small as this
RATIO_FROM_BYTES = 64 * MIB  # memory is bounded in any case; pages that bots wrote are much alike
ONE_BLOCK_BYTES = MIB  # a block is at most 900,000 bytes, packed hardly more


class Cut(NamedTuple):
    """A run of bytes of a file that can be read by itself, and their digest."""

    start: int
    end: int
    digest: str


def cut_streams(path: Path, shard_bytes: int) -> list[Cut]:
    """The file in runs of whole streams: run k has the streams that begin from byte k · `shard_bytes` on.

    It is cut where a stream begins with a page only, so a file that was cut anywhere into streams (pbzip2) stays whole.
    """
    cuts: list[Cut] = []
    with path.open("rb") as file, path.open("rb") as second:
        start, wanted, digest = 0, shard_bytes, sha256()
        for position, raw in _chunks(file):
            done = 0
            for at in _magics(position, raw):
                if at >= wanted and begins_with_page(second, at):
                    digest.update(raw[done : at - position])
                    cuts.append(Cut(start, at, digest.hexdigest()))
                    done, start, digest = at - position, at, sha256()
                    wanted = (at // shard_bytes + 1) * shard_bytes
            digest.update(raw[done:])
        cuts.append(Cut(start, file.tell(), digest.hexdigest()))
    return cuts


def stream_starts(path: Path) -> list[int]:
    """Where the streams of a file begin, to the byte."""
    with path.open("rb") as file:
        return [at for position, raw in _chunks(file) for at in _magics(position, raw)]


def _chunks(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The bytes of a file in runs, none of which ends inside of a magic; each with its position."""
    position, rest = file.tell(), b""
    while raw := file.read(4 * MIB):
        raw = rest + raw
        begun = raw.rfind(b"BZh", max(len(raw) - MAGIC_BYTES + 1, 0))
        whole = begun if begun >= 0 else len(raw)
        whole = whole if whole < len(raw) or not raw.endswith((b"B", b"BZ")) else raw.rfind(b"B")
        yield position, raw[:whole]
        position, rest = position + whole, raw[whole:]
    if rest:
        yield position, rest


def _magics(position: int, raw: bytes) -> Iterator[int]:
    found = raw.find(b"1AY&SY")
    while found >= 0:
        if found >= 4 and MAGIC.match(raw, found - 4):
            yield position + found - 4
        found = raw.find(b"1AY&SY", found + 1)


def begins_with_page(file: BinaryIO, start: int) -> bool:
    """Whether the stream that begins at this byte begins with a page."""
    file.seek(start)
    try:
        head = bz2.BZ2Decompressor().decompress(file.read(ONE_BLOCK_BYTES), 64)
    except OSError:
        return False
    return head.lstrip().startswith(PAGE)


def read_streams(path: Path, start: int, end: int, max_ratio: int) -> Iterator[Piece | Break]:
    """What the streams from byte `start` up to `end` unpack to, in pieces. A broken stream costs what it holds."""
    regular_size(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    with file:
        while start < end:
            stream = _Stream(file, start, end, max_ratio)
            yield from stream.pieces()
            start = stream.next


class _Stream:
    """One bz2 stream; after `pieces`, `next` is where the one behind it begins."""

    def __init__(self, file: BinaryIO, start: int, end: int, max_ratio: int) -> None:
        self.file, self.start, self.end, self.max_ratio = file, start, end, max_ratio
        self.next = end

    def pieces(self) -> Iterator[Piece | Break]:
        decompressor = bz2.BZ2Decompressor()
        position, given = self.start, 0
        try:
            while not decompressor.eof:
                raw = b""
                if decompressor.needs_input:
                    self.file.seek(position)
                    raw = self.file.read(min(READ_BYTES, self.end - position))
                    position += len(raw)
                    if not raw:
                        raise EOFError("it breaks off")
                if piece := decompressor.decompress(raw, PIECE_BYTES):
                    given += len(piece)
                    self._check(given, position)
                    yield Piece(self.start, piece)
            self.next = position - len(decompressor.unused_data)
        except (OSError, EOFError) as error:
            yield self._broken(f"broken bz2: {error}")
        except UnreadableError as error:
            yield self._broken(str(error))

    def _check(self, given: int, position: int) -> None:
        packed = position - self.start
        if given > RATIO_FROM_BYTES and given > self.max_ratio * packed:
            limit = f"max_ratio is {self.max_ratio} (--set source.max_ratio=…)"
            raise UnreadableError(f"zip bomb: {packed:,} bytes unfold to over {given:,}, {limit}")

    def _broken(self, reason: str) -> Break:
        """Go on at the next magic."""
        self.file.seek(self.start + 1)
        for position, raw in _chunks(self.file):
            for at in _magics(position, raw):
                self.next = min(at, self.end)
                return Break(self.start, reason)
            if position >= self.end:
                break
        self.next = self.end
        return Break(self.start, reason)
