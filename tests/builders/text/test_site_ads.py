"""What goes, what stays byte for byte, in every disguise and place that sites have come up with."""

import subprocess
import sys
import time
from collections.abc import Callable

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document, Note
from builders.text.ad_keys import find_candidates, make_key, make_plain
from builders.text.ad_patterns import FAMILIES
from builders.text.ad_words import NAVIGATION_WORDS, VOCABULARY
from builders.text.site_ads import SiteAds, clean_lines

BEFORE = "渡口的灯一盏一盏地灭了，只剩下船头那一点火光。"
AFTER = "“今晚还走吗？”船家问。"

# By family; the notes of a cut name it.
ADS = {
    "remember this address": [
        "天才一秒记住本站地址：www.example.com。手机版阅读网址：m.example.com",
        "天才壹秒記住『聽雨樓』，為您提供精彩小說閱讀。",
        "天 才 一 秒 記 住 ， 聽 雨 樓 小 說 網",
        "一秒记住【听雨楼小说网 www.example.com】，更新快，无弹窗，免费读！",
        "请记住本书首发域名：www.example.com。手机版阅读网址：m.example.com",
        "请牢记本站网址 www.example.com",
        "本站最新域名：www.example.com，请大家收藏",
        "由于各种问题地址更改为www.example.com请大家收藏新地址避免迷路",
    ],
    "first released here": [
        "本书首发听雨楼小说网，请勿转载！",
        "本章由听雨楼更新，请到www.example.com阅读最新章节",
        "首发：听雨楼 www.example.com",
        "您下载的小说来自 www.example.com 欢迎常去光顾哦！",
    ],
    "fastest updates": [
        "请大家收藏：(www.example.com)雪夜更新速度全网最快。",
        "喜欢雪夜请大家收藏：（www.example.com）雪夜听雨楼更新速度全网最快。",
        "更新最快的小说网，无弹窗！",
        "最快更新《雪夜》最新章节！",
    ],
    "newest novels here": [
        "最新章节请到听雨楼小说网阅读",
        "更多精彩小说，尽在听雨楼",
        "最新小說盡在聽雨樓，歡迎訪問www.example.com",
        "看小说，就上听雨楼！",
        "欢迎广大书友光临阅读，最新、最快、最火的连载作品尽在听雨楼！",
        "百度搜索“听雨楼”看最新章节",
    ],
    "read it free here": [
        "《雪夜》无弹窗全文免费阅读",
        "免费阅读全文请访问www.example.com",
        "txt全集下载 www.example.com",
    ],
    "read on your phone": [
        "手机用户请访问 m . example . com 阅读最新章节",
        "手機版閱讀網址：m.example.com",
        "手机看小说请访问 wap.example.com",
        "下载听雨楼APP，阅读最新章节",
    ],
    "next page notice": [
        "本章未完，请点击下一页继续阅读！",
        "本章未完，點擊下一頁繼續閱讀",
        "-->>本章未完，点击下一页继续阅读(第1页/共3页)",
        "这章没有结束，请点击下一页继续阅读！",
        "小主，这个章节后面还有哦，请点击下一页继续阅读，后面更精彩！",
        "請翻頁繼續閱讀",
    ],
    "page number": ["第(1/3)页", "（1/3页）"],
    "end-of-chapter mark": [
        "(本章完)",
        "【本章完】",
        "——本章完——",
        "本 章 完",
        "(本章結束)",
        "（第十二章完）",
        "（全书完）",
    ],
    "please bookmark": [
        "加入书签，方便下次阅读",
        "『加入书签，方便阅读』",
        "請將本站加入書籤，方便下次閱讀",
        "点击收藏本书，加入书架",
        "按Ctrl+D收藏本站，加入书签",
    ],
    "to be continued": [
        "（未完待续，如欲知后事如何，请登陆www.example.com，章节更多，支持作者，支持正版阅读！）",
        "（未完待续。如果您喜欢这部作品，欢迎您来听雨楼（example.com）投推荐票、月票，您的支持，就是我最大的动力。）",
        "（未完待续）",
    ],
    "vote begging": [
        "求月票！求推荐票！求收藏！",
        "跪求月票、推荐票、收藏！",
        "有月票的书友请投一下月票，谢谢！",
        "求推薦票！求收藏！求打賞！",
        "（求月票、求推荐）",
        "求、月、票！求、推、荐、票！",
    ],
    "navigation bar": [
        "上一章 | 目录 | 下一章 | 加入书签",
        "（快捷键 ←）上一章 返回目录 下一章（快捷键 →）",
        "上一頁 | 返回目錄 | 下一頁",
        "[上一章] [目录] [下一章]",
        "返回目录",
        "温馨提示：方向键左右(← →)前后翻页，上下(↑ ↓)上下滚动，回车键：返回列表",
    ],
    "error report link": [
        "章节错误,点此举报(免注册)",
        "章節錯誤，點此舉報",
        "如果发现本章节有错误，请点击举报",
        "内容有错误？点此举报",
        "小说章节缺失、错误请点击这里举报",
    ],
    "reading-mode warning": [
        "请勿开启浏览器阅读模式，否则将导致章节内容缺失及无法阅读下一章。",
        "請勿開啟瀏覽器閱讀模式，否則將導致章節內容缺失",
        "如果您使用的是浏览器转码阅读，请退出转码阅读",
    ],
    "readers' chat group": [
        "书友群：123456789",
        "Ｑ群：１２３４５６７８９",
        "喜欢本书的朋友可以加书友群123456789",
        "关注微信公众号“听雨楼”，阅读更多章节",
    ],
    "update line": ["更新时间：2012-07-05 22:40:18 本章字数：6053"],
    "uploader's header": [
        "本站所有小说均来自网友上传，版权归原作者所有",
        "声明：本书为听雨楼(example.com)的用户上传，以下作品内容之版权与本站无任何关系。",
    ],
    "typing notice": ["本章为防盗章节，请稍后刷新", "听雨楼小说网手打"],
    "support the author": ["请支持正版阅读", "请大家支持正版订阅，支持作者"],
    "tell your friends": ["各位书友要是觉得《雪夜》还不错的话请不要忘记向您QQ群和微博里的朋友推荐哦！"],
    "author note": ["ps：求月票，求推荐票！", "（PS：感谢书友小明的打赏，求月票！）", "作者的话：今天三更，求月票。"],
    "site address": ["听雨楼小说网 www.example.com", "听雨楼(www.example.com)"],
    "site watermark": [
        "www.example.com",
        "ＷＷＷ．ＥＸＡＭＰＬＥ．ＣＯＭ",
        "w w w . e x a m p l e . c o m",
        "www。example。com",
        "𝐰𝐰𝐰.𝐞𝐱𝐚𝐦𝐩𝐥𝐞.𝐜𝐨𝐦",
        "https://www.example.com/book/123.html",
    ],
    "site name": ["【听雨楼小说网】"],
}
ALL_ADS = [(kind, ad) for kind, ads in ADS.items() for ad in ads]

