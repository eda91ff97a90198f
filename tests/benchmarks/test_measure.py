"""What a command took: all its processes are counted, and a failure is told with its last words."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.measure import CommandError, run_once

ORPHAN = """
import subprocess, sys
code = "import os, sys; sum(range(10_000_000)); open(sys.argv[1], 'w').write(str(os.times().user))"
subprocess.Popen([sys.executable, '-c', code, sys.argv[1]])
"""


def test_processes_that_outlive_the_command_are_counted(tmp_path: Path) -> None:
    told = tmp_path / "seconds"
    took = run_once([sys.executable, "-c", ORPHAN, str(told)])
    assert took["cpu_seconds"] >= float(told.read_text())
    assert took["peak_mb"] >= took["largest_process_mb"] > 0
    assert not [one for one in psutil.Process().children() if one.status() == psutil.STATUS_ZOMBIE]


def test_a_failure_is_told_with_its_last_words(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('no such file')"]
    run_once(words)  # 1 is good where nothing else is said: siku's own "done, but"
    with pytest.raises(CommandError, match="exit code 1: no such file"):
        run_once(words, good=(0,), log=tmp_path / "log")


def test_what_takes_too_long_is_ended() -> None:
    before = psutil.Process().children()
    with pytest.raises(CommandError, match="more than 0 s"):
        run_once([sys.executable, "-c", "import time; time.sleep(600)"], timeout_s=0.2)
    assert psutil.Process().children() == before
