"""docs/export.md shows what the commands print, and names every format. `python -m tests.test_export_doc` writes it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.running import HOME
from tests.test_readme import BLOCK, run_block
from trainers.hand_over.order import ALL_FORMATS

PAGE = HOME / "docs" / "export.md"


def real_page() -> str:
    with tempfile.TemporaryDirectory() as folder:
        text = PAGE.read_text(encoding="utf-8")
        return BLOCK.sub(
            lambda found: f"```console\n$ {found[1]}\n{run_block(found[1], Path(folder)).lstrip()}```", text
        )


def test_the_page_shows_real_output() -> None:
    assert real_page() == PAGE.read_text(encoding="utf-8")


def test_every_format_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in ALL_FORMATS if f"| `{name}` | " not in text] == []


if __name__ == "__main__":
    PAGE.write_text(real_page(), encoding="utf-8")
