"""What a dataset would take: tokens, lengths, the price of fine-tuning it elsewhere, the time of training it here."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builders.engine.manifest import read_manifest
from builders.engine.progress import Progress
from generators.journal import SUFFIX
from trainers.hand_over.lengths import CONTEXTS, ERROR, ESTIMATE, Lengths, count_lengths, histogram, median_and_longest
from trainers.hand_over.order import DATASETS, checked_kind, raise_all, tokenizer_for
from trainers.rows.dataset import BuiltDataset, Kind, open_dataset
from validators.errors import SikuError
from validators.problems import attempt

MILLION = 1_000_000


@dataclass(frozen=True)
class EstimateOrder:
    """What was asked for. `price` is that of a million tokens; `model` is trained for five steps with `values`."""

    data: str
    tokenizer: str = ""
    model: str = ""
    price: float | None = None
    epochs: float = 1
    exchange_rate: float = 1
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[SikuError] = ()


def estimate(order: EstimateOrder, *, quiet: bool = False) -> dict[str, Any]:
    """What is printed. Nothing is written but tokens, which training and `export --format bin` take over.

    Raises SikuError: exit 2 for what is wrong with the order, 3 for a dataset that was changed.
    """
    problems = [*order.problems, *_number_problems(order)]
    data = attempt(lambda: open_dataset(order.data, DATASETS), problems)
    kind = attempt(lambda: checked_kind(data), problems) if data is not None else None
    named = order.tokenizer or order.model
    tokenizer = attempt(lambda: tokenizer_for(named, "--tokenizer"), problems) if named else None
    raise_all(problems)
    assert data is not None and kind is not None
    with Progress(quiet=quiet) as progress:
        counted = count_lengths(data, kind, tokenizer, progress)
    return _described(order, data, kind, named, counted) | {
        "cost": _cost(order, counted["train"].tokens, known=bool(named)),
        "synthesis": _synthesis(order, data),
        "training": _training(order, kind, quiet=quiet) if order.model else None,
    }


def _described(
    order: EstimateOrder, data: BuiltDataset, kind: Kind, tokenizer: str, counted: Mapping[str, Lengths]
) -> dict[str, Any]:
    both = list(counted.values())
    median, longest = median_and_longest(both)
    tokens = {split: one.tokens for split, one in counted.items()}
    return {
        "data": data.data(),
        "kind": kind,
        "rows": data.rows,
        "tokens": tokens,
        "tokens_by": tokenizer or ESTIMATE,
        "tokens_between": None if tokenizer else {split: _between(count) for split, count in tokens.items()},
        "rows_refused": sum(one.refused for one in both),
        "median": median,
        "longest": longest,
        "lengths": histogram(both),
        "longer_than": {str(edge): sum(one.longer(edge) for one in both) for edge in CONTEXTS},
    }


def _between(tokens: int) -> list[int]:
    """The fewest and the most tokens that the estimate may stand for."""
    low, high = ERROR
    return [round(tokens / (1 + high)), round(tokens / (1 + low))]


def _number_problems(order: EstimateOrder) -> list[SikuError]:
    price = 0 if order.price is None else order.price
    found = []
    if not (math.isfinite(price) and price >= 0):
        found.append(SikuError(f"--price {price:g}: it must be 0 or more"))
    for name, value in (("--epochs", order.epochs), ("--exchange-rate", order.exchange_rate)):
        if not (math.isfinite(value) and value > 0):
            found.append(SikuError(f"{name} {value:g}: it must be more than 0"))
    if not found and not math.isfinite(order.epochs * price * order.exchange_rate):
        found.append(SikuError("--price, --epochs and --exchange-rate come to more than a number can be"))
    if order.values and not order.model:
        found.append(SikuError("--set is for the training of --model", next="--model MODEL"))
    return found


def _cost(order: EstimateOrder, tokens: int, *, known: bool) -> dict[str, Any] | None:
    """The price of fine-tuning on `train`, with each factor; `between` what and what where tokens are estimated."""
    if order.price is None:
        return None
    unit = order.epochs * order.price / MILLION * order.exchange_rate
    return {
        "tokens": tokens,
        "epochs": order.epochs,
        "price_per_million": order.price,
        "exchange_rate": order.exchange_rate,
        "total": tokens * unit,
        "between": None if known else [one * unit for one in _between(tokens)],
    }


def _synthesis(order: EstimateOrder, data: BuiltDataset) -> dict[str, Any] | None:
    """Tokens of all replies that were paid for under this name; None for a dataset that no model wrote.

    `replies` is None where the journal is not where the dataset was made.
    """
    manifest = read_manifest(data.folder) or {}
    if not any("replies" in step for step in manifest.get("plan", {}).get("steps", ())):
        return None
    journal = data.folder.resolve().parent.parent / ".siku" / "journals" / f"{data.name}{SUFFIX}"
    found: dict[str, Any] = {"journal": str(journal), "replies": None, "prompt": None, "completion": None}
    if not journal.exists():
        return found | {"total": None}
    found |= _paid(journal)
    tokens = found["prompt"] + found["completion"]
    total = None if order.price is None else tokens * order.price / MILLION * order.exchange_rate
    return found | {"total": total}


def _paid(journal: Path) -> dict[str, int]:
    """Replies in a journal, and the tokens that their servers counted."""
    import sqlite3
    from contextlib import closing

    from generators.request import BadReplyError, read_reply

    replies = prompt = completion = 0
    try:
        with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as database:
            for (body,) in database.execute("select body from replies"):
                replies += 1
                try:
                    reply = read_reply(body)
                except BadReplyError:  # it was paid for, but does not say how much
                    continue
                prompt += reply.prompt_tokens
                completion += reply.completion_tokens
    except sqlite3.Error as error:
        raise SikuError("the journal cannot be read", where=str(journal), why=str(error)) from error
    return {"replies": replies, "prompt": prompt, "completion": completion}


def _training(order: EstimateOrder, kind: Kind, *, quiet: bool) -> dict[str, Any]:
    """What `siku train … --dry-run` says, without what is said of the dataset already."""
    from trainers.training.dry_run import dry_run
    from trainers.training.models import open_model
    from trainers.training.order import TrainOrder
    from trainers.training.run import be_quiet

    with be_quiet():
        pairs = kind == "messages" and bool(open_model(order.model).config.is_encoder_decoder)
    task = "pretrain" if kind == "text" else "seq2seq" if pairs else "sft"
    values = {"num_train_epochs": f"{order.epochs:g}"} | dict(order.values)
    with tempfile.TemporaryDirectory() as nowhere:
        found = dry_run(TrainOrder(task, order.data, order.model, Path(nowhere) / "model", values), quiet=quiet)
    return {name: value for name, value in found.items() if name not in ("data", "rows", "path")}
