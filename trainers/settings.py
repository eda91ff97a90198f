"""`--set key=value`: typed settings of a task. Mistakes are collected, never guessed at, and name the nearest key."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from validators.errors import SikuError, nearest

NONE = ("none", "null", "")
SWITCH = {"true": True, "false": False}


@dataclass(frozen=True)
class Rule:
    """What a value must be beyond its type: one of `choices`, at least `least` or above `above`, at most `most` or
    below `below`.

    `tasks` are those that have the key; empty for all. `by_task` are choices of a task that has fewer of them.
    """

    tasks: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    by_task: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    least: float | None = None
    above: float | None = None
    most: float | None = None
    below: float | None = None


def key(
    default: Any,
    *,
    tasks: tuple[str, ...] = (),
    choices: tuple[str, ...] = (),
    by_task: Mapping[str, tuple[str, ...]] | None = None,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    below: float | None = None,
) -> Any:
    """A field of a dataclass of settings, with the rule that `read_settings` holds a value against."""
    return field(default=default, metadata={"rule": Rule(tasks, choices, by_task or {}, least, above, most, below)})


Form = TypeVar("Form")


@dataclass(frozen=True)
class Read(Generic[Form]):
    """Settings as far as they can be read, the keys that were given, and what is wrong with the others."""

    settings: Form
    given: frozenset[str]
    problems: list[SikuError]


def split_words(words: Sequence[str]) -> tuple[dict[str, Any], list[SikuError]]:
    """`key=value` words as a mapping; the last one counts. Words of another form are the problems."""
    values: dict[str, Any] = {}
    problems = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name.strip():
            values[name.strip()] = value.strip()
        else:
            problems.append(SikuError(f"--set {word}: it must read key=value"))
    return values, problems


def read_settings(
    form: type[Form],
    values: Mapping[str, Any],
    *,
    task: str = "",
    old_names: Mapping[str, str] | None = None,
    where: str = "--set",
) -> Read[Form]:
    """Settings of a `task` from text or typed values; `old_names` tells what a key of former days is called today.

    Raises nothing: every mistake is one of the `problems`, and its key keeps its default.
    """
    kinds = typing.get_type_hints(form)
    rules = {one.name: one.metadata["rule"] for one in dataclasses.fields(form)}  # type: ignore[arg-type]
    known = takes(form, task)
    good: dict[str, Any] = {}
    problems = []
    for name, value in values.items():
        try:
            if name not in known:
                raise SikuError(_why_not(name, value, rules, known, old_names or {}))
            good[name] = _checked(_typed(value, kinds[name]), rules[name], task)
        except SikuError as error:
            problems.append(SikuError(f"{where} {name}={shown(value)}: {error.what}"))
    return Read(form(**good), frozenset(good), problems)


def takes(form: type[Any], task: str) -> set[str]:
    """The keys that a task has."""
    return {one.name for one in dataclasses.fields(form) if task in (one.metadata["rule"].tasks or (task,))}


def shown(value: Any) -> str:
    """A value as it is typed."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _why_not(
    name: str, value: Any, rules: Mapping[str, Rule], known: Collection[str], old_names: Mapping[str, str]
) -> str:
    if name in old_names:
        return old_names[name].format(value=shown(value))
    if name in rules:
        return f"this key is for {' and '.join(rules[name].tasks)}"
    return f"there is no such key; {nearest(name, known)}"


def _typed(value: Any, kind: Any) -> Any:
    """A value of text as the type that the field has, or a typed one as it is. SikuError where it is another."""
    if isinstance(kind, types.UnionType):
        if value is None or (isinstance(value, str) and value.lower() in NONE):
            return None
        return _typed(value, next(one for one in typing.get_args(kind) if one is not type(None)))
    if typing.get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if kind is bool:
        answer = value if isinstance(value, bool) else SWITCH.get(str(value).lower())
        if answer is None:
            raise SikuError("it must be true or false")
        return answer
    if kind in (int, float):
        return _number(value, kind)
    return str(value)


def _number(value: Any, kind: type[int] | type[float]) -> int | float:
    try:
        number = float("nan") if isinstance(value, bool) else kind(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if isinstance(value, float) and number != value:  # 1.5 is no whole number
        number = float("nan")
    if not math.isfinite(number):
        raise SikuError(f"it must be a {'whole number' if kind is int else 'number'}")
    return number


def _checked(value: Any, rule: Rule, task: str) -> Any:
    if value is None:
        return value
    choices = rule.by_task.get(task, rule.choices)
    if choices and value not in choices:
        if value in rule.choices:
            raise SikuError(f"{task} has {' and '.join(choices)}")
        raise SikuError(nearest(str(value), choices))
    if rule.least is not None and value < rule.least:
        raise SikuError(f"it must be at least {rule.least:g}")
    if rule.above is not None and value <= rule.above:
        raise SikuError(f"it must be more than {rule.above:g}")
    if rule.most is not None and value > rule.most:
        raise SikuError(f"it must be at most {rule.most:g}")
    if rule.below is not None and value >= rule.below:
        raise SikuError(f"it must be less than {rule.below:g}")
    return value
