"""The steps of `siku tour`: what each is for, the words that do it alone, and which of its figures are told."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELD_OUT = "听雨楼"  # the example book that the model never sees
SETTINGS = ("max_length=256", "eval_strategy=steps", "use_cpu=true")
FOR_TEXTS = ("max_steps=40", "per_device_train_batch_size=4", "learning_rate=3e-3", "logging_steps=5", "save_steps=20")
FOR_PAIRS = (
    "max_steps=300",
    "per_device_train_batch_size=2",
    "learning_rate=2e-3",
    "logging_steps=30",
    "save_steps=100",
)
LONGEST_ANSWER_TOKENS = 48

Result = Mapping[str, Any]


@dataclass(frozen=True)
class TourStep:
    """One step. `words` are typed after `siku`; `tell` makes lines of what the command prints with `--json`."""

    name: str
    about: str
    words: tuple[str, ...]
    tell: Callable[[Result], list[str]]
    trains: bool = False  # needs the extra [train]
    look_at: tuple[Path, ...] = ()  # made for people

    @property
    def command(self) -> str:
        """As it is typed in a shell."""
        return shlex.join(("siku", *self.words))


def steps_of(out: Path) -> list[TourStep]:
    """From six small books to two judged models; everything lies in `out`, every path as it can be typed."""
    return [*_data_steps(out), *_model_steps(out)]


def _data_steps(out: Path) -> list[TourStep]:
    books, pairs = out / "data" / "novel-pretrain" / "1", out / "data" / "synth-qa" / "1"
    return [
        TourStep(
            "build",
            "six small books become a dataset; one whole book is held out",
            ("build", "novel-pretrain", "--holdout", HELD_OUT, "--out", str(out / "data")),
            _tell_built,
            look_at=(books / "report.html",),
        ),
        TourStep(
            "ask",
            "questions and answers about their chapters, from a server that answers by rules",
            ("synth-qa", "--endpoint", "demo", "--input", str(books), "--out", str(out / "data")),
            _tell_asked,
            look_at=(pairs / "report.html",),
        ),
    ]


def _model_steps(out: Path) -> list[TourStep]:
    books, pairs = out / "data" / "novel-pretrain" / "1", out / "data" / "synth-qa" / "1"
    model, read, taught = out / "model", out / "pretrain", out / "sft"
    return [
        TourStep(
            "make a model",
            "a model to try with: tiny and random, its tokenizer made from the books; yours would come from the Hub",
            ("train", "tiny-model", "--data", str(books), "--out", str(model)),
            _tell_made,
            trains=True,
        ),
        TourStep(
            "pretrain",
            "it reads the books",
            (*_training("pretrain", books, model, read), *_settings(FOR_TEXTS)),
            _tell_trained,
            trains=True,
            look_at=(read / "loss.svg",),
        ),
        TourStep(
            "evaluate the texts",
            "before and after, on the book that was held out",
            (*_judging(books, model, read, out / "judged" / "texts"), "--metrics", "perplexity"),
            _tell_compared(("perplexity", "perplexity_char")),
            trains=True,
        ),
        TourStep(
            "fine-tune",
            "it learns the pairs by heart, which helps with no other question: the held-out loss rises",
            (*_training("sft", pairs, read, taught), *_settings(FOR_PAIRS)),
            _tell_trained,
            trains=True,
            look_at=(taught / "loss.svg",),
        ),
        TourStep(
            "evaluate the answers",
            "before and after, on the questions that it was taught",
            (
                *_judging(pairs, read, taught, out / "judged" / "answers"),
                *("--split", "train", "--metrics", "perplexity,rouge,repetition"),
                *("--set", f"max_new_tokens={LONGEST_ANSWER_TOKENS}"),
            ),
            _tell_compared(("perplexity", "rougeL", "repetition")),
            trains=True,
            look_at=(out / "judged" / "answers" / "sft" / "predictions.jsonl",),
        ),
    ]


def _training(task: str, data: Path, model: Path, out: Path) -> tuple[str, ...]:
    return ("train", task, "--data", str(data), "--model", str(model), "--out", str(out))


def _judging(data: Path, before: Path, after: Path, out: Path) -> tuple[str, ...]:
    models = ("--model", str(before), "--model", str(after))
    return ("evaluate", *models, "--data", str(data), "--out", str(out), "--set", "use_cpu=true")


def _settings(own: Sequence[str]) -> tuple[str, ...]:
    """With `--resume` the command goes on with what is there, and tells of a finished run again."""
    return (*(word for setting in (*SETTINGS, *own) for word in ("--set", setting)), "--resume")


def _tell_built(result: Result) -> list[str]:
    rows, characters = result["rows"], result["characters"]
    return [
        f"{rows['train']:,} rows train, {rows['valid']:,} valid; "
        f"{characters['kept']:,} of {characters['in']:,} characters",
        f"{result['duplicates']:,} copies and {result['dropped']:,} other rows went, each with its reason",
    ]


def _tell_asked(result: Result) -> list[str]:
    return [
        f"{result['answered']:,} of {result['inputs']:,} passages answered: {result['rows']:,} pairs, "
        f"{result['dead']:,} dead letters"
    ]


def _tell_made(result: Result) -> list[str]:
    return [f"{result['parameters']:,} parameters, {result['vocabulary']:,} tokens"]


def _tell_trained(result: Result) -> list[str]:
    again = "" if result["resumed_from"] is None else f", gone on from step {result['resumed_from']:,}"
    return [
        f"{result['steps']:,} steps{again}; {result['trained_tokens']:,} of {result['tokens']:,} tokens carried loss, "
        f"padding {result['padding_share']:.1%}",
        f"loss at the end {result['train_loss']:.3f}, on the held-out rows {result['eval_loss']:.3f}",
    ]


def _tell_compared(names: tuple[str, ...]) -> Callable[[Result], list[str]]:
    """Each figure of the first model and of the second."""

    def tell(result: Result) -> list[str]:
        before, after = result["models"]
        return [f"{name}: {_figure(before[name])} before, {_figure(after[name])} after" for name in names]

    return tell


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.3f}"
