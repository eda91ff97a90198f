"""Local execution: the same tasks in this process or in a pool of workers."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from builders.engine.recipe import load_private_module
from builders.engine.workers import Task, Workers
from builders.steps import Corpus, Fate
from validators.errors import SikuError
from validators.interruption import uninterrupted

POOL_MIN_BYTES = 4_000_000  # less work than this is done before a pool has started
WORKERS_FROM = "forkserver"  # a process that has the modules already, and no threads: others are copies of it
TASKS_AHEAD = 4  # submitted per worker, so that a million tasks are not all in memory


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare(inputs: Sequence[Path], workers: int, modules: Iterable[str] = ()) -> None:
    """Let the process that workers are copied from load what they need, while this one does the same; once.

    Nothing happens where the inputs are too small for a pool.
    """
    if workers > 1 and _are_large(inputs):
        multiprocessing.get_context(WORKERS_FROM).set_forkserver_preload(["builders.engine.ready", *modules])
        # What is blocked here stays so there: a Ctrl-C, which all processes of a terminal get, is for this one alone.
        multiprocessing.resource_tracker.ensure_running()  # which would unblock it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            multiprocessing.forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _are_large(inputs: Sequence[Path]) -> bool:
    left = POOL_MIN_BYTES
    waiting = list(inputs)
    while waiting and left > 0:
        path = waiting.pop()
        try:
            if path.is_dir():
                waiting += path.iterdir()
            else:
                left -= path.stat().st_size
        except OSError:  # whoever reads it will say so
            continue
    return left <= 0


class LocalWorkers(Workers):
    """Runs tasks here, in a pool of processes where the work is worth one; it starts once and lasts for a build."""

    _pool: ProcessPoolExecutor | None = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._pool is None:
            return
        if kind is not None:  # whatever they are doing is not wanted any more, and nothing of it is lost
            for process in list((self._pool._processes or {}).values()):
                process.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def decide(self, corpus: Corpus, folders: Sequence[Path]) -> Iterable[dict[int, Fate]]:
        return corpus.decide(folders, self._pool)

    def finish(self, todo: Sequence[tuple[int, Task, int]]) -> Iterator[tuple[int, dict[str, Any]]]:
        work = sum(size for _, _, size in todo)
        if self.count <= 1 or len(todo) <= 1 or (work < POOL_MIN_BYTES and self._pool is None):
            return ((place, task.run(self.store)) for place, task, _ in todo)
        return self._in_pool([(place, task) for place, task, _ in todo])

    def _in_pool(self, todo: Sequence[tuple[int, Task]]) -> Iterator[tuple[int, dict[str, Any]]]:
        if self._pool is None:
            context = multiprocessing.get_context(WORKERS_FROM)
            count = min(self.count, len(todo))
            self._pool = ProcessPoolExecutor(count, context, initializer=_start_worker, initargs=(self.private,))
        waiting = iter(todo)
        running: dict[Future[dict[str, Any]], int] = {}
        try:
            while True:
                while len(running) < self.count * TASKS_AHEAD and (item := next(waiting, None)):
                    with uninterrupted():  # it may start a process, which would be left half started
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
