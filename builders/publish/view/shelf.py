"""The Parquet files of a dataset under DuckDB: searched where they lie, in little memory, and nothing else is read."""

from __future__ import annotations

import os
import re
import shlex
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from builders.publish.view.query import PLACES, Place, Query, column_name, quoted, where
from validators.errors import SikuError

MEMORY_MB = 160
THREADS = 4
LIMIT_S = 10.0  # of one query
FOUND_AT_ONCE = 10_000  # places that a search notes before it is asked for more
SEARCHES_KEPT = 16
VALUES = 200  # of a column that are offered
SNIPPET_CHARS, LEAD_CHARS = 140, 30
COPIES = 100  # of a cluster that are shown
MATCHES = 200  # of a regex that are marked in one text
FOLDERS: Mapping[Place, tuple[str, ...]] = {
    "kept": ("train", "valid"),
    "dropped": ("dropped",),
    "evidence": ("evidence",),
}
DUCKDBS_OWN = {"file_row_number", "siku:file"}
_NO_ROWS = "SELECT ''::VARCHAR AS id, ''::VARCHAR AS text, ''::VARCHAR AS file, 0::BIGINT AS number"
_REFUSED = "step, reason, split_part(reason, ':', 1) AS rule, duplicate_of, jaccard, meta"


class Spot(NamedTuple):
    """Where a row stands."""

    place: Place
    file: str
    row: int


@dataclass
class Found:
    """The places of what a search found so far; `complete` once there is no more."""

    query: Query
    spots: list[Spot] = field(default_factory=list)
    complete: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def told(self) -> str:
        return f"{len(self.spots):,}{'' if self.complete else '+'}"


