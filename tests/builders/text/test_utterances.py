"""What a platform put around an utterance goes, and what was said stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document, Note
from builders.text.utterances import CleanTurns, clean_utterance, cut_utterance, split_repost


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        # mentions
        ("@小雨 晚上见", "晚上见"),
        ("约上@小雨 一起去", "约上一起去"),
        ("谢谢@小雨", "谢谢"),
        ("＠小雨 晚上见", "晚上见"),
        ("@阿禾_2020 @老周-木匠 都来", "都来"),
        ("@小雨：好的", "好的"),
        ("回复 @小雨：同去", "同去"),
        ("回复@小雨:同去", "同去"),
        ("回覆 @小雨： 同去", "同去"),
        ("回复@甲:回复@乙:好", "好"),
        ("@ayu.lin 晚上见", "晚上见"),
        ("@小雨https://example.com/a 晚上见", "晚上见"),
        ("@小雨www.example.com晚上见", "晚上见"),
        # addresses of mail are none
        ("写信到ayu@example.com谢谢", "写信到ayu@example.com谢谢"),
        ("邮箱a.b-c+d@mail.example.com.cn，@小雨 记一下", "邮箱a.b-c+d@mail.example.com.cn，记一下"),
        ("邮箱：张三@example.com。", "邮箱：张三@example.com。"),
        ("abc@小雨 好", "abc好"),
        ("写信到ayu＠example.com谢谢", "写信到ayu＠example.com谢谢"),
        ("ayu@example.com@小雨 好", "ayu@example.com好"),
        # topics
        ("#周末去哪# 爬山", "爬山"),
        ("爬山#周末去哪#真累", "爬山真累"),
        ("#一##二#都去", "都去"),
        ("C#和F#都学过", "C#和F#都学过"),
        ("NBA#总决赛#真好看", "NBA真好看"),
        ("2031#年终总结#写完了", "2031写完了"),
        ("T#新品#真贵", "T真贵"),
        ("住在3#楼和4#楼之间", "住在3#楼和4#楼之间"),
        ("## 小标题", "## 小标题"),
        ("只有一个#号", "只有一个#号"),
        # emotion codes
        ("真好[哈哈][太开心]", "真好"),
        ("数组[1]和[2]", "数组[1]和[2]"),
        ("[doge]笑死", "[doge]笑死"),
        ("出发[带着小狗去旅行]", "出发"),
        ("见[注释一下这里写得比较长]", "见[注释一下这里写得比较长]"),
        ("括号[没有合上", "括号[没有合上"),
        # addresses of pages: they end where ASCII does
        ("看这里http://t.cn/a1B2真好", "看这里真好"),
        ("看HTTPS://example.com/路径", "看路径"),
        ("看http://example.com/a[偷笑]好", "看好"),
        ("看http://example.com/a@小雨 好", "看好"),
        ("看http://example.com/a[1]#b好", "看好"),
        ("网址www.example.com，收藏了", "网址，收藏了"),
        ("t.cn/a1b2 点开", "点开"),
        ("用node.js写的", "用node.js写的"),
        ("用ASP.NET写的。OK.Me too", "用ASP.NET写的。OK.Me too"),
        ("example.tv/a1好看", "好看"),
        ("圆周率3.14", "圆周率3.14"),
        # emoji
        ("好的😂👍🏻走", "好的走"),
        ("👨‍👩‍👧一家三口", "一家三口"),
        ("👨\u200d一家三口", "一家三口"),
        ("🇨🇳加油❤️❤", "加油"),
        ("1️⃣先洗菜2⃣再下锅", "先洗菜再下锅"),
        ("☎️留言", "留言"),
        ("✌🏻走☀好❤", "走好"),
        ("✔️好™", "好™"),
        ("①先②后☆★✓℃", "①先②后☆★✓℃"),
        ("𠮷野家和㐂", "𠮷野家和㐂"),
        # the end that was folded away
        ("后来……显示全部", "后来"),
        ("后来... 显示全部 ", "后来"),
        ("后来…顯示全部", "后来"),
        ("后来……\n显示全部\u200b", "后来"),
        ("点一下显示全部", "点一下显示全部"),
        ("……显示全部的时候", "……显示全部的时候"),
        # runs
        ("哈哈哈哈哈哈", "哈哈哈"),
        ("啊！！！！！", "啊！！！"),
        ("哈哈哈", "哈哈哈"),
        ("10000000元", "10000000元"),
        ("哈哈[笑]哈哈", "哈哈哈"),
        ("loooool", "loool"),
        ("　晚上见　", "晚上见"),
        ("", ""),
    ],
)
def test_clean_utterance(text: str, cleaned: str) -> None:
    assert clean_utterance(text) == cleaned


def test_what_was_cut_is_told() -> None:
    assert cut_utterance("@小雨 #早# 好[笑]😂 http://t.cn/a……显示全部") == (
        "好",
        [
            Note("mention", "@小雨 "),
            Note("topic", "#早#"),
            Note("emotion code", "[笑]"),
            Note("web address", "http://t.cn/a"),
            Note("emoji", "😂"),
            Note("folded end", "……显示全部"),
        ],
    )


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("好//@乙: 去哪？//@甲: 周末出去走走", ["周末出去走走", "去哪？", "好"]),
        ("好//@乙：去哪？[疑问]", ["去哪？", "好"]),
        ("//@乙:去哪？//@甲:走", ["走", "去哪？"]),
        ("好// @乙: 去哪？", ["去哪？", "好"]),
        ("见http://example.com/@a", ["见"]),
        ("没有转发", ["没有转发"]),
        ("", []),
    ],
)
def test_split_repost(text: str, turns: list[str]) -> None:
    assert split_repost(text) == turns


def test_only_crawled_formats_are_cleaned() -> None:
    step = CleanTurns()
    assert CleanTurns.version == 1
    for format, text in (
        ("weibo", "好"),
        ("lccc", "好"),
        ("sharegpt", "#include# 好[笑]"),
        ("kdconv", "#include# 好[笑]"),
    ):
        document = step(Document("a", "#include# 好[笑]", {"format": format}))
        assert document.text == text
        assert len(document.notes) == (2 if text == "好" else 0)


def test_a_turn_is_what_its_speaker_added() -> None:
    document = CleanTurns()(Document("a", "好[笑]//@乙: 去哪？//@甲: 走", {"format": "weibo"}))
    assert (document.text, document.notes) == (
        "好",
        [Note("repost", "//@乙: 去哪？//@甲: 走"), Note("emotion code", "[笑]")],
    )


PIECES = st.sampled_from(
    [
        "@",
        "小雨",
        " ",
        "：",
        ":",
        "//",
        "#",
        "[哈哈]",
        "[",
        "http://",
        "t.cn/",
        "😂",
        "\u200d",
        "\ufe0f",
        "…",
        "显示全部",
        "回复",
        "a",
        "1",
        "\n",
        ".",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.characters(), max_size=40).map("".join))
def test_any_text_gets_no_longer_and_keeps_its_order(text: str) -> None:
    cleaned = clean_utterance(text)
    assert cleaned == cleaned.strip()
    characters = iter(text)
    assert all(character in characters for character in cleaned)  # a subsequence
    assert split_repost(text) == [turn for turn in split_repost(text) if turn.strip()]


@pytest.mark.parametrize("piece", ["@", "#", "[哈", "//@", "a.", "a@", "回复 @", "…", " ", "😂", "www.", "。显示全部"])
def test_long_texts_take_no_longer_than_their_length(piece: str) -> None:
    long = piece * (200_000 // len(piece))
    assert len(clean_utterance(long)) <= len(long)
    assert len("".join(split_repost(long + "全部"))) <= len(long) + 2
