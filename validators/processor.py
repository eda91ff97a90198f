"""What NumPy is told about the processor, before it is loaded."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ZEN_4_MODELS = (range(0x10, 0x20), range(0x60, 0x80), range(0xA0, 0xB0))  # of AMD's family 25
_FIELDS = re.compile(r"^(vendor_id|cpu family|model)\s*: (\S+)$", re.MULTILINE)
_BEGINNING_BYTES = 1000  # of what the system tells of its first processor


def prefer_fast_sorting(about: Path = Path("/proc/cpuinfo")) -> None:
    """On a Zen 4, let NumPy sort with AVX2: with AVX-512 it takes two to four times as long.

    The instruction with which it then writes to memory (VPCOMPRESS) is done in microcode there, see
    https://github.com/numpy/x86-simd-sort/issues/6. Who has set the variable keeps what is in it.
    """
    try:
        with about.open("rb") as file:
            fields = dict(_FIELDS.findall(file.read(_BEGINNING_BYTES).decode("latin-1")))
    except OSError:  # not Linux
        return
    if (fields.get("vendor_id"), fields.get("cpu family")) != ("AuthenticAMD", "25"):
        return
    if any(int(fields.get("model", 0)) in models for models in _ZEN_4_MODELS):
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL")
