"""How much one endpoint is given to do at once: as much as it takes, found out while working.

Like TCP: every reply lets one more go, until refusals (429, 503) show where the ceiling is; below that the limit stays,
and one more is tried more and more rarely. A few refusals among many replies are chance: then only the refused request
waits. So a server with a hard limit is kept at it, while one that refuses a twentieth of everything is not starved.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import NamedTuple

FIRST_LIMIT = 32  # more than that is not sent to a server of which nothing is known
FAST_BELOW = 0.75  # of the ceiling: there every success raises the limit
CREEP_AFTER = 25  # successes before one more is tried; twice as many each time that it is refused
SLOWEST_CREEP = 50  # successes per unit of the limit, at most
LATELY = 0.05  # weight of one reply in the share of refusals
CHANCE = 0.08  # share of refusals that may be chance
CEILING_GOES_AFTER = 8  # successes at it, or as many as a quarter of the limit: then it is twice as high
SHRINK = 0.75  # after time-outs
OPEN_AFTER_DOWN = 3  # connections in a row that failed, before the endpoint is left alone for a while
OPEN_AFTER_FAILED = 20  # other failures in a row
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
PAUSE_AFTER_REFUSALS = 3  # refusals in a row with Retry-After: then that is meant for everybody


class Begun(NamedTuple):
    """A request on its way: how many there were with it, and how many had succeeded before it began."""

    level: int
    successes: int


@dataclass
class Lane:
    """The way to one endpoint: how many requests are on it, how many may be, and whether it is closed for now."""

    most: int
    limit: int = 0
    in_flight: int = 0
    successes: int = 0
    paused_until: float = 0.0
    _ceiling: float = math.inf  # where refusals began, as far as that is known
    _at_ceiling: int = 0  # successes there since the last refusal
    _since_raise: int = 0
    _creep_after: int = CREEP_AFTER
    _is_trying: bool = False  # whether the limit was raised, and not lowered since
    _refused_share: float = 0.0  # of the replies lately
    _refused_in_a_row: int = 0
    _failed_in_a_row: int = 0
    _down_in_a_row: int = 0
    _pauses: int = 0
    _shrunk_at: float = -math.inf

    def __post_init__(self) -> None:
        self.limit = self.limit or min(self.most, FIRST_LIMIT)

    @property
    def has_room(self) -> bool:
        return self.in_flight < self.limit and self.paused_until <= time.monotonic()

    @property
    def load(self) -> float:
        return self.in_flight / self.limit

    def begin(self) -> Begun:
        self.in_flight += 1
        return Begun(self.in_flight, self.successes)

    def end(self) -> None:
        self.in_flight -= 1

    def succeeded(self, begun: Begun) -> None:
        self.successes += 1
        self._refused_in_a_row = self._failed_in_a_row = self._down_in_a_row = self._pauses = 0
        self._refused_share *= 1 - LATELY
        self._at_ceiling += begun.level >= self._ceiling
        if self._at_ceiling >= max(CEILING_GOES_AFTER, self.limit // 4):
            self._ceiling, self._at_ceiling, self._creep_after = 2 * self._ceiling, 0, CREEP_AFTER
        self._since_raise += 1
        needed = 1 if self.limit + 1 < FAST_BELOW * self._ceiling else self._creep_after
        if self._since_raise >= needed and self.limit < self.most:
            self.limit += 1
            self._since_raise, self._is_trying = 0, True

    def refused(self, begun: Begun, retry_after_s: float) -> None:
        """The server says that there is too much to do. `end` was called before."""
        self._refused_in_a_row += 1
        self._refused_share += LATELY * (1 - self._refused_share)
        if self.successes == begun.successes:  # nothing has ended well since: what is still in flight is what it took
            self._lower_to(min(self.limit - 1, self.in_flight))
        elif begun.level >= self._ceiling:
            self._lower_to(min(self.limit, begun.level) - 1)
        elif self._refused_share > CHANCE:
            self._lower_to(self.limit - 1)
        if retry_after_s and self._refused_in_a_row >= PAUSE_AFTER_REFUSALS and not self.in_flight:
            self._pause(retry_after_s)

    def _lower_to(self, limit: int) -> None:
        self.limit = max(1, limit)
        self._ceiling = self.limit + 1
        self._at_ceiling = self._since_raise = 0
        if self._is_trying:
            self._is_trying = False
            self._creep_after = min(2 * self._creep_after, CREEP_AFTER + SLOWEST_CREEP * self.limit)

    def timed_out(self, deadline_s: float) -> None:
        """Too slow: give it less, but take a whole wave of these for one."""
        if time.monotonic() - self._shrunk_at > deadline_s / 2:
            self._shrunk_at = time.monotonic()
            self._ceiling = self.limit
            self.limit = max(1, int(self.limit * SHRINK))
            self._since_raise = 0
        self.failed()

    def failed(self, *, down: bool = False) -> None:
        """It broke off, or cannot be reached. After several in a row it is left alone, longer each time."""
        self._failed_in_a_row += 1
        self._down_in_a_row = self._down_in_a_row + 1 if down else 0
        if self._down_in_a_row >= OPEN_AFTER_DOWN or self._failed_in_a_row >= OPEN_AFTER_FAILED:
            self._pause(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._pauses))
            self._pauses += 1

    def _pause(self, seconds: float) -> None:
        self.paused_until = max(self.paused_until, time.monotonic() + seconds)