STORY = """\
……
“嗯。”
好。
（笑）
——
* * *
（他不信。）
（下一页是空白的。）
【叮！恭喜宿主获得新手大礼包一份！】
【系统提示：任务完成，奖励月票十张。】
2012年7月5日
“OK，let us go。”他说。
Dear Li,
他把日记翻到下一页，上面只写着一行字。
下一页，下一页，还是下一页。
上一页的字迹已经模糊了。
他点击下一页，继续往下看。
老师让大家翻到下一页，继续朗读课文。
下一章的标题是《归来》。
上一章说到哪里了？
那本书的目录足有十页。
“手机用户是不是都收到了那条短信？”队长皱眉问道。
手机用户越来越多，公司的股价一路上涨。
他打开手机，看到一条推送：本章未完，请点击下一页继续阅读。
他打开电脑，登录了那个中文网，想看看自己的小说有没有人留言。
他登录听雨楼小说网，发现自己的账号被封了。
这家网站提供免费小说，他注册了一个账号。
他的更新速度全网最快，读者都很满意。
最新章节里，主角终于死了。
无弹窗的浏览器，他用了很多年。
他在浏览器里输入www.example.com，按下回车。
www.example.com这个网址，他输了三遍才输对。
他花三年做了个网站（www.example.com），可惜没人来。
网址写错了，不是example.com，是example.org。
短信上写着：请登录www.example.com领取奖品。
“详情请登录www.example.com。”广播里反复播放着。
“你的邮箱是abc@example.com吗？”
“求月票！求推荐票！”主播对着镜头喊道。
“求月票！”
公告栏上贴着一张纸，写着：求月票，求推荐票！
他每天都在书友群里求月票，可没人理他。
求月票的日子总算过去了。
求订阅的人太多，报社忙不过来。
他强烈要求收藏这幅画。
求求你，放过我吧！
月票丢了。
“我投你一票。”老李说。
推荐信写得很好。
“本章完。”说书人一拍醒木，茶馆里响起一片掌声。
他在文档的末尾敲下“本章完”三个字，伸了个懒腰。
本章完稿那天，正好下雪。
书的最后一页印着四个字：未完待续。
未完待续的爱情，最是难忘。
全书完成于1985年。
欲知后事如何，且听下回分解。
请大家收藏好自己的财物。
请记住我的名字。
请记住，你的时间不多了。
他一秒记住了她的名字。
天才就是天才，一秒钟就解出了答案。
欢迎光临本站，下一站是东门。
本站是终点站，请所有乘客下车。
他把书放回书架，方便下次阅读。
她把这个网址加入了书签。
他按下回车键，屏幕亮了。
如发现错误，请及时向上级报告。
浏览器的阅读模式打不开，他只好放弃了。
屏幕上弹出一行字：“请勿开启浏览器阅读模式。”
他的QQ群号是123456789，是他十年前申请的。
“欢迎加入我们的读者群！”她笑着说。
书友群里炸开了锅，谁也没想到结局会是这样。
他关注了那个公众号，每天都看。
第三更时分，忽听得门外有人敲门。
感谢各位乡亲的支持！
PS：记得喂猫。
作者的话让他深思。
师傅手打的铜壶，一个月才出三把。
小区的防盗章程贴在门口。
“支持正版，人人有责。”墙上的标语这样写着。
编辑告诉他，版权归作者所有。
这部电影将在上海首发。
他下载了客户端，注册了账号。
更新时间到了，他按下了按钮。""".splitlines()


