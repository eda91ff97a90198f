"""Does one dataset teach more than another? The same model is trained on both, for the same number of tokens and with
the same seeds, and the loss on the same held-out rows is compared.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from builders.engine.manifest import write_whole
from builders.engine.progress import Progress
from trainers.evaluation.held_out import HeldOutRows
from trainers.evaluation.intervals import MOST_SEEDS, better_of, over_rows, over_seeds
from trainers.evaluation.overlap import known_shares
from trainers.evaluation.trained import Described, describe, open_model
from trainers.row_file import RowFile
from trainers.rows.dataset import BuiltDataset
from trainers.settings import key
from trainers.training.likelihood import Likelihood, Piece, measure_each
from trainers.training.order import Checked, TrainOrder, check, gather
from trainers.training.run import train
from trainers.training.train_settings import TrainSettings
from validators.problems import raise_together

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ABLATION, ROWS = "ablation.json", "rows.jsonl"
ARMS = ("a", "b")
TASKS = {"text": "pretrain", "messages": "sft"}
KNOWN = 0.5  # share of a held-out row that stands in the training data, from which on it is no test
ALWAYS = {"save_strategy": "no", "eval_strategy": "no", "eval_on_start": False}


@dataclass(frozen=True)
class AblateSettings:
    """Keys of `siku evaluate --ablate --set` beside those of `siku train`.

    Each run processes `tokens` (None: those of one epoch of the smaller dataset); with `reset` its weights are drawn
    afresh by its seed, so that only the configuration and the tokenizer of the model count.
    """

    tokens: int | None = key(None, least=1)
    seeds: int = key(3, least=1, most=MOST_SEEDS)
    reset: bool = key(False)
    limit: int | None = key(None, least=1)


@dataclass(frozen=True)
class Ablation:
    """What is compared, and by which held-out rows. `values` are settings of training."""

    a: BuiltDataset
    b: BuiltDataset
    model: str
    held_out: BuiltDataset
    split: str
    out: Path
    settings: AblateSettings = field(default_factory=AblateSettings)
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task(self) -> str:
        return TASKS[self.held_out.kind or "text"]

    @property
    def seeds(self) -> list[int]:
        first = int(self.values.get("seed", 42))
        return [first + number for number in range(self.settings.seeds)]

    def arm(self, name: str) -> BuiltDataset:
        return self.a if name == "a" else self.b


class Judged(NamedTuple):
    """Of each held-out row the negative log-likelihood, and of how many tokens; 0 of one that is left out."""

    nll: NDArray[np.float64]
    tokens: NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One training run, and what its model makes of the held-out rows."""

    arm: str
    seed: int
    trained: dict[str, Any]
    judged: Judged


def ablate(asked: Ablation, progress: Progress, *, quiet: bool) -> dict[str, Any]:
    """Train, judge and compare; what is finished in the folder is not trained again.

    Raises SikuError: exit 2 for what is wrong with the words or the data, before anything is trained.
    """
    began = time.monotonic()
    described = describe(asked.model)
    held_out = HeldOutRows(
        asked.held_out, asked.split, described, limit=asked.settings.limit, skips=True, progress=progress
    )
    raise_together(held_out.problems())
    checked, steps = _steps(asked, progress)
    shares = {arm: _known(asked, len(held_out.fits), asked.arm(arm)) for arm in ARMS}
    runs: list[Run] = []
    for seed in asked.seeds:
        model = _start(asked, described, seed) if asked.settings.reset else asked.model
        for arm in ARMS:
            trained = train(_order(asked, arm, seed, model, steps[arm]), quiet=quiet)
            runs.append(Run(arm, seed, trained, _judge(Path(trained["path"]), held_out, checked.settings)))
    result = _result(asked, held_out, runs, shares) | {"seconds": time.monotonic() - began, "path": str(asked.out)}
    _write_rows(asked.out / ROWS, held_out, runs, shares)
    write_whole(asked.out / ABLATION, orjson.dumps(result, option=orjson.OPT_INDENT_2) + b"\n")
    return result


def _order(asked: Ablation, arm: str, seed: int, model: str, steps: int) -> TrainOrder:
    values = {**asked.values, **ALWAYS, "seed": seed, "max_steps": steps}
    out = asked.out / f"{arm}-{seed}"
    return TrainOrder(asked.task, str(asked.arm(arm).folder), model, out, values, resume=True)


def _steps(asked: Ablation, progress: Progress) -> tuple[Checked, dict[str, int]]:
    """How many steps each dataset needs for the tokens that both are to have."""
    per_step: dict[str, float] = {}
    epochs: list[int] = []
    for arm in ARMS:
        checked = check(_order(asked, arm, asked.seeds[0], asked.model, 1))
        lengths = gather(checked, progress).train.row_tokens()
        settings = checked.settings
        rows_per_step = settings.per_device_train_batch_size * settings.gradient_accumulation_steps
        per_step[arm] = float(lengths.mean()) * min(rows_per_step, len(lengths))
        epochs.append(int(lengths.sum()))
    tokens = asked.settings.tokens or min(epochs)
    return checked, {arm: max(1, round(tokens / per_step[arm])) for arm in ARMS}


