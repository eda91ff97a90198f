"""How many tokens the rows of a dataset have: by a tokenizer as training counts them, or estimated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from builders.engine.manifest import SPLITS
from builders.engine.progress import Progress
from builders.instruct.tokens import TOKENS_PER_TURN, estimate_tokens
from trainers.rows.cache import open_cache
from trainers.rows.chat import ChatEncoder
from trainers.rows.dataset import BuiltDataset, Kind
from trainers.rows.tokens import TextEncoder, plain_backend

ESTIMATE = "estimate"
ERROR = (-0.19, 0.14)  # of sums: the largest that `estimate_tokens` was found to be off by
CONTEXTS = (2048, 4096, 8192, 16384, 32768)
EDGES = (128, 256, 512, 1024, *CONTEXTS)
END = 1  # `eos_token` after a text
ROWS_AT_ONCE = 500


@dataclass
class Lengths:
    """How many rows of a split have which length in tokens; the chat template does not take `refused` rows."""

    rows: Counter[int] = field(default_factory=Counter)
    refused: int = 0

    @property
    def tokens(self) -> int:
        return sum(length * rows for length, rows in self.rows.items())

    def longer(self, than: int) -> int:
        """Rows of more tokens."""
        return sum(rows for length, rows in self.rows.items() if length > than)


def count_lengths(data: BuiltDataset, kind: Kind, tokenizer: Any, progress: Progress) -> dict[str, Lengths]:
    """The lengths of both splits. Without a tokenizer (None) they are estimated.

    A text has its tokens and `eos_token`. A conversation is counted as the chat template writes it, or, without one,
    as the tokens of its messages and five more for each.
    """
    counted = {}
    for split in SPLITS:
        if tokenizer is not None and (kind == "text" or tokenizer.chat_template):
            counted[split] = _of_cache(data, split, kind, tokenizer, progress)
            continue
        progress.start(f"tokens of {split}", data.rows[split], "rows")
        counted[split] = Lengths(Counter(_lengths(data, split, kind, tokenizer, progress)))
    return counted


def _of_cache(data: BuiltDataset, split: str, kind: Kind, tokenizer: Any, progress: Progress) -> Lengths:
    """Out of the tokens that training and `--format bin` take, which are made where they are not there yet."""
    import numpy as np

    if not data.rows[split]:
        return Lengths()
    encoder = TextEncoder(tokenizer) if kind == "text" else ChatEncoder(tokenizer)
    cache = open_cache(data, split, tokenizer, encoder, progress)
    lengths, rows = np.unique(cache.lengths, return_counts=True)
    refused = cache.facts["faults"].get("refused", (0, ()))[0]
    return Lengths(Counter(dict(zip(lengths.tolist(), rows.tolist(), strict=True))), refused)


def _lengths(data: BuiltDataset, split: str, kind: Kind, tokenizer: Any, progress: Progress) -> Iterator[int]:
    rows = data.read_rows(split, kind)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        texts = [[row["text"]] if kind == "text" else [one["content"] for one in row["messages"]] for row in batch]
        counts = iter(_tokens([text for row in texts for text in row], tokenizer))
        more = END if kind == "text" else TOKENS_PER_TURN
        yield from [sum(islice(counts, len(row))) + more * len(row) for row in texts]
        progress.advance(len(batch))


def _tokens(texts: Sequence[str], tokenizer: Any) -> list[int]:
    if tokenizer is None:
        return [estimate_tokens(text) for text in texts]
    encodings = plain_backend(tokenizer).encode_batch_fast(list(texts), add_special_tokens=False)
    return [len(encoding) for encoding in encodings]


def histogram(counted: Sequence[Lengths]) -> list[dict[str, Any]]:
    """Rows of all splits by length: `rows` of `up_to` so many tokens (None: of any number more), and those `longer`."""
    longer = [sum(one.longer(edge) for one in counted) for edge in EDGES]
    all_rows = sum(one.rows.total() for one in counted)
    before = [all_rows, *longer]
    bins = [
        {"up_to": edge, "rows": was - now, "longer": now} for edge, was, now in zip(EDGES, before, longer, strict=False)
    ]
    return [*bins, {"up_to": None, "rows": longer[-1], "longer": 0}]


def median_and_longest(counted: Sequence[Lengths]) -> tuple[int, int]:
    """Of the rows of all splits; of two in the middle the shorter."""
    together = sum((one.rows for one in counted), Counter[int]())
    place = (together.total() + 1) // 2
    for length in sorted(together):
        place -= together[length]
        if place <= 0:
            return length, max(together)
    return 0, 0
