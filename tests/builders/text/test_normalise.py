"""`normalise`: the rules of the shared cases, their edges, and that a second time changes nothing."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from builders.document import Document
from builders.text import normalise as rules
from builders.text.normalise import _ENTITY, Normalise, normalise


def test_golden() -> None:
    raw = (
        "\ufeff\u3000\u3000第１２章　雪夜\r\n"
        "&nbsp;&nbsp;他說...&ldquo;好&rdquo;，走!\u200b\n"
        "圆周率是3.14,约等于22/7。。。。\ue5e5⼀言难尽！！！！！<br/>\tＯＫ?&#x1F600;\x00"
    )
    document = Normalise()(Document("1", raw))
    assert Normalise.version == 1
    assert document.text == ("第12章 雪夜\n他說……“好”，走！\n圆周率是3.14,约等于22/7…… 一言难尽！！！\nOK?😀")
    assert [tuple(note) for note in document.notes] == [("private-use characters", "\ue5e5")]


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        # width: letters and digits only
        ("Ａｚ０９", "Az09"),
        ("（Ａ）：＂１２．５％＂～＋", "（A）：＂12．5％＂～＋"),
        ("①②㎡℃Ⅷ½㈱ﬁ²", "①②㎡℃Ⅷ½㈱ﬁ²"),
        ("ｱｲｳﾞ", "ｱｲｳﾞ"),
        # forms of characters
        ("豈更車\ufa10", "豈更車塚"),
        ("﨎﨏﨑﨓﨔﨟﨡﨣﨤﨧﨨﨩", "﨎﨏﨑﨓﨔﨟﨡﨣﨤﨧﨨﨩"),  # unified ideographs in spite of their block
        ("\U0002f800", "丽"),
        ("⼀⼈⽤⿕⺟⻳⻓⻔⺡", "一人用龠母龟长门氵"),
        ("〇𠮷𪚥㐀々", "〇𠮷𪚥㐀々"),
        # marks after a Han character
        ("好,坏.真!假?甲;乙:丙", "好，坏。真！假？甲；乙：丙"),
        ("好,\n好.", "好，\n好。"),
        ("好. \n好,\u3000", "好。\n好，"),
        ("你好\u200b,\u200b世界", "你好，世界"),
        ("二〇,𠮷.㐀", "二〇，𠮷。㐀"),
        ("3.14 1,000 10:30 第3.2节 v1.2", "3.14 1,000 10:30 第3.2节 v1.2"),
        ("你好,world", "你好,world"),
        ("hello,你好", "hello,你好"),
        ("你好, 世界", "你好, 世界"),
        ("他说:“好.”", "他说:“好.”"),
        # runs of marks
        ("等...等。。。等......等。.。", "等……等……等……等……"),
        ("等..等。。", "等..等。。"),
        ("……", "……"),
        ("啊！！！！啊？？？？？啊！！！", "啊！！！啊？？？啊！！！"),
        ("啊？！？！？！", "啊？！？！？！"),
        # HTML
        ("&lt;b&gt; &quot;&#20320;&#x597D;&hellip;&middot;", '<b> "你好…·'),
        ("甲&nbsp乙&nbsp;&amp;nbsp;丙", "甲 乙 丙"),
        ("a&amp;lt;b", "a&lt;b"),
        ("AT&T ?a=1&copy=2 &nosuch; &", "AT&T ?a=1&copy=2 &nosuch; &"),
        ("&ｌｔ；&ｌｔ;&l\u200bt;", "&lt；<<"),
        ("&#8203;&shy;&zwj;好&#12288;&emsp;好", "好 好"),
        ("甲<br>乙<BR/>丙<br />丁&lt;br&gt;戊<br clear='all'>己<brx>", "甲\n乙\n丙\n丁\n戊\n己<brx>"),
        # blanks
        ("甲\xa0\u2003\u3000乙 \u3000 丙\t丁", "甲 乙 丙 丁"),
        ("a  b", "a  b"),
        ("  甲 \n\u3000\u3000乙\t\n \n", "甲\n乙\n\n"),
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"),
        # what cannot be seen
        ("甲\u200b\u200c\u200d\u2060\ufeff\xad\u202a\u202e\u2066\ufe0f\U000e0100\U000e0041乙", "甲乙"),
        ("甲\x00\x07\x0b\x0c\x1b\x7f\x85\x9f乙", "甲乙"),
        ("\ud83d\ude00\ud83d", "😀\ufffd"),
        ("", ""),
    ],
)
def test_rules(raw: str, plain: str) -> None:
    assert normalise(raw).text == plain


@pytest.mark.parametrize(
    ("raw", "plain", "private_use"),
    [
        ("甲\ue000乙\uf8ff\U000f0000\U0010fffd", "甲乙", 4),
        ("\ue81e\ue816\ue78d\ue7c7", "龴\U00020087︐ḿ", 4),  # where GB 18030 kept them before Unicode had them
        ("甲\ue5e5乙", "甲 乙", 1),
        ("&#xE000;", "", 1),
        ("甲乙", "甲乙", 0),
    ],
)
def test_private_use(raw: str, plain: str, private_use: int) -> None:
    assert normalise(raw) == (plain, private_use)


_PIECES = st.sampled_from(
    [
        *"他说，。.,!?;:！？…1aＡ \n\t\r\u3000\xa0\u200b\ue000⼀豈<>/&;",
        "<br>",
        "&nbsp;",
        "&amp;",
        "&lt;",
        "...",
        "。。",
        "𠮷",
    ]
)


@given(st.lists(_PIECES | st.characters()).map("".join))
def test_a_second_time_changes_nothing(raw: str) -> None:
    once = normalise(raw).text
    # what was escaped twice is decoded once, as a browser does, and reads like an entity afterwards
    assume(not _ENTITY.search(once))
    assert normalise(once) == (once, 0)


def rule_by_rule(text: str) -> tuple[str, int]:
    """What `normalise` says, each rule put to each text, whether it can have anything to do or not."""
    private_use = 0

    def characters(text: str) -> str:
        nonlocal private_use
        text = text.replace("\r\n", "\n")
        if re.search("[\ud800-\udfff]", text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        private_use += sum(unicodedata.category(one) == "Co" for one in text)
        return rules._ODD.sub(lambda match: rules._REPLACEMENTS.get(match[0], ""), text)

    text = characters(text)
    if (decoded := _ENTITY.sub(rules._decode_entity, text)) != text:
        text = characters(decoded)
    text = rules._BREAK_TAG.sub("\n", text)
    text = "\n".join(line.strip(" " + rules._ODD_BLANKS) for line in text.split("\n"))
    odd = re.compile(f"[{rules._ODD_BLANKS}]")
    text = re.sub(f"[ {rules._ODD_BLANKS}]+", lambda run: " " if odd.search(run[0]) else run[0], text)
    text = re.sub("[.。]{3,}", "……", text)
    text = re.sub("！{4,}|？{4,}", lambda match: match[0][:3], text)
    return rules._HALF_WIDTH_MARK.sub(lambda match: rules._FULL_WIDTH[match[0]], text), private_use


_SURROGATES = st.characters(categories=["Cs"])
_SPECIAL = st.sampled_from(
    ["  ", " \u3000", "\r\n", ".。", "！！", "？？", "\u2028", "\ue5e5", "\U000f0000", "⻓", "&#x3000;"]
)


@given(st.lists(_PIECES | _SPECIAL | st.characters() | _SURROGATES, max_size=80).map("".join))
@example("\ue5e5甲 \ue5e5 乙\ue5e5")
@example("他,\ud83d\ude00。\ud83d。\u200b。")
@example("a,b." * 500 + "他,")
@example("a  b \t c\n  d \xa0 \u3000e  f")
def test_looking_once_leaves_out_no_rule(raw: str) -> None:
    assert normalise(raw) == rule_by_rule(raw)


@given(st.text())
def test_the_result_is_plain(raw: str) -> None:
    text = normalise(raw).text
    assert all(line == line.strip(" ") for line in text.split("\n"))
    assert not any(unicodedata.category(character) in ("Co", "Cs") for character in text)
    assert not any(unicodedata.category(character) == "Cc" and character != "\n" for character in text)


@pytest.mark.parametrize(
    "piece", [" ", "\n", ".", "，", "<br ", "&", "&amp;", "！", "他,", "\u3000 ", "  x", "\ud800", "<br" + " " * 150]
)
def test_time_grows_with_the_text_only(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.perf_counter()
    normalise(text)
    assert time.perf_counter() - start < 3
