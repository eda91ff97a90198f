"""A model of under a million parameters for first steps: real files as transformers writes them, and no knowledge."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from trainers.rows.dataset import BuiltDataset, changed_files
from trainers.training.run import be_quiet
from validators.errors import SikuError

ARCHITECTURES = ("qwen2", "mt5")
ABOUT = "tiny_model.json"  # written last: what the model was made of
UNFINISHED = ".unfinished"
TRAINED_ON_CHARACTERS = 2_000_000  # of the texts: more does not change a vocabulary this small
SEED = 42
VOCABULARY = 512
LEAST_VOCABULARY, MOST_VOCABULARY = 264, 65_536  # all bytes and the special tokens; what is still tiny
CONTEXT_TOKENS = 2048
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}"
    "{% else %}{{ message.content }}<|im_end|>{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_model_of(data: BuiltDataset, folder: Path, architecture: str, vocabulary: int) -> dict[str, Any]:
    """A tiny model whose tokenizer is trained on the texts of `train`; what is printed about it.

    One that was made of the same data is found and left alone. Raises SikuError (exit 2) where other files are in the
    way, or where the dataset cannot be read.
    """
    made_of = {"architecture": architecture, "vocabulary": vocabulary, "seed": SEED, "data": data.data()}
    if told := _finished(folder, made_of):
        return told
    for problem in changed_files(data):
        raise problem
    unfinished = folder / UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    with be_quiet():
        parameters = make_tiny_model(unfinished, texts_of(data), architecture=architecture, vocabulary=vocabulary)
    for file in sorted(unfinished.iterdir()):
        file.rename(folder / file.name)
    told = {**made_of, "parameters": parameters, "path": str(folder)}
    write_whole(folder / ABOUT, orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
    unfinished.rmdir()
    return told


def _finished(folder: Path, made_of: dict[str, Any]) -> dict[str, Any] | None:
    """What was told of a model that is whole. SikuError where the folder holds anything else."""
    if folder.exists() and not folder.is_dir():
        raise SikuError("--out is a file", where=str(folder), next="--out with another name")
    if (folder / ABOUT).exists():
        told: dict[str, Any] = orjson.loads((folder / ABOUT).read_bytes())
        if all(told.get(name) == value for name, value in made_of.items()):
            return told | {"path": str(folder)}
        why = "; ".join(
            f"{name} was {told.get(name)}, is {value}" for name, value in made_of.items() if told.get(name) != value
        )
        raise SikuError("--out holds another tiny model", where=str(folder), why=why, next="--out with a new folder")
    if (folder / "config.json").exists() and not (folder / UNFINISHED).exists():
        raise SikuError("--out holds a model", where=str(folder), next="--out with a new folder")
    return None


def texts_of(data: BuiltDataset) -> Iterable[str]:
    """The texts, or all that is said in the conversations, up to TRAINED_ON_CHARACTERS."""
    kind = data.kind
    if kind is None:
        raise SikuError(f"{data.name} {data.version} has neither texts nor conversations", where=str(data.folder))
    rows = data.read_rows("train", kind)
    texts = (
        text
        for row in rows
        for text in ([row["text"]] if kind == "text" else [turn["content"] for turn in row["messages"]])
    )
    read = 0
    for text in texts:
        if read >= TRAINED_ON_CHARACTERS:
            return
        read += len(text)
        yield text


def make_tiny_model(
    folder: Path, texts: Iterable[str], *, architecture: str = "qwen2", vocabulary: int = VOCABULARY, seed: int = SEED
) -> int:
    """Write a random model and a tokenizer trained on `texts`; returns how many parameters it has.

    The same texts and seed give the same files.
    """
    import torch

    make = _qwen2 if architecture == "qwen2" else _mt5
    torch.manual_seed(seed)
    tokenizer, model = make(texts, vocabulary)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return sum(one.numel() for one in model.parameters())


def _qwen2(texts: Iterable[str], vocabulary: int) -> tuple[Any, Any]:
    """Byte-level BPE with Qwen2's own split pattern, ChatML that marks what the assistant says."""
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    untrained: Any = Qwen2Tokenizer()
    marks = ["<|im_start|>", "<|im_end|>"]
    tokenizer = untrained.train_new_from_iterator(texts, vocabulary, new_special_tokens=marks, show_progress=False)
    tokenizer.eos_token = tokenizer.pad_token = "<|endoftext|>"  # `<|im_end|>` is learnt from conversations
    tokenizer.chat_template = CHATML
    tokenizer.model_max_length = CONTEXT_TOKENS
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return tokenizer, Qwen2ForCausalLM(config)


def _mt5(texts: Iterable[str], vocabulary: int) -> tuple[Any, Any]:
    """Byte-level BPE, too: mT5's own pieces would have no room for rare characters. `</s>` behind every text."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import MT5Config, MT5ForConditionalGeneration, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    make: Any = PreTrainedTokenizerFast
    tokenizer = make(tokenizer_object=backend, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    config = MT5Config(
        vocab_size=len(tokenizer),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        initializer_factor=0.05,  # at 1 the first loss of a random mT5 is about 90
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    return tokenizer, MT5ForConditionalGeneration(config)
