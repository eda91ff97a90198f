"""Who does the work of a build: tasks in any process or machine, and the decisions over all documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

from builders.engine.store import WorkStore
from builders.steps import Corpus, Fate


class Task(Protocol):
    """A piece of work that leaves its result in the store."""

    @property
    def key(self) -> str: ...

    def run(self, store: WorkStore) -> dict[str, Any]: ...


class Workers:
    """Does what a build asks for; a context that lasts for the build. What is done elsewhere is said by subclasses.

    Where the work is done changes neither keys nor bytes: what one kind of workers has finished, another one finds.
    """

    def __init__(self, store: WorkStore, count: int, private: str = "") -> None:
        self.store, self.count, self.private = store, count, private

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        return None

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
        for place, result in self.finish([(place, *tasks[place]) for place in todo]):
            results[place] = result
            done(tasks[place][1])
        return [result for result in results if result is not None]

    def finish(self, todo: Sequence[tuple[int, Task, int]]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The results of tasks that have none yet, in any order; each task has its place and size with it."""
        raise NotImplementedError

    def decide(self, corpus: Corpus, folders: Sequence[Path]) -> Iterable[dict[int, Fate]]:
        """What `corpus.decide(folders)` gives."""
        return corpus.decide(folders)
