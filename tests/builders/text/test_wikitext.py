"""`wikitext_to_text`: what a reader sees of a page; the rules of the shared cases, and their edges."""

from __future__ import annotations

import pytest

from builders.text.wikitext import VERSION, read_article, wikitext_to_text
from validators.errors import SikuError


def test_golden() -> None:
    page = """{{NoteTA|1=zh-cn:打印机;zh-tw:印表機}}
{{Infobox 河流
| 名稱 = 青溪
| 圖 = [[檔案:Brook.jpg|thumb|{{nowrap|上游}}]]
}}
'''青溪'''（{{lang-en|Brook}}，{{IPAc-en|b|r|uk}}）是一條[[河流|小河]]<ref name="a>b">{{cite book|title=河}}</ref>，長{{convert|12|km|mi}}。

== 歷史 ==
<!-- 待補 -->
=== 古代 ===
=== 近代 ===
* 1890年，印表機傳入-{zh-cn:该镇;zh-tw:該鎮}-。
{| class="wikitable"
! 年 !! 人口
|-
| 1900 || 80
|}
质能方程为<math>E=mc^2</math>，函数<code>f()</code>。
== 注释與參考文獻 ==
{{reflist}}
== 外部連結 ==
* [http://example.org 官方]
[[分類:河流]]
[[en:Brook]]
"""
    assert VERSION == 1
    assert wikitext_to_text(page) == (
        "青溪（英语：Brook）是一条小河，长12公里。\n\n历史\n\n近代\n1890年，打印机传入该镇。\n\n质能方程为E=mc^2，函数f()。"
    )


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        # links
        ("[[甲|乙]]、[[丙]]和[[丁#戊|己]]", "乙、丙和己"),
        ("[[Apple]]s", "Apples"),
        ("[[:Category:山|山的分类]]，[[:en:Hill]]", "山的分类，en:Hill"),
        ("[[檔案:a.jpg|thumb|说[[明|文]]和[[:图|片]]]]正文", "正文"),
        ("文[[Category:甲|*]][[分类:乙]][[分類:丙]][[ja:山]][[zh-min-nan:Soaⁿ]]", "文"),
        ("[[泉 (地名)|]]", "泉"),
        ("[[wikt:山|词典]]，[[wikt:山]]", "词典，"),
        ("[[书名：副题]]和[[3:10 to Yuma]]", "书名：副题和3:10 to Yuma"),
        ("[[甲乙。", "甲乙。"),
        ("甲]]乙", "甲乙"),
        ("前[[File:a.jpg|thumb|没有结尾\n后", "前\n后"),
        ("[http://a.example 官网]，[https://b.example]", "官网，"),
        ("[http://a.example 甲 [乙] 丙]", "甲 [乙] 丙"),
        ("[http://[2001:db8::1]/a 甲]", "甲"),
        ("[//c.example 甲 [[乙|丙]] 丁]", "甲 丙 丁"),
        ("见http://d.example/e", "见http://d.example/e"),
        ("[注]", "[注]"),
        ("前[[文件:a.jpg|thumb|见[[乙|丙]][http://a.example 丁]]]后", "前后"),
        ("[[甲]]]，[[乙|丙[1]]]，[http://a.example 丁[[戊]]]", "甲]，丙[1]，丁戊"),
        # elements
        ("甲<!-- 一\n二 -->乙", "甲乙"),
        ("甲\n<!-- 整行 -->\n乙", "甲\n乙"),
        ("甲<!-- 没有结尾", "甲"),
        ("甲<ref>x</ref>乙<REF name=a />丙<ref name=\"a>b\" group='c'>d</ref>丁", "甲乙丙丁"),
        ("甲<ref name=a>乙<ref>丙</ref>丁", "甲乙丁"),
        ('甲<ref name="x>来源</ref>乙', "甲乙"),
        ("<nowiki>[[a]] ''b'' {{c}} &amp; -{d}-</nowiki>", "[[a]] ''b'' {{c}} & -{d}-"),
        ("<nowiki>*</nowiki>甲<nowiki/>乙", "*甲乙"),
        ("甲<nowiki>乙", "甲乙"),
        ("<nowiki/>* 甲\n<nowiki></nowiki>\n''乙''<nowiki/>'s", "* 甲\n\n乙's"),
        ("<math>\n  \\frac{{a}}{b}\n</math>", "\\frac{{a}}{b}"),
        ("<pre>a[]\n  {{b}}</pre>", "a[]\n  {{b}}"),
        ("<syntaxhighlight lang=c>\nint a[] = {{1}};\nf( );  x\n</syntaxhighlight>", "int a[] = {{1}};\nf( );  x"),
        ("用<code>print()</code>和<code>''a[]''</code>，<code>x = ''</code>", "用print()和a[]，x = ''"),
        ("<source>說</source>", "說"),
        ("<gallery>\nFile:a.jpg|说明\n</gallery>正文<templatestyles src='x'/>", "正文"),
        ("<poem>\n山\n水\n</poem>", "山\n水"),
        ("甲<br>乙<BR />丙", "甲\n乙\n丙"),
        ("H<sub>2</sub>O，10<sup>-6</sup>，2<sup>nd</sup>", "H2O，10⁻⁶，2nd"),
        ('<span style="display:none">键</span><div class="a">甲</div>乙', "甲\n乙"),
        ("a<b且c>d，vector<int>", "a<b且c>d，vector<int>"),
        ("a&lt;b&gt;&amp;&nbsp;c&#20320;&#91;&#91;", "a<b>& c你[["),
        ("__NOTOC__甲__无目录__，__init__", "甲，__init__"),
        # emphasis
        ("'''甲'''''乙''丙'丁", "甲乙丙'丁"),
        ("甲（'''{{x}}'''，''{{y}}''）", "甲"),
        ("L'''amour''；it's ''x''", "L'amour；it's x"),
        ("'''''甲'''乙''", "甲乙"),
        # lines and tables
        ("* 甲\n** 乙\n#丙\n: 丁\n;戊", "甲\n乙\n丙\n丁\n戊"),
        ("甲\n----\n乙", "甲\n\n乙"),
        ("甲\n\n\n\n乙", "甲\n\n乙"),
        (":{| class=x\n| a\n{|\n| b\n|}\n|}\n文", "文"),
        ("前\n{|\n| 没有结尾\n后", "前\n\n后"),
        # left-over brackets and marks
        ("甲（{{IPA|x}}，{{音}}）乙", "甲乙"),
        ("（英語：{{IPA|x}}，又称{{lang|en|Y}}）", "（又称Y）"),
        ("甲、{{x}}、乙，{{x}}。", "甲、乙。"),
        ("a{{x}}  b （ {{lang|en|c}} ）", "a b （c）"),
    ],
)
def test_rules(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext) == text


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("{{lang|ja|駅前}}（{{lang-ja|駅前}}），{{lang-xyz|foo}}", "駅前（日语：駅前），foo"),
        (
            "{{le|甲|A}}{{le|甲|A|乙}}{{link-en|丙|C}}{{tsl|de|D|丁}}{{tsl|de|D|丁|戊}}{{Link-ja|己|K|庚}}",
            "甲乙丙丁戊庚",
        ),
        ("{{convert|5|ft|6|in|m}}，{{cvt|10|-|20|km}}，{{convert|1,234.5|xyz}}", "5英尺6英寸，10–20公里，1,234.5 xyz"),
        ("{{formatnum:1234567.89}}，{{formatnum:1,234|R}}", "1,234,567.89，1234"),
        ("李四{{bd|1900年|1月2日|1980年|3月4日|catIdx=L}}。", "李四（1900年1月2日—1980年3月4日）。"),
        ("王五{{BD|1990年|1月1日}}。", "王五（1990年1月1日—）。"),
        ("李四（{{bd|1900|1月2日|1980|3月4日}}，{{lang-en|L}}）", "李四（1900年1月2日—1980年3月4日，英语：L）"),
        ("李四（{{langx|en|L}}，{{bd|1900年1月2日|1980年3月4日}}）", "李四（英语：L，1900年1月2日—1980年3月4日）"),
        ("（甲），（乙—丙）", "（甲），（乙—丙）"),
        ("{{nowrap|甲 乙}}{{color|red|丙}}{{ruby|字|zì}}{{code|f()}}", "甲 乙丙字f()"),
        ("{{quote|1=引=文}}{{#if:x|甲|乙}}{{#if:|甲|乙}}{{#switch:b|a=1|b=2}}", "引=文甲乙2"),
        ("{{Template:Lang|en|a}}{{ lang | en | b }}{{lang|en|c [[d|e]] {{nowrap|f}}}}", "abc e f"),
        ("{{未知|甲}}{{cite web|url=x}}文", "文"),
        ("{{Infobox\n|a=[[b|c]]\n|}}文", "文"),
        ("{{信息框\n|a=b\n|c=d\n\n正文", "正文"),
        ("}}文{{", "文"),
        ("-{{lang|en|a}}，甲{{{1|乙}}}", "-a，甲乙"),
        ("甲{{!}}乙", "甲|乙"),
    ],
)
def test_templates_that_carry_text(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext) == text


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("== 甲 ==\n文\n== 参见 ==\nx\n=== y ===\nz\n== 乙 ==\n末", "甲\n文\n\n乙\n末"),
        ("== 空 ==\n== 乙 ==\n=== 丙 ===\n末", "乙\n\n丙\n末"),
        ("文\n== 參考資料 ==\nx\n==外部連結==\n* y\n== 註釋 ==\n1\n==延伸閱讀==\nz", "文"),
        ("文\n== 注释与参考文献 ==\nx\n== 参见方法 ==\ny", "文\n\n参见方法\ny"),
        ("==-{zh-cn:信息;zh-tw:資訊}-==\n文", "信息\n文"),
        ("= =\n==\n文", "文"),
        ("文\n== 甲 ==\n&nbsp;<br>\n== 乙 ==\n-{-|x}-", "文"),
    ],
)
def test_sections(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext) == text


