"""What people say of items, in an append-only file: decisions, votes, scores, each with who and when."""

from __future__ import annotations

import fcntl
import getpass
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from validators.errors import SikuError

KEYS = frozenset({"item", "who", "when"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that one person said of one item; `said` are JSON values, `when` is UTC to the second.

    >>> Entry("3f2a-0012", "wang", "2026-11-27T08:00:00Z", {"decision": "reject", "comment": "乱码"})
    """

    item: str
    who: str
    when: str
    said: dict[str, Any] = field(default_factory=dict)


def this_person() -> str:
    """The name of the login, or "someone" where the machine has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "someone"


class Notebook:
    """JSON lines that are only ever added to, by any number of threads and processes.

    A line that a kill tore is skipped and counted in `torn`. Memory: what is newest of each person and item.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0
        self._read_bytes = 0
        self._newest: dict[tuple[str, str], Entry] = {}
        self._reading = threading.Lock()

    def append(self, item: str, who: str, **said: Any) -> Entry:
        """Write one line to disk before returning. Raises SikuError for a nameless person and where it cannot be."""
        if not who.strip():
            raise SikuError("whoever says something needs a name", where=str(self.path))
        if wrong := KEYS & said.keys():
            raise ValueError(f"{sorted(wrong)} are the notebook's own")
        entry = Entry(item, who.strip(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), said)
        line = orjson.dumps({"item": entry.item, "who": entry.who, "when": entry.when} | said) + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked() as file:
                size = os.fstat(file).st_size
                whole = size == 0 or os.pread(file, 1, size - 1) == b"\n"
                line = line if whole else b"\n" + line  # what a kill tore must not swallow this line
                if os.write(file, line) != len(line):
                    raise OSError("only a part of the line could be written: is the disk full?")
                os.fsync(file)
        except OSError as error:
            raise SikuError("this cannot be kept", where=str(self.path), why=str(error)) from error
        return entry

    def newest(self) -> dict[tuple[str, str], Entry]:
        """The newest entry of each (item, person), other processes' among them, in the order of writing."""
        with self._reading:
            for entry in self._unread():
                self._newest.pop((entry.item, entry.who), None)
                self._newest[entry.item, entry.who] = entry
            return dict(self._newest)

    def of(self, item: str) -> list[Entry]:
        """The newest entry of each person about one item, the latest last."""
        return [entry for entry in self.newest().values() if entry.item == item]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _unread(self) -> Iterator[Entry]:
        try:
            with self.path.open("rb") as file:
                file.seek(self._read_bytes)
                content = file.read()
        except FileNotFoundError:
            return
        whole = content[: content.rfind(b"\n") + 1]  # the rest is being written, or is torn and gets its end later
        self._read_bytes += len(whole)
        for line in whole.split(b"\n"):
            entry = _parse(line)
            if entry:
                yield entry
            elif line.strip():
                self.torn += 1


def _parse(line: bytes) -> Entry | None:
    try:
        said = orjson.loads(line)
        return Entry(str(said.pop("item")), str(said.pop("who")), str(said.pop("when")), said)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
