"""A Ray cluster: tried before it is trusted, and watched while it works.

Ray itself tries for minutes to reach what does not answer, and ends the whole program where a cluster dies.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from queue import Empty, Queue
from typing import TypeVar

from validators.errors import SikuError

TRIAL_TIMEOUT_S = 30
KNOCK_TIMEOUT_S = 10
LOOK_EVERY_S = 2
_ITEMS_AHEAD = 16
LOST_AFTER_S = 20  # without an answer; Ray ends the program after 60
ON_LOOPBACK = (
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"  # at 0 Ray takes 127.0.0.1 for the machine's address, on Linux as well
)
_TRIAL = "import logging, ray, sys; ray.init(sys.argv[1], log_to_driver=False, logging_level=logging.ERROR)"
_NEXT = "--ray-address HOST:PORT of a cluster that runs, or --engine daft on this machine"

Item = TypeVar("Item")


class RayCluster:
    """The connection of this process to a cluster at `address`, or to one that it starts itself where that is empty."""

    def __init__(self, address: str, environment: dict[str, str]) -> None:
        self.address, self._environment = address, environment
        self._door: tuple[str, int] | None = None
        self._answered = 0.0
        self._lost = False

    def connect(self, processes: int) -> int:
        """How many tasks it can do at once: its cores, or `processes` where it is started here.

        Raises SikuError (exit 4) where it cannot be reached.
        """
        if self.address:
            self._try()
        else:
            os.environ.setdefault(ON_LOOPBACK, "0")  # before Ray is imported
        import ray

        common = {
            "log_to_driver": False,
            "logging_level": logging.ERROR,
            "runtime_env": {"env_vars": self._environment},
        }
        try:
            if self.address:
                ray.init(address=self.address, **common)
            else:
                ray.init("local", num_cpus=processes, include_dashboard=False, _node_ip_address="127.0.0.1", **common)
        except (OSError, RuntimeError, ValueError) as error:
            raise self._unreachable(str(error).partition("\n")[0]) from error
        self._door = _host_port(self.address) or _host_port(ray.get_runtime_context().gcs_address)
        self._answered = time.monotonic()
        return max(1, int(ray.cluster_resources().get("CPU", 1))) if self.address else processes

    def leave(self) -> None:
        """Close the connection; where the cluster is lost nobody is there to be told."""
        if not self._lost:
            import ray

            ray.shutdown()

    def watched(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items, made in a thread of its own: a wait for a cluster that is lost could not be broken off.

        Raises SikuError (exit 4) where the cluster is lost.
        """
        found: Queue[tuple[Item | None, BaseException | None]] = Queue(_ITEMS_AHEAD)

        def make() -> None:
            try:
                for item in items:
                    found.put((item, None))
                found.put((None, StopIteration()))
            except BaseException as error:
                found.put((None, error))

        threading.Thread(target=make, daemon=True).start()
        while True:
            try:
                item, error = found.get(timeout=LOOK_EVERY_S)
            except Empty:
                self._look()
                continue
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise self._meant(error) from error
            yield item  # type: ignore[misc]

    def _look(self) -> None:
        """Raise SikuError if the cluster has not answered for some time."""
        if self._answers():
            self._answered = time.monotonic()
        elif time.monotonic() - self._answered > LOST_AFTER_S:
            raise self._gone(f"nobody has answered there for {LOST_AFTER_S} s")

    def _answers(self) -> bool:
        try:
            _knock(self._door)
        except OSError:
            return False
        return True

    def _meant(self, error: BaseException) -> BaseException:
        """What an error of the engine means: where the cluster is gone, that."""
        if isinstance(error, SikuError):
            return error
        import ray

        told = (str(error).strip() or type(error).__name__).splitlines()[0].partition(": RpcError")[0]
        if not self._answers():
            return self._gone(told)
        if isinstance(error, ray.exceptions.RayError) and not isinstance(error, ray.exceptions.RayTaskError):
            return self._gone(told, "the Ray cluster has lost a part of itself")
        return error

    def _gone(self, why: str, what: str = "the Ray cluster is gone") -> SikuError:
        self._lost = True
        return SikuError(
            what,
            where=self.address or "on this machine",
            why=why,
            next="the same command goes on from the finished tasks: with a cluster that runs, or without --engine",
            exit_code=4,
        )

    def _try(self) -> None:
        """Connect in a process that can be ended: Ray tries for minutes, and writes what it finds on stderr."""
        try:
            _knock(_host_port(self.address))
            command = [sys.executable, "-c", _TRIAL, self.address]
            tried = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise self._unreachable(f"what answers there is no Ray: not ready after {TRIAL_TIMEOUT_S} s") from error
        except OSError as error:
            raise self._unreachable(error.strerror or str(error)) from error
        if tried.returncode:
            raise self._unreachable(_reason(tried.stderr))

    def _unreachable(self, why: str) -> SikuError:
        what = "the Ray cluster cannot be reached" if self.address else "Ray does not start"
        return SikuError(what, where=self.address, why=why, next=_NEXT, exit_code=4)


def _reason(errors: str) -> str:
    if "InvalidAuthToken" in errors or "AuthenticationError" in errors:
        return "it refuses the token of this client (RAY_AUTH_TOKEN, or ~/.ray/auth_token)"
    told = [line for line in errors.splitlines() if "Error: " in line and not line.startswith((" ", "["))]
    return told[-1] if told else (errors.strip().splitlines() or ["Ray ended without a word"])[-1]


def _host_port(address: str) -> tuple[str, int] | None:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    return (host.strip("[]"), int(port)) if host and port.isdigit() else None


def _knock(door: tuple[str, int] | None) -> None:
    """Raise OSError where nobody listens."""
    if door:
        socket.create_connection(door, KNOCK_TIMEOUT_S).close()
