"""Compressed files, zip and tar: read as streams, member by member, within limits; nothing is written to disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from builders.sources.inputs import (
    MIB,
    UnreadableError,
    file_kind,
    is_archive,
    is_hidden,
    readable_name,
    regular_size,
    too_large,
)
from builders.text.decode import decode

UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
RATIO_FROM_BYTES = MIB  # a small file of one character compresses beyond any ratio and harms nobody
ZSTANDARD_PIECE_BYTES = 65_536  # what a broken end costs
READ_ERRORS = (
    OSError,  # also BadGzipFile, and what pyarrow says of broken Zstandard
    EOFError,
    zlib.error,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    NotImplementedError,  # zipfile: a method that it does not know
    RuntimeError,  # zipfile: a password is needed
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an archive may unfold. `max_archive_mb` of None: as far as the ratio allows."""

    max_archive_mb: int | None
    max_ratio: int


class Metered(io.RawIOBase):
    """A stream that counts what it gives, and says `UnreadableError` at a limit or when something breaks underneath.

    `read` may give less than was asked for; all that is whole comes before the error. `file` is the file on the disk
    where the stream is just that.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        close: Callable[[], object],
        check: Callable[[int], None] = lambda given: None,
        file: IO[bytes] | None = None,
    ) -> None:
        self._read, self._close, self._check, self.file = read, close, check, file
        self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(MIB), b""))
        try:
            piece = self._read(size)
        except READ_ERRORS as error:
            raise UnreadableError(f"breaks off after {self._given:,} bytes: {_short(error)}") from error
        self._given += len(piece)
        self._check(self._given)
        return piece

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive, or (with `problem`) why it, or all that follows, cannot be read.

    `open` is good until the next member is asked for.
    """

    name: str
    size: int
    problem: str = ""
    open: Callable[[], Metered] | None = None

    def stream(self) -> Metered:
        """What is in it. Raises UnreadableError with the problem, if there is one."""
        if self.problem or self.open is None:
            raise UnreadableError(self.problem)
        return self.open()

    def read(self, limit_mb: int, setting: str) -> bytes:
        """All of it, if it has at most `limit_mb`. Raises UnreadableError with the reason."""
        if self.size > limit_mb * MIB:
            raise UnreadableError(too_large("it", self.size, limit_mb, setting))
        with self.stream() as stream:
            return stream.read()


def open_compressed(path: Path, limits: Limits | None) -> Metered:
    """The unpacked bytes of a `.gz`, `.zst`, `.bz2` or `.xz` file, or those of a plain one."""
    packed = regular_size(path)
    compression = file_kind(path.name).compression
    try:
        file = path.open("rb")
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    if not compression:
        return Metered(file.read, file.close, file=file)

    def check(given: int) -> None:
        if limits:
            _check_unfolding(given, packed, limits)

    return Metered(_decompressor(file, compression), file.close, check)


def open_range(path: Path, start: int, end: int) -> Metered:
    """The bytes of a plain file from `start` up to `end`."""
    stream = open_compressed(path, None)
    file = stream.file
    if file is None:
        raise UnreadableError("a compressed file cannot be read from the middle")
    file.seek(start)
    return Metered(lambda size: file.read(min(size, end - file.tell())), stream.close)


def _decompressor(file: IO[bytes], compression: str) -> Callable[[int], bytes]:
    """A function that gives what comes next. `read1`: to fill a larger piece, `read` would lose it at the break."""
    match compression:
        case ".gz":
            return gzip.GzipFile(fileobj=file).read1
        case ".bz2":
            return bz2.BZ2File(file).read1
        case ".xz":
            return lzma.LZMAFile(file).read1
    import pyarrow

    unpacked = pyarrow.CompressedInputStream(pyarrow.PythonFile(file), "zstd")
    return lambda size: bytes(unpacked.read(min(size, ZSTANDARD_PIECE_BYTES)))


def read_compressed(path: Path, limit_mb: int, setting: str) -> bytes:
    """All of a compressed file, if it unpacks to at most `limit_mb`. Raises UnreadableError with the reason."""
    raw = bytearray()
    with open_compressed(path, None) as stream:
        while piece := stream.read(MIB):
            raw += piece
            if len(raw) > limit_mb * MIB:
                raise UnreadableError(too_large("its beginning alone", len(raw), limit_mb, setting))
    return bytes(raw)


def _check_unfolding(given: int, packed: int, limits: Limits) -> None:
    if limits.max_archive_mb is not None and given > limits.max_archive_mb * MIB:
        limit = f"max_archive_mb is {limits.max_archive_mb} (--set source.max_archive_mb=…)"
        raise UnreadableError(f"too large unpacked: over {given / MIB:,.0f} MB, {limit}")
    if given > RATIO_FROM_BYTES and given > limits.max_ratio * max(packed, 1):
        limit = f"max_ratio is {limits.max_ratio} (--set source.max_ratio=…)"
        raise UnreadableError(f"zip bomb: {packed:,} bytes unfold to over {given:,}, {limit}")