@pytest.mark.parametrize(("kind", "ad"), ALL_ADS)
def test_an_added_line_goes_with_its_line_break(kind: str, ad: str) -> None:
    for line in (ad, f"　　{ad}", f"  {ad}  "):
        cleaned = clean_lines(f"{BEFORE}\n{line}\n{AFTER}")
        assert cleaned == (f"{BEFORE}\n{AFTER}", [Note(cleaned.cuts[0].kind, line)])
        assert clean_lines(f"{BEFORE}\n{line}").text == BEFORE
        assert clean_lines(f"{BEFORE}\n{line}\n").text == f"{BEFORE}\n"
        assert clean_lines(line) == ("", [Note(cleaned.cuts[0].kind, line)])


def test_cuts_name_their_family() -> None:
    named = {kind for kind, ad in ALL_ADS for cut in clean_lines(ad).cuts if cut.kind == kind}
    assert named == set(ADS)
    assert named - {"author note"} == {family.kind for family in FAMILIES}


@pytest.mark.parametrize("line", STORY)
def test_the_story_stays_byte_for_byte(line: str) -> None:
    for text in (f"{BEFORE}\n{line}\n{AFTER}", f"　　{line}\n", f"{BEFORE}{line}\n\n{AFTER}{line}"):
        assert clean_lines(text) == (text, [])


