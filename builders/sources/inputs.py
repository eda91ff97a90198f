"""Finding the files of an input: every file once, under a name that does not depend on where the input lies."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext
from typing import NamedTuple, TypeVar

from builders.document import Quarantined
from builders.text.names import mend_name
from validators.errors import SikuError

MIB = 1 << 20
READERS = 4  # threads that read and hash inputs
QUOTED_CHARS = 2000  # of a refused piece, for the eye of whoever looks into the quarantine
DIGEST_OF_NOTHING = hashlib.sha256().hexdigest()
COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz")
SHORT_TAR_SUFFIXES = {".tgz": ".gz", ".tzst": ".zst", ".tbz2": ".bz2", ".txz": ".xz"}
FOREIGN_SUFFIXES = frozenset(
    [
        *[".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".svg", ".ico", ".tif", ".tiff", ".psd"],
        *[".mp3", ".mp4", ".m4a", ".wav", ".flac", ".ogg", ".avi", ".mkv", ".mov", ".wmv"],
        *[".pdf", ".epub", ".mobi", ".azw", ".azw3", ".djvu", ".chm", ".umd", ".ttf", ".otf", ".woff", ".woff2"],
        *[".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".rtf", ".lnk", ".url", ".torrent"],
        *[".rar", ".7z", ".iso", ".dmg", ".cab", ".exe", ".dll", ".so", ".pyc", ".class", ".jar", ".apk"],
        *[".bin", ".db", ".sqlite", ".npy", ".npz", ".pt", ".pth", ".safetensors", ".onnx", ".arrow"],
    ]
)

Read = TypeVar("Read")
Found = TypeVar("Found")


class UnreadableError(Exception):
    """Input that cannot be read, or no further; the message is a reason for `Quarantined`."""


class FileKind(NamedTuple):
    """What the end of a name promises: `FileKind(".jsonl", ".gz")` for `rows.jsonl.gz`."""

    suffix: str
    compression: str


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file below an input: `name` is its path from there, mended and with `/`."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class FoundInput:
    """One input and the files below it that no other input has; `folder` is the input's own (or parent's) name."""

    folder: str
    path: Path
    files: tuple[FoundFile, ...]


class Candidate(NamedTuple):
    """What is to become a shard, before all names are known to differ."""

    folder: str
    name: str
    digest: str


def file_kind(name: str) -> FileKind:
    stem, suffix = splitext(name.lower())
    if suffix in SHORT_TAR_SUFFIXES:
        return FileKind(".tar", SHORT_TAR_SUFFIXES[suffix])
    if suffix in COMPRESSIONS:
        return FileKind(splitext(stem)[1], suffix)
    return FileKind(suffix, "")


def is_archive(name: str) -> bool:
    return file_kind(name).suffix in {".zip", ".tar"}


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is left out: what systems and editors leave behind."""
    return name.startswith(".") or name == "__MACOSX"


def too_large(what: str, size: int, limit_mb: int, setting: str) -> str:
    """The reason for a piece over a limit, with the setting that raises it."""
    return f"too large: {what} has {size / MIB:,.1f} MB, {setting} is {limit_mb} (--set source.{setting}=…)"


def not_positive(settings: object, *names: str) -> list[str]:
    """A mistake for each of these settings that is below 1."""
    values = {name: getattr(settings, name) for name in names}
    return [f"{name} is {value}, must be at least 1" for name, value in values.items() if value < 1]


def readable_name(name: str) -> str:
    """A path as a person reads it: with `/`, and mended where its bytes were decoded wrongly or not at all."""
    return mend_name(name.replace(os.sep, "/"))


