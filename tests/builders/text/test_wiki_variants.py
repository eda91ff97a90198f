"""Variants: `-{…}-` in all its flags, rules of the page, NoteTA, conversion groups, and the script of what is left."""

from __future__ import annotations

import json

import pytest

from builders.text.wiki_groups import ConversionGroup, group_key, parse_conversion_group
from builders.text.wiki_variants import Rule, parse_rule, variant_code
from builders.text.wikitext import wikitext_to_text


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("买-{zh-cn:黄瓜;zh-tw:小黃瓜;}-", "买黄瓜"),
        ("-{zh-hans:甲; zh-hant:乙}--{zh-my:丙;zh-tw:丁}-", "甲丙"),
        ("-{zh-sg:德士;zh-my:的士;zh-tw:小黃}-", "德士"),
        ("-{zh-cn:;zh-hans:乙;zh-tw:丙}-", "乙"),
        ("-{zh-tw:腳踏車}-", "脚踏车"),  # any, and that in simplified script
        ("-{zh:原文;zh-tw:譯文}-", "原文"),
        ("-{ zh-Hans-CN : 甲 ; ZH-TW : 乙 }-", "甲"),
        ("-{zh-cn:A;B;zh-tw:C}-", "A;B"),
        ("-{zh-tw:金·乙; 垃圾; zh-cn:金·甲; ;}-完", "金·甲完"),
        ("-{zh-cn:甲&nbsp;乙&amp;丙;zh-tw:丁}-", "甲 乙&丙"),
        ("-{zh-cn:[[甲|乙]]、{{lang|en|x}};zh-tw:丙}-", "乙、x"),
        ("-{zh-hans:甲-{zh-cn:乙;zh-sg:丙}-;zh-hant:丁}-戊", "甲乙戊"),
        ("天-{}-山，-{瞭}-望，-{R|軟體}-，-{R|[[甲|軟體]]}-", "天山，瞭望，軟體，軟體"),
        ("-{zh;zh-hans;zh-hant|軟體}-", "软体"),
        ("甲-{T|zh-cn:a;zh-tw:b}-乙-{-|zh-cn:a;zh-tw:b}-丙-{H|}-", "甲乙丙"),
        ("網誌-{H|zh-cn:博客;zh-tw:網誌}-，'''網'''誌，[[網誌]]，-{網誌}-", "博客，博客，博客，網誌"),
        ("-{A|zh-cn:博客;zh-tw:網誌}-是網誌", "博客是博客"),
        ("-{H|座標=>zh-cn:坐标; 座標=>zh-sg:座標}-座標系", "坐标系"),
        ("-{H|zh-cn:甲乙;zh-tw:丙丁}--{H|zh-cn:戊;zh-tw:丙丁己}-丙丁己丙丁", "戊甲乙"),
        ("-{H|0=>zh-cn:B;=>zh-cn:x}-10", "1B"),
        ("-{D|zh-cn:甲; zh-tw:乙}--{N|zh-cn}-", "大陆：甲；台湾：乙；大陆"),
        ("[[山|-{zh-tw:小山;zh-cn:大山;}-]]", "大山"),
        ("好 }- 的，-{zh-cn:甲", "好 的，甲"),
        ("-{{{lang|ja|駅}}前}-", "駅前"),
        ("{{x}}-{瞭}-，{{lang|en|a}}-{zh-cn:甲;zh-tw:乙}-，{{lang|en|a}}-{{lang|en|b}}", "瞭，a甲，a-b"),
        ("-{zh-cn:{{lang|en|a}}-{後}-;zh-tw:乙}-", "a後"),
        ("甲-{zh-cn:;zh-tw:;}-乙", "甲乙"),
        ("-{丙=>zh-tw:乙;丙=>zh-hans:甲;丁=>zh-hans:丁}-", "甲"),
        ("-{H|0=>zh-cn:A}--{H|0=>zh-hans:B;1=>zh-hans:C}-01", "AC"),
        # a rule counts for the whole page, up to where it ends
        ("網誌\n\n-{A|zh-cn:博客;zh-tw:網誌}-\n\n-{-|zh-cn:博客;zh-tw:網誌}-\n\n網誌", "博客\n\n博客\n\n网志"),
        ("-{-|網誌}-網誌-{H|zh-cn:博客;zh-tw:網誌}-", "博客"),
        ("-{H|zh-cn:博客;zh-tw:網誌}-網誌\n==參見==\n-{-|zh-cn:博客;zh-tw:網誌}-", "博客"),
    ],
)
def test_what_a_variant_shows(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext) == text


