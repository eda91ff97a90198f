"""Execution on Daft: the tasks as a mapped function, on this machine or on the machines of a Ray cluster.

The work store has to be one folder for all of them, under one path: what a task leaves there is its result.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.ray_cluster import RayCluster
from builders.engine.recipe import load_private_module
from builders.engine.stages import ShardTask
from builders.engine.store import WorkStore
from builders.engine.workers import Task, Workers
from builders.steps import Corpus, Fate
from validators.errors import SikuError

ENGINES = {"daft": ("daft", "cluster"), "ray": ("ray", "ray")}  # the package that it takes, the extra that brings it
_QUIET = {  # what would call home, or write where a command writes
    "DAFT_ANALYTICS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "DAFT_PROGRESS_BAR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_FOLDERS = Path(__file__).parents[2]  # where `builders` and its neighbours lie, for processes that the engine starts


class DaftWorkers(Workers):
    """Runs tasks and the decision on near-duplicates on Daft, with its own runner ("daft") or with Ray ("ray")."""

    def __init__(self, store: WorkStore, count: int, private: str, engine: str, ray_address: str = "") -> None:
        package, extra = ENGINES[engine]
        missing = [name for name in ("daft", package) if find_spec(name) is None]
        if missing:
            raise SikuError(
                f"--engine {engine} needs {' and '.join(dict.fromkeys(missing))}",
                next=f"pip install 'siku[{extra}]' (or leave --engine out: the same bytes from one machine)",
            )
        super().__init__(WorkStore(store.root.absolute()), count, private)
        self._engine, self._ray_address = engine, ray_address or os.environ.get("RAY_ADDRESS", "")
        self._cluster: RayCluster | None = None
        witness = self.store.root / "tmp" / f"{os.getpid()}-{uuid.uuid4().hex}"
        self._sight = Sight(Path.cwd(), witness, private)

    def __enter__(self) -> Self:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        paths = [str(_FOLDERS), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))
        if self._engine == "ray":
            self._start_ray()
        else:
            _start_native(self.count)
        self._sight.witness.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        with contextlib.suppress(OSError):
            self._sight.witness.rmdir()
        if self._cluster:
            self._cluster.leave()

    def _start_ray(self) -> None:
        cluster = RayCluster(self._ray_address, {name: os.environ[name] for name in (*_QUIET, "PYTHONPATH")})
        self.count = cluster.connect(self.count)
        self._cluster = cluster
        import daft

        daft.set_runner_ray(noop_if_initialized=True)
        daft.context.set_execution_config(shuffle_aggregation_default_partitions=2 * self.count)

    def finish(self, todo: Sequence[tuple[int, Task, int]]) -> Iterator[tuple[int, dict[str, Any]]]:
        if not todo:
            return
        import daft

        places, tasks, _ = zip(*todo, strict=True)
        frame = daft.from_pydict({"place": list(places), "task": [pickle.dumps(task) for task in tasks]})
        processes = min(self.count, len(todo))
        if self._cluster:
            frame = frame.into_partitions(len(todo))
        run = _task_function(processes, self.store, self._sight)
        rows = frame.select("place", run(daft.col("task")).alias("done")).iter_rows()
        for row in self._cluster.watched(rows) if self._cluster else rows:
            result = pickle.loads(row["done"])
            if isinstance(result, BaseException):
                raise result
            yield row["place"], result

    def decide(self, corpus: Corpus, folders: Sequence[Path]) -> Iterable[dict[int, Fate]]:
        """On the engine for near-duplicates; any other decision is made here."""
        if isinstance(corpus, NearDuplicates) and corpus.engine == "siku":
            from builders.dedup.distributed.decision import decide

            at = [folder.absolute() for folder in folders]
            decision = decide(corpus, at)
            return self._cluster.watched(decision) if self._cluster else decision
        return super().decide(corpus, folders)


@dataclass(frozen=True)
class Sight:
    """What every machine has to see under the same path as the one where the build was started."""

    folder: Path  # where the command was given: relative paths begin there
    witness: Path  # an empty folder that this build keeps in its work store
    private: str  # the file of a recipe, or ""

    def take(self) -> None:
        """Go to the folder of the command. Raises SikuError where this machine does not see what it has to."""
        try:
            os.chdir(self.folder)
        except OSError as error:
            raise _not_seen(self.folder) from error
        if not self.witness.exists():
            raise _not_seen(self.witness.parents[1])
        if self.private:
            load_private_module(Path(self.private))

    def check(self, task: Task) -> None:
        """Raise SikuError where an input is missing here: a source would say that it is unreadable, and go on."""
        if isinstance(task, ShardTask) and task.before is None and not task.shard.path.exists():
            raise _not_seen(task.shard.path)


def _not_seen(path: Path) -> SikuError:
    return SikuError(
        f"the machine {socket.gethostname()} does not see what this build reads and writes",
        where=str(path),
        why="there is no such file or folder, or not the one of this build",
        next="inputs, --out and the folder where siku is run: on a file system that all see under one path",
    )


def _start_native(threads: int) -> None:
    import daft

    try:
        daft.set_runner_native(num_threads=threads)
    except Exception as error:  # an engine is chosen once in a process
        if daft.get_or_infer_runner_type() != "native":
            raise SikuError("this process has begun with another engine", why=str(error)) from error


def _task_function(processes: int, store: WorkStore, sight: Sight) -> Any:
    """Pickled tasks to their pickled results, or to what was raised, as a column function in processes of its own."""
    import daft

    @daft.cls(use_process=True, max_concurrency=processes)
    class TaskRunner:
        def __init__(self) -> None:
            self.taken = False

        @daft.method.batch(return_dtype=daft.DataType.binary(), batch_size=1)  # type: ignore[untyped-decorator, unused-ignore]
        def run(self, tasks: Any) -> list[bytes]:
            return [self.run_one(task) for task in tasks.to_pylist()]

        def run_one(self, task: bytes) -> bytes:
            try:
                if not self.taken:  # not in __init__, whose errors the engine would tell in its own way
                    sight.take()
                    self.taken = True
                loaded: Task = pickle.loads(task)
                sight.check(loaded)
                return pickle.dumps(loaded.run(store))
            except Exception as error:  # raised again where the build can tell what it means
                return pickle.dumps(error)

    return TaskRunner().run
