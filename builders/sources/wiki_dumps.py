"""The files of a MediaWiki dump: what their names say, how they are cut into shards, and their pages of some kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from posixpath import splitext

from builders.sources.archives import Limits, members, open_compressed
from builders.sources.inputs import COMPRESSIONS, MIB, UnreadableError, file_kind, is_archive
from builders.sources.wiki_streams import Cut, cut_streams, read_streams, stream_starts
from builders.sources.wiki_xml import PAGE, Break, Page, PageCutter, Piece

_XML = re.compile(
    r"\.xml(?:-p\d+p\d+)?$"
)  # `…-articles1.xml-p1p187712` is a piece of a dump that was published in many
_INDEX = re.compile(r"-index(\d*)\.txt(-p\d+p\d+)?(\.bz2)?$")
_INDEX_LINE = re.compile(rb"^(\d{1,18}):", re.MULTILINE)
_GROUP_IN_INDEX = re.compile(rb"^(\d{1,18}):\d+:[^:\n]+:CGroup/", re.MULTILINE)
GROUP_TITLE = re.compile(rb"<title>[^<:]*:CGroup/")
_BZ2_RATIO = 4  # bytes of wikitext in one packed byte
_THREADS = 4  # bz2 unpacks without holding the interpreter's lock
_LARGE_STREAM_BYTES = 4 * MIB
_STREAMS_WITHOUT_PAGES = 2


def suffix_of(name: str) -> str:
    """The suffix under any compression: `.xml` for every name that dumps have."""
    kind = file_kind(name)
    stem = name.lower()
    if kind.compression and stem.endswith(COMPRESSIONS):
        stem = splitext(stem)[0]
    return ".xml" if _XML.search(stem) else kind.suffix


def is_bz2_dump(name: str) -> bool:
    return file_kind(name).compression == ".bz2" and suffix_of(name) == ".xml"


def dump_of_index(name: str) -> str:
    """The name of the dump that this is the index of, "" if it is none."""
    found = _INDEX.search(name)
    return f"{name[: found.start()]}{found[1]}.xml{found[2] or ''}.bz2" if found else ""


def indexes_of(paths: Iterable[Path]) -> dict[Path, Path]:
    """The index beside each dump that has one."""
    known = set(paths)
    dumps = {path.with_name(name): path for path in sorted(known) if (name := dump_of_index(path.name))}
    return {dump: index for dump, index in dumps.items() if dump in known}


def cut_dump(path: Path, shard_bytes: int) -> list[Cut]:
    """A dump in runs of whole pages of `shard_bytes`, or of whole bz2 streams that unpack to about as much."""
    if is_bz2_dump(path.name):
        return cut_streams(path, max(shard_bytes // _BZ2_RATIO, 1))
    return _cut_pages(path, shard_bytes)


def _cut_pages(path: Path, shard_bytes: int) -> list[Cut]:
    """Run k has the pages that begin from byte k · `shard_bytes` on, so an appended page changes the last run only."""
    cuts: list[Cut] = []
    start, wanted, digest, tail = 0, shard_bytes, sha256(), len(PAGE) - 1
    with path.open("rb") as file:
        position, rest = 0, b""
        while True:
            new = file.read(4 * MIB)
            raw, done = rest + new, 0
            while (at := raw.find(PAGE, max(wanted - position, done))) >= 0:
                digest.update(raw[done:at])
                cuts.append(Cut(start, position + at, digest.hexdigest()))
                done, start, digest = at, position + at, sha256()
                wanted = (start // shard_bytes + 1) * shard_bytes
            whole = max(len(raw) - tail, done) if new else len(raw)
            digest.update(raw[done:whole])
            position, rest = position + whole, raw[whole:]
            if not new:
                cuts.append(Cut(start, position, digest.hexdigest()))
                return cuts


# ---------------------------------------------------------------- conversion groups in a dump


@dataclass(frozen=True, slots=True)
class GroupFinder:
    """The pages `Module:CGroup/…` of dumps, found without parsing the others, in an index without unpacking them."""

    max_page_bytes: int
    limits: Limits

    def pages(self, path: Path, index: Path | None) -> Iterator[Page]:
        """Those of one file. What is broken is passed over here: reading the dump will tell."""
        try:
            if is_archive(path.name):
                for member in members(path, self.limits):
                    if suffix_of(member.name) == ".xml" and not member.problem:
                        with member.stream() as stream:
                            yield from self._found(Piece(0, raw) for raw in iter(lambda: stream.read(MIB), b""))
            elif suffix_of(path.name) != ".xml":
                return
            elif is_bz2_dump(path.name):
                yield from self._in_streams(path, stream_starts(path), index)
            else:
                with open_compressed(path, Limits(None, self.limits.max_ratio)) as stream:
                    yield from self._found(Piece(0, raw) for raw in iter(lambda: stream.read(MIB), b""))
        except (UnreadableError, OSError):
            return

    def _in_streams(self, path: Path, starts: list[int], index: Path | None) -> Iterator[Page]:
        size = path.stat().st_size
        ends = dict(zip(starts, [*starts[1:], size], strict=False))
        named = _streams_with_groups(index, starts, self.limits) if index else None
        wanted = starts if named is None else named
        if max((ends[start] - start for start in wanted), default=0) > _LARGE_STREAM_BYTES:
            yield from self._found(piece for start in wanted for piece in self._stream(path, start, ends[start]))
            return
        with ThreadPoolExecutor(_THREADS) as threads:
            runs = (wanted[at : at + 4 * _THREADS] for at in range(0, len(wanted), 4 * _THREADS))
            unpacked = (
                pieces
                for run in runs
                for pieces in threads.map(lambda start: list(self._stream(path, start, ends[start])), run)
            )
            yield from self._found(piece for pieces in unpacked for piece in pieces)

    def _stream(self, path: Path, start: int, end: int) -> Iterator[Piece | Break]:
        return read_streams(path, start, end, self.limits.max_ratio)

    def _found(self, pieces: Iterable[Piece | Break]) -> Iterator[Page]:
        for page in PageCutter(self.max_page_bytes, only=GROUP_TITLE).pages(pieces):
            if isinstance(page, Page):
                yield page


def _streams_with_groups(index: Path, starts: Sequence[int], limits: Limits) -> list[int] | None:
    """The streams with pages of groups, or None where the index is not the one of these streams."""
    known, named = set(starts), set[int]()
    seen: set[int] = set()
    rest = b""
    try:
        with open_compressed(index, Limits(None, limits.max_ratio)) as stream:
            while raw := stream.read(MIB):
                raw = rest + raw
                whole = raw.rfind(b"\n") + 1
                rest = raw[whole:]
                if len(rest) > MIB:
                    return None
                seen.update(map(int, _INDEX_LINE.findall(raw, 0, whole)))
                named.update(map(int, _GROUP_IN_INDEX.findall(raw, 0, whole)))
        seen.update(map(int, _INDEX_LINE.findall(rest)))  # a last line without a line feed
        named.update(map(int, _GROUP_IN_INDEX.findall(rest)))
    except UnreadableError:
        return None
    # The head of the dump, and its end, are streams without pages.
    is_its_index = seen <= known and len(known) - len(seen) <= _STREAMS_WITHOUT_PAGES
    return sorted(named) if is_its_index else None
