"""Where a crawl may be led, and where not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.crawl.addresses import Borders, Place, RefusedError, is_public, join_url, parse_url
from builders.crawl.fetch import MAX_REDIRECTS, Fetcher
from builders.crawl.manners import Manners
from tests.builders.crawl.servers import LoopbackSite, Reply, loopback_site, moved, page

QUICK = Manners(delay_s=0, backoff_s=0.01, tries=2, timeout_s=5)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.8.9.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
        ),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%2"),
        *("fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("::127.0.0.1", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "2001::7f00:1", "64:ff9b::a9fe:a9fe"),
    ],
)
def test_not_of_the_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["110.242.68.66", "8.8.8.8", "2400:da00::6666", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_of_the_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("ftp://a.example/x", "not http or https"),
        ("file:///etc/passwd", "not http or https"),
        ("javascript:alert(1)", "not http or https"),
        ("http:///x", "URL without a host"),
        ("http://lin:secret@a.example/", "URL with a password"),
        ("http://a.example:99999/", "not a port"),
        ("http://a.example:0/", "not a port"),
        ("http://a.example:x/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://a.example/" + "x" * 9000, "URL too long"),
        ("/relative", "not http or https"),
        ("", "not http or https"),
    ],
)
def test_no_url_to_fetch(url: str, rule: str) -> None:
    with pytest.raises(RefusedError) as caught:
        parse_url(url)
    assert caught.value.rule == rule


def test_one_spelling() -> None:
    assert str(parse_url("HTTP://A.Example:80/x/../雪?q=夜#end")) == "http://a.example/%E9%9B%AA?q=%E5%A4%9C"
    assert str(parse_url("http://例子.example/")) == "http://xn--fsqu00a.example/"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("2.html", "http://a.example/b/2.html"),
        ("/2.html#top", "http://a.example/2.html"),
        ("//c.example/x", "http://c.example/x"),
        (" ?p=2 ", "http://a.example/b/1.html?p=2"),
        ("javascript:void(0)", None),
        ("mailto:lin@a.example", None),
        ("http://[", None),
    ],
)
def test_links(link: str, target: str | None) -> None:
    assert join_url("http://a.example/b/1.html", link) == target


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_link_is_a_url_or_none(link: str) -> None:
    target = join_url("http://a.example/b", link)
    assert target is None or target.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://baike.example/item/1", True),
        ("http://m.baike.example/item/1", True),
        ("https://evilbaike.example/", False),
        ("https://baike.example.evil.example/", False),
        ("https://other.example/", False),
        ("https://mirror.example/x", True),
        ("https://baike.example:8443/", False),
    ],
)
def test_borders(url: str, inside: bool) -> None:
    borders = Borders(frozenset([Place("www.baike.example", 443)]), frozenset(["mirror.example"]))
    if inside:
        borders.check(parse_url(url))
        return
    with pytest.raises(RefusedError):
        borders.check(parse_url(url))


# ---------------------------------------------------------------- led elsewhere, by a real server


@pytest.fixture
def fetcher(site: LoopbackSite) -> Iterator[Fetcher]:
    with Fetcher([site.url], QUICK) as one:
        yield one


def test_redirects_are_followed_by_hand(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes |= {"/1": moved("/2", 301), "/2": moved(f"{site.url}/3", 307), "/3": page("丙", "文")}
    assert fetcher.page(f"{site.url}/1").validators.url == f"{site.url}/3"


def test_too_many_of_them(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes |= {f"/{step}": moved(f"/{step + 1}") for step in range(20)}
    with pytest.raises(RefusedError, match="too many redirects"):
        fetcher.page(f"{site.url}/0")
    assert len(site.paths()) == MAX_REDIRECTS + 1


def test_each_hop_asks_robots(site: LoopbackSite, fetcher: Fetcher) -> None:
    site.routes |= {
        "/robots.txt": Reply(b"User-agent: *\nDisallow: /private\n"),
        "/a": moved("/private/b"),
    }
    with pytest.raises(RefusedError, match=r"robots\.txt"):
        fetcher.page(f"{site.url}/a")
    assert site.paths() == ["/a"]


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/",
     "http://[::ffff:127.0.0.1]:{port}/", "file:///etc/passwd", "http://169.254.1.1/", "ftp://127.0.0.1/"],
)  # fmt: skip
def test_no_way_to_another_private_place(site: LoopbackSite, fetcher: Fetcher, target: str) -> None:
    with loopback_site() as other:
        site.routes["/a"] = moved(target.format(port=other.port))
        with pytest.raises(RefusedError):
            fetcher.page(f"{site.url}/a")
        assert other.asked == []


def test_not_even_where_the_host_is_allowed(site: LoopbackSite) -> None:
    with (
        loopback_site() as other,
        Fetcher([site.url], QUICK._replace(allowed_hosts=("localhost", "127.0.0.1"))) as fetcher,
    ):
        site.routes["/a"] = moved(f"http://localhost:{other.port}/")
        site.routes["/b"] = moved("http://localhost/")
        for path in ("/a", "/b"):
            with pytest.raises(RefusedError, match=r"unusual port|private address"):
                fetcher.page(site.url + path)
        assert other.asked == []


def test_a_name_that_turns_private_later_is_refused(site: LoopbackSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the name server says a public address first, and the loopback one when it comes to connecting."""
    answers = iter(["93.184.216.34"])

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        assert host == "rebind.example"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers, "127.0.0.1"), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://rebind.example:{site.port}"
    with Fetcher([url], QUICK) as fetcher, pytest.raises(RefusedError, match="private address"):
        fetcher.page(f"{url}/a")
    assert site.asked == []


def test_a_private_start_is_pinned_to_its_addresses() -> None:
    place = Place("127.0.0.1", 80)
    borders = Borders.around(["http://127.0.0.1/"])
    assert borders.addresses(place) == ["127.0.0.1"]
    with pytest.raises(RefusedError, match="private address"):
        borders.addresses(Place("127.0.0.1", 81))
    with pytest.raises(RefusedError):
        borders.check(parse_url("http://127.0.0.1:8080/"))


def test_the_environment_sets_no_proxy(site: LoopbackSite, monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback_site() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        site.routes["/a"] = page("甲", "文")
        with Fetcher([site.url], QUICK) as fetcher:
            assert fetcher.page(f"{site.url}/a").status == 200
        assert proxy.asked == []
