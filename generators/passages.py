"""Cut a document into passages that a model can answer about: whole paragraphs, else whole sentences."""

from __future__ import annotations

import math
import re

from builders.text.sentences import cut_blocks

_PARAGRAPH = re.compile(r"[^\n]*(?:\n+|$)")


def cut_passages(text: str, max_chars: int) -> list[str]:
    """Passages of at most `max_chars` characters and about equal length; joined they are the text, nothing twice.

    A passage ends at the end of a paragraph; a paragraph that is too long ends at one of its sentences, and only a
    sentence that is too long by itself is cut.

    >>> cut_passages("雪停了。\\n天亮了。老张推开门。", 10)
    ['雪停了。\\n', '天亮了。老张推开门。']
    """
    if len(text) <= max_chars:
        return [text] if text.strip() else []
    goal = math.ceil(len(text) / math.ceil(len(text) / max_chars))  # so that the last one is no crumb
    passages: list[str] = []
    begun = ""
    for piece in _pieces(text, max_chars):
        if begun and (len(begun) + len(piece) > max_chars or len(begun) + len(piece) // 2 > goal):
            passages.append(begun)
            begun = ""
        begun += piece
    if begun.strip() or not passages:
        passages.append(begun)
    else:
        passages[-1] += begun  # blank lines at the end
    return passages


def _pieces(text: str, max_chars: int) -> list[str]:
    """Paragraphs with the line breaks behind them; of those that are too long, runs of sentences."""
    pieces: list[str] = []
    for match in _PARAGRAPH.finditer(text):
        paragraph = match[0]
        if len(paragraph) <= max_chars:
            pieces.append(paragraph)
        else:
            pieces += cut_blocks(paragraph, max(1, max_chars // 2) if len(paragraph) > 2 * max_chars else max_chars)
    return [piece for piece in pieces if piece]
