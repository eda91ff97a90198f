"""One exchange with a server: a request, the head of the answer, and its body in pieces; bounded in time and size."""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from builders.crawl.addresses import Borders, Place, RefusedError

MIB = 1 << 20
_ZLIB_BY_NAME = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15
_PIECE_BYTES = 1 << 16


class UnreachableError(Exception):
    """No answer, or half of one: `rule`, then what happened."""

    def __init__(self, rule: str, detail: str = "") -> None:
        super().__init__(f"{rule}: {detail}" if detail else rule)
        self.rule = rule


@dataclass
class Deadline:
    """When an exchange has to be over, however busy the server looks; `extend` while it really delivers."""

    seconds: float
    at: float = 0.0

    def extend(self) -> None:
        self.at = time.monotonic() + self.seconds

    def left_s(self) -> float:
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout(f"not done after {self.seconds:g} s")
        return left


@dataclass
class Answer:
    """The head of an answer, and the body as it comes from the network."""

    url: httpx2.URL
    status: int
    headers: httpx2.Headers
    pieces: Iterator[bytes]

    def body(self, max_bytes: int, cut: bool = False) -> bytes:
        """The body, decoded. Over `max_bytes` of it: RefusedError, or with `cut` the beginning."""
        body = bytearray()
        for piece in self._decoded(max_bytes + 1):
            body += piece
            if len(body) > max_bytes:
                if cut:
                    return bytes(body[:max_bytes])
                raise RefusedError("page too large", f"over {max_bytes / MIB:g} MB")
        return bytes(body)

    def _decoded(self, max_bytes: int) -> Iterator[bytes]:
        """Never much more than `max_bytes` at a time, whatever a compressed body would unfold to."""
        name = self.headers.get("content-encoding", "identity").strip().lower()
        if name in ("identity", ""):
            yield from self.pieces
            return
        if name not in _ZLIB_BY_NAME:
            raise RefusedError("unknown content encoding", name[:40])
        decoder, at_start = zlib.decompressobj(_ZLIB_BY_NAME[name]), True
        for piece in filter(None, self.pieces):
            if at_start and name == "deflate" and piece[0] & 15 != 8:  # some servers leave out the header of zlib
                decoder = zlib.decompressobj(_RAW_DEFLATE)
            at_start = False
            while piece and not decoder.eof:
                try:
                    yield decoder.decompress(piece, max_bytes)
                except zlib.error as error:
                    raise UnreachableError("broken answer", str(error)) from error
                piece = decoder.unconsumed_tail
        if not at_start and not decoder.eof:
            raise UnreachableError("broken answer", "the compressed body is cut off")


class Exchange:
    """Connections to checked addresses only. No proxies, no cookies, no redirects: what is asked is what is asked."""

    def __init__(self, borders: Borders, user_agent: str, timeout_s: float) -> None:
        self.deadline = Deadline(timeout_s)
        self._headers = {
            "user-agent": user_agent,
            "accept-language": "zh-CN,zh;q=0.9,en;q=0.5",
        }
        self._pool = httpcore2.ConnectionPool(
            network_backend=_CheckedBackend(borders, self.deadline),
            max_connections=8,
            keepalive_expiry=30,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    @contextlib.contextmanager
    def get(self, url: httpx2.URL, headers: dict[str, str]) -> Iterator[Answer]:
        """Ask once. Raises UnreachableError, and RefusedError for an address that is not public."""
        self.deadline.extend()
        try:
            with self._pool.stream("GET", str(url), headers=[*(self._headers | headers).items()]) as answer:
                yield Answer(url, answer.status, httpx2.Headers(answer.headers), iter(answer.iter_stream()))
        except httpcore2.TimeoutException as error:
            raise UnreachableError("timed out", str(error)) from error
        except httpcore2.ConnectError as error:
            raise UnreachableError("no connection", str(error)) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise UnreachableError("broken answer", str(error)) from error


class _CheckedBackend(httpcore2.NetworkBackend):
    """Connects to the very address that was judged."""

    def __init__(self, borders: Borders, deadline: Deadline) -> None:
        self._borders, self._deadline, self._sockets = borders, deadline, httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = self._borders.addresses(Place(host.lower().rstrip("."), port))
        except OSError as error:
            raise httpcore2.ConnectError(error.strerror or str(error)) from error
        for address in addresses:
            try:
                stream = self._sockets.connect_tcp(address, port, self._deadline.left_s(), None, socket_options)
            except httpcore2.ConnectError as error:
                refusal = error
            else:
                return _BoundedStream(stream, self._deadline)
        raise refusal


class _BoundedStream(httpcore2.NetworkStream):
    """A connection whose every step ends at the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(min(max_bytes, _PIECE_BYTES), self._deadline.left_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: object, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left_s())  # type: ignore[arg-type]
        return _BoundedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
