"""A real Qwen2 chat model of under a million parameters, made in seconds: real file formats, no knowledge.

Making and teaching import torch. `in_child` calls them in a process of their own: their warnings and threads stay there.
"""

from __future__ import annotations

import json
import math
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    import gguf

Messages = Sequence[dict[str, str]]
Given = ParamSpec("Given")
Made = TypeVar("Made")

CONTEXT_TOKENS = 2048
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LEARNING_RATE = 3e-3
SURE = 0.98
UNLABELLED = -100  # what torch's cross entropy leaves out


@dataclass(frozen=True)
class Lesson:
    """A conversation that ends with the user's turn, and the reply to it that the model shall learn by heart."""

    messages: Messages
    reply: str

    @property
    def texts(self) -> Iterator[str]:
        """For the tokenizer: what it has seen takes fewer tokens, and a third of the tokens is a fifth of the time."""
        yield from (message["content"] for message in self.messages)
        yield self.reply


def in_child(make: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs) -> Made:
    """What `make` returns or raises, from a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(make, *args, **kwargs).result()


def make_tiny_qwen2(
    folder: Path, text: Iterable[str], *, seed: int = 0, vocabulary: int = 2048, hidden: int = 128, layers: int = 2
) -> Path:
    """Write a random Qwen2 and a tokenizer trained on `text` to `folder`; the same text and seed give the same model."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    # Qwen2's own class brings its split pattern, which llama.cpp has built in as the pre-tokenizer `qwen2`.
    untrained: Any = Qwen2Tokenizer()
    tokenizer = untrained.train_new_from_iterator(
        text, vocabulary, new_special_tokens=["<|im_start|>", "<|im_end|>"], show_progress=False
    )
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.pad_token = "<|endoftext|>"
    tokenizer.chat_template = CHATML
    tokenizer.model_max_length = CONTEXT_TOKENS
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT_TOKENS,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    tokenizer.save_pretrained(folder)
    Qwen2ForCausalLM(config).save_pretrained(folder)
    return folder


def overfit(model_folder: Path, folder: Path, lessons: Sequence[Lesson], *, seed: int = 0, steps: int = 600) -> int:
    """Write a copy of the model that answers `lessons` by heart; returns the steps that it took.

    ValueError for a lesson longer than the context, RuntimeError when `steps` are not enough.
    """
    from transformers import Qwen2Tokenizer

    tokenizer = Qwen2Tokenizer.from_pretrained(model_folder)
    rows = [_row(tokenizer, lesson) for lesson in lessons]  # lessons that are too long need no torch to be refused

    import torch
    from transformers import Qwen2ForCausalLM

    torch.manual_seed(seed)
    torch.set_num_threads(1)  # two threads wait for each other on a busy machine: 48 s instead of 8
    model = Qwen2ForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    tokens, labels = (torch.tensor(padded) for padded in _padded(rows, tokenizer.pad_token_id))
    taken = _teach(model, tokens, labels, steps)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return taken


def _teach(model: Any, tokens: Any, labels: Any, steps: int) -> int:
    """Train until the least probable token of all replies is at SURE, far from where rounding chooses another."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    wanted = labels != UNLABELLED
    for step in range(steps):
        states = model.model(input_ids=tokens, use_cache=False).last_hidden_state
        logits = model.lm_head(states[wanted])  # over the replies alone: most tokens are in the prompts
        losses = torch.nn.functional.cross_entropy(logits, labels[wanted], reduction="none")
        if losses.max().item() <= -math.log(SURE):
            return step
        optimizer.zero_grad()
        loss: Any = losses.mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    raise RuntimeError(f"{len(tokens)} lessons are not learnt after {steps} steps: loss {loss.item():.3f}")


Row = tuple[list[int], list[int]]


def _row(tokenizer: Any, lesson: Lesson) -> Row:
    """Tokens and labels; labels[i] is the token after tokens[i], where that belongs to the reply."""
    shown = tokenizer.apply_chat_template(list(lesson.messages), tokenize=False, add_generation_prompt=True)
    prompt = tokenizer.encode(shown, add_special_tokens=False)
    reply = [*tokenizer.encode(lesson.reply, add_special_tokens=False), tokenizer.eos_token_id]
    if len(prompt) + len(reply) > CONTEXT_TOKENS:
        raise ValueError(f"a lesson has {len(prompt) + len(reply)} tokens, the model takes {CONTEXT_TOKENS}")
    return prompt + reply[:-1], [UNLABELLED] * (len(prompt) - 1) + reply


def _padded(rows: Sequence[Row], pad: int) -> tuple[list[list[int]], list[list[int]]]:
    """Tokens and labels, lessons × longest. Padding comes last, where causal attention keeps it out of sight."""
    longest = max(len(tokens) for tokens, _ in rows)
    tokens = [row + [pad] * (longest - len(row)) for row, _ in rows]
    labels = [row + [UNLABELLED] * (longest - len(row)) for _, row in rows]
    return tokens, labels


def to_gguf(model_folder: Path, file: Path) -> Path:
    """Write a Qwen2 model folder as one GGUF file of 32-bit floats, which llama.cpp serves.

    The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    """
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((model_folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(file, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.QWEN2])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    _add_tokenizer(writer, model_folder)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config["num_hidden_layers"])
    for name, tensor in load_file(model_folder / "model.safetensors").items():
        known = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if known is None:
            raise ValueError(f"{name}: GGUF has no name for this tensor of a Qwen2")
        writer.add_tensor(known, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _add_tokenizer(writer: gguf.GGUFWriter, model_folder: Path) -> None:
    import gguf
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
    vocabulary = tokenizer.get_vocab()
    special = tokenizer.get_added_tokens_decoder()
    kinds = (gguf.TokenType.NORMAL, gguf.TokenType.CONTROL)
    writer.add_tokenizer_model("gpt2")  # GGUF's word for a byte-level BPE
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(sorted(vocabulary, key=vocabulary.__getitem__))
    writer.add_token_types([kinds[number in special] for number in sorted(vocabulary.values())])
    gguf.SpecialVocab(model_folder, load_merges=True).add_to_gguf(writer, quiet=True)
