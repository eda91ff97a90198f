"""docs/export.md shows what the commands print, and names every format. `python -m tests.test_export_doc` writes it."""

from __future__ import annotations

from tests.pages import with_output
from tests.running import HOME
from trainers.hand_over.order import ALL_FORMATS

PAGE = HOME / "docs" / "export.md"


def real_page() -> str:
    return with_output(PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_real_output() -> None:
    assert real_page() == PAGE.read_text(encoding="utf-8")


def test_every_format_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in ALL_FORMATS if f"| `{name}` | " not in text] == []


if __name__ == "__main__":
    PAGE.write_text(real_page(), encoding="utf-8")
