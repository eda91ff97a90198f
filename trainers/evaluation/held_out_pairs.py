"""The rows that a model with an encoder is judged by: it reads what stands before the last answer, and writes that."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from builders.engine.progress import Progress
from trainers.evaluation.held_out import beyond_embedding
from trainers.evaluation.predict import Prompt
from trainers.evaluation.trained import Described
from trainers.rows.cache import open_cache
from trainers.rows.dataset import BuiltDataset
from trainers.rows.seq2seq_tokens import Seq2SeqEncoder, source_and_target
from trainers.training.likelihood import Piece
from trainers.training.seq2seq import Pairs, encoder_problems
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError


class HeldOutPairs:
    """The first `limit` rows of a split (None: all) as source and target; `settings` say how long those may be."""

    def __init__(
        self,
        data: BuiltDataset,
        split: str,
        described: Described,
        settings: TrainSettings,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.data, self.split, self.described, self.settings = data, split, described, settings
        self.cache = open_cache(data, split, described.tokenizer, Seq2SeqEncoder(described.tokenizer), progress)
        self.pairs = Pairs(self.cache, settings.max_source_length, settings.max_target_length, settings.too_long, limit)

    @property
    def rows(self) -> int:
        return len(self.pairs)

    @property
    def too_long(self) -> int:
        return len(self.pairs.too_long)

    @property
    def tokens(self) -> int:
        return self.pairs.kept_tokens

    @cached_property
    def characters(self) -> int:
        return self.pairs.characters(self.described.tokenizer)

    @property
    def stop_ids(self) -> list[int]:
        return self.cache.stop_ids

    def problems(self) -> list[SikuError]:
        found = self.cache.problems() + encoder_problems(self.described.source, self.settings)
        if self.settings.too_long == "stop":
            found += self.pairs.problems()
        return found + beyond_embedding(self.cache, self.described)

    def numbered_pieces(self) -> Iterator[tuple[int, Piece]]:
        return zip(self.pairs.numbers.tolist(), self.pairs.pieces(), strict=True)

    def prompts(self) -> Iterator[Prompt]:
        """Sources with their tokens, since what is too long may have been cut."""
        wanted = iter(self.pairs.numbers.tolist())
        place, number = 0, next(wanted, None)
        for document, row in enumerate(self.data.read_rows(self.split, "messages")):
            if number is None:
                return
            if document == number:
                source, target = source_and_target(row["messages"])
                yield Prompt(row["id"], source.text, target, self.pairs.pair(place)[0].tolist())
                place, number = place + 1, next(wanted, None)
