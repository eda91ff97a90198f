"""The plan: a recipe with its settings, as JSON. What enters the fingerprint is identity, the rest circumstance."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from builders.engine.recipe import Output, Recipe
from builders.review.reviewed import STEP, with_reviewed
from builders.sources.inputs import file_digest, find_files
from builders.steps import Shard, Source
from validators.errors import SikuError, nearest
from validators.step import Step

Json = dict[str, Any]
FORMAT = "siku-dataset/1"
OF_NO_FIELD = frozenset({"class", "version", "reads"})  # what the JSON of a part has beside its fields
_SWITCH = {"true": True, "false": False}


def canonical(value: Any) -> bytes:
    """JSON bytes that are equal for equal values; a value without a stable form is refused, not guessed."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def describe(part: Source | Step | Output) -> Json:
    """One part of a recipe as JSON: its class, its version and every field.

    In place of a field that says where files lie there is what is in them, under "reads": the path is circumstance.
    Raises SikuError where there is nothing.
    """
    described: Json = {"class": type(part).__name__}
    if not isinstance(part, Output):
        described["version"] = part.version
    paths = part.paths if isinstance(part, Step) else ()
    left_out = part.circumstances if isinstance(part, Step) else ()
    names = (field.name for field in dataclasses.fields(part) if field.name not in left_out)
    fields = {name: getattr(part, name) for name in names}
    described |= {name: value for name, value in fields.items() if name not in paths}
    if reads := {
        name: _content_of(fields[name], f"steps.{described['class']}.{name}") for name in paths if fields[name]
    }:
        described["reads"] = reads
    return described


def _content_of(paths: Sequence[str], setting: str) -> list[str]:
    """Name and digest of every file below the paths; the name begins with that of the folder that was given."""
    try:
        found = find_files([Path(path).expanduser() for path in paths])
    except SikuError as error:
        raise SikuError(f"{setting}: {error.what}", where=error.where, next=f"--set {setting}=PATH") from error
    named = [
        (file.name if file.path == root.path else f"{root.folder}/{file.name}", file)
        for root in found
        for file in root.files
    ]
    return sorted(f"{name} {_digest_of(file.path, file.size, file.path.stat().st_mtime_ns)}" for name, file in named)


@functools.lru_cache(maxsize=10_000)
def _digest_of(path: Path, size: int, changed_ns: int) -> str:
    """The digest of a file, computed once; size and time of change tell when it has to be computed again."""
    return file_digest(path)


def plan_of(recipe: Recipe, limit: int | None = None) -> Json:
    """The whole recipe as JSON.

    >>> plan_of(recipe)["steps"][0]
    {"class": "Chapters", "version": 1, "warn_share": 0.3, "stop_share": 0.6}
    """
    plan = {
        "format": FORMAT,
        "recipe": recipe.name,
        "source": describe(recipe.source),
        "steps": [describe(step) for step in recipe.steps],
        "output": describe(recipe.output),
        "limit": limit,
    }
    return typing.cast(Json, orjson.loads(canonical(plan)))


def recipe_of(plan: Mapping[str, Any], recipe: Recipe) -> Recipe:
    """`recipe` with every field as `plan` has it. Raises SikuError where the code has moved on since it was kept."""
    if any(part["class"] == STEP for part in plan["steps"]):
        recipe = with_reviewed(recipe)
    here = plan_of(recipe, plan.get("limit"))
    then, now = _shape(plan), _shape(here)
    if then != now:
        changes = "; ".join(differences(then, now)[:4])
        raise SikuError(
            f"the plan is not for this version of {recipe.name}",
            why=f"its source or steps have changed since: {changes}",
            next=f"siku build {recipe.name}, with --set for the settings that you want to keep",
        )
    parts: dict[str, Source | Step | Output] = {}
    saved = [plan["source"], *plan["steps"], plan["output"]]
    for (name, part), fields in zip(recipe.parts().items(), saved, strict=True):
        values = {key: value for key, value in fields.items() if key not in OF_NO_FIELD}
        parts[name] = _replace(name, part, values)
    return recipe.with_parts(parts)


def _shape(plan: Mapping[str, Any]) -> Json:
    """Only classes, versions and names of fields."""
    parts = [plan["source"], *plan["steps"], plan["output"]]
    return {
        part["class"]: {"version": part.get("version"), "fields": sorted(part.keys() - OF_NO_FIELD)} for part in parts
    }