def members(path: Path, limits: Limits) -> Iterator[Member]:
    """The members of a zip or tar in its own order, without folders and hidden files; names differ from each other.

    Where the archive breaks, or unfolds beyond the limits, a last member with a `problem` and no name says so.
    """
    seen: Counter[str] = Counter()
    read = _zip_members if file_kind(path.name).suffix == ".zip" else _tar_members
    try:
        for member in read(path, limits):
            name = "/".join(part for part in member.name.split("/") if part != ".")  # `tar -C folder .` writes ./书.txt
            if any(is_hidden(part) for part in name.split("/") if part != ".."):
                continue
            seen[name] += 1
            if seen[name] > 1:  # an archive may hold a name twice, an id may not
                name = f"{name}~{seen[name]}"
            yield Member(name, member.size, member.problem or _refusal(name), member.open)
    except UnreadableError as error:
        yield Member("", 0, str(error))
    except READ_ERRORS as error:
        yield Member("", 0, f"broken archive: {_short(error)}")


def _refusal(name: str) -> str:
    kind = file_kind(name)
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return f"unsafe path in the archive: {name}"
    if kind.compression or is_archive(name):
        return f"archive inside an archive: {name}"
    return ""


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _zip_members(path: Path, limits: Limits) -> Iterator[Member]:
    packed = regular_size(path)
    unpacked = 0
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
    except Exception as error:  # zipfile fails on hostile directories with whatever struct, slicing or codecs raise
        raise UnreadableError(f"broken zip: {_short(error)}") from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        for info, name in zip(infos, _zip_names(infos), strict=True):
            problem = _zip_problem(info)
            if not problem:
                unpacked += info.file_size  # zipfile gives no more than this, so the sum may be trusted
                _check_unfolding(info.file_size, info.compress_size, limits)
                _check_unfolding(unpacked, packed, limits)
            yield Member(name, info.file_size, problem, _zip_opener(archive, info))


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], Metered]:
    def opener() -> Metered:
        try:
            stream = archive.open(info)
        except Exception as error:  # as above
            raise UnreadableError(f"broken zip member: {_short(error)}") from error
        return Metered(stream.read, stream.close)

    return opener


def _zip_problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & ENCRYPTED_FLAG:
        return "encrypted: a password is needed"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "link in the archive"
    return ""


def _zip_names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """The names of a zip. Without the UTF-8 flag they are bytes of an unknown encoding, decoded together: one
    archive has one encoding, and a single name may be too short to tell."""
    unflagged = [info for info in infos if not info.flag_bits & UTF8_FLAG and not info.filename.isascii()]
    raw = b"\n".join(info.filename.encode("cp437", "replace").replace(b"\n", b" ") for info in unflagged)
    decoded = decode(raw).text.split("\n") if unflagged else []
    names = {id(info): info.filename for info in infos}
    if len(decoded) == len(unflagged):
        names |= {id(info): name for info, name in zip(unflagged, decoded, strict=True)}
    return [readable_name(names[id(info)].replace("\\", "/")) for info in infos]


class _Tar(tarfile.TarFile):
    """A tar that knows whether its end was marked: `tarfile` takes a header cut short for the end."""

    ended = False


class _TarInfo(tarfile.TarInfo):
    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except _EndOfTar:
            if isinstance(tarfile, _Tar):
                tarfile.ended = True
            raise


_EndOfTar: type[Exception] = tarfile.EOFHeaderError  # type: ignore[attr-defined]  # there, but not in typeshed


def _tar_members(path: Path, limits: Limits) -> Iterator[Member]:
    with open_compressed(path, limits) as stream:
        try:
            archive = _Tar.open(fileobj=stream, mode="r|", tarinfo=_TarInfo, errors="surrogateescape", encoding="utf-8")
        except tarfile.TarError as error:
            raise UnreadableError(f"broken tar: {_short(error)}") from error
        with closing(archive):
            count = 0
            while info := archive.next():
                count += 1
                if not info.isdir():
                    yield Member(readable_name(info.name), info.size, _tar_problem(info), _tar_opener(archive, info))
                archive.members = []  # type: ignore[attr-defined]  # else it keeps every header
            if not archive.ended:
                raise UnreadableError(f"truncated tar: it breaks off after {count:,} members")


def _tar_problem(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "link in the archive"
    if info.issparse():
        return "sparse file in the archive"  # its holes may unfold to any size
    return "" if info.isfile() else "device in the archive"


def _tar_opener(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], Metered]:
    def opener() -> Metered:
        stream = archive.extractfile(info)
        if stream is None:
            raise UnreadableError("cannot be read")
        return Metered(stream.read, stream.close)

    return opener
