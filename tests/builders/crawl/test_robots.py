"""robots.txt by RFC 9309: whose group, which rule, when two paths are the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.crawl.robots import Robots, robots_can_fetch

AGENT = "shuchong"
HOST = "https://book.example"


def allowed(robots: str, path: str, agent: str = AGENT) -> bool:
    return robots_can_fetch(robots, agent, HOST + path)


def rules(*lines: str) -> str:
    return "\n".join(("User-agent: *", *lines, ""))


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        (["Disallow: /"], "/a", False),
        (["Disallow:"], "/a", True),
        (["Allow:"], "/a", True),
        (["Disallow: /a"], "/abc", False),
        (["Disallow: /a/"], "/a", True),
        (["Disallow: /A"], "/a", True),
        (["Disallow: /", "Allow: /item/"], "/item/1", True),
        (["Allow: /item/", "Disallow: /"], "/view/1", False),
        (["Disallow: /item/secret", "Allow: /item/"], "/item/secret/1", False),
        (["Disallow: /a", "Allow: /a"], "/a", True),
        (["Allow: /a", "Disallow: /a*"], "/a", False),
        (["Disallow: /a$"], "/a", False),
        (["Disallow: /a$"], "/ab", True),
        (["Disallow: /a$", "Allow: /a"], "/a", False),
        (["Disallow: /*.pdf$"], "/x/y.pdf", False),
        (["Disallow: /*.pdf$"], "/x/y.pdf?z", True),
        (["Disallow: /*/*/c"], "/a/b/c", False),
        (["Disallow: /a***c"], "/abc", False),
        (["Disallow: *.gif"], "/x/y.gif", False),
        (["Disallow: /x*"], "/x", False),
        (["Disallow: /*"], "/", False),
        (["Disallow: /$"], "", False),
        (["Disallow: /$"], "?q=1", True),
        (["Disallow: /*?"], "/a?b", False),
        (["Disallow: /*?"], "/a", True),
        (["Disallow: /*?x", "Allow: /abcd"], "/abcd?x", True),
        (["Disallow: /*?xyz", "Allow: /abc"], "/abc?xyz", False),
        (["Disallow: item"], "/item", True),
        (["Disallow: //a"], "//a/b", False),
        (["Disallow: /a"], "//a/b", True),
        (["Disallow: /a;b"], "/a;b;c", False),
        (["Disallow: /a#b"], "/a", False),
        (["Disallow: /*part"], "/a#part", True),
        (["Disallow: /f$x"], "/f$x1", False),
        (["Disallow: /f$x"], "/f", True),
        (["Disallow: /f%24"], "/f$", False),
        (["Disallow: /f%24"], "/f", True),
        (["Disallow: /f%2A.htm"], "/f*.htm", False),
        (["Disallow: /f%2A.htm"], "/fxx.htm", True),
        (["Disallow: /a/", "Allow: /a/index.html"], "/a/", False),
        (["Disallow: /a/", "Allow: /a/index.html"], "/a/index.html", True),
        (["Disallow: /"], "/robots.txt", True),
    ],
)
def test_which_rule_wins(lines: list[str], path: str, expected: bool) -> None:
    assert allowed(rules(*lines), path) is expected


@pytest.mark.parametrize(
    ("rule", "path", "same"),
    [
        ("/item/%E9%9B%AA", "/item/雪", True),
        ("/item/雪", "/item/%E9%9B%AA", True),
        ("/item/雪", "/item/%e9%9b%aa夜", True),
        ("/item/雪", "/item/夜", False),
        ("/*/雪夜$", "/item/%E9%9B%AA%E5%A4%9C", True),
        ("/*/雪$", "/item/雪夜", False),
        ("/item/%E9%9B", "/item/雪", True),
        ("/%D1%A9", "/%d1%a9", True),
        ("/%D1%A9", "/%D1%AA", False),
        ("/%7Elin/", "/~lin/", True),
        ("/foo/%62%61%7A", "/foo/baz", True),
        ("/a%2Fb", "/a/b", False),
        ("/a%2Fb", "/a%2fb", True),
        ("/a?b", "/a%3Fb", False),
        ("/a%3Db", "/a=b", False),
        ("/a b", "/a%20b", True),
        ("/a+b", "/a%20b", False),
        ("/go?to=https%3A%2F%2Fx.example", "/go?to=https://x.example", True),
        ("/go?to=https://x.example", "/go?to=https%3a%2f%2fx.example", True),
        ("/100%", "/100%25", True),
        ("/a%zz", "/a%zz1", True),
    ],
)
def test_equal_paths(rule: str, path: str, same: bool) -> None:
    assert allowed(rules(f"Disallow: {rule}"), path) is not same


def test_the_length_of_han_is_counted_in_octets_however_it_is_written() -> None:
    assert not allowed(rules("Allow: /%E9%9B%AA", "Disallow: /雪夜"), "/雪夜")
    assert allowed(rules("Disallow: /雪", "Allow: /%E9%9B%AA%E5%A4%9C"), "/雪夜")


@pytest.mark.parametrize(
    ("robots", "agent", "expected"),
    [
        ("User-agent: *\nDisallow: /\nUser-agent: shuchong\nAllow: /", "shuchong", True),
        ("User-agent: ShuChong\nDisallow: /\n", "shuchong", False),
        ("User-agent: shuchong/2.1\nDisallow: /\n", "shuchong", False),
        ("User-agent: shuchong (new)\nDisallow: /\n", "shuchong/1.0 (+https://x.example)", False),
        ("User-agent: shuchong\nDisallow: /\n", "Mozilla/5.0 (compatible; Shuchong/1.0; +https://x.example)", False),
        ("User-agent: mozilla\nDisallow: /\n", "Mozilla/5.0 (compatible; Shuchong/1.0)", True),
        ("User-agent: Sogou web spider\nDisallow: /\n", "Sogou web spider/4.0", False),
        ("User-agent: Sogou inst spider\nDisallow: /\n", "Sogou web spider/4.0", True),
        ("User-agent: shu\nDisallow: /\n", "shuchong", True),
        ("User-agent: chong\nDisallow: /\n", "shuchong", True),
        ("User-agent: shuchong-news\nDisallow: /\n", "shuchong", True),
        ("User-agent: shuchong\nDisallow: /\n", "shuchong-news", True),
        ("User-agent: shuchong\nDisallow:\n\nUser-agent: *\nDisallow: /\n", "shuchong", True),
        ("User-agent: shuchong\n\nUser-agent: *\n\nDisallow: /\n", "shuchong", False),
        (
            "User-agent: shuchong\nDisallow: /x\nUser-agent: b\nDisallow: /y\nUser-agent: shuchong\nDisallow: /a",
            "shuchong",
            False,
        ),
        ("User-agent: shuchong\nUser-agent: b\nDisallow: /a\n", "shuchong", False),
        ("User-agent: shuchong\nSitemap: https://x.example/s\nUser-agent: b\nDisallow: /a\n", "shuchong", False),
        ("User-agent: shuchong\nCrawl-delay: 3\nUser-agent: b\nDisallow: /a\n", "shuchong", False),
        ("User-agent: shuchong\nClean-param: q\nUser-agent: b\nDisallow: /a\n", "shuchong", False),
        ("User-agent: shuchong\nAllow: /x\nUser-agent: b\nDisallow: /a\n", "shuchong", True),
        ("User-agent: b\nDisallow: /a\n", "shuchong", True),
        ("Disallow: /\n", "shuchong", True),
        ("", "shuchong", True),
        ("<!doctype html><title>404</title>", "shuchong", True),
    ],
)
def test_whose_group_it_is(robots: str, agent: str, expected: bool) -> None:
    assert allowed(robots, "/a", agent) is expected


@pytest.mark.parametrize(
    "robots",
    [
        "\ufeffUser-agent: *\nDisallow: /a",
        "ï»¿User-agent: *\nDisallow: /a",
        "User-agent: *\rDisallow: /a\r",
        "User-agent: *\r\nDisallow: /a\r\n",
        "  user-AGENT :\t*  # all\n\tDISALLOW : /a   # not this\n",
        "User-agent *\nDisallow /a",
        "User agent: *\nDissallow: /a",
        "User-agent: *\n\0\nDisallow: /a\0",
        "User-agent: *\ngarbage\n:\nDisallow: /a",
        "User-agent: *\nDisallow: /b\u2028\nDisallow: /a",
    ],
)
def test_spellings_of_a_file(robots: str) -> None:
    assert not allowed(robots, "/a")
    assert allowed(robots, "/c")


def test_only_line_feeds_and_carriage_returns_end_a_line() -> None:
    assert allowed(rules("Disallow: /a\u2028b"), "/ab")
    assert not allowed(rules("Disallow: /a\u2028b"), "/a%E2%80%A8b")


def test_crawl_delay_is_that_of_the_own_group() -> None:
    text = "User-agent: *\nCrawl-delay: 9\nUser-agent: shuchong\nDisallow: /x\nCrawl-delay: 2.5\n"
    assert Robots.parse(text, "shuchong/1.0").delay_s == 2.5
    assert Robots.parse(text, "other").delay_s == 9
    assert Robots.parse("User-agent: *\nCrawl-delay: soon\n", "other").delay_s is None
    assert Robots.parse("User-agent: *\nCrawl-delay: inf\n", "other").delay_s is None


def test_rules_after_rules_of_many_agents() -> None:
    many = "".join(f"User-agent: bot{number}\nDisallow: /{number}\n" for number in range(5000))
    assert not robots_can_fetch(many, "bot4999", f"{HOST}/4999")
    assert robots_can_fetch(many, "bot4999", f"{HOST}/4998")


@settings(max_examples=150, deadline=None)
@given(st.text(), st.text(), st.text())
def test_anything_is_an_answer(robots: str, agent: str, url: str) -> None:
    assert robots_can_fetch(f"User-agent: *\nDisallow: /{robots}\n{robots}", agent, url) in (True, False)


PATHS = st.text(st.characters(codec="utf-8", exclude_characters="#\r\n\0*$?"), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(PATHS)
def test_a_path_is_refused_by_itself_and_by_no_other(path: str) -> None:
    path = "/" + path.strip().replace("\v", "").replace("\f", "") + "雪"
    assert not allowed(rules(f"Disallow: {path}$"), path)
    assert allowed(rules(f"Disallow: {path}$"), path + "夜")
