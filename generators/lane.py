"""How much one endpoint is given to do at once: as much as it takes, found out while working.

A refusal (429, 503) says that too much was in flight only if nothing that was begun at that level has succeeded lately;
otherwise it is chance, and only the refused request waits. So a server with a hard limit is kept exactly at it, while
one that refuses a twentieth of everything is not starved.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

CREEP_AFTER = 25  # successes before one more is tried
SLOWEST_CREEP = 25  # times that, per unit of the limit: each refusal doubles the patience up to here
SHRINK = 0.75
OPEN_AFTER_DOWN = 3  # connections in a row that failed, before the endpoint is left alone for a while
OPEN_AFTER_FAILED = 20  # other failures in a row
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
PAUSE_AFTER_REFUSALS = 3  # refusals in a row with Retry-After: then that is meant for everybody


@dataclass
class Lane:
    """The way to one endpoint: how many requests are on it, how many may be, and whether it is closed for now."""

    most: int
    limit: int = 0
    in_flight: int = 0
    paused_until: float = 0.0
    succeeded_ever: bool = False
    _proven: list[int] = field(default_factory=lambda: [0, 0])  # highest level that succeeded: lately, and before that
    _in_window: int = 0
    _since_creep: int = 0
    _creep_after: int = CREEP_AFTER
    _refused_in_a_row: int = 0
    _failed_in_a_row: int = 0
    _down_in_a_row: int = 0
    _pauses: int = 0
    _shrunk_at: float = 0.0

    def __post_init__(self) -> None:
        self.limit = self.limit or self.most

    @property
    def has_room(self) -> bool:
        return self.in_flight < self.limit and self.paused_until <= time.monotonic()

    @property
    def load(self) -> float:
        return self.in_flight / self.limit

    def begin(self) -> int:
        """One more is on its way. Returns the level: how many there are with it."""
        self.in_flight += 1
        return self.in_flight

    def end(self) -> None:
        self.in_flight -= 1

    @property
    def proven(self) -> int:
        return max(self._proven)

    def succeeded(self, level: int) -> None:
        self.succeeded_ever = True
        self._refused_in_a_row = self._failed_in_a_row = self._down_in_a_row = self._pauses = 0
        self._proven[0] = max(self._proven[0], level)
        self._in_window += 1
        if self._in_window >= 2 * self.limit:
            self._proven, self._in_window = [0, self._proven[0]], 0
        self._since_creep += 1
        if self._since_creep >= self._creep_after and self.limit < self.most and level >= self.limit:
            self.limit += 1
            self._since_creep = 0

    def refused(self, level: int, retry_after_s: float) -> None:
        """The server says that there is too much to do. `level` is what `begin` returned; `end` was called."""
        self._refused_in_a_row += 1
        if self._refused_in_a_row > 2 * self.limit:  # not even what went well before goes now
            self._proven = [0, 0]
        if level > self.proven:
            self.limit = max(1, min(self.limit, max(self.proven, self.in_flight)))
            self._since_creep = 0
            self._creep_after = min(2 * self._creep_after, CREEP_AFTER + SLOWEST_CREEP * self.limit)
        if retry_after_s and self._refused_in_a_row >= PAUSE_AFTER_REFUSALS and not self.in_flight:
            self._pause(retry_after_s)

    def timed_out(self, deadline_s: float) -> None:
        """Too slow: give it less, but take a whole wave of these for one."""
        if time.monotonic() - self._shrunk_at > deadline_s / 2:
            self._shrunk_at = time.monotonic()
            self.limit = max(1, int(self.limit * SHRINK))
            self._since_creep = 0
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
