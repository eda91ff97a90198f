"""Local pages as people see them: the real command in a process of its own, and Chromium without a window."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import command

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
START_S = 60.0  # a loaded machine of CI


@dataclass
class Served:
    """A command that serves a page."""

    url: str
    process: subprocess.Popen[str]

    def stop(self, how: int = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=30)


Serve = Callable[..., Served]
Look = Callable[..., Any]


@pytest.fixture
def serve_page(tmp_path: Path) -> Iterator[Serve]:
    """Start `siku WORDS --json` in a folder of its own and wait for its address; all are stopped at the end.

    >>> page = serve_page("view", folder); page.url; page.stop()
    """
    started: list[Served] = []

    def start(*words: str | Path, cwd: Path = tmp_path, **environment: str) -> Served:
        python, rest = command(*words)[:3], command(*words)[3:]
        python += ["-W", "ignore::ResourceWarning"]  # Gradio leaves event loops and their sockets behind
        log = (tmp_path / f"served-{len(started)}.log").open("w")
        process = subprocess.Popen(
            [*python, *rest, "--json"],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=cwd,
            env=os.environ | environment,
        )
        log.close()
        assert process.stdout is not None
        line = process.stdout.readline()
        assert '"url"' in line, f"no page: {line} {Path(log.name).read_text()}"
        started.append(Served(json.loads(line)["url"], process))
        return started[-1]

    yield start
    for one in started:
        one.stop()
        assert one.process.stdout is not None
        one.process.stdout.close()
    for path in tmp_path.glob("served-*.log"):
        assert "Traceback" not in path.read_text(), path.read_text()


@pytest.fixture
def look() -> Iterator[Look]:
    """Open an address in Chromium: `look(url, width=390, dark=True)` is a Playwright page (sync API).

    `page.problems` are what its scripts complained of and what it asked of other machines; it has to stay empty.
    """
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pages: list[Any] = []

        def open_page(url: str, width: int = 1280, height: int = 900, dark: bool = False) -> Any:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale="en-GB"
            )
            page = context.new_page()
            page.problems = []
            page.on("pageerror", lambda error: page.problems.append(str(error)))
            page.on("dialog", lambda dialog: (page.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
            page.on("request", lambda request: _note_foreign(page, request.url, url))
            page.set_default_timeout(20_000)
            page.goto(url)
            pages.append(page)
            return page

        yield open_page
        chromium.close()
    for page in pages:
        assert not page.problems


def _note_foreign(page: Any, asked: str, own: str) -> None:
    if not asked.startswith((own, "data:", "blob:")):
        page.problems.append(f"asked for {asked}")


def assert_fits(page: Any) -> None:
    """Nothing is wider than the window."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= window, f"{wide} px in a window of {window} px"
