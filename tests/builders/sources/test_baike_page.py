"""Saved encyclopedia pages of both layouts: what is the entry's, and what the site put around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.sources.baike_page import BaikePage, Status, parse_baike
from builders.text.entries import Section
from tests.builders.sources.encyclopedia import (
    HASHES,
    new_fact,
    new_heading,
    new_page,
    new_paragraph,
    old_fact,
    old_heading,
    old_page,
    old_paragraph,
)

URL = "https://baike.baidu.com/item/x/1"


def test_an_old_page_whole() -> None:
    page = parse_baike(
        old_page(
            "青石渡",
            sense="岷江上的渡口",
            summary=old_paragraph('青石渡是一个<a href="/item/渡口">渡口</a><sup class="sup--normal" data-sup="1">\n[1]</sup>'
            '<a class="sup-anchor" name="ref_[1]_7">&nbsp;</a>\n，在江边。') + old_paragraph("建于1803年。"),
            info=old_fact("中文名", "青石渡") + old_fact("所属&nbsp;&nbsp;&nbsp;&nbsp;地区", "<a>蜀南</a>"),
            body=old_heading("青石渡", "历史")
            + old_paragraph("最早只有一条船。")
            + old_heading("青石渡", "早年", 3)
            + old_paragraph("船夫姓周[2-3]&nbsp;。"),
        ),
        URL,
    )  # fmt: skip
    assert page == BaikePage(
        status="ok",
        title="青石渡",
        sense="岷江上的渡口",
        summary="青石渡是一个渡口，在江边。\n建于1803年。",
        info={"中文名": "青石渡", "所属地区": "蜀南"},
        parts=[Section("历史", 1, ["最早只有一条船。"]), Section("早年", 2, ["船夫姓周。"])],
        other_senses=[],
        url=URL,
    )
    assert page.sections == ["历史", "早年"]
    assert page.paragraphs == ["最早只有一条船。", "船夫姓周。"]


@pytest.mark.parametrize("hashed", HASHES)
def test_a_new_page_whole_whatever_its_hash(hashed: str) -> None:
    page = parse_baike(
        new_page(
            "水磨",
            sense="用水力转动的磨",
            summary=new_paragraph(
                '水磨是一种磨</span><sup class="supWrap" data-tag="ref"> [1-2]</sup><span>。', hashed
            ),
            info=new_fact("外文名", "water&nbsp;mill", hashed) + new_fact("用　途", "磨面<br>舂米<br/>榨油", hashed),
            body=new_paragraph("开头的话。", hashed)
            + new_heading("结构", hashed=hashed)
            + new_paragraph("有轮，有轴。", hashed)
            + new_heading("轮", 2, hashed)
            + new_paragraph("轮是木头的。", hashed),
            hashed=hashed,
        )
    )
    assert (page.status, page.title, page.sense) == ("ok", "水磨", "用水力转动的磨")
    assert page.summary == "水磨是一种磨。"
    assert page.info == {"外文名": "water mill", "用途": "磨面、舂米、榨油"}
    assert page.parts == [
        Section("", 1, ["开头的话。"]),
        Section("结构", 1, ["有轮，有轴。"]),
        Section("轮", 2, ["轮是木头的。"]),
    ]
    assert page.sections == ["结构", "轮"]
    assert page.url == "https://baike.example/item/x/77"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("水是液体[1]。", "水是液体。"),
        ("水是液体[1-2]，能流动[3][12]。", "水是液体，能流动。"),
        ("水是液体[1]-[3]，能流动[1][2]。", "水是液体，能流动。"),
        ("水是液体 [1] \n，能流动。", "水是液体，能流动。"),
        ("水是液体<sup>[1]</sup><sup>[2–3]</sup>。", "水是液体。"),
        ("水是液体<sup>［4］</sup>［5］。", "水是液体。"),
        ("水是液体<sup>[注]</sup>[注1]。", "水是液体。"),
        ('水是液体<sup data-tag="ref"><span>1</span></sup>。', "水是液体。"),
        ("用 Python [1] 3 写成", "用 Python 3 写成"),
        ("面积5m<sup>2</sup>。", "面积5m2。"),
        ("区间[0,1]与[1998]不变。", "区间[0,1]与[1998]不变。"),
        ("甲&nbsp;&nbsp;乙\xa0丙", "甲 乙 丙"),
        ("甲\n   乙\nred\n  cat", "甲乙red cat"),
        ("第一行<br>第二行<br/><br />第三行", "第一行\n第二行\n第三行"),
        ("他做过<a href='/item/编辑'>编辑</a>，也写诗。", "他做过编辑，也写诗。"),
        ("按<a href='javascript:;'>编辑</a>键。", "按键。"),
        ("一棵树。<span class='x_1'>播报</span><a>编辑</a>", "一棵树。"),
        ("<div class='x_1'>播报<b>一</b>遍。</div>", "播报一遍。"),
        ('<a class="editIcon_q" href="#">编辑</a>一棵树。<span class="ttsIcon_q">播报</span>', "一棵树。"),
        ("树<script>var a = '叶';</script><style>p{}</style><!-- 注 -->。", "树。"),
        ('<div class="lemma-picture"><a class="image-link"><img></a><span class="description">图注</span></div>树。', "树。"),
        ("树<b>很<i>高</i></b>，&lt;十米&gt;。", "树很高，<十米>。"),
        ("零\u200b宽\ufeff字", "零宽字"),
        ("（ 甲 ）《 乙 》 ，丙", "（甲）《乙》，丙"),
    ],
)  # fmt: skip
def test_the_text_of_a_paragraph(markup: str, text: str) -> None:
    for page in (
        parse_baike(old_page("甲", body=old_paragraph(markup))),
        parse_baike(new_page("甲", summary=new_paragraph("甲是字。"), body=new_paragraph(markup))),
    ):
        assert page.paragraphs == [text]
    assert parse_baike(old_page("甲", summary=old_paragraph(markup))).summary == text


def test_captions_albums_and_tables_are_no_paragraphs_and_lists_are() -> None:
    old = parse_baike(
        old_page(
            "茶",
            body=old_heading("茶", "种类")
            + '<div class="lemma-album layout-right"><div class="description">词条图册(3张)</div></div>'
            + old_paragraph("分为几种：")
            + f'<ul class="custom_dot para-list"><li>{old_paragraph("绿茶；")}</li><li>红茶。</li></ul>'
            + f'<table class="table-view"><tr><td>{old_paragraph("格子")}</td></tr></table>'
            + '<div class="album-list"><div class="para">图册里的话</div></div>',
        )
    )
    assert (old.sections, old.paragraphs) == (["种类"], ["分为几种：", "绿茶；", "红茶。"])
    new = parse_baike(
        new_page(
            "茶",
            body='<div class="lemmaPicture_x0"><div data-tag="paragraph">图注</div></div>'
            + new_paragraph("分为几种：")
            + f'<ul data-tag="list"><li data-tag="item">{new_paragraph("绿茶；")}</li><li>红茶。</li></ul>'
            + f'<div data-module-type="table"><table><tr><td>{new_paragraph("格子")}</td></tr></table></div>',
        )
    )
    assert new.paragraphs == ["分为几种：", "绿茶；", "红茶。"]


@pytest.mark.parametrize(
    ("name", "value", "info"),
    [
        ("中文名：", "甲", {"中文名": "甲"}),
        ("别 \xa0　 名", "乙、<br>丙", {"别名": "乙、丙"}),
        ("作品", "<ul><li>雪</li><li>雨</li></ul>", {"作品": "雪、雨"}),
        ("作品", "<a>雪</a>、<a>雨</a><br>", {"作品": "雪、雨"}),
        ("特点<a>编辑</a>", "坚硬；耐磨；<span>播报</span>", {"特点": "坚硬；耐磨；"}),
        ("职业", '<a href="/item/编辑">编辑</a>', {"职业": "编辑"}),
        ("人口", "3万<sup>[4]</sup>[5]", {"人口": "3万"}),
        ("空", " &nbsp; ", {}),
    ],
)
def test_the_box(name: str, value: str, info: dict[str, str]) -> None:
    assert parse_baike(old_page("甲", info=old_fact(name, value))).info == info
    assert parse_baike(new_page("甲", info=new_fact(name, value))).info == info


def test_a_folded_value_is_taken_whole() -> None:
    value = (
        '雪、雨...<a class="toggle toExpand">展开</a><div class="basicInfo-overlap"><dl class="basicInfo-block overlap">'
        + old_fact("作品", '雪、雨、霜、<a>露</a><a class="toggle toCollapse">收起</a>')
        + "</dl></div>"
    )
    page = parse_baike(old_page("甲", info=old_fact("中文名", "甲") + old_fact("作品", value) + old_fact("国籍", "无")))
    assert page.info == {"中文名": "甲", "作品": "雪、雨、霜、露", "国籍": "无"}


@pytest.mark.parametrize(
    ("heading", "sections"),
    [
        ('<div class="para-title level-2"><h2 class="title-text">甲乙历史</h2></div>', ["历史"]),
        ('<div class="para-title level-2">甲乙历史<a class="edit-icon">编辑</a></div>', ["历史"]),
        ('<div class="para-title level-2"><span>历史</span><span>编辑</span></div>', ["历史"]),
        ('<div class="para-title level-2">历史编辑</div>', ["历史"]),
        ('<div class="para-title level-2"><h2>历史播报编辑</h2></div>', ["历史"]),
        ('<div class="para-title level-2"><h2>视频编辑</h2></div>', ["视频编辑"]),
        ('<div class="para-title level-2"><div><h2>视频<b><span>编辑</span></b></h2></div></div>', ["视频"]),
        ('<div class="para-title level-2"><h2>历&nbsp;史[1]</h2></div>', ["历 史"]),
        ('<div data-tag="header" data-level="1"><h2>历史</h2><div>播报</div><a>编辑</a></div>', ["历史"]),
        ('<div data-tag="header" data-level="1"><h2>甲乙路</h2></div><div data-tag="header"><h3>桥</h3></div>', ["甲乙路", "桥"]),
    ],
)  # fmt: skip
def test_headings(heading: str, sections: list[str]) -> None:
    assert parse_baike(old_page("甲乙", body=heading + old_paragraph("从前。"))).sections == sections


OLD_SENSES = """<div class="polysemant-list polysemant-list-normal"><div class="polysemantList-header">
<a href="/item/苹果?force=1">苹果</a>是一个<a href="/item/多义词">多义词</a>，请在下列义项上选择浏览（共3个义项）
<a class="j-add-polysemant">添加义项</a></div><ul class="polysemantList-wrapper cmn-clearfix">
<li class="item">▪<span class="selected">河边的树</span></li>
<li class="item">▪<a title="村子" href="/item/x/2#viewPageContent">村子</a></li>
<li class="item">▪<a title="一首很长的歌的名字" href="/item/x/3#viewPageContent">一首很长的...</a></li></ul></div>"""
NEW_SENSES = """<div class="polysemantList_k2" id="J-polysemant-content"><ul>
<li class="item_k2"><a class="current_k2" href="/item/x/1?fromModule=disambiguation">河边的树</a></li>
<li class="item_k2"><a href="/item/x/2?fromModule=disambiguation">村子</a></li>
<li class="item_k2"><a href="/item/x/3?fromModule=disambiguation">柳（一首很长的歌的名字）</a></li></ul></div>"""


def test_senses_of_both_layouts() -> None:
    old = parse_baike(old_page("柳", summary=old_paragraph("柳是树。"), senses=OLD_SENSES))
    new = parse_baike(new_page("柳", sense="河边的树", summary=new_paragraph("柳是树。"), senses=NEW_SENSES))
    for page in (old, new):
        assert (page.title, page.sense) == ("柳", "河边的树")
        assert page.other_senses == ["村子", "一首很长的歌的名字"]
    bare = '<div class="polysemant-list"><a href="/item/x/2">村子</a><a href="#">展开</a><a href="/item/x">柳</a></div>'
    assert parse_baike(new_page("柳", senses=bare)).other_senses == ["村子"]
    links = '<a class="polysemantItem_k2" href="/item/x/2">村子</a><a class="polysemantItem_k2" href="/item/x/3">歌</a>'
    assert parse_baike(new_page("柳", senses=links)).other_senses == ["村子", "歌"]
    assert parse_baike(old_page("柳", page_title="柳（河边的树）_百度百科")).sense == "河边的树"
    assert parse_baike(old_page("柳", page_title="杨柳（树）_百度百科")).sense is None
    assert parse_baike(old_page("柳", sense="画（1997年版）")).sense == "画（1997年版）"
    assert (
        parse_baike('<dd class="lemmaWgt-lemmaTitle-title"><h1>柳</h1><h2>（树）<span>编辑</span></h2></dd>').sense
        == "树"
    )


def test_a_page_that_only_lists_senses() -> None:
    body = (
        '<div class="lemmaWgt-subLemmaListTitle">这是一个多义词，请在下列义项中选择浏览</div>'
        '<ul class="custom_dot para-list"><li><div class="para"><a href="/item/x/1">柳：河边的树</a></div></li>'
        '<li><div class="para"><a href="/item/x/2">柳：村子</a></div></li></ul>'
    )
    page = parse_baike(old_page("柳", body=body))
    assert (page.status, page.title, page.other_senses) == ("ok", "柳", ["河边的树", "村子"])
    assert (page.summary, page.paragraphs) == ("", [])


@pytest.mark.parametrize(
    ("head", "url", "status", "title", "sense", "summary"),
    [
        ("<title>柳（树）_百度百科</title><meta name=description content='柳是树。生在水边，叶...'>", URL, "ok", "柳", "树", "柳是树。"),
        ("<title>柳_百度百科</title><meta name=description content='柳是树'>", "", "ok", "柳", None, "柳是树"),
        ("<title>柳_百度百科</title>", URL, "empty", "", None, ""),
        ("<title>百度百科_全球领先的中文百科全书</title><meta name=description content='百度百科是一部百科全书'>", URL, "empty", "", None, ""),
        ("<title>柳_百度百科</title><meta name=description content='百度百科是一部百科全书'>", URL, "empty", "", None, ""),
        ("<title>柳树的家</title><meta name=description content='一个网站'>", URL, "empty", "", None, ""),
        ("", URL, "empty", "", None, ""),
    ],
)  # fmt: skip
def test_the_description_is_the_last_resort(
    head: str, url: str, status: str, title: str, sense: str | None, summary: str
) -> None:
    page = parse_baike(f"<html><head>{head}</head><body><div id=root></div><script>run()</script></body></html>", url)
    assert (page.status, page.title, page.sense, page.summary) == (status, title, sense, summary)


@pytest.mark.parametrize(
    ("html", "url", "status"),
    [
        ("<title>百度安全验证</title><body>请完成验证</body>", URL, "blocked"),
        ("<html><head><title> 百度安全验证 </title></head></html>", "", "blocked"),
        ("<title>百度安全验证_百度百科</title><body></body>", URL, "blocked"),
        (old_page("柳", summary="柳是树。"), "https://wappass.baidu.com/static/captcha/?ak=1", "blocked"),
        ("<body></body>", "https://seccaptcha.baidu.com/v1/webapi/verint", "blocked"),
        (old_page("验证码", summary="验证码是一种程序。"), "https://baike.baidu.com/item/captcha/5", "ok"),
        (old_page("百度安全验证", summary="一种验证。"), URL, "ok"),
        ("<title>百度百科</title><p class='sorryCont'>抱歉</p>", URL, "not_found"),
        ("<p class='x sorryCont'>抱歉，尚未收录</p>", URL, "not_found"),
        ("<div class='errorBox'>百度百科尚未收录词条“柳”</div>", URL, "not_found"),
        ("<title>百度百科错误页</title>", "https://baike.baidu.com/error.html?status=404", "not_found"),
        (old_page("柳", summary="书里写“尚未收录词条”。"), URL, "ok"),
        ("<html><body><div id='app'></div><script src='a.js'></script></body></html>", URL, "empty"),
        ("<h1>别处的网页</h1><p>正文。</p>", "https://example.org/", "empty"),
        ("<h1 class='J-lemma-title'> </h1><div class='J-lemma-content'></div>", URL, "empty"),
        ("<h1 class='J-lemma-title'>柳</h1>", "http://[", "ok"),
        ("", "", "empty"),
    ],
)
def test_status(html: str, url: str, status: Status) -> None:
    page = parse_baike(html, url)
    assert page.status == status
    assert status == "ok" or page == BaikePage("", status=status)


def test_without_a_title_element_the_address_names_the_entry() -> None:
    html = '<div class="lemma-summary">柳是树。</div>'
    assert parse_baike(html, "https://baike.baidu.com/item/%E6%9F%B3/12?fr=a").title == "柳"


HOSTILE = {
    "ten megabytes of open elements": "<div>" * 2_000_000,
    "deep and closed": "<div>" * 90_000 + "</div>" * 90_000,
    "ends of other elements": "<div></x>" * 200_000,
    "deep titles": '<div class="J-lemma-title">' * 2_500 + "字" * 500_000,
    "deep values": '<b class="itemName_x">甲<b class="itemValue_x">' * 1_400 + "字" * 300_000,
    "deep notes": '<p class="para">' + "<sup>" * 2_900 + "字" * 300_000,
    "marks": '<p class="para">' + "[1] \n" * 200_000,
    "half a tag": '<p class="para" ' * 50_000,
    "brackets": "<" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_end(name: str) -> None:
    page = parse_baike('<h1 class="J-lemma-title">甲</h1><div class="basic-info">' + HOSTILE[name])
    assert page.status in ("ok", "empty")


PIECES = [
    *["<", ">", "</div>", "<div class='para'>", "<dd class='lemmaWgt-lemmaTitle-title'><h1>", "</h1>", "<br>", "[1]"],
    *["<dt class='basicInfo-item name'>", "<dd class='basicInfo-item value'>", "<div class='J-summary'>", "\xa0", "甲"],
    *["<div data-tag='header'>", "<h2>", "<table>", "<sup>", "</sup>", "编辑", "&#0;", "\0", "\ud800", "<title>", "<!--"],
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=60).map("".join), st.text(max_size=40))
def test_any_markup(html: str, url: str) -> None:
    page = parse_baike(html, url)
    texts = [
        page.title,
        page.summary,
        *page.info,
        *page.info.values(),
        *page.sections,
        *page.paragraphs,
        page.sense or "",
    ]
    assert not any("\xa0" in text or "[1]" in text for text in texts)
    assert not any(blank in key for key in page.info for blank in " \n\t")
    "".join(texts).encode()
    assert page.status == "ok" or page == BaikePage("", status=page.status)
