"""Wikitext to plain text in one Chinese variant."""

from __future__ import annotations

from collections.abc import Mapping

from builders.text.wiki_variants import ConversionGroup

DROPPED_SECTIONS = ("参考文献", "参考资料", "外部链接", "参见", "注释", "延伸阅读")


def wikitext_to_text(
    wikitext: str,
    variant: str = "zh-cn",
    groups: Mapping[str, ConversionGroup] | None = None,
    drop_sections: tuple[str, ...] = DROPPED_SECTIONS,
    title: str = "",
) -> str:
    """The text of a page as a reader of that variant sees it, without markup.

    `groups` are the conversion groups that `{{NoteTA|G1=name}}` may ask for (see `group_key` for the names),
    `drop_sections` the headings of sections that go, in either script.
    """
    return wikitext.strip()
