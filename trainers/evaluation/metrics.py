"""How like its reference is a text, and how often does it repeat itself? Figures that are right for Chinese.

A token is a Latin word, a number, or any other character, Han or punctuation.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy

METRICS = ("perplexity", "rouge", "bleu", "repetition", "distinct")
PRINTED_WITH = {  # a figure that is printed, to the metric that it is one of
    "loss": "perplexity",
    "perplexity_char": "perplexity",
    **dict.fromkeys(("rouge1", "rouge2", "rougeL"), "rouge"),
    **dict.fromkeys(("distinct1", "distinct2"), "distinct"),
}
TOKEN = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?|[^\sa-z0-9]")
REPEATED = 4  # tokens of the pieces whose repetition is counted
LENGTHS = (0, 250, 500, 1000, 2000, 4000)  # tokens: where the stretches of a text begin that repetition is told of
PAIRS_KEPT = 1 << 16  # before they are sorted in among the others
SECOND = 32  # bits that the number of a pair's second token has


def tokens_of(text: str) -> list[str]:
    return TOKEN.findall(text.lower())


# ---------------------------------------------------------------- likeness


class Rouge(NamedTuple):
    """F1 from 0 to 1."""

    rouge1: float
    rouge2: float
    rougeL: float  # noqa: N815 - its name everywhere


def rouge(candidate: str, reference: str) -> Rouge:
    """ROUGE-1, ROUGE-2, ROUGE-L (Lin 2004) of two whole texts; 0 where a side has nothing to count.

    Equal to Google's `rouge_score` with these tokens; https://aclanthology.org/W04-1013/
    """
    return _rouge(tokens_of(candidate), tokens_of(reference))


def _rouge(ours: list[str], theirs: list[str]) -> Rouge:
    pairs = [*pairwise(ours)], [*pairwise(theirs)]
    return Rouge(
        _f1(shared(ours, theirs), len(ours), len(theirs)),
        _f1(shared(*pairs), len(pairs[0]), len(pairs[1])),
        _f1(common_subsequence(ours, theirs), len(ours), len(theirs)),
    )


def _f1(hits: int, ours: int, theirs: int) -> float:
    """2PR / (P + R) for P = hits/ours and R = hits/theirs."""
    return 2 * hits / (ours + theirs) if hits else 0.0


def shared(ours: Iterable[Hashable], theirs: Iterable[Hashable]) -> int:
    """How many they have in common, each counted at most as often as on either side."""
    left: dict[Hashable, int] = {}
    for one in theirs:
        left[one] = left.get(one, 0) + 1
    found = 0
    for one in ours:
        if count := left.get(one):
            left[one] = count - 1
            found += 1
    return found


def common_subsequence(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence: a column of the table is one long integer, a token a few operations.

    Hyyrö, "Bit-parallel LCS-length computation revisited", 2004. Columns are as long as the longer text.
    """
    longer, shorter = (ours, theirs) if len(ours) >= len(theirs) else (theirs, ours)
    places: dict[Hashable, int] = {}
    bit = 1
    for token in longer:
        places[token] = places.get(token, 0) | bit
        bit <<= 1
    every = column = bit - 1
    for token in shorter:
        if token in places:
            matches = column & places[token]
            column = (column + matches) | (column - matches)
    return len(longer) - (column & every).bit_count()


class Bleu:
    """Corpus BLEU, 0 to 100, of texts that come in batches: sacrebleu, `tokenize="zh"`."""

    def __init__(self) -> None:
        from sacrebleu.metrics.bleu import BLEU

        self._metric = BLEU(tokenize="zh", force=True)  # `force`: no word about texts that end in a blank and a stop
        self._correct, self._total = [0] * self._metric.max_ngram_order, [0] * self._metric.max_ngram_order
        self._ours = self._theirs = 0

    def add(self, predictions: Sequence[str], references: Sequence[str]) -> None:
        if not predictions:
            return
        batch: Any = self._metric.corpus_score(list(predictions), [list(references)])
        self._correct = [a + b for a, b in zip(self._correct, batch.counts, strict=True)]
        self._total = [a + b for a, b in zip(self._total, batch.totals, strict=True)]
        self._ours += batch.sys_len
        self._theirs += batch.ref_len
        _forget_tokenised()

    @property
    def score(self) -> float:
        """0 where there was nothing to score."""
        counted: Any = self._metric.compute_bleu(
            list(self._correct), list(self._total), self._ours, self._theirs, smooth_method="exp"
        )
        return float(counted.score)


def _forget_tokenised() -> None:
    """sacrebleu keeps the last 65,536 texts that it tokenised, twice."""
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp
    from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

    for tokenizer in (TokenizerZh, TokenizerRegexp):
        tokenizer.__call__.cache_clear()


# ---------------------------------------------------------------- repetition


