"""What people and models said of the texts of some files, read from the folder of the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from trainers.judging.human.figures import Material, Rater
from trainers.judging.human.items import Items
from trainers.judging.human.scores import HumanScores
from trainers.judging.judge import SCORES
from trainers.judging.rubric import Rubric

OTHER_TEXTS = "scores of other texts"
OTHER_RUBRIC = "scores of another rubric"
TORN = "lines that are none"


def material_of(items: Items, rubric: Rubric, folder: Path) -> Material:
    """The scores of `human-scores.jsonl` and `scores.jsonl` in a folder, as far as they are of these texts and axes."""
    known = items.by_name
    left_out: Counter[str] = Counter()
    human = HumanScores(folder, rubric)
    people: dict[str, dict[str, Mapping[str, int]]] = {}
    comments: Counter[str] = Counter()
    for text, said in human.all().items():
        if text not in known:
            left_out[OTHER_TEXTS] += len(said)
            continue
        for who, one in said.items():
            people.setdefault(who, {})[text] = one.scores
            comments[who] += bool(one.comment)
    left_out[OTHER_RUBRIC] += human.others()
    left_out[TORN] += human.notebook.torn
    judges: dict[str, dict[str, Mapping[str, int]]] = {}
    for row in _rows(folder / SCORES):
        item, scores = str(row.get("item")), row["scores"]
        if not human.fits(scores) or row.get("highest") != rubric.highest:
            left_out[f"{OTHER_RUBRIC} by models"] += 1
        elif item not in known:
            left_out[f"{OTHER_TEXTS} by models"] += 1
        else:
            judges.setdefault(row["judge"], {})[item] = scores
    named = {f"{name} (model)" if name in people else name: scores for name, scores in judges.items()}
    return Material(
        items,
        rubric,
        [Rater(name, people[name], comments[name]) for name in sorted(people)],
        [Rater(name, scores) for name, scores in named.items()],
        {reason: count for reason, count in left_out.items() if count},
    )


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """The valid scores of models; none where no model was asked."""
    if not file.exists():
        return
    for line in file.read_bytes().splitlines():
        row = orjson.loads(line)
        if "dead" not in row:
            yield row