def test_the_sections_that_go_can_be_chosen() -> None:
    page = "== 參見 ==\n甲\n== 軼事 ==\n乙"
    assert wikitext_to_text(page) == "轶事\n乙"
    assert wikitext_to_text(page, drop_sections=("轶事",)) == "参见\n甲"
    assert wikitext_to_text(page, drop_sections=()) == "参见\n甲\n\n轶事\n乙"


@pytest.mark.parametrize(
    ("wikitext", "title"),
    [
        ("{{NoteTA|T=zh-cn:激光;zh-tw:雷射}}", "激光"),
        ("-{T|zh-cn:激光; zh-tw:雷射}-", "激光"),
        ("{{NoteTA|T=zh-tw:雷射槍}}", "雷射枪"),  # for no variant that stands in, so in the script of the page
        ("-{T|iMac}-", "iMac"),
        ("-{H|zh-cn:激光;zh-tw:雷射}-", "激光"),
        ("雷射", "雷射"),
    ],
)
def test_title_of_the_page(wikitext: str, title: str) -> None:
    assert read_article(wikitext, title="雷射").title == title


def test_title_is_what_pagename_shows() -> None:
    assert wikitext_to_text("{{PAGENAME}}是山。", title="泰山") == "泰山是山。"


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(SikuError, match="zh-xx"):
        wikitext_to_text("文", "zh-xx")
