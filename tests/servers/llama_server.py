"""llama.cpp's own server (PyPI: xllamacpp) in a process of its own on loopback.

Run as a file it is that process: it reads settings as JSON from its first argument, prints its address, and ends when its
standard input does, so that it never outlives the tests.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class LlamaSettings:
    """What the server is started with; each of `parallel` slots has `context_tokens / parallel` tokens."""

    model: Path
    parallel: int = 4
    context_tokens: int = 8192
    threads: int = (
        1  # so small a model gains nothing from two, which wait for each other on a busy machine: 3-10 times slower
    )
    http_threads: int = 16  # or waiting requests keep /health waiting, too
    api_key: str | None = None
    port: int = 0  # 0: the system finds a free one
    name: str = "tiny-qwen2"  # what /v1/models tells; the server answers to any name


class LlamaServer:
    """A running server: `url` is the endpoint, `log` is what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        self.address = self._started()
        self.url = self.address + "/v1"

    def _started(self) -> str:
        """The address, once the server answers there; RuntimeError if it does not."""
        assert self._process.stdout
        too_late = threading.Timer(START_TIMEOUT_S, self._process.kill)
        too_late.start()
        try:
            address = self._process.stdout.readline().decode().strip()  # empty when the process has ended
            while address and self.running:
                if _healthy(address):
                    return address
                time.sleep(0.05)
        finally:
            too_late.cancel()
        raise RuntimeError(f"the server did not start (exit code {self._process.wait()}):\n{self.log}")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def log(self) -> str:
        file = self._log.fileno()  # its position is the server's, too: read beside it
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self._process.kill()
        self._process.wait()


@contextmanager
def llama_server(settings: LlamaSettings) -> Iterator[LlamaServer]:
    """A server for as long as the block; RuntimeError with its log if it does not start, a note with it if the block fails."""
    with TemporaryFile() as log, _process(settings, log) as process:
        try:
            server = LlamaServer(process, log)
            try:
                yield server
            except BaseException as error:
                error.add_note(f"The llama server (running: {server.running}) said:\n{server.log}")
                raise
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _process(settings: LlamaSettings, log: IO[bytes]) -> subprocess.Popen[bytes]:
    words = [sys.executable, str(Path(__file__)), json.dumps(asdict(settings), default=str)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)


def _healthy(address: str) -> bool:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=START_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _serve(settings: LlamaSettings) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(settings.model), {settings.name}
    params.hostnames, params.port = ["127.0.0.1"], settings.port
    params.n_parallel, params.n_ctx = settings.parallel, settings.context_tokens
    params.cpuparams.n_threads, params.n_threads_http = settings.threads, settings.http_threads
    params.api_keys = [settings.api_key] if settings.api_key else []
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)  # a server that is let go finishes its answers first


if __name__ == "__main__":
    _serve(LlamaSettings(**json.loads(sys.argv[1])))
