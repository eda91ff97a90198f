"""The limit of a lane finds what a server takes: simulated in virtual time, with more to do than ever fits."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from generators.lane import FIRST_LIMIT, LONGEST_PAUSE_S, Begun, Lane

LATENCY_S = 0.2
SETTLED_S = 5.0


@dataclass
class Clock:
    """Time that passes when it is told to."""

    now_s: float = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("generators.lane.time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@dataclass
class Server:
    """A server that takes `capacity(time)` requests at once, refuses others, and some at random."""

    clock: Clock
    capacity: Callable[[float], int]
    refused_share: float = 0.0
    retry_after_s: float = 0.0
    refused_after_s: float = 0.005
    is_in_step: bool = False  # all replies take equally long, and what is refused at random is refused at once
    replies: list[tuple[float, bool]] = field(default_factory=list)  # when, and whether it was one

    def work(self, lane: Lane, seconds: float) -> None:
        """Give it as much as the lane allows, for so long."""
        rng, due, busy = random.Random(1), list[tuple[float, int, str, Begun]](), 0
        count = 0
        while self.clock.now_s < seconds:
            while lane.has_room:
                begun, count = lane.begin(), count + 1
                if busy >= self.capacity(self.clock.now_s):
                    heapq.heappush(due, (self.clock.now_s + self.refused_after_s, count, "full", begun))
                    continue
                busy += 1
                end = "unlucky" if rng.random() < self.refused_share else "good"
                takes_s = LATENCY_S if self.is_in_step else LATENCY_S * rng.uniform(0.8, 1.2)
                if end == "unlucky" and self.is_in_step:
                    takes_s = self.refused_after_s
                heapq.heappush(due, (self.clock.now_s + takes_s, count, end, begun))
            if not due:  # the lane is closed for a while
                self.clock.now_s = lane.paused_until
                continue
            self.clock.now_s, _, end, begun = heapq.heappop(due)
            busy -= end != "full"
            lane.end()
            if end == "good":
                lane.succeeded(begun)
            else:
                lane.refused(begun, self.retry_after_s)
            self.replies.append((self.clock.now_s, end == "good"))

    def good_a_second(self, since_s: float, until_s: float) -> float:
        return sum(good for at, good in self.replies if since_s <= at < until_s) / (until_s - since_s)

    def share_refused(self, since_s: float, until_s: float) -> float:
        told = [good for at, good in self.replies if since_s <= at < until_s]
        return told.count(False) / len(told)


@pytest.mark.parametrize("retry_after_s", [0.0, 1.0])
@pytest.mark.parametrize("capacity", [200, 32, 8, 3, 1])
def test_a_hard_limit_is_found_and_kept(clock: Clock, capacity: int, retry_after_s: float) -> None:
    server = Server(clock, lambda _: capacity, retry_after_s=retry_after_s)
    lane = Lane(256)
    server.work(lane, 30)
    assert server.share_refused(SETTLED_S, 30) <= 0.05
    assert server.good_a_second(0, 30) >= 0.85 * capacity / LATENCY_S
    assert capacity - 1 <= lane.limit <= capacity + 1


@pytest.mark.parametrize("capacity", [32, 8])
def test_a_server_that_takes_its_time_to_refuse_is_kept_busy(clock: Clock, capacity: int) -> None:
    server = Server(clock, lambda _: capacity, refused_after_s=LATENCY_S)
    server.work(Lane(256), 60)
    assert server.good_a_second(0, 60) >= 0.85 * capacity / LATENCY_S
    assert server.share_refused(SETTLED_S, 60) <= 0.15


@pytest.mark.parametrize("is_in_step", [False, True])
@pytest.mark.parametrize("most", [1, 4, 8, 64, 256])
def test_a_twentieth_refused_at_random_starves_nobody(clock: Clock, most: int, is_in_step: bool) -> None:
    server = Server(clock, lambda _: 10_000, refused_share=0.05, retry_after_s=1.0, is_in_step=is_in_step)
    server.work(Lane(most), 60)
    assert server.good_a_second(SETTLED_S, 60) >= 0.75 * most / LATENCY_S


@pytest.mark.parametrize("capacity", [32, 8, 3, 1])
def test_a_hard_limit_is_kept_to_although_some_are_refused_at_random(clock: Clock, capacity: int) -> None:
    server = Server(clock, lambda _: capacity, refused_share=0.05)
    server.work(Lane(256), 60)
    assert server.good_a_second(SETTLED_S, 60) >= 0.75 * capacity / LATENCY_S
    assert server.share_refused(SETTLED_S, 60) <= 0.12


def test_it_follows_a_capacity_that_changes(clock: Clock) -> None:
    server = Server(clock, lambda now_s: 32 if now_s < 20 else 8 if now_s < 40 else 64)
    lane = Lane(256)
    server.work(lane, 100)
    assert server.good_a_second(10, 20) >= 0.85 * 32 / LATENCY_S
    assert server.good_a_second(25, 40) >= 0.85 * 8 / LATENCY_S
    assert server.good_a_second(70, 100) >= 0.85 * 64 / LATENCY_S
    assert server.share_refused(25, 40) <= 0.05
    assert server.share_refused(70, 100) <= 0.05


def test_it_never_gives_more_than_it_may(clock: Clock) -> None:
    lane = Lane(7)
    server = Server(clock, lambda _: 10_000)
    server.work(lane, 5)
    assert lane.limit == 7
    assert Lane(10_000).limit == FIRST_LIMIT, "nothing is known of the server"


# ---------------------------------------------------------------- when it is left alone


def test_where_everything_is_refused_it_comes_back_when_the_server_says(clock: Clock) -> None:
    lane = Lane(4)
    for _ in range(4):
        begun = lane.begin()
        lane.end()
        lane.refused(begun, 7.0)
    assert not lane.has_room
    clock.now_s = 6.9
    assert not lane.has_room
    clock.now_s = 7.0
    assert lane.has_room


def test_one_that_cannot_be_reached_is_tried_ever_more_rarely(clock: Clock) -> None:
    lane = Lane(4)
    pauses: list[float] = []
    for _ in range(20):
        lane.begin()
        lane.end()
        lane.failed(down=True)
        if not lane.has_room:
            pauses.append(lane.paused_until - clock.now_s)
            clock.now_s = lane.paused_until
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert pauses[-1] == LONGEST_PAUSE_S
    lane.succeeded(lane.begin())
    lane.failed(down=True)
    assert lane.has_room, "it was there a moment ago"


def test_a_wave_of_lost_connections_closes_it_once_and_one_request_looks_whether_it_is_back(clock: Clock) -> None:
    lane = Lane(16)
    begun = [lane.begin() for _ in range(16)]
    for _ in begun:
        lane.end()
        lane.failed(down=True)
    assert lane.paused_until == 0.5
    clock.now_s = 0.5
    first = lane.begin()
    assert not lane.has_room
    lane.end()
    lane.succeeded(first)
    assert [lane.begin().level for _ in range(16) if lane.has_room] == list(range(1, 17))


def test_a_failure_among_many_replies_closes_nothing(clock: Clock) -> None:
    lane = Lane(4)
    for number in range(200):
        begun = lane.begin()
        lane.end()
        if number % 3:
            lane.failed()
        else:
            lane.succeeded(begun)
        assert lane.has_room


def test_a_wave_of_time_outs_counts_once(clock: Clock) -> None:
    lane = Lane(32)
    begun = [lane.begin() for _ in range(16)]
    for one in begun[:8]:
        lane.end()
        lane.succeeded(one)
    clock.now_s = 120.0
    for _ in begun[8:]:
        lane.end()
        lane.timed_out(120.0)
    assert lane.limit == 24
    clock.now_s = 240.0
    lane.begin()
    lane.end()
    lane.timed_out(120.0)
    assert lane.limit == 18
