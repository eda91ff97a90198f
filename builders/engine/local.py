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
from typing import Any, Protocol

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


def run_tasks(
    tasks: Sequence[tuple[Task, int]], store: WorkStore, workers: int, private: str, done: Callable[[int], None]
) -> list[dict[str, Any]]:
    """The results of all tasks, in their order. Each comes with the bytes that it stands for, for `done`.

    Finished work is not done again. The largest tasks start first, so that none is left alone at the end.
    """
    results: list[dict[str, Any] | None] = []
    for task, size in tasks:
        found = store.get(task.key)
        results.append(found[1] if found else None)
        if found:
            done(size)
    todo = sorted((place for place, result in enumerate(results) if result is None), key=lambda i: (-tasks[i][1], i))
    work = sum(tasks[place][1] for place in todo)
    finished: Iterator[tuple[int, dict[str, Any]]]
    if workers <= 1 or len(todo) <= 1 or work < POOL_MIN_BYTES:
        finished = ((place, tasks[place][0].run(store)) for place in todo)
    else:
        finished = _in_pool([(place, tasks[place][0]) for place in todo], store, workers, private)
    for place, result in finished:
        results[place] = result
        done(tasks[place][1])
    return [result for result in results if result is not None]


def _in_pool(
    todo: Sequence[tuple[int, Task]], store: WorkStore, workers: int, private: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(todo)), context, initializer=_start_worker, initargs=(private,))
    waiting = iter(todo)
    running: dict[Future[dict[str, Any]], int] = {}
    try:
        while True:
            while len(running) < workers * TASKS_AHEAD and (item := next(waiting, None)):
                running[pool.submit(item[1].run, store)] = item[0]
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        raise SikuError(
            "a worker process died",
            why="the system killed it, most likely for memory",
            next="the same command again goes on where it stopped; with less memory: --workers 1",
        ) from error
    finally:
        for process in list((pool._processes or {}).values()):
            if running:
                process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


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
