"""Work files that nothing needs any more: found by kind, told, removed; nothing that a running build may use.

A finished dataset has all of its files by itself: the parts that it shares with the work store are hard links, and
cost nothing there. An unfinished one goes on from the work that was of use since it was last begun.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from builders.engine.finish import inputs_file
from builders.engine.store import WorkStore
from builders.publish.terminal import OK, print_json, table
from builders.publish.versions.lineage import name_of
from builders.publish.versions.listing import told_size, unfinished_versions
from validators.errors import SikuError

Kind = Literal[
    "stages", "decisions", "parts", "tokens", "other work", "left by killed runs", "unfinished pulls", "journals"
]
MARKS: dict[str, Kind] = {  # by which file a folder of work is known
    "fates.jsonl": "decisions",
    "rows.arrow": "stages",
    "refused.arrow": "stages",
    "ids.bin": "tokens",
    "train.parquet": "parts",
    "valid.parquet": "parts",
    "dropped.parquet": "parts",
    "names.bin": "stages",
}
JUST_USED_S = 60.0  # tokens that were found a moment ago may be about to be mapped into memory
UNKNOWN_USE_S = 86_400.0  # where the system does not tell what is mapped


@dataclass(frozen=True)
class Piece:
    """A folder or file that could go: what it is, what it takes, and why it stays if it does."""

    path: Path
    kind: Kind
    bytes: int
    stays: str = ""


@dataclass(frozen=True)
class Also:
    """What goes only if it is asked for."""

    journals: bool = False  # replies that were paid for
    unfinished: bool = False  # what unfinished builds would go on from


def clean(out: Path, also: Also, *, dry_run: bool, yes: bool, as_json: bool, quiet: bool = False) -> int:
    """Tell what can be freed, ask, and free it; `quiet` tells only where it asks or only tells.

    Raises SikuError where nobody can be asked and `yes` is not given.
    """
    quiet = quiet and yes and not dry_run
    store = WorkStore(out / ".siku")
    found = survey(store, out, also)
    going = [piece for piece in found if not piece.stays]
    if not as_json and not quiet:
        _tell(out, found)
    if going and not dry_run:
        if not yes and not _agreed(out, going):
            print("nothing was removed")
            return OK
        going = free(store, out, also)
    if as_json:
        print_json(_as_json(out, found, going, dry_run=dry_run))
    elif going and not quiet:
        freed = f"{told_size(sum(piece.bytes for piece in going))} in {len(going):,} pieces"
        print(f"would free {freed}; nothing was removed" if dry_run else f"freed {freed}")
    return OK


def survey(store: WorkStore, out: Path, also: Also) -> list[Piece]:
    """Everything that could go, by kind and path, with why some of it stays."""
    if not store.root.is_dir():
        return []
    with store.alone() as alone:
        return list(_survey(store, out, also, alone=alone))


def free(store: WorkStore, out: Path, also: Also) -> list[Piece]:
    """Remove what may go now, which is looked at again: a build may have begun. Returns what went.

    No build begins before all of it is out of the way; a folder is renamed first, so that a kill leaves no half.
    """
    gone: list[Piece] = []
    graves: list[Path] = []
    with store.alone() as alone:
        for piece in _survey(store, out, also, alone=alone):
            if not piece.stays and (grave := _bury(store, piece)):
                gone.append(piece)
                graves.append(grave)
        if alone and also.unfinished:
            for one in unfinished_versions(out):
                inputs_file(out, one["name"], one["version"]).unlink(missing_ok=True)
    for grave in graves:
        shutil.rmtree(grave, ignore_errors=True)
        grave.unlink(missing_ok=True)
    return gone


def _survey(store: WorkStore, out: Path, also: Also, *, alone: bool) -> Iterator[Piece]:
    unfinished = [] if also.unfinished else unfinished_versions(out)
    since = min((one["since"] for one in unfinished), default=float("inf"))
    needed = f"needed to go on with {', '.join(map(name_of, unfinished))}"
    mapped = folders_in_memory(store.root / "work")
    for folder in sorted((store.root / "work").glob("*/*")):
        kind, stays = _kind(folder), ""
        if kind == "tokens":
            stays = _tokens_in_use(folder, mapped)
        elif not alone:
            stays = "a build is running"
        elif folder.stat().st_mtime >= since:
            stays = needed
        elif kind == "parts" and _is_linked(folder):
            stays = "a finished dataset has the same files"
        yield Piece(folder, kind, _size(folder), stays)
    for folder in sorted(store.abandoned()):
        yield Piece(folder, "left by killed runs", _size(folder))
    for folder in sorted((store.root / "pull").glob("*")):
        yield Piece(folder, "unfinished pulls", _size(folder), "" if alone else "a build or a pull is running")
    for path in sorted((store.root / "journals").glob("*.journal")):
        why = "" if also.journals else "its replies were paid for; --journals removes it"
        yield Piece(path, "journals", path.stat().st_size, why or _journal_in_use(path))


def _kind(folder: Path) -> Kind:
    names = {path.name for path in folder.iterdir()}
    return next((kind for mark, kind in MARKS.items() if mark in names), "other work")


def _size(folder: Path) -> int:
    """The bytes that go with a folder: files that have another name elsewhere stay there."""
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum(file.st_size for file in files if file.st_nlink == 1)


def _is_linked(folder: Path) -> bool:
    return any(path.stat().st_nlink > 1 for path in folder.glob("*.parquet"))


def _tokens_in_use(folder: Path, mapped: set[str] | None) -> str:
    age_s = time.time() - folder.stat().st_mtime
    if mapped is None:
        return "of use in the last day" if age_s < UNKNOWN_USE_S else ""
    return "a training run reads them" if str(folder.resolve()) in mapped or age_s < JUST_USED_S else ""


def folders_in_memory(work: Path) -> set[str] | None:
    """Folders below `work` of which a process maps a file; None where the system has no /proc."""
    processes = Path("/proc")
    if not (processes / "self" / "maps").exists():
        return None
    top = str(work.resolve())
    found: set[str] = set()
    for maps in processes.glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):  # of another user, or gone
            for line in maps.read_bytes().decode(errors="replace").splitlines():
                if top in line:
                    found.add(str(Path(line.split(maxsplit=5)[5]).parent))
    return found


def _journal_in_use(path: Path) -> str:
    lock = path.with_suffix(".lock")
    if not lock.exists():
        return ""
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return "a model is being asked"
    return ""


def _bury(store: WorkStore, piece: Piece) -> Path | None:
    """Take a piece out of everybody's way. None if it is gone, or just now being made or read."""
    grave = store.root / "tmp" / f"{os.getpid()}-cleared-{piece.path.name}"
    grave.parent.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        if piece.kind == "tokens":
            lock = store.root / "locks" / f"tokens-{piece.path.name[:16]}.lock"
            handle = stack.enter_context(lock.open("a"))
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return None
        try:
            piece.path.rename(grave)
        except OSError:
            return None
        if piece.kind == "journals":
            for suffix in ("-wal", "-shm"):
                piece.path.with_name(piece.path.name + suffix).unlink(missing_ok=True)
    return grave


