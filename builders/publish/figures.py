"""The figures that the report and the dataset card both tell, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builders.engine.ledger import StepTally, removed_share
from builders.engine.plan import write_value

MAX_SETTING_CHARS = 120


@dataclass(frozen=True)
class StepFigures:
    """What one step did, with its settings from the plan."""

    tally: StepTally
    settings: Mapping[str, Any]  # the fields of the step, without those of the guard
    warn_share: float

    @property
    def share(self) -> float:
        """Share of documents or characters removed, whichever is larger: what the guard looks at."""
        return removed_share(self.tally)

    @property
    def warns(self) -> bool:
        return self.share > self.warn_share

    @property
    def rules(self) -> list[tuple[str, int]]:
        """Refused documents by rule, the most frequent first."""
        return most_frequent(self.tally.dropped)

    @property
    def settings_text(self) -> str:
        """The settings as `--set` takes them: `min_chars=20, titles=雪夜,归人`."""
        settings = {key: _setting(value) for key, value in self.settings.items() if key != "reads"}
        settings |= {key: counted(len(files), "file") for key, files in self.settings.get("reads", {}).items()}
        return ", ".join(f"{key}={value}" for key, value in settings.items())

    @property
    def made(self) -> str:
        """What came of it where one document became several, or longer: `58 more documents, 2,257 more characters`."""
        tally = self.tally
        more = {
            "document": tally.documents_out + tally.dropped.total() - tally.documents_in,
            "character": -tally.characters_removed,
        }
        return ", ".join(f"{count:,} more {noun}{'s' * (count > 1)}" for noun, count in more.items() if count > 0)

    @property
    def idle(self) -> bool:
        """True if it neither refused nor cut nor noted anything."""
        tally = self.tally
        return not (tally.dropped or tally.notes or tally.examples or tally.characters_removed)


def _setting(value: Any) -> str:
    written = write_value(value)
    return written if len(written) <= MAX_SETTING_CHARS else written[:MAX_SETTING_CHARS] + "…"


def steps_of(manifest: Mapping[str, Any]) -> list[StepFigures]:
    """The steps of the ledger in their order, each with its settings."""
    planned = {step["class"]: step for step in manifest.get("plan", {}).get("steps", [])}
    found = []
    for row in manifest["ledger"]["steps"]:
        plan = planned.get(row["name"], {})
        hidden = ("class", "version", "warn_share", "stop_share")
        settings = {key: value for key, value in plan.items() if key not in hidden}
        found.append(StepFigures(StepTally.from_json(row), settings, plan.get("warn_share", 1.0)))
    return found


@dataclass(frozen=True)
class Writing:
    """What a model wrote of a dataset: the step that asked it, the model, the prompt with its version."""

    step: StepFigures
    model: str
    prompt: str

    @property
    def name(self) -> str:
        return self.step.tally.name

    @property
    def passages(self) -> int:
        return self.step.tally.documents_in

    @property
    def dead(self) -> int:
        return self.step.tally.documents_dropped

    @property
    def answered(self) -> int:
        return self.passages - self.dead

    @property
    def samples(self) -> int:
        return self.step.tally.documents_out


def writing_of(manifest: Mapping[str, Any], steps: Sequence[StepFigures]) -> Writing | None:
    """None where no model was asked; the settings of a step that asked one hold the digest of its replies."""
    versions = {step["class"]: step.get("version") for step in manifest["plan"].get("steps", ())}
    for step in steps:
        if {"model", "replies"} <= step.settings.keys():
            name = step.tally.name
            return Writing(step, str(step.settings["model"]), f"{name}/{versions[name]}")
    return None


def warnings(steps: Sequence[StepFigures]) -> list[str]:
    """One sentence for each step that removed more than its guard finds usual."""
    return [
        f"{step.tally.name} removed {percent(step.share)} of what reached it; its guard warns above "
        f"{whole_percent(step.warn_share)}."
        for step in steps
        if step.warns
    ]


def most_frequent(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def share_of(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def percent(share: float) -> str:
    """A share for people: two figures where it is small, and never rounded to all or nothing.

    >>> percent(0.0312), percent(0.99997), percent(1.0)
    ('3.1 %', '> 99.9 %', '100 %')
    """
    size = abs(share)
    if 0 < size < 0.0001:
        return "< 0.01 %"
    if 0.9995 <= size < 1:
        return "> 99.9 %"
    return f"{100 * share:.{0 if size in (0, 1) else 2 if size < 0.01 else 1}f} %"


def whole_percent(share: float) -> str:
    """A limit, as it was set: `30 %`."""
    return f"{100 * share:.10g} %"


def counted(count: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def signed(count: int) -> str:
    """A change with its sign; the minus is the long one that aligns with figures."""
    return f"−{-count:,}" if count < 0 else f"+{count:,}" if count else "0"


def short_number(count: int) -> str:
    """Three figures and a unit: `1.24 M`; below ten thousand the number itself."""
    if count < 10_000:
        return f"{count:,}"
    count = int(float(f"{count:.3g}"))
    power = min((len(str(count)) - 1) // 3, 4)
    return f"{count / 1000**power:.3g} {' kMGT'[power]}"


def in_wan(chars: int) -> str:
    """Characters as Chinese counts them, empty below ten thousand: `1,240 万字`, `3.15 亿字`."""
    if chars < 10_000:
        return ""
    if chars < 100_000_000:
        return f"{chars / 10_000:,.1f} 万字" if chars < 10_000_000 else f"{chars / 10_000:,.0f} 万字"
    return f"{chars / 100_000_000:,.2f} 亿字"
