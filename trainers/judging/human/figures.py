"""What people and models think of texts, and how far they agree: of each axis and of all together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import fmean
from typing import Any

from trainers.judging.figures import ALL_AXES
from trainers.judging.human.alpha import RESAMPLES, alpha
from trainers.judging.human.items import Item, Items
from trainers.judging.measures import SEED, mean
from trainers.judging.rubric import Rubric

Scores = Mapping[str, Mapping[str, int]]  # by text and axis


@dataclass(frozen=True)
class Rater:
    """Somebody who scored texts: a person, or a model that judges."""

    name: str
    scores: Scores
    comments: int = 0


@dataclass(frozen=True)
class Material:
    """All that figures are made of; `left_out` says what does not count, by reason."""

    items: Items
    rubric: Rubric
    people: Sequence[Rater]
    judges: Sequence[Rater] = ()
    verdicts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of judges that compared, by row
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def every(self) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.rubric.axes)

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """What there are figures of: each axis, and the mean over all of them."""
        return {name: (name,) for name in self.every} | ({ALL_AXES: self.every} if ALL_AXES not in self.every else {})


def human_figures(material: Material) -> dict[str, Any]:
    """What `judge-human.json` holds."""
    items, people, judges = material.items, material.people, material.judges
    return {
        "files": items.files,
        "rows": items.rows,
        "texts": len(items.items),
        "rubric": {"highest": material.rubric.highest, "axes": [axis.name for axis in material.rubric.axes]},
        "left_out": {reason: len(names) for reason, names in items.left_out.items()} | dict(material.left_out),
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "level": 0.95},
        "people": [{"name": one.name, "texts": len(one.scores), "comments": one.comments} for one in people],
        "judges": [{"name": one.name, "texts": len(one.scores)} for one in judges],
        "means": {
            "people": _means(material, people),
            **({"judges": {one.name: _means(material, [one]) for one in judges}} if judges else {}),
        },
        "agreement": {axis: _agreement(material, of) for axis, of in material.axes.items()},
        "pairs": [_of_two(material, one, two) for one, two in combinations([*people, *judges], 2)],
        "verdicts": _verdicts(material),
    }


# ---------------------------------------------------------------- means


def _value(rater: Rater, item: Item, of: Sequence[str]) -> float | None:
    """What a rater gives a text: the mean over some axes."""
    scores = rater.scores.get(item.item)
    return None if scores is None else fmean(scores[axis] for axis in of)


def _mean_of(raters: Sequence[Rater], item: Item, of: Sequence[str]) -> float | None:
    said = [value for one in raters if (value := _value(one, item, of)) is not None]
    return fmean(said) if said else None


def _means(material: Material, raters: Sequence[Rater]) -> dict[str, Any]:
    """By side and axis: the mean over texts of the mean over raters; and A less that side, over rows with both."""
    found: dict[str, Any] = {}
    for side, file in material.items.files.items():
        texts = {one.id: one for one in material.items.items if side in one.sides}
        first = {one.id: one for one in material.items.items if "a" in one.sides}
        axes: dict[str, Any] = {}
        for axis, of in material.axes.items():
            own = {id: value for id, one in texts.items() if (value := _mean_of(raters, one, of)) is not None}
            axes[axis] = {"texts": len(own), **mean(list(own.values())).to_json()}
            if side != "a":
                rows = [(_mean_of(raters, first[id], of), value) for id, value in own.items() if id in first]
                differences = [a - value for a, value in rows if a is not None]
                axes[axis]["a_minus"] = {"rows": len(differences), **mean(differences).to_json()}
        found[side] = {"file": file, "axes": axes}
    return found


# ---------------------------------------------------------------- agreement


def _units(material: Material, raters: Iterable[Rater], of: Sequence[str]) -> dict[str, list[list[float]]]:
    """By row: what was said of each of its texts."""
    named = list(raters)
    found: dict[str, list[list[float]]] = {}
    for item in material.items.items:
        said = [value for one in named if (value := _value(one, item, of)) is not None]
        found.setdefault(item.id, []).append(said)
    return found


def _agreement(material: Material, of: Sequence[str]) -> dict[str, Any]:
    """Alpha of people among each other, and with each judge as one more of them."""
    people = material.people
    return {
        "people": alpha(_units(material, people, of), "ordinal"),
        "with": {one.name: alpha(_units(material, [*people, one], of), "ordinal") for one in material.judges},
    }


def _of_two(material: Material, one: Rater, two: Rater) -> dict[str, Any]:
    found = alpha(_units(material, (one, two), material.every), "ordinal")
    return {"raters": [one.name, two.name], "models": sum(rater in material.judges for rater in (one, two)), **found}


def _verdicts(material: Material) -> dict[str, Any] | None:
    """Of two files: which one each rater scores higher, row by row, and how far they agree on that. None of others.

    Judges that compared the two texts of a row stand beside those that scored each.
    """
    if len(material.items.files) != 2:
        return None
    rows: dict[str, dict[str, Item]] = {}
    for item in material.items.items:
        for side in item.sides:
            rows.setdefault(item.id, {})[side] = item
    apart = {id: sides for id, sides in rows.items() if sides["a"] is not sides["b"]}
    said = {one.name: _sides(one, apart, material.every) for one in (*material.people, *material.judges)}
    said |= {name: {id: side for id, side in of.items() if id in apart} for name, of in material.verdicts.items()}

    def units(names: Sequence[str]) -> dict[str, list[list[str]]]:
        return {id: [[said[name][id] for name in names if id in said[name]]] for id in apart}

    people = [one.name for one in material.people]
    return {
        "by": {
            name: {"rows": len(of), **{side: list(of.values()).count(side) for side in ("a", "b", "tie")}}
            for name, of in said.items()
        },
        "people": alpha(units(people), "nominal"),
        "with": {name: alpha(units([*people, name]), "nominal") for name in said if name not in people},
    }


def _sides(rater: Rater, rows: Mapping[str, Mapping[str, Item]], of: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for id, sides in rows.items():
        a, b = _value(rater, sides["a"], of), _value(rater, sides["b"], of)
        if a is not None and b is not None:
            found[id] = "a" if a > b else "b" if b > a else "tie"
    return found
