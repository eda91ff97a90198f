"""The endpoint: a server in a thread or in the foreground that answers by a function of the request."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from generators.demo.answers import answer_by_rules
from generators.demo.chat import (
    MODEL,
    Answer,
    ChatRequest,
    Misbehaviour,
    Raw,
    RefusedError,
    Said,
    completion,
    digest_of,
    error_body,
    invalid,
    read_body,
)
from generators.demo.connection import Connection, Exchange
from generators.demo.faults import Faults, spoil_bytes
from generators.demo.log import Log
from validators.errors import SikuError

HOST = "127.0.0.1"
CHAT = "/v1/chat/completions"
BACKLOG = 1024
MOST_PORTS = 65_535


class Endpoint:
    """An OpenAI-compatible server whose answers are a function of the request; no model.

    `latency_s` lies between a request and its reply. `log` keeps what was asked and delivered (`read_log`).
    `requests` counts those for a completion, `by_status` and `by_fault` what was answered.
    """

    def __init__(
        self,
        answer: Answer = answer_by_rules,
        faults: Faults = Faults(),  # noqa: B008 - frozen
        latency_s: float = 0.0,
        model: str = MODEL,
        log: Path | None = None,
    ) -> None:
        self.answer, self.faults, self.latency_s, self.model, self.log = answer, faults, latency_s, model, log
        self.requests = self.in_flight = self.in_flight_max = 0
        self.by_status: Counter[int] = Counter()
        self.by_fault: Counter[str] = Counter()
        self.mistake: BaseException | None = None  # the first exception of `answer`, raised when the server stops
        self._seen: Counter[str] = Counter()
        self._has_faults = faults != Faults()
        self._log: Log | None = None
        self._connections: set[Connection] = set()

    # ------------------------------------------------------------ running

    @contextlib.contextmanager
    def running(self, port: int = 0, host: str = HOST) -> Iterator[str]:
        """Serve in a thread of its own; the value is the address to give to a client, `http://127.0.0.1:PORT/v1`.

        Raises SikuError where the port is taken, and at the end what `answer` raised.
        """
        listening = self._listen(port, host)
        loop, stop = asyncio.new_event_loop(), asyncio.Event()
        thread = threading.Thread(target=self._run, args=(loop, listening, stop), name="demo endpoint", daemon=True)
        thread.start()
        try:
            yield url_of(listening)
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
        if self.mistake:
            raise self.mistake

    def serve_forever(self, port: int, host: str = HOST, tell: Callable[[str], None] = print) -> None:
        """Serve until SIGINT or SIGTERM; `tell` is called with the address once it listens. Main thread only."""
        listening = self._listen(port, host)
        loop, stop = asyncio.new_event_loop(), asyncio.Event()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            for number in before:
                loop.add_signal_handler(number, stop.set)
            tell(url_of(listening))
        except BaseException:
            stop.set()
            raise
        finally:
            self._run(loop, listening, stop)
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.mistake:
            raise self.mistake

    def _listen(self, port: int, host: str) -> socket.socket:
        listening = listen(port, host)
        try:
            self._log = Log(self.log) if self.log else None
        except OSError:
            listening.close()
            raise
        return listening

    def _run(self, loop: asyncio.AbstractEventLoop, listening: socket.socket, stop: asyncio.Event) -> None:
        try:
            loop.set_exception_handler(self._remember)
            loop.run_until_complete(self._serve(listening, stop))
        finally:
            loop.close()
            listening.close()
            if self._log:
                self._log.close()

    async def _serve(self, listening: socket.socket, stop: asyncio.Event) -> None:
        make = functools.partial(Connection, self._handle, self._connections)
        server = await asyncio.get_running_loop().create_server(make, sock=listening, backlog=BACKLOG)
        await stop.wait()
        asyncio.get_running_loop().remove_reader(listening)  # accept no more, and take in those that were accepted
        myself = {asyncio.current_task()}
        while self._connections or asyncio.all_tasks() - myself:
            for connection in list(self._connections):
                connection.abort()
            await asyncio.sleep(0)
        server.close()

    def _remember(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception") or RuntimeError(context["message"])
        if not isinstance(error, OSError):  # a client that the network has lost is no mistake of ours
            self.mistake = self.mistake or error

    # ------------------------------------------------------------ answering

    def _handle(self, method: str, path: str, body: bytes) -> Exchange:
        if path == CHAT and method == "POST":
            return self._chat(body)
        return Exchange(self._other(method, path), 0.0, lambda is_delivered: None)

    def _other(self, method: str, path: str) -> Raw:
        model = {"id": self.model, "object": "model", "created": 0, "owned_by": "siku"}
        found: dict[str, Any] = {
            "/health": {"status": "ok"},
            "/v1/models": {"object": "list", "data": [model]},
            f"/v1/models/{self.model}": model,
        }
        allowed = "POST" if path == CHAT else "GET, HEAD"
        if path not in found and path != CHAT:
            return invalid(f"Unknown request URL: {method} {path[:200]}.", code="unknown_url", status=404)
        if method not in allowed.split(", "):
            wrong = error_body(f"{path} takes {allowed} only.", "invalid_request_error", "method_not_supported")
            return Raw(405, wrong, headers={"allow": allowed})
        return Raw(200, orjson.dumps(found[path]))

    def _chat(self, data: bytes) -> Exchange:
        number, self.requests = self.requests, self.requests + 1
        try:
            body = read_body(data, self.model)
        except RefusedError as refused:
            self.by_status[refused.raw.status] += 1
            return Exchange(refused.raw, 0.0, lambda is_delivered: None)
        digest = digest_of(body)
        request = ChatRequest(body, digest, self._seen[digest], number)
        if 0 < self.faults.max_in_flight <= self.in_flight:
            return self._exchange(request, "max_in_flight", self.faults.too_many())
        self._seen[digest] += 1
        return self._exchange(request, *self._reply(request))

    def _reply(self, request: ChatRequest) -> tuple[str, Raw | Misbehaviour]:
        """The faults that befall a request, and what is sent."""
        drawn = faults = ""
        if self._has_faults:
            if refusal := self.faults.refusal(request):
                return refusal
            drawn = self.faults.drawn(request)
            if instead := self.faults.instead(drawn):
                return drawn, instead
        try:
            answered = self.answer(request)
        except Exception as error:
            self.mistake = self.mistake or error
            return "", Raw(500, error_body("The rules made a mistake.", "server_error"))
        said = Said(answered) if isinstance(answered, str) else answered
        if not isinstance(said, Said):
            return "", said
        if self._has_faults:
            faults, said = self.faults.change(request, said, drawn)
        whole = completion(request, said, self.model, int(time.time()))
        return faults, spoil_bytes(drawn, whole)

    def _exchange(self, request: ChatRequest, fault: str, reply: Raw | Misbehaviour) -> Exchange:
        status = reply.status if isinstance(reply, Raw) else None
        told = {"number": request.number, "digest": request.digest}
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        if fault:
            self.by_fault[fault] += 1
        if self._log:
            self._log.write("request", {**told, "seen": request.seen})

        def settle(is_delivered: bool) -> None:
            self.in_flight -= 1
            if status is not None and is_delivered:
                self.by_status[status] += 1
            if self._log:
                self._log.write("reply" if is_delivered else "gone", {**told, "status": status, "fault": fault})

        is_refusal = fault in ("max_in_flight", "refuse_response_format")
        return Exchange(reply, 0.0 if is_refusal else self.latency_s, settle)


def listen(port: int, host: str) -> socket.socket:
    """A socket that listens; port 0 is any free one. Raises SikuError where that cannot be."""
    if not 0 <= port <= MOST_PORTS:
        raise SikuError(f"there is no port {port}", next=f"--port N, 0 to {MOST_PORTS}; 0 takes a free one")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise SikuError(
            f"port {port} is taken" if taken else "the endpoint cannot listen",
            where=f"{host}:{port}",
            why="another program listens there, perhaps a demo endpoint" if taken else error.strerror or str(error),
            next="--port with another number; 0 takes a free one",
        ) from None


def url_of(listening: socket.socket) -> str:
    """The address that a client of OpenAI's interface is given."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"
