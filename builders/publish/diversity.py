"""How much a set of questions and answers repeats itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from builders.dedup.shingles import fold_units, ngram_hashes, utf16
from validators.folding import to_folded

NEAR_JACCARD = 0.5  # of the character pairs of two short questions: one character of eight differs
MAX_COMPARED = 200  # groups that a question is compared with


@dataclass(frozen=True, slots=True)
class Group:
    """A question and how many are the same or nearly so, with some of the wordings."""

    question: str
    count: int
    wordings: Sequence[str]


def distinct(texts: Sequence[str], ngram_chars: int) -> float:
    """Different n-grams of characters by all of them (distinct-n, Li et al. 2016); marks and white space left out."""
    units, ends = fold_units([utf16(text) for text in texts])
    hashes = ngram_hashes(units, ngram_chars)
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    text_of = np.repeat(np.arange(len(ends)), ends - starts)
    within = text_of[: len(hashes)] == text_of[ngram_chars - 1 :][: len(hashes)]
    hashes = hashes[within]
    return len(np.unique(hashes)) / len(hashes) if len(hashes) else 0.0


def commonest(texts: Sequence[str], piece: Callable[[str], str], count: int) -> list[tuple[str, int]]:
    """The pieces of texts that come most often, and in how many."""
    counts = Counter(found for text in texts if (found := piece(text)))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:count]


def groups(questions: Sequence[str], largest: int, wordings: int) -> tuple[int, list[Group]]:
    """How many questions are nearly the same as an earlier one, and the largest groups of such.

    Every question joins the first group whose first question it is like: a Jaccard of at least `NEAR_JACCARD` between
    their sets of character pairs. Candidates are found by the rarest pairs alone (prefix filter, Chaudhuri et al.
    2006), so nothing that is that alike is overlooked, but for questions like more than `MAX_COMPARED` groups.
    """
    folded = [to_folded(question) for question in questions]
    rarity = Counter(pair for text in folded for pair in _pairs(text))
    groups_with: dict[str, list[int]] = defaultdict(list)
    leaders: list[frozenset[str]] = []
    members: list[list[int]] = []
    for number, text in enumerate(folded):
        pairs = _pairs(text)
        ranked = sorted(pairs, key=lambda pair: (rarity[pair], pair))
        prefix = ranked[: len(ranked) - int(np.ceil(NEAR_JACCARD * len(ranked) - 1e-9)) + 1]
        candidates = list(dict.fromkeys(group for pair in prefix for group in groups_with[pair]))
        near = (group for group in candidates[:MAX_COMPARED] if _jaccard(pairs, leaders[group]) >= NEAR_JACCARD)
        group = next(near, len(leaders))
        if group == len(leaders):
            leaders.append(pairs)
            members.append([])
            for pair in prefix:
                groups_with[pair].append(group)
        members[group].append(number)
    repeated = len(questions) - len(leaders)
    ranked_groups = sorted((group for group in members if len(group) > 1), key=lambda group: (-len(group), group[0]))
    return repeated, [_group(questions, group, wordings) for group in ranked_groups[:largest]]


def _group(questions: Sequence[str], members: Sequence[int], wordings: int) -> Group:
    counts = Counter(questions[number] for number in members)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Group(ranked[0][0], len(members), [text for text, _ in ranked[1 : 1 + wordings]])


def _pairs(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters; of a single character itself."""
    return frozenset(text[place : place + 2] for place in range(max(1, len(text) - 1)))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
