"""An order to train: what was asked for, and everything that speaks against it before a weight is read."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from builders.engine.progress import Progress
from trainers.rows.cache import TokenCache
from trainers.rows.dataset import BuiltDataset, dataset_problems, open_dataset
from trainers.rows.tokens import tokenizer_digest
from trainers.training.machine import decide, machine_problems, world_size
from trainers.training.material import KINDS, Material, content_problems, encoder_of, open_tokens, packed_material
from trainers.training.models import ModelSource, model_problems, open_model, tokenizer_of
from trainers.training.run_folder import RunFolder
from trainers.training.seq2seq import encoder_problems, pair_problems
from trainers.training.seq2seq_material import pair_material
from trainers.training.train_settings import TrainSettings, read_train_settings
from validators.errors import INTERRUPTED, SikuError
from validators.problems import raise_together

DATASETS = Path("out")  # where a dataset that is given by name lies
SOON_READ_BYTES = 50_000_000  # a dataset up to this size is looked through even where something else is wrong

Found = TypeVar("Found")


@dataclass(frozen=True)
class TrainOrder:
    """What was asked for. `values` are settings by key, as text or typed; `problems` what is known to be wrong."""

    task: str
    data: str
    model: str
    out: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    problems: Sequence[SikuError] = ()

    def command(self) -> list[str]:
        """The words that ask for the same again."""
        words = ["siku", "train", self.task, "--data", self.data, "--model", self.model, "--out", str(self.out)]
        for name, value in self.values.items():
            words += ["--set", f"{name}={value}"]
        return words

    def interrupted(self) -> SikuError:
        """What is said after Ctrl-C."""
        again = shlex.join([*self.command(), "--resume"])
        return SikuError("interrupted", where=str(self.out), why="Ctrl-C", next=again, exit_code=INTERRUPTED)


@dataclass(frozen=True)
class Checked:
    """An order with nothing against it, as far as can be said before the rows are read."""

    order: TrainOrder
    settings: TrainSettings
    data: BuiltDataset
    source: ModelSource
    tokenizer: Any
    folder: RunFolder

    def identity(self) -> dict[str, Any]:
        """What this is a run of: the same wherever the files lie."""
        settings = self.settings.as_json(self.order.task)
        settings.pop("chat_template_path")  # the tokenizer has what is in it
        return {
            "task": self.order.task,
            "data": self.data.data(),
            "model": self.source.identity(),
            "tokenizer": tokenizer_digest(self.tokenizer),
            "processes": world_size(),
            "settings": settings,
        }


def check(order: TrainOrder) -> Checked:
    """Everything about an order that can be told quickly. Raises one SikuError (exit 2) that tells all mistakes."""
    checked, problems = examine(order)
    raise_together(problems)
    assert checked is not None, "an order without problems has all its parts"
    return checked


def examine(order: TrainOrder) -> tuple[Checked | None, list[SikuError]]:
    """The same, with the mistakes one by one; None where there are any."""
    problems = list(order.problems)
    read = read_train_settings(order.task, order.values)
    problems += read.problems
    settings = decide(read.settings)
    folder = RunFolder(order.out)
    problems += folder.problems(resume=order.resume, command=order.command())
    problems += machine_problems(settings)
    data = _try(lambda: open_dataset(order.data, DATASETS), problems)
    data_is_wrong = dataset_problems(data, KINDS[order.task]) if data else []
    source = _try(lambda: open_model(order.model), problems)
    template = Path(settings.chat_template_path).expanduser() if settings.chat_template_path else None
    tokenizer = _try(lambda: tokenizer_of(source, source.name, template), problems) if source else None
    encoder = _try(lambda: encoder_of(order.task, tokenizer), problems) if tokenizer else None
    problems += [*data_is_wrong, *(_model_problems(source, order.task, settings) if source else [])]
    if source and _same_place(order.out, source.name):
        problems.append(
            SikuError(
                "--out is the folder of --model",
                where=source.name,
                why="the model would be written over",
                next="--out with a new folder",
            )
        )
    if not problems and data and source and encoder:
        return Checked(order, settings, data, source, tokenizer, folder), []
    if data and source and encoder and not data_is_wrong and _is_small(data):
        caches = _try(lambda: open_tokens(data, encoder, tokenizer, Progress(quiet=True)), problems)
        problems += _row_problems(order.task, caches, source.vocabulary, settings) if caches else []
    return None, problems


def gather(checked: Checked, progress: Progress) -> Material:
    """The tokens and rows of an order. Raises one SikuError (exit 2) that tells all that is wrong with them."""
    encoder = encoder_of(checked.order.task, checked.tokenizer)
    train, valid = open_tokens(checked.data, encoder, checked.tokenizer, progress)
    raise_together(_row_problems(checked.order.task, (train, valid), checked.source.vocabulary, checked.settings))
    if checked.order.task == "seq2seq":
        return pair_material(train, valid, checked.tokenizer, checked.settings)
    return packed_material(checked.order.task, train, valid, checked.tokenizer, checked.settings)


def _row_problems(
    task: str, caches: Sequence[TokenCache | None], vocabulary: int, settings: TrainSettings
) -> list[SikuError]:
    found = content_problems(task, caches, vocabulary, settings)
    return found + pair_problems(caches, settings) if task == "seq2seq" else found


def _model_problems(source: ModelSource, task: str, settings: TrainSettings) -> list[SikuError]:
    found = model_problems(source, task, settings)
    return encoder_problems(source, settings) if task == "seq2seq" and not found else found


def _try(find: Callable[[], Found], problems: list[SikuError]) -> Found | None:
    try:
        return find()
    except SikuError as error:
        problems.append(error)
        return None


def _is_small(data: BuiltDataset) -> bool:
    return sum(int(file["bytes"]) for file in data.files.values()) <= SOON_READ_BYTES


def _same_place(out: Path, model: str) -> bool:
    return Path(model).is_dir() and out.exists() and out.resolve() == Path(model).resolve()
