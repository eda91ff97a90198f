"""Real T5 and mT5 models of some ten thousand weights: real file formats, no knowledge."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

VOCABULARY = 400


def make_tiny_t5(folder: Path, text: Iterable[str], *, kind: str = "mt5", seed: int = 0) -> Path:
    """Write a random model (`t5` or `mt5`) and a tokenizer trained on `text`; the same arguments give the same files."""
    import torch
    import transformers

    tokenizer = unigram_tokenizer(text)
    tokenizer.save_pretrained(folder)
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "d_model": 32,
        "d_kv": 8,
        "d_ff": 64,
        "num_layers": 2,
        "num_heads": 4,
        "initializer_factor": 0.05,  # at 1 the first loss of a random mT5 is about 90
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
    }
    torch.manual_seed(seed)
    model: Any
    if kind == "t5":
        model = transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes))
    else:
        model = transformers.MT5ForConditionalGeneration(transformers.MT5Config(**sizes))
    model.save_pretrained(folder)
    return folder


def unigram_tokenizer(text: Iterable[str]) -> Any:
    """As T5 has it: pieces with a sign for the space, NFKC, `</s>` behind every text."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("\n", " ")])
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    backend.train_from_iterator(text, trainer)
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer: Any = transformers.PreTrainedTokenizerFast
    return tokenizer(
        tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", padding_side="right"
    )
