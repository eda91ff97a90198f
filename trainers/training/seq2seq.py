"""Source and target of every row, none longer than it may be: what `siku train seq2seq` trains on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from trainers.problems import MAX_NAMED, some_of
from trainers.rows.cache import TokenCache
from trainers.rows.seq2seq_tokens import LEARNT, cut_source
from trainers.training.likelihood import Piece
from trainers.training.models import ModelSource
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DOCUMENTS_AT_ONCE = 1 << 16
NEEDED = ("decoder_start_token_id", "pad_token_id")  # to begin a target and to fill batches up


class Pairs:
    """The pairs of a split (its first `limit` rows, where that is given) that are trained on or judged.

    Rows with a longer source or target are cut where `too_long` is `cut`, and left out where not.
    `source_lengths` and `target_lengths` are those of the pairs, as they are after that, `</s>` included.
    """

    def __init__(
        self,
        tokens: TokenCache,
        max_source_length: int,
        max_target_length: int,
        too_long: str = "stop",
        limit: int | None = None,
    ) -> None:
        import numpy as np

        self.tokens = tokens
        self.max_source_length, self.max_target_length = max_source_length, max_target_length
        self.cuts = too_long == "cut"
        lengths = tokens.lengths[:limit]
        targets = _learnt(tokens, len(lengths))
        sources = lengths - targets
        long = (sources > max_source_length) | (targets > max_target_length)
        self.too_long = np.flatnonzero(long)
        self.longest = (int(sources.max(initial=0)), int(targets.max(initial=0)))
        self.numbers = np.arange(len(lengths)) if self.cuts else np.flatnonzero(~long)
        self._sources = sources
        self.target_lengths: NDArray[np.int64] = np.minimum(targets, max_target_length)[self.numbers]
        self.source_lengths: NDArray[np.int64] = sources[self.numbers]
        for number in np.flatnonzero(self.source_lengths > max_source_length):
            self.source_lengths[number] = len(self.pair(int(number))[0])

    def __len__(self) -> int:
        return len(self.numbers)

    def pair(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids of the source and of the target. A target that is cut ends in `</s>`, too."""
        import numpy as np

        document = int(self.numbers[number])
        ids, marks = self.tokens.document(document)
        border = int(self._sources[document])
        source, target = ids[:border].astype(np.int64), ids[border:].astype(np.int64)
        if len(source) > self.max_source_length:
            source = source[cut_source(marks[:border], self.max_source_length)]
        if len(target) > self.max_target_length:
            target = np.append(target[: self.max_target_length - 1], target[-1])
        return source, target

    def pieces(self) -> Iterator[Piece]:
        """What is judged: the tokens of all targets."""
        for number in range(len(self)):
            source, target = self.pair(number)
            yield Piece(target, [1] * len(target), source)

    def row_id(self, number: int) -> str:
        return self.tokens.row_id(int(self.numbers[number]))

    @cached_property
    def kept_tokens(self) -> int:
        """Tokens of all pairs."""
        return int(self.source_lengths.sum() + self.target_lengths.sum())

    def characters(self, tokenizer: Any) -> int:
        """Code points of the targets; of those that are cut, of what is left."""
        characters = self.tokens.characters[self.numbers].copy()
        for document in self.too_long if self.cuts else ():
            target = self.pair(int(document))[1]
            if self.tokens.lengths[document] - self._sources[document] > len(target):
                characters[document] = len(tokenizer.decode(target[:-1], clean_up_tokenization_spaces=False))
        return int(characters.sum())

    def problems(self, others: tuple[int, int] = (0, 0)) -> list[SikuError]:
        """One problem, with count, ids and the lengths needed, where rows are too long; `others` need so much."""
        if not len(self.too_long):
            return []
        limits = {"max_source_length": self.max_source_length, "max_target_length": self.max_target_length}
        needed = {
            name: longest
            for (name, limit), longest in zip(limits.items(), self.longest, strict=True)
            if longest > limit
        }
        enough = dict(zip(limits, map(max, self.longest, others), strict=True))
        facts = self.tokens.facts
        ids = [self.tokens.row_id(int(number)) for number in self.too_long[:MAX_NAMED]]
        return [
            SikuError(
                f"{len(self.too_long):,} of {len(self._sources):,} rows of {facts['split']}: longer than "
                + " or ".join(f"{name} {limits[name]}" for name in needed),
                where=f"{facts['dataset']}, {some_of(ids, count=len(self.too_long))}",
                why="nothing is cut unless you say so",
                next=" ".join(f"--set {name}={enough[name]}" for name in limits if enough[name] > limits[name])
                + ", or --set too_long=skip, or --set too_long=cut",
            )
        ]


def _learnt(tokens: TokenCache, documents: int) -> NDArray[np.int64]:
    """How many tokens of each document are of its target; the marks of some documents in memory at a time."""
    import numpy as np

    found = np.zeros(documents, dtype=np.int64)
    for begin in range(0, documents, DOCUMENTS_AT_ONCE):
        end = min(begin + DOCUMENTS_AT_ONCE, documents)
        offsets = tokens.offsets[begin : end + 1]
        learnt = np.zeros(int(offsets[-1] - offsets[0]) + 1, dtype=np.int64)
        np.cumsum(tokens.marks[offsets[0] : offsets[-1]] == LEARNT, out=learnt[1:])
        found[begin:end] = np.diff(learnt[offsets - offsets[0]])
    return found


def pairs_of(tokens: TokenCache, settings: TrainSettings) -> Pairs:
    return Pairs(tokens, settings.max_source_length, settings.max_target_length, settings.too_long)


def pair_problems(caches: Sequence[TokenCache | None], settings: TrainSettings) -> list[SikuError]:
    """Rows that are too long, where they are neither to be cut nor left out."""
    if settings.too_long != "stop":
        return []
    splits = [pairs_of(cache, settings) for cache in caches if cache is not None]
    longest = max(one.longest[0] for one in splits), max(one.longest[1] for one in splits)
    return [problem for one in splits for problem in one.problems(longest)]


def encoder_problems(source: ModelSource, settings: TrainSettings) -> list[SikuError]:
    """What speaks against an encoder-decoder model: too few positions, no token to begin a target with."""
    found = []
    for name in ("max_source_length", "max_target_length"):
        length: int = getattr(settings, name)
        if source.max_positions is not None and length > source.max_positions:
            found.append(
                SikuError(
                    f"{name} {length} is beyond the {source.max_positions} positions of the model",
                    where=source.name,
                    why="it was not made to see so many tokens at once",
                    next=f"--set {name}={source.max_positions}",
                )
            )
    lacking = [name for name in NEEDED if getattr(source.config, name, None) is None]
    why, next = "without it no answer can be begun or filled up", "--model with one that has it"
    return found + [
        SikuError(f"the config.json of the model has no {name}", where=source.name, why=why, next=next)
        for name in lacking
    ]
