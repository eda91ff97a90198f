"""The books of a site: which links are followed, in which order, and what novel-pretrain reads of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.crawl.manners import Manners
from builders.crawl.site import Selectors, crawl_site, links_of
from builders.crawl.visit import CrawlResult
from builders.document import Document
from builders.engine.progress import Progress
from builders.sources.novels import Novels
from tests.builders.crawl.servers import LoopbackSite, Reply, loopback_site, moved, page
from validators.errors import SikuError

QUICK = Manners(delay_s=0, backoff_s=0.01, tries=1, timeout_s=5)
CHAPTERS = ["引子", "第一章 归人", "第二章 渡口", "第三章 灯"]
MENU = "<div class=nav><a href='/'>首页</a><a href='/book/'>目录</a></div>"


def chapter(number: int, more: str = "", title: str = "") -> Reply:
    title = title or CHAPTERS[number]
    body = f"{MENU}<h1>{title}</h1><div id=content><p>雪落在第{number}处的屋檐上。</p><p>他推门进去，灯还亮着，没有人说话。</p></div>{more}"
    return page(f"{title}_雪夜_书站", body)


def contents(*entries: str, head: str = "") -> Reply:
    lines = "".join(f"<dd>{entry}</dd>" for entry in entries)
    meta = "<meta property='og:novel:author' content='林远'><meta property='og:novel:book_name' content='雪夜'>"
    return page(
        "雪夜最新章节_书站", f"{meta}{MENU}{head}<h1>雪夜</h1><p>一个人在雪夜里回家的故事。</p><dl>{lines}</dl>"
    )


def link(number: int) -> str:
    return f"<a href='/book/{number}.html'>{CHAPTERS[number]}</a>"


@pytest.fixture
def book(site: LoopbackSite) -> LoopbackSite:
    site.routes["/book/"] = contents(*(link(number) for number in range(4)))
    site.routes |= {f"/book/{number}.html": chapter(number) for number in range(4)}
    return site


def crawl(
    site: LoopbackSite, out: Path, *starts: str, follow: str = "", text: str = "", title: str = "", **more: Any
) -> CrawlResult:
    with Progress(quiet=True) as progress:
        return crawl_site(
            start=[site.url + start for start in starts or ("/book/",)],
            out=out,
            selectors=Selectors(follow=follow, text=text, title=title),
            manners=more.pop("manners", QUICK),
            progress=progress,
            **more,
        )


def catalogue(out: Path, name: str = "雪夜") -> list[str]:
    titles: list[str] = json.loads((out / name / "info.json").read_text(encoding="utf-8"))["catalogues"]
    return titles


def documents(out: Path) -> list[Document]:
    source = Novels()
    found = [item for shard in source.shards([out]) for item in source.read(shard)]
    assert all(isinstance(item, Document) for item in found), found
    return [item for item in found if isinstance(item, Document)]


def test_a_table_of_contents_becomes_a_book(book: LoopbackSite, tmp_path: Path) -> None:
    result = crawl(book, tmp_path / "out")
    assert (result.kept, result.exit_code, result.books) == (5, 0, ["雪夜"])
    read = documents(tmp_path / "out")
    assert [document.meta["chapter"] for document in read] == CHAPTERS
    assert {(document.meta["title"], document.meta["author"]) for document in read} == {("雪夜", "林远")}
    assert read[1].text.strip() == "雪落在第1处的屋檐上。\n\n他推门进去，灯还亮着，没有人说话。"


def test_selectors_of_ones_own(book: LoopbackSite, tmp_path: Path) -> None:
    book.routes["/book/"] = page("雪夜", f"<ul id=all><li>{link(1)}<li>{link(2)}</ul><ul>{link(3)}</ul>")
    book.routes["/book/1.html"] = page(
        "书站", "<b class=t>第一章 归人</b><p>广告很长很长很长很长很长很长很长很长</p><div class=zw>雪。</div>"
    )
    book.routes["/book/2.html"] = page(
        "书站", "<b class=t>第二章 渡口</b><p>广告</p><div class=zw>灯。<div class=zw>门。</div></div>"
    )
    crawl(book, tmp_path / "out", follow="#all a", text=".zw", title=".t")
    assert [(d.meta["chapter"], d.text.split()) for d in documents(tmp_path / "out")] == [
        ("第一章 归人", ["雪。"]),
        ("第二章 渡口", ["灯。", "门。"]),
    ]
    assert "/book/3.html" not in book.paths()


def test_other_selectors_fetch_nothing_again(book: LoopbackSite, tmp_path: Path) -> None:
    crawl(book, tmp_path / "out")
    book.asked.clear()
    crawl(book, tmp_path / "out", text="#content p:first-child")
    assert book.asked == []
    assert documents(tmp_path / "out")[0].text.strip() == "雪落在第0处的屋檐上。"


def test_newest_chapters_on_top_do_not_disturb_the_order(book: LoopbackSite, tmp_path: Path) -> None:
    newest = f"<dl><dd>{link(3)}</dd><dd>{link(2)}</dd></dl>"
    book.routes["/book/"] = contents(*(link(number) for number in range(4)), head=newest)
    crawl(book, tmp_path / "out")
    assert catalogue(tmp_path / "out") == CHAPTERS


def test_from_one_chapter_to_the_next(book: LoopbackSite, tmp_path: Path) -> None:
    for number in range(3):
        book.routes[f"/book/{number}.html"] = chapter(number, f"<a href='{number + 1}.html'>下一章</a>")
    result = crawl(book, tmp_path / "out", "/book/0.html")
    assert catalogue(tmp_path / "out", result.books[0]) == CHAPTERS


def test_chapters_on_several_pages(book: LoopbackSite, tmp_path: Path) -> None:
    book.routes["/book/1.html"] = chapter(1, "<a href='1_2.html'>下一页</a>", "第一章 归人（1/2）")
    book.routes["/book/1_2.html"] = chapter(1, "<a href='2.html'>下一章</a>", "第一章 归人（2/2）")
    crawl(book, tmp_path / "out")
    assert catalogue(tmp_path / "out") == CHAPTERS
    assert documents(tmp_path / "out")[1].text.count("屋檐") == 2


def test_a_chapter_that_cannot_be_had_is_a_gap_that_shows(book: LoopbackSite, tmp_path: Path) -> None:
    book.routes["/book/2.html"] = Reply(status=500)
    result = crawl(book, tmp_path / "out")
    assert (result.failed, result.exit_code, result.reasons) == (1, 1, {"answer 500": 1})
    assert catalogue(tmp_path / "out") == CHAPTERS
    assert not (tmp_path / "out/雪夜/2.txt").exists()
    source = Novels()
    refused = [
        item
        for shard in source.shards([tmp_path / "out"])
        for item in source.read(shard)
        if not isinstance(item, Document)
    ]
    assert [(item.reason, item.text) for item in refused] == [
        ("pages missing: 1 of 4 chapters in the catalogue", "第二章 渡口")
    ]


def test_links_to_elsewhere_are_left(book: LoopbackSite, tmp_path: Path) -> None:
    with loopback_site() as other:
        book.routes["/book/"] = contents(
            link(1), link(2), link(3), f"<a href='{other.url}/x.html'>别处</a>", "<a href='javascript:x()'>收藏</a>"
        )
        assert crawl(book, tmp_path / "out").exit_code == 0
        assert other.asked == []


def test_max_pages_says_so(book: LoopbackSite, tmp_path: Path) -> None:
    result = crawl(book, tmp_path / "out", max_pages=3)
    assert (result.kept, result.exit_code, len(book.paths())) == (3, 1, 3)
    assert result.notes[0].startswith("stopped at --max-pages")
    assert crawl(book, tmp_path / "out").exit_code == 0
    assert len(book.paths()) == 5


def test_a_trap_without_end_stops_at_max_pages(site: LoopbackSite, tmp_path: Path) -> None:
    for number in range(30):
        site.routes[f"/{number}"] = page(
            f"第{number}章", f"<h1>第{number}章 雪</h1><p>雪落在屋檐上。</p><a href='/{number + 1}'>下一章</a>"
        )
    assert crawl(site, tmp_path / "out", "/0", max_pages=10).kept == 10
    site.routes["/a"] = page("甲", "<p>雪落在屋檐上。</p><a href='/b'>下一章</a><a href='/a'>下一章</a>")
    site.routes["/b"] = page("乙", "<p>灯还亮着。</p><a href='/a#x'>下一章</a>")
    assert crawl(site, tmp_path / "out", "/a").kept == 2


def test_two_names_of_a_page_are_one_chapter(book: LoopbackSite, tmp_path: Path) -> None:
    book.routes["/book/"] = contents(link(0), link(1), "<a href='/book/old.html'>旧</a>", link(2), link(3))
    book.routes["/book/old.html"] = moved("/book/1.html")
    crawl(book, tmp_path / "out")
    assert catalogue(tmp_path / "out") == CHAPTERS


def test_two_books_of_one_name_and_a_folder_of_the_users(book: LoopbackSite, tmp_path: Path) -> None:
    book.routes["/copy/"] = book.routes["/book/"]
    mine = tmp_path / "out/雪夜/note.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("自己的", encoding="utf-8")
    for _ in range(2):
        assert crawl(book, tmp_path / "out", "/book/", "/copy/").books == ["雪夜~2", "雪夜~2~2"]
        assert mine.read_text(encoding="utf-8") == "自己的"


def test_a_changed_chapter_in_a_second_round(book: LoopbackSite, tmp_path: Path) -> None:
    book.routes["/book/"] = Reply(book.routes["/book/"].body, headers={"content-type": "text/html", "etag": '"1"'})  # type: ignore[union-attr]
    crawl(book, tmp_path / "out")
    more = contents(*(link(number) for number in range(4)), "<a href='/book/4.html'>第四章 门</a>")
    book.routes["/book/"] = Reply(more.body, headers={"content-type": "text/html", "etag": '"2"'})
    book.routes["/book/4.html"] = chapter(3, title="第四章 门")
    book.asked.clear()
    crawl(book, tmp_path / "out")
    assert book.paths() == ["/book/", "/book/4.html"]
    assert catalogue(tmp_path / "out") == [*CHAPTERS, "第四章 门"]


def test_a_verification_page_ends_in_exit_4_and_no_book(book: LoopbackSite, tmp_path: Path) -> None:
    book.routes["/book/2.html"] = page("百度安全验证", "请验证")
    with pytest.raises(SikuError) as caught:
        crawl(book, tmp_path / "out")
    assert caught.value.exit_code == 4
    assert not (tmp_path / "out/雪夜").exists()
    book.routes["/book/2.html"] = chapter(2)
    book.asked.clear()
    crawl(book, tmp_path / "out")
    assert book.paths() == ["/book/2.html", "/book/3.html"]
    assert catalogue(tmp_path / "out") == CHAPTERS


def test_one_site_that_stops_does_not_stop_the_other(book: LoopbackSite, tmp_path: Path) -> None:
    with loopback_site() as other, Progress(quiet=True) as progress:
        other.routes["/"] = page("百度安全验证", "请验证")
        with pytest.raises(SikuError) as caught:
            crawl_site(
                start=[f"{other.url}/", f"{book.url}/book/"], out=tmp_path / "out", manners=QUICK, progress=progress
            )
    assert caught.value.exit_code == 4
    assert catalogue(tmp_path / "out") == CHAPTERS


def test_the_books_are_the_same_bytes_every_time(book: LoopbackSite, tmp_path: Path) -> None:
    for out in ("a", "b"):
        crawl(book, tmp_path / out)
    for path in sorted((tmp_path / "a/雪夜").iterdir()):
        left, right = path.read_bytes(), (tmp_path / "b/雪夜" / path.name).read_bytes()
        assert left == right


@pytest.mark.parametrize("wrong", [{"follow": "a["}, {"text": "::"}, {"title": "#"}])
def test_wrong_selectors(site: LoopbackSite, tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(SikuError, match="no CSS selector") as caught:
        crawl(site, tmp_path / "out", **wrong)
    assert caught.value.exit_code == 2
    assert site.asked == []


def test_wrong_starts(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        for starts in ([], ["book.example"], ["ftp://book.example/"]):
            with pytest.raises(SikuError, match="no start URL"):
                crawl_site(start=starts, out=tmp_path / "out", progress=progress)


def test_pages_without_text_are_told(site: LoopbackSite, tmp_path: Path) -> None:
    site.routes["/book/"] = page("雪夜", "<p>只有简介</p>")
    result = crawl(site, tmp_path / "out", text="#content")
    assert (result.exit_code, result.books) == (1, [])
    assert result.notes[0].startswith("no text")


def test_a_start_that_leads_nowhere_is_told(book: LoopbackSite, tmp_path: Path) -> None:
    result = crawl(book, tmp_path / "out", follow=".nothing a")
    assert result.kept == 1
    assert [note for note in result.notes if "led to no other page" in note]


def test_links_in_the_order_of_the_page() -> None:
    raw = "<base href='/b/'><dl><dd><a href=2>二</a><dd><a href=1>一</a><dd><a href=2>二</a><dd><a>无</a></dl>".encode()
    assert links_of(raw, "http://a.example/x", "") == [("http://a.example/b/1", "一"), ("http://a.example/b/2", "二")]
    assert orjson.dumps(links_of(b"", "http://a.example/", "")) == b"[]"


PIECES = st.sampled_from(
    [
        "<a href='",
        "<a rel=next href=",
        "'>",
        ">",
        "下一章",
        "<base href='//[",
        "http://",
        "//",
        "?",
        "#",
        "雪",
        "</a>",
        "<dl><dd>",
        "\0",
        "%",
        "&#x110000;",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_any_page_has_links_or_none(text: str) -> None:
    for link, _ in links_of(text.encode(), "http://a.example/x", ""):
        assert link.startswith(("http://", "https://"))
