"""How much one endpoint is given to do at once: as much as it takes, found out while working.

Like TCP: at first every reply lets one more go, until refusals (429, 503) show where the ceiling is. From then on a
raise is a trial: what is begun above the old limit shows whether it stays. A raise that stays makes the next one twice
as large; one that is taken back makes the next trial wait twice as long. A few refusals among many replies are chance:
then only the refused request waits. So a server with a hard limit is kept at it, while one that refuses a twentieth of
everything is not starved.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import NamedTuple

FIRST_LIMIT = 32  # more than that is not sent to a server of which nothing is known
TRY_AFTER = 25  # successes before a raise is tried, or twice the limit; twice as many each time that it is taken back
SLOWEST_TRY = 50, 20  # at most so many, and so many for each unit of the limit
TRIAL = 10  # replies that decide on a raise, or a quarter of the limit
LATELY = 0.01  # weight of one reply in the share of refusals
CHANCE = 0.1  # share of refusals that may be chance
CHANCE_AT_ONCE = 0.2  # the same of requests sent together: refusals come back first, replies take their time
SHRINK = 0.75  # after time-outs
OPEN_AFTER_DOWN = 3  # connections in a row that failed, before the endpoint is left alone for a while
OPEN_AFTER_FAILED = 20  # other failures in a row
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LONGEST_LOOK_S = 4.0  # where it can be reached, and fails: a single request that it always fails on may be all there is
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
    _is_starting: bool = True  # no ceiling was met yet
    _raise: int = 1  # how much the limit is raised next, or was raised on trial
    _is_trial: bool = False
    _trial_good: int = 0
    _trial_refused: int = 0
    _since_try: int = 0  # successes
    _try_after: int = TRY_AFTER
    _refused_share: float = 0.0  # of the replies lately
    _refused_in_a_row: int = 0
    _failed_in_a_row: int = 0
    _down_in_a_row: int = 0
    _pauses: int = 0
    _shrunk_at: float = -math.inf

    def __post_init__(self) -> None:
        self.limit = self.limit or min(self.most, FIRST_LIMIT)

    @property
    def is_open(self) -> bool:
        return self.paused_until <= time.monotonic()

    @property
    def has_room(self) -> bool:
        """After a pause one request goes ahead of the others."""
        return self.in_flight < (1 if self._pauses else self.limit) and self.is_open

    @property
    def is_failing(self) -> bool:
        """It can be reached, and gives no replies."""
        return self._failed_in_a_row >= OPEN_AFTER_FAILED and not self._down_in_a_row

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
        if self._pauses:
            self.paused_until = 0.0
        self._refused_in_a_row = self._failed_in_a_row = self._down_in_a_row = self._pauses = 0
        self._refused_share *= 1 - LATELY
        self._since_try += 1
        if self._is_trial:
            self._trial_good += begun.level >= self.limit
            if self._trial_good + self._trial_refused >= self._trial_length:
                self._is_trial, self._raise, self._try_after = False, 2 * self._raise, self._first_try_after
        elif self._is_starting:
            self.limit = min(self.most, self.limit + 1)
        elif self._since_try >= self._try_after and self.limit < self.most and begun.level >= self.limit:
            self._raise = min(self._raise, self.most - self.limit)
            self.limit += self._raise
            self._is_trial, self._trial_good, self._trial_refused, self._since_try = True, 0, 0, 0

    def refused(self, begun: Begun, retry_after_s: float) -> None:
        """The server says that there is too much to do. `end` was called before."""
        self._refused_in_a_row += 1
        self._refused_share += LATELY * (1 - self._refused_share)
        self._trial_refused += begun.level >= self.limit
        sent_at_once = self.in_flight + self._refused_in_a_row
        if self._refused_in_a_row > 1 + CHANCE_AT_ONCE * sent_at_once and self.successes == begun.successes:
            self._lower_to(min(self.limit - 1, self.in_flight))  # nothing has ended well since: this is what it took
        elif self._is_trial and self._trial_refused > CHANCE * self._trial_length:
            self._lower_to(self.limit - self._raise)
        elif self._refused_share > CHANCE:
            self._lower_to(self.limit - 1)
        if retry_after_s and self._refused_in_a_row >= PAUSE_AFTER_REFUSALS and not self.in_flight:
            self._pause(retry_after_s)

    @property
    def _trial_length(self) -> int:
        return max(TRIAL, self.limit // 4)

    @property
    def _first_try_after(self) -> int:
        return min(TRY_AFTER, 2 * self.limit)

    @property
    def _slowest_try_after(self) -> int:
        return SLOWEST_TRY[0] + SLOWEST_TRY[1] * self.limit

    def _lower_to(self, limit: int) -> None:
        self.limit = max(1, limit)
        if self._is_trial:
            self._try_after = min(2 * self._try_after, self._slowest_try_after)
        self._is_trial = self._is_starting = False
        self._raise, self._since_try, self._refused_share = 1, 0, 0.0

    def timed_out(self, deadline_s: float) -> bool:
        """Too slow: give it less, but take a whole wave of these for one. True where that closes it."""
        if time.monotonic() - self._shrunk_at > deadline_s / 2:
            self._shrunk_at = time.monotonic()
            self._lower_to(int(self.limit * SHRINK))
            self._try_after = self._slowest_try_after
        return self.failed()

    def failed(self, *, down: bool = False) -> bool:
        """It broke off, or cannot be reached. After several in a row it is left alone, longer each time: then True."""
        self._failed_in_a_row += 1
        self._down_in_a_row = self._down_in_a_row + 1 if down else 0
        is_many = self._down_in_a_row >= OPEN_AFTER_DOWN or self._failed_in_a_row >= OPEN_AFTER_FAILED
        closes = is_many and self.is_open  # what was on its way when it was closed says nothing new
        if closes:
            self._pause(min(LONGEST_PAUSE_S if down else LONGEST_LOOK_S, FIRST_PAUSE_S * 2**self._pauses))
            self._pauses += 1
        return closes

    def _pause(self, seconds: float) -> None:
        self.paused_until = max(self.paused_until, time.monotonic() + seconds)
