"""A folder that appears under its name when all of it is there, and is then left alone."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.sources.inputs import file_digest
from validators.errors import SikuError

Files = dict[str, dict[str, Any]]  # name to sha256, bytes, rows: as a manifest has them


@dataclass(frozen=True)
class ExportFolder:
    """Where an export is to lie. `names` are those that an export may have: what else is there is never touched.

    An export that is there already is found to be the same, or refused; with `force` it is replaced.
    """

    place: Path
    names: Collection[str]
    force: bool = False

    def problems(self) -> list[SikuError]:
        """One problem where `place` is no folder, or holds what is no export."""
        if not os.path.lexists(self.place):
            above = next(one for one in self.place.absolute().parents if os.path.lexists(one))
            if not above.is_dir():
                return [SikuError("--out is within a file", where=str(above), next="--out with a new folder")]
            return []
        if not self.place.is_dir():
            return [SikuError("--out is no folder", where=str(self.place), next="--out with a new folder")]
        if foreign := sorted(path.name for path in self.place.iterdir() if path.name not in self.names):
            why = f"it holds {foreign[0]}" + (f" and {len(foreign) - 1:,} more" if len(foreign) > 1 else "")
            return [
                SikuError("--out holds other files", where=str(self.place), why=why, next="--out with a new folder")
            ]
        return []

    def settle(self, scratch: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
        """Give a filled folder its name. Raises SikuError (exit 2) where another export has it."""
        place = Path(os.path.realpath(self.place))
        if place.is_dir() and any(place.iterdir()):
            if self._is_same(place, files):
                return
            if not self.force or self.problems():
                raise SikuError(
                    "--out holds another export",
                    where=str(self.place),
                    why="its files are not those that this command writes",
                    next="--out with a new folder, or --force to replace it",
                )
            old = _old(scratch)
            place.rename(old)  # for a moment there is none: never a mixture of both
            scratch.rename(place)
            shutil.rmtree(old)
        else:
            scratch.rename(place)

    def _is_same(self, place: Path, files: Mapping[str, Mapping[str, Any]]) -> bool:
        if {path.name for path in place.iterdir()} != files.keys():
            return False
        return all(file_digest(place / name) == file["sha256"] for name, file in files.items())

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """An empty folder beside `place`, for one process at a time; what a killed one left there is removed."""
        place = Path(os.path.realpath(self.place))
        folder = place.with_name(f".{place.name}.unfinished")
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            self._take(folder, handle)
            try:
                shutil.rmtree(_old(folder), ignore_errors=True)
                for left in folder.iterdir():
                    left.unlink()
                yield folder
            finally:
                if _is_at(folder, handle):  # else it has its name by now
                    shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)  # which gives the lock back, as any end of the process does

    def _take(self, folder: Path, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(folder, handle):
                return
        except BlockingIOError:
            pass
        raise SikuError(
            "another command writes to --out",
            where=str(self.place),
            next=f"wait for it, or --out with a folder other than {shlex.quote(str(self.place))}",
        )


def _is_at(folder: Path, handle: int) -> bool:
    """Whether the folder that is open as `handle` still has this name."""
    return folder.exists() and os.path.samestat(folder.stat(), os.fstat(handle))


def _old(scratch: Path) -> Path:
    """Where an export that is being replaced goes."""
    return scratch.with_name(f"{scratch.name}.old")
