"""Are the packages of an extra there? Only some commands need `train` or `ui`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from validators.errors import SikuError

PACKAGES = {
    "train": ("accelerate", "jinja2", "safetensors", "tokenizers", "torch", "transformers"),
    "ui": ("duckdb", "gradio"),
}
HOME = Path(__file__).parent.parent


def missing_packages(extra: str) -> list[str]:
    """Those packages of an extra that are not installed. Nothing is imported."""
    return [name for name in PACKAGES[extra] if importlib.util.find_spec(name) is None]


def how_to_install(extra: str) -> str:
    """The line that installs the extra, in a checkout and where siku came as a wheel."""
    if (HOME / "pyproject.toml").exists():
        return f'pip install -c constraints.txt -e ".[{extra}]"'
    return f'pip install "siku[{extra}]"'


def need_extra(extra: str) -> None:
    """Raises SikuError (exit 2) where packages of `train` or `ui` are missing."""
    if missing := missing_packages(extra):
        raise SikuError(
            f"the extra [{extra}] is not installed",
            where=sys.prefix,
            why=f"there is no {', '.join(missing)}",
            next=how_to_install(extra),
        )
