"""`train.bin` and `val.bin` as readers of nanoGPT's kind take them: mapped, and decoded to the documents."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpora import passage
from tests.running import Siku
from tests.trainers.made_tokenizers import made_tokenizer
from tests.trainers.small_datasets import texts, write_dataset
from trainers.hand_over.export import export
from trainers.hand_over.order import ExportOrder
from trainers.rows.dataset import open_dataset
from trainers.rows.tokens import TextEncoder
from validators.errors import SikuError

TRAIN = [
    "雪停了。渡口没有船。",
    "",
    "The GPU has 24 GB.\n\n第二段：“𠮷”！",
    *(passage(f"bin {n}", 300) for n in range(20)),
]
VALID = ["风从河面上吹来。"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data", texts(*TRAIN), texts(*VALID), name="novels")


def saved(tokenizer: Any, folder: Path) -> Path:
    tokenizer.save_pretrained(folder)
    return folder


def documents(file: Path, meta: dict[str, Any], tokenizer: Any) -> list[str]:
    """As a reader gets them that knows nothing but the file and `meta.json`."""
    ids = np.memmap(file, dtype=np.dtype(meta["dtype"]).newbyteorder("<"), mode="r")
    ends = np.flatnonzero(ids == meta["eos_token_id"])
    assert ends[-1] == len(ids) - 1
    return [tokenizer.decode(part[: -1 or None].tolist()) for part in np.split(ids, ends[:-1] + 1)]


@pytest.mark.parametrize("kind", ["large", "single bytes"])
def test_files_decode_to_the_documents(data: Path, tmp_path: Path, kind: str) -> None:
    tokenizer = made_tokenizer(kind)
    folder = str(saved(tokenizer, tmp_path / "tokenizer"))
    done = export(ExportOrder(str(data), "bin", tmp_path / "x", folder), quiet=True)
    assert set(done["files"]) == {"train.bin", "val.bin", "meta.json"}
    assert done["rows"] == {"train": len(TRAIN), "valid": 1}
    meta = json.loads((tmp_path / "x" / "meta.json").read_text(encoding="utf-8"))
    assert list(meta) == ["dtype", "vocab_size", "eos_token_id", "tokens", "documents", "tokenizer", "data"]
    assert documents(tmp_path / "x" / "train.bin", meta, tokenizer) == TRAIN
    assert documents(tmp_path / "x" / "val.bin", meta, tokenizer) == VALID
    assert (meta["dtype"], meta["vocab_size"]) == ("uint16", len(tokenizer))
    assert meta["eos_token_id"] == tokenizer.eos_token_id and meta["tokenizer"] == folder
    assert meta["documents"] == {"train": len(TRAIN), "val": 1}
    sizes = {name: (tmp_path / "x" / f"{name}.bin").stat().st_size // 2 for name in ("train", "val")}
    assert meta["tokens"] == sizes
    assert meta["data"] == open_dataset(str(data), tmp_path).data()


def test_more_ids_than_two_bytes_tell(data: Path, tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large")
    tokenizer.add_tokens([f"<{number}>" for number in range(65_536 - len(tokenizer))])
    export(ExportOrder(str(data), "bin", tmp_path / "just", str(saved(tokenizer, tmp_path / "a"))), quiet=True)
    assert json.loads((tmp_path / "just" / "meta.json").read_bytes())["dtype"] == "uint16"
    tokenizer.add_tokens(["<one more>"])
    export(ExportOrder(str(data), "bin", tmp_path / "more", str(saved(tokenizer, tmp_path / "b"))), quiet=True)
    meta = json.loads((tmp_path / "more" / "meta.json").read_bytes())
    assert (meta["dtype"], meta["vocab_size"]) == ("uint32", 65_537)
    assert documents(tmp_path / "more" / "train.bin", meta, tokenizer) == TRAIN


def test_a_dataset_without_valid_has_no_val_bin(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", texts("雪。"))
    folder = str(saved(made_tokenizer("large"), tmp_path / "tokenizer"))
    done = export(ExportOrder(str(data), "bin", tmp_path / "x", folder), quiet=True)
    assert done["rows"]["valid"] == 0 and set(done["files"]) == {"train.bin", "meta.json"}
    meta = json.loads((tmp_path / "x" / "meta.json").read_bytes())
    assert meta["tokens"]["val"] == meta["documents"]["val"] == 0


def test_tokens_that_training_made_are_taken(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(saved(made_tokenizer("large"), tmp_path / "tokenizer"))
    first = export(ExportOrder(str(data), "bin", tmp_path / "x", folder), quiet=True)

    def refuse(*_: Any) -> Any:
        raise AssertionError("tokenised again")

    monkeypatch.setattr(TextEncoder, "encode", refuse)
    again = export(ExportOrder(str(data), "bin", tmp_path / "y", folder), quiet=True)
    assert again["files"] == first["files"]


def test_tokenizers_that_will_not_do(data: Path, tmp_path: Path) -> None:
    tokenizer = made_tokenizer("large")
    tokenizer.eos_token = None
    without = saved(tokenizer, tmp_path / "without")
    for folder, what in ((without, "has no eos_token"), (tmp_path / "nowhere", "there is no tokenizer")):
        with pytest.raises(SikuError, match=what) as told:
            export(ExportOrder(str(data), "bin", tmp_path / "x", str(folder)), quiet=True)
        assert told.value.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_as_people_type_it(siku: Siku, data: Path, tmp_path: Path) -> None:
    folder = saved(made_tokenizer("large"), tmp_path / "tokenizer")
    words = ("export", data, "--format", "bin", "--tokenizer", folder, "--out", "x", "--json")
    ran = siku(*words, "-q", HF_HUB_OFFLINE="1")
    assert list(ran.json) == ["format", "path", "rows", "files"] and ran.err == ""


def test_without_the_extra_train(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)  # as where it is not installed
    with pytest.raises(SikuError, match=r"train.* is not installed") as told:
        export(ExportOrder(str(data), "bin", tmp_path / "x", str(tmp_path)), quiet=True)
    assert "[train]" in told.value.next and "transformers" in told.value.why
    assert export(ExportOrder(str(data), "llamafactory", tmp_path / "x"), quiet=True)["rows"]["valid"] == 1
