"""What the tests of the trainers share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.corpora import passage
from tests.running import command
from tests.servers.fixtures import tiny_qwen2
from tests.servers.tiny_qwen2 import in_child
from tests.trainers.tiny_t5 import make_tiny_t5

__all__ = ["tiny_qwen2"]

os.environ["HF_HUB_OFFLINE"] = "1"  # a name that is no folder is looked for on no server; read when it is imported

Build = Callable[[str], Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of datasets that lie in no output folder are not kept for other tests, nor in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`built(RECIPE)`: the folder of a dataset that is built from the shipped examples, once a session."""
    out = tmp_path_factory.mktemp("built") / "out"

    def build(recipe: str) -> Path:
        folder = out / recipe / "1"
        if not folder.exists():
            subprocess.run(command("build", recipe, "--out", out, "-q"), check=True, capture_output=True, timeout=300)
        return folder

    return build


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random mT5 with its tokenizer, as transformers saves them."""
    return in_child(make_tiny_t5, tmp_path_factory.mktemp("t5") / "tiny-t5", passage("tiny t5", 8000).splitlines())
