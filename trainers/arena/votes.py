"""Votes: what people thought of replies whose models they did not know, in an append-only file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders.publish.local_page.notebook import Entry, Notebook
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VOTES = "votes.jsonl"
TIE, ALL_BAD = "tie", "all bad"
BEST, RANK = "best", "rank"
CHOICES = (BEST, RANK, TIE, ALL_BAD)


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's vote on one conversation. `tiers` are names of models, the best first; equals share a tier.

    `best` says nothing of those that were not chosen: only the first tier is compared with the second.
    """

    choice: str
    tiers: tuple[tuple[str, ...], ...]
    models: tuple[tuple[str, str], ...] = ()  # name, and the model behind it

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for tier in self.tiers for name in tier)

    def points(self, places: dict[str, int]) -> NDArray[np.float64]:
        """Models x models: what each got against each other, half a point for a tie."""
        import numpy as np

        found = np.zeros((len(places), len(places)))
        for place, tier in enumerate(self.tiers):
            numbers = [places[name] for name in tier]
            for below in (places[name] for later in self.tiers[place + 1 :] for name in later):
                found[numbers, below] += 1.0
            for one in numbers if self.choice != BEST else ():
                found[one, [other for other in numbers if other != one]] += 0.5
        return found


def store_at(given: Path) -> Notebook:
    """The votes of a file, or of `votes.jsonl` in a folder."""
    return Notebook(given if given.suffix == ".jsonl" or given.is_file() else given / VOTES)


def read_votes(store: Notebook) -> list[Vote]:
    """The newest vote of each person on each conversation, the oldest first. SikuError for lines that are none."""
    votes, wrong = [], []
    for entry in store.newest().values():
        vote = _vote(entry)
        if vote is None:
            wrong.append(entry.item)
        else:
            votes.append(vote)
    if wrong:
        raise SikuError(
            f"{len(wrong)} lines are no votes", where=str(store.path), why=f"the first is of {wrong[0]}", next="--votes"
        )
    return votes


def _vote(entry: Entry) -> Vote | None:
    choice, tiers, models = (entry.said.get(key) for key in ("choice", "tiers", "models"))
    if choice not in CHOICES or not isinstance(tiers, list) or not all(_are_names(tier) for tier in tiers):
        return None
    names = [name for tier in tiers for name in tier]
    if len(names) < 2 or len(set(names)) < len(names):
        return None
    known = models.items() if isinstance(models, dict) else ()
    behind = tuple((name, str(of.get("model", ""))) for name, of in known if isinstance(of, dict))
    return Vote(choice, tuple(map(tuple, tiers)), behind)


def _are_names(tier: Any) -> bool:
    return isinstance(tier, list) and all(isinstance(name, str) for name in tier) and bool(tier)


def tiers_of(choice: str, names: Sequence[str], ranks: Sequence[int] = ()) -> list[list[str]]:
    """The tiers that a choice makes of `names`; `ranks`, one a name, 1 is best: for `best` and `rank`.

    >>> tiers_of("rank", ["甲", "乙", "丙"], [2, 1, 2])
    [['乙'], ['甲', '丙']]
    """
    if choice in (TIE, ALL_BAD):
        return [list(names)]
    return [
        [name for name, rank in zip(names, ranks, strict=True) if rank == one] for one in sorted(dict.fromkeys(ranks))
    ]


def names_of(votes: Iterable[Vote]) -> list[str]:
    return sorted({name for vote in votes for name in vote.names})
