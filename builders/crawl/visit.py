"""A crawl: URLs are visited one after the other, each ends in the journal, and a host that says no is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from builders.crawl.addresses import RefusedError
from builders.crawl.blocked import HostStoppedError
from builders.crawl.exchange import UnreachableError
from builders.crawl.fetch import GONE, FetchedPage, Fetcher, Validators
from builders.crawl.journal import Entry, Journal
from validators.errors import SikuError

FAILURES_IN_A_ROW = 5  # after so many a host is down, or tired of us
_UNWELCOME = ("answer 401", "answer 403")


@dataclass
class CrawlResult:
    """What a crawl brought. Everything is counted over all runs in the folder, `requests` over this one."""

    out: str
    kept: int = 0
    missing: int = 0
    refused: int = 0
    failed: int = 0
    requests: int = 0
    unchanged: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    books: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 when all is there; 1 when something was refused, failed, or cut short."""
        return 1 if self.refused or self.failed or self.notes else 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Crawl:
    """The fetcher and the journal of one run."""

    def __init__(
        self, fetcher: Fetcher, journal: Journal, is_missing: Callable[[FetchedPage], bool] = lambda page: False
    ) -> None:
        self.fetcher, self.journal, self._is_missing = fetcher, journal, is_missing
        self.requests = self.unchanged = self._in_a_row = 0

    def visit(self, url: str, name: str) -> Entry:
        """Fetch a page unless it is settled. Raises HostStoppedError."""
        if self.journal.is_settled(url):
            return self.journal.entries[url]
        self.requests += 1
        try:
            entry = self._received(url, name, self.fetcher.page(url, self._known(url)))
        except (RefusedError, UnreachableError) as error:
            refused = isinstance(error, RefusedError)
            kept = self.journal.entries.get(url)
            if kept and kept.file and not refused:  # the page of an earlier round is better than none
                return kept
            entry = self.journal.add(Entry(url, "refused" if refused else "failed", reason=str(error)))
            self._count_failure(url, error)
            return entry
        self._in_a_row = 0
        return entry

    def _count_failure(self, url: str, error: RefusedError | UnreachableError) -> None:
        if isinstance(error, RefusedError) and error.rule not in _UNWELCOME:
            return
        self._in_a_row += 1
        if self._in_a_row >= FAILURES_IN_A_ROW:
            from builders.crawl.addresses import parse_url

            raise HostStoppedError(
                parse_url(url).host,
                f"{FAILURES_IN_A_ROW} pages in a row could not be had, the last one because: {error}",
                "look at the site in a browser; the same command goes on where it stopped",
            )

    def _known(self, url: str) -> Validators | None:
        entry = self.journal.entries.get(url)
        if not entry or not entry.file or not (self.journal.folder / entry.file).exists():
            return None
        return Validators(entry.final_url, entry.etag, entry.last_modified)

    def _received(self, url: str, name: str, page: FetchedPage) -> Entry:
        given = page.validators
        if page.status == 304 and (old := self.journal.entries.get(url)):
            self.unchanged += 1
            return self.journal.add(old)
        if page.status in GONE or self._is_missing(page):
            return self.journal.add(Entry(url, "missing", page.status, given.url))
        file = self.journal.save_page(url, name, page.body)
        digest = sha256(page.body).hexdigest()
        versions = (given.etag, given.last_modified)
        return self.journal.add(Entry(url, "kept", page.status, given.url, file, len(page.body), digest, *versions))

    def result(self, urls: list[str]) -> CrawlResult:
        count, reasons = self.journal.counts(urls), self.journal.reasons(urls)
        ends = (count["kept"], count["missing"], count["refused"], count["failed"])
        return CrawlResult(str(self.journal.folder), *ends, self.requests, self.unchanged, reasons)


def stopped(error: HostStoppedError, crawl: Crawl, urls: list[str]) -> SikuError:
    """What is said when a host has to be left alone: exit code 4."""
    done = sum(crawl.journal.counts(urls).values())
    return SikuError(
        f"{error.host} is left alone: {done:,} of {len(urls):,} pages are done",
        where=str(crawl.journal.folder),
        why=error.why,
        next=error.next,
        exit_code=4,
    )
