"""Execution on Daft: the tasks as a mapped function, on this machine or on the machines of a Ray cluster.

The work store has to be one folder for all of them, under one path: what a task leaves there is its result.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.recipe import load_private_module
from builders.engine.store import WorkStore
from builders.engine.workers import Task, Workers
from builders.steps import Corpus, Fate
from validators.errors import SikuError

ENGINES = {"daft": ("daft", "cluster"), "ray": ("ray", "ray")}  # the package that it takes, the extra that brings it
KNOCK_TIMEOUT_S = 10
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

    def __enter__(self) -> Self:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        paths = [str(_FOLDERS), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))
        if self._engine == "ray":
            self._start_ray()
        else:
            _start_native(self.count)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._engine == "ray":
            import ray

            ray.shutdown()

    def _start_ray(self) -> None:
        import daft
        import ray

        environment = {name: os.environ[name] for name in (*_QUIET, "PYTHONPATH")}
        common = {"log_to_driver": False, "logging_level": logging.ERROR, "runtime_env": {"env_vars": environment}}
        try:
            if self._ray_address:
                _knock(self._ray_address)
                ray.init(address=self._ray_address, **common)
            else:  # Ray 2.60 puts the machine's own address in place of this one
                ray.init("local", num_cpus=self.count, include_dashboard=False, _node_ip_address="127.0.0.1", **common)
        except (OSError, RuntimeError, ValueError) as error:
            raise SikuError(
                "the Ray cluster cannot be reached" if self._ray_address else "Ray does not start",
                where=self._ray_address,
                why=str(error).partition("\n")[0],
                next="--ray-address HOST:PORT of a cluster that runs, or --engine daft on this machine",
                exit_code=4,
            ) from error
        if self._ray_address:
            self.count = max(1, int(ray.cluster_resources().get("CPU", 1)))
        daft.set_runner_ray(noop_if_initialized=True)
        daft.context.set_execution_config(shuffle_aggregation_default_partitions=2 * self.count)

    def finish(self, todo: Sequence[tuple[int, Task, int]]) -> Iterator[tuple[int, dict[str, Any]]]:
        if not todo:
            return
        import daft

        places, tasks, _ = zip(*todo, strict=True)
        frame = daft.from_pydict({"place": list(places), "task": [pickle.dumps(task) for task in tasks]})
        processes = min(self.count, len(todo))
        if self._engine == "ray":
            frame = frame.into_partitions(len(todo))
        run = _task_function(processes, self.store, self.private)
        for row in frame.select("place", run(daft.col("task")).alias("done")).iter_rows():
            result = pickle.loads(row["done"])
            if isinstance(result, BaseException):
                raise result
            yield row["place"], result

    def decide(self, corpus: Corpus, folders: Sequence[Path]) -> list[dict[int, Fate]]:
        """On the engine for near-duplicates; any other decision is made here."""
        if isinstance(corpus, NearDuplicates) and corpus.engine == "siku":
            from builders.dedup.distributed.decision import decide

            return decide(corpus, [folder.absolute() for folder in folders])
        return super().decide(corpus, folders)


def _knock(address: str) -> None:
    """Raise OSError where nobody listens; Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), KNOCK_TIMEOUT_S).close()


def _start_native(threads: int) -> None:
    import daft

    try:
        daft.set_runner_native(num_threads=threads)
    except Exception as error:  # an engine is chosen once in a process
        if daft.get_or_infer_runner_type() != "native":
            raise SikuError("this process has begun with another engine", why=str(error)) from error


def _task_function(processes: int, store: WorkStore, private: str) -> Any:
    """Pickled tasks to their pickled results, or to what was raised, as a column function in processes of its own."""
    import daft

    @daft.cls(use_process=True, max_concurrency=processes)
    class TaskRunner:
        def __init__(self) -> None:
            if private:
                load_private_module(Path(private))

        @daft.method.batch(return_dtype=daft.DataType.binary(), batch_size=1)  # type: ignore[untyped-decorator, unused-ignore]
        def run(self, tasks: Any) -> list[bytes]:
            return [_run_task(task, store) for task in tasks.to_pylist()]

    return TaskRunner().run


def _run_task(task: bytes, store: WorkStore) -> bytes:
    try:
        loaded: Task = pickle.loads(task)
        return pickle.dumps(loaded.run(store))
    except Exception as error:  # raised again where the build can tell what it means
        return pickle.dumps(error)
