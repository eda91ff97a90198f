"""Runs the near-duplicate step over documents in memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from builders.dedup.near_duplicates import NearDuplicates
from builders.document import Document
from builders.steps import Fate

Fates = dict[str, Fate]
Decide = Callable[..., Fates]


@pytest.fixture
def decide(tmp_path_factory: pytest.TempPathFactory) -> Decide:
    """`decide(documents, step, shards=1)` gives the fates by id."""

    def run(documents: Sequence[Document], step: NearDuplicates | None = None, shards: int = 1) -> Fates:
        step = step or NearDuplicates()
        home = tmp_path_factory.mktemp("sketches")
        parts = [list(documents[shard::shards]) for shard in range(shards)]
        folders = [sketch(step, home / str(shard), part) for shard, part in enumerate(parts)]
        decided = step.decide(folders)
        return {part[row].id: fate for part, fates in zip(parts, decided, strict=True) for row, fate in fates.items()}

    return run


def sketch(step: NearDuplicates, folder: Path, documents: Sequence[Document]) -> Path:
    with step.sketch(folder) as writer:
        for document in documents:
            writer.add(document)
    return folder


@pytest.fixture
def write_prose() -> Callable[[int, int], str]:
    """`write_prose(seed, chars)` gives prose without sense: the same for the same seed, another for another."""

    def prose(seed: int, chars: int) -> str:
        choose = random.Random(seed)
        return "".join(choose.choices([chr(code) for code in range(0x4E00, 0x9000)], k=chars))

    return prose
