"""What a local page answers: the page itself and its events, to people who came to it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Gradio would also serve files, take uploads, fetch addresses and list its functions: nobody here needs that.
_PAGE = re.compile(
    r"/|/(?:config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|login|logout)/?|/(?:assets|static|svelte)/.+"
    r"|/gradio_api/(?:info|heartbeat/\w+|startup-events|queue/(?:join|data)|cancel|reset|component_server"
    r"|login_check|app_id|theme\.css)/?"
)
# The front end compiles its templates, hence 'unsafe-eval'; nothing is loaded from elsewhere or sent there.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """Around the page's app: 404 for other addresses, 403 for other hosts' names and pages; loads only from here.

    The name in the request is looked at where the page is on loopback alone: a name of some web site that was made to
    lead to 127.0.0.1 would otherwise be let in by the browser (DNS rebinding).
    """

    def __init__(self, app: App, names: frozenset[str] | None) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        host = headers.get("host", "")
        if self.names is not None and _name(host) not in self.names:
            await _refuse(send, 403, "this page answers to its own address only")
        elif "origin" in headers and headers["origin"].partition("://")[2] != host:
            await _refuse(send, 403, "another page may not ask this one")
        elif not _PAGE.fullmatch(scope["path"]) or "//" in scope["path"] or ".." in scope["path"].split("/"):
            await _refuse(send, 404, "there is nothing here")
        else:
            await self.app(scope, receive, _with_headers(send))


def _name(host: str) -> str:
    return re.sub(r":\d+$", "", host).strip("[]").lower()


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return sending


async def _refuse(send: Send, status: int, why: str) -> None:
    body = why.encode() + b"\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_HEADERS]})
    await send({"type": "http.response.body", "body": body})
