"""All figures of a judging: of each judge, of judges against each other, and of all of them together."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Protocol

from trainers.judging.judges import Judge
from trainers.judging.measures import (
    POINTS,
    RESAMPLES,
    SEED,
    PairVerdict,
    agreement,
    better_of,
    mean,
    panel,
    position,
    preference,
    scored,
    self_preference,
)
from trainers.judging.pairs import Joined
from trainers.judging.rubric import Rubric
from trainers.judging.tasks import PairJudging, RubricJudging

if TYPE_CHECKING:
    from trainers.judging.judge import Said

Names = Mapping[str, tuple[str, str]]  # by side: the name of its file, and its model where that is known
ALL_AXES = "all"  # the mean over the axes


class Gave(Protocol):
    """A judge and its verdicts by the id of the pair."""

    judge: Judge
    verdicts: dict[str, PairVerdict]


def figures_of(joined: Joined, said: Sequence[Said], names: Names, rubric: Rubric | None) -> dict[str, Any]:
    """What `judge.json` holds: nothing in it depends on when, where and how fast it was made."""
    asked = (PairJudging, RubricJudging)[: 2 if rubric else 1]
    figures = heading(joined, names, [f"{task.__name__}/{task.version}" for task in asked])
    figures["judges"] = [_of_judge(one, said, names, rubric) for one in said]
    return figures | of_several(said, joined)


def heading(joined: Joined, names: Names, prompts: Sequence[str]) -> dict[str, Any]:
    """What was judged, and how the figures came about."""
    return {
        **{side: {"file": file, "model": model or None} for side, (file, model) in names.items()},
        "joined_by": joined.by,
        "pairs": len(joined.pairs),
        "identical": sum(pair.is_identical for pair in joined.pairs),
        "left_out": dataclasses.asdict(joined.left_out),
        "prompts": list(prompts),
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "level": 0.95},
    }


def of_several(said: Sequence[Gave], joined: Joined) -> dict[str, Any]:
    """Judges against each other, two by two, and what most of them say."""
    identical = {pair.id for pair in joined.pairs if pair.is_identical}
    found: dict[str, Any] = {"agreement": [_of_two(one, two, identical) for one, two in combinations(said, 2)]}
    return found | ({"panel": _of_panel(said)} if len(said) > 1 else {})


def of_own_side(one: Gave, said: Sequence[Gave], names: Names) -> dict[str, Any]:
    """`self_preference` of a judge whose model wrote one of the sides; nothing of others."""
    own = _own_side(one, names)
    return {} if own is None else {"self_preference": _of_own(one, said, names, own)}


def _of_judge(one: Said, said: Sequence[Said], names: Names, rubric: Rubric | None) -> dict[str, Any]:
    verdicts = list(one.verdicts.values())
    found = {"name": one.judge.name, "model": one.judge.model, "dead": one.dead, **preference(verdicts)}
    found["position"] = position(verdicts)
    found |= of_own_side(one, said, names)
    if rubric is not None:
        found["rubric"] = _of_rubric(one, rubric)
    return found


def _sides(one: Gave, ids: Sequence[str]) -> list[str]:
    return [one.verdicts[id].side for id in ids]


def _shared(judges: Sequence[Gave]) -> list[str]:
    """Pairs that all of these judges have a verdict on, in order."""
    return [id for id in judges[0].verdicts if all(id in one.verdicts for one in judges)]


# ---------------------------------------------------------------- self-preference


def same_model(one: str, two: str) -> bool:
    """Whether two names are of one model: `Qwen/Qwen3-8B`, `qwen3-8b` and a folder `out/Qwen3-8B` are.

    >>> same_model("Qwen/Qwen3-8B", "qwen3-8b"), same_model("", "")
    (True, False)
    """
    short = [name.rstrip("/").rpartition("/")[2].casefold() for name in (one, two)]
    return bool(short[0]) and short[0] == short[1]


def _own_side(one: Gave, names: Names) -> str | None:
    """The side that the judge's model wrote; None if it wrote neither, or both."""
    own = [side for side, (_, model) in names.items() if same_model(one.judge.model, model)]
    return own[0] if len(own) == 1 else None


def _wrote_neither(one: Gave, names: Names) -> bool:
    return not any(same_model(one.judge.model, model) for _, model in names.values())


def _of_own(one: Gave, said: Sequence[Gave], names: Names, side: str) -> dict[str, Any]:
    others = [other for other in said if _wrote_neither(other, names)]
    ids = _shared([one, *others])
    own, *rest = ([judge.verdicts[id] for id in ids] for judge in (one, *others))
    found = self_preference(own, rest, side)
    return found | {"compared_with": [other.judge.name for other in others]}


# ---------------------------------------------------------------- several judges


def _of_two(one: Gave, two: Gave, identical: set[str]) -> dict[str, Any]:
    """Pairs of equal texts, on which nobody was asked, are no agreement."""
    ids = [id for id in _shared([one, two]) if id not in identical]
    return {"judges": [one.judge.name, two.judge.name], **agreement(_sides(one, ids), _sides(two, ids))}


def _of_panel(said: Sequence[Gave]) -> dict[str, Any]:
    ids = _shared(said)
    sides = panel([_sides(one, ids) for one in said])
    win_rate = mean([POINTS[side] for side in sides])
    counts = {"pairs": len(ids), "wins_a": sides.count("a"), "wins_b": sides.count("b"), "ties": sides.count("tie")}
    return counts | {"win_rate": win_rate.to_json(), "better": better_of(win_rate)}


# ---------------------------------------------------------------- the rubric


def _of_rubric(one: Said, rubric: Rubric) -> dict[str, Any]:
    names = [axis.name for axis in rubric.axes]
    columns = {name: [name] for name in names} | ({ALL_AXES: names} if ALL_AXES not in names else {})
    pairs = list(one.scores.values())
    axes = {
        label: scored(*[[sum(sides[side][name] for name in of) / len(of) for sides in pairs] for side in ("a", "b")])
        for label, of in columns.items()
    }
    return {"highest": rubric.highest, "axes": axes}