@pytest.mark.parametrize(
    ("variant", "shown"),
    [
        ("zh-cn", "陆"), ("zh-sg", "新"), ("zh-my", "新"), ("zh-hans", "陆"),
        ("zh-tw", "臺"), ("zh-hk", "港"), ("zh-mo", "港"), ("zh-hant", "臺"), ("zh-Hant-HK", "港"),
    ],
)  # fmt: skip
def test_fallbacks(variant: str, shown: str) -> None:
    assert wikitext_to_text("-{zh-cn:陆;zh-sg:新;zh-tw:臺;zh-hk:港}-", variant) == shown


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("{{NoteTA|1=zh-cn:博客;zh-tw:網誌|2=座標=>zh-cn:坐标}}網誌座標", "博客坐标"),
        ("{{noteTA\n|T=zh-cn:题;zh-tw:題\n|=zh-cn:信息;zh-tw:資訊\n}}\n資訊", "信息"),
        ("{{NoteTA|zh-cn:博客;zh-tw:網誌}}{{lang|zh-tw|網誌}}和網誌", "網誌和博客"),
    ],
)
def test_note_ta(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext) == text


def test_groups_by_name_and_through_imports() -> None:
    groups = {
        "it": parse_conversion_group(
            "return {content={{'zh-cn:打印机;zh-tw:印表機'},{type='import',import='Games_2'}}}"
        ),
        "games 2": ConversionGroup((Rule((("zh-cn", "手柄"), ("zh-tw", "搖桿"))),)),
        "computing": parse_conversion_group("return require('Module:CGroup/IT')"),
    }
    page = "{{NoteTA|G1=%s|1=zh-cn:台式打印机;zh-tw:桌上印表機}}桌上印表機、印表機和搖桿"
    for name in ("IT", "Module:CGroup/it", "Computing", " It_"):
        assert wikitext_to_text(page % name, groups=groups) == "台式打印机、打印机和手柄"
    assert wikitext_to_text(page % "Other", groups=groups) == "台式打印机、印表机和摇杆"
    assert wikitext_to_text("{{NoteTA|G1=IT}}打印机", "zh-tw", groups) == "印表機"


def test_a_group_from_lua() -> None:
    source = """
-- 'zh-cn:注释;zh-tw:註解'
--[=[ {'zh-cn:长注释;zh-tw:長註解'} ]=]
local Item = require('Module:CGroup/core').Item
return { name = 'Tools', description = [[工具 zh-cn:不是规则]], content = {
  { type = 'text', text = [==[ == zh-cn:标题;zh-tw:標題 == ]==] },
  { type = 'item', original = 'Hammer', rule = 'zh-cn:锤子; zh-tw:鐵鎚;' },
  Item('Saw', "zh-cn:锯;zh-tw:鋸"), 'zh-cn:钉\\'子;zh-tw:釘', { 'Nail', [[zh-cn:螺丝;zh-tw:螺絲]] },
  { "鉗=>zh-cn:钳" }, { type = 'import', import = 'Metal' },
}}"""
    group = parse_conversion_group(source)
    assert group.imports == ("metal",)
    assert [dict(rule.words).get("zh-cn") for rule in group.rules] == ["锤子", "锯", "钉'子", "螺丝", None]
    assert group.rules[-1].one_way == (("zh-cn", "鉗", "钳"),)


def test_a_group_from_json() -> None:
    group = parse_conversion_group(
        json.dumps({"rules": [{"original": None, "conv": "zh-cn:甲;zh-tw:乙"}, {"conv": "x"}]})
    )
    assert group.rules == (Rule((("zh-cn", "甲"), ("zh-tw", "乙"))),)


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", '"x"', "null", "[[", "return [==[", "{{{{", "'", "return nil", "[" * 5000]
)
def test_no_group(text: str) -> None:
    assert parse_conversion_group(text).rules == ()


def test_names_of_variants_and_groups() -> None:
    assert [variant_code(code) for code in ("ZH_tw", "zh-Hans-SG", " zh ", "en", "")] == [
        "zh-tw",
        "zh-sg",
        "zh",
        "",
        "",
    ]
    assert group_key("模块:CGroup/IT_ Games") == "it games"
    assert parse_rule("甲;乙:丙") is None


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("這個軟件後面，乾燥。", "这个软件后面，干燥。"),
        ("说打坏的后面，這張紙（乾的）。", "说打坏的后面，这张纸（干的）。"),  # each script by itself within a line
        ("关于後面的软件说明", "关于后面的软件说明"),
        ("宮商角徵羽，-{乾}-，說明", "宫商角徵羽，乾，说明"),
        ("東京タワー", "東京タワー"),
    ],
)
def test_the_rest_becomes_simplified(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext) == text


def test_the_rest_becomes_traditional() -> None:
    page = "软件说明在里面。\n\n這裡是舊的，软件。\n\n皇后在后面"
    assert wikitext_to_text(page, "zh-tw") == "軟件說明在裡面。\n\n這裡是舊的，軟件。\n\n皇后在後面"
    assert wikitext_to_text("里面有一台计算机", "zh-hk") == "裏面有一台計算機"
