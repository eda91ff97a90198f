"""Model folders and GGUF files of this machine, each served to the arena by a process of its own on loopback.

Run as a file it is such a process: it serves until its standard input ends, which is when its parent does, however that
was killed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S, STOP_TIMEOUT_S, GLANCE_S = 600.0, 5.0, 0.1
LOG_CHARS = 300
ENDS = ("bos_token_id", "eos_token_id", "pad_token_id")


@contextlib.contextmanager
def served(path: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The address, the model's name there and its generation config, for as long as the block.

    Raises SikuError (exit 2) for a path that is no model and where packages are missing, 4 where the server does not
    come up. `tell` is given a line before the wait.
    """
    from validators.errors import SikuError

    kind = _kind(path)
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        words = [sys.executable, "-P", str(Path(__file__).resolve()), kind, str(path.resolve()), str(port)]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
        try:
            tell(f"starting {path.name} ({'xllamacpp' if kind == 'gguf' else 'transformers serve'})")
            url = f"http://{LOOPBACK}:{port}"
            if not _comes_up(process, f"{url}/health"):
                log.seek(0)
                last = " ".join(log.read().decode("utf-8", "replace").split())[-LOG_CHARS:]
                raise SikuError(
                    "the model cannot be served", where=str(path), why=last or "it said nothing", exit_code=4
                )
            yield f"{url}/v1", _name(path, kind), {} if kind == "gguf" else generation_config(path)
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _kind(path: Path) -> str:
    """`folder` or `gguf`. Raises SikuError for anything else, and for packages that are missing."""
    from builders.extra import how_to_install
    from validators.errors import SikuError

    if path.suffix.lower() == ".gguf" and path.is_file():
        if importlib.util.find_spec("xllamacpp") is None:
            raise SikuError(
                "a GGUF file is served by xllamacpp, which is not installed",
                where=str(path),
                next=f"pip install xllamacpp; or llama-server -m {path.name}, and --endpoint NAME=127.0.0.1:8080",
            )
        return "gguf"
    if not (path / "config.json").is_file():
        why = "it has no config.json" if path.is_dir() else "there is no such folder" if not path.exists() else "a file"
        raise SikuError("--model is no model", where=str(path), why=why, next="a folder with config.json, or a .gguf")
    if missing := [
        name for name in ("torch", "transformers", "uvicorn", "fastapi") if not importlib.util.find_spec(name)
    ]:
        raise SikuError(
            "a model folder is served by `transformers serve`",
            where=str(path),
            why=f"there is no {', '.join(missing)}",
            next=how_to_install("train"),
        )
    return "folder"


def _name(path: Path, kind: str) -> str:
    """What the server calls the model: `transformers serve` goes by its path."""
    return path.stem if kind == "gguf" else str(path.resolve())


def generation_config(folder: Path) -> dict[str, Any]:
    """The model's own generation config; `transformers serve` has to be told all of it where one value is to differ."""
    for file, names in (("generation_config.json", None), ("config.json", ENDS)):
        try:
            found = json.loads((folder / file).read_bytes())
        except (OSError, ValueError):
            continue
        return {name: value for name, value in found.items() if names is None or name in names}
    return {}


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listening:
        return int(listening.getsockname()[1])


def _comes_up(process: subprocess.Popen[bytes], health: str) -> bool:
    """Whether the server answers before it ends or START_TIMEOUT_S are over."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), opener.open(health, timeout=5) as answer:
            return bool(answer.status == 200)
        time.sleep(GLANCE_S)
    return False


# ---------------------------------------------------------------- the process that serves


def _serve(kind: str, path: str, port: int) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if kind == "gguf":
        _serve_gguf(path, port)
        return
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers.cli.transformers import main

    sys.argv = ["transformers", "serve", path, "--host", LOOPBACK, "--port", str(port)]
    serve: Any = main
    serve()


def _serve_gguf(path: str, port: int) -> None:
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path, settings.model_alias = path, {Path(path).stem}
    settings.hostnames, settings.port = [LOOPBACK], port
    settings.n_parallel, settings.warmup = 4, False
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    threading.Event().wait()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # a server that is let go finishes its answers first


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
