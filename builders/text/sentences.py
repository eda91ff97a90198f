"""Cut a text into blocks of whole sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from builders.document import Document
from builders.steps import Split

_SENTENCE_END = re.compile(r"[。！？][。！？”’」』）》】]*\s*")
_PAUSES = "；，、：\n "  # where a sentence that is too long is best cut


def cut_blocks(text: str, max_chars: int) -> list[str]:
    """Cut a text into blocks of at most `max_chars` characters, as many whole sentences in each as fit.

    Joined, the blocks are the text. Only a sentence that is too long by itself is cut.

    >>> cut_blocks("雪停了。天亮了。老张推开门。", 8)
    ['雪停了。天亮了。', '老张推开门。']
    """
    if max_chars < 1 or len(text) <= max_chars:
        return [text] if text else []
    blocks: list[str] = []
    start = fits = 0  # the block begins at `start`; up to `fits` it holds whole sentences
    for end in _sentence_ends(text):
        if end - start > max_chars:
            if fits > start:
                blocks.append(text[start:fits])
                start = fits
            while end - start > max_chars:
                cut = _best_cut(text, start, max_chars)
                blocks.append(text[start:cut])
                start = cut
        fits = end
    if start < len(text):
        blocks.append(text[start:])
    return blocks


def _sentence_ends(text: str) -> Iterator[int]:
    end = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
        yield end
    if end < len(text):
        yield len(text)


def _best_cut(text: str, start: int, max_chars: int) -> int:
    """Where to cut a sentence that is too long: after a pause in the last quarter, else at the limit."""
    limit = start + max_chars
    pause = max(text.rfind(mark, limit - max_chars // 4, limit) for mark in _PAUSES)
    return pause + 1 if pause >= 0 else limit


@dataclass(frozen=True, kw_only=True)
class Blocks(Split):
    """Documents in blocks of at most `max_chars` characters, numbered from 1 in `block`; 0 leaves them whole."""

    version: ClassVar[int] = 1
    max_chars: int = 0

    def adds(self) -> Mapping[str, str]:
        return {"block": "int"} if self.max_chars else {}

    @property
    def idle(self) -> bool:
        return self.max_chars < 1

    def __call__(self, document: Document) -> Iterator[Document]:
        blocks = cut_blocks(document.text, self.max_chars)
        if len(blocks) < 2:
            yield document
            return
        notes = document.notes
        for number, block in enumerate(blocks, start=1):
            yield Document(f"{document.id}.{number:03d}", block, {**document.meta, "block": number}, notes)
            notes = []
