"""Fixtures for every folder of tests: its `conftest.py` imports those that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpora import passage
from tests.running import HOME
from tests.servers.tiny_qwen2 import in_child, make_tiny_qwen2, to_gguf


def chinese_text() -> Iterator[str]:
    """Lines to train a tokenizer on: the examples that are UTF-8, and prose without end."""
    for path in sorted((HOME / "examples").rglob("*.json*")):
        yield from path.read_text(encoding="utf-8").splitlines()
    yield from passage("tiny-qwen2", 40_000).splitlines()


@pytest.fixture(scope="session")
def tiny_qwen2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as transformers saves it; made once a session, whoever imports this fixture."""
    folder = tmp_path_factory.getbasetemp() / "tiny-qwen2"
    return folder if folder.exists() else in_child(make_tiny_qwen2, folder, list(chinese_text()))


@pytest.fixture(scope="session")
def tiny_gguf(tiny_qwen2: Path) -> Path:
    """The same model for llama.cpp."""
    file = tiny_qwen2.with_suffix(".gguf")
    return file if file.exists() else to_gguf(tiny_qwen2, file)