class Shelf:
    """A finished dataset, opened for reading. For any number of threads.

    Raises SikuError for a query that is wrong or takes longer than `limit_s`, with a sentence to show.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any], limit_s: float = LIMIT_S) -> None:
        import duckdb

        self.folder, self.manifest, self.limit_s = folder, manifest, limit_s
        self.columns = {name: kind for name, kind in manifest.get("columns", {}).items() if kind != "json"}
        if taken := sorted(DUCKDBS_OWN & manifest.get("columns", {}).keys()):
            raise SikuError(
                f"this dataset has a column {taken[0]!r}, and DuckDB calls one of its own so",
                where=str(folder),
                next="siku inspect shows it; rename the column in the source to view it",
            )
        self._files = {place: _files(folder, FOLDERS[place]) for place in PLACES}
        self._searches: OrderedDict[Query, Found] = OrderedDict()
        self._lock = threading.Lock()
        self._duckdb = duckdb
        self._database = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{MEMORY_MB}MB",
                "threads": min(THREADS, len(os.sched_getaffinity(0))),
                "temp_directory": "",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        self._attach()

    def _attach(self) -> None:
        """Views over the files; then the door is shut: no other file, no network, no setting."""
        with self._told_errors():
            for place in PLACES:
                self._database.execute(f"CREATE VIEW {place} AS {self._view(place)}")
        paths = [str(path) for files in self._files.values() for path in files]
        allowed = ", ".join(_literal(name) for path in paths for name in dict.fromkeys((path, _no_glob(path))))
        self._database.execute(f"SET allowed_paths = [{allowed}]")
        self._database.execute("SET enable_external_access = false; SET lock_configuration = true")

    def _view(self, place: Place) -> str:
        more = "''::VARCHAR AS step, ''::VARCHAR AS reason, ''::VARCHAR AS rule"
        if not self._files[place]:
            return f"{_NO_ROWS}, {more}, '' AS split, '' AS meta, NULL AS duplicate_of, 0.0 AS jaccard WHERE false"
        names = ", ".join(_literal(_no_glob(str(path))) for path in self._files[place])
        source = f"read_parquet([{names}], filename = 'siku:file', file_row_number = true)"
        head = 'id, "siku:file" AS file, file_row_number AS number'
        if place == "dropped":
            return f"SELECT {head}, text, {_REFUSED} FROM {source}"
        if place == "evidence":
            return f"SELECT {head}, text, step, kind AS reason, kind AS rule FROM {source}"
        has = {name for (name, *_) in self._database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        said = "array_to_string(list_transform(messages, lambda one: one.content), chr(10))"
        text = f"messages, parents, {said}" if "messages" in has else "NULL AS messages, NULL AS parents, text"
        columns = (name for name in self.manifest.get("columns", {}) if name in has)
        meta = "".join(f", {quoted(name)} AS {quoted(column_name(name))}" for name in columns)
        split = "split_part(\"siku:file\", '/', -2) AS split"
        return f"SELECT {head}, {split}, {text} AS text{meta} FROM {source}"

    # ------------------------------------------------------------ searching

    def search(self, query: Query) -> Found:
        """The first of what is found, in the order of the files; a search that was made before is not made again."""
        with self._lock:
            if known := self._searches.get(query):
                self._searches.move_to_end(query)
                return known
        if query.words and query.how == "regex":
            self._check_regex(query.words)
        found = Found(query)
        if self._files[query.place] and (query.column in ("", *self.columns)):
            self._look_further(found)
        else:
            found.complete = True
        with self._lock:
            self._searches[query] = found
            while len(self._searches) > SEARCHES_KEPT:
                self._searches.popitem(last=False)
        return found

    def _check_regex(self, regex: str) -> None:
        try:
            self._database.cursor().execute("SELECT regexp_matches('', ?)", [regex])
        except self._duckdb.Error as error:
            raise SikuError("this is no regular expression", why=_reason(error)) from error

    def reach(self, found: Found, count: int) -> None:
        """Look for more until there are `count` or no more."""
        with found.lock:
            while len(found.spots) < count and not found.complete:
                self._look_further(found)

    def _look_further(self, found: Found) -> None:
        """From the last place on, not over what was found already."""
        condition, bound = where(found.query)
        if found.spots:
            last = found.spots[-1]
            condition += " AND (file > ? OR (file = ? AND number > ?))"
            bound += (last.file, last.file, last.row)
        place = found.query.place
        rows = self._ask(f"SELECT file, number FROM {place} WHERE {condition} LIMIT {FOUND_AT_ONCE + 1}", bound)
        found.complete = len(rows) <= FOUND_AT_ONCE
        found.spots += [Spot(place, sys.intern(file), row) for file, row in rows[:FOUND_AT_ONCE]]

    def lines(self, found: Found, first: int, count: int) -> list[dict[str, Any]]:
        """Rows `first` to `first + count` of what was found, with the piece of the text around the first match."""
        query = found.query
        hit, bound = "''", ()  # type: tuple[str, tuple[Any, ...]]
        if query.words and query.how != "id":
            hit, bound = "?" if query.how == "substring" else "regexp_extract(text, ?)", (query.words,)
        piece = f"{hit} AS hit, greatest(1, strpos(text, hit) - {LEAD_CHARS}) AS begins, length(text) AS chars"
        piece = f"{piece}, substr(text, begins, {SNIPPET_CHARS}) AS piece"
        more = ", split" if query.place == "kept" else ", step, reason"
        return self._at(found.spots[first : first + count], f"id, {piece}{more}", bound)

    def _at(self, spots: Sequence[Spot], columns: str, bound: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """Some columns of rows, by where they stand; of a file only the groups that they lie in are read."""
        by_file: dict[tuple[Place, str], list[int]] = {}
        for spot in spots:
            by_file.setdefault((spot.place, spot.file), []).append(spot.row)
        rows: dict[Spot, dict[str, Any]] = {}
        for (place, file), numbers in by_file.items():
            condition = "file = ? AND number BETWEEN ? AND ? AND number IN (SELECT unnest(?::BIGINT[]))"
            of_these = (file, min(numbers), max(numbers), numbers)
            for row in self._dicts(f"SELECT number, {columns} FROM {place} WHERE {condition}", (*bound, *of_these)):
                rows[Spot(place, file, row["number"])] = row
        return [rows[spot] for spot in spots]

    # ------------------------------------------------------------ one document

    def document(self, spot: Spot) -> dict[str, Any]:
        """The whole row at a place, with `place`."""
        (row,) = self._at([spot], "*")
        return row | {"place": spot.place}

    def spot_of(self, name: str) -> Spot | None:
        """Where the document `name` stands; else the first that it was split into."""
        for place in PLACES[:2]:
            for condition, bound in (("id = ?", (name,)), (_PARTS, (name, len(name) + 1))):
                rows = self._ask(f"SELECT file, number FROM {place} WHERE {condition} LIMIT 1", bound)
                if rows and self._files[place]:
                    return Spot(place, *rows[0])
        return None

    def evidence(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """What steps noted about documents of these ids: `step, kind, text`."""
        condition = f"id IN (SELECT unnest(?::VARCHAR[])) LIMIT {VALUES}"
        return self._dicts(f"SELECT id, step, rule AS kind, text FROM evidence WHERE {condition}", (list(names),))

    def copies(self, names: Sequence[str]) -> tuple[int, list[dict[str, Any]]]:
        """How many dropped documents name one of these ids as the kept copy, and the most alike of them."""
        condition = "duplicate_of IN (SELECT unnest(?::VARCHAR[]))"
        ((count,),) = self._ask(f"SELECT count(*) FROM dropped WHERE {condition}", (list(names),))
        columns = f"id, reason, jaccard, duplicate_of, length(text) AS chars, substr(text, 1, {SNIPPET_CHARS}) AS piece"
        order = f"ORDER BY jaccard DESC NULLS LAST, id LIMIT {COPIES}"
        return count, self._dicts(f"SELECT {columns} FROM dropped WHERE {condition} {order}", (list(names),))

    def matches(self, text: str, regex: str) -> list[str]:
        """What a regular expression finds in a text, in order, at most `MATCHES`."""
        rows = self._ask("SELECT regexp_extract_all(?, ?)", (text, regex))
        return [one for one in rows[0][0] if one][:MATCHES]

    # ------------------------------------------------------------ what can be chosen

    def values(self, column: str) -> list[str]:
        """The commonest values of a metadata column of kept rows."""
        if column not in self.columns or not self._files["kept"]:
            return []
        name = quoted(column_name(column))
        rows = self._ask(
            f"SELECT coalesce({name}::VARCHAR, '') AS v FROM kept GROUP BY v ORDER BY count(*) DESC, v LIMIT {VALUES}"
        )
        return [value for (value,) in rows]

    def rules(self, place: Place) -> list[tuple[str, str, int]]:
        """Step, rule and how many rows of dropped or evidence, the commonest first."""
        order = f"GROUP BY step, rule ORDER BY count(*) DESC, step, rule LIMIT {VALUES}"
        return self._ask(f"SELECT step, rule, count(*) FROM {place} {order}") if self._files[place] else []

    # ------------------------------------------------------------ asking

    def _dicts(self, sql: str, bound: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._cursor() as cursor:
            cursor.execute(sql, list(bound))
            names = [name for name, *_ in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _ask(self, sql: str, bound: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, list(bound)).fetchall()
            return rows

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        with self._told_errors(), self._interrupted_cursor() as cursor:
            yield cursor

    @contextmanager
    def _interrupted_cursor(self) -> Iterator[Any]:
        cursor = self._database.cursor()
        alarm = threading.Timer(self.limit_s, cursor.interrupt)
        alarm.daemon = True
        alarm.start()
        try:
            yield cursor
        except self._duckdb.InterruptException as error:
            limit = f"{self.limit_s:g} s"
            raise SikuError(
                f"the search was stopped after {limit}", next="look for something rarer, or filter"
            ) from error
        finally:
            alarm.cancel()
            cursor.close()

    @contextmanager
    def _told_errors(self) -> Iterator[None]:
        try:
            yield
        except self._duckdb.OutOfMemoryException as error:
            raise SikuError("the search needs more memory than it may have", next="filter more narrowly") from error
        except self._duckdb.Error as error:
            verify = f"siku verify {shlex.quote(str(self.folder))}"
            raise SikuError("the files of the dataset cannot be read", why=_reason(error), next=verify) from error


_PARTS = "starts_with(id, ?) AND regexp_full_match(substr(id, ?), '([-.][0-9]+)+')"


def _files(folder: Path, names: Sequence[str]) -> list[Path]:
    return [path.absolute() for name in names for path in sorted((folder / name).glob("*.parquet"))]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _no_glob(path: str) -> str:
    """A path in which no character stands for others."""
    return re.sub(r"([\[*?])", r"[\1]", path)


def _reason(error: Exception) -> str:
    return str(error).partition("Error: ")[2].partition("\n")[0] or str(error)
