"""docs/versions.md shows what the commands print. `python -m tests.test_versions_doc` writes the real output into it."""

from __future__ import annotations

import re
import sys

import pytest

from tests.pages import with_output
from tests.running import HOME

PAGE = HOME / "docs" / "versions.md"
CHANGING = (  # what is another every time, or with other versions of packages
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "2026-11-27 09:30"),
    (re.compile(r"\d+\.\d s\b"), "0.3 s"),
    (re.compile(r"[\d,.]+ (?:kB|MB|bytes)"), "50.0 kB"),
    (re.compile(r"\A\s*recipe .*?\n(?= dataset )", re.DOTALL), ""),  # of `list`, what comes after the recipes
    (re.compile(r"\n{3,}"), "\n\n"),
    (re.compile(r"(@\S+(?:, written by \S+)?, )[0-9a-f]{12}$", re.MULTILINE), r"\g<1>3f2a9c1b7d20"),
)


def real_page() -> str:
    return with_output(PAGE.read_text(encoding="utf-8"), CHANGING)


@pytest.mark.slow
def test_the_page_shows_real_output() -> None:
    assert real_page() == PAGE.read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(real_page(), encoding="utf-8")
    sys.exit(0)
