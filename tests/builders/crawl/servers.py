"""A real server on loopback that behaves as it is told, well or badly, and remembers what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """A request as the server saw it."""

    path: str
    headers: dict[str, str]
    at: float
    done_at: float = 0.0


@dataclass(frozen=True)
class Reply:
    """What the server answers; `send` writes the body in its own way, to the raw connection."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    send: Callable[[BaseHTTPRequestHandler], None] | None = None


Route = Reply | Callable[[Asked], Reply]


def page(title: str, body: str, **headers: str) -> Reply:
    text = f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body>{body}</body></html>"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(text.encode(), headers={"content-type": "text/html; charset=utf-8"} | given)


def moved(target: str, status: int = 302) -> Reply:
    return Reply(status=status, headers={"location": target})


class LoopbackSite:
    """Routes by path (with query); what has no route is 404."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[Asked] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each answer waits 40 ms for the client to acknowledge its head

            def do_GET(self) -> None:
                asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, time.monotonic())
                site.asked.append(asked)
                route = site.routes.get(self.path, Reply(b"nothing here", 404))
                with suppress(OSError):  # the client has had enough
                    self._answer(route(asked) if callable(route) else route)
                asked.done_at = time.monotonic()

            def _answer(self, reply: Reply) -> None:
                self.send_response(reply.status)
                headers = dict(reply.headers)
                if reply.send is None:
                    headers.setdefault("content-length", str(len(reply.body)))
                else:
                    headers.setdefault("connection", "close")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.send:
                    reply.send(self)
                    self.close_connection = True
                elif reply.status != 304:
                    self.wfile.write(reply.body)

            def log_message(self, *_: Any) -> None:
                """Nothing on standard error."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """A client that has gone is nothing to talk about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def paths(self, *, robots: bool = False) -> list[str]:
        return [asked.path for asked in self.asked if robots or asked.path != "/robots.txt"]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def loopback_site() -> Iterator[LoopbackSite]:
    site = LoopbackSite()
    try:
        yield site
    finally:
        site.stop()
