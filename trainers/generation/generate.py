"""Many prompts, several ways to choose the next token, side by side: from a model here or behind an endpoint."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from builders.engine.progress import Progress
from trainers.evaluation.metrics import Scores
from trainers.evaluation.predict import predict
from trainers.evaluation.trained import Trained
from trainers.generation.prompts import Asked
from trainers.generation.ways import GenerateSettings, Way
from trainers.row_file import RowFile

GENERATIONS = "generations.jsonl"
SHOWN = 20  # prompts whose texts are laid side by side


class Said(NamedTuple):
    """What a model said, and whether it came to an end by itself; `error` where nothing came."""

    text: str
    stopped: bool
    error: str = ""


class Speaker(Protocol):
    """A model, wherever it is."""

    @property
    def name(self) -> str: ...

    def say(self, prompts: Sequence[Asked], way: Way) -> Iterator[Said]:
        """What it says to each prompt, in order."""
        ...


@dataclass(frozen=True)
class ModelHere:
    """A model in this process."""

    trained: Trained
    settings: GenerateSettings

    @property
    def name(self) -> str:
        return self.trained.described.name

    def say(self, prompts: Sequence[Asked], way: Way) -> Iterator[Said]:
        given = (one.prompt(self.trained.described, as_text=self.settings.as_text) for one in prompts)
        for _, predictions in predict(self.trained, given, way.decoding, self.settings.per_device_eval_batch_size):
            yield from (Said(*one) for one in predictions)


@dataclass
class Sample:
    """What was said to one prompt, a text for each way."""

    id: str
    prompt: str
    texts: list[str]


@dataclass(frozen=True)
class Generated:
    """What came of a sweep: for each way its figures; of the first prompts, what was said to them in every way."""

    model: str
    prompts: int
    ways: list[dict[str, Any]]
    samples: list[Sample]
    failed: int
    path: Path | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "prompts": self.prompts,
            "sweep": self.ways,
            "samples": [asdict(one) for one in self.samples],
            "failed": self.failed,
            "path": None if self.path is None else str(self.path),
            "seconds": self.seconds,
        }


def generate(
    speaker: Speaker, prompts: Sequence[Asked], ways: Sequence[Way], out: Path | None, progress: Progress
) -> Generated:
    """Ask every prompt in every way; with `out`, all of it is in `generations.jsonl`, way after way."""
    began = time.monotonic()
    progress.start("writing", len(prompts) * len(ways), "texts")
    samples = [Sample(one.id, shown(one), []) for one in prompts[:SHOWN]]
    figures: list[dict[str, Any]] = []
    path = None if out is None else out / GENERATIONS
    failed = 0
    with RowFile(path) as file:
        for way in ways:
            tally = _Tally(bool(prompts) and all(one.reference for one in prompts))
            for place, (asked, said) in enumerate(zip(prompts, speaker.say(prompts, way), strict=True)):
                tally.add(asked, said)
                file.write(_row(asked, said, way))
                if place < SHOWN:
                    samples[place].texts.append(said.text if not said.error else f"({said.error})")
                progress.advance(1)
            failed += tally.failed
            figures.append({"settings": asdict(way.decoding), "label": way.label, **tally.figures()})
    return Generated(speaker.name, len(prompts), figures, samples, failed, path, time.monotonic() - began)


def shown(asked: Asked) -> str:
    """A prompt for people: of a conversation its last turn."""
    return asked.conversation[-1]["content"]


def _row(asked: Asked, said: Said, way: Way) -> dict[str, Any]:
    row: dict[str, Any] = {"id": asked.id, "prompt": asked.text or list(asked.messages)}
    if asked.reference:
        row["reference"] = asked.reference
    row |= {"settings": asdict(way.decoding), "prediction": said.text, "stopped": said.stopped}
    return row | ({"error": said.error} if said.error else {})


class _Tally:
    """Figures of one way: how long texts are, how many come to an end, how much they repeat; likeness where known."""

    def __init__(self, has_references: bool) -> None:
        likeness = {"rouge", "bleu"} if has_references else set()
        self.scores = Scores(frozenset({"repetition", "distinct"} | likeness))
        self.failed = self.stopped = self.characters = 0

    def add(self, asked: Asked, said: Said) -> None:
        if said.error:
            self.failed += 1
            return
        self.stopped += said.stopped
        self.characters += len(said.text)
        self.scores.add([said.text], [asked.reference])

    def figures(self) -> dict[str, Any]:
        count = self.scores.count
        shares = {"characters": self.characters, "stopped": self.stopped}
        return {
            **{name: value / count if count else None for name, value in shares.items()},
            **self.scores.figures(),
            "failed": self.failed,
        }
