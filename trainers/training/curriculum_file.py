"""The file of a curriculum: stages of training with their data and settings; every mistake in it at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainers.settings import shown, takes
from trainers.training.train_settings import TASKS, TrainSettings
from validators.errors import SikuError, nearest

KEYS = ("task", "set", "stage")
STAGE_KEYS = ("name", "task", "data", "set")
NAME = re.compile(r"\w[\w.-]*")  # it becomes part of a folder's name


@dataclass(frozen=True)
class Stage:
    """One stage: `values` are its settings as text. Its folder is `1-name`."""

    number: int
    name: str
    task: str
    data: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return f"{self.number}-{self.name}"


def read_curriculum(file: Path, given: Mapping[str, Any]) -> tuple[list[Stage], list[SikuError]]:
    """The stages of a file, with the settings `given` beside it above all, and what is wrong with the file.

    Raises SikuError (exit 2) where it cannot be read as TOML. Stages in which something is wrong are left out.
    """
    content = _read(file)
    problems = [_unknown(str(file), key, KEYS) for key in content if key not in KEYS]
    tables = content.get("stage", [])
    if not (isinstance(tables, list) and tables and all(isinstance(one, dict) for one in tables)):
        why, next = "there is nothing to train", '[[stage]] with name = "..." and data = "..."'
        return [], [*problems, SikuError("the curriculum has no [[stage]]", where=str(file), why=why, next=next)]
    shared = _settings(content, str(file), problems)
    tasks = [one.get("task", content.get("task")) for one in tables]
    stages = []
    for number, (table, task) in enumerate(zip(tables, tasks, strict=True), start=1):
        where = f"{file}, stage {number}" + (f" ({table['name']})" if isinstance(table.get("name"), str) else "")
        found = _stage_problems(table, task, where)
        own = _settings(table, where, found)
        problems += found
        if not found:
            values = _shared(shared, task, tasks) | own | _shared(given, task, tasks)
            said = {name: _text(value) for name, value in values.items()}
            stages.append(Stage(number, table["name"], task, _data(file, table["data"]), said))
    return stages, [*problems, *_same_names(tables, file)]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        why = error.strerror or str(error)
        raise SikuError("the curriculum cannot be read", where=str(file), why=why, next="--data FILE.toml") from error
    except ValueError as error:  # TOML, UTF-8
        raise SikuError("the curriculum is no TOML", where=str(file), why=str(error), next="https://toml.io") from error


def _unknown(where: str, key: str, known: Sequence[str]) -> SikuError:
    return SikuError(
        f"{key}: there is no such key", where=where, why=nearest(key, known), next=f"of: {', '.join(known)}"
    )


def _settings(table: Mapping[str, Any], where: str, problems: list[SikuError]) -> dict[str, Any]:
    settings = table.get("set", {})
    if isinstance(settings, dict):
        return settings
    problems.append(
        SikuError("set must be a table", where=where, why="it holds settings", next="set = { learning_rate = 1e-4 }")
    )
    return {}


def _stage_problems(table: Mapping[str, Any], task: Any, where: str) -> list[SikuError]:
    problems = [_unknown(where, key, STAGE_KEYS) for key in table if key not in STAGE_KEYS]
    for key in ("name", "data"):
        value = table.get(key)
        if not (isinstance(value, str) and value.strip()):
            problems.append(
                SikuError(f"the stage has no {key}", where=where, why="every stage has one", next=f'{key} = "..."')
            )
        elif key == "name" and not NAME.fullmatch(value):
            why = "it becomes part of a folder's name: letters, digits, _, . and -"
            problems.append(
                SikuError(f"the stage cannot be called {value!r}", where=where, why=why, next="another name")
            )
    if task is None:
        problems.append(
            SikuError("the stage has no task", where=where, why="nor has the file", next=f"task = {' or '.join(TASKS)}")
        )
    elif task not in TASKS:
        problems.append(
            SikuError(
                f"there is no task {task!r}", where=where, why=nearest(str(task), TASKS), next=f"of: {', '.join(TASKS)}"
            )
        )
    return problems


def _same_names(tables: Sequence[Mapping[str, Any]], file: Path) -> list[SikuError]:
    names = [table["name"] for table in tables if isinstance(table.get("name"), str)]
    return [
        SikuError(
            f"{names.count(name)} stages are called {name!r}",
            where=str(file),
            why="a name stands for one stage",
            next="another name for each",
        )
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def _shared(values: Mapping[str, Any], task: str, tasks: Sequence[Any]) -> dict[str, Any]:
    """Settings for all stages, without those that only the tasks of other stages have."""
    others = {key for other in tasks if other in TASKS for key in takes(TrainSettings, other)}
    only_theirs = others - takes(TrainSettings, task)
    return {name: value for name, value in values.items() if name not in only_theirs}


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else shown(value)


def _data(file: Path, data: str) -> str:
    """A folder relative to the file; what is none is the name of a dataset."""
    folder = file.parent / Path(data).expanduser()
    return str(folder) if folder.is_dir() else data
