"""A rubric: the axes on which a text is scored, and the scale."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from validators.errors import SikuError

HIGHEST = (5, 10)
MOST_AXES = 20


@dataclass(frozen=True, slots=True)
class Axis:
    """What is scored by itself, and what that means."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """Axes, scored from 1 to `highest` (5 or 10)."""

    axes: tuple[Axis, ...]
    highest: int = 5


DEFAULT = Rubric(
    (
        Axis("逻辑性", "前后是否一致，因果和推理是否成立，有没有自相矛盾或答非所问"),
        Axis("背景知识", "涉及的人物、事件、时代和常识是否正确，有没有编造"),
        Axis("文风", "语言是否通顺得体，用词和语气是否合乎题目的要求，有没有重复和套话"),
    )
)
# What people were to score Novel-GPT's continuations on
CONTINUATION = Rubric(
    (
        Axis("逻辑性", "是否承接前文，情节和因果是否成立，有没有自相矛盾"),
        Axis("背景知识", "人物、关系、地点和设定是否与前文一致，有没有写错谁是谁、谁和谁是什么关系"),
        Axis("文风", "用词、句式和语气是否像原作，有没有重复和套话"),
    )
)
BUILT_IN = {"default": DEFAULT, "continuation": CONTINUATION}


def rubric_named(name: str) -> Rubric:
    """One of `BUILT_IN`, or that of a file. Raises SikuError (exit 2) with all that is wrong with it."""
    return BUILT_IN[name] if name in BUILT_IN else read_rubric(Path(name).expanduser())


def read_rubric(file: Path) -> Rubric:
    """A rubric out of JSON or TOML: `axes`, a list of `name` and `description`, and `highest`.

    Raises SikuError (exit 2) with all that is wrong with it.
    """
    try:
        raw = file.read_bytes()
        value = tomllib.loads(raw.decode()) if file.suffix.lower() == ".toml" else orjson.loads(raw)
    except OSError as error:
        raise SikuError("the rubric cannot be read", where=str(file), why=error.strerror or str(error)) from error
    except ValueError as error:  # of both formats, and of bytes that are no UTF-8
        raise SikuError("the rubric is neither JSON nor TOML", where=str(file), why=str(error)) from error
    axes: Any = value.get("axes") if isinstance(value, dict) else None
    highest: Any = value.get("highest", 5) if isinstance(value, dict) else 5
    if wrong := _mistakes(axes, highest):
        raise SikuError(
            "the rubric cannot be used",
            where=str(file),
            why="; ".join(wrong),
            next='{"highest": 5, "axes": [{"name": "文风", "description": "语言是否通顺得体"}]}',
        )
    return Rubric(tuple(Axis(one["name"].strip(), one["description"].strip()) for one in axes), highest)


def _mistakes(axes: Any, highest: Any) -> list[str]:
    wrong = [] if type(highest) is int and highest in HIGHEST else [f"highest is {highest!r}, must be 5 or 10"]
    if not isinstance(axes, list) or not 1 <= len(axes) <= MOST_AXES:
        return [*wrong, f"axes is no list of 1 to {MOST_AXES} axes"]
    names: list[str] = []
    for number, one in enumerate(axes, start=1):
        for key in ("name", "description"):
            text = one.get(key) if isinstance(one, dict) else None
            if not isinstance(text, str) or not text.strip():
                wrong.append(f"axis {number} has no {key}")
            elif key == "name":
                names.append(text.strip())
    if len(set(names)) < len(names):
        wrong.append("two axes have the same name")
    return wrong
