"""Models: is this one of the right kind, with which settings is it loaded, which of its weights are trained."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainers.rows.tokens import load_tokenizer
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError

FILES = ("config.json", "tokenizer*", "*.model", "*.jinja", "*.safetensors", "*.bin", "*.index.json")
READ_WHOLE_BYTES = 64 << 20  # of a larger file, samples from all over it have to do
SAMPLES, SAMPLE_BYTES = 512, 16 << 10
ISOLATION_TOKENS = 8
SAME = 1e-3  # of the largest logit: far above rounding in float32, far below what another document changes
SAME_BF16 = 5e-2


@dataclass(frozen=True)
class ModelSource:
    """A model before its weights are loaded: what was given as --model, and its configuration."""

    name: str
    config: Any

    @property
    def is_folder(self) -> bool:
        return Path(self.name).is_dir()

    @property
    def max_positions(self) -> int | None:
        """How many tokens the model sees at once; None where nothing limits it."""
        positions: int | None = getattr(self.config.get_text_config(), "max_position_embeddings", None)
        return positions

    @property
    def vocabulary(self) -> int:
        """Rows of the embedding."""
        size: int = self.config.get_text_config().vocab_size
        return size

    def identity(self) -> dict[str, Any]:
        """What the model is, wherever it lies: a digest of its files, or the commit on the Hub."""
        if self.is_folder:
            return {"sha256": _digest(Path(self.name))}
        return {"name": self.name, "commit": getattr(self.config, "_commit_hash", None)}


def open_model(name: str) -> ModelSource:
    """The configuration of a model. Raises SikuError (exit 2) where there is none."""
    from transformers import AutoConfig

    folder = Path(name).expanduser()
    if (folder / "adapter_config.json").exists() and not (folder / "config.json").exists():
        raise SikuError(
            "--model is an adapter, not a model",
            where=name,
            why="only whole models are trained",
            next="train it with --set merge_adapter=true, and take its merged/",
        )
    if name.startswith((".", "/", "~")) and not folder.is_dir():  # a path is not looked up on the Hub
        raise SikuError(f"there is no model {name!r}", why="there is no such folder", next="--model FOLDER")
    try:
        config: Any = AutoConfig.from_pretrained(folder if folder.is_dir() else name)
    except Exception as error:  # of many kinds: files, network, JSON
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise SikuError(
            f"there is no model {name!r}",
            why=lines[0][:200],
            next="--model takes a folder with config.json, or a name on the Hub",
        ) from error
    return ModelSource(str(folder.resolve()) if folder.is_dir() else name, config)


def tokenizer_of(source: ModelSource, name: str, chat_template: Path | None = None) -> Any:
    """The tokenizer in a folder or on the Hub, as that of a model: it pads with a token for which there is a vector.

    A padding token that was added without one would be an index out of range. Raises SikuError (exit 2).
    """
    tokenizer = load_tokenizer(name, chat_template)
    if (tokenizer.pad_token_id or 0) >= source.vocabulary:
        own = getattr(source.config, "pad_token_id", None)
        fitting = tokenizer.eos_token_id if own is None or own >= source.vocabulary else own
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(fitting)
    return tokenizer


def model_problems(source: ModelSource, task: str, settings: TrainSettings) -> list[SikuError]:
    """What speaks against a task with this model: its kind, its positions."""
    found = kind_problems(source, task)
    if found or task == "seq2seq":
        return found
    positions = source.max_positions
    if settings.model_max_length and (why := _why_not_stretched(source.config, settings.model_max_length)):
        found.append(
            SikuError(
                "--set model_max_length: the positions of this model cannot be stretched",
                where=source.name,
                why=why,
                next=f"--set max_length={positions} at most, without model_max_length",
            )
        )
    limit = settings.model_max_length or positions
    if limit is not None and settings.max_length > limit:
        found.append(
            SikuError(
                f"max_length {settings.max_length} is beyond the {limit} positions of the model",
                where=source.name,
                why="it was not made to see so many tokens at once",
                next=f"--set max_length={limit}, or stretch them with --set model_max_length={settings.max_length}",
            )
        )
    return found


def _why_not_stretched(config: Any, positions: int) -> str:
    """Empty where they can be."""
    rope = getattr(config.get_text_config(), "rope_parameters", None)
    if not rope:
        return "they are not rotary"
    if any(isinstance(value, dict) for value in rope.values()):
        return "its layers have rotary positions of several kinds"
    stretched = copy.deepcopy(config)
    try:
        stretch(stretched, positions)
        stretched.get_text_config().validate_rope()
    except ValueError as error:  # a model with a way of its own
        return str(error).strip().splitlines()[-1].strip()
    return ""


def kind_problems(source: ModelSource, task: str) -> list[SikuError]:
    """One problem where the model is of another kind than the task needs."""
    from transformers.models.auto import modeling_auto

    causal = set(modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    seq2seq = set(modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES.values())
    wanted = seq2seq if task == "seq2seq" else causal
    kinds = getattr(source.config, "architectures", None) or []
    right = any(kind in wanted for kind in kinds) if kinds else True
    if right and bool(source.config.is_encoder_decoder) == (task == "seq2seq"):
        return []
    fitting = (
        "siku train seq2seq" if set(kinds) & seq2seq else "siku train pretrain or sft" if set(kinds) & causal else ""
    )
    return [
        SikuError(
            f"{' or '.join(kinds) or source.config.model_type} is no model for {task}",
            where=source.name,
            why=f"{task} needs an {'encoder-decoder model' if task == 'seq2seq' else 'autoregressive language model'}",
            next=fitting,
        )
    ]


def load_model(source: ModelSource, task: str, settings: TrainSettings) -> Any:
    """The model with its weights, on the CPU. Raises SikuError (exit 2) where weights are missing."""
    import transformers
    from safetensors import SafetensorError

    kind: Any = transformers.AutoModelForSeq2SeqLM if task == "seq2seq" else transformers.AutoModelForCausalLM
    config = source.config
    if settings.model_max_length:
        stretch(config, settings.model_max_length)
    try:
        model, found = kind.from_pretrained(
            source.name,
            config=config,
            dtype=settings.dtype,
            attn_implementation=settings.attn_implementation or None,  # what the model has, where nothing is said
            output_loading_info=True,
            **_quantised(settings),
        )
    except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        next = (
            "--set attn_implementation=eager"
            if "attention implementation" in lines[0]
            else "--model with a whole model"
        )
        raise SikuError("the model cannot be loaded", where=source.name, why=lines[0][:300], next=next) from error
    if lacking := sorted({*found["missing_keys"], *(str(key) for key in found["mismatched_keys"])}):
        raise SikuError(
            f"{len(lacking)} weights of the model are missing or of another shape",
            where=source.name,
            why=f"among them {lacking[0]}; they would be random",
            next="--model with a whole model",
        )
    _make_generation_savable(model)
    return model


def _make_generation_savable(model: Any) -> None:
    """Older models have a temperature without do_sample: transformers reads that, and refuses to write it."""
    for change in ({"do_sample": True}, {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}):
        try:
            model.generation_config.validate(strict=True)
        except ValueError:
            model.generation_config.update(**change)


def stretch(config: Any, positions: int) -> None:
    """More positions by YaRN (Peng et al., arXiv 2309.00071), as transformers computes it from `rope_parameters`."""
    text = config.get_text_config()
    had = text.rope_parameters.get("original_max_position_embeddings") or text.max_position_embeddings
    if positions > text.max_position_embeddings:
        text.rope_parameters = {
            **text.rope_parameters,
            "rope_type": "yarn",
            "factor": positions / had,
            "original_max_position_embeddings": had,
        }
        text.max_position_embeddings = positions


def _quantised(settings: TrainSettings) -> dict[str, Any]:
    if not (settings.load_in_4bit or settings.load_in_8bit):
        return {}
    import torch
    import transformers

    make: Any = transformers.BitsAndBytesConfig
    dtype = torch.bfloat16 if settings.bf16 else torch.float16
    four_bits = {
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": dtype,
    }
    config = make(
        load_in_4bit=settings.load_in_4bit,
        load_in_8bit=settings.load_in_8bit,
        **(four_bits if settings.load_in_4bit else {}),
    )
    return {"quantization_config": config, "device_map": {"": 0}}


def with_adapter(model: Any, task: str, settings: TrainSettings) -> Any:
    """The model with a LoRA (Hu et al., arXiv 2106.09685) or DoRA (Liu et al., arXiv 2402.09353) to train, if one is
    asked for; else the model. Raises SikuError (exit 2) where no module has such a name."""
    if not settings.lora_r:
        return model
    import peft
    from transformers import set_seed

    if settings.load_in_4bit or settings.load_in_8bit:
        prepare: Any = peft.prepare_model_for_kbit_training
        model = prepare(model, use_gradient_checkpointing=settings.activation_checkpointing)
    names = settings.lora_target_modules
    alpha = settings.lora_alpha or 0.0
    config = peft.LoraConfig(
        r=settings.lora_r,
        lora_alpha=int(alpha) if alpha.is_integer() else alpha,  # type: ignore[arg-type]
        lora_dropout=settings.lora_dropout,
        target_modules=names[0] if names == ("all-linear",) else list(names),
        use_dora=settings.use_dora,
        use_rslora=settings.use_rslora,
        task_type="SEQ_2_SEQ_LM" if task == "seq2seq" else "CAUSAL_LM",
    )
    set_seed(settings.seed)  # an adapter begins with random numbers
    try:
        adapted: Any = peft.get_peft_model(model, config)
    except ValueError as error:
        raise SikuError(
            "the adapter cannot be made", where="--set lora_target_modules", why=str(error)[:300], next="all-linear"
        ) from error
    made = adapted.peft_config[adapted.active_adapter]
    made.target_modules = sorted(made.target_modules)  # a set would be saved in another order each time
    return adapted


def merge_adapter(source: ModelSource, task: str, settings: TrainSettings, adapter: Path, folder: Path) -> None:
    """Write the model with an adapter's weights added to its own to `folder`; the base is read again, and stays."""
    import dataclasses

    from peft import PeftModel

    whole = dataclasses.replace(settings, load_in_4bit=False, load_in_8bit=False)
    base = load_model(source, task, whole)
    merged: Any = PeftModel.from_pretrained(base, adapter).merge_and_unload()
    merged.save_pretrained(folder)


