"""Cutting texts into blocks of whole sentences."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document, Note
from builders.text.sentences import Blocks, cut_blocks


@pytest.mark.parametrize(
    ("text", "max_chars", "blocks"),
    [
        ("", 5, []),
        ("雪停了", 5, ["雪停了"]),
        ("雪停了。天亮了。他走了。", 8, ["雪停了。天亮了。", "他走了。"]),
        ("雪停了。天亮了。他走了。", 12, ["雪停了。天亮了。他走了。"]),
        ("雪停了。天亮了。他走了", 7, ["雪停了。", "天亮了。他走了"]),
        ("她问：“谁？”没有人答。", 8, ["她问：“谁？”", "没有人答。"]),
        ("（他走了。）」』）》】雪停了。", 12, ["（他走了。）」』）》】", "雪停了。"]),
        ("真的？！！我不信。", 6, ["真的？！！", "我不信。"]),
        ("她说“走吧！”。雪停了。", 9, ["她说“走吧！”。", "雪停了。"]),
        ("雪停了。 \n\n　　天亮了。", 9, ["雪停了。 \n\n　　", "天亮了。"]),
        ("甲.乙；丙，丁\n戊。己。", 11, ["甲.乙；丙，丁\n戊。", "己。"]),
        ("。。雪停了。", 4, ["。。", "雪停了。"]),
    ],
)
def test_blocks(text: str, max_chars: int, blocks: list[str]) -> None:
    assert cut_blocks(text, max_chars) == blocks


def test_a_sentence_that_is_too_long_is_cut_after_a_pause() -> None:
    assert cut_blocks("雪停了。他推开门看见院子里，站着一个人。", 10) == [
        "雪停了。",
        "他推开门看见院子里，",
        "站着一个人。",
    ]
    assert cut_blocks("字" * 25, 10) == ["字" * 10, "字" * 10, "字" * 5]


@given(st.text(alphabet="雪停了他，。！？”」 \n.", max_size=120), st.integers(1, 40))
def test_blocks_are_whole_full_and_lose_nothing(text: str, max_chars: int) -> None:
    blocks = cut_blocks(text, max_chars)
    assert "".join(blocks) == text
    assert all(0 < len(block) <= max_chars for block in blocks)
    sentences = re.findall(r"[^。！？]*[。！？][。！？”」]*\s*|[^。！？]+$", text)
    if all(len(sentence) <= max_chars for sentence in sentences):
        for block, following in pairwise(blocks):
            first = re.match(r"[^。！？]*[。！？]+[。！？”」]*\s*|.*", following, re.DOTALL)
            assert first and len(block) + len(first[0]) > max_chars


def test_step_golden() -> None:
    document = Document("b00c-0001", "雪停了。天亮了。他走了。", {"title": "雪夜"}, [Note("site ad", "x")])
    blocks = list(Blocks(max_chars=8)(document))
    assert Blocks.version == 1
    assert [(block.id, block.text, block.meta) for block in blocks] == [
        ("b00c-0001.001", "雪停了。天亮了。", {"title": "雪夜", "block": 1}),
        ("b00c-0001.002", "他走了。", {"title": "雪夜", "block": 2}),
    ]
    assert [block.notes for block in blocks] == [[Note("site ad", "x")], []]


@pytest.mark.parametrize("max_chars", [0, 12, 500])
def test_step_leaves_short_documents_alone(max_chars: int) -> None:
    document = Document("b00c-0001", "雪停了。天亮了。他走了。", {"title": "雪夜"})
    assert list(Blocks(max_chars=max_chars)(document)) == [document]


@pytest.mark.parametrize(
    "text", ["字" * 1_000_000, "。" * 1_000_000, "雪。" * 500_000, "\n" * 1_000_000, "\ud800。" * 100]
)
@pytest.mark.parametrize("max_chars", [7, 512])
def test_odd_texts_take_no_time(text: str, max_chars: int) -> None:
    assert "".join(cut_blocks(text, max_chars)) == text
