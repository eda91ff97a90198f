"""The step that removes near-duplicates and keeps held-out text out of training."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from builders.dedup.candidates import BandCandidates
from builders.dedup.documents import Mask, Numbers, SketchedDocuments
from builders.dedup.leaks import Leaks
from builders.dedup.pairs import Engine
from builders.dedup.reference import DatasketchCandidates
from builders.dedup.select import best_stay, most_alike
from builders.dedup.shingles import DEFAULT_NGRAM_CHARS, exact_jaccard
from builders.dedup.signatures import BINS
from builders.dedup.sketch import ShardSketch
from builders.dedup.verify import Verifier
from builders.document import Document
from builders.steps import Corpus, Fate
from validators.errors import SikuError

__all__ = ["NearDuplicates", "exact_jaccard", "kept_indices"]

EXACT, NEAR, LIKE_HELD_OUT = "exact duplicate", "near duplicate", "near-duplicate of held-out"


@dataclass(frozen=True, kw_only=True)
class NearDuplicates(Corpus):
    """Of documents that are alike the best stays; documents like held-out ones go to validation.

    Texts are compared without script, width, case, punctuation and line breaks (the text itself is not changed), by the
    Jaccard of their sets of `ngram_chars` consecutive characters. Two promises, both by exact Jaccard:

    * every document that goes names one that stays and is at least `jaccard` like it, never a mere chain of lookalikes;
    * no two documents that stay are that alike, of those that meet in a band: at 0.7 and above practically all pairs
      do, just at 0.5 all but two in a hundred.

    Why 0.7: text with 3 % of its characters wrong or with a tenth of its sentences left out is at 0.71 to 0.83 of the
    original, so 0.8 would miss most of such copies; texts that share one half are at a third, and different chapters
    below 0.01. Take 0.5 for recensions of classical works. A text shorter than one n-gram goes only as an exact copy.

    `within` names a column: only documents of one value of it can be copies of each other. With `title`, entries that
    were written to one pattern (X村是……下辖的一个行政村) are none. Novels leave it out, since titles of
    editions differ.

    With `same_numbers` only documents with the same numbers and Latin words can be: two short answers that differ in a
    year are not one.

    `holdout_jaccard` and `holdout_share` (of a book's documents) say what is like held-out text, see `Leaks`. The
    guard is lenient, because every removal is verified: a shelf of ten editions rightly loses nine tenths.
    """

    version: ClassVar[int] = 2
    sketch_fields: ClassVar[tuple[str, ...]] = ("ngram_chars", "within", "same_numbers")
    jaccard: float = 0.7
    within: str = ""
    same_numbers: bool = False
    ngram_chars: int = DEFAULT_NGRAM_CHARS
    bands: int = 64
    rows: int = 4
    engine: str = "siku"
    holdout_jaccard: float = 0.5
    holdout_share: float = 0.3
    stop_share: float = 0.95

    def __post_init__(self) -> None:
        mistakes = [
            f"{name} is {getattr(self, name)}, must be above 0 and at most 1"
            for name in ("jaccard", "holdout_jaccard", "holdout_share")
            if not 0 < getattr(self, name) <= 1
        ]
        mistakes += [
            f"{name} is {getattr(self, name)}, must be at least 1"
            for name in ("ngram_chars", "bands", "rows")
            if getattr(self, name) < 1
        ]
        if self.bands * self.rows > BINS:
            mistakes.append(f"bands x rows is {self.bands * self.rows}, the signature has {BINS} bins")
        if self.engine not in ("siku", "datasketch"):
            mistakes.append(f"engine is {self.engine!r}, must be 'siku' or 'datasketch'")
        if mistakes:
            raise SikuError(
                "near-duplicates cannot be found like this", where="NearDuplicates", why="; ".join(mistakes)
            )

    def sketch(self, folder: Path) -> ShardSketch:
        fields = {name: getattr(self, name) for name in self.sketch_fields}
        return ShardSketch(folder, **fields)

    def decide(self, folders: Sequence[Path], helpers: Executor | None = None) -> Iterator[dict[int, Fate]]:
        with SketchedDocuments(folders, self.bands, self.rows) as documents:
            yield from self._decide(documents, helpers)

    def _decide(self, documents: SketchedDocuments, helpers: Executor | None) -> Iterator[dict[int, Fate]]:
        numbers = np.arange(len(documents))
        same_text = _best_with_same_text(documents)
        compared = (same_text == numbers) & documents.has_ngrams
        engine = self._engine(documents, compared, helpers)
        duplicates = engine.duplicates(compared, self.jaccard)
        explained = most_alike(best_stay(compared, duplicates), duplicates)
        copy_of, likeness = numbers.copy(), np.ones(len(documents))
        copy_of[explained.worse], likeness[explained.worse] = explained.better, explained.jaccard
        copy_of, likeness = copy_of[same_text], likeness[same_text]
        leaks = Leaks(documents, engine, min(self.jaccard, self.holdout_jaccard), self.holdout_share)
        leaks.follow(compared, same_text, copy_of)
        told = copy_of != numbers
        told[list(leaks.reasons)] = True
        for of_shard in documents.by_shard(told):
            fates: dict[int, Fate] = {}
            for number, row in of_shard:
                if (why := leaks.reasons.get(number)) is not None:
                    fates[row] = Fate("valid", LIKE_HELD_OUT, why)
                    continue
                stays, jaccard = documents.id(int(copy_of[number])), float(likeness[number])
                check = EXACT if copy_of[number] == same_text[number] else NEAR
                fates[row] = Fate("", check, f"Jaccard {jaccard:.3f} with {stays}", stays, jaccard)
            yield fates

    def _engine(self, documents: SketchedDocuments, compared: Mask, helpers: Executor | None) -> Engine:
        verifier = Verifier(documents, self.ngram_chars, helpers)
        if self.engine == "datasketch":
            return DatasketchCandidates(verifier, compared, self.bands, self.rows)
        return BandCandidates(documents, verifier, self.bands)


def _best_with_same_text(documents: SketchedDocuments) -> Numbers:
    """For each document the lowest number with the same folded text."""
    first, second = documents.digests
    by_text = np.lexsort((second, first))  # stable: within a text by number
    begins = np.diff(first[by_text], prepend=first[:1]) != 0
    begins |= np.diff(second[by_text], prepend=second[:1]) != 0
    begins[:1] = True
    best = np.empty(len(documents), dtype=np.int64)
    best[by_text] = by_text[begins][np.cumsum(begins) - 1]
    return best


def kept_indices(texts: Sequence[str]) -> list[int]:
    """Of a short list, such as the chapters of one book, the texts that stay: of copies the first, without site lines.

    >>> kept_indices(["他推门进去，屋里没有人。", "窗外下着雪。", "他推門進去,屋裏沒有人."])
    [0, 1]
    """
    from builders.text.site_ads import clean_lines  # its tables take longer to load than the rest of this module

    step = NearDuplicates()
    with tempfile.TemporaryDirectory() as folder:
        with step.sketch(Path(folder)) as writer:
            for index, text in enumerate(texts):
                # One book of equal quality: the order of the ids decides, which is that of the list.
                writer.add(Document(f"{index:012}", clean_lines(text).text, {"book": "texts", "quality": 1.0}))
        (fates,) = step.decide([Path(folder)])
    return [index for index in range(len(texts)) if index not in fates]
