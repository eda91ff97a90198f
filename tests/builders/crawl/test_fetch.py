"""One request: its pace, its tries, what it refuses; against a server that misbehaves."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest

from builders.crawl.addresses import RefusedError
from builders.crawl.blocked import HostStoppedError
from builders.crawl.exchange import UnreachableError
from builders.crawl.fetch import Fetcher, Validators
from builders.crawl.manners import Manners, retry_after_s
from tests.builders.crawl.servers import Asked, LoopbackSite, Reply, loopback_site, moved, page
from validators.errors import SikuError

QUICK = Manners(delay_s=0, backoff_s=0.01, tries=3, timeout_s=5)


@pytest.fixture
def fetcher(site: LoopbackSite) -> Iterator[Fetcher]:
    with Fetcher([site.url], QUICK) as one:
        yield one


def in_turn(*replies: Reply) -> Iterator[Reply]:
    yield from replies
    while True:
        yield replies[-1]


# ---------------------------------------------------------------- who we are, and what we may


def test_it_says_who_it_is(site: LoopbackSite) -> None:
    site.routes["/a"] = page("甲", "文")
    with Fetcher([site.url], QUICK._replace(contact="https://lin.example/bot")) as fetcher:
        fetcher.page(f"{site.url}/a")
    agents = {asked.headers["user-agent"] for asked in site.asked}
    assert len(agents) == 1
    assert agents.pop().startswith("siku/")
    assert "(+https://lin.example/bot)" in site.asked[0].headers["user-agent"]


@pytest.mark.parametrize("wrong", [{"contact": "a\r\nCookie: x"}, {"contact": "林"}, {"delay_s": -1.0}, {"tries": 0}])
def test_wrong_manners(wrong: dict[str, object]) -> None:
    with pytest.raises(SikuError) as caught:
        Fetcher(["http://127.0.0.1:9"], QUICK._replace(**wrong))  # type: ignore[arg-type]
    assert caught.value.exit_code == 2


def test_robots_is_asked_once_and_obeyed(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes["/robots.txt"] = Reply("\ufeffUser-agent: *\nDisallow: /item/雪\n".encode())
    site.routes["/item/%E5%A4%9C"] = page("夜", "文")
    assert fetcher.page(f"{site.url}/item/夜").status == 200
    for url in ("/item/雪", "/item/%e9%9b%aa", "/x/../item/雪"):
        with pytest.raises(RefusedError, match=r"robots\.txt"):
            fetcher.page(site.url + url)
    assert site.paths(robots=True) == ["/robots.txt", "/item/%E5%A4%9C"]


def test_only_the_first_500_kib_of_robots_count(site: LoopbackSite, fetcher: Fetcher) -> None:
    filler = "#" * 99 + "\n"
    site.routes["/robots.txt"] = Reply(
        ("User-agent: *\nDisallow: /early\n" + filler * 5200 + "Disallow: /late\n").encode()
    )
    site.routes["/late"] = page("晚", "文")
    assert fetcher.page(f"{site.url}/late").status == 200
    with pytest.raises(RefusedError):
        fetcher.page(f"{site.url}/early")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_robots_allows_all(site: LoopbackSite, fetcher: Fetcher, status: int) -> None:
    site.routes |= {"/robots.txt": Reply(status=status), "/a": page("甲", "文")}
    assert fetcher.page(f"{site.url}/a").status == 200


@pytest.mark.parametrize("status", [500, 503, 429])
def test_robots_that_cannot_be_had_allows_nothing(site: LoopbackSite, fetcher: Fetcher, status: int) -> None:
    site.routes |= {"/robots.txt": Reply(status=status), "/a": page("甲", "文")}
    with pytest.raises(HostStoppedError, match=r"robots\.txt"):
        fetcher.page(f"{site.url}/a")
    assert site.paths() == []
    assert len(site.asked) == QUICK.tries


def test_robots_behind_redirects(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes |= {"/robots.txt": moved("/r1"), "/r1": moved("/r2"), "/r2": Reply(b"User-agent: *\nDisallow: /a\n")}
    with pytest.raises(RefusedError, match=r"robots\.txt"):
        fetcher.page(f"{site.url}/a")


def test_robots_in_a_circle_counts_as_none(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes |= {"/robots.txt": moved("/robots.txt"), "/a": page("甲", "文")}
    assert fetcher.page(f"{site.url}/a").status == 200
    assert site.paths(robots=True).count("/robots.txt") == 6


def test_robots_that_leads_to_a_private_place_allows_nothing(site: LoopbackSite, fetcher: Fetcher) -> None:
    with loopback_site() as other:
        site.routes["/robots.txt"] = moved(f"{other.url}/robots.txt")
        for _ in range(2):
            with pytest.raises(RefusedError):
                fetcher.page(f"{site.url}/a")
        assert other.asked == []
    assert site.paths(robots=True) == ["/robots.txt"]


# ---------------------------------------------------------------- pace


def gaps(site: LoopbackSite) -> list[float]:
    return [after.at - before.at for before, after in zip(site.asked, site.asked[1:], strict=False)]


def test_requests_to_a_host_keep_their_distance(site: LoopbackSite) -> None:
    site.routes |= {"/a": moved("/b"), "/b": page("乙", "文"), "/c": page("丙", "文")}
    with Fetcher([site.url], QUICK._replace(delay_s=0.15)) as fetcher:
        fetcher.page(f"{site.url}/a")
        fetcher.page(f"{site.url}/c")
    assert site.paths(robots=True) == ["/robots.txt", "/a", "/b", "/c"]
    assert min(gaps(site)) >= 0.15


def test_a_longer_crawl_delay_wins(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes["/robots.txt"] = Reply(b"User-agent: *\nCrawl-delay: 0.2\n")
    for _ in range(3):
        fetcher.page(f"{site.url}/a")
    assert min(gaps(site)[1:]) >= 0.2


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_seconds(site: LoopbackSite, fetcher: Fetcher, status: int) -> None:
    replies = in_turn(Reply(status=status, headers={"retry-after": "1"}), page("甲", "文"))
    site.routes["/a"] = lambda asked: next(replies)
    assert fetcher.page(f"{site.url}/a").status == 200
    assert gaps(site)[-1] >= 1


def test_retry_after_a_date(site: LoopbackSite, fetcher: Fetcher) -> None:
    def soon(asked: Asked) -> Reply:
        if len(site.paths()) > 1:
            return page("甲", "文")
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)
        return Reply(status=503, headers={"retry-after": format_datetime(at, usegmt=True)})

    site.routes["/a"] = soon
    assert fetcher.page(f"{site.url}/a").status == 200
    assert gaps(site)[-1] >= 0.9


def test_asked_to_wait_for_hours_it_stops(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes["/a"] = Reply(status=429, headers={"retry-after": "7200"})
    with pytest.raises(HostStoppedError, match="7,200 s"):
        fetcher.page(f"{site.url}/a")
    assert site.paths() == ["/a"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 7 ", 7.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-3", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("9" * 30, 0.0),
    ],
)
def test_what_retry_after_says(value: str, seconds: float) -> None:
    assert retry_after_s(value) == seconds


# ---------------------------------------------------------------- tries


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 429])
def test_what_may_pass_is_tried_again(site: LoopbackSite, fetcher: Fetcher, status: int) -> None:
    replies = in_turn(Reply(status=status), Reply(status=status), page("甲", "文"))
    site.routes["/a"] = lambda asked: next(replies)
    assert "文".encode() in fetcher.page(f"{site.url}/a").body


def test_tries_are_bounded(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes["/a"] = Reply(status=502)
    with pytest.raises(UnreachableError, match="answer 502: 3 tries"):
        fetcher.page(f"{site.url}/a")
    assert site.paths() == ["/a"] * 3


@pytest.mark.parametrize("status", [400, 401, 403, 405, 451])
def test_a_no_is_a_no(site: LoopbackSite, fetcher: Fetcher, status: int) -> None:
    site.routes["/a"] = Reply(status=status)
    with pytest.raises(RefusedError, match=f"answer {status}"):
        fetcher.page(f"{site.url}/a")
    assert site.paths() == ["/a"]


def test_an_answer_that_breaks_off_is_tried_again(site: LoopbackSite, fetcher: Fetcher) -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"<p>")

    half = Reply(headers=HTML | {"content-length": "1000"}, send=break_off)
    replies = in_turn(half, page("甲", "文"))
    site.routes["/a"] = lambda asked: next(replies)
    assert fetcher.page(f"{site.url}/a").body.endswith(b"</html>")
    assert len(site.paths()) == 2


def test_nobody_there() -> None:
    with loopback_site() as gone:
        url = gone.url
    with Fetcher([url], QUICK) as fetcher, pytest.raises(HostStoppedError, match="no connection"):
        fetcher.page(f"{url}/a")


def test_an_unknown_host_is_no_crash() -> None:
    with (
        Fetcher(["http://no-such-host.invalid/"], QUICK) as fetcher,
        pytest.raises(HostStoppedError, match="no connection"),
    ):
        fetcher.page("http://no-such-host.invalid/a")


# ---------------------------------------------------------------- bodies


def endless(handler: BaseHTTPRequestHandler) -> None:
    while True:
        handler.wfile.write(b"<p>" + b"x" * 65_000)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.02)


HTML = {"content-type": "text/html"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(headers=HTML, send=endless),
        Reply(b"x" * 1_100_000, headers=HTML),
        Reply(gzip.compress(b"x" * 50_000_000), headers=HTML | {"content-encoding": "gzip"}),
        Reply(zlib.compress(b"x" * 50_000_000), headers=HTML | {"content-encoding": "deflate"}),
        Reply(
            gzip.compress(gzip.compress(b"x" * 9_000_000) + b"\0" * 1_200_000),
            headers=HTML | {"content-encoding": "gzip"},
        ),
    ],
    ids=["endless", "long", "gzip bomb", "deflate bomb", "decoded bytes count"],
)
def test_bodies_are_limited(site: LoopbackSite, reply: Reply) -> None:
    site.routes["/a"] = reply
    with (
        Fetcher([site.url], QUICK._replace(max_page_mb=1)) as fetcher,
        pytest.raises(RefusedError, match="page too large"),
    ):
        fetcher.page(f"{site.url}/a")
    assert site.paths() == ["/a"]


def test_a_slow_drip_ends_with_the_time_of_the_request(site: LoopbackSite) -> None:
    site.routes["/a"] = Reply(headers=HTML, send=dripping)
    manners = QUICK._replace(timeout_s=0.3, tries=1)
    with Fetcher([site.url], manners) as fetcher, pytest.raises(UnreachableError, match="timed out"):
        fetcher.page(f"{site.url}/a")


def test_so_does_a_head_that_drips() -> None:
    def drip() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(b"x-y: z\r\n")
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        manners = QUICK._replace(timeout_s=0.3, tries=1)
        with Fetcher([url], manners) as fetcher, pytest.raises(HostStoppedError, match="timed out"):
            fetcher.page(f"{url}/a")
        thread.join()


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda raw: zlib.compress(raw)[2:-4]),
        ("identity", bytes),
    ],
)
def test_compressed_pages(site: LoopbackSite, fetcher: Fetcher, encoding: str, encode: object) -> None:
    body = "雪夜归人。".encode() * 5000
    assert callable(encode)
    site.routes["/a"] = Reply(encode(body), headers=HTML | {"content-encoding": encoding})
    assert fetcher.page(f"{site.url}/a").body == body


@pytest.mark.parametrize("raw", [b"no gzip at all", gzip.compress(b"x" * 1000)[:-9]])
def test_broken_compression_is_no_page(site: LoopbackSite, fetcher: Fetcher, raw: bytes) -> None:
    site.routes["/a"] = Reply(raw, headers=HTML | {"content-encoding": "gzip"})
    with pytest.raises(UnreachableError, match="broken answer"):
        fetcher.page(f"{site.url}/a")


def test_an_encoding_nobody_asked_for(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes["/a"] = Reply(b"x", headers=HTML | {"content-encoding": "br"})
    with pytest.raises(RefusedError, match="unknown content encoding: br"):
        fetcher.page(f"{site.url}/a")


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "application/octet-stream", "video/mp4"])
def test_only_pages_are_taken(site: LoopbackSite, fetcher: Fetcher, kind: str) -> None:
    site.routes["/a"] = Reply(headers={"content-type": kind}, send=endless)
    with pytest.raises(RefusedError, match="not a page"):
        fetcher.page(f"{site.url}/a")


# ---------------------------------------------------------------- versions


def test_an_unchanged_page_costs_no_body(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes["/a"] = lambda asked: (
        Reply(status=304) if asked.headers.get("if-none-match") == '"7"' else page("甲", "文", etag='"7"')
    )
    first = fetcher.page(f"{site.url}/a")
    assert first.validators == Validators(f"{site.url}/a", '"7"')
    again = fetcher.page(f"{site.url}/a", first.validators)
    assert (again.status, again.body) == (304, b"")


# ---------------------------------------------------------------- verification pages

CAPTCHA = page("百度安全验证", "请完成下方验证")


@pytest.mark.parametrize(
    "reply",
    [
        CAPTCHA,
        Reply(CAPTCHA.body, 403, CAPTCHA.headers),
        Reply(CAPTCHA.body, 503, CAPTCHA.headers),
        Reply("<title>百度安全验证</title>".encode("gbk"), headers=HTML),
        moved("https://wappass.baidu.com/static/captcha/tuxing.html?ak=1"),
    ],
    ids=["title", "403", "503", "gbk", "redirect"],
)
def test_a_verification_page_stops_the_host(site: LoopbackSite, fetcher: Fetcher, reply: Reply) -> None:
    site.routes["/a"] = reply
    with pytest.raises(HostStoppedError, match="verification"):
        fetcher.page(f"{site.url}/a")
    assert site.paths() == ["/a"]


def test_hosts_of_ones_own_rules(site: LoopbackSite) -> None:
    site.routes["/a"] = moved("https://check.lin.example/?from=a")
    own = QUICK._replace(blocked_hosts=("check.lin.example",))
    with Fetcher([site.url], own) as fetcher, pytest.raises(HostStoppedError, match="verification"):
        fetcher.page(f"{site.url}/a")


def test_a_page_about_verification_is_a_page(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes["/a"] = page("百度安全验证_百科", "文")
    assert fetcher.page(f"{site.url}/a").status == 200
