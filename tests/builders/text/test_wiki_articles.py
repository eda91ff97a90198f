"""From pages to articles: what goes and why, and what the text of the rest is."""

from __future__ import annotations

import json

import pytest

from builders.document import Document
from builders.sources.wiki_group_files import PackedGroups, unpack_groups
from builders.text.wiki_articles import WikiArticles
from validators.errors import SikuError
from validators.step import Verdict


def test_steps_say_what_they_refuse() -> None:
    step = WikiArticles(min_chars=5)
    meta = {"title": "渡口", "form": "wikitext", "ns": 0}
    assert step(Document("1", "x", meta | {"ns": 10})) == Verdict("other namespace", "namespace 10")
    assert step(Document("1", "见[[桥]]", meta | {"redirect": "桥"})) == Verdict("redirect", "桥")
    assert step(Document("1", "渡口", meta)) == Verdict("stub", "2 characters, 5 are needed")
    assert step(Document("1", ".a { }", meta | {"model": "css"})) == Verdict("not wikitext", "css")
    cirrus = {"title": "渡口", "form": "cirrus", "templates": ["Template:Disambig"]}
    assert step(Document("1", "渡口可以指一些地方。", cirrus)) == Verdict("disambiguation", "渡口")
    with pytest.raises(SikuError, match="not at hand"):
        step(Document("1", "渡口", meta | {"groups": "0" * 64}))
    with pytest.raises(SikuError, match="variant"):
        WikiArticles(variant="zh-xx")  # type: ignore[arg-type]


def test_what_an_extractor_left_behind() -> None:
    text = "圆\n\n圆的半径为formula_1，面积是 formula_12 。\n用print()写出来，见codice_3。"
    found = WikiArticles(min_chars=1)(Document("1", text, {"title": "圆", "form": "extracted"}))
    assert isinstance(found, Document)
    assert found.text == "圆的半径为，面积是。\n用print()写出来，见。"


def test_variants() -> None:
    page = "'''渡口'''在-{zh-cn:桥墩;zh-tw:橋柱}-旁邊，這裡的人說话很慢。"
    made = {
        variant: WikiArticles(variant=variant, min_chars=1)(Document("1", page, {"title": "桥", "form": "wikitext"}))
        for variant in ("zh-cn", "zh-tw", "zh-hk")
    }
    text = {
        variant: (found.text, found.meta["title"]) for variant, found in made.items() if isinstance(found, Document)
    }
    assert text == {
        "zh-cn": ("渡口在桥墩旁边，这里的人说话很慢。", "桥"),
        "zh-tw": ("渡口在橋柱旁邊，這裡的人說話很慢。", "橋"),
        "zh-hk": ("渡口在橋柱旁邊，這裡的人説話很慢。", "橋"),
    }


def test_the_title_is_the_one_that_the_page_gives_itself() -> None:
    page = "{{NoteTA|T=zh-cn:渡轮码头;zh-tw:渡口碼頭}}渡口的人說話很慢。"
    found = WikiArticles(min_chars=1)(Document("1", page, {"title": "渡口碼頭", "form": "wikitext"}))
    assert isinstance(found, Document)
    assert (found.meta["title"], found.text) == ("渡轮码头", "渡口的人说话很慢。")


GROUPS = {
    "Module:CGroup/Light": "return { content = { { type = 'item', original = 'x', rule = 'zh-cn:激光;zh-tw:雷射' } } }",
    "Fiber": json.dumps({"name": "Fiber", "rules": [{"original": "x", "conv": "zh-cn:光纤;zh-tw:光導纖維"}]}),
}


@pytest.mark.parametrize("name", ["Light", "light", " Light "])
def test_groups_of_a_page(name: str) -> None:
    packed = PackedGroups.of(GROUPS.items())
    assert packed is not None and PackedGroups.of(reversed(GROUPS.items())) == packed
    page = f"{{{{NoteTA|G1={name}|G2=Fiber|G3=沒有這個}}}}雷射和光導纖維都很有用。"
    meta = {"title": "光", "form": "wikitext", "groups": unpack_groups(packed)}
    found = WikiArticles(min_chars=1)(Document("1", page, meta))
    assert isinstance(found, Document)
    assert found.text == "激光和光纤都很有用。"
    assert found.meta == {"title": "光", "form": "wikitext"}


def test_what_is_refused_keeps_what_is_known_of_it_but_the_groups() -> None:
    packed = PackedGroups.of(GROUPS.items())
    assert packed is not None
    document = Document("1", "x", {"title": "模板", "ns": 10, "form": "wikitext", "groups": unpack_groups(packed)})
    assert isinstance(WikiArticles()(document), Verdict)
    assert document == Document("1", "x", {"title": "模板", "ns": 10, "form": "wikitext"})


def test_sections_that_go() -> None:
    page = "渡口是过河的地方。\n\n== 轶事 ==\n从前有一头牛。\n\n== 参见 ==\n* [[桥]]"
    whole = WikiArticles(min_chars=1, drop_sections=("轶事",))(Document("1", page, {"form": "wikitext"}))
    assert isinstance(whole, Document) and "牛" not in whole.text and "桥" in whole.text
