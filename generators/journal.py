"""The journal: every reply as it came, stored before anyone judges it, so that nothing is paid for twice.

SQLite with a write-ahead log, one writer. A commit follows a reply by at most `COMMIT_AFTER_S`; what is committed
survives `kill -9`. Verdicts are not kept: they follow from the replies, so a changed check costs nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

import orjson

from generators.request import Failure
from validators.errors import SikuError

SUFFIX = ".journal"
FORMAT = 1
COMMIT_AFTER_S = 0.02
_TABLES = """
create table if not exists replies(
    key blob primary key, body blob not null, endpoint text not null, form text not null, seconds real not null,
    at real not null);
create table if not exists failed_tries(
    key blob not null, cause text not null, detail text not null, endpoint text not null, at real not null);
create index if not exists failed_tries_of on failed_tries(key);
create table if not exists given_up(key blob primary key, cause text not null, detail text not null);
create table if not exists models(endpoints text primary key, model text not null);
create table if not exists results(key blob primary key, value blob not null);
create table if not exists runs(identity text primary key, state blob not null);
"""
_ELSEWHERE = "give another folder: --out DIR; or move this file away, then everything is asked again"


class Kept(NamedTuple):
    """A reply in the journal, and how it came: from where, in which form of structured output, in how many seconds."""

    body: bytes
    endpoint: str
    form: str
    seconds: float


class Journal:
    """The replies of one dataset's model. Open it for writing in one process at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open, or make, the file. Raises SikuError if it is no journal, or one of a later siku."""
        self.path = path
        self._due: asyncio.TimerHandle | None = None
        self._committed_s = 0.0
        self._failure: SikuError | None = None  # of a commit that nobody waited for
        with ExitStack() as opened:
            try:
                self._open(opened, read_only)
            except (sqlite3.Error, OSError) as error:
                what = "the journal cannot be opened"
                raise SikuError(what, where=str(path), why=str(error), next=_ELSEWHERE) from error
            self._opened = opened.pop_all()

    def _open(self, opened: ExitStack, read_only: bool) -> None:
        if not read_only:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened.enter_context(_locked(self.path.with_suffix(".lock")))
        where = f"{self.path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
        self._db = opened.enter_context(closing(sqlite3.connect(where, uri=True, isolation_level=None)))
        version = self._db.execute("pragma user_version").fetchone()[0]
        if version > FORMAT:
            why = f"its format is {version}, and this siku reads up to {FORMAT}"
            raise SikuError(
                "this journal was written by a later version of siku", where=str(self.path), why=why, next=_ELSEWHERE
            )
        if not read_only:
            self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=normal; {_TABLES}")
            self._db.execute(f"pragma user_version={FORMAT}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.commit()
        finally:
            self._opened.close()

    # ------------------------------------------------------------ reading

    def reply(self, key: bytes) -> Kept | None:
        row = self._db.execute("select body, endpoint, form, seconds from replies where key = ?", (key,)).fetchone()
        return Kept(*row) if row else None

    def result(self, key: bytes) -> bytes | None:
        """What `generators/result.py` keeps of a passage."""
        row = self._db.execute("select value from results where key = ?", (key,)).fetchone()
        return row[0] if row else None

    def given_up(self, key: bytes) -> Failure | None:
        row = self._db.execute("select cause, detail from given_up where key = ?", (key,)).fetchone()
        return Failure(*row) if row else None

    def failed_tries(self, key: bytes) -> list[Failure]:
        """What went wrong on the way to the reply under this key, in order."""
        rows = self._db.execute("select cause, detail from failed_tries where key = ? order by rowid", (key,))
        return [Failure(*row) for row in rows]

    def run(self, identity: str) -> dict[str, Any] | None:
        """What was written of a finished run over just these inputs with just this plan."""
        row = self._db.execute("select state from runs where identity = ?", (identity,)).fetchone()
        return orjson.loads(row[0]) if row else None

    def model_of(self, endpoints: str) -> str:
        """The model that these endpoints had the last time, so that a finished dataset is found without them."""
        row = self._db.execute("select model from models where endpoints = ?", (endpoints,)).fetchone()
        return row[0] if row else ""

    def remember_model(self, endpoints: str, model: str) -> None:
        self._write("insert or replace into models values (?, ?)", (endpoints, model))

    def counts(self) -> dict[str, int]:
        tables = ("replies", "failed_tries", "given_up")
        return {table: self._db.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}

    # ------------------------------------------------------------ writing

    def keep(self, key: bytes, kept: Kept) -> None:
        """Write a reply; it is durable after `COMMIT_AFTER_S`."""
        self._write("insert or ignore into replies values (?, ?, ?, ?, ?, ?)", (key, *kept, time.time()))

    def keep_result(self, key: bytes, value: bytes) -> None:
        self._write("insert or replace into results values (?, ?)", (key, value))

    def failed(self, key: bytes, failure: Failure, endpoint: str) -> None:
        row = (key, failure.cause, failure.detail, endpoint, time.time())
        self._write("insert into failed_tries values (?, ?, ?, ?, ?)", row)

    def give_up(self, key: bytes, failure: Failure) -> None:
        self._write("insert or replace into given_up values (?, ?, ?)", (key, failure.cause, failure.detail))

    def forget_given_up(self) -> int:
        """Ask everything that was given up again. Returns how many there were."""
        count = self.counts()["given_up"]
        self._write("delete from given_up", ())
        self._write("delete from runs", ())
        self.commit()
        return count

    def finish_run(self, identity: str, state: dict[str, Any]) -> None:
        self._write("insert or replace into runs values (?, ?)", (identity, orjson.dumps(state)))
        self.commit()

    def _write(self, statement: str, row: tuple[Any, ...]) -> None:
        if self._failure:
            raise self._failure
        with self._errors():
            if not self._db.in_transaction:
                self._db.execute("begin immediate")
                self._plan_commit()
            self._db.execute(statement, row)
        if self._due is not None and time.monotonic() - self._committed_s > COMMIT_AFTER_S:
            self.commit()  # the first of several at once; a timer would wait until it was judged, too

    def _plan_commit(self) -> None:
        try:
            self._due = asyncio.get_running_loop().call_later(COMMIT_AFTER_S, self._commit_when_due)
        except RuntimeError:  # outside a loop the caller commits
            self._due = None

    def _commit_when_due(self) -> None:
        """What goes wrong here is raised at the next write: the loop would only print it."""
        try:
            self.commit()
        except SikuError as error:
            self._failure = error

    def commit(self) -> None:
        """Make what was written durable. Raises SikuError where that failed, now or since the last time."""
        if self._failure:
            raise self._failure
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._db.in_transaction:
            with self._errors():
                self._db.execute("commit")
            self._committed_s = time.monotonic()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            full = "full" in str(error)
            raise SikuError(
                "the disk is full" if full else "the journal cannot be written",
                where=str(self.path),
                why=str(error),
                next="make room, and run the same command again: replies that were kept are not asked for again",
            ) from error


def _locked(path: Path) -> IO[str]:
    """The right to write a journal, for as long as the file is open: two commands would pay for the same replies."""
    handle = path.open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.seek(0)
        owner = handle.read().strip() or "another process"
        handle.close()
        raise SikuError(
            "another command asks a model for the same dataset",
            where=str(path),
            why=f"{owner} is at work, and both would pay for the same replies",
            next="wait for it, or give another folder: --out DIR",
        ) from error
    handle.truncate(0)
    handle.write(f"process {os.getpid()}")
    handle.flush()
    return handle
