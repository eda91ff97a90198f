"""What tests share."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import hypothesis
import pytest

from tests.browser import look, serve_page  # noqa: F401 - fixtures
from tests.running import Ran, Siku, command

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("siku", deadline=None)
hypothesis.settings.load_profile("siku")


@pytest.fixture
def siku(tmp_path: Path) -> Siku:
    """Run `siku WORDS` in a folder of its own; whatever happens, it must not end in a traceback."""

    def run(*words: str | Path, code: int | None = 0, cwd: Path = tmp_path, **environment: str) -> Ran:
        done = subprocess.run(
            command(*words),
            capture_output=True,
            text=True,
            cwd=cwd,
            env=os.environ | environment,
            timeout=300,
            check=False,
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in ran.err, ran.err
        assert code is None or ran.code == code, f"exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    return run
