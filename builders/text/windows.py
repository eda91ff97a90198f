"""Every answer of a conversation with as much of what went before as a small model can take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from builders.document import Document, Message, conversation
from builders.steps import Split
from builders.text.turns import alternate
from validators.errors import SikuError


def chat_window(turns: Sequence[str], target_index: int, max_chars: int) -> list[str]:
    """The turns before the target, in order: whole ones, counted back from the nearest, up to `max_chars` together.

    The first that does not fit ends the window. Of a nearest turn that is too long by itself the last `max_chars`
    characters are left.

    >>> chat_window(["去哪？", "去海边", "几点走？", "八点"], 3, 8)
    ['去海边', '几点走？']
    """
    chars, first = 0, target_index
    while first > 0 and chars + len(turns[first - 1]) <= max_chars:
        first -= 1
        chars += len(turns[first])
    if first == target_index and first > 0 and max_chars > 0:
        return [turns[first - 1][-max_chars:]]
    return list(turns[first:target_index])


@dataclass(frozen=True, kw_only=True)
class Windows(Split):
    """One conversation for every answer: the window of at most `max_chars` characters before it, and the answer.

    A window begins with a user, so an assistant in front of it goes; the system message stays, and is not counted. A
    conversation that is its only window stays as it is; the windows of another are `ID-0001` and so on, with the
    conversation in `parents`. 230 characters are what a model with 256 tokens of input can take; 0 leaves all
    conversations whole. The answers before the last one of a window are context: each is the last of a window, too.
    """

    version: ClassVar[int] = 1
    max_chars: int = 230

    def __post_init__(self) -> None:
        if self.max_chars < 0:
            raise SikuError(f"Windows.max_chars is {self.max_chars}, must be at least 0 (0: whole conversations)")

    def __call__(self, document: Document) -> Iterator[Document]:
        messages = document.messages or []
        system = [message for message in messages[:1] if message["role"] == "system"]
        turns = messages[len(system) :]
        windows = list(self._windows(turns)) if self.max_chars else []
        if not windows or windows == [turns]:
            yield document
            return
        notes = document.notes
        for number, window in enumerate(windows, start=1):
            meta = {**document.meta, "parents": [document.id]}
            part = conversation(f"{document.id}-{number:04d}", [*system, *window], meta)
            part.notes, notes = notes, []
            yield part

    def _windows(self, turns: list[Message]) -> Iterator[list[Message]]:
        texts = [turn["content"] for turn in turns]
        for target, turn in enumerate(turns):
            if turn["role"] == "assistant":
                context = chat_window(texts, target, self.max_chars)
                said_by = [earlier["role"] for earlier in turns[target - len(context) : target]]
                told: list[Message] = [
                    {"role": role, "content": text} for role, text in zip(said_by, context, strict=True)
                ]
                yield alternate([*told, turn])
