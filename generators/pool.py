"""Several endpoints as one: which of them takes a request, when it is asked again, and whose fault a failure is."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builders.document import Message
from generators.endpoint import Delivered, Endpoint, TroubleError
from generators.lane import Begun, Lane
from generators.request import Failure, Request
from validators.errors import SikuError

if TYPE_CHECKING:
    from tenacity import RetryCallState

TRIES = {"broken": 4, "slow": 2, "busy": 100}  # of one request, by the kind of trouble, while others succeed
FIRST_TRIES_S = 4.0  # an endpoint that was never reached is given up after that
FIRST_WAIT_S, LONGEST_WAIT_S = 0.125, 20.0  # the first is doubled with each try
AT_FIRST = {"broken": 12, "slow": 2}  # and after so many troubles without a reply it is looked at
SUSPICIOUS = 20  # requests given up in a row: then it may not be they
SUSPICIOUS_REFUSALS = 8  # requests refused (400, 422) in a row: likewise
GREETING: Message = {"role": "user", "content": "你好"}
GREETING_TOKENS, GREETINGS = 16, 3  # what shows that an endpoint answers at all, and how often it may fail to


@dataclass
class Counts:
    """What was sent and what came back, for people."""

    sent: int = 0
    delivered: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    troubles: Counter[str] = field(default_factory=Counter)  # by cause


class StoppedError(Exception):
    """The request was not sent, or not again: the work is to stop."""


@dataclass(slots=True)
class Tries:
    """What went wrong with a request: how often in which way, and how often at which endpoint."""

    kinds: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, and the endpoint that gave it."""

    delivered: Delivered
    endpoint: str


