"""What people score: each text of each file once, with the prompt that it answers, not knowing whose it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase

from trainers.judging.pairs import SHOWN_CHARS, Prediction, by_key, item_of, read_predictions, same_question
from trainers.problems import some_of
from validators.errors import SikuError

SIDES = ascii_lowercase  # a for --a, b and so on for each --b


@dataclass(frozen=True, slots=True)
class Item:
    """One text to score. `item` is what it is known by; `sides` are the files that have it, of equal texts several."""

    item: str
    id: str
    prompt: str
    text: str
    reference: str
    sides: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """All texts, row by row; the names of the files by side; what was left out, by reason."""

    items: tuple[Item, ...]
    files: dict[str, str]
    left_out: dict[str, list[str]] = field(default_factory=dict)

    @property
    def by_name(self) -> dict[str, Item]:
        return {one.item: one for one in self.items}

    @property
    def rows(self) -> int:
        return len({one.id for one in self.items})

    def notes(self) -> list[str]:
        return [f"{len(names):,} {reason}: {some_of(names)}" for reason, names in self.left_out.items()]


def items_of(files: Sequence[Path], limit: int | None = None) -> Items:
    """The texts of one or more files of rows with `prompt`, `prediction`, `id` and perhaps `reference`.

    Of several files only rows that all have: joined by id where every row has one, else by prompt. Raises SikuError
    (exit 2) as `pairs.join` does, and for more files than there are letters.
    """
    if len(files) > len(SIDES):
        raise SikuError(f"there are {len(files)} files", where="--b", why=f"at most {len(SIDES)} can be told apart")
    read = [read_predictions(file) for file in files]
    by = "id" if all(one.id for rows in read for one in rows if not one.wrong) else "prompt"
    left_out: dict[str, list[str]] = {}
    known: list[dict[str, Prediction]] = []
    for file, rows in zip(files, read, strict=True):
        unusable: list[str] = []
        known.append(by_key(rows, by, file, unusable))
        if unusable:
            left_out[f"unusable in {file.name}"] = unusable
    keys = _common(known, left_out)
    if not keys:
        told = "; ".join(f"{len(names):,} {reason}: {some_of(names)}" for reason, names in left_out.items())
        raise SikuError(
            "there is no text to score",
            where=", ".join(map(str, files)),
            why=told or "the files are empty",
            next="rows with id, prompt and prediction: predictions.jsonl of `siku evaluate --out`",
        )
    items = [
        one
        for number, key in enumerate(keys[:limit], start=1)
        for one in _texts(key, by, number, [k[key] for k in known])
    ]
    return Items(tuple(items), dict(zip(SIDES, (file.name for file in files), strict=False)), left_out)


def _common(known: Sequence[dict[str, Prediction]], left_out: dict[str, list[str]]) -> list[str]:
    """Rows that every file has and can use, in the order of the first; the others go to `left_out`."""
    keys: list[str] = []
    for key in dict.fromkeys(key for rows in known for key in rows):
        found = [rows.get(key) for rows in known]
        there = [one for one in found if one is not None]
        if any(one.wrong for one in there):
            continue  # told among the unusable ones
        if len(there) < len(known):
            left_out.setdefault("not in every file", []).append(key[:SHOWN_CHARS])
        elif not all(same_question(there[0], one) for one in there):
            left_out.setdefault("of another prompt under the same id", []).append(key[:SHOWN_CHARS])
        else:
            keys.append(key)
    return keys


def _texts(key: str, by: str, number: int, said: Sequence[Prediction]) -> list[Item]:
    """Of one row each text once."""
    sides: dict[str, list[str]] = {}
    for side, one in zip(SIDES, said, strict=False):
        sides.setdefault(one.prediction, []).append(side)
    reference = next((one.reference for one in said if one.reference), "")
    id = key if by == "id" else f"{number}"
    return [Item(item_of(key, text), id, said[0].prompt, text, reference, tuple(of)) for text, of in sides.items()]


def order_for(items: Items, who: str, seed: int = 0) -> list[Item]:
    """The order in which a person sees them: rows shuffled, texts of a row one after another, shuffled.

    It is the same each time, and another for each person, so that no model has a place of its own.
    """
    dice = random.Random(f"{seed} {who}")
    by_row: dict[str, list[Item]] = {}
    for one in items.items:
        by_row.setdefault(one.id, []).append(one)
    rows = list(by_row.values())
    dice.shuffle(rows)
    for texts in rows:
        dice.shuffle(texts)
    return [one for texts in rows for one in texts]
