"""What people typed into the controls of the page, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainers.arena.contenders import Sampling
from validators.errors import SikuError


def read_sampling(given: Sequence[Any]) -> Sampling:
    """What the controls say. Raises SikuError for numbers that cannot be."""
    temperature, top_p, top_k, max_tokens, penalty, seed = given
    text = str(seed or "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise SikuError(f"{text!r} is no seed", why="a seed is a whole number, or nothing")
    if None in (temperature, top_p, top_k, max_tokens, penalty) or max_tokens < 1 or top_k < 0:
        raise SikuError(
            "a number of the sampling is missing or too small", next="look below, at Who, how, and your name"
        )
    return Sampling(
        temperature=float(temperature),
        top_p=float(top_p),
        top_k=int(top_k),
        max_tokens=int(max_tokens),
        repetition_penalty=float(penalty),
        seed=int(text) if text else None,
    )


def read_ranking(text: str, letters: Sequence[str]) -> list[int]:
    """The rank of each letter, 1 is best. Raises SikuError where one is missing, twice or unknown.

    >>> read_ranking("b > a=c", ["A", "B", "C"])
    [2, 1, 2]
    """
    tiers = [[one.strip() for one in tier.split("=")] for tier in text.upper().replace("＞", ">").split(">")]
    named = [one for tier in tiers for one in tier]
    if sorted(named) != sorted(letters):
        raise SikuError("this is no ranking", why=f"each of {', '.join(letters)} once", next="such as B > A = C")
    return [next(rank for rank, tier in enumerate(tiers, start=1) if letter in tier) for letter in letters]
