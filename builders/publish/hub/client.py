"""The HTTP client that `huggingface_hub` is given: it counts what passes, and leaves trying again to one place.

The library tries some requests again by itself and others never. This client turns every answer that may be another one
later into TryLaterError, which the library lets pass; `remote.py` then decides for all requests alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from builders.crawl.manners import TryLaterError, retry_after_s

CONNECT_S, SILENCE_S = 15.0, 60.0  # to be connected; between two signs of life: after a minute the Hub itself gives up
_TEMPORARY = frozenset([408, 425, 429])
_NEVER = frozenset([501, 505])  # answers of a server that will not be able to later either


@dataclass
class Traffic:
    """Bytes of files that went and came; `on_bytes` hears of each piece, also of one that was in vain (negative)."""

    on_bytes: Callable[[int], None]
    sent: int = 0
    received: int = 0


class _Outgoing(httpx2.SyncByteStream):
    def __init__(self, stream: Any, traffic: Traffic) -> None:
        self.stream, self.traffic, self.bytes = stream, traffic, 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.stream:
            yield piece
            self.bytes += len(piece)
            self.traffic.on_bytes(len(piece))

    def arrived(self) -> None:
        self.traffic.sent += self.bytes

    def lost(self) -> None:
        self.traffic.on_bytes(-self.bytes)


class _Incoming(httpx2.SyncByteStream):
    def __init__(self, stream: Any, traffic: Traffic) -> None:
        self.stream, self.traffic = stream, traffic

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self.stream:
                self.traffic.received += len(piece)
                self.traffic.on_bytes(len(piece))
                yield piece
        except httpx2.ReadError as error:  # the library goes on within a file after any other break, but not this one
            raise httpx2.RemoteProtocolError(str(error)) from None

    def close(self) -> None:
        self.stream.close()


class HubClient(httpx2.Client):
    """A client of the Hub; `send` raises TryLaterError for 5xx, 408, 425, 429 and broken connections."""

    def __init__(self, traffic: Traffic, **settings: Any) -> None:
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
        super().__init__(follow_redirects=True, timeout=timeout, **settings)
        self.traffic = traffic

    def send(self, request: httpx2.Request, *, stream: bool = False, **settings: Any) -> httpx2.Response:
        body = None
        if request.method == "PUT":
            request.stream = body = _Outgoing(request.stream, self.traffic)
        try:
            response = super().send(request, stream=stream, **settings)
            _raise_for_later(response)
        except (httpx2.TransportError, TryLaterError) as error:
            if body:
                body.lost()
            raise error if isinstance(error, TryLaterError) else TryLaterError(told(error)) from None
        if body:
            (body.arrived if response.is_success else body.lost)()
        if stream:
            response.stream = _Incoming(response.stream, self.traffic)
        return response


def _raise_for_later(response: httpx2.Response) -> None:
    status = response.status_code
    if status in _TEMPORARY or (status >= 500 and status not in _NEVER):
        response.close()
        raise TryLaterError(f"HTTP {status}", retry_after_s(response.headers.get("retry-after", "")))


def told(error: BaseException) -> str:
    """A broken connection in a person's words."""
    match error:
        case httpx2.ConnectTimeout():
            return f"no connection within {_patience_s(error, 'connect'):g} s"
        case httpx2.TimeoutException():
            return f"no sign of life for {_patience_s(error, 'read'):g} s"
        case httpx2.ConnectError():
            return f"no connection: {error}"
    return f"the connection broke: {error}" if str(error) else "the connection broke"


def _patience_s(error: httpx2.TimeoutException, of: str) -> float:
    """How long its request waited: the library gives some requests less than this client would."""
    return float(error.request.extensions["timeout"][of])


def library() -> Any:
    """`huggingface_hub.utils`, which hands out its names so late that no type checker sees them."""
    from huggingface_hub import utils

    return utils


def use_client(traffic: Traffic) -> None:
    """Let `huggingface_hub` speak through a `HubClient` in this process, and neither draw bars nor log."""
    from huggingface_hub import set_client_factory

    utils = library()
    utils.disable_progress_bars()
    utils.logging.set_verbosity_error()
    hooks = utils.get_session().event_hooks  # the library's own: offline mode, request ids
    set_client_factory(lambda: HubClient(traffic, event_hooks=hooks))


def scrub(text: object, token: str | None) -> str:
    """A text without the token, without names and passwords in URLs, and without their signed queries."""
    line = str(text)
    for secret in filter(None, (token, quote(token or "", safe=""))):
        line = line.replace(secret, "***")
    line = re.sub(r"hf_\w{6,}", "hf_***", line)
    line = re.sub(r"(\w+://)[^\s/]+@", r"\1***@", line)
    return re.sub(r"(https?://[^\s?'\"]+)\?[^\s'\")]+", r"\1", line)


def cause_of(error: BaseException, *kinds: type[BaseException]) -> BaseException | None:
    """The first of these kinds among an error and what it came from; the library wraps what threads raise."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        if isinstance(one, kinds):
            return one
        seen.add(id(one))
        one = one.__cause__ or one.__context__
    return None


def close_client() -> None:
    """Close the connections; one may be broken."""
    with suppress(Exception):
        library().close_session()
