"""How siku behaves towards a server: how often it asks, how long it waits, who it says it is."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from builders import __version__
from validators.errors import SikuError

if TYPE_CHECKING:
    from tenacity import RetryCallState

PRODUCT = "siku"
MAX_BACKOFF_S = 60.0


class Manners(NamedTuple):
    """The settings of a crawl that have to do with other people's servers."""

    delay_s: float = 1.0  # between two requests to one host; a longer Crawl-delay wins
    timeout_s: float = 60.0  # for one whole request
    max_page_mb: float = 10.0
    tries: int = 4
    backoff_s: float = 1.0  # before the second try; doubles, with jitter
    patience_s: float = 600.0  # the longest Retry-After that is waited for
    contact: str = ""
    allowed_hosts: tuple[str, ...] = ()
    blocked_hosts: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises SikuError with all mistakes."""
        wrong = [
            f"--{name.removesuffix('_s').replace('_', '-')} {value:g} must be {least}"
            for name, value, right, least in (
                ("delay_s", self.delay_s, 0 <= self.delay_s < 86_400, "0 or more seconds"),
                ("timeout_s", self.timeout_s, 0 < self.timeout_s < 86_400, "more than 0 seconds"),
                ("max_page_mb", self.max_page_mb, 0 < self.max_page_mb < 10_000, "more than 0"),
                ("tries", self.tries, 1 <= self.tries <= 20, "1 to 20"),
            )
            if not right
        ]
        if not re.fullmatch(r"[\x21-\x7e]{0,200}", self.contact):
            wrong.append("--contact must be an address (mail or web) without blanks")
        if wrong:
            raise SikuError("; ".join(wrong), next="siku crawl --help")

    def user_agent(self) -> str:
        return f"{PRODUCT}/{__version__} ({f'+{self.contact}' if self.contact else 'crawler; no contact given'})"


class TryLaterError(Exception):
    """An answer that may be another one later: `reason`, and how long the server asks to wait."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Pace:
    """When a host was asked last, so that the next request comes a decent time later."""

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}

    def wait(self, host: str) -> None:
        time.sleep(max(0.0, self._free_at.get(host, 0.0) - time.monotonic()))

    def asked(self, host: str, delay_s: float) -> None:
        self._free_at[host] = time.monotonic() + delay_s


def retry_after_s(value: str) -> float:
    """Seconds to wait, from a `Retry-After` in either form; 0 where it says nothing."""
    value = value.strip()
    if re.fullmatch(r"\d{1,9}", value):
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def back_off_s(backoff_s: float, state: RetryCallState) -> float:
    """The wait before the next try: what the server asked for, or twice as long as before, with jitter."""
    from tenacity import wait_exponential, wait_random

    wait = (wait_exponential(multiplier=backoff_s, max=MAX_BACKOFF_S) + wait_random(0, backoff_s))(state)
    error = state.outcome.exception() if state.outcome else None
    return max(wait, error.wait_s) if isinstance(error, TryLaterError) else wait