def _start(asked: Ablation, described: Described, seed: int) -> str:
    """A folder with random weights, the same for the same seed."""
    import torch
    from transformers import AutoModelForCausalLM

    folder = asked.out / f"start-{seed}"
    if not folder.exists():
        scratch = folder.with_name(f".{folder.name}.tmp")
        shutil.rmtree(scratch, ignore_errors=True)
        torch.manual_seed(seed)
        make: Any = AutoModelForCausalLM.from_config
        model = make(described.source.config, dtype=torch.float32)
        model.save_pretrained(scratch)
        described.tokenizer.save_pretrained(scratch)
        scratch.rename(folder)
    return str(folder)


def _known(asked: Ablation, rows: int, data: BuiltDataset) -> list[float]:
    """For each held-out row how much of it stands in the training data."""
    kind = asked.held_out.kind or "text"
    texts = [_text_of(row) for row in islice(asked.held_out.read_rows(asked.split, kind), rows)]
    return known_shares(texts, (_text_of(row) for row in data.read_rows("train", kind)))


def _text_of(row: Mapping[str, Any]) -> str:
    if "text" in row:
        return str(row["text"])
    return "\n".join(message["content"] for message in row["messages"])


def _judge(folder: Path, held_out: HeldOutRows, settings: TrainSettings) -> Judged:
    """By number of the row in the split: the negative log-likelihood, and the tokens that it is of."""
    import numpy as np

    trained = open_model(describe(str(folder)), use_cpu=settings.use_cpu, bf16=settings.bf16)
    numbers: list[int] = []

    def pieces() -> Iterator[Piece]:
        for number, piece in held_out.numbered_pieces():
            numbers.append(number)
            yield piece

    nll, tokens = np.zeros(len(held_out.fits)), np.zeros(len(held_out.fits))
    size, pad = settings.per_device_eval_batch_size, trained.described.pad_token_id
    for place, found in measure_each(trained.model, pieces(), batch_size=size, pad_token_id=pad):
        nll[numbers[place]] += found.nll
        tokens[numbers[place]] += found.tokens
    return Judged(nll, tokens)


def _result(
    asked: Ablation, held_out: HeldOutRows, runs: Sequence[Run], shares: Mapping[str, list[float]]
) -> dict[str, Any]:
    """What is printed: for each dataset the mean loss over seeds, and by how much that of `a` is higher."""
    import numpy as np

    tokens = runs[0].judged.tokens
    whole = Likelihood(0.0, int(tokens.sum()))
    characters = held_out.characters
    by_arm = {arm: np.array([run.judged.nll for run in runs if run.arm == arm]) for arm in ARMS}
    losses = {arm: (nll.sum(axis=1) / whole.tokens).tolist() for arm, nll in by_arm.items()}
    differences = [a - b for a, b in zip(losses["a"], losses["b"], strict=True)]
    judged = tokens > 0
    seeds = over_seeds(differences)
    rows = over_rows((by_arm["a"] - by_arm["b"]).mean(axis=0)[judged], tokens[judged])
    means = {arm: Likelihood(float(by_arm[arm].sum(axis=1).mean()), whole.tokens) for arm in ARMS}
    figures = {arm: means[arm].figures(characters) for arm in ARMS}
    return {
        **{arm: asked.arm(arm).data() for arm in ARMS},
        "task": asked.task,
        "model": asked.model,
        "data": asked.held_out.data(),
        "split": asked.split,
        "rows": held_out.rows,
        "tokens": whole.tokens,
        "characters": characters,
        "seeds": asked.seeds,
        **{name: {arm: figures[arm][name] for arm in ARMS} for name in figures["a"]},
        "difference": sum(differences) / len(differences),
        "interval_seeds": seeds,
        "interval_rows": rows,
        "better": better_of([seeds, rows]),
        "rows_known": {arm: sum(share >= KNOWN for share in shares[arm]) for arm in ARMS},
        "runs": [
            {
                "data": run.arm,
                "seed": run.seed,
                "steps": run.trained["steps"],
                "epochs": run.trained["epochs"],
                "tokens": run.trained["tokens"],
                "train_loss": run.trained["train_loss"],
                "loss": float(run.judged.nll.sum() / whole.tokens),
                "path": run.trained["path"],
            }
            for run in runs
        ],
    }


def _write_rows(path: Path, held_out: HeldOutRows, runs: Sequence[Run], shares: Mapping[str, list[float]]) -> None:
    """Every held-out row with its loss in every run, and how much of it stands in the training data."""
    with RowFile(path) as file:
        for number in held_out.fits.nonzero()[0].tolist():
            tokens = runs[0].judged.tokens[number]
            losses = {
                arm: [float(run.judged.nll[number] / max(tokens, 1)) for run in runs if run.arm == arm] for arm in ARMS
            }
            known = {f"known_{arm}": shares[arm][number] for arm in ARMS}
            file.write({"id": held_out.cache.row_id(number), "tokens": int(tokens), **losses, **known})
