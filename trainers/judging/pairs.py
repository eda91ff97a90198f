"""Two files of predictions joined to pairs: what cannot be compared is named, never silently left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from builders.sources.inputs import MIB
from builders.sources.rows import BadRow, Row, read_json
from trainers.problems import some_of
from validators.errors import SikuError

MAX_LINE_BYTES = 64 * MIB
ITEM_DIGITS = 16
SHOWN_CHARS = 60  # of a prompt that stands for a row
SPEAKERS = {"system": "设定", "user": "用户", "assistant": "助手"}


@dataclass(frozen=True, slots=True)
class Pair:
    """What two models said to one prompt; `reference` is what should have come, where that is known."""

    id: str
    prompt: str
    a: str
    b: str
    reference: str = ""

    @property
    def is_identical(self) -> bool:
        return self.a.strip() == self.b.strip()


@dataclass
class LeftOut:
    """Rows that no comparison came of, by their ids or places in the file."""

    only_in_a: list[str] = field(default_factory=list)
    only_in_b: list[str] = field(default_factory=list)
    unusable_in_a: list[str] = field(default_factory=list)
    unusable_in_b: list[str] = field(default_factory=list)
    other_prompt: list[str] = field(default_factory=list)  # the same id, and another question

    @property
    def count(self) -> int:
        lists = (self.only_in_a, self.only_in_b, self.unusable_in_a, self.unusable_in_b, self.other_prompt)
        return sum(map(len, lists))


@dataclass(frozen=True)
class Joined:
    """Pairs in the order of the first file, what they were joined by (`id` or `prompt`), and what was left out."""

    pairs: tuple[Pair, ...]
    by: str
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row of a file; `wrong` says why it cannot be used."""

    place: str
    id: str
    prompt: str
    prediction: str
    reference: str
    wrong: str


def join(a: Path, b: Path, limit: int | None = None) -> Joined:
    """The pairs of two files of rows with `prediction`, `prompt`, `id` and perhaps `reference`.

    Joined by id where every row has one, else by prompt. Raises SikuError (exit 2) for files that cannot be read, for
    an id or prompt that stands twice, and where nothing can be joined.
    """
    rows_a, rows_b = read_predictions(a), read_predictions(b)
    by = "id" if all(one.id for one in (*rows_a, *rows_b) if not one.wrong) else "prompt"
    left_out = LeftOut()
    known_a = by_key(rows_a, by, a, left_out.unusable_in_a)
    known_b = by_key(rows_b, by, b, left_out.unusable_in_b)
    left_out.only_in_a = _missing_in(known_b, known_a)
    left_out.only_in_b = _missing_in(known_a, known_b)
    pairs: list[Pair] = []
    for key, one in known_a.items():
        if (other := known_b.get(key)) is None:
            continue
        if one.wrong or other.wrong:
            continue  # told among the unusable ones
        if not same_question(one, other):
            left_out.other_prompt.append(key[:SHOWN_CHARS])
            continue
        name = key if by == "id" else f"{len(pairs) + 1}"
        pairs.append(Pair(name, one.prompt, one.prediction, other.prediction, one.reference or other.reference))
    if not pairs:
        raise SikuError(
            "the two files have nothing in common",
            where=f"{a}, {b}",
            why=f"joined by {by}: {'; '.join(notes_of(left_out)) or 'both are empty'}",
            next="two files of rows with id, prompt and prediction, made from the same prompts",
        )
    return Joined(tuple(pairs[:limit]), by, left_out)


def item_of(key: str, text: str) -> str:
    """What a text is known by where it is scored: the id or prompt of its row, and itself."""
    return sha256(f"{key}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()[:ITEM_DIGITS]


def _missing_in(others: dict[str, Prediction], own: dict[str, Prediction]) -> list[str]:
    return [key[:SHOWN_CHARS] for key, one in own.items() if key not in others and not one.wrong]


def notes_of(left_out: LeftOut) -> list[str]:
    """For each kind of row that was left out how many there are, and which come first."""
    parts = {
        "only in A": left_out.only_in_a,
        "only in B": left_out.only_in_b,
        "unusable in A": left_out.unusable_in_a,
        "unusable in B": left_out.unusable_in_b,
        "another prompt under the same id": left_out.other_prompt,
    }
    return [f"{len(names):,} {what}: {some_of(names)}" for what, names in parts.items() if names]


def same_question(a: Prediction, b: Prediction) -> bool:
    """The same prompt; or, where two chat templates have written it, the same reference."""
    return a.prompt == b.prompt or bool(a.reference and a.reference == b.reference)


def by_key(rows: Sequence[Prediction], by: str, file: Path, unusable: list[str]) -> dict[str, Prediction]:
    """Rows by id or prompt; those that have neither go to `unusable` only. Raises SikuError where one stands twice."""
    keys = [one.id if by == "id" else one.prompt for one in rows]
    if twice := [key for key, count in Counter(filter(None, keys)).items() if count > 1]:
        raise SikuError(
            f"{len(twice):,} of one {by} stand more than once in a file",
            where=str(file),
            why=some_of([key[:SHOWN_CHARS] for key in twice]),
            next="one row for each prompt: of a sweep of `siku generate`, the rows of one way",
        )
    unusable += [f"{one.place}: {one.wrong}" for one in rows if one.wrong]
    return {key: one for key, one in zip(keys, rows, strict=True) if key}


def read_predictions(file: Path) -> list[Prediction]:
    """All rows of a file, in order. Raises SikuError (exit 2) where it cannot be read."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        next = "a file of rows, such as predictions.jsonl of `siku evaluate --out`"
        raise SikuError(
            "the predictions cannot be read", where=str(file), why=error.strerror or str(error), next=next
        ) from error
    return [_said(row, number) for number, row in enumerate(read_json(raw, MAX_LINE_BYTES), start=1)]


def _said(row: Row | BadRow, number: int) -> Prediction:
    if isinstance(row, BadRow):
        return Prediction(f"row {number:,}", "", "", "", "", row.reason)
    columns = row.columns
    id, prompt = columns.get("id"), _text(columns.get("prompt"))
    name = str(id) if isinstance(id, (str, int)) and not isinstance(id, bool) else ""
    reference = columns.get("reference")
    prediction = columns.get("prediction")
    wrong = ""
    if columns.get("error"):
        wrong = f"no text came: {str(columns['error'])[:80]}"
    elif not isinstance(prediction, str):
        wrong = "no prediction"
    elif not prompt.strip():
        wrong = "no prompt"
    return Prediction(
        f"{row.place}{f' ({name})' if name else ''}",
        name,
        prompt,
        prediction if isinstance(prediction, str) else "",
        reference if isinstance(reference, str) else "",
        wrong,
    )


def _text(prompt: Any) -> str:
    """A prompt as text; of messages one with its speakers, unless it is a single turn."""
    if isinstance(prompt, str):
        return prompt
    turns = [one for one in prompt if isinstance(one, dict)] if isinstance(prompt, list) else []
    said = [(str(one.get("role")), one["content"]) for one in turns if isinstance(one.get("content"), str)]
    if len(said) == 1:
        return str(said[0][1])
    return "\n".join(f"{SPEAKERS.get(role, role)}：{content}" for role, content in said)
