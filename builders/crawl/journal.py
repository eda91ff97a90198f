"""What became of every URL: an append-only file of JSON lines, so that a crawl goes on after any `kill -9`.

A line is written when its page is safely in its file. `{"url": "https://…/item/雪", "outcome": "kept", "round": 1,
"status": 200, "final_url": …, "file": "pages/3f/雪-3fa9….html", "etag": …}`; a last line that was cut off is dropped.
A crawl that came to its end closes a round; the next run opens another, which asks again for what may have changed.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import orjson

from validators.errors import SikuError

STATE_FOLDER = ".crawl"  # hidden, so that a folder of pages is an input as it is
JOURNAL_NAME = "journal.jsonl"
MAX_NAME_CHARS = 40
Outcome = Literal["kept", "missing", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a URL. `file` is its page, below the folder of the crawl; `reason` is a rule, then figures."""

    url: str
    outcome: Outcome
    status: int = 0
    final_url: str = ""
    file: str = ""
    bytes: int = 0
    sha256: str = ""
    etag: str = ""
    last_modified: str = ""
    reason: str = ""
    round: int = 1


@dataclass
class Journal:
    """The journal of one folder, held by one process at a time."""

    folder: Path
    pages: str = "pages"  # where pages are kept, below the folder
    fresh: bool = False  # ask about everything again; with the versions that are known, what is unchanged costs nothing
    entries: dict[str, Entry] = field(default_factory=dict)
    round: int = 1
    _file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        path = self.folder / STATE_FOLDER / JOURNAL_NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise SikuError(
                "another crawl is at work in this folder", where=str(self.folder), next="wait for it, or give --out"
            ) from error
        self._load(self._file)
        self.round += self.fresh
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def _load(self, file: IO[bytes]) -> None:
        file.seek(0)
        whole = 0
        for line in file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                self._take(orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError, KeyError):  # written over, or by another siku
                continue
        file.truncate(whole)

    def _take(self, line: dict[str, Any]) -> None:
        if "finished_round" in line:
            self.round = int(line["finished_round"]) + 1
        else:
            self.entries[line["url"]] = entry = Entry(**line)
            self.round = max(self.round, entry.round)

    def add(self, entry: Entry) -> Entry:
        entry = replace(entry, round=self.round)
        self.entries[entry.url] = entry
        self._write(asdict(entry))
        return entry

    def finish_round(self) -> None:
        self._write({"finished_round": self.round})

    def _write(self, line: dict[str, Any]) -> None:
        assert self._file is not None
        self._file.write(orjson.dumps({name: value for name, value in line.items() if value}) + b"\n")
        self._file.flush()

    def is_settled(self, url: str) -> bool:
        """Whether nothing more is to be asked about a URL in this round.

        In a later round: kept pages of which the server named a version, to hear whether it is still that one, and
        what was refused. What failed is asked in every run.
        """
        entry = self.entries.get(url)
        if entry is None or entry.outcome == "failed":
            return False
        if entry.outcome == "kept" and not (self.folder / entry.file).exists():
            return False
        changeable = self.fresh or entry.outcome == "refused" or bool(entry.etag or entry.last_modified)
        return entry.round == self.round or not changeable

    def save_page(self, url: str, name: str, body: bytes) -> str:
        """Write a page, whole or not at all; its path below the folder. `name` is for whoever looks into it."""
        digest = sha256(url.encode()).hexdigest()
        readable = "".join(char for char in name if char.isalnum() or char in "-_")[:MAX_NAME_CHARS]
        file = f"{self.pages}/{digest[:2]}/{readable}{'-' if readable else ''}{digest[:12]}.html"
        write_whole(self.folder / file, body)
        return file

    def counts(self, urls: list[str]) -> dict[str, int]:
        """How many of these URLs came to which end."""
        found = Counter(self.entries[url].outcome for url in urls if url in self.entries)
        return {outcome: found[outcome] for outcome in ("kept", "missing", "refused", "failed")}

    def reasons(self, urls: list[str]) -> dict[str, int]:
        """Why URLs were refused or failed, by the rule."""
        entries = [self.entries[url] for url in urls if url in self.entries]
        return dict(Counter(entry.reason.partition(": ")[0] for entry in entries if entry.reason).most_common())


def write_whole(path: Path, content: bytes) -> None:
    """A file appears with all of its content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_bytes(content)
    scratch.replace(path)
