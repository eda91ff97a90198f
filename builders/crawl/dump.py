"""One large file: received into `NAME.part`, resumed where it broke off, checked, and renamed only when it is whole."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import orjson

from builders.crawl.addresses import RefusedError, parse_url
from builders.crawl.blocked import HostStoppedError
from builders.crawl.checksums import Digests, check_digests, differences, listed_digest
from builders.crawl.exchange import Answer, UnreachableError
from builders.crawl.fetch import GONE, Fetcher, Validators
from builders.crawl.journal import STATE_FOLDER, write_whole
from builders.crawl.manners import Manners
from builders.engine.progress import Progress
from validators.errors import SikuError

MAX_GB = 1000.0
_LEAST_BYTES = 1 << 16  # so much has to come in each `timeout_s`, or the connection is given up and the file resumed
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class DumpResult:
    """A file that is whole, by its name in `out`.

    `checked` are the digests it was compared with; `resumed_from` the bytes that were there before.
    """

    file: str
    url: str
    final_url: str
    bytes: int
    sha256: str
    checked: list[str]
    changed: bool
    resumed_from: int = 0

    @property
    def exit_code(self) -> int:
        return 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _State:
    """What the server said of the file that is on disk, in part or whole. `bytes` is 0 where it did not say."""

    url: str = ""
    final_url: str = ""
    etag: str = ""
    last_modified: str = ""
    bytes: int = 0

    def if_range(self) -> str:
        """What a resumed request depends on; "" where nothing is strong enough."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


def crawl_dump(
    *,
    url: str,
    out: Path,
    sha256: str = "",
    sha1: str = "",
    md5: str = "",
    checksums: str = "",
    max_gb: float = MAX_GB,
    manners: Manners | None = None,
    progress: Progress,
) -> DumpResult:
    """Fetch a file into `out`. The same command goes on after any interruption, and costs nothing when all is there.

    Raises SikuError: exit 2 for wrong use, 3 for a file that is not what its digest says, 4 for network and refusals.
    """
    wanted = check_digests({"sha256": sha256, "sha1": sha1, "md5": md5})
    try:
        parse_url(url)
    except RefusedError as error:
        raise SikuError("no URL", why=str(error), next="siku crawl dump https://HOST/PATH/FILE --out DIR") from error
    try:
        name = _file_name(url)
        with Fetcher([url, *filter(None, [checksums])], manners or Manners()) as fetcher:
            if checksums:
                wanted = _listed(fetcher, checksums, name) | wanted
            return _Dump(url, out, name, wanted, int(max_gb * 1e9), fetcher, progress).fetch()
    except HostStoppedError as error:
        raise SikuError(
            f"{error.host} is left alone", where=url, why=error.why, next=error.next, exit_code=4
        ) from error
    except RefusedError as error:
        mirror = error.rule == "leads to another site"
        next = "--allow-host HOST, if that is a mirror to be trusted" if mirror else "look at the URL in a browser"
        raise SikuError("the file cannot be had", where=url, why=str(error), next=next, exit_code=4) from error
    except UnreachableError as error:
        raise SikuError(
            "the file cannot be had", where=url, why=str(error), next="the same command goes on", exit_code=4
        ) from error


def _file_name(url: str) -> str:
    name = unquote(urlsplit(str(parse_url(url))).path.rpartition("/")[2])
    name = "".join(char for char in name if char.isprintable() and char not in '/\\:*?"<>|').lstrip(". ")[:200]
    if not name:
        raise SikuError("the URL names no file", where=url, next="siku crawl dump https://HOST/PATH/FILE --out DIR")
    return name


def _listed(fetcher: Fetcher, checksums: str, name: str) -> dict[str, str]:
    page = fetcher.page(checksums)
    found = listed_digest(page.body.decode("utf-8", "replace"), name)
    if not found:
        raise SikuError(
            "the list of checksums does not name the file",
            where=checksums,
            why=f"there is no line for {name}" if page.body else f"answer {page.status}",
            next="--checksums URL of the list beside the file, or --sha256 HEX",
        )
    return found


