"""A log of what an endpoint was asked and what it delivered, for proofs that survive a kill of either side."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

GOOD = ("", "thinking", "prose")  # replies with these faults hold a whole answer


class Log:
    """JSON lines, each written at once: what was logged is there even if the server is killed the moment after."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._run = f"{os.getpid()}.{time.monotonic_ns()}"  # a log may be gone on with by the next server

    def write(self, event: str, of: Mapping[str, Any]) -> None:
        line = {"event": event, **of, "monotonic_ns": time.monotonic_ns(), "unix_s": time.time(), "run": self._run}
        os.write(self._file, orjson.dumps(line) + b"\n")

    def close(self) -> None:
        os.close(self._file)


@dataclass
class Logged:
    """A request as the log tells it; `delivered_ns` is monotonic time of the machine, None until all has left."""

    number: int
    digest: str
    seen: int
    asked_ns: int
    asked_unix_s: float
    delivered_ns: int | None = None
    delivered_unix_s: float | None = None
    status: int | None = None
    fault: str = ""


def read_log(path: Path) -> list[Logged]:
    """The exchanges of a log, in the order of asking; a line that a kill cut off does not count."""
    exchanges: dict[tuple[str, int], Logged] = {}
    for line in path.read_bytes().split(b"\n")[:-1]:
        entry = orjson.loads(line)
        key = (entry["run"], entry["number"])
        if entry["event"] == "request":
            told = (entry["digest"], entry["seen"], entry["monotonic_ns"], entry["unix_s"])
            exchanges[key] = Logged(entry["number"], *told)
        elif entry["event"] == "reply":
            one = exchanges[key]
            one.delivered_ns, one.delivered_unix_s = entry["monotonic_ns"], entry["unix_s"]
            one.status, one.fault = entry["status"], entry["fault"]
    return list(exchanges.values())


def paid_again(exchanges: list[Logged], killed_ns: int, margin_ns: int = 100_000_000) -> list[Logged]:
    """Good replies that had been delivered well before a kill of the client, and were asked for again after it."""
    again = {one.digest for one in exchanges if one.asked_ns > killed_ns}
    had = (one for one in exchanges if one.delivered_ns and one.delivered_ns < killed_ns - margin_ns)
    return [one for one in had if one.status == 200 and one.fault in GOOD and one.digest in again]