def stop_at(model: Any, tokens: Iterable[int]) -> None:
    """Let the saved `generation_config` stop at these tokens, beside those at which it stops already."""
    had = model.generation_config.eos_token_id
    stops = list(dict.fromkeys([*tokens, *([had] if isinstance(had, int) else had or [])]))
    model.generation_config.eos_token_id = stops[0] if len(stops) == 1 else stops
    model.generation_config._from_model_config = False  # or it would be made anew from config.json, without them


def sees_only_itself(model: Any, *, flat: bool) -> bool:
    """Whether a document has the same logits behind another one in its row as it has alone."""
    import torch

    device = next(model.parameters()).device
    first = torch.arange(ISOLATION_TOKENS, device=device) + 1
    second = torch.arange(ISOLATION_TOKENS, device=device) * 2 + 1
    places = torch.arange(ISOLATION_TOKENS, device=device)
    was_training = model.training
    model.eval()
    rows = 1 if flat else 2  # two rows, as of a batch: some attention tells documents apart in one row only
    with torch.no_grad():
        alone = _logits(model, second.expand(rows, -1), places.expand(rows, -1))
        ids, positions = torch.cat([first, second]).expand(rows, -1), torch.cat([places, places]).expand(rows, -1)
        behind = _logits(model, ids, positions)[:, ISOLATION_TOKENS:]
    model.train(was_training)
    allowed = SAME if next(model.parameters()).dtype == torch.float32 else SAME_BF16
    return bool((alone - behind).abs().max() <= allowed * alone.abs().max())


def _logits(model: Any, ids: Any, positions: Any) -> Any:
    return model(input_ids=ids, position_ids=positions, use_cache=False).logits.float()


def _digest(folder: Path) -> str:
    """SHA-256 over configuration, tokenizer and weights of a model folder."""
    total = hashlib.sha256()
    for path in sorted({path for pattern in FILES for path in folder.glob(pattern)}):
        size = path.stat().st_size
        total.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            if size <= READ_WHOLE_BYTES:
                total.update(file.read())
                continue
            for number in range(SAMPLES):
                file.seek((size - SAMPLE_BYTES) * number // (SAMPLES - 1))
                total.update(file.read(SAMPLE_BYTES))
    return total.hexdigest()
