"""What a Chinese question asks for, by its question word: counted in reports, so that a lopsided set is seen."""

from __future__ import annotations

import re

_TYPES = (
    ("why", r"为什么|为何|何以|什么原因|原因"),
    ("how many", r"多少|几[个位名人次种条只座年月天岁年级]|多[大高长远重久深宽]|第几"),
    ("when", r"什么时候|何时|哪[一]?年|几[月日时点]|什么时间|哪[一]?天|何年|年代|朝代|哪个世纪|时期"),
    ("where", r"哪里|哪儿|何处|什么地方|何地|哪个?[省市县国洲]|位于|地点|在哪"),
    ("who", r"谁|何人|哪[一]?位|什么人|哪些人|哪个人"),
    ("how", r"怎么|怎样|如何|怎么样|什么方法|什么方式"),
    ("yes or no", r"吗[？?]?$|是否|是不是|有没有|能不能|能否|会不会|可否"),
    ("which", r"哪[些个种几一类项部本篇条]|哪"),
    ("what", r"什么|何|是啥"),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _TYPES)


def question_type(question: str) -> str:
    """One of why, how many, when, where, who, how, yes or no, which, what, other.

    >>> question_type("李白生于哪年？")
    'when'
    """
    return next((name for name, pattern in _COMPILED if pattern.search(question.strip())), "other")
