"""Texts to token ids, and to where in the text each token ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PROBE = "雪停了。 A1\n\n“𠮷”　…é？"
_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")  # how SentencePiece writes a byte of a character that it does not know


class Aligned(NamedTuple):
    """Tokens of several texts after one another; text i has those from `starts[i]` to `starts[i + 1]`.

    `ends` says how many characters of its text have begun when the token ends; `inside` whether the token begins inside
    a character, as those do that are a part of its bytes.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int32]
    inside: NDArray[np.bool_]


class Aligner:
    """A fast tokenizer that says where its tokens are, in a quarter less time than with offsets.

    Places come from a table of how many characters each token is. They are right where the lengths of all tokens are
    that of the text; where they are not (a tokenizer that drops spaces, a character that was composed), the offsets of
    the tokenizer are asked for.
    """

    def __init__(self, backend: Any) -> None:
        import numpy as np

        self.backend = backend
        characters, inside = _token_shapes(self.backend)
        self.characters = np.array(characters, dtype=np.int32)
        self.inside = np.array(inside, dtype=np.bool_)
        ids = self.backend.encode(_PROBE, add_special_tokens=False).ids
        self.exact = int(self.characters[ids].sum()) == len(_PROBE)

    def encode(self, texts: Sequence[str]) -> Aligned:
        """The tokens of each text without special ones before or after it."""
        import numpy as np

        encode = self.backend.encode_batch_fast if self.exact else self.backend.encode_batch
        encodings = encode(list(texts), add_special_tokens=False)
        starts = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(encoding) for encoding in encodings], out=starts[1:])
        ids = np.fromiter(
            chain.from_iterable(encoding.ids for encoding in encodings), dtype=np.int32, count=int(starts[-1])
        )
        begun = np.zeros(len(ids) + 1, dtype=np.int32)
        np.cumsum(self.characters[ids], out=begun[1:])
        before = begun[starts[:-1]]
        aligned = Aligned(ids, starts, begun[1:] - np.repeat(before, np.diff(starts)), self.inside[ids])
        wrong = begun[starts[1:]] - before != np.array([len(text) for text in texts], dtype=np.int32)
        for number in range(len(texts)) if not self.exact else np.flatnonzero(wrong).tolist():
            encoding = encodings[number]
            if self.exact:
                encoding = self.backend.encode(texts[number], add_special_tokens=False)
            _use_offsets(aligned, number, encoding.offsets)
        return aligned


def _use_offsets(aligned: Aligned, number: int, offsets: list[tuple[int, int]]) -> None:
    import numpy as np

    if not offsets:
        return
    place = slice(aligned.starts[number], aligned.starts[number + 1])
    spans = np.array(offsets, dtype=np.int32)
    ends = np.maximum.accumulate(spans[:, 1])
    aligned.ends[place] = ends
    aligned.inside[place] = np.concatenate([[False], spans[1:, 0] < ends[:-1]])


def _token_shapes(backend: Any) -> tuple[list[int], list[bool]]:
    """Of every id, how many characters begin in it, and whether it begins with the rest of one."""
    size = backend.get_vocab_size(with_added_tokens=True)
    added = {number: token.content for number, token in backend.get_added_tokens_decoder().items()}
    by_bytes = "ByteLevel(" in f"{backend.decoder!r} {backend.pre_tokenizer!r}"
    rest = _rests_of_characters()
    no_rests = dict.fromkeys(map(ord, rest))
    characters, inside = [0] * size, [False] * size
    for number in range(size):
        token = backend.id_to_token(number) or ""
        if number in added:
            characters[number] = len(added[number])
        elif by_bytes:
            characters[number], inside[number] = len(token.translate(no_rests)), token[:1] in rest and token != ""
        elif byte := _BYTE_TOKEN.fullmatch(token):
            inside[number] = int(byte[1], 16) & 0xC0 == 0x80
            characters[number] = int(not inside[number])
        else:
            characters[number] = len(token)
    return characters, inside


def _rests_of_characters() -> frozenset[str]:
    """How byte-level tokenizers write the bytes from 0x80 to 0xBF, of which no UTF-8 character begins with one.

    Bytes that are printable in Latin-1 stand for themselves, the others for the characters from U+0100 on, in order
    (GPT-2, `bytes_to_unicode`).
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(0x100) if byte not in printable]
    written = {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + n) for n, byte in enumerate(others)}
    return frozenset(written[byte] for byte in range(0x80, 0xC0))
