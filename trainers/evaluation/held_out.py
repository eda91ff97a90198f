"""The rows that a model is judged by: as pieces, for their likelihood, and as prompts with what should follow."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from builders.document import Message
from builders.engine.progress import Progress
from trainers.evaluation.predict import Prompt
from trainers.evaluation.trained import Described
from trainers.rows.cache import TokenCache, open_cache
from trainers.rows.chat import ChatEncoder
from trainers.rows.dataset import BuiltDataset, Kind
from trainers.rows.tokens import TextEncoder
from trainers.training.likelihood import Piece, pieces_of
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 2048  # tokens: windows are no longer than that unless it is asked for
_OPENING = re.compile(r"[。！？\n]")


class HeldOut(Protocol):
    """Rows of a split as the tokenizer of one model sees them."""

    @property
    def rows(self) -> int:
        """How many are judged."""

    @property
    def too_long(self) -> int:
        """How many are longer than what the model is shown: left out, or cut where that was asked for."""

    @property
    def tokens(self) -> int:
        """Of the rows that are judged, all that the model reads."""

    @property
    def characters(self) -> int:
        """Code points of the texts, of the assistant's turns, or of the targets."""

    @property
    def stop_ids(self) -> Collection[int]:
        """Tokens at which the model has finished, beside those that it knows of itself."""

    def problems(self) -> list[SikuError]:
        """All that speaks against judging the model by these rows."""

    def numbered_pieces(self) -> Iterator[tuple[int, Piece]]:
        """Pieces, each with the number of its row in the split."""

    def prompts(self) -> Iterator[Prompt]: ...


class HeldOutRows:
    """The first `limit` rows of a split (None: all), as the tokenizer of one model sees them.

    `max_length` is the longest that the model is shown; None: its positions, at most 2048. Longer conversations are
    left out where `skips`, and are a problem where not. Raises SikuError (exit 2) for messages without a chat template.
    """

    def __init__(
        self,
        data: BuiltDataset,
        split: str,
        described: Described,
        *,
        max_length: int | None = None,
        limit: int | None = None,
        skips: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.data, self.split, self.described, self.skips = data, split, described, skips
        self.kind: Kind = data.kind or "text"
        self.max_length = max_length or min(described.source.max_positions or LONGEST, LONGEST)
        tokenizer = described.tokenizer
        encoder = ChatEncoder(tokenizer) if self.kind == "messages" else TextEncoder(tokenizer)
        self.cache: TokenCache = open_cache(data, split, tokenizer, encoder, progress)
        self._lengths = self.cache.lengths[:limit]

    @cached_property
    def fits(self) -> NDArray[np.bool_]:
        """Of each row whether it is judged: conversations are not cut."""
        import numpy as np

        return self._lengths <= self.max_length if self.kind == "messages" else np.ones(len(self._lengths), dtype=bool)

    @property
    def stop_ids(self) -> list[int]:
        return self.cache.stop_ids

    @property
    def rows(self) -> int:
        return int(self.fits.sum())

    @property
    def too_long(self) -> int:
        return len(self.fits) - self.rows

    @property
    def tokens(self) -> int:
        return int(self._lengths[self.fits].sum())

    @property
    def characters(self) -> int:
        return int(self.cache.characters[: len(self.fits)][self.fits].sum())

    def problems(self) -> list[SikuError]:
        found = self.cache.problems()
        if self.too_long and not self.skips:
            found += self.cache.too_long(self.max_length)
        positions = self.described.source.max_positions
        if positions is not None and self.max_length > positions:
            found.append(
                SikuError(
                    f"max_length {self.max_length} is beyond the {positions} positions of the model",
                    where=self.described.name,
                    why="it was not made to see so many tokens at once",
                    next=f"--set max_length={positions}",
                )
            )
        found += beyond_embedding(self.cache, self.described)
        return found

    def numbered_pieces(self) -> Iterator[tuple[int, Piece]]:
        for number in self.fits.nonzero()[0].tolist():
            for piece in pieces_of(*self.cache.document(number), self.kind, self.max_length):
                yield number, piece

    def prompts(self) -> Iterator[Prompt]:
        """What the model continues, and how the row goes on; texts of one sentence have nothing to go on with."""
        rows = islice(self.data.read_rows(self.split, self.kind), len(self.fits))
        for fits, row in zip(self.fits, rows, strict=True):
            if fits and (prompt := self._prompt(row)):
                yield prompt

    def _prompt(self, row: dict[str, Any]) -> Prompt | None:
        if self.kind == "messages":
            before, answer = before_the_answer(row["messages"])
            return Prompt(row["id"], prompt_of(self.described.tokenizer, before), answer)
        opening, rest = opening_of(row["text"])
        return Prompt(row["id"], opening, rest) if rest.strip() else None


def beyond_embedding(cache: TokenCache, described: Described) -> list[SikuError]:
    """One problem where the tokenizer writes ids for which the model has no vector."""
    largest = int(cache.ids.max()) if len(cache.ids) else 0
    if largest < described.source.vocabulary:
        return []
    why = f"token {largest} is beyond its {described.source.vocabulary} embeddings"
    next = "--model with the tokenizer that it was trained with"
    return [SikuError("the tokenizer is not that of the model", where=described.name, why=why, next=next)]


def opening_of(text: str) -> tuple[str, str]:
    """Up to and with the first 。！？ or line end, and the rest.

    >>> opening_of("雪停了。天亮了。")
    ('雪停了。', '天亮了。')
    """
    mark = _OPENING.search(text)
    end = mark.end() if mark else len(text)
    return text[:end], text[end:]


def before_the_answer(messages: Sequence[Message]) -> tuple[list[Message], str]:
    """All before the last assistant turn, and what that says."""
    last = max(place for place, message in enumerate(messages) if message["role"] == "assistant")
    return list(messages[:last]), messages[last]["content"]


def prompt_of(tokenizer: Any, messages: Sequence[Message]) -> str:
    """A conversation as the chat template writes it, up to where the assistant is to go on."""
    return str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True))