# ---------------------------------------------------------------- told


def _agreed(out: Path, going: Sequence[Piece]) -> bool:
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise SikuError(
            "nothing was removed: nobody can be asked here",
            where=str(out),
            why=f"{told_size(sum(piece.bytes for piece in going))} would be freed",
            next="the same command with --yes; --dry-run only tells",
        )
    print("remove it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _tell(out: Path, found: Sequence[Piece]) -> None:
    if not found:
        print(f"there are no work files in {out}")
        return
    going = [piece for piece in found if not piece.stays]
    if going:
        table(("to free", "pieces", "size"), [(kind, count, told_size(size)) for kind, count, size in _sums(going)])
    else:
        print("nothing to free")
    for why in dict.fromkeys(piece.stays for piece in found if piece.stays):
        staying = _sums([piece for piece in found if piece.stays == why])
        kinds = ", ".join(f"{count:,} {kind} ({told_size(size)})" for kind, count, size in staying)
        print(f"stays: {kinds}: {why}")


def _sums(pieces: Sequence[Piece]) -> list[tuple[str, int, int]]:
    kinds = dict.fromkeys(piece.kind for piece in pieces)
    grouped = {kind: [piece.bytes for piece in pieces if piece.kind == kind] for kind in kinds}
    return [(kind, len(sizes), sum(sizes)) for kind, sizes in grouped.items()]


def _as_json(out: Path, found: Sequence[Piece], going: Sequence[Piece], *, dry_run: bool) -> dict[str, Any]:
    """`freed` (or what would be, of a dry run) by kind, and `kept` with the reason."""
    kept = [piece for piece in found if piece.stays]
    reasons = dict.fromkeys((piece.kind, piece.stays) for piece in kept)
    return {
        "path": str(out),
        "dry_run": dry_run,
        "bytes": sum(piece.bytes for piece in going),
        "freed": {kind: {"pieces": count, "bytes": size} for kind, count, size in _sums(going)},
        "kept": [
            {"kind": kind, "why": why, "pieces": len(same), "bytes": sum(piece.bytes for piece in same)}
            for kind, why in reasons
            if (same := [piece for piece in kept if (piece.kind, piece.stays) == (kind, why)])
        ],
    }
