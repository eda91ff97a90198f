"""What people and models said of the texts of some files, read from the folder of the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from trainers.judging.human.figures import Material, Rater
from trainers.judging.human.items import Item, Items
from trainers.judging.human.scores import HumanScores
from trainers.judging.judge import JUDGEMENTS, SCORES
from trainers.judging.measures import PairVerdict
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
        _verdicts(items, folder),
        {reason: count for reason, count in left_out.items() if count},
    )


def _verdicts(items: Items, folder: Path) -> dict[str, dict[str, str]]:
    """What judges said who compared the two texts of a row: `a`, `b` or `tie` by judge and row, as in `judge.json`."""
    known = items.by_name
    said: dict[tuple[str, str], dict[str, str]] = {}
    shown: dict[tuple[str, str], list[Item]] = {}
    for row in _rows(folder / JUDGEMENTS):
        texts = [known[item] for item in row.get("items", ()) if item in known]
        if len(texts) == 2:
            who = (f"{row['judge']} (pairs)", texts[0].id)
            said.setdefault(who, {})[row["order"]] = row["winner"]
            shown[who] = texts
    found: dict[str, dict[str, str]] = {}
    for (name, id), orders in said.items():
        if len(orders) == 2:
            side = PairVerdict(**orders).side
            winner = "tie" if side == "tie" else shown[name, id]["ab".index(side)].sides[0]
            found.setdefault(name, {})[id] = winner
    return found


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """What models said; nothing where none was asked."""
    if not file.exists():
        return
    for line in file.read_bytes().splitlines():
        row = orjson.loads(line)
        if "dead" not in row:
            yield row
