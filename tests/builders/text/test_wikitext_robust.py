"""`wikitext_to_text` on whatever people and programs write: no error, no hang, no markup left over."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.text.wiki_groups import parse_conversion_group
from builders.text.wiki_pages import page_kind
from builders.text.wikitext import wikitext_to_text

_TOKENS = (
    "{{ }} [[ ]] -{ }- {{{ }}} {| |} | ' '' ''' = == : ; * # ( ) （ ） 《 》 ， ： [ ] { } - <ref> </ref> <ref/> <!-- --> <b> <br> "
    "<code> </code> <nowiki/> <sup>2</sup> [http://a.example zh-cn: zh-tw: => H| A| R| T| lang |en| lang-en| NoteTA|1= convert| "
    "|1|km bd| File: Category: en: &amp; &lt; __NOTOC__ ---- 参见 甲 說 说 後 乾 の a b() 1"
)
_WIKITEXT = st.lists(st.sampled_from([*_TOKENS.split(), " ", "\n", "\n\n", "\n== 甲 ==\n"]), max_size=50).map("".join)
_MARKUP = re.compile(r"\{\{|\}\}|\[\[|\]\]|-\{|<ref|<!--|[\ufdd0-\ufdef]|[（(][ ，：]*）")


@settings(max_examples=400, deadline=None)
@given(_WIKITEXT, st.sampled_from(["zh-cn", "zh-tw", "zh-hk"]))
def test_no_markup_is_left(wikitext: str, variant: str) -> None:
    text = wikitext_to_text(wikitext, variant)
    assert not _MARKUP.search(text)
    assert text == text.strip()


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text(text: str) -> None:
    wikitext_to_text(text)
    parse_conversion_group(text)
    page_kind(text, 0, text)


@pytest.mark.parametrize(
    "odd", ["\ud800", "\ufdd0甲\ufdd1", "&#xD800;", "&#xFDD3;", "&#0;", "\x00", "\r\n\r", "\ufdd5甲"]
)
def test_odd_characters(odd: str) -> None:
    rules = ";".join(f"甲{number}=>zh-cn:乙{number}" for number in range(50))
    text = wikitext_to_text(f"-{{H|{rules}}}-前{odd}後甲7", title=odd)
    assert not re.search("[\ufdd0-\ufdef\ud800-\udfff]", text)
    assert text.endswith("后乙7")


_UNITS = [
    "{{", "}}", "[[", "]]", "-{", "}-", "{{{", "\n{|", "\n|}", "<ref>", "</ref>", "<!--", "<nowiki>", "<code>", "<b ", '<ref name="',
    "'''", "=", "\n= ", "[http://a ", "（", "：，", "-{zh-cn:", "-{H|zh-cn:a;zh-tw:b}-", ";", "&", "{{lang|en|x", "[[File:", "{{#if:",
    "-{A=>zh-cn:", "  ", "\n", "__", "說明说明，", "英语：，", "{{NoteTA|1=zh-cn:a;zh-tw:b}}",
]  # fmt: skip


@pytest.mark.parametrize("unit", _UNITS)
def test_no_hang(unit: str) -> None:  # it would be minutes to hours
    page = unit * (60_000 // len(unit))
    assert len(wikitext_to_text(page)) <= len(page)
    assert parse_conversion_group(page).rules == ()


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("{{a|", "}}"),
        ("[[a|", "]]"),
        ("-{", "}-"),
        ("\n{|", "\n|}"),
        ("<ref>", "</ref>"),
        ("{{lang|en|x", "}}"),
        ("（甲", "，）"),
    ],
)
def test_deep_nesting(opening: str, closing: str) -> None:
    assert "后" in wikitext_to_text(opening * 10_000 + "x" + closing * 10_000 + "\n後")
