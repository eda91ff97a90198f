"""The books of a site: pages in reading order, from a table of contents or from one chapter to the next.

Pages are kept as they came (`OUT/.crawl/pages/`), and the books are made from them at the end of every run: with other
selectors the same command makes other books and fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builders.crawl.addresses import RefusedError, join_url, parse_url
from builders.crawl.blocked import HostStoppedError
from builders.crawl.book_files import PageOfBook, write_book
from builders.crawl.fetch import Fetcher
from builders.crawl.journal import STATE_FOLDER, Journal
from builders.crawl.manners import Manners
from builders.crawl.visit import Crawl, CrawlResult, stopped
from builders.engine.progress import Progress
from builders.sources.chapter_pages import page_tree
from builders.sources.inputs import UnreadableError
from validators.errors import SikuError

MAX_PAGES = 20_000
FOLLOW = ", ".join(  # what tables of contents are called, and the link to the next page
    [
        *(
            "#list a",
            "#chapterlist a",
            "#catalog a",
            "#catalogue a",
            "#contents a",
            "#toc a",
            ".listmain a",
            ".chapterlist a",
        ),
        *(".chapter-list a", ".chapters a", ".catalog a", ".catalogue a", ".mulu a", ".volume a", ".toc a", "dl dd a"),
        *("a[rel~=next]", "link[rel~=next]"),
    ]
)
_NEXT_WORDS = re.compile(r"\s*[>›»→]*\s*下一?(?:章|页|頁|节|節|回|篇|話|话)\s*[>›»→]*\s*")


@dataclass(frozen=True, kw_only=True)
class Selectors:
    """CSS: which links to follow, where the text stands, and where its title. "" leaves it to siku."""

    follow: str = ""
    text: str = ""
    title: str = ""

    def check(self) -> None:
        """Raises SikuError with all selectors that are none."""
        from selectolax.lexbor import LexborHTMLParser, SelectolaxError

        wrong = []
        for name, css in (("follow", self.follow), ("text", self.text), ("title", self.title)):
            try:
                LexborHTMLParser("<p>").css(css or "p")
            except SelectolaxError:
                wrong.append(f"--{name} {css!r}")
        if wrong:
            raise SikuError(f"no CSS selector: {', '.join(wrong)}", next="--text '#content', --follow '#list a'")


@dataclass
class _Walk:
    """The pages that one start URL leads to, in reading order."""

    start: str
    pages: list[PageOfBook] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    cut: bool = False


def crawl_site(
    *,
    start: Sequence[str],
    out: Path,
    selectors: Selectors | None = None,
    max_pages: int = MAX_PAGES,
    manners: Manners | None = None,
    fresh: bool = False,
    progress: Progress,
) -> CrawlResult:
    """One book for each start URL: `OUT/TITLE/info.json` with `0.txt`, `1.txt` …, an input of novel-pretrain.

    Goes on where an earlier run stopped. Raises SikuError: exit 2 for wrong use, 4 when a site has to be left alone.
    """
    selectors, manners = selectors or Selectors(), manners or Manners()
    selectors.check()
    starts = _parsed(start, max_pages)
    walks, errors = [], []
    with Journal(out, pages=f"{STATE_FOLDER}/pages", fresh=fresh) as journal, Fetcher(starts, manners) as fetcher:
        crawl = Crawl(fetcher, journal)
        for url in starts:
            walks.append(_Walk(url))
            try:
                _walk(walks[-1], crawl, selectors.follow, max_pages, progress)
            except HostStoppedError as error:
                walks.pop()
                errors.append(error)
        seen = list(dict.fromkeys(url for walk in walks for url in walk.urls))
        result = crawl.result(seen)
        for walk in walks:
            _make_book(walk, out, selectors, result)
        if errors:
            raise stopped(errors[0], crawl, [*journal.entries])
        journal.finish_round()
    return result


def _parsed(start: Sequence[str], max_pages: int) -> list[str]:
    try:
        starts = list(dict.fromkeys(str(parse_url(url)) for url in start))
    except RefusedError as error:
        raise SikuError("no start URL", why=str(error), next="--start https://HOST/PATH") from error
    if not starts or max_pages < 1:
        raise SikuError(
            f"--max-pages {max_pages} is too few" if starts else "no start URL was given", next="siku crawl site --help"
        )
    return starts


def _walk(walk: _Walk, crawl: Crawl, follow: str, max_pages: int, progress: Progress) -> None:
    """Depth first: a table of contents, its first chapter, the further pages of that, its second chapter …"""
    progress.start(f"pages of {walk.start}", 1, unit="pages")
    waiting, seen, ended = [(walk.start, "")], set[str](), set[str]()
    while waiting:
        url, label = waiting.pop()
        if url in seen:
            continue
        if len(seen) == max_pages:
            walk.cut = True
            break
        seen.add(url)
        walk.urls.append(url)
        entry = crawl.visit(url, "")
        progress.advance(1)
        page = PageOfBook(url, label, entry.reason or entry.outcome)
        if entry.outcome == "kept" and entry.final_url not in ended:
            ended.add(entry.final_url)
            raw = (crawl.journal.folder / entry.file).read_bytes()
            links = [link for link in links_of(raw, entry.final_url, follow) if _is_inside(link[0], crawl)]
            waiting += reversed([link for link in links if link[0] not in seen])
            page = PageOfBook(url, label, "", raw, len(links))
            progress.expect(len(seen) + len(waiting))
        elif entry.outcome == "kept":
            continue  # another name of a page that is there
        walk.pages.append(page)


def links_of(raw: bytes, url: str, follow: str) -> list[tuple[str, str]]:
    """The links of a page to follow and their words, in order. One that is there twice counts where it is last.

    (Tables of contents begin with the newest chapters, newest first, before all of them follow in their order.)
    """
    try:
        tree, _ = page_tree(raw)
    except UnreadableError:
        return []
    base = tree.css_first("base[href]")
    url = (join_url(url, base.attributes.get("href") or "") if base else None) or url
    found: dict[str, str] = {}
    for node in tree.css(follow or FOLLOW) if follow else _usual_links(tree):
        link = join_url(url, node.attributes.get("href") or "#")
        if link and link != url:
            found.pop(link, None)
            found[link] = "" if _NEXT_WORDS.fullmatch(node.text()) else " ".join(node.text().split())
    return list(found.items())


def _usual_links(tree: Any) -> list[Any]:
    listed = {node.mem_id for node in tree.css(FOLLOW)}
    return [
        node
        for node in tree.css("a[href], link[href]")
        if node.mem_id in listed or (node.tag == "a" and _NEXT_WORDS.fullmatch(node.text()))
    ]


def _is_inside(link: str, crawl: Crawl) -> bool:
    borders = crawl.fetcher.borders
    parsed = parse_url(link)
    if parsed.host not in {place.host for place in borders.places} | borders.allowed_hosts:
        return False
    try:
        borders.check(parsed)
    except RefusedError:
        return False
    return True


def _make_book(walk: _Walk, out: Path, selectors: Selectors, result: CrawlResult) -> None:
    if walk.cut:
        result.notes.append(f"stopped at --max-pages: there is more behind {walk.start}")
    book = write_book(out, walk.start, walk.pages, selectors.text, selectors.title, taken=result.books)
    if book is None:
        result.notes.append(f"no text: none of the pages behind {walk.start} has what --text selects")
    else:
        result.books.append(book)
        if len(walk.pages) == 1:
            result.notes.append(f"{walk.start} led to no other page: --follow CSS selects the links to its chapters")