DISGUISES: dict[str, Callable[[str], str]] = {
    "traditional": opencc.OpenCC("s2t").convert,
    "Taiwan": opencc.OpenCC("s2tw").convert,
    "Hong Kong": opencc.OpenCC("s2hk").convert,
    "upper case": str.upper,
    "full width": lambda ad: "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in ad),
    "blanks around dots": lambda ad: ad.replace(".", " . "),
    "Chinese stops for dots": lambda ad: ad.replace("www.example.com", "www。example。com"),
}
SYMBOLS = "⊥*·-_~|、 　`^★♂\u200b"


@pytest.mark.parametrize("disguise", DISGUISES)
def test_disguised_additions_go(disguise: str) -> None:
    for _, ad in ALL_ADS:
        line = DISGUISES[disguise](ad)
        assert clean_lines(f"{BEFORE}\n{line}\n{AFTER}").text == f"{BEFORE}\n{AFTER}", line


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbols_between_the_characters_hide_nothing(symbol: str) -> None:
    for ad in (
        "天才一秒记住听雨楼www.example.com",
        "最新章节请到听雨楼小说网",
        "求月票",
        "本章完",
        "手机请访问m.example.com",
        "本章未完，请点击下一页继续阅读",
    ):
        line = symbol.join(ad)
        assert clean_lines(f"{BEFORE}\n{line}\n{AFTER}").text == f"{BEFORE}\n{AFTER}", line


@pytest.mark.parametrize(
    "ad",
    [
        "天才一秒记住本站地址：www.example.com。",
        "手机用户请浏览m.example.com阅读。",
        "本章未完，请点击下一页继续阅读！",
        "求月票！求推荐票！",
        "（本章完）",
        "【听雨楼小说网 www.example.com】",
        "（未完待续）",
        "更新速度全网最快！",
        "请勿开启浏览器阅读模式，否则将导致章节内容缺失。",
        "章节错误，点此举报！",
        "请收藏本站，方便下次阅读！",
        "书友群：123456789！",
    ],
)
def test_an_addition_that_is_glued_to_a_sentence_is_cut_alone(ad: str) -> None:
    assert clean_lines(f"{BEFORE}{ad}\n{AFTER}").text == f"{BEFORE}\n{AFTER}"
    assert clean_lines(f"{BEFORE}　　{ad}\n{AFTER}").text == f"{BEFORE}\n{AFTER}"
    assert clean_lines(f"　　{ad}{BEFORE}\n{AFTER}").text == f"　　{BEFORE}\n{AFTER}"
    assert clean_lines(f"　　{BEFORE}{ad}{AFTER}").text == f"　　{BEFORE}{AFTER}"
    assert clean_lines(f"“嗯。”{ad}\n{AFTER}").text == f"“嗯。”\n{AFTER}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("他推开门【听雨楼小说网 www.example.com】，走了进去。", "他推开门，走了进去。"),
        ("他推开门（本章完）。", "他推开门。"),
        ("他推开门，走了进去一秒记住听雨楼www.example.com。", "他推开门，走了进去。"),
        ("他推开门，走了进去本章未完，请点击下一页继续阅读", "他推开门，走了进去"),
        ("他推开门天才一秒记住本站地址www.example.com，走了进去。", "他推开门，走了进去。"),
        ("他推开门，手机用户请浏览m.example.com阅读，走了进去。", "他推开门，走了进去。"),
        ("他走了。★☆求月票☆★", "他走了。"),
        ("他走了。求月票！无广告！", "他走了。"),
        ("他走了。ps：今天更新晚了，见谅。求月票！", "他走了。"),
        ("ps：求月票！“今晚还走吗？”他推开门，看着她。", "“今晚还走吗？”他推开门，看着她。"),
        ("……（本章完）", "……"),
    ],
)
def test_cuts_inside_a_sentence(text: str, left: str) -> None:
    assert clean_lines(text).text == left


