"""One large file: whole or not there, whatever happens on the way."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.crawl.checksums import check_digests, listed_digest
from builders.crawl.dump import DumpResult, crawl_dump
from builders.crawl.manners import Manners
from builders.engine.progress import Progress
from tests.builders.crawl.servers import Asked, LoopbackSite, Reply, loopback_site, moved
from tests.running import HOME
from validators.errors import SikuError

QUICK = Manners(delay_s=0, backoff_s=0.01, tries=3, timeout_s=5)
NAME = "zhwiki.xml.bz2"
CONTENT = bytes(hashlib.shake_128("雪夜".encode()).digest(400_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
KIND = {"content-type": "application/octet-stream"}


@dataclass
class FileServer:
    """A file with ranges. `breaks`: after so many bytes of the body the connection ends, once for each entry."""

    content: bytes = CONTENT
    etag: str = '"1"'
    last_modified: str = ""
    breaks: list[int] = field(default_factory=list)
    pause_s: float = 0.0

    def __call__(self, asked: Asked) -> Reply:
        versions = {"etag": self.etag, "last-modified": self.last_modified}
        headers = KIND | {name: value for name, value in versions.items() if value}
        if self.etag and asked.headers.get("if-none-match") == self.etag:
            return Reply(status=304, headers=headers)
        start, total = 0, len(self.content)
        found = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        if found and asked.headers.get("if-range") in (self.etag, self.last_modified):
            start = int(found[1])
        if start >= total:
            return Reply(status=416, headers=headers | {"content-range": f"bytes */{total}"})
        headers["content-length"] = str(total - start)
        if start:
            headers["content-range"] = f"bytes {start}-{total - 1}/{total}"
        return Reply(status=206 if start else 200, headers=headers, send=self._sender(self.content[start:]))

    def _sender(self, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
        end = self.breaks.pop(0) if self.breaks else len(body)

        def send(handler: BaseHTTPRequestHandler) -> None:
            for place in range(0, min(end, len(body)), 20_000):
                handler.wfile.write(body[place : min(place + 20_000, end)])
                handler.wfile.flush()
                time.sleep(self.pause_s)

        return send


@pytest.fixture
def server(site: LoopbackSite) -> FileServer:
    server = FileServer()
    site.routes[f"/{NAME}"] = server
    return server


def fetch(site: LoopbackSite, out: Path, manners: Manners = QUICK, **more: Any) -> DumpResult:
    with Progress(quiet=True) as progress:
        return crawl_dump(
            url=more.pop("url", f"{site.url}/{NAME}"), out=out, manners=manners, progress=progress, **more
        )


def refused(site: LoopbackSite, out: Path, **more: Any) -> SikuError:
    with pytest.raises(SikuError) as caught:
        fetch(site, out, **more)
    assert not (out / NAME).exists()
    return caught.value


def visible(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if not path.name.startswith("."))


@pytest.mark.usefixtures("server")
def test_a_file_comes_whole(site: LoopbackSite, tmp_path: Path) -> None:
    result = fetch(site, tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert visible(tmp_path) == [NAME]
    assert (result.bytes, result.sha256, result.changed, result.exit_code) == (len(CONTENT), SHA256, True, 0)
    assert site.asked[-1].headers["accept-encoding"] == "identity"


def test_it_goes_on_where_the_connection_broke(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    server.breaks = [100_000, 150_000, 0, 0]
    assert fetch(site, tmp_path, sha256=SHA256).checked == ["sha256"]
    asked = [one.headers for one in site.asked if one.path == f"/{NAME}"]
    assert [one.get("range") for one in asked] == [None, "bytes=100000-", *["bytes=250000-"] * 3]
    assert asked[1]["if-range"] == '"1"'


def test_the_next_run_goes_on(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    server.breaks = [100_000, 0, 0, 0]
    assert refused(site, tmp_path).exit_code == 4
    assert visible(tmp_path) == [f"{NAME}.part"]
    assert fetch(site, tmp_path).resumed_from == 100_000
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("versions", [{"etag": 'W/"1"'}, {"etag": ""}])
def test_what_cannot_be_gone_on_with_begins_anew(
    site: LoopbackSite, tmp_path: Path, server: FileServer, versions: dict[str, str]
) -> None:
    server.etag, server.breaks = versions["etag"], [100_000]
    fetch(site, tmp_path)
    assert [one.headers.get("range") for one in site.asked if one.path == f"/{NAME}"] == [None, None]
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_last_modified_will_do(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    server.etag, server.last_modified, server.breaks = "", "Sat, 01 Aug 2026 00:00:00 GMT", [100_000]
    fetch(site, tmp_path)
    assert site.asked[-1].headers["if-range"] == server.last_modified
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_file_that_changed_between_two_parts(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    server.breaks = [100_000, 0, 0, 0]
    refused(site, tmp_path)
    server.content, server.etag = CONTENT[::-1], '"2"'
    fetch(site, tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"content-range": "bytes 5-399999/400000", "etag": '"1"'},
        {"content-range": "bytes 100000-399999/400001", "etag": '"1"'},
        {"content-range": "bytes 100000-399999/400000", "etag": '"2"'},
        {"content-range": "nonsense", "etag": '"1"'},
    ],
)
def test_a_server_that_sends_another_part(
    site: LoopbackSite, tmp_path: Path, server: FileServer, wrong: dict[str, str]
) -> None:
    server.breaks = [100_000, 0, 0, 0]
    refused(site, tmp_path)
    site.routes[f"/{NAME}"] = lambda asked: (
        Reply(b"x" * 300_000, 206, KIND | wrong) if "range" in asked.headers else server(asked)
    )
    fetch(site, tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_server_that_never_gets_there(site: LoopbackSite, tmp_path: Path) -> None:
    answers = 0

    def confused(asked: Asked) -> Reply:
        nonlocal answers
        answers += 1
        if "range" in asked.headers:
            return Reply(b"x", 206, KIND | {"content-range": "bytes 7-7/8"})
        return FileServer(breaks=[100_000])(asked)

    site.routes[f"/{NAME}"] = confused
    assert refused(site, tmp_path / "ranges").exit_code == 4
    site.routes[f"/{NAME}"] = lambda asked: FileServer(etag=f'"{len(site.asked)}"', breaks=[100_000 + len(site.asked)])(
        asked
    )
    assert refused(site, tmp_path / "versions").exit_code == 4
    assert answers < 30


def test_a_part_that_is_the_whole(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    server.breaks = [100_000, 0, 0, 0]
    refused(site, tmp_path)
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    assert fetch(site, tmp_path, sha256=SHA256).resumed_from == len(CONTENT)


def test_the_same_command_again_costs_nothing(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    fetch(site, tmp_path)
    site.asked.clear()
    assert not fetch(site, tmp_path).changed  # asked with If-None-Match
    assert [one.headers.get("if-none-match") for one in site.asked] == [None, '"1"']
    site.asked.clear()
    assert fetch(site, tmp_path, sha256=SHA256).sha256 == SHA256
    assert site.asked == []
    server.content, server.etag = CONTENT[::-1], '"2"'
    assert fetch(site, tmp_path).changed
    assert (tmp_path / NAME).read_bytes() == CONTENT[::-1]
    assert visible(tmp_path) == [NAME]


def test_a_damaged_file_is_fetched_again(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    fetch(site, tmp_path)
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    assert fetch(site, tmp_path).changed
    (tmp_path / NAME).write_bytes(CONTENT[:-1] + b"x")
    assert fetch(site, tmp_path, sha256=SHA256).changed
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert server.breaks == []


@pytest.mark.usefixtures("server")
def test_a_file_of_the_users_is_not_written_over(site: LoopbackSite, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"mine")
    with pytest.raises(SikuError, match="another file of that name"):
        fetch(site, tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"mine"


# ---------------------------------------------------------------- checksums


@pytest.mark.usefixtures("server")
def test_a_wrong_checksum(site: LoopbackSite, tmp_path: Path) -> None:
    error = refused(site, tmp_path, md5="0" * 32)
    assert (error.exit_code, "md5 is" in error.why) == (3, True)
    assert visible(tmp_path) == []


@pytest.mark.usefixtures("server")
def test_a_list_of_checksums(site: LoopbackSite, tmp_path: Path) -> None:
    sha1 = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
    site.routes["/sha1sums.txt"] = Reply(
        f"{'0' * 40}  other.bz2\n{sha1}  {NAME}\n".encode(), headers={"content-type": "text/plain"}
    )
    assert fetch(site, tmp_path / "a", checksums=f"{site.url}/sha1sums.txt").checked == ["sha1"]
    site.routes["/sha1sums.txt"] = Reply(f"{'0' * 40}  {NAME}\n".encode())
    assert refused(site, tmp_path / "b", checksums=f"{site.url}/sha1sums.txt").exit_code == 3
    site.routes["/sha1sums.txt"] = Reply(f"{sha1}  other.bz2\n".encode())
    assert refused(site, tmp_path / "c", checksums=f"{site.url}/sha1sums.txt").exit_code == 2
    assert refused(site, tmp_path / "d", checksums=f"{site.url}/none.txt").exit_code == 2


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{'A' * 64}  {NAME}", {"sha256": "a" * 64}),
        (f"{'b' * 32} *{NAME}", {"md5": "b" * 32}),
        (f"{'c' * 40}  ./dumps/20260801/{NAME}", {"sha1": "c" * 40}),
        (f"SHA256 ({NAME}) = {'d' * 64}", {"sha256": "d" * 64}),
        (f"\\{'e' * 32}  {NAME}", {"md5": "e" * 32}),
        (f"{'a' * 64}  {NAME}.torrent", {}),
        (f"{'a' * 63}  {NAME}", {}),
        (NAME, {}),
    ],
)
def test_lines_of_checksum_lists(line: str, found: dict[str, str]) -> None:
    assert listed_digest(f"# list\n\n{line}\n", NAME) == found


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_list_can_be_read(text: str) -> None:
    assert len(listed_digest(text, NAME)) <= 1


def test_no_digests() -> None:
    assert check_digests({"sha256": "", "md5": " " + "A" * 32}) == {"md5": "a" * 32}
    with pytest.raises(SikuError, match="--sha256 zz"):
        check_digests({"sha256": "zz"})


# ---------------------------------------------------------------- refusals


def test_what_is_no_file(site: LoopbackSite, tmp_path: Path) -> None:
    for path, reply, why in (
        ("gone", Reply(status=404), "answer 404"),
        ("page", Reply(b"<html>", headers={"content-type": "text/html"}), "a page in place of the file"),
        ("packed", Reply(b"x", headers=KIND | {"content-encoding": "gzip"}), "compressed on its way"),
        ("part", Reply(b"x", 206, KIND), "answer 206"),
        ("large", Reply(headers=KIND | {"content-length": str(10**14)}), "file too large"),
    ):
        site.routes[f"/{path}.bz2"] = reply
        error = refused(site, tmp_path / path, url=f"{site.url}/{path}.bz2")
        assert (error.exit_code, error.why.startswith(why)) == (4, True), error.why
    assert refused(site, tmp_path / "root", url=f"{site.url}/").exit_code == 2
    assert refused(site, tmp_path / "url", url="dumps.example/x.bz2").exit_code == 2


def test_an_endless_file_ends_at_max_gb(site: LoopbackSite, tmp_path: Path) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b"x" * 65_536)

    site.routes[f"/{NAME}"] = Reply(headers=KIND, send=endless)
    assert refused(site, tmp_path, max_gb=0.002).why.startswith("file too large")


def test_robots_and_borders_hold_for_files_too(site: LoopbackSite, tmp_path: Path) -> None:
    with loopback_site() as other:
        site.routes[f"/{NAME}"] = moved(f"{other.url}/{NAME}")
        assert refused(site, tmp_path).exit_code == 4
        assert other.asked == []
    site.routes["/robots.txt"] = Reply(b"User-agent: *\nDisallow: /\n")
    site.asked.clear()
    with pytest.raises(SikuError, match="cannot be had") as caught:
        fetch(site, tmp_path)
    assert "robots.txt" in caught.value.why
    assert site.paths() == []


def test_a_drip_is_given_up_and_a_slow_file_is_not(site: LoopbackSite, tmp_path: Path) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.02)

    site.routes[f"/{NAME}"] = Reply(headers=KIND | {"content-length": "400000"}, send=drip)
    assert "timed out" in refused(site, tmp_path / "drip", manners=QUICK._replace(timeout_s=0.3, tries=1)).why
    site.routes[f"/{NAME}"] = FileServer(pause_s=0.05)  # a second in all
    assert fetch(site, tmp_path / "slow", manners=QUICK._replace(timeout_s=0.6, tries=1)).sha256 == SHA256


# ---------------------------------------------------------------- kill -9

PROGRAM = """
import sys
from pathlib import Path
from builders.crawl.dump import crawl_dump
from builders.crawl.manners import Manners
from builders.engine.progress import Progress
url, out = sys.argv[1:]
crawl_dump(url=url, out=Path(out), manners=Manners(delay_s=0), progress=Progress(quiet=True))
"""


def test_killed_and_gone_on_with(site: LoopbackSite, tmp_path: Path, server: FileServer) -> None:
    server.pause_s = 0.02
    command = [sys.executable, "-c", PROGRAM, f"{site.url}/{NAME}", str(tmp_path)]
    part = tmp_path / f"{NAME}.part"
    for least in (1, 150_000):
        process = subprocess.Popen(command, cwd=HOME, env=os.environ)
        deadline = time.monotonic() + 60
        while (
            (not part.exists() or part.stat().st_size < least)
            and process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not (tmp_path / NAME).exists()
    subprocess.run(command, cwd=HOME, check=True)
    assert (tmp_path / NAME).read_bytes() == CONTENT
    ranges = [one.headers.get("range") for one in site.asked if one.path == f"/{NAME}"]
    assert ranges[0] is None
    assert all(ranges[1:])
