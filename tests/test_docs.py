"""docs/sources.md has every format, and its links lead somewhere; the READMEs have every recipe."""

from __future__ import annotations

import re

from builders.engine.recipe import recipe_files
from builders.sources.dialogue_formats import FORMATS
from tests.running import HOME

SOURCES = (HOME / "docs" / "sources.md").read_text(encoding="utf-8")


def test_every_format_of_conversations_is_described() -> None:
    assert [name for name in FORMATS if f"`{name}`" not in SOURCES] == []


def test_links_within_the_page_lead_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.*)$", SOURCES, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {anchor for anchor in re.findall(r"\]\(#([^)]*)\)", SOURCES) if anchor not in anchors} == set()


def test_every_recipe_is_in_both_readmes() -> None:
    names = [path.stem.replace("_", "-") for path in recipe_files(HOME / "recipes")]
    for readme in ("README.md", "README.zh-CN.md"):
        text = (HOME / readme).read_text(encoding="utf-8")
        stages = re.sub(r"`chat-stage1`(?:, |、)`2`(?:, |、)`3`", "`chat-stage1` `chat-stage2` `chat-stage3`", text)
        assert [name for name in names if f"`{name}`" not in stages] == [], readme
