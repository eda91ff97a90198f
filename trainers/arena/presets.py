"""Prompts to choose from: of a file (CSV, text, JSON lines) or of a built dataset."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from builders.text.decode import decode
from trainers.generation.prompts import Asked, read_prompts
from trainers.rows.dataset import BuiltDataset, open_dataset
from validators.errors import SikuError

MOST = 500  # a list that is longer is no help
COLUMNS = ("prompt", "question", "text", "instruction", "提示", "问题", "题目")
TABLES = {".csv": ",", ".tsv": "\t"}
TEXT_CHARS = 200  # of a row of a pretraining dataset, to be gone on with
SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True)
class Preset:
    """A prompt, and the system prompt that belongs to it, if any."""

    prompt: str
    system: str = ""

    @property
    def label(self) -> str:
        one_line = " ".join(self.prompt.split())
        return one_line if len(one_line) <= SHOWN_CHARS else f"{one_line[:SHOWN_CHARS]}…"


def read_presets(given: str, out: Path) -> list[Preset]:
    """The first MOST prompts of a file, or of a dataset by NAME, NAME@VERSION or folder. Raises SikuError (exit 2)."""
    file = Path(given).expanduser()
    if file.is_file():
        found = _of_table(file) if file.suffix.lower() in TABLES else _asked(read_prompts(file, MOST))
    else:
        found = _of_dataset(open_dataset(given, out))
    if not found:
        raise SikuError("there is no prompt to choose from", where=given)
    return list(dict.fromkeys(found))[:MOST]


def _of_table(file: Path) -> list[Preset]:
    """The column that is called as one of COLUMNS; without such a head, the first of all rows."""
    text = decode(file.read_bytes()).text
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=TABLES[file.suffix.lower()]))
    except csv.Error as error:
        raise SikuError("the prompts cannot be read", where=str(file), why=str(error)) from error
    head = [name.strip().lower() for name in rows[0]] if rows else []
    place = next((head.index(name) for name in COLUMNS if name in head), None)
    cells = (row[place or 0] for row in rows[place is not None :] if len(row) > (place or 0))
    return [Preset(cell.strip()) for cell in cells if cell.strip()]


def _asked(prompts: Sequence[Asked]) -> list[Preset]:
    """Of a conversation the system prompt and what the user says first: the rest is for the models to say."""
    found = []
    for one in prompts:
        first = next((turn["content"] for turn in one.conversation if turn["role"] == "user"), "")
        system = next((turn["content"] for turn in one.conversation if turn["role"] == "system"), "")
        if first.strip():
            found.append(Preset(first.strip(), system.strip()))
    return found


def _of_dataset(data: BuiltDataset) -> list[Preset]:
    """Held-out rows where there are any: no model was trained on them."""
    kind = data.kind
    if kind is None:
        raise SikuError(f"{data.name} {data.version} has neither texts nor conversations", where=str(data.folder))
    split = "valid" if data.rows["valid"] else "train"
    rows = islice(data.read_rows(split, kind), MOST)
    if kind == "text":
        return [Preset(text) for row in rows if (text := row["text"][:TEXT_CHARS].strip())]
    return _asked([Asked(row["id"], "", tuple(row["messages"])) for row in rows])
