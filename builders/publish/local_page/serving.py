"""Serving a local page: the flags of its command, its address, its look, and its end by Ctrl-C."""

from __future__ import annotations

import gc
import hmac
import ipaddress
import json
import os
import socket
import sys
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from builders import __version__
from builders.extra import need_extra
from builders.publish.local_page.guard import Guard
from builders.publish.page import Html, element
from validators.command_line import Args, flag
from validators.errors import SikuError

PASSWORD = "SIKU_PAGE_PASSWORD"
FIRST_PORT, PORTS = 7860, 100
LOOPBACK = "127.0.0.1"
HERE = Path(__file__).parent
SANS = ("system-ui", "-apple-system", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace")
_QUEUE = {"GRADIO_DEFAULT_CONCURRENCY_LIMIT": "8"}  # saying it to the blocks would make their app once more
PAGE_FLAGS = (
    flag(
        "--host", default=LOOPBACK, metavar="ADDRESS", help=f"address to serve on (default: {LOOPBACK}, this machine)"
    ),
    flag("--port", type=int, metavar="N", help=f"port (default: a free one from {FIRST_PORT} on)"),
    flag("--password", default="", metavar="WORD", help=f"ask for it; {PASSWORD} is better, since others see commands"),
    flag("--open", action="store_true", help="open the page in the browser"),
)


def bind(args: Args) -> socket.socket:
    """The socket that a page will be served on; first thing to do, before anything heavy is loaded.

    Raises SikuError for a port that is taken, an address that is none, one beyond this machine without a password, and
    where the extra [ui] is missing.
    """
    need_extra("ui")
    if not _is_loopback(args.host) and not password_of(args):
        raise SikuError(
            f"--host {args.host} lets others see this page, so it needs a password",
            where="--host",
            next=f"set {PASSWORD}, or --password WORD; without --host only this machine sees the page",
        )
    if args.port is not None and not 0 < args.port < 65536:
        raise SikuError(f"--port {args.port} cannot be", why="ports are 1 to 65535", next="--port with another number")
    wanted = [args.port] if args.port is not None else range(FIRST_PORT, FIRST_PORT + PORTS)
    why = ""
    for port in wanted:
        try:
            return socket.create_server((args.host, port), family=_family(args.host))
        except OSError as error:
            why = error.strerror or str(error)
    raise SikuError(
        f"nothing can be served on {args.host}, port {args.port or f'{FIRST_PORT} to {FIRST_PORT + PORTS - 1}'}",
        where="--port" if args.port is not None else "--host",
        why=why,
        next="--port with another number; without it a free one is taken",
    )


def load_gradio() -> Any:
    """The module `gradio`, loaded quickly and without a word to anybody.

    Without the collector, which finds nothing while modules are loaded, it takes 2.0 s instead of 2.6.
    """
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1", **_QUEUE)
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what its packages think of each other is nothing a user can change
            import gradio
        gc.freeze()
    finally:
        if collecting:
            gc.enable()
    return gradio


def make_blocks(title: str) -> Any:
    """An empty `gradio.Blocks` to be filled with `with`; events of one page do not wait for each other's functions."""
    return load_gradio().Blocks(title=title, analytics_enabled=False, fill_width=True)


def header(title: str, detail: str = "") -> Html:
    """The line on top of a page: what it is, and siku's version."""
    return element(
        "div",
        element("strong", title),
        element("span", detail, class_="soft", lang="zh") if detail else None,
        element("span", f"siku {__version__}", class_="soft version"),
        class_="siku-header",
    )


def password_of(args: Args) -> str:
    return str(args.password or os.environ.get(PASSWORD, ""))


def serve(
    blocks: Any, args: Args, on: socket.socket, *, keys: dict[str, str] | None = None, style: Path | None = None
) -> int:
    """Serve until Ctrl-C, which is how a page ends: exit code 0.

    `keys` are from key to the `elem_id` of the button that it presses (see page.js); `style` is a further style sheet.
    With a password the page asks for a name, too: it is `gradio.Request.username` in the functions of events.
    """
    import uvicorn

    address = f"http://{_url_host(args.host)}:{on.getsockname()[1]}/"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = _app(blocks, args, keys or {}, style)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", access_log=False, timeout_graceful_shutdown=1, ws="none")
        )
        try:
            server.run(sockets=[_told(on, address, args)])
        except KeyboardInterrupt:
            pass
        finally:
            on.close()
    return 0


def _told(on: socket.socket, address: str, args: Args) -> socket.socket:
    """Say where the page is. The socket listens already, so who comes too early only waits."""
    print(f"serving at {address}  (Ctrl-C stops it)", file=sys.stderr, flush=True)
    if args.json:
        print(json.dumps({"url": address}), flush=True)
    if args.open:
        import webbrowser

        webbrowser.open(address)
    return on


def _app(blocks: Any, args: Args, keys: dict[str, str], style: Path | None) -> Any:
    import fastapi

    gradio = load_gradio()
    with blocks:
        blocks.load(_stay, None, None, show_progress="hidden", concurrency_limit=None, api_visibility="private")
    sheets = [HERE / "page.css", *([style] if style else [])]
    word = password_of(args)
    app = gradio.mount_gradio_app(
        fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        blocks,
        "/",
        auth=_keeper(word) if word else None,
        auth_message="Your name, and the password of this page",
        theme=gradio.themes.Base(font=SANS, font_mono=MONO, radius_size="sm", spacing_size="sm", primary_hue="teal"),
        css="\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets),
        head=_script(keys),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        show_error=False,
        allowed_paths=[],
        blocked_paths=["/"],
        max_file_size=0,
    )
    return Guard(
        app, frozenset({"127.0.0.1", "localhost", "::1", args.host.lower()}) if _is_loopback(args.host) else None
    )


async def _stay() -> AsyncIterator[None]:
    """An event that never ends, one for each window.

    Gradio's front end closes the stream of answers whenever the last event has ended. What is pressed at that moment is
    taken back by the server, or its answer is never shown: of fast keys, some were lost.
    """
    import asyncio  # every command reads this file for its flags, and few need what serves

    while True:
        await asyncio.sleep(3600)
        yield


def _script(keys: dict[str, str]) -> str:
    pressed = json.dumps(keys).replace("<", "\\u003c")
    return f"<script>const SIKU_KEYS = {pressed};\n{(HERE / 'page.js').read_text(encoding='utf-8')}</script>"


def _keeper(word: str) -> Callable[[str, str], bool]:
    def may_enter(name: str, given: str) -> bool:
        return bool(name.strip()) and hmac.compare_digest(given.encode(), word.encode())

    return may_enter


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def legend(words: dict[str, str]) -> Html:
    """The keys of a page for the eye: from the key as it is shown to what it does."""
    return element(
        "ul", *(element("li", element("kbd", key), " ", what) for key, what in words.items()), class_="legend"
    )
