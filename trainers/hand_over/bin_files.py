"""`train.bin` and `val.bin`: the tokens of all documents after one another, as nanoGPT and MiniGPT map them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from builders.engine.progress import Progress
from builders.publish.exports.lines import CountedFile, Exported, write_file
from trainers.rows.cache import TokenCache, open_cache
from trainers.rows.dataset import BuiltDataset
from trainers.rows.tokens import TextEncoder

FILES = {"train": "train", "valid": "val"}  # nanoGPT's word for it
IDS_AT_ONCE = 1 << 20


def write_bin(
    data: BuiltDataset, splits: Sequence[str], tokenizer: Any, tokenizer_name: str, folder: Path, progress: Progress
) -> Exported:
    """Ids of each document and `eos_token`, in dataset order, little-endian; `meta.json` says how to read them.

    The tokens are those of the cache that training takes, too: whoever trained with this tokenizer has them already.
    """
    done = Exported()
    encoder = TextEncoder(tokenizer)
    tokens, documents = dict.fromkeys(FILES.values(), 0), dict.fromkeys(FILES.values(), 0)
    largest = max(tokenizer.get_vocab().values(), default=0)
    dtype = "uint16" if largest < 1 << 16 else "uint32"
    for split in splits:
        cache = open_cache(data, split, tokenizer, encoder, progress)
        name = FILES[split]
        done.files[f"{name}.bin"] = _copy(cache, dtype, folder / f"{name}.bin")
        tokens[name], documents[name] = cache.tokens, len(cache)
    meta = {
        "dtype": dtype,
        "vocab_size": largest + 1,
        "eos_token_id": tokenizer.eos_token_id,
        "tokens": tokens,
        "documents": documents,
        "tokenizer": tokenizer_name,
        "data": data.data(),
    }
    done.files["meta.json"] = write_file(folder / "meta.json", orjson.dumps(meta, option=orjson.OPT_INDENT_2) + b"\n")
    return done


def _copy(cache: TokenCache, dtype: str, path: Path) -> dict[str, Any]:
    """The ids of a cache as a file. They are read, not mapped: pages that were mapped would count as memory in use."""
    import numpy as np

    little = np.dtype(dtype).newbyteorder("<")
    with (cache.folder / "ids.bin").open("rb") as source, CountedFile(path) as file:
        while len(ids := np.fromfile(source, dtype=cache.ids.dtype, count=IDS_AT_ONCE)):
            file.write(ids.astype(little, copy=False).tobytes())
    return file.described(len(cache))
