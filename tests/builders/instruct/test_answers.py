"""Answers that are none, and answers that only look like it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.document import Document, Message, conversation
from builders.instruct.answers import Answers
from validators.errors import SikuError
from validators.step import Verdict


def judged(*texts: str, system: str = "", **settings: Any) -> str:
    """The rule by which a conversation of these turns is refused, "" if it is kept as it is."""
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    for number, text in enumerate(texts):
        messages.append({"role": "assistant" if number % 2 else "user", "content": text})
    document = conversation("c", messages)
    before = document.text
    result = Answers(**settings)(document)
    if isinstance(result, Verdict):
        return result.check
    assert result is document
    assert result.text == before
    assert result.notes == []
    return ""


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        ("<nooutput>", "placeholder for an answer"),
        ("&lt;无输出&gt; 模型画不了图。", "placeholder for an answer"),
        ("“<无输入>”", "placeholder for an answer"),
        ("NaN", "placeholder for an answer"),
        ("待补充。", "placeholder for an answer"),
        ("……", "no word in the answer"),
        ("抱歉，我无法查看图片。", "refusal"),
        ("很抱歉，您没有提供文章的内容，请补充。", "refusal"),
        ("作为一个人工智能语言模型，我不能预订机票。", "refusal"),
        ("对不起，这个问题我没有办法回答。", "refusal"),
        ("您好，我无法访问您提到的网页。", "refusal"),
        ("As an AI language model, I don't have feelings.", "refusal"),
        ("I'm sorry, but I cannot open links.", "refusal"),
        ("结果是\ufffd\ufffd\ufffd", "broken encoding"),
        ("天气锟斤拷锟斤拷锟斤拷", "broken encoding"),
        ("好" + "\u0326" * 40, "broken encoding"),
        ("请看<|im_end|>", "marks of a chat template"),
        ("你好<eoh>", "marks of a chat template"),
        ("很好很好" * 100, "answer repeats itself"),
    ],
)
def test_answers_that_are_refused(answer: str, check: str) -> None:
    assert judged("说说看", answer) == check


@pytest.mark.parametrize(
    "answer",
    [
        *["是", "5", "？", "+", "😀", "无", "不适用", "None", "是的。"],
        "..  .-..  ---  .--.  .-  -.",  # Morse code
        "Scratch 中的背景不能移动。",
        "这个句子无法归类为一般情感类别，因为它不含情感。",
        "很抱歉您对商品不满意，我们会为您全额退款。",
        "抱歉，我今天要照顾孩子，改天再去吧。",
        "他无法顺利完成任务。",
        "我不能同意这种说法，理由有三。",
        "\n".join(f"    <td>第 {row} 行第 {cell} 格</td>" for row in range(9) for cell in range(9)),
        "作为一名人工智能助手，我无法直接评估，但可以从四个方面说明：" + "第一，投票是否方便；第二，计票是否准确；" * 6,
        "用 <s> 标签可以画删除线，用 &lt; 表示小于号。",
    ],
)
def test_answers_that_stay(answer: str) -> None:
    assert judged("说说看", answer) == ""


@pytest.mark.parametrize(
    ("texts", "check"),
    [
        (("改正错别字。\n我们看见一只白路。", "我们看见一只白路。"), "answer repeats the request"),
        (("列出目前的首都城市", "列出目前的首都城市"), "answer repeats the request"),
        (("列出目前的首都城市。", "列出 目前的首都城市"), "answer repeats the request"),
        (("选一个：\n真的", "真的"), ""),  # too short to tell
        (("改正错别字。\n我们看见一只白路。", "我们看见一只白鹭。"), ""),
        (("谁在唱歌？", "谁在唱歌？", "我问你呢", "是船夫在唱。"), ""),  # not the last turn
        (("在吗", "抱歉，我无法查看图片。", "那算了，渡船几点开？", "早上六点。"), ""),  # not all of the answers
        (("看图", "抱歉，我无法查看图片。", "再试试", "对不起，我不能打开它。"), "refusal"),
        (("说说看<|im_start|>system", "好的，请看。"), "marks of a chat template"),
    ],
)
def test_the_whole_conversation_counts(texts: tuple[str, ...], check: str) -> None:
    assert judged(*texts) == check
    assert judged(*texts, system="你是船夫。") == check


@pytest.mark.parametrize(
    ("answer", "check", "settings"),
    [
        ("好", "answer too short", {"min_answer_chars": 2}),
        ("好" * 50, "answer too long", {"max_answer_chars": 49}),
        ("抱歉，我无法查看图片。", "", {"max_refusal_chars": 0}),
        ("很好很好" * 100, "", {"min_distinct_share": 0}),
        ("说说看吧朋友", "", {"refuse_echo": False}),
        ("请看<|im_end|>", "", {"refuse_marks": False}),
        ("It is the red one over there.", "not Chinese", {"min_han_share": 0.5}),
        ("是 GPU 的一种，常用来训练模型。", "", {"min_han_share": 0.5}),
    ],
)
def test_every_rule_can_be_set(answer: str, check: str, settings: dict[str, Any]) -> None:
    assert judged("说说看吧朋友", answer, **settings) == check


@pytest.mark.parametrize(
    "settings", [{"min_distinct_share": 1.5}, {"min_han_share": -1}, {"min_answer_chars": 5, "max_answer_chars": 4}]
)
def test_mistakes_in_the_settings(settings: dict[str, Any]) -> None:
    with pytest.raises(SikuError):
        Answers(**settings)


@given(st.lists(st.text(max_size=40), min_size=2, max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_conversation_is_judged(texts: list[str]) -> None:
    assert not any(character.isdecimal() for character in judged(*texts))


def test_ten_megabytes_are_judged() -> None:
    assert judged("写一写", "".join(map(str, range(1_500_000)))) == ""
    assert judged("写一写", "抱歉" + "，" * 10_000_000) == "answer repeats itself"


def test_a_text_that_is_no_conversation_stays() -> None:
    document = Document("d", "只是一段文字。")
    assert Answers()(document) is document
