"""Words that point at the passage a row was made from, and those that only look like it."""

from __future__ import annotations

import pytest

from validators.pointers import find_pointer


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ("文中的父亲是谁？", "文中"),
        ("原文说他走了。", "原文"),
        ("根據文章，他走了。", "根据文章"),
        ("这段话讲的是什么？", "这段话"),
        ("材料中提到了三个人。", "材料中提到"),
        ("见上文。", "上文"),
        ("根据材料，他走了。", "根据材料"),
        ("本文介绍潮汐。", "本文"),
        ("从这段记录看，他走了。", "从这段"),
    ],
)
def test_pointers_are_found(text: str, pointer: str) -> None:
    assert find_pointer(text, "他走了。") == pointer
    assert find_pointer(text, f"{text}他走了。") is None  # the passage says so itself


@pytest.mark.parametrize(
    "text",
    [
        "中文里没有时态。",
        "日本文学起源很早。",
        "中原文化影响深远。",
        "从材料科学的角度看，它很轻。",
        "晚上文艺演出开始。",
        "漆前处理是根据材料的不同来选的。",
        "他写过很多文章，都在报上发表。",
        "这种材料很轻。",
        "文中子是隋代学者王通的号。",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert find_pointer(text, "") is None
