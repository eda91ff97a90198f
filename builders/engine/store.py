"""Finished work, kept by what it was made from: a folder that exists is whole, and is never made twice.

A key is the digest of everything that the content depends on. A folder is filled under a temporary name
and renamed when it is complete, so a `kill -9` leaves either the whole or nothing that anyone would read.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from validators.errors import SikuError

SEAL = "sealed.json"  # written last inside a folder: see `seal_of`
IN_USE = "work.lock"  # shared by all builds of an output folder, held alone by whoever clears it


class WorkStore:
    """The folder `.siku` beside the datasets of one output folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, key: str) -> Path:
        return self.root / "work" / key[:2] / key

    def get(self, key: str) -> tuple[Path, dict[str, Any]] | None:
        """The folder of a finished piece of work and what its maker returned; None if it is not there or not whole.

        Raises SikuError (exit 3) if its content is not what was sealed.
        """
        folder = self.place(key)
        try:
            seal: dict[str, Any] = orjson.loads((folder / SEAL).read_bytes())
            whole = all((folder / name).stat().st_size == size for name, (size, _) in seal["files"].items())
            if not whole:
                return None
            unchanged = seal == seal_of([folder / name for name in seal["files"]], seal["result"])
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return None
        if not unchanged:
            raise SikuError(
                "finished work has been changed since it was done",
                where=str(folder),
                why="its content does not match the checksums in its seal",
                next="the same command with --fresh does all work again",
                exit_code=3,
            )
        with contextlib.suppress(OSError):  # a store that may only be read
            os.utime(folder)  # when it was last of use, for `clean`
        return folder, seal["result"]

    def make(self, key: str, fill: Callable[[Path], dict[str, Any]]) -> tuple[Path, dict[str, Any]]:
        """Finished work under `key`, made now by `fill(folder)` unless it is there already."""
        if found := self.get(key):
            return found
        folder = self.place(key)
        scratch = self.root / "tmp" / f"{os.getpid()}-{key}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            result = fill(scratch)
            seal = seal_of([path for path in sorted(scratch.iterdir()) if path.is_file()], result)
            (scratch / SEAL).write_bytes(orjson.dumps(seal, option=orjson.OPT_SORT_KEYS))
            self._move(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return folder, result

    def _move(self, scratch: Path, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            scratch.rename(folder)
        except OSError:
            if self.get(folder.name) is None:  # damaged, since nothing else writes under a final name
                shutil.rmtree(folder, ignore_errors=True)
                scratch.rename(folder)

    def discard(self, key: str) -> None:
        shutil.rmtree(self.place(key), ignore_errors=True)

    def abandoned(self) -> list[Path]:
        """What killed processes left unfinished."""
        return [one for one in (self.root / "tmp").glob("*-*") if not _alive(one.name.partition("-")[0])]

    def sweep(self) -> None:
        """Remove what killed processes left unfinished."""
        for scratch in self.abandoned():
            shutil.rmtree(scratch, ignore_errors=True)

    def owner(self, name: str) -> str:
        """The process that builds a version now, "" if none does. Takes no lock, so it is in nobody's way."""
        try:
            told = (self.root / "locks" / f"{name}.lock").read_text()
        except OSError:
            return ""
        return told if _alive(told.removeprefix("process ")) else ""

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the right to write one dataset version; released by the system however the process ends."""
        path = self.root / "locks" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(IN_USE).open("a") as use, path.open("a+") as handle:
            fcntl.flock(use, fcntl.LOCK_SH)  # waits for a `clean`, which is short
            _acquire(handle, name)
            try:
                yield
            finally:
                handle.truncate(0)  # nobody builds it any more

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether no build uses the store; if so none begins before the block is left."""
        path = self.root / "locks" / IN_USE
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as use:
            try:
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                yield True


def seal_of(files: Iterable[Path], result: dict[str, Any]) -> dict[str, Any]:
    """Size and CRC-32 of every file, what the maker returned, and a CRC-32 of that."""
    sizes = {path.name: [path.stat().st_size, _crc32(path)] for path in files}
    return {"files": sizes, "result": result, "crc32": zlib.crc32(orjson.dumps(result, option=orjson.OPT_SORT_KEYS))}


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def _acquire(handle: IO[str], name: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.seek(0)
        owner = handle.read().strip() or "another process"
        raise SikuError(
            f"{name.replace('@', ' ')} is being built by {owner}",
            why="two builds into one version would write over each other",
            next="wait for it, or build under another version: --as VERSION",
        ) from error
    handle.truncate(0)
    handle.write(f"process {os.getpid()}")
    handle.flush()


def _alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: str) -> bool:
    """Dead, and not yet noticed by its parent (where the system has /proc)."""
    try:
        return (Path("/proc") / pid / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
