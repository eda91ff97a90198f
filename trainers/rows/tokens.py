"""Texts and conversations to token ids, each token with a mark: a sentence ends here, or this is learnt.

Ids are always those of one call of the tokenizer on the whole text, or on the whole conversation as the chat template
writes it, so they cannot differ from what the tokenizer makes of it elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from trainers.rows.alignment import Aligner
from trainers.rows.dataset import Kind
from trainers.rows.sentence_ends import sentence_ends
from validators.errors import SikuError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


TOKENIZER_FILES = ("tokenizer*", "vocab*", "*.model", "*.tiktoken")


class Encoded(NamedTuple):
    """One document: `ids` of int32; `marks` of uint8, one a token.

    Of a text, 1 where a sentence ends after the token; of a conversation, 1 where the token carries loss.
    `characters` are the code points of the text, or of the assistant's turns: what perplexity per character divides by.
    `fault` says why the document cannot be trained on: a word of FAULTS, or nothing.
    """

    ids: NDArray[np.int32]
    marks: NDArray[np.uint8]
    characters: int
    fault: str = ""


def load_tokenizer(model: str, chat_template_path: Path | None = None) -> Any:
    """The tokenizer of a model, with the chat template of a file where one is given.

    Raises SikuError (exit 2) where it cannot be read or has no end-of-text token.
    """
    from transformers import AutoTokenizer

    if Path(model).is_dir() and not any(found for name in TOKENIZER_FILES for found in Path(model).glob(name)):
        why = "without its files, transformers would make up one that knows no text"
        raise SikuError(f"there is no tokenizer {model!r}", where=model, why=why, next="put its tokenizer.json there")
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(model)
    except Exception as error:  # of many kinds: files, network, JSON
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise SikuError(
            f"there is no tokenizer {model!r}",
            why=lines[0][:200],
            next="--model takes a folder with tokenizer.json, or a name on the Hub",
        ) from error
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise SikuError(
            f"the tokenizer of {model} has no fast form",
            why="no tokenizer.json can be made of it",
            next="--model with another tokenizer",
        )
    if tokenizer.eos_token_id is None:
        raise SikuError(
            f"the tokenizer of {model} has no eos_token",
            why="the model would never learn to stop",
            next="name one in its tokenizer_config.json",
        )
    if chat_template_path is not None:
        tokenizer.chat_template = _read_template(chat_template_path)
    return tokenizer


def _read_template(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        next = "--set chat_template_path=FILE, of text in UTF-8"
        raise SikuError("the chat template cannot be read", where=str(path), why=why, next=next) from error


def tokenizer_digest(tokenizer: Any) -> str:
    """SHA-256 of all that decides what becomes of a text: vocabulary, rules, special tokens, chat template."""
    said = [plain_backend(tokenizer).to_str(), tokenizer.eos_token_id, tokenizer.chat_template]
    return hashlib.sha256(orjson.dumps(said)).hexdigest()


def plain_backend(tokenizer: Any) -> Any:
    """The fast tokenizer, which neither cuts nor pads."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    return backend


class TextEncoder:
    """Texts to the ids of the text and `eos_token`."""

    kind: Kind = "text"

    def __init__(self, tokenizer: Any) -> None:
        self.aligner = Aligner(plain_backend(tokenizer))
        self.eos_token_id: int = tokenizer.eos_token_id

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Ids, sentence ends and characters of each text."""
        import numpy as np

        tokens = self.aligner.encode(texts)
        lengths = np.array([len(text) + 1 for text in texts], dtype=np.int64)
        before = np.repeat(np.cumsum(lengths) - lengths, np.diff(tokens.starts))
        marks = sentence_ends("\0".join(texts))[before + tokens.ends].astype(np.uint8)
        marks[:-1][tokens.inside[1:]] = 0
        marks[tokens.starts[1:][np.diff(tokens.starts) > 0] - 1] = (
            0  # the end of the text is not parted from its last sentence
        )
        ids = np.insert(tokens.ids, tokens.starts[1:], self.eos_token_id)
        marks = np.insert(marks, tokens.starts[1:], 1)
        starts = (tokens.starts + np.arange(len(texts) + 1)).tolist()
        return [
            Encoded(ids[start:end], marks[start:end], len(text), "" if end - start > 1 else "empty")
            for text, start, end in zip(texts, starts, starts[1:], strict=False)
        ]
