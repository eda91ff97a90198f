"""One connection of HTTP/1.1: h11 reads and writes, asyncio carries, a reply may be late, broken or never come."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h11

from generators.demo.chat import Misbehaviour, Raw, invalid

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024
BEFORE_RESET_S = 0.02  # so that the other side has read the beginning: a reset throws away what is still on its way

LINGER_S = 2.0  # after an error in the middle of a request: closed at once, the error itself could be lost
SERVER = (b"server", b"siku-demo-rules")


@dataclass(slots=True)
class Exchange:
    """The reply to a request, when it is due, and whom to tell: `settle(True)` once all of it has left."""

    reply: Raw | Misbehaviour
    delay_s: float
    settle: Callable[[bool], None]


Handle = Callable[[str, str, bytes], Exchange]  # method, path, body


class Connection(asyncio.Protocol):
    """Requests one after the other; what is sent ahead waits in the socket."""

    def __init__(self, handle: Handle, open_ones: set[Connection]) -> None:
        self._handle, self._open_ones = handle, open_ones
        self._http = h11.Connection(h11.SERVER, MAX_HEAD_BYTES)
        self._transport: Any = None
        self._request: h11.Request | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._exchange: Exchange | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._then: Callable[[], None] | None = None  # once all that was written has left
        self._is_reading = self._is_refused = False

    # ------------------------------------------------------------ what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.set_write_buffer_limits(0)
        self._open_ones.add(self)

    def data_received(self, data: bytes) -> None:
        if not self._is_refused:
            self._http.receive_data(data)
            self._read()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self)
        if self._timer:
            self._timer.cancel()
        self._settle(False)

    def pause_writing(self) -> None:
        """Something is left to be written; `resume_writing` comes when it has gone."""

    def resume_writing(self) -> None:
        then, self._then = self._then, None
        if then:  # soon: asyncio is in the middle of writing, and would end a connection that is closed here twice
            asyncio.get_running_loop().call_soon(then)

    def abort(self) -> None:
        self._transport.abort()

    # ------------------------------------------------------------ reading

    def _read(self) -> None:
        """Answer what has come. While an answer is due, whatever else comes waits."""
        if self._is_reading:  # an answer was there at once: the loop below goes on
            return
        self._is_reading = True
        try:
            while self._exchange is None and not self._transport.is_closing() and self._take(self._http.next_event()):
                pass
        except h11.RemoteProtocolError as error:
            self._refuse(error.error_status_hint, "The request is not valid HTTP.")
        finally:
            self._is_reading = False
        if self._exchange and self._http.trailing_data[0]:
            self._transport.pause_reading()

    def _take(self, event: object) -> bool:
        """Take one event of a request; false when there is none yet."""
        if isinstance(event, h11.Request):
            self._request, self._body, self._body_bytes = event, [], 0
            if self._http.they_are_waiting_for_100_continue:
                self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        elif isinstance(event, h11.Data):
            self._body.append(bytes(event.data))
            self._body_bytes += len(event.data)
            if self._body_bytes > MAX_BODY_BYTES:
                self._refuse(413, f"The body of a request has at most {MAX_BODY_BYTES:,} bytes.")
                return False
        elif isinstance(event, h11.EndOfMessage):
            self._answer()
        else:
            return False
        return True

    def _answer(self) -> None:
        assert self._request is not None
        path = self._request.target.split(b"?", 1)[0].decode("ascii", "replace")
        arrived_s = time.monotonic()
        self._exchange = self._handle(self._request.method.decode("ascii"), path, b"".join(self._body))
        self._body = []
        rest_s = self._exchange.delay_s - (time.monotonic() - arrived_s)
        if rest_s > 0:
            self._later(rest_s, self._reply)
        else:
            self._reply()

    # ------------------------------------------------------------ writing

    def _reply(self) -> None:
        assert self._exchange is not None
        reply = self._exchange.reply
        if isinstance(reply, Raw):
            self._send(reply)
            self._when_written(self._finish)
        elif reply.kind == "slow_drip":
            self._write(self._http.send(_head(Raw(), length=None)))
            self._drip(reply.body, reply.pause_s)
        elif reply.kind != "hang":
            self._send(Raw(body=reply.body), upto=len(reply.body) // 2)
            self._when_written(self._transport.close if reply.kind == "cut" else self._reset_soon)

    def _send(self, raw: Raw, upto: int | None = None) -> None:
        """Write a reply, or its head and the first `upto` bytes of its body."""
        is_stream = raw.kind.startswith("text/event-stream")
        data = self._http.send(_head(raw, None if is_stream else len(raw.body))) or b""
        if self._request is None or self._request.method != b"HEAD":
            data += self._http.send(h11.Data(data=raw.body[:upto])) or b""
        if upto is None:
            data += self._http.send(h11.EndOfMessage()) or b""
        self._write(data)

    def _finish(self) -> None:
        self._settle(True)
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._transport.resume_reading()
            self._read()
        else:
            self._transport.close()

    def _drip(self, body: bytes, pause_s: float) -> None:
        """Send a byte now and the next one later; white space for ever after the last."""
        self._write(self._http.send(h11.Data(data=body[:1] or b" ")))
        self._later(pause_s, lambda: self._drip(body[1:], pause_s))

    def _reset_soon(self) -> None:
        self._later(BEFORE_RESET_S, self._reset)

    def _reset(self) -> None:
        """End the connection as a server does that dies: closing without lingering sends a reset."""
        no_linger = struct.pack("ii", 1, 0)
        self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        self._transport.abort()

    def _refuse(self, status: int, why: str) -> None:
        """Answer what cannot be read, and close: where the next request begins is not known."""
        self._is_refused = True
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(invalid(why, status=status))
        self._transport.write_eof()
        self._later(LINGER_S, self._transport.close)

    def _write(self, data: bytes | None) -> None:
        if data:
            self._transport.write(data)

    def _when_written(self, then: Callable[[], None]) -> None:
        if self._transport.get_write_buffer_size():
            self._then = then
        else:
            then()

    def _later(self, delay_s: float, then: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, then)

    def _settle(self, is_delivered: bool) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange:
            exchange.settle(is_delivered)


def _head(raw: Raw, length: int | None) -> h11.Response:
    headers = [SERVER, (b"content-type", raw.kind.encode())]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    headers += [(name.encode(), value.encode()) for name, value in raw.headers.items()]
    return h11.Response(status_code=raw.status, headers=headers)
