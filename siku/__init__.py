"""The import name and the console script of siku; everything else lies in the folders beside it.

In a wheel the folders lie in `siku/folders`, because PyPI has other packages called `validators`, `builders`,
`recipes` and `generators`; in a checkout they are the top-level folders themselves.
"""

from __future__ import annotations

import sys
from pathlib import Path

_FOLDERS = Path(__file__).parent / "folders"


def main() -> int:
    """What the command `siku` runs."""
    if _FOLDERS.is_dir():
        sys.path.insert(0, str(_FOLDERS))
    if foreign := _foreign():
        print(f"error: another package called {foreign} is in the way", file=sys.stderr)
        print("next:  run siku in a virtual environment of its own", file=sys.stderr)
        return 2
    try:
        import cli
    except KeyboardInterrupt:
        return 130
    return cli.main()


def _foreign() -> str:
    """The first of siku's folders that Python would take from another package."""
    home = _FOLDERS if _FOLDERS.is_dir() else Path(__file__).parent.parent
    for name in ("validators", "builders", "recipes"):
        loaded = sys.modules.get(name)
        if loaded is not None and Path(loaded.__file__ or "").resolve().parent.parent != home.resolve():
            return name
    return ""
