"""After which tokens a sentence ends: where a document may be cut in two."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MARKS = "。！？"
_CLOSING = "。！？”’」』）》】"
_SENTENCE = re.compile(rf"(?:[{MARKS}][{_CLOSING}]*|[.!?][\"')]*(?=\s))(?:\s*\n)*|(?:\s*\n)+")
_ENDS = re.compile(rf"[{MARKS}][{_CLOSING}]*\s*\Z|\n\s*\Z")
_ENDS_BEFORE_SPACE = re.compile(r"[.!?][\"')]*\Z")
_GOES_ON = re.compile(rf"[{_CLOSING}]|\s*\n")  # at the beginning of the next token: the end comes later


class SentenceEnds:
    """Sentences end after 。！？ and what closes quotes behind them, after . ! ? before a space, and with a line.

    What a token says is looked up in tables of the whole vocabulary: no offsets are needed, which take a third of the
    time of tokenising. A tokenizer that has no token of its own for one of these marks gets offsets all the same.
    """

    def __init__(self, backend: Any) -> None:
        import numpy as np

        texts = token_texts(backend)
        self.needs_offsets = not {*MARKS, *_CLOSING} <= set(texts)
        self.ends = np.array([_ENDS.search(text) is not None for text in texts])
        self.ends_before_space = np.array([_ENDS_BEFORE_SPACE.search(text) is not None for text in texts])
        self.closes = np.array([bool(text) and not text.strip(_CLOSING) for text in texts])
        self.goes_on = np.array([_GOES_ON.match(text) is not None for text in texts])
        self.space = np.array([text[:1].isspace() for text in texts])

    def by_token(self, ids: NDArray[np.int32]) -> NDArray[np.uint8]:
        """1 for each token after which a sentence ends, from the ids alone."""
        import numpy as np

        marks = np.zeros(len(ids), dtype=np.uint8)
        if len(ids) < 2:
            return marks
        places = np.arange(len(ids))
        last_end = np.maximum.accumulate(np.where(self.ends[ids], places, -1))
        last_word = np.maximum.accumulate(np.where(self.closes[ids], -1, places))
        ended = (last_end >= 0) & (last_end >= last_word)
        following = ids[1:]
        marks[:-1] = (ended[:-1] & ~self.goes_on[following]) | (
            self.ends_before_space[ids[:-1]] & self.space[following]
        )
        return marks


def by_offsets(text: str, offsets: list[tuple[int, int]]) -> NDArray[np.uint8]:
    """1 for each token after which a sentence ends, from where the tokens stand in the text."""
    import numpy as np

    marks = np.zeros(len(offsets), dtype=np.uint8)
    if len(offsets) < 2:
        return marks
    spans = np.array(offsets, dtype=np.int64)
    ends = np.array([match.end() for match in _SENTENCE.finditer(text)], dtype=np.int64)
    marks[:-1] = np.isin(spans[:-1, 1], ends) & (spans[1:, 0] >= spans[:-1, 1])
    return marks


def token_texts(backend: Any) -> list[str]:
    """What every id stands for after another token; bytes that are no whole character become U+FFFD."""
    size = backend.get_vocab_size(with_added_tokens=True)
    tokens = [backend.id_to_token(number) or "" for number in range(size)]
    if backend.decoder is None:
        return tokens
    # A decoder may treat the first token in its own way: strip its space, or put none before it.
    return [backend.decoder.decode(["a", token])[1:] if token else "" for token in tokens]
