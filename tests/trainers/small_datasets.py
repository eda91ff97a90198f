"""Built datasets of a few rows, written directly: the folders, Parquet files and manifest that training reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
from pyarrow import parquet

Rows = Sequence[Mapping[str, Any]]


def write_dataset(folder: Path, train: Rows = (), valid: Rows = (), name: str = "small") -> Path:
    """Rows have `id` and `text` or `messages`."""
    files = {}
    for split, rows in (("train", train), ("valid", valid)):
        if not rows:
            continue
        path = folder / split / "part-00000.parquet"
        path.parent.mkdir(parents=True)
        parquet.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
        digest = sha256(path.read_bytes()).hexdigest()
        files[f"{split}/{path.name}"] = {"sha256": digest, "bytes": path.stat().st_size, "rows": len(rows)}
    fingerprint = sha256(orjson.dumps([train, valid])).hexdigest()
    manifest = {"name": name, "version": "1", "fingerprint": fingerprint, "files": files}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    return folder


def texts(*values: str) -> list[dict[str, Any]]:
    return [{"id": f"t{number}", "text": text} for number, text in enumerate(values)]


def talks(*values: Sequence[str]) -> list[dict[str, Any]]:
    """Conversations of user and assistant in turn; a first turn that begins with `系统：` is the system's."""
    rows = []
    for number, turns in enumerate(values):
        system = [{"role": "system", "content": turns[0][3:]}] if turns[0].startswith("系统：") else []
        said = turns[len(system) :]
        roles = ("user", "assistant")
        messages = [{"role": roles[place % 2], "content": text} for place, text in enumerate(said)]
        rows.append({"id": f"m{number}", "messages": system + messages})
    return rows
