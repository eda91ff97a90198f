"""One polite request: the site's robots.txt, its pace, its redirects, and as many tries as are decent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from builders.crawl.addresses import Borders, RefusedError, parse_url, place_of
from builders.crawl.blocked import BlockedRules, HostStoppedError, verification_wanted
from builders.crawl.exchange import MIB, Answer, Exchange, UnreachableError
from builders.crawl.manners import Manners, Pace, TryLaterError, back_off_s, retry_after_s
from builders.crawl.robots import MAX_ROBOTS_BYTES, Robots

if TYPE_CHECKING:
    from httpx2 import URL

MAX_REDIRECTS = 5
REDIRECTS = frozenset([301, 302, 303, 307, 308])
GONE = frozenset([404, 410])
_TEMPORARY = frozenset([408, 425, 429])
_PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")
_PAGE_HEADERS = {"accept": "text/html,application/xhtml+xml,text/plain;q=0.8", "accept-encoding": "gzip, deflate"}
_ERROR_PAGE_BYTES = 1 << 18
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of a page's version, and the URL that it said it of."""

    url: str
    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        given = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page: `status` 200 with its body, 304 for one that is as it was, 404 or 410 for none."""

    status: int
    validators: Validators  # their `url` is where the redirects ended
    body: bytes = b""
    content_type: str = ""


class Fetcher:
    """Asks servers for pages, one request at a time, within the borders that the start URLs draw."""

    def __init__(self, start_urls: Sequence[str], manners: Manners) -> None:
        manners.check()
        self.manners = manners
        self.borders = Borders.around(start_urls, manners.allowed_hosts)
        self._blocked = BlockedRules.with_more(manners.blocked_hosts)
        self._pace = Pace()
        self._robots: dict[str, Robots] = {}
        self._agent = manners.user_agent()
        self.exchange = Exchange(self.borders, self._agent, manners.timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.exchange.__exit__(kind, error, trace)

    def page(self, url: str, known: Validators | None = None) -> FetchedPage:
        """Fetch a page. Raises RefusedError, UnreachableError after all tries, HostStoppedError."""
        return self.persistently(lambda: self._page(url, known))

    def persistently(self, ask: Callable[[], T]) -> T:
        """`ask()` until it is answered. Raises UnreachableError when that took too many tries."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

        tries = Retrying(
            stop=stop_after_attempt(self.manners.tries),
            wait=partial(back_off_s, self.manners.backoff_s),
            retry=retry_if_exception_type((TryLaterError, UnreachableError)),
            reraise=True,
        )
        try:
            return tries(ask)
        except TryLaterError as error:
            raise UnreachableError(str(error), f"{self.manners.tries} tries") from error

    def _page(self, url: str, known: Validators | None) -> FetchedPage:
        with self.follow(url, _PAGE_HEADERS, known) as answer:
            validators = Validators(
                str(answer.url), answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
            )
            if answer.status in GONE or answer.status == 304:
                return FetchedPage(answer.status, validators)
            content_type = answer.headers.get("content-type", "")
            if content_type.partition(";")[0].strip().lower() not in ("", *_PAGE_TYPES):
                raise RefusedError("not a page", content_type[:80])
            body = answer.body(int(self.manners.max_page_mb * MIB))
            if self._blocked.asks_for_proof(body):
                raise verification_wanted(answer.url.host)
            return FetchedPage(200, validators, body, content_type)

    @contextlib.contextmanager
    def follow(self, url: str, headers: dict[str, str], known: Validators | None = None) -> Iterator[Answer]:
        """The answer at the end of at most five redirects, each checked: 200, 206, 304, 404, 410 or 416.

        Raises RefusedError, TryLaterError, UnreachableError, HostStoppedError.
        """
        place = parse_url(url)
        for _ in range(MAX_REDIRECTS + 1):
            self.borders.check(place)
            self._check_robots(place)
            asked = {**headers, **(known.headers() if known and known.url == str(place) else {})}
            with self._ask(place, asked) as answer:
                if answer.status not in REDIRECTS:
                    self._check_status(answer)
                    yield answer
                    return
                place = self._target(answer)
        raise RefusedError("too many redirects", f"over {MAX_REDIRECTS}")

    def _target(self, answer: Answer) -> URL:
        location = answer.headers.get("location", "")
        if not location:
            raise RefusedError("redirect without a target", f"answer {answer.status}")
        try:
            target = parse_url(str(answer.url.join(location)))
        except (ValueError, TypeError) as error:  # nonsense; httpx2.InvalidURL comes as RefusedError from parse_url
            raise RefusedError("not a URL", location[:80]) from error
        if self._blocked.is_blocked_host(target.host):
            raise verification_wanted(answer.url.host)
        return target

    @contextlib.contextmanager
    def _ask(self, url: URL, headers: dict[str, str]) -> Iterator[Answer]:
        host = place_of(url).host
        self._pace.wait(host)
        try:
            with self.exchange.get(url, headers) as answer:
                yield answer
        finally:
            robots = self._robots.get(_origin(url))
            self._pace.asked(host, max(self.manners.delay_s, (robots and robots.delay_s) or 0.0))

    def _check_status(self, answer: Answer) -> None:
        status = answer.status
        if status in (200, 206, 304, 416) or status in GONE:
            return
        with contextlib.suppress(UnreachableError, RefusedError):
            if self._blocked.asks_for_proof(answer.body(_ERROR_PAGE_BYTES, cut=True)):
                raise verification_wanted(answer.url.host)
        if status < 500 and status not in _TEMPORARY:
            raise RefusedError(f"answer {status}")
        wait_s = retry_after_s(answer.headers.get("retry-after", ""))
        if wait_s > self.manners.patience_s:
            raise HostStoppedError(
                answer.url.host,
                f"it answers {status} and asks to be left alone for {wait_s:,.0f} s",
                "the same command goes on after that time",
            )
        raise TryLaterError(f"answer {status}", wait_s)

    def _check_robots(self, url: URL) -> None:
        origin = _origin(url)
        if origin not in self._robots:
            self._robots[origin] = Robots.parse("User-agent: *\nDisallow: /", "*")  # unless there is a better answer
            self._robots[origin] = self._load_robots(origin, url.host)
        if not self._robots[origin].allows(str(url)):
            raise RefusedError("robots.txt does not allow it", url.host)

    def _load_robots(self, origin: str, host: str) -> Robots:
        """Nothing there: all is allowed. No answer: nothing is (RFC 9309, 2.3.1)."""
        try:
            body = self.persistently(lambda: self._robots_body(f"{origin}/robots.txt"))
        except UnreachableError as error:
            raise HostStoppedError(
                host,
                f"its robots.txt cannot be had ({error}), so nothing may be fetched",
                "the same command goes on when the server answers again",
            ) from error
        return Robots.parse(body.decode("utf-8", "replace"), self._agent)

    def _robots_body(self, url: str) -> bytes:
        place = parse_url(url)
        for _ in range(MAX_REDIRECTS + 1):
            with self._ask(place, {"accept": "text/plain,*/*;q=0.5", "accept-encoding": "gzip, deflate"}) as answer:
                if answer.status in REDIRECTS:
                    place = self._target(answer)
                    continue
                if answer.status >= 500 or answer.status in _TEMPORARY:
                    self._check_status(answer)
                return answer.body(MAX_ROBOTS_BYTES, cut=True) if answer.status == 200 else b""
        return b""


def _origin(url: URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
