"""What is installed, how much room there is: the first thing to look at when something does not work."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from pathlib import Path
from typing import Any

from builders.engine.local import usable_cores
from builders.engine.manifest import PACKAGES

CRAWLER = ("httpcore2", "httpx2", "protego", "tenacity")
SYNTHESIS = ("aiohttp", "h11", "jieba", "jsonschema", "openai")
OPTIONAL = ("torch", "transformers", "trl", "daft", "gradio")
LOW_DISK_GB = 2.0


def examine(out: Path) -> dict[str, Any]:
    """Versions, cores, memory, disk; `problems` says in sentences what is wrong and what to do."""
    free = shutil.disk_usage(_existing(out)).free / 1e9
    found = {name: _version(name) for name in (*PACKAGES, *CRAWLER, *SYNTHESIS, *OPTIONAL)}
    needed = (*PACKAGES, *CRAWLER, *SYNTHESIS)
    problems = [f"{name} is not installed: pip install {name}" for name in needed if not found[name]]
    if _version("opencc-python-reimplemented"):
        problems.append(
            "opencc-python-reimplemented hides OpenCC: pip uninstall opencc-python-reimplemented, "
            "then pip install --force-reinstall opencc"
        )
    if free < LOW_DISK_GB:
        problems.append(f"only {free:.1f} GB of disk are free at {out}")
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": usable_cores(),
        "memory_gb": _memory_gb(),
        "disk_free_gb": round(free, 1),
        "packages": {name: version or "not installed" for name, version in found.items()},
        "problems": problems,
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (ValueError, OSError):
        return None


def _existing(path: Path) -> Path:
    path = path.absolute()
    return path if path.exists() else _existing(path.parent)
