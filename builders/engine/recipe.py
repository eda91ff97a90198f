"""A recipe: what a dataset is made from and how. A Python value, read before it is run."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from builders.steps import Source
from validators.errors import SikuError, nearest
from validators.step import Step


@dataclass(frozen=True, kw_only=True)
class Output:
    """How the rows are written: documents as `id, text`, or conversations as `id, messages, parents`; then metadata.

    `part_mb` is the least size of the text in one Parquet part.
    """

    rows: Literal["text", "messages"] = "text"
    part_mb: int = 32
    row_group_rows: int = 1000
    facets: tuple[str, ...] = ()  # metadata columns whose values are counted for the report

    def __post_init__(self) -> None:
        if self.rows not in ("text", "messages"):
            raise SikuError(f"output.rows is {self.rows!r}, must be 'text' or 'messages'")
        if self.part_mb < 1 or self.row_group_rows < 1:
            raise SikuError("output.part_mb and output.row_group_rows are at least 1")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A named plan: one source, steps in order, an output.

    `version` is the version that `build` writes unless told otherwise; `summary` and `card` are for people.
    `examples` names the folder below `examples/` that is built when no input is given.
    """

    name: str
    version: str
    summary: str
    source: Source
    steps: tuple[Step, ...]
    output: Output = field(default_factory=Output)
    examples: str = ""
    licence: str = "other"
    task: str = "text-generation"
    file: str = ""  # the .py file of a private recipe, so that worker processes can load it, too

    def __post_init__(self) -> None:
        """Raise SikuError for what cannot be a recipe: it names folders, and it is written by users."""
        for label, word in (("name", self.name), ("version", self.version)):
            if not re.fullmatch(r"\w[\w.+-]{0,63}", word):
                raise SikuError(f"the recipe's {label} {word!r} cannot be", why="up to 64 letters, digits and . + - _")
        wrong = [part for part in (self.source, *self.steps) if not isinstance(part, (Source, Step))]
        if wrong or not isinstance(self.source, Source):
            raise SikuError(f"recipe {self.name}: {(wrong or [self.source])[0]!r} is no Source or Step")
        names = [type(step).__name__ for step in self.steps]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SikuError(f"recipe {self.name}: the step {twice[0]} stands twice", next="make a subclass with a name")

    def parts(self) -> dict[str, Source | Step | Output]:
        """What `--set` can reach, by its name: `source`, `steps.NAME`, `output`."""
        steps = {f"steps.{type(step).__name__}": step for step in self.steps}
        return {"source": self.source, **steps, "output": self.output}

    def with_parts(self, parts: Mapping[str, Any]) -> Recipe:
        """The same recipe with other settings in its parts, named as `parts()` names them."""
        steps = tuple(part for part in parts.values() if isinstance(part, Step))
        return dataclasses.replace(self, source=parts["source"], steps=steps, output=parts["output"])


def find_recipe(name: str, folder: Path) -> Recipe:
    """The recipe called `name` in the recipe folder, or the one in the file `name` (`.py`).

    Raises SikuError with the nearest names where there is none.
    """
    if name.endswith(".py"):
        return load_private_recipe(Path(name))
    known = {path.stem.replace("_", "-"): path for path in recipe_files(folder)}
    if name not in known:
        raise SikuError(
            f"there is no recipe {name!r}",
            why=f"{nearest(name, known)} (a private recipe is given as its .py file)",
            next="siku list",
        )
    recipe: Recipe = importlib.import_module(f"recipes.{known[name].stem}").recipe
    return recipe


def recipe_files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))


def load_private_recipe(path: Path) -> Recipe:
    """The value `recipe` of any Python file."""
    module = load_private_module(path)
    recipe = getattr(module, "recipe", None)
    if not isinstance(recipe, Recipe):
        raise SikuError(
            "this file defines no recipe", where=str(path), next="assign a Recipe to the name `recipe` in it"
        )
    return dataclasses.replace(recipe, file=str(path.resolve()))


def load_private_module(path: Path) -> ModuleType:
    """The file as a module under a name that a worker process gives it, too, so that its steps can be pickled."""
    name = f"private_recipe_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SikuError("there is no such recipe file", where=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SikuError:
        raise
    except (Exception, SystemExit) as error:
        raise SikuError(
            f"the recipe file cannot be loaded: {type(error).__name__}: {error}", where=str(path)
        ) from error
    return module
