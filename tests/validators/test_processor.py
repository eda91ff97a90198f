"""NumPy is told to sort with AVX2 on a Zen 4, and there alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from validators.processor import prefer_fast_sorting

VARIABLE = "NPY_DISABLE_CPU_FEATURES"


def told(folder: Path, *, vendor: str = "AuthenticAMD", family: int = 25, model: int = 17) -> str | None:
    about = folder / "cpuinfo"
    lines = ["processor\t: 0", f"vendor_id\t: {vendor}", f"cpu family\t: {family}", f"model\t\t: {model}"]
    about.write_text("\n".join([*lines, "model name\t: a processor", "stepping\t: 1", ""]) * 3)
    prefer_fast_sorting(about)
    return os.environ.get(VARIABLE)


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")  # so that it is put back
    monkeypatch.delenv(VARIABLE)


@pytest.mark.parametrize("model", [17, 97, 116, 160])
def test_zen_4(tmp_path: Path, model: int) -> None:
    assert told(tmp_path, model=model) == "X86_V4 AVX512_ICL"


def test_all_others(tmp_path: Path) -> None:
    assert told(tmp_path, model=1) is None  # Zen 3
    assert told(tmp_path, family=26) is None  # Zen 5
    assert told(tmp_path, vendor="GenuineIntel", family=25) is None
    prefer_fast_sorting(tmp_path / "nothing")
    assert VARIABLE not in os.environ


def test_what_somebody_said_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "AVX512_SPR")
    assert told(tmp_path) == "AVX512_SPR"


def test_numpy_takes_it_without_a_word() -> None:
    code = "import numpy; print(sorted(numpy.sort(numpy.arange(9)[::-1]).tolist()))"
    environment = os.environ | {VARIABLE: "X86_V4 AVX512_ICL"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert (told.stdout, told.stderr) == (f"{list(range(9))}\n", "")
