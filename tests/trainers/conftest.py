"""What the tests of the trainers share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import command
from tests.servers.fixtures import tiny_qwen2

__all__ = ["tiny_qwen2"]

Build = Callable[[str], Path]


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
