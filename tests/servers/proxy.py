"""A proxy on loopback that misbehaves as it is told, before any real HTTP server.

A script, asked at every request, names the behaviour (`tests/servers/behaviours.py`); `in_turn` makes one of a list:

    proxy = Proxy(server.url, in_turn(Status(429, {"retry-after": "1"}), CutBody(), then=Pass()))
    with proxy.running() as url:
        ...  # the first request gets 429, the second half a reply, every further one passes
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import h11

READ_BYTES = 65536
START_TIMEOUT_S = 10.0
FRAMING = (b"content-length", b"transfer-encoding", b"connection", b"keep-alive")


class UpstreamError(Exception):
    """The server behind the proxy refused the connection or broke off; the client sees a reset."""


@dataclass(frozen=True)
class Request:
    """What a client asked; numbers count from 1 in order of arrival, names of headers are in lower case."""

    number: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What the server answered, or what the proxy says instead of it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def encoded(self) -> bytes:
        head = [b"HTTP/1.1 %d %s" % (self.status, HTTPStatus(self.status).phrase.encode())]
        head += [name + b": " + value for name, value in self.headers if name.lower() not in FRAMING]
        head += [b"content-length: %d" % len(self.body), b"connection: keep-alive"]
        return b"\r\n".join(head) + b"\r\n\r\n" + self.body

    def changed(self, change: Callable[[Any], Any]) -> Reply:
        """The same reply with another JSON body."""
        return replace(self, body=json.dumps(change(json.loads(self.body)), ensure_ascii=False).encode())


class Exchange:
    """One request and the means of a behaviour to answer it, well or badly."""

    def __init__(
        self, request: Request, upstream: tuple[str, int], writer: asyncio.StreamWriter, heard: asyncio.Future[bytes]
    ) -> None:
        self.request = request
        self.heard = heard  # what the client says before it is answered: nothing, until it goes away
        self.over = False
        self._upstream = upstream
        self._writer = writer

    async def ask(self, *, relay: bool = False) -> Reply:
        """The server's whole reply; with `relay`, its bytes have gone to the client as they came."""
        try:
            reader, writer = await asyncio.open_connection(*self._upstream)
        except OSError as error:
            raise UpstreamError from error
        try:
            parser = h11.Connection(h11.CLIENT)
            writer.write(self._question(parser))
            return await self._reply(parser, reader, relay)
        except h11.RemoteProtocolError as error:
            raise UpstreamError from error
        finally:
            writer.transport.abort()  # at once: were this to wait, a client that has its reply would count as gone

    def _question(self, parser: h11.Connection) -> bytes:
        asked = self.request
        headers = [item for item in asked.headers.items() if item[0] not in ("accept-encoding", "transfer-encoding")]
        if asked.body:
            headers = [item for item in headers if item[0] != "content-length"]
            headers.append(("content-length", str(len(asked.body))))
        head = parser.send(h11.Request(method=asked.method, target=asked.target, headers=headers)) or b""
        body = (parser.send(h11.Data(asked.body)) or b"") if asked.body else b""
        parser.send(h11.EndOfMessage())
        return head + body

    async def _reply(self, parser: h11.Connection, reader: asyncio.StreamReader, relay: bool) -> Reply:
        head: h11.Response | None = None
        body = bytearray()
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                try:
                    data = await reader.read(READ_BYTES)
                except OSError as error:
                    raise UpstreamError from error
                if relay and data:
                    await self.send(data)
                parser.receive_data(data)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
        assert head
        if relay and parser.their_state is h11.MUST_CLOSE:
            self.close()  # the server said so, and the client has read it
        return Reply(head.status_code, tuple(head.headers), bytes(body))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        """An orderly end of the connection."""
        self.over = True
        self._writer.close()

    def reset(self) -> None:
        """The end that the kernel makes when a process dies with the connection open."""
        self.over = True
        with suppress(OSError):
            connection: socket.socket = self._writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Behaviour = Callable[[Exchange], Coroutine[Any, Any, None]]
Script = Callable[[Request], Behaviour]


