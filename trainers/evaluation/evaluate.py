"""How well does a model know held-out rows, and what does it write beside what should come?"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from builders.engine.progress import Progress
from trainers.evaluation.held_out import HeldOut, HeldOutRows
from trainers.evaluation.metrics import Scores
from trainers.evaluation.predict import Decoding, predict
from trainers.evaluation.trained import Described, Trained, open_model
from trainers.row_file import RowFile
from trainers.rows.dataset import KINDS, BuiltDataset, changed_files
from trainers.settings import key
from trainers.training.likelihood import Likelihood, measure
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError
from validators.problems import raise_together

PREDICTIONS, EVALUATION = "predictions.jsonl", "evaluation.json"


@dataclass(frozen=True)
class EvaluateSettings:
    """The keys of `siku evaluate --set`. None: what the model and the machine allow."""

    max_length: int | None = key(None, least=2)
    max_source_length: int = key(256, least=2)
    max_target_length: int = key(256, least=2)
    too_long: str = key("stop", choices=("stop", "skip", "cut"))
    chat_template_path: str | None = key(None)
    per_device_eval_batch_size: int = key(8, least=1)
    max_new_tokens: int = key(256, least=1)
    limit: int | None = key(None, least=1)
    bf16: bool | None = key(None)
    use_cpu: bool = key(False)


@dataclass(frozen=True)
class Order:
    """What is to be found out: the figures of `metrics`, over the rows of a split."""

    data: BuiltDataset
    split: str = "valid"
    metrics: frozenset[str] = frozenset({"perplexity"})
    settings: EvaluateSettings = field(default_factory=EvaluateSettings)

    @property
    def writes(self) -> bool:
        """Whether the model has to write."""
        return bool(self.metrics - {"perplexity"})


def check_data(order: Order) -> list[SikuError]:
    """What speaks against judging by a dataset: changed files, no such rows."""
    data, split = order.data, order.split
    if changed := changed_files(data):
        return changed  # what is in them means nothing
    where = str(data.folder)
    if not data.rows[split]:
        other = next((name for name, rows in data.rows.items() if rows), "")
        return [
            SikuError(
                f"{data.name} {data.version} has no rows in {split}",
                where=where,
                why="there is nothing to judge by",
                next=f"--split {other}" if other else "",
            )
        ]
    if data.kind is None:
        why = f"it has: {', '.join(sorted(data.columns()))}"
        return [SikuError(f"{data.name} {data.version} has no column {' or '.join(KINDS)}", where=where, why=why)]
    return []


def evaluate(described: Described, order: Order, out: Path | None, progress: Progress) -> dict[str, Any]:
    """The figures of one model, by the names that `--json` prints; with `out`, what it wrote as well.

    Raises SikuError (exit 2) with all that speaks against it, before the weights are read.
    """
    began = time.monotonic()
    settings = order.settings
    held_out = _held_out(described, order, progress)
    trained = open_model(described, use_cpu=settings.use_cpu, bf16=settings.bf16)
    trained.stop_ids |= set(held_out.stop_ids)
    figures: dict[str, Any] = {
        "model": described.name,
        "data": order.data.data(),
        "split": order.split,
        "rows": held_out.rows,
    }
    if held_out.too_long:
        figures["rows_too_long"] = held_out.too_long
    if "perplexity" in order.metrics:
        figures |= _likelihood(trained, held_out, settings, progress)
    if order.writes:
        figures |= _written(trained, held_out, order, out, progress)
    figures["seconds"] = time.monotonic() - began
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        whole = figures | {"settings": asdict(settings)}
        write_whole(out / EVALUATION, orjson.dumps(whole, option=orjson.OPT_INDENT_2) + b"\n")
    return figures


def _held_out(described: Described, order: Order, progress: Progress) -> HeldOut:
    """Raises SikuError (exit 2) with all that speaks against the rows."""
    settings, kind = order.settings, order.data.kind
    held_out: HeldOut
    if described.has_encoder:
        from trainers.evaluation.held_out_pairs import HeldOutPairs

        if kind != "messages":
            why = "a model with an encoder reads a question and writes its answer"
            raise SikuError(f"{order.data.name} has no column 'messages'", where=described.name, why=why)
        lengths = TrainSettings(
            max_source_length=settings.max_source_length,
            max_target_length=settings.max_target_length,
            too_long=settings.too_long,
        )
        held_out = HeldOutPairs(order.data, order.split, described, lengths, limit=settings.limit, progress=progress)
    else:
        if settings.too_long == "cut":
            raise SikuError(
                "--set too_long=cut: only models with an encoder have rows that may be cut",
                where=described.name,
                next="--set too_long=skip",
            )
        held_out = HeldOutRows(
            order.data,
            order.split,
            described,
            max_length=settings.max_length,
            limit=settings.limit,
            skips=settings.too_long == "skip",
            progress=progress,
        )
    raise_together(held_out.problems())
    return held_out


def _likelihood(trained: Trained, held_out: HeldOut, settings: EvaluateSettings, progress: Progress) -> dict[str, Any]:
    progress.start("likelihood", held_out.tokens, "tokens")
    total = Likelihood()
    batches = measure(
        trained.model,
        (piece for _, piece in held_out.numbered_pieces()),
        batch_size=settings.per_device_eval_batch_size,
        pad_token_id=trained.described.pad_token_id,
    )
    for batch in batches:
        total += batch
        progress.advance(batch.tokens)
    characters = held_out.characters
    return {"tokens": total.tokens, "characters": characters} | total.figures(characters)


def _written(trained: Trained, held_out: HeldOut, order: Order, out: Path | None, progress: Progress) -> dict[str, Any]:
    """Figures of what the model writes; `rows_without_rest` are texts of one sentence."""
    settings = order.settings
    scores = Scores(order.metrics)
    progress.start("writing", held_out.rows, "rows")
    with RowFile(None if out is None else out / PREDICTIONS) as file:
        decoding = Decoding(max_new_tokens=settings.max_new_tokens)
        some = predict(trained, held_out.prompts(), decoding, settings.per_device_eval_batch_size)
        for prompts, predictions in some:
            scores.add([one.text for one in predictions], [prompt.reference for prompt in prompts])
            for prompt, said in zip(prompts, predictions, strict=True):
                row = {"id": prompt.id, "prompt": prompt.text, "reference": prompt.reference}
                file.write(row | {"prediction": said.text, "stopped": said.stopped})
            progress.advance(len(prompts))
    found = scores.figures()
    if left_out := held_out.rows - scores.count:
        found["rows_without_rest"] = left_out
    return found | ({} if out is None else {"predictions": str(out / PREDICTIONS)})
