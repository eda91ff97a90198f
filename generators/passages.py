"""Cut a document into passages that a model can answer about: whole paragraphs, else whole sentences."""

from __future__ import annotations

import math
import re

from builders.text.sentences import cut_blocks

_PARAGRAPH = re.compile(r"[^\n]*(?:\n+|$)")
_SENTENCE = re.compile(r"[^。！？]*(?:[。！？][。！？”’」』）》】]*\s*|$)")


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
    begun, done = "", 0
    for piece in _pieces(text, max_chars):
        whole = len(begun) + len(piece)
        if begun and (whole > max_chars or done + whole - len(piece) // 2 > goal * (len(passages) + 1)):
            passages.append(begun)
            done += len(begun)
            begun = ""
        begun += piece
    if begun.strip() or not passages or len(passages[-1]) + len(begun) > max_chars:
        passages.append(begun)
    else:
        passages[-1] += begun  # blank lines at the end
    return passages


def _pieces(text: str, max_chars: int) -> list[str]:
    """Paragraphs with the line breaks behind them; of those that are too long, the sentences."""
    pieces: list[str] = []
    for paragraph in _PARAGRAPH.findall(text):
        if len(paragraph) <= max_chars:
            pieces.append(paragraph)
        else:
            for sentence in _SENTENCE.findall(paragraph):
                pieces += cut_blocks(sentence, max_chars)
    return [piece for piece in pieces if piece]