def repetition(text: str) -> float:
    """The share of 4-grams that stood in the text before: 1 - distinct / all; 0 for fewer than four tokens."""
    again = _said_again(tokens_of(text))
    return sum(again) / len(again) if again else 0.0


def _said_again(tokens: Sequence[str]) -> list[bool]:
    """For each 4-gram whether it stood in the text before."""
    seen: set[tuple[str, ...]] = set()
    again = []
    for piece in zip(*(tokens[start:] for start in range(REPEATED)), strict=False):
        again.append(piece in seen)
        seen.add(piece)
    return again


class Distinct:
    """Distinct / all tokens, and pairs, over texts that come one by one; 8 bytes for each distinct pair.

    Li et al. 2016, https://aclanthology.org/N16-1014/
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._fresh = array("Q")
        self._pairs: numpy.ndarray[Any, Any] | None = None  # sorted, each once
        self._tokens_counted = self._pairs_counted = 0

    def add(self, tokens: Sequence[str]) -> None:
        numbers = [self._numbers.setdefault(token, len(self._numbers)) for token in tokens]
        pairs = [first << SECOND | second for first, second in pairwise(numbers)]
        self._tokens_counted += len(numbers)
        self._pairs_counted += len(pairs)
        self._fresh.extend(pairs)
        if len(self._fresh) >= PAIRS_KEPT:
            self._sort_in()

    def _sort_in(self) -> int:
        """Returns how many distinct pairs there are."""
        import numpy as np

        fresh = np.frombuffer(self._fresh, dtype=np.uint64)
        self._fresh = array("Q")
        self._pairs = np.unique(fresh if self._pairs is None else np.concatenate([self._pairs, fresh]))
        return len(self._pairs)

    def shares(self) -> dict[str, float]:
        one = len(self._numbers) / self._tokens_counted if self._tokens_counted else 0.0
        two = self._sort_in() / self._pairs_counted if self._pairs_counted else 0.0
        return {"distinct1": one, "distinct2": two}


# ---------------------------------------------------------------- all of it


@dataclass
class Scores:
    """The figures of predictions beside their references, summed up as they come; memory does not grow with them.

    `wanted` are names of METRICS.
    """

    wanted: frozenset[str]
    count: int = 0
    _rouge: list[float] = field(default_factory=lambda: [0.0] * len(Rouge._fields))
    _bleu: Bleu | None = None
    _repetition: float = 0.0
    _again: list[int] = field(default_factory=lambda: [0] * len(LENGTHS))
    _pieces: list[int] = field(default_factory=lambda: [0] * len(LENGTHS))
    _distinct: Distinct = field(default_factory=Distinct)

    def add(self, predictions: Sequence[str], references: Sequence[str]) -> None:
        """One batch. Raises ValueError where one has more than the other."""
        for prediction, reference in zip(predictions, references, strict=True):
            self._add_one(tokens_of(prediction), reference)
        if "bleu" in self.wanted:
            self._bleu = self._bleu or Bleu()
            self._bleu.add(predictions, references)

    def _add_one(self, tokens: list[str], reference: str) -> None:
        self.count += 1
        if "rouge" in self.wanted:
            scored = _rouge(tokens, tokens_of(reference))
            self._rouge = [total + one for total, one in zip(self._rouge, scored, strict=True)]
        if "repetition" in self.wanted:
            self._add_repetition(tokens)
        if "distinct" in self.wanted:
            self._distinct.add(tokens)

    def _add_repetition(self, tokens: list[str]) -> None:
        again = _said_again(tokens)
        self._repetition += sum(again) / len(again) if again else 0.0
        for place, (begin, end) in enumerate(zip_longest(LENGTHS, LENGTHS[1:])):
            stretch = again[begin:end]
            self._again[place] += sum(stretch)
            self._pieces[place] += len(stretch)

    def figures(self) -> dict[str, Any]:
        """The means, by the names that are printed; all null where nothing was predicted."""
        found: dict[str, Any] = {}
        if "rouge" in self.wanted:
            found |= dict(zip(Rouge._fields, map(self._mean, self._rouge), strict=True))
        if "bleu" in self.wanted:
            found["bleu"] = self._bleu.score if self._bleu else None
        if "repetition" in self.wanted:
            found["repetition"] = self._mean(self._repetition)
            found["repetition_by_length"] = self._by_length()
        if "distinct" in self.wanted:
            found |= self._distinct.shares()
        return found

    def _mean(self, total: float) -> float | None:
        return total / self.count if self.count else None

    def _by_length(self) -> dict[str, float]:
        """Stretch of the text, in tokens ("500-1000"), to the share of its 4-grams that stood before in the text."""
        stretches = zip_longest(LENGTHS, LENGTHS[1:], fillvalue="")
        counted = zip(stretches, self._again, self._pieces, strict=True)
        return {f"{begin}-{end}": again / pieces for (begin, end), again, pieces in counted if pieces}
