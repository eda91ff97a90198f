"""The entry pages of a list of words, kept as HTML files for the source that reads them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from builders.crawl.addresses import RefusedError, parse_url
from builders.crawl.blocked import HostStoppedError
from builders.crawl.fetch import FetchedPage, Fetcher
from builders.crawl.journal import Journal
from builders.crawl.manners import Manners
from builders.crawl.visit import Crawl, CrawlResult, stopped
from builders.crawl.words import read_words
from builders.engine.progress import Progress
from validators.errors import SikuError

BASE = "https://baike.baidu.com/item"
_MISSING_PATHS = ("/error.html", "/search/none")
_SORRY = b"sorryCont"


def crawl_baike(
    *, words: Path, out: Path, base: str = BASE, manners: Manners | None = None, fresh: bool = False, progress: Progress
) -> CrawlResult:
    """Fetch `BASE/WORD` for every word into `OUT/pages/`. Goes on where an earlier run stopped.

    Raises SikuError: exit 2 for a word list or base that is none, exit 4 when the site has to be left alone.
    """
    listed, notes = read_words(words)
    try:
        urls = {entry_url(base, word): word for word in listed}
    except RefusedError as error:
        raise SikuError("no base URL", where=base, why=str(error), next=f"--base {BASE}") from error
    with Journal(out, fresh=fresh) as journal, Fetcher([base], manners or Manners()) as fetcher:
        crawl = Crawl(fetcher, journal, is_missing)
        progress.start("pages", len(urls), unit="pages")
        try:
            for url, word in urls.items():
                crawl.visit(url, word)
                progress.advance(1)
        except HostStoppedError as error:
            raise stopped(error, crawl, list(urls)) from error
        journal.finish_round()
        result = crawl.result(list(urls))
    result.notes = notes
    return result


def entry_url(base: str, word: str) -> str:
    """Where the entry of a word is. Raises RefusedError if `base` is no URL."""
    return str(parse_url(f"{base.rstrip('/')}/{quote(word, safe='')}"))


def is_missing(page: FetchedPage) -> bool:
    """Whether a page says that there is no such entry."""
    if urlsplit(page.validators.url).path in _MISSING_PATHS:
        return True
    if _SORRY not in page.body:
        return False
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(page.body.decode("utf-8", "replace")).css_first("p.sorryCont") is not None
