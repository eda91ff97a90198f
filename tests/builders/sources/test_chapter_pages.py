"""The text of a page without its chrome, and what info.json says."""

from __future__ import annotations

import pytest

from builders.sources.chapter_pages import BookInfo, PlacedPage, place_pages, read_info, read_page
from builders.sources.inputs import UnreadableError

STORY = ["雪下了一夜，院子里的脚印都看不见了。", "他推门进去，桌上的灯还亮着，人却不在。", "“有人吗？”没有人回答他。"]


def text_of(html: str, encoding: str = "utf-8") -> str:
    return read_page(html.encode(encoding)).text


def test_a_fragment_with_breaks() -> None:
    html = f"\n{STORY[0]} <br><br>&nbsp;&nbsp;{STORY[1]} <br>{STORY[2]}"
    assert text_of(html) == f"{STORY[0]}\n\n\xa0\xa0{STORY[1]}\n{STORY[2]}"


def test_chrome_goes() -> None:
    html = f"""<html><head><title>第三章 灯 - 雪夜 - 某某小说网</title><style>p {{}}</style></head><body>
    <div id="nav"><a href="/">首页</a> | <a href="/a">玄幻</a> | <a href="/b">武侠</a></div>
    <h1>第三章 灯</h1>
    <div id="content"><p>　　{STORY[0]}</p><p>　　{STORY[1]}</p><script>show("广告");</script><p>{STORY[2]}</p></div>
    <div class="page"><a href="2.html">上一章</a> <a href="./">目录</a> <a href="4.html">下一章</a></div>
    <footer>版权所有，翻印必究，本站全部小说由网友上传。</footer></body></html>"""
    page = read_page(html.encode())
    assert page.text == f"　　{STORY[0]}\n\n　　{STORY[1]}\n\n{STORY[2]}"
    assert page.heading == "第三章 灯"


def test_menus_within_the_text_go() -> None:
    links = '<div><a href="1">上一章</a> <button>返回目录</button> <a href="2">下一章</a></div>'
    assert text_of(f"{STORY[0]}<br>{STORY[1]}{links}") == f"{STORY[0]}\n{STORY[1]}"


def test_an_unclosed_script_does_not_reach_the_story() -> None:
    assert text_of(f"{STORY[0]}<br>{STORY[1]}<script></div>\n<script>ad();</script>") == f"{STORY[0]}\n{STORY[1]}"


def test_paragraphs_in_divisions_and_inline_tags() -> None:
    html = "<div id=c>" + "".join(f"<div class=l><span>{line}</span></div>" for line in STORY) + "</div><p>版权所有</p>"
    assert text_of(html) == "\n\n".join(STORY)
    assert text_of(f"<p>他说<b>不</b>，又说<i>好</i>。</p><p>{STORY[0]}</p>") == f"他说不，又说好。\n\n{STORY[0]}"


def test_the_heading_is_not_told_twice() -> None:
    assert text_of(f"<div><h1>第三章 灯</h1><p>{STORY[0]}</p><p>{STORY[1]}</p></div>") == f"{STORY[0]}\n\n{STORY[1]}"


def test_line_breaks_of_the_source() -> None:
    assert text_of("<p>雪下了\n  一夜</p><p>In the\nnight</p>") == "雪下了一夜\n\nIn the night"
    assert text_of("<p>In\n<b>the</b>\nnight</p>雪<br>\n  灯" + " " * 200_000 + "亮") == "In the night\n雪\n灯 亮"
    assert text_of("雪下了一夜。\n灯还亮着。") == "雪下了一夜。\n灯还亮着。"


def test_entities() -> None:
    assert text_of("<p>“雪&#x5927;” &amp; &lt;灯&gt; &#28783;&hellip;&hellip;</p>") == "“雪大” & <灯> 灯……"


@pytest.mark.parametrize("charset", ["gbk", "utf-8", "big5", ""])
def test_the_encoding_goes_by_the_bytes_whatever_the_page_claims(charset: str) -> None:
    html = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}"></head><body>'
    html += "".join(f"<p>{line}</p>" for line in STORY * 3)
    assert read_page(html.encode("gb18030")).text == "\n\n".join(STORY * 3)
    assert read_page(html.encode("utf-8")).text == "\n\n".join(STORY * 3)


@pytest.mark.parametrize(
    "html", ["", "   ", "<html></html>", "<br><br>", "<script>x</script>", "<frameset></frameset>"]
)
def test_pages_without_text(html: str) -> None:
    assert text_of(html) == ""


def test_deep_and_wide_pages() -> None:
    assert text_of("<div>" * 3000 + "雪") == "雪"
    assert text_of("<b>" * 3000 + "雪") == "雪"
    with pytest.raises(UnreadableError, match="never closed"):
        text_of("<div>" * 300_000)
    assert len(text_of("<p>雪下了一夜。</p>" * 30_000).split("\n\n")) == 30_000


def test_info() -> None:
    raw = '{"name": "雪夜", "author": {"name": "清.林遠"}, "catalogues": ["第一章　 归人", {"title": "第二章"}]}'
    assert read_info(raw.encode()) == BookInfo("雪夜", "林遠", ("第一章 归人", "第二章"))
    assert read_info('\ufeff{"title": "雪夜", "author": "佚名"}'.encode()) == BookInfo("雪夜")
    assert read_info(b'{"name": 1, "catalogues": 3}') == BookInfo()
    assert read_info(b"[]") == BookInfo()
    with pytest.raises(ValueError, match="unexpected"):
        read_info(b'{"name": ')


def test_pages_count_from_0() -> None:
    assert place_pages(["0.html", "2.html", "1.html"], ["甲", "乙", "丙"]) == [
        PlacedPage(1, "0.html", "甲"),
        PlacedPage(2, "1.html", "乙"),
        PlacedPage(3, "2.html", "丙"),
    ]


def test_pages_that_count_from_1() -> None:
    assert place_pages(["1.html", "2.html"], ["甲", "乙"]) == [
        PlacedPage(1, "1.html", "甲"),
        PlacedPage(2, "2.html", "乙"),
    ]


def test_missing_and_unknown_pages() -> None:
    assert place_pages(["0.html", "7.html", "front.html"], ["甲", "乙"]) == [
        PlacedPage(1, "0.html", "甲"),
        PlacedPage(2, "", "乙"),
        PlacedPage(3, "7.html", ""),
        PlacedPage(4, "front.html", ""),
    ]
    assert place_pages([], ["甲"]) == [PlacedPage(1, "", "甲")]
    assert place_pages(["a.html"], []) == [PlacedPage(1, "a.html", "")]
    assert place_pages([], []) == []