class Pool:
    """Sends requests to endpoints that serve the same model, at most `concurrency` at a time."""

    def __init__(
        self, endpoints: Sequence[Endpoint], model: str, *, concurrency: int, patience_s: float = 60.0
    ) -> None:
        self.model, self.concurrency, self.patience_s = model, concurrency, patience_s
        self.counts = Counts()
        self._ways = [(endpoint, Lane(concurrency)) for endpoint in endpoints]
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._woken = 0  # of those who waited, and have not gone on yet
        self._in_flight = 0
        self._troubled_since: float | None = None  # no reply has come since
        self._has_answered = False
        self._at_first: Counter[str] = Counter()  # troubles before the first reply, by kind
        self._is_in_doubt = False  # an endpoint was closed since, though it can be reached
        self._last_trouble: TroubleError | None = None
        self._given_up: list[str] = []  # kinds of trouble of requests, since the last reply
        self._greeting = asyncio.Lock()
        self._fatal: SikuError | None = None
        self._stopped = asyncio.Event()

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def limit(self) -> int:
        """How many the endpoints take together, as far as is known."""
        return min(self.concurrency, sum(lane.limit for _, lane in self._ways))

    async def send(self, request: Request, troubles: list[tuple[Failure, str]]) -> Answered | Failure:
        """The reply to a request, however often it takes to get one; a Failure where this one gets none.

        What went wrong on the way is added to `troubles`, with the endpoint. Raises SikuError (exit 4) where the
        endpoints are to blame.
        """
        import tenacity

        tries = Tries()

        async def once() -> Answered:
            if self._is_in_doubt or any(self._at_first[kind] >= most for kind, most in AT_FIRST.items()):
                await self._suspect(request)
            return await self._once(request, tries, troubles)

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(TroubleError),
            stop=lambda state: self._is_over(state, tries),
            wait=lambda state: _wait_s(state, tries),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return await retrying(once)
        except TroubleError as trouble:
            return await self._give_up(trouble, request)

    async def _once(self, request: Request, tries: Tries, troubles: list[tuple[Failure, str]]) -> Answered:
        endpoint, lane = await self._acquire(request, tries)
        begun = lane.begin()
        self._in_flight += 1
        self.counts.sent += 1
        trouble: TroubleError | None = None
        try:
            delivered = await endpoint.send(request, self.model)
        except TroubleError as error:
            trouble = error
            raise
        finally:
            lane.end()
            self._in_flight -= 1
            if trouble is not None:
                self._note(trouble, endpoint, lane, begun)
                tries.kinds[trouble.kind] += 1
                tries.at[endpoint.url] += trouble.kind != "form"
                troubles.append((Failure(trouble.cause, trouble.detail), endpoint.url))
            self._wake()
        lane.succeeded(begun)
        self._is_answered()
        self.counts.delivered += 1
        self.counts.prompt_tokens += delivered.reply.prompt_tokens
        self.counts.completion_tokens += delivered.reply.completion_tokens
        self._wake()
        return Answered(delivered, endpoint.url)

    def _note(self, trouble: TroubleError, endpoint: Endpoint, lane: Lane, begun: Begun) -> None:
        self.counts.troubles[trouble.cause] += 1
        self._troubled_since = self._troubled_since or time.monotonic()
        if trouble.kind != "form":
            self._last_trouble = trouble
        self._at_first[trouble.kind] += not self._has_answered
        match trouble.kind:
            case "busy":
                lane.refused(begun, trouble.retry_after_s)
            case "slow":
                self._is_in_doubt |= lane.timed_out(endpoint.deadline_s)
            case "broken" | "refused":
                self._is_in_doubt |= lane.failed()
            case "down":
                lane.failed(down=True)
        if (wait := lane.paused_until - time.monotonic()) > 0:
            asyncio.get_running_loop().call_later(wait + 0.001, self._wake_all)

    def _is_answered(self) -> None:
        self._has_answered, self._troubled_since = True, None
        self._at_first.clear()
        self._given_up.clear()

    # ------------------------------------------------------------ who goes next

    async def _acquire(self, request: Request, tries: Tries) -> tuple[Endpoint, Lane]:
        """The least loaded endpoint with room, once there is one: first come, first served."""
        is_turn = not (self._waiting or self._woken)  # or a worker would take its own slot again, before all others
        keep_place = False
        while True:
            if self._fatal:
                raise self._fatal
            if self._stopped.is_set():
                raise StoppedError
            if is_turn and (way := self._free_way(request, tries)):
                return way
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            if keep_place:
                self._waiting.appendleft(turn)
            else:
                self._waiting.append(turn)
            try:
                await turn
            finally:
                if turn.done() and not turn.cancelled():
                    self._woken -= 1
            is_turn = keep_place = True

    def _free_way(self, request: Request, tries: Tries) -> tuple[Endpoint, Lane] | None:
        """One that has failed this request less often than another is waited for: it may be the endpoint's fault."""
        if self._in_flight >= self.concurrency:
            return None
        fewest = min((tries.at[way[0].url] for way in self._ways if way[1].is_open), default=0)
        ways = (way for way in self._ways if tries.at[way[0].url] <= fewest)
        free = [way for way in ways if way[1].has_room and self._may_take(*way, request)]
        return min(free, key=lambda way: way[1].load, default=None)

    @staticmethod
    def _may_take(endpoint: Endpoint, lane: Lane, request: Request) -> bool:
        """Until it is known how an endpoint gives JSON, one request at a time finds that out."""
        return endpoint.is_proven or request.schema is None or lane.in_flight == 0

    def _wake(self) -> None:
        """Let as many go on as there is room for."""
        free = sum(max(0, lane.limit - lane.in_flight) for _, lane in self._ways)
        self._wake_up_to(min(free, self.concurrency - self._in_flight) - self._woken)

    def _wake_all(self) -> None:
        self._wake_up_to(len(self._waiting))

    def _wake_up_to(self, count: int) -> None:
        while self._waiting and count > 0:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._woken += 1
                count -= 1

    # ------------------------------------------------------------ when it is over

    def stop(self) -> None:
        """Send nothing any more: what is on its way may arrive, everything else raises StoppedError."""
        self._stopped.set()
        self._wake_all()

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        if self._stopped.is_set():
            raise StoppedError

    def _is_over(self, state: RetryCallState, tries: Tries) -> bool:
        trouble = state.outcome.exception() if state.outcome else None
        if not isinstance(trouble, TroubleError):
            return False
        if trouble.kind == "fatal" or self._is_hopeless(trouble):
            self._stop(trouble)
        if tries.kinds["refused"] >= len(self._ways):
            return True
        return any(tries.kinds[kind] >= most for kind, most in TRIES.items())

    def _is_hopeless(self, trouble: TroubleError) -> bool:
        """Whether it is time to leave the endpoints alone: they have no time, or cannot be reached, for too long.

        What is on its way, to another of them perhaps, may yet be answered.
        """
        if trouble.kind not in ("busy", "down") or self._troubled_since is None or self._in_flight:
            return False
        silent_s = time.monotonic() - self._troubled_since - trouble.retry_after_s
        is_new = trouble.kind == "down" and not self._has_answered
        return silent_s > (min(FIRST_TRIES_S, self.patience_s) if is_new else self.patience_s)

    async def _give_up(self, trouble: TroubleError, request: Request) -> Failure:
        """It is this request's own fault, unless the endpoints do not answer at all."""
        self._given_up.append(trouble.kind)
        await self._suspect(request)
        return Failure(trouble.cause, trouble.detail)

    async def _suspect(self, request: Request) -> None:
        """Raise SikuError where too much goes wrong for it to be the fault of requests."""
        async with self._greeting:
            if self._fatal:
                raise self._fatal
            is_grave, is_in_doubt = self._is_suspicious, self._is_in_doubt
            self._is_in_doubt = False
            if (is_grave or is_in_doubt) and not await self._answers_a_greeting(request) and is_grave:
                assert self._last_trouble is not None
                self._stop(self._last_trouble)

    @property
    def _is_suspicious(self) -> bool:
        refused = self._given_up.count("refused")
        silent_s = time.monotonic() - (self._troubled_since or math.inf)
        is_slow = self._last_trouble is not None and self._last_trouble.kind == "slow"
        wave_s = max(2 * endpoint.deadline_s for endpoint, _ in self._ways) if is_slow else 0.0
        is_silent = silent_s > max(self.patience_s, wave_s)
        is_many = refused >= SUSPICIOUS_REFUSALS or len(self._given_up) >= SUSPICIOUS
        return not self._has_answered or is_many or is_silent

    async def _answers_a_greeting(self, request: Request) -> bool:
        """Whether an endpoint answers a request that is as small as can be, with the settings of this one."""
        greeting = Request((GREETING,), "greeting", temperature=0.0, max_tokens=GREETING_TOKENS, extra=request.extra)
        for endpoint, lane in self._ways:
            for _ in range(GREETINGS if lane.is_open or lane.is_failing else 0):
                self.counts.sent += 1
                begun = lane.begin()
                try:
                    await endpoint.send(greeting, self.model)
                except TroubleError as trouble:
                    if trouble.kind in ("slow", "down"):
                        break
                else:
                    lane.succeeded(begun)
                    self._is_answered()
                    return True
                finally:
                    lane.end()
                    self._wake()
        return False

    def _stop(self, trouble: TroubleError) -> None:
        self._fatal = self._fatal or SikuError(
            _what(trouble),
            where=", ".join(endpoint.url for endpoint, _ in self._ways),
            why=trouble.detail,
            next="what was answered is kept: mend that, and run the same command again",
            exit_code=4,
        )
        self._wake_all()
        raise self._fatal


def _what(trouble: TroubleError) -> str:
    match trouble.kind:
        case "down":
            return "the endpoint cannot be reached"
        case "fatal" | "refused":
            return f"the endpoint refuses: {trouble.cause}"
    return f"the endpoint gives no usable reply: {trouble.cause}"


def _wait_s(state: RetryCallState, tries: Tries) -> float:
    """How long before the next try: what the server says, else longer each time, with chance in it."""
    trouble = state.outcome.exception() if state.outcome else None
    if not isinstance(trouble, TroubleError) or trouble.kind in ("form", "refused"):
        return 0.0
    failed = tries.at.total()  # tries that only showed which form the server takes do not count
    return max(trouble.retry_after_s, random.uniform(0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**failed)))
