"""`page_kind`: what is no article."""

from __future__ import annotations

import pytest

from builders.text.wiki_pages import page_kind


@pytest.mark.parametrize(
    ("wikitext", "kind"),
    [
        ("#REDIRECT [[甲]]", "redirect"),
        ("\n#redirect[[甲]]", "redirect"),
        ("#重定向：[[甲]]", "redirect"),
        ("#重新導向 [[甲]]", "redirect"),
        ("\ufeff＃重定向 [[甲]]", "redirect"),
        ("<!-- 旧 -->\n#REDIRECT [[甲]]", "redirect"),
        ("# 列表\n#REDIRECT是一种指令", None),
        ("'''甲'''可以指：\n{{disambig}}", "disambiguation"),
        ("{{Disambig|geo|human}}", "disambiguation"),
        ("{{消歧义}}{{x}}", "disambiguation"),
        ("{{消歧義頁}}", "disambiguation"),
        ("{{人名消歧义}}", "disambiguation"),
        ("{{ hndis }}", "disambiguation"),
        ("{{Disambig|{{x}}}}", "disambiguation"),
        ("{{需要消歧义}}", None),
        ("__DISAMBIG__", "disambiguation"),
        ("文{{disambiguation needed|date=x}}{{otheruses}}", None),
        ("<nowiki>{{disambig}}</nowiki><!-- {{disambig}} -->", None),
        ("", None),
    ],
)
def test_kind_by_wikitext(wikitext: str, kind: str | None) -> None:
    assert page_kind(wikitext, 0, "甲") == kind


def test_kind_by_namespace_and_title() -> None:
    assert page_kind("文", 1, "讨论:甲") == "namespace"
    assert page_kind("#REDIRECT [[甲]]", 14, "乙") == "namespace"
    assert page_kind("文", 0, "甲 (消歧义)") == page_kind("文", 0, "甲（消歧義）") == "disambiguation"
    assert page_kind("文", 0, "消歧义") is None