def short_key(*parts: str) -> str:
    """Twelve hexadecimal digits that name a book or a file: the same parts, the same key."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=6).hexdigest()


OUTPUT_MARK = ".siku"  # the work store, in every output folder
DATASET_FILES = frozenset({"manifest.json", "report.html", "README.md"})  # a folder with these is a built dataset
DATASET_ROWS = frozenset({"train", "valid"})


def find_files(inputs: Sequence[Path]) -> list[FoundInput]:
    """The files of all inputs. One that is reached twice (links, inputs within inputs) is there once.

    What cannot be looked into (no permission, a link to nothing) is there as well: reading it gives the reason.
    """
    missing = [path for path in inputs if not os.path.lexists(path)]
    if missing or not inputs:
        raise SikuError(
            "input not found" if missing else "no input was given",
            where=", ".join(str(path) for path in missing),
            next="give files or folders that exist with --input",
        )
    best: dict[str, tuple[tuple[bool, int, str], int, FoundFile]] = {}
    for index, root in enumerate(inputs):
        depth = len(Path(os.path.realpath(root)).parts)
        for path, linked in _walk(root):
            name = path.name if path == root else os.path.relpath(path, root)
            found = FoundFile(readable_name(name), path, _size(path))
            rank = (linked, depth, found.name)  # the way without links, from the outermost input, gives the name
            real = os.path.realpath(path)
            if real not in best or rank < best[real][0]:
                best[real] = (rank, index, found)
    files: list[list[FoundFile]] = [[] for _ in inputs]
    for _, index, found in best.values():
        files[index].append(found)
    if not best:
        raise SikuError("there is nothing to read", where=", ".join(map(str, inputs)), why="no file was found")
    return [
        FoundInput(_own_folder(root), root, tuple(sorted(group, key=lambda file: (file.name, os.fsencode(file.path)))))
        for root, group in zip(inputs, files, strict=True)
        if group
    ]


def _own_folder(root: Path) -> str:
    real = Path(os.path.realpath(root))
    return readable_name((real if real.is_dir() else real.parent).name) or "input"


def _walk(root: Path) -> Iterator[tuple[Path, bool]]:
    """Every file below `root`, and whether a link leads to it. Linked folders come last and no folder twice.

    An output folder of siku below `root` is passed over: what was built from an input is not a part of it. Of a built
    dataset only the rows are input: what it dropped is not to come back as text.
    """
    if not root.is_dir():
        yield root, False
        return
    folders, linked_folders = deque([(root, False)]), deque[tuple[Path, bool]]()
    seen: set[str] = set()
    while folders or linked_folders:
        folder, linked = folders.popleft() if folders else linked_folders.popleft()
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
        except OSError:
            yield folder, linked
            continue
        if folder != root and any(entry.name == OUTPUT_MARK for entry in entries):
            continue
        built = {entry.name for entry in entries} >= DATASET_FILES
        for entry in entries:
            path = folder / entry.name
            if is_hidden(entry.name) or (built and entry.name not in DATASET_ROWS):
                continue
            if _is_folder(entry):
                (linked_folders if entry.is_symlink() else folders).append((path, linked or entry.is_symlink()))
            else:
                yield path, linked or entry.is_symlink()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _size(path: Path) -> int:
    try:
        found = path.stat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def file_digest(path: Path) -> str:
    """The SHA-256 of a file; of nothing where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would wait for ever
            return DIGEST_OF_NOTHING
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return DIGEST_OF_NOTHING


def in_threads(read: Callable[[Read], Found], of_each: Iterable[Read], threads: int = READERS) -> list[Found]:
    """What `read` finds in each, in their order; reading and hashing need no lock of Python's."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(read, of_each))


def list_digest(entries: Iterable[tuple[str, str]]) -> str:
    """The SHA-256 of several files: of their names and digests, in the order of the names."""
    lines = sorted(f"{name}\0{digest}\n" for name, digest in entries)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def distinct_names(candidates: Sequence[Candidate]) -> list[str]:
    """A name for each. Equal ones get the folder of their input in front, then `~2`, `~3` behind that.

    The order in which inputs were given plays no part: among equal folders, the content decides.
    """
    count = Counter(candidate.name for candidate in candidates)
    names = [candidate.name for candidate in candidates]
    taken = {name for name in names if count[name] == 1}
    for index in sorted(range(len(names)), key=lambda index: candidates[index]):
        folder, name, _ = candidates[index]
        if count[name] == 1:
            continue
        new, copy = f"{folder}/{name}", 1
        while new in taken:
            copy += 1
            new = f"{folder}~{copy}/{name}"
        names[index] = new
        taken.add(new)
    return names


def regular_size(path: Path) -> int:
    """The size of a file that can be read. Raises UnreadableError for folders, pipes and what is not there."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            os.scandir(path).close()
        elif stat.S_ISREG(found.st_mode):
            return found.st_size
    except OSError as error:
        raise UnreadableError(_why_not(error)) from error
    raise UnreadableError("not a regular file")


def read_file(path: Path, limit_mb: int, setting: str) -> bytes:
    """All of a file of at most `limit_mb`. Raises UnreadableError with the reason."""
    size = regular_size(path)
    if size > limit_mb * MIB:
        raise UnreadableError(too_large("it", size, limit_mb, setting))
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(_why_not(error)) from error


def _why_not(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def refused(id: str, reason: str, source: str, text: str = "") -> Quarantined:
    """A piece for the quarantine, with the place it came from."""
    return Quarantined(id, reason, text[:QUOTED_CHARS], {"source": source})