class Proxy:
    """Stands before the server at `upstream`; `running` gives the URL to use instead of it, path included.

    Counts while it runs: `requests` as they came, `did` by class of behaviour, `connections` of clients, `gone` clients
    that did not wait for their answer, `upstream_gone`, `most_at_once` requests in flight.
    """

    def __init__(self, upstream: str, script: Script) -> None:
        parts = urlsplit(upstream)
        assert parts.scheme == "http" and parts.hostname and parts.port, upstream
        self.script = script  # may be changed while it runs
        self.requests: list[Request] = []
        self.did: Counter[type] = Counter()
        self.connections = 0
        self.gone = 0
        self.upstream_gone = 0
        self.most_at_once = 0
        self._at_once = 0
        self._upstream = (parts.hostname, parts.port)
        self._path = parts.path
        self._failures: list[Exception] = []
        self._clients: set[asyncio.Task[Any]] = set()

    @contextmanager
    def running(self) -> Iterator[str]:
        """The URL, for as long as the block; a script or behaviour that raised is told at its end."""
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        port: list[int] = []
        ready = threading.Event()

        async def serve() -> None:
            server = await asyncio.start_server(self._client, "127.0.0.1", 0)
            port.append(server.sockets[0].getsockname()[1])
            ready.set()
            await stop.wait()
            server.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)
            await asyncio.sleep(0)  # sockets are closed one turn of the loop after they were told to

        def run() -> None:
            try:
                loop.run_until_complete(serve())
            finally:
                loop.close()

        thread = threading.Thread(target=run, name="proxy")
        thread.start()
        try:
            assert ready.wait(START_TIMEOUT_S), "the proxy did not start"
            yield f"http://127.0.0.1:{port[0]}{self._path}"
        finally:
            with suppress(RuntimeError):  # the loop has ended: `serve` failed
                loop.call_soon_threadsafe(stop.set)
            thread.join()
        if self._failures:
            raise ExceptionGroup("the script or a behaviour failed", self._failures)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._clients.add(task)
        self.connections += 1
        try:
            await self._converse(reader, writer)
        except (OSError, h11.RemoteProtocolError):
            self.gone += 1  # in the middle of a request or of its answer
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._clients.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The requests of one connection, until one side has enough."""
        data = await reader.read(READ_BYTES)
        while data:
            request = await self._request(data, reader)
            heard = asyncio.ensure_future(reader.read(READ_BYTES))
            try:
                if await self._answer(Exchange(request, self._upstream, writer, heard)):
                    return
                data = await heard
            finally:
                await _end(heard)

    async def _answer(self, exchange: Exchange) -> bool:
        """Behave, unless the client goes away meanwhile; is the connection over?"""
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        work = asyncio.ensure_future(self._behave(exchange))
        try:
            first: set[asyncio.Future[Any]] = {exchange.heard, work}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not _said(exchange.heard):
                self.gone += 1
                return True
            await work
            return exchange.over
        finally:
            self._at_once -= 1
            await _end(work)

    async def _request(self, data: bytes, reader: asyncio.StreamReader) -> Request:
        parser = h11.Connection(h11.SERVER)
        parser.receive_data(data)
        head: h11.Request | None = None
        body = bytearray()
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                parser.receive_data(await reader.read(READ_BYTES))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
        assert head
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        asked = Request(len(self.requests) + 1, head.method.decode(), head.target.decode(), headers, bytes(body))
        self.requests.append(asked)
        return asked

    async def _behave(self, exchange: Exchange) -> None:
        try:
            behaviour = self.script(exchange.request)
            self.did[type(behaviour)] += 1
            await behaviour(exchange)
        except UpstreamError:
            self.upstream_gone += 1
            exchange.reset()
        except OSError:
            raise  # the client's side
        except Exception as error:
            self._failures.append(error)
            exchange.reset()


def in_turn(*behaviours: Behaviour, then: Behaviour) -> Script:
    """The first request meets the first behaviour and so on; all further ones meet `then`."""

    def script(request: Request) -> Behaviour:
        return behaviours[request.number - 1] if request.number <= len(behaviours) else then

    return script


def _said(heard: asyncio.Future[bytes]) -> bytes:
    """What has been heard; nothing when the client has gone."""
    try:
        return heard.result()
    except OSError:
        return b""


async def _end(work: asyncio.Future[Any]) -> None:
    work.cancel()
    await asyncio.wait({work})
    if not work.cancelled():
        work.exception()  # seen, or asyncio says that nobody looked
