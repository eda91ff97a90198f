"""A local page answers to this machine, about this dataset, and to nobody and nothing else."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders.engine.manifest import write_manifest
from builders.publish.page import verbatim
from tests.browser import Look, Serve
from tests.builders.publish.conftest import Made
from tests.running import Siku

CLOSED = (
    *("/gradio_api/file=/etc/passwd", "/gradio_api/file=cli.py", "/gradio_api/file=http://127.0.0.1:1/"),
    *("/file=/etc/passwd", "/gradio_api/upload", "/gradio_api/proxy=http://127.0.0.1:1/", "/gradio_api/openapi.json"),
    *("/static/../../../../etc/passwd", "/static/..%2f..%2f..%2fetc%2fpasswd", "/static//etc/passwd", "/docs"),
    *("/gradio_api/call/happen", "/gradio_api/run/happen", "/gradio_api/runs", "/monitoring", "/gradio_api/token"),
)


@pytest.fixture
def dataset(tmp_path: Path, make: Callable[[], Made]) -> Path:
    folder = tmp_path / "small" / "1"
    write_manifest(folder, make().write(folder) | {"files": {}})
    return folder


def ask(url: str, path: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body, with the path as it is given: `http.client` tidies nothing up."""
    parts = urllib.parse.urlsplit(url)
    assert parts.hostname and parts.port
    asked = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    asked.request(method, path, body or None, names)
    answer = asked.getresponse()
    told = (
        answer.status,
        {name.lower(): value for name, value in answer.getheaders()},
        answer.read().decode("utf-8", "replace"),
    )
    asked.close()
    return told


def test_what_is_served_and_what_is_not(dataset: Path, serve_page: Serve) -> None:
    served = serve_page("view", dataset)
    assert served.url.startswith("http://127.0.0.1:")
    status, headers, page = ask(served.url, "/")
    assert status == 200 and "a-0000" in page
    assert "default-src 'self'" in headers["content-security-policy"] and headers["x-content-type-options"] == "nosniff"
    for path in CLOSED:
        status, _, body = ask(served.url, path)
        assert (status, body) == (404, "there is nothing here\n"), path
    own = served.url.rstrip("/")
    assert ask(served.url, "/", host="evil.example")[0] == 403
    assert ask(served.url, "/", host=f"localhost:{own.rpartition(':')[2]}")[0] == 200
    event = json.dumps({"event_id": "x"})
    posted = {"content_type": "application/json"}
    assert ask(served.url, "/gradio_api/reset", "POST", event, origin="http://evil.example", **posted)[0] == 403
    assert ask(served.url, "/gradio_api/reset", "POST", event, origin="null", **posted)[0] == 403
    assert ask(served.url, "/gradio_api/reset", "POST", event, origin=own, **posted)[0] == 200
    assert "cdn" not in page and "googleapis" not in page
    assert served.stop() == 0


def test_refusals_before_anything_is_served(dataset: Path, siku: Siku) -> None:
    others = siku("view", dataset, "--host", "0.0.0.0", code=2)
    assert "needs a password" in others.err and "SIKU_PAGE_PASSWORD" in others.err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}" in siku("view", dataset, "--port", port, code=2).err
    for port in ("0x", "-1", "70000"):
        siku("view", dataset, "--port", port, code=2)
    siku("view", dataset, "--host", "no.such.host.invalid", "--password", "x", code=2)
    assert "there is no dataset" in siku("view", "nothing", code=2).err


def enter(page: Any, word: str) -> None:
    fields = page.locator("input")
    fields.nth(0).fill("王 <b>")
    fields.nth(1).fill(word)
    page.get_by_role("button").first.click()


@pytest.mark.slow
def test_with_a_password_the_name_that_is_given_is_the_reviewer(dataset: Path, serve_page: Serve, look: Look) -> None:
    served = serve_page("view", dataset, SIKU_PAGE_PASSWORD="雪夜归人")
    page = ask(served.url, "/")[2]
    assert "a-0000" not in page, "nothing of the dataset before the password"
    assert ask(served.url, "/config")[0] == 401
    page = look(served.url)
    enter(page, "wrong")
    page.get_by_text("Incorrect").wait_for()
    enter(page, "雪夜归人")
    page.locator(".siku-row").first.wait_for()
    page.keyboard.press("a")
    page.locator("#message", has_text="kept as of 王 <b>").wait_for()
    kept = json.loads((dataset.parent / "1.reviews.jsonl").read_text())
    assert (kept["who"], kept["item"], kept["decision"]) == ("王 <b>", "a-0000", "accept")


def test_two_pages_take_two_ports(dataset: Path, serve_page: Serve) -> None:
    pages: list[str] = []
    both = [threading.Thread(target=lambda: pages.append(serve_page("view", dataset).url)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(set(pages)) == 2


def test_a_field_keeps_what_cannot_be_seen() -> None:
    assert verbatim("雪\u200b<b>&") == "雪\u200b&lt;b&gt;&amp;"
