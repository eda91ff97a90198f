"""Small tokenizers of every kind that models bring, trained on the spot, and chat templates for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.corpora import passage

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
LATIN = "The GPU has 24 GB. It is fast! Is it? Yes: 3.5 times."

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GENERATION = (
    "{% for message in messages %}<|im_start|>{{ message['role'] + '\n' }}"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message.content + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# The texts without the space around them, a token at the very beginning, no line after a turn.
TRIMMED = (
    "{{ '<|endoftext|>' }}{% for message in messages %}"
    "{{ '<|im_start|>' + message.role + '<|endoftext|>\n\n' + message.content | trim + '<|im_end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant<|endoftext|>\n\n' }}{% endif %}"
)
# The system's text goes into the first turn; only answers end in a token, and that stands behind a space.
BRACKETS = (
    "{% if messages[0].role == 'system' %}{% set first = '<<' + messages[0].content + '>>\n' %}"
    "{% set rest = messages[1:] %}{% else %}{% set first = '' %}{% set rest = messages %}{% endif %}"
    "{% for message in rest %}{% if message.role == 'user' %}"
    "{{ '[问] ' + (first if loop.first else '') + message.content + ' [答]' }}"
    "{% else %}{{ ' ' + message.content + ' <|im_end|>' }}{% endif %}{% endfor %}"
)
# Thoughts of all turns but the last are left out, as reasoning models have it.
THOUGHTS = (
    "{% for message in messages %}{% if message.role == 'assistant' and not loop.last %}"
    "{{ '<|im_start|>assistant\n' + message.content.split('</think>')[-1] + '<|im_end|>\n' }}"
    "{% else %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEMPLATES = {
    "chatml": CHATML,
    "generation": GENERATION,
    "trimmed": TRIMMED,
    "brackets": BRACKETS,
    "thoughts": THOUGHTS,
}


def _bytes(size: int, normalizer: Any = None) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    if normalizer is not None:
        made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return made, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)


def _large() -> Any:
    return _bytes(1500)


def _single_bytes() -> Any:
    """Every Chinese character is three tokens."""
    return _bytes(256)


def _composed() -> Any:
    from tokenizers import normalizers

    return _bytes(600, normalizers.NFC())


def _sentencepiece() -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    return made, trainers.UnigramTrainer(
        vocab_size=900, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False
    )


def _byte_fallback() -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, trainers

    made = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return made, trainers.BpeTrainer(vocab_size=900, special_tokens=["<unk>"], show_progress=False)


def _with_bytes(made: Any) -> Any:
    """The same tokenizer with a token for every byte, which are no added tokens in SentencePiece models."""
    from tokenizers import Tokenizer

    content = json.loads(made.to_str())
    vocabulary = content["model"]["vocab"]
    vocabulary |= {f"<0x{byte:02X}>": len(vocabulary) + byte for byte in range(256)}
    return Tokenizer.from_str(json.dumps(content))


def _words() -> Any:
    """Drops spaces and makes capitals small."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    return made, trainers.WordPieceTrainer(vocab_size=700, special_tokens=["[UNK]"], show_progress=False)


KINDS: dict[str, Callable[[], Any]] = {
    "large": _large,
    "single bytes": _single_bytes,
    "composed": _composed,
    "sentencepiece": _sentencepiece,
    "byte fallback": _byte_fallback,
    "words": _words,
}


@cache
def _trained(kind: str) -> str:
    """The JSON of a tokenizer: training is not the same twice for all kinds."""
    made, trainer = KINDS[kind]()
    made.train_from_iterator([*passage("tokenizers", 6000).splitlines(), LATIN] * 2, trainer)
    if kind == "byte fallback":
        made = _with_bytes(made)
    return str(made.to_str())


def made_tokenizer(kind: str, template: str | None = None) -> Any:
    """A tokenizer of transformers, a new one each time; `template` is a name of TEMPLATES."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    kind_of_tokenizer: Any = PreTrainedTokenizerFast
    tokenizer = kind_of_tokenizer(tokenizer_object=Tokenizer.from_str(_trained(kind)))
    tokenizer.add_special_tokens({"eos_token": SPECIAL[0], "additional_special_tokens": SPECIAL[1:]})
    tokenizer.chat_template = TEMPLATES[template] if template else None
    return tokenizer
