"""docs/sources.md has every format, its samples are true, and its links lead somewhere; the READMEs have every recipe."""

from __future__ import annotations

import re
from pathlib import Path

from builders.document import Document
from builders.engine.recipe import recipe_files
from builders.sources.conversations import Conversations
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


def test_the_samples_of_instructions_become_what_is_said(tmp_path: Path) -> None:
    block = SOURCES.partition("Samples, each with what becomes of it:")[2].split("```")[1]
    samples = [sample.split("\n") for sample in block.strip().split("\n\n")]
    for name, row, *said in samples:
        (tmp_path / "a.jsonl").write_text(row + "\n", encoding="utf-8")
        found = [one for shard in Conversations().shards([tmp_path]) for one in Conversations().read(shard)]
        document = found[0]
        assert isinstance(document, Document) and document.messages, found
        turns = [f"{turn['role']} {turn['content']}".replace("\n", "⏎") for turn in document.messages]
        assert f"# {document.meta['format']}" == name
        told = " · ".join(line.strip() for line in said)
        assert told == " · ".join(turns) or told == f"id {document.id} · {' · '.join(turns)}"
