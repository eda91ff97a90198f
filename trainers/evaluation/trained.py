"""A trained model as it is judged and asked: a folder or a name on the Hub; of an adapter, its base model with it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainers.training import models
from trainers.training.models import ModelSource
from trainers.training.run_folder import RUN
from trainers.training.train_settings import TrainSettings
from validators.errors import SikuError

ADAPTER, GENERATION = "adapter_config.json", "generation_config.json"


@dataclass(frozen=True)
class Described:
    """A model before its weights are read, by the name that was given; `source` is the base of an adapter."""

    name: str
    source: ModelSource
    tokenizer: Any
    adapter: bool = False

    @property
    def has_encoder(self) -> bool:
        return bool(self.source.config.is_encoder_decoder)

    @property
    def task(self) -> str:
        """The kind of training that makes such models."""
        return "seq2seq" if self.has_encoder else "pretrain"

    @property
    def pad_token_id(self) -> int:
        """What rows are filled up with; nothing looks at it."""
        return int(self.tokenizer.eos_token_id if self.tokenizer.pad_token_id is None else self.tokenizer.pad_token_id)


@dataclass
class Trained:
    """A model in evaluation mode; `stop_ids` are the tokens at which it has finished."""

    described: Described
    model: Any
    stop_ids: set[int] = field(default_factory=set)


def describe(name: str, chat_template: Path | None = None) -> Described:
    """What kind of model it is, and its tokenizer (an adapter may have one of its own). Raises SikuError (exit 2)."""
    _be_quiet()
    if name.startswith((".", "/", "~")) and not Path(name).is_dir():  # a path is not looked up on the Hub
        raise SikuError(f"there is no model {name!r}", why="there is no such folder", next="--model FOLDER")
    adapter = Path(name) / ADAPTER
    source = models.open_model(_base_of(adapter) if adapter.is_file() else name)
    if problems := models.kind_problems(source, "seq2seq" if source.config.is_encoder_decoder else "pretrain"):
        raise problems[0]
    if adapter.is_file() and (positions := _stretched_to(Path(name))):
        models.stretch(source.config, positions)
    own = any((Path(name) / file).is_file() for file in ("tokenizer.json", "tokenizer_config.json"))
    tokenizer = models.tokenizer_of(source, name if own else source.name, chat_template)
    return Described(name, source, tokenizer, adapter.is_file())


def _stretched_to(folder: Path) -> int | None:
    """How many positions training gave the base of an adapter; the run beside it, or its checkpoints, says so."""
    for run in (folder / RUN, folder.parent / RUN):
        try:
            positions = json.loads(run.read_text(encoding="utf-8"))["settings"]["model_max_length"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return int(positions) if isinstance(positions, int) else None
    return None


def _base_of(adapter: Path) -> str:
    try:
        base = str(json.loads(adapter.read_text(encoding="utf-8"))["base_model_name_or_path"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SikuError("the adapter names no base model", where=str(adapter), why=str(error)) from error
    if base.startswith((".", "/", "~")) and not Path(base).is_dir():
        why, next = f"it is named {base!r}", "the base model at this place, or merged/ of the run as --model"
        raise SikuError("the base model of the adapter is not there", where=str(adapter), why=why, next=next)
    return base


def open_model(described: Described, *, use_cpu: bool = False, bf16: bool | None = None) -> Trained:
    """Read the weights: to the GPU if there is one, in bfloat16 if that can, else float32. Raises SikuError."""
    import torch
    import transformers

    on_gpu = torch.cuda.is_available() and not use_cpu
    half = torch.cuda.is_bf16_supported() if bf16 is None and on_gpu else bool(bf16)
    settings = TrainSettings(dtype="bfloat16" if half else "float32", attn_implementation="")
    model = models.load_model(described.source, described.task, settings)
    if described.adapter:
        model = _with_adapter(model, described.name)
    model.eval().to("cuda" if on_gpu else "cpu")
    plain: Any = transformers.GenerationConfig  # what a folder says of sampling is not for judging
    named = [model.generation_config.eos_token_id]
    if described.adapter and (Path(described.name) / GENERATION).is_file():
        named.append(plain.from_pretrained(described.name).eos_token_id)
    trained = Trained(described, model, _stop_ids(named, described.tokenizer))
    model.generation_config = plain(
        pad_token_id=described.pad_token_id,
        bos_token_id=described.tokenizer.bos_token_id,
        decoder_start_token_id=getattr(model.config, "decoder_start_token_id", None),
    )
    return trained


def _with_adapter(model: Any, folder: str) -> Any:
    import peft

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peft asks transformers for what is about to be renamed
            adapted: Any = peft.PeftModel.from_pretrained(model, folder)
    except Exception as error:  # of many kinds: files, JSON, shapes
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise SikuError("the adapter cannot be loaded", where=folder, why=lines[0][:200]) from error
    return adapted.get_base_model()  # its layers have the adapter in them


def _be_quiet() -> None:
    """No bars and no remarks of transformers: what matters of them is found out and said here."""
    import transformers

    logging: Any = transformers.utils.logging
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _stop_ids(named: Sequence[Any], tokenizer: Any) -> set[int]:
    """Those that generation configs name (one, several or none each), and the tokenizer's own."""
    listed = [one for ids in named for one in (ids if isinstance(ids, list) else [ids]) if one is not None]
    return {int(one) for one in [*listed, tokenizer.eos_token_id]}
