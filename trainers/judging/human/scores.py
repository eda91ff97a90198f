"""What people said of texts, in an append-only file; the newest line of a person about a text counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders.publish.local_page.notebook import Entry, Notebook
from trainers.judging.human.items import Item
from trainers.judging.rubric import Rubric

HUMAN_SCORES = "human-scores.jsonl"
Scores = dict[str, int]  # by axis


@dataclass(frozen=True, slots=True)
class Said:
    """What one person said of one text."""

    scores: Scores
    comment: str = ""


class HumanScores:
    """The scores of all people on the axes of one rubric; those of another rubric stay in the file and do not count."""

    def __init__(self, folder: Path, rubric: Rubric) -> None:
        self.notebook = Notebook(folder / HUMAN_SCORES)
        self.rubric = rubric
        self.axes = [axis.name for axis in rubric.axes]

    def add(self, item: Item, who: str, scores: Mapping[str, int], comment: str = "") -> bool:
        """Keep scores on every axis; False where that is what this person said last. Raises SikuError, ValueError."""
        if not self.fits(scores):
            raise ValueError(f"{dict(scores)} is no score from 1 to {self.rubric.highest} for each of {self.axes}")
        said = Said({axis: scores[axis] for axis in self.axes}, comment.strip())
        if self.of(who).get(item.item) == said:
            return False
        self.notebook.append(
            item.item,
            who,
            id=item.id,
            sides=list(item.sides),
            highest=self.rubric.highest,
            scores=said.scores,
            comment=said.comment,
        )
        return True

    def of(self, who: str) -> dict[str, Said]:
        """What one person said last, by text."""
        name = who.strip()
        return {text: said[name] for text, said in self.all().items() if name in said}

    def all(self) -> dict[str, dict[str, Said]]:
        """What everybody said last, by text and person."""
        found: dict[str, dict[str, Said]] = {}
        for entry in self.notebook.newest().values():
            if self._counts(entry):
                said = Said(dict(entry.said["scores"]), str(entry.said.get("comment") or ""))
                found.setdefault(entry.item, {})[entry.who] = said
        return found

    def others(self) -> int:
        """How many entries do not count: they are of another rubric, or no scores."""
        return sum(not self._counts(entry) for entry in self.notebook.newest().values())

    def _counts(self, entry: Entry) -> bool:
        return entry.said.get("highest") == self.rubric.highest and self.fits(entry.said.get("scores"))

    def fits(self, scores: Any) -> bool:
        """Whether these are scores on every axis of the rubric and nothing else."""
        return (
            isinstance(scores, Mapping)
            and set(scores) == set(self.axes)
            and all(type(value) is int and 1 <= value <= self.rubric.highest for value in scores.values())
        )
