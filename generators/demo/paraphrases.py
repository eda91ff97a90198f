"""Ways to ask about an entry of an encyclopedia, and its text in other words."""

from __future__ import annotations

import re

from generators.demo.prompts import Prompt
from generators.demo.sentences import count_chars, sentences_of

_ASKED = re.compile(r"<问题>\s*(.+?)\s*</问题>|^(?:原?问题|原问)[:：]\s*(.+)$", re.MULTILINE)
_ABOUT = re.compile(r"都在问“[^“”]*?(是[^“”是]{1,6})”")
WHAT = "是什么"
OF_A_QUESTION = (
    "请问Q？",
    "你知道Q吗？",
    "能告诉我Q吗？",
    "想知道Q。",
    "有谁知道Q？",
    "请说说Q。",
    "帮我查一下Q。",
    "能讲讲Q吗？",
    "请回答：Q？",
    "想请教一下，Q？",
)
OF_AN_ENTRY = (
    "XW？",
    "请介绍一下X。",
    "请问XW？",
    "能讲讲X吗？",
    "请解释一下X。",
    "想知道XW。",
    "请用几句话描述X。",
    "谁能介绍一下X？",
    "关于X，请作一番说明。",
    "可以谈谈X吗？",
    "请概括说明X。",
    "有人问起X，请介绍。",
    "希望了解X，请简述。",
    "请科普一下X。",
    "请说说XW。",
    "对X，请作简要概述。",
    "请告诉我XW。",
    "第一次听说X，请介绍。",
    "请把X介绍清楚。",
    "请说明XW。",
)
SWAPS = (
    (re.compile(r"以及"), "和"),
    (re.compile(r"因此|因而"), "所以"),
    (re.compile(r"例如"), "比如"),
    (re.compile(r"由于"), "因为"),
    (re.compile(r"通常"), "一般"),
    (re.compile(r"非常"), "十分"),
    (re.compile(r"但是|然而"), "不过"),
    (re.compile(r"位于"), "地处"),
    (re.compile(r"(?<!大)约(?=\d)"), "大约"),
    (re.compile(r"（\s*）|\(\s*\)"), ""),
)


def paraphrases_of(prompt: Prompt, count: int) -> list[str]:
    """Up to `count` ways to ask what an entry is, or a question about it that the prompt holds."""
    if asked := _ASKED.search(prompt.demand):
        question = (asked[1] or asked[2]).strip(" ？?。")
        written = [form.replace("Q", question) for form in OF_A_QUESTION]
    else:
        what = found[1] if (found := _ABOUT.search(prompt.demand)) else WHAT
        written = [form.replace("W", what).replace("X", prompt.entry) for form in OF_AN_ENTRY]
    limit = prompt.limit("(?:问题|问法|问句|个词条)", 1000)
    return [one for one in written if one not in prompt.known and count_chars(one) <= limit][:count]


def answer_rewritten(prompt: Prompt) -> str:
    """The first sentences of the text, with other words for some of its words."""
    limit, answer = prompt.limit("(?:答案|回答)", 300), ""
    for sentence in sentences_of(prompt.passage):
        for pattern, other in SWAPS:
            sentence = pattern.sub(other, sentence)
        if answer and count_chars(answer + sentence) > limit:
            break
        answer += sentence
    return answer
