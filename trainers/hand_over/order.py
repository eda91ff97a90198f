"""What is to be handed over, and everything that speaks against it before a row is read."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.extra import need_extra
from builders.publish.exports.folder import ExportFolder
from builders.publish.exports.forms import FORMATS, taken_as
from trainers.rows.dataset import BuiltDataset, Kind, changed_files, open_dataset
from trainers.rows.tokens import load_tokenizer
from validators.errors import SikuError, nearest
from validators.problems import attempt, raise_together

DATASETS = Path("out")  # where datasets that are given by name lie, and exports by default
BIN = "bin"
ALL_FORMATS = (*FORMATS, BIN)
LINES = frozenset({"train.jsonl", "valid.jsonl", "dataset_info.json", "README.md"})
BINARY = frozenset({"train.bin", "val.bin", "meta.json"})


@dataclass(frozen=True)
class ExportOrder:
    """What was asked for. Without `out` it lies in `out/exports/NAME-VERSION-FORMAT`."""

    data: str
    format: str
    out: Path | None = None
    tokenizer: str = ""
    force: bool = False


@dataclass(frozen=True)
class Checked:
    """An order with nothing against it, as far as can be said before the rows are read."""

    order: ExportOrder
    data: BuiltDataset
    kind: Kind
    folder: ExportFolder
    tokenizer: Any


def check(order: ExportOrder) -> Checked:
    """Raises one SikuError that tells all mistakes: exit 2 for wrong use, 3 for a dataset that was changed."""
    problems: list[SikuError] = []
    if order.format not in ALL_FORMATS:
        what = f"there is no format {order.format!r}" if order.format else "there is no --format"
        problems.append(SikuError(what, why=nearest(order.format, ALL_FORMATS), next="siku export --help"))
    data = attempt(lambda: open_dataset(order.data, DATASETS), problems)
    folder = None
    if order.out is not None:
        folder = ExportFolder(order.out, LINES | BINARY, order.force)
        problems += folder.problems()
    tokenizer = None
    if order.format == BIN:
        tokenizer = attempt(lambda: tokenizer_for(order.tokenizer, "--format bin"), problems)
    kind = attempt(lambda: checked_kind(data), problems) if data is not None else None
    if data is not None and kind is not None:
        problems += _kind_problems(order, data, kind)
    if data is not None and folder is None:
        folder = ExportFolder(
            DATASETS / "exports" / f"{data.name}-{data.version}-{order.format}", LINES | BINARY, order.force
        )
        problems += folder.problems()
    raise_all(problems)
    assert data is not None and kind is not None and folder is not None
    return Checked(order, data, kind, folder, tokenizer)


def raise_all(problems: Sequence[SikuError]) -> None:
    """As `raise_together`, with the exit code of the gravest: a dataset that was changed is 3."""
    try:
        raise_together(problems)
    except SikuError as error:
        error.exit_code = max(problem.exit_code for problem in problems)
        raise


def checked_kind(data: BuiltDataset) -> Kind:
    """What the rows are. Raises SikuError: exit 3 where files were changed, 2 where there are no rows of any kind."""
    if changed := changed_files(data):
        changed[0].exit_code = 3
        raise changed[0]
    if not any(data.rows.values()):
        raise SikuError(f"{data.name} {data.version} has no rows", where=str(data.folder))
    if (kind := data.kind) is None:
        why = f"it has: {', '.join(sorted(data.columns()))}"
        raise SikuError(f"{data.name} {data.version} has neither text nor messages", where=str(data.folder), why=why)
    return kind


def tokenizer_for(name: str, asker: str) -> Any:
    """The tokenizer that is named. Raises SikuError (exit 2) with what to install or to give."""
    if not name:
        raise SikuError(f"{asker} needs a --tokenizer", next="--tokenizer FOLDER, or a name on the Hub")
    need_extra("train")
    from trainers.training.run import be_quiet

    folder = Path(name).expanduser()
    if name.startswith((".", "/", "~")) and not folder.is_dir():  # a path is not looked up on the Hub
        raise SikuError(f"there is no tokenizer {name!r}", why="there is no such folder", next="--tokenizer FOLDER")
    try:
        with be_quiet():
            return load_tokenizer(str(folder) if folder.is_dir() else name)
    except SikuError as error:
        error.next = error.next.replace("--model", "--tokenizer")
        raise


def _kind_problems(order: ExportOrder, data: BuiltDataset, kind: Kind) -> list[SikuError]:
    able = [*taken_as(kind), *([BIN] if kind == "text" else [])]
    if order.format not in ALL_FORMATS or order.format in able:
        return []
    again = f"siku export {shlex.quote(order.data)} --format"
    other = f"{BIN} --tokenizer TOKENIZER" if kind == "text" else "messages"
    others = ", or ".join(f"{again} {one}" for one in (other, "llamafactory"))
    rows = "texts" if kind == "text" else "conversations"
    wanted = "conversations" if kind == "text" else "texts"
    return [
        SikuError(
            f"{data.name} {data.version} has {rows}, and {order.format} is for {wanted}",
            where=str(data.folder),
            why=f"{rows} can be: {', '.join(able)}",
            next=others,
        )
    ]
