"""Local execution: the same tasks in this process or in a pool of workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Protocol, Self

from builders.engine.recipe import load_private_module
from builders.engine.store import WorkStore
from validators.errors import SikuError

POOL_MIN_BYTES = 4_000_000  # less work than this is done before a pool has started
TASKS_AHEAD = 4  # submitted per worker, so that a million tasks are not all in memory


class Task(Protocol):
    """A piece of work that leaves its result in the store."""

    @property
    def key(self) -> str: ...

    def run(self, store: WorkStore) -> dict[str, Any]: ...


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Runs tasks, in a pool of processes where the work is worth one; the pool starts once and lasts for a build."""

    def __init__(self, store: WorkStore, count: int, private: str = "") -> None:
        self.store, self.count, self.private = store, count, private
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._pool is None:
            return
        if kind is not None:  # whatever they are doing is not wanted any more, and nothing of it is lost
            for process in list((self._pool._processes or {}).values()):
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, tasks: Sequence[tuple[Task, int]], done: Callable[[int], None]) -> list[dict[str, Any]]:
        """The results of all tasks, in their order. Each comes with the bytes that it stands for, for `done`.

        Finished work is not done again. The largest tasks start first, so that none is left alone at the end.
        """
        results: list[dict[str, Any] | None] = []
        for task, size in tasks:
            found = self.store.get(task.key)
            results.append(found[1] if found else None)
            if found:
                done(size)
        todo = [place for place, result in enumerate(results) if result is None]
        todo.sort(key=lambda place: (-tasks[place][1], place))
        work = sum(tasks[place][1] for place in todo)
        finished: Iterator[tuple[int, dict[str, Any]]]
        if self.count <= 1 or len(todo) <= 1 or (work < POOL_MIN_BYTES and self._pool is None):
            finished = ((place, tasks[place][0].run(self.store)) for place in todo)
        else:
            finished = self._in_pool([(place, tasks[place][0]) for place in todo])
        for place, result in finished:
            results[place] = result
            done(tasks[place][1])
        return [result for result in results if result is not None]

    def _in_pool(self, todo: Sequence[tuple[int, Task]]) -> Iterator[tuple[int, dict[str, Any]]]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            count = min(self.count, len(todo))
            self._pool = ProcessPoolExecutor(count, context, initializer=_start_worker, initargs=(self.private,))
        waiting = iter(todo)
        running: dict[Future[dict[str, Any]], int] = {}
        try:
            while True:
                while len(running) < self.count * TASKS_AHEAD and (item := next(waiting, None)):
                    running[self._pool.submit(item[1].run, self.store)] = item[0]
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        except BrokenProcessPool as error:
            raise SikuError(
                "a worker process died",
                why="the system killed it, most likely for memory",
                next="the same command again goes on where it stopped; with less memory: --workers 1",
            ) from error


def _start_worker(private: str) -> None:
    """Leave Ctrl-C to the parent, die with it, and know the steps of a private recipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    if private:
        load_private_module(Path(private))


def _die_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
