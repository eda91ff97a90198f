"""Are the packages of the extra `train` there? Training is the only work that needs them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from validators.errors import SikuError

PACKAGES = ("accelerate", "jinja2", "safetensors", "tokenizers", "torch", "transformers")
HOME = Path(__file__).parent.parent


def missing_packages() -> list[str]:
    """Those of PACKAGES that are not installed. Nothing is imported."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def how_to_install() -> str:
    """The line that installs the extra, in a checkout and where siku came as a wheel."""
    if (HOME / "pyproject.toml").exists():
        return 'pip install -c constraints.txt -e ".[train]"'
    return 'pip install "siku[train]"'


def need_train_extra() -> None:
    """Raises SikuError (exit 2) where packages are missing."""
    if missing := missing_packages():
        raise SikuError(
            "the extra [train] is not installed",
            where=sys.prefix,
            why=f"there is no {', '.join(missing)}",
            next=how_to_install(),
        )
