"""A Hub on loopback, datasets built once, and `siku` as people run it; nothing may ever hold the token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.corpora import passage
from tests.running import HOME, Ran, Siku, command
from tests.servers.hub import READER, TOKEN, Hub, serving


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as one:
        yield one


def surroundings(hub: Hub, folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    told = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(folder / "hf"), "NO_PROXY": "127.0.0.1"}
    told |= {"HF_HUB_OFFLINE": "0"}  # other tests' environment has it
    return kept | told | more


def _build(out: Path, version: str, *files: range) -> None:
    """A version from a file for each range of rows; the first row of the first is there twice."""
    texts = out.with_name(f"texts-{version}")
    texts.mkdir()
    for number, rows in enumerate(files):
        lines = [json.dumps({"id": f"r{n}", "text": passage(f"hub-{n}", 300)}, ensure_ascii=False) for n in rows]
        lines += [] if number else [lines[0].replace('"r0"', '"copy"')]
        (texts / f"{number}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ("build", "text-pretrain", "--input", texts, "--out", out, "--as", version, "--workers", "1", "-q")
    subprocess.run(command(*words), check=True, timeout=120)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """text-pretrain@1 and @2 (another file of rows more, the same dropped ones), dialogue-sft@1."""
    out = tmp_path_factory.mktemp("hub") / "out"
    _build(out, "1", range(20))
    _build(out, "2", range(20), range(20, 25))
    subprocess.run(command("build", "dialogue-sft", "--out", out, "--workers", "1", "-q"), check=True, timeout=120)
    return out


@pytest.fixture
def here(built: Path, tmp_path: Path) -> Path:
    """A folder with the datasets in `out`, to run in and to spoil."""
    shutil.copytree(built, tmp_path / "out", ignore=shutil.ignore_patterns(".siku"))
    return tmp_path


@pytest.fixture
def run(siku: Siku, hub: Hub, here: Path) -> Iterator[Siku]:
    """`siku WORDS` in `here` against the Hub; no output of it and no file of the test holds a token."""

    def ran(*words: str | Path, code: int | None = 0, **more: str) -> Ran:
        done = siku(*words, code=code, cwd=here, **surroundings(hub, here, **more))
        for token in (TOKEN, READER):
            assert token not in done.out + done.err
        return done

    yield ran
    for path in here.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert TOKEN.encode() not in content and READER.encode() not in content, path


@pytest.fixture
def begin(hub: Hub, here: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begin a command, to be killed."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen(command(*words), cwd=here, env=surroundings(hub, here), **pipes))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def python(hub: Hub, here: Path) -> Callable[..., str]:
    """Another Python with the same Hub: what it prints."""

    def ran(program: str) -> str:
        more = {"HF_DATASETS_CACHE": str(here / "cache"), "PYTHONPATH": str(HOME)}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=here,
            env=surroundings(hub, here, **more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return ran


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def contents(hub: Hub, name: str, revision: str = "main") -> dict[str, bytes]:
    """The files of a revision, without the Hub's own."""
    return {path: blob.data for path, blob in hub.tree(name, revision).items() if path != ".gitattributes"}