class _Dump:
    """One file on its way."""

    def __init__(
        self,
        url: str,
        out: Path,
        name: str,
        wanted: dict[str, str],
        max_bytes: int,
        fetcher: Fetcher,
        progress: Progress,
    ) -> None:
        self.url, self.wanted, self.max_bytes = url, wanted, max_bytes
        self.fetcher, self.progress = fetcher, progress
        self.target, self.part = out / name, out / f"{name}.part"
        self.whole_state, self.part_state = (out / STATE_FOLDER / f"{name}{end}.json" for end in ("", ".part"))
        self.changed, self.may_be_whole, self.resumed_from = True, False, 0
        self._furthest, self._begun_anew = 0, 0

    def fetch(self) -> DumpResult:
        state = _read_state(self.whole_state)
        if self.target.exists() and (found := self._found(state)):
            self.changed = False
            return self._result(state if state.url == self.url else _State(self.url, self.url), found)
        self.part_state.parent.mkdir(parents=True, exist_ok=True)
        with self.part.open("a+b") as file:
            _lock(file, self.part)
            self.resumed_from = self._have(file)
            while not self.fetcher.persistently(lambda: self._receive(file)):
                pass
            file.flush()
            os.fsync(file.fileno())
        if not self.changed:
            self.part.unlink()
            return self._result(state, self._digests(self.target))
        return self._keep()

    def _found(self, state: _State) -> dict[str, str]:
        """The digests of a file that is there and needs no question to the server; {} otherwise."""
        found = self._digests(self.target)
        if self.wanted and not differences(found, self.wanted):
            return found
        if state.url != self.url:
            raise SikuError("there is another file of that name", where=str(self.target), next="another --out")
        self.may_be_whole = not self.wanted and state.bytes in (0, self.target.stat().st_size)
        return found if self.may_be_whole and not (state.etag or state.last_modified) else {}

    def _have(self, file: IO[bytes]) -> int:
        """Bytes that are there and can be gone on with; others are thrown away."""
        state = _read_state(self.part_state)
        if state.url != self.url or not state.if_range():
            file.truncate(0)
        return file.seek(0, os.SEEK_END)

    def _receive(self, file: IO[bytes]) -> bool:
        """Go on with the file; whether it is whole. False after progress, and when it has to begin anew."""
        have, state = self._have(file), _read_state(self.part_state)
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        known = None
        if have:
            headers |= {"range": f"bytes={have}-", "if-range": state.if_range()}
        elif self.may_be_whole:
            whole = _read_state(self.whole_state)
            known = Validators(whole.final_url, whole.etag, whole.last_modified)
        try:
            with self.fetcher.follow(self.url, headers, known) as answer:
                if answer.status == 304 and known:
                    self.changed = False
                    return True
                if answer.status in (206, 416):
                    verdict = self._check_range(answer, have, state)
                    if verdict is False:
                        self._throw_away(file)
                    if verdict is not None:
                        return verdict
                else:
                    self._begin(answer, file)
                self._write(answer, file)
        except UnreachableError:
            size = file.seek(0, os.SEEK_END)
            if size < max(have, self._furthest) + _LEAST_BYTES:
                raise
            self._furthest = size
            return False
        return True

    def _throw_away(self, file: IO[bytes]) -> None:
        file.truncate(0)
        self._begun_anew += 1
        if self._begun_anew > self.fetcher.manners.tries:
            raise RefusedError("parts that do not fit", "the server does not answer what is asked")

    def _check_range(self, answer: Answer, have: int, state: _State) -> bool | None:
        """True: the part is the whole. False: begin anew. None: what comes is the rest of it."""
        if not have:
            raise RefusedError(f"answer {answer.status}", "to a request for the whole file")
        found = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        total = int(found[3]) if found and found[3] != "*" else state.bytes
        if answer.status == 416:
            return total == have
        etag = answer.headers.get("etag", state.etag)
        goes_on = found is not None and found[1] == str(have) and state.bytes in (0, total) and etag == state.etag
        if not goes_on:
            return False
        self.progress.start("receiving", total)
        self.progress.advance(have)
        return None

    def _begin(self, answer: Answer, file: IO[bytes]) -> None:
        """A whole file comes: forget what was there, remember what it is."""
        if answer.status in GONE or answer.status != 200:
            raise RefusedError(f"answer {answer.status}")
        headers, name = answer.headers, self.target.name.lower()
        if headers.get("content-type", "").startswith("text/html") and not name.endswith((".html", ".htm")):
            raise RefusedError("a page in place of the file", headers["content-type"][:80])
        if headers.get("content-encoding", "identity") != "identity" and not name.endswith((".gz", ".tgz")):
            raise RefusedError("compressed on its way", headers["content-encoding"][:40])
        total = int(length) if (length := headers.get("content-length", "")).isdecimal() else 0
        self._check_room(total)
        file.truncate(0)
        self.resumed_from = 0
        versions = (headers.get("etag", ""), headers.get("last-modified", ""))
        _write_state(self.part_state, _State(self.url, str(answer.url), *versions, total))
        self.progress.start("receiving", total)

    def _check_room(self, total: int) -> None:
        if total > self.max_bytes:
            raise RefusedError("file too large", f"{total / 1e9:,.1f} GB, --max-gb is {self.max_bytes / 1e9:g}")
        free = shutil.disk_usage(self.target.parent).free
        if total > free:
            raise SikuError(
                "the disk is too small for the file",
                where=str(self.target.parent),
                why=f"it has {total / 1e9:,.1f} GB, {free / 1e9:,.1f} GB are free",
                next="--out on a larger disk",
            )

    def _write(self, answer: Answer, file: IO[bytes]) -> None:
        size, since = file.seek(0, os.SEEK_END), 0
        for piece in answer.pieces:
            size, since = size + len(piece), since + len(piece)
            if size > self.max_bytes:
                raise RefusedError("file too large", f"over {self.max_bytes / 1e9:g} GB (--max-gb)")
            file.write(piece)
            self.progress.advance(len(piece))
            if since >= _LEAST_BYTES:
                self.fetcher.exchange.deadline.extend()
                since = 0
        file.flush()
        total = _read_state(self.part_state).bytes
        if total and size != total:
            raise UnreachableError("broken answer", f"{size:,} of {total:,} bytes")

    def _keep(self) -> DumpResult:
        found = self._digests(self.part)
        if wrong := differences(found, self.wanted):
            self.part.unlink()
            self.part_state.unlink(missing_ok=True)
            raise SikuError(
                "the file is not what its checksum says",
                where=self.url,
                why="; ".join(wrong),
                next="it was thrown away; the same command fetches it anew, if the checksum is that of this file",
                exit_code=3,
            )
        state = _read_state(self.part_state)
        _write_state(self.whole_state, state)
        self.part.replace(self.target)
        self.part_state.unlink(missing_ok=True)
        return self._result(state, found)

    def _digests(self, path: Path) -> dict[str, str]:
        digests = Digests(self.wanted)
        digests.update_from(path)
        return digests.all()

    def _result(self, state: _State, found: dict[str, str]) -> DumpResult:
        size, checked = self.target.stat().st_size, sorted(self.wanted)
        resumed_from = self.resumed_from if self.changed else 0
        return DumpResult(
            self.target.name, self.url, state.final_url, size, found["sha256"], checked, self.changed, resumed_from
        )


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise SikuError("another crawl is at work on this file", where=str(path), next="wait for it") from error


def _read_state(path: Path) -> _State:
    try:
        return _State(**orjson.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return _State()


def _write_state(path: Path, state: _State) -> None:
    write_whole(path, orjson.dumps(asdict(state)))
