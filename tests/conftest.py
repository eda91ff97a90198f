"""What tests share: the command line as people run it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent))  # for `import corpora`


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Siku = Callable[..., Ran]


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-W", "error", str(HOME / "cli.py"), *(os.fsdecode(word) for word in words)]


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


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