def fingerprint(plan: Mapping[str, Any], shards: Iterable[Shard]) -> str:
    """What a dataset depends on: the plan and the content of its inputs; not where they lie nor how it is run."""
    return digest({"plan": plan, "inputs": [[shard.name, shard.digest] for shard in shards]})


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """What differs between two JSON values, one line a field: `steps.Quality.min_chars: 20 -> 40`."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        lines: list[str] = []
        for key in [*old, *(key for key in new if key not in old)]:
            place = f"{path}.{key}" if path else str(key)
            if key not in new:
                lines.append(f"{place}: {_short(old[key])} -> (gone)")
            elif key not in old:
                lines.append(f"{place}: (new) -> {_short(new[key])}")
            else:
                lines += differences(old[key], new[key], place)
        return lines
    if _by_class(old) and _by_class(new):
        return differences({part["class"]: part for part in old}, {part["class"]: part for part in new}, path)
    return [] if old == new else [f"{path}: {_short(old)} -> {_short(new)}"]


def _by_class(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) and "class" in part for part in value)


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."


# ---------------------------------------------------------------- --set


def check_paths(plan: Mapping[str, Any], recipe: Recipe) -> None:
    """Raise SikuError if a kept plan read files of which the recipe does not know where they lie now."""
    steps = [(name, part) for name, part in recipe.parts().items() if isinstance(part, Step)]
    for saved, (name, part) in zip(plan["steps"], steps, strict=True):
        for field, files in saved.get("reads", {}).items():
            if not getattr(part, field):
                raise SikuError(
                    f"the plan reads {len(files)} files, such as {files[0].rpartition(' ')[0]}",
                    where=f"{name}.{field}",
                    next=f"say where that lies now: --set {name}.{field}=PATH",
                )


def apply_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """`recipe` with `steps.NAME.field=value` settings. All mistakes are reported together, with the nearest names."""
    if any(one.strip().startswith(f"steps.{STEP}.") for one in settings):
        recipe = with_reviewed(recipe)
    parts = recipe.parts()
    mistakes: list[str] = []
    for setting in settings:
        try:
            name, field, value = _locate(setting, parts)
            parts[name] = _replace(name, parts[name], {field: value})
        except SikuError as error:
            mistakes.append(f"--set {setting}: {error}{f' ({error.why})' if error.why else ''}")
        except (ValueError, TypeError) as error:
            mistakes.append(f"--set {setting}: {error}")
    if mistakes:
        raise SikuError(
            f"{len(mistakes)} settings are wrong" if len(mistakes) > 1 else "a setting is wrong",
            why="\n       ".join(mistakes),
            next=f"siku show {recipe.name}",
        )
    return recipe.with_parts(parts)


def changed_settings(default: Recipe, recipe: Recipe) -> list[str]:
    """The `--set` settings that make `recipe` of `default`, in the order of the plan."""
    changed: list[str] = []
    if f"steps.{STEP}" in recipe.parts():
        default = with_reviewed(default)
    for (name, old), new in zip(default.parts().items(), recipe.parts().values(), strict=True):
        for field in dataclasses.fields(old):
            if field.name in getattr(new, "circumstances", ()):
                continue
            value = getattr(new, field.name)
            if value and field.name in getattr(new, "paths", ()):
                value = ("PATH",)  # circumstance
            if value != getattr(old, field.name):
                changed.append(f"{name}.{field.name}={write_value(value)}")
    return changed


def write_value(value: Any) -> str:
    """A value as `--set` takes it; what `parse_value` reads."""
    if isinstance(value, (tuple, list)):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _locate(setting: str, parts: Mapping[str, Source | Step | Output]) -> tuple[str, str, Any]:
    path, equals, text = setting.partition("=")
    name, dot, field = path.strip().rpartition(".")
    if not equals or not dot:
        raise SikuError("it must read steps.NAME.field=value, source.field=value or output.field=value")
    if name not in parts:
        raise SikuError(f"there is no {name!r}: {nearest(name, parts)}")
    kinds = typing.get_type_hints(type(parts[name]))
    fields = {one.name for one in dataclasses.fields(parts[name])}
    if field not in fields:
        raise SikuError(f"{name} has no {field!r}: {nearest(field, fields)}")
    return name, field, parse_value(text, kinds[field])


def parse_value(text: str, kind: Any) -> Any:
    """A value from the command line as the type that the field has; a tuple is written `a,b,c`."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        if text.lower() in ("none", "null", ""):
            return None
        return parse_value(text, next(one for one in typing.get_args(kind) if one is not type(None)))
    if typing.get_origin(kind) is tuple:
        return tuple(parse_value(part, typing.get_args(kind)[0]) for part in text.split(",") if part)
    if kind is bool:
        if text.lower() not in _SWITCH:
            raise SikuError(f"{text!r} is neither true nor false")
        return _SWITCH[text.lower()]
    if kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            raise SikuError(f"{text!r} is not {'a whole number' if kind is int else 'a number'}") from None
        if not abs(value) < 2**63:  # nor is NaN
            raise SikuError(f"{text!r} is no number that can be kept")
        return value
    return text


def _replace(name: str, part: Source | Step | Output, values: Mapping[str, Any]) -> Any:
    """The same part with other field values; JSON lists become tuples again."""
    whole: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    for key in ("warn_share", "stop_share"):
        if key in whole and not 0 <= whole[key] <= 1:
            raise SikuError(f"{name}.{key} is a share between 0 and 1, not {whole[key]}")
    fields: Any = whole
    return dataclasses.replace(part, **fields)


def read_plan(path: Path) -> Json:
    """The plan in a JSON file: one that was kept by itself, or the one in a manifest."""
    try:
        content = orjson.loads(path.read_bytes())
        plan = content.get("plan", content)
        if not {"recipe", "source", "steps", "output"} <= plan.keys():
            raise ValueError("it lacks recipe, source, steps or output")
    except (OSError, ValueError, AttributeError) as error:
        raise SikuError("this is no plan", where=str(path), why=str(error), next="siku show RECIPE --json") from error
    return typing.cast(Json, plan)
