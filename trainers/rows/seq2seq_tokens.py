"""Conversations to what an encoder reads and a decoder learns to write: source and target, each with its end token.

The target is the last assistant turn. The source is all before it: a user turn by itself as it stands, more turns each
on a line of its own behind the name of who speaks, and last the name of the assistant.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from builders.document import Message
from trainers.rows.dataset import Kind
from trainers.rows.tokens import Encoded, plain_backend

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SOURCE, LEARNT, TURN, KEPT = 0, 1, 2, 3  # marks: of the source, of the target, a turn begins, stays when it is cut
SPEAKERS = {"system": "系统：", "user": "用户：", "assistant": "助手："}
SAMPLE = "的"  # shows what a tokenizer puts around a text


@dataclass(frozen=True, slots=True)
class Source:
    """What the encoder reads. `turns` are the characters at which turns begin, where there are several; from the
    character `cue` on there is only the name of the assistant."""

    text: str
    turns: list[int] = field(default_factory=list)
    cue: int = 0


def source_of(messages: Sequence[Message]) -> Source:
    """The source made of all messages before the answer.

    >>> source_of([{"role": "user", "content": "在吗"}]).text
    '在吗'
    >>> source_of([{"role": "user", "content": "在吗"}, {"role": "assistant", "content": "在"},
    ...            {"role": "user", "content": "几点了"}]).text
    '用户：在吗\\n助手：在\\n用户：几点了\\n助手：'
    """
    if len(messages) == 1 and messages[0]["role"] == "user":
        return Source(messages[0]["content"])
    lines, turns, place = [], [], 0
    for message in messages:
        turns.append(place)
        lines.append(f"{SPEAKERS[message['role']]}{message['content']}\n")
        place += len(lines[-1])
    return Source("".join([*lines, SPEAKERS["assistant"]]), turns, place) if messages else Source("")


def source_and_target(messages: Sequence[Message]) -> tuple[Source, str]:
    """What stands before the last assistant turn, and what that says; nothing where there is none."""
    places = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
    return (source_of(messages[: places[-1]]), messages[places[-1]]["content"]) if places else (Source(""), "")


class Seq2SeqEncoder:
    """Conversations to the ids of source and target after one another; the target has one `eos_token`, at its end.

    Of a source the ids are those that the tokenizer makes of it with its special tokens.
    """

    kind: Kind = "messages"

    def __init__(self, tokenizer: Any) -> None:
        self.backend = plain_backend(tokenizer)
        self.eos_token_id: int = tokenizer.eos_token_id
        self.stop_ids = {self.eos_token_id}
        sample = self.backend.encode(SAMPLE)
        own = [place for place, special in enumerate(sample.special_tokens_mask) if not special]
        self.before, self.after = sample.ids[: own[0]], sample.ids[own[-1] + 1 :]

    def encode(self, conversations: Sequence[Sequence[Message]]) -> list[Encoded]:
        """Ids, marks (SOURCE, LEARNT, TURN, KEPT) and characters of the target of each conversation."""
        import numpy as np

        pairs = [source_and_target(messages) for messages in conversations]
        encode = (
            self.backend.encode_batch if any(source.turns for source, _ in pairs) else self.backend.encode_batch_fast
        )
        sources = encode([source.text for source, _ in pairs], add_special_tokens=False)
        targets = self.backend.encode_batch_fast([said for _, said in pairs], add_special_tokens=False)
        encoded: list[Encoded] = []
        for (source, said), read, answer in zip(pairs, sources, targets, strict=True):
            written = [token for token in answer.ids if token != self.eos_token_id]  # else it would learn to stop there
            ids = np.array([*self.before, *read.ids, *self.after, *written, self.eos_token_id], dtype=np.int32)
            marks = np.concatenate([self._marks(source, read), np.full(len(written) + 1, LEARNT, dtype=np.uint8)])
            encoded.append(Encoded(ids, marks, len(said), "" if written else "empty"))
        return encoded

    def _marks(self, source: Source, read: Any) -> NDArray[np.uint8]:
        import numpy as np

        marks = np.full(len(read.ids), SOURCE, dtype=np.uint8)
        if source.turns:
            ends = np.array(read.offsets, dtype=np.int64).reshape(-1, 2)[:, 1]
            starts = np.searchsorted(ends, source.turns, side="right")
            marks[starts[starts < len(marks)]] = TURN
            marks[int(np.searchsorted(ends, source.cue, side="right")) :] = KEPT
        around = [np.full(len(ids), KEPT, dtype=np.uint8) for ids in (self.before, self.after)]
        return np.concatenate([around[0], marks, around[1]])


def cut_source(marks: NDArray[np.uint8], limit: int) -> NDArray[np.int64]:
    """The places of a source that are left when it is to have at most `limit` tokens.

    The oldest turns go first, whole, then the end of the last one; special tokens and the name of the assistant stay.
    """
    import numpy as np

    stays = np.ones(len(marks), dtype=bool)
    turns = np.flatnonzero(marks == TURN)
    for begin, end in itertools.pairwise(turns):
        if stays.sum() <= limit:
            break
        stays[begin:end] = False
    over = int(stays.sum()) - limit
    if over > 0:
        free = np.flatnonzero(stays & (marks != KEPT))
        stays[free[-over:]] = False
    return np.flatnonzero(stays)[-limit:]