def test_golden() -> None:
    """Raise `SiteAds.version` when this output changes."""
    text = "\n".join(
        [
            "　　更新时间：2012-07-05 22:40:18 本章字数：6053",
            f"　　{BEFORE}",
            "　　“求月票？”他合上电脑，打开了www.example.com。（本章完）",
            "最⊥新⊥章⊥节⊥請⊥到⊥聽⊥雨⊥樓⊥小⊥說⊥網",
            "上一章 | 目录 | 下一章",
        ]
    )
    document = Document("a", text, notes=[Note("older", "note")])
    assert SiteAds()(document) is document
    assert document.text == f"　　{BEFORE}\n　　“求月票？”他合上电脑，打开了www.example.com。"
    assert document.notes == [
        Note("older", "note"),
        Note("update line", "　　更新时间：2012-07-05 22:40:18 本章字数：6053"),
        Note("end-of-chapter mark", "（本章完）"),
        Note("newest novels here", "最⊥新⊥章⊥节⊥請⊥到⊥聽⊥雨⊥樓⊥小⊥說⊥網"),
        Note("navigation bar", "上一章 | 目录 | 下一章"),
    ]
    assert SiteAds.version == 1


def test_every_phrase_is_found_in_both_scripts() -> None:
    words = {phrase.strip("@#") for family in FAMILIES for phrase in family.phrases} - {""}
    for profile in ("s2t", "s2tw", "s2hk"):
        convert = opencc.OpenCC(profile).convert
        for word in sorted(words | set(VOCABULARY) | set(NAVIGATION_WORDS)):
            assert make_key(make_plain(convert(word)), (0, len(convert(word)))).text == word


def test_candidates_are_found_wherever_they_hide() -> None:
    assert find_candidates("他走了。\n天、才\u200b一、秒") == [5]
    assert find_candidates("𠮷𠮷𝐰𝐰𝐰") == [2]
    assert find_candidates("天才\n一秒") == []  # no phrase crosses a line break
    assert find_candidates("") == find_candidates("\n\n") == find_candidates("\ud800") == []


PIECES = st.sampled_from(
    [ad for _, ad in ALL_ADS]
    + STORY
    + [BEFORE, AFTER, "\n", "\n\n", "　　", "“", "”", "（", "【", "www.", "。", "\ud835", "\U0001d430"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_what_is_left_and_what_is_cut_come_from_the_text(text: str) -> None:
    cleaned = clean_lines(text)
    assert len(cleaned.text) + sum(len(cut.text) for cut in cleaned.cuts) <= len(text)
    rest = iter(text)
    assert all(character in rest for character in cleaned.text)  # a subsequence: nothing added, nothing moved
    assert all(cut.text in text and cut.kind for cut in cleaned.cuts)
    assert clean_lines(text) == cleaned


@given(st.text(max_size=200))
def test_text_without_candidates_stays(text: str) -> None:
    if not find_candidates(text):
        assert clean_lines(text) == (text, [])


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 200_000,
        "★" * 1_000_000,
        "嗯。\n" * 200_000,
        BEFORE * 40_000 + "求月票",
        "求月票请勿" * 60_000,
        "（a" * 100_000 + "求月票",
        "“" * 100_000 + "求月票",
        "a." * 100_000 + "com",
        "www." * 100_000,
        "w w w . a . b . " * 10_000 + "com",
        "目录上一章" * 40_000,
        "求、" * 100_000 + "月票",
    ],
    ids=lambda text: text[:6],
)
def test_no_input_takes_long(text: str) -> None:
    started = time.process_time()
    clean_lines(text)
    assert time.process_time() - started < 3


def test_import_builds_no_tables() -> None:
    code = "import sys, builders.text.site_ads as s; sys.exit(s.find_candidates.__globals__['_prefilter'].cache_info().misses)"
    subprocess.run([sys.executable, "-c", code], check=True)
