"""Repetition: figures that can be counted by hand, and groups that agree with comparing everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.publish.diversity import NEAR_JACCARD, commonest, distinct, groups


@pytest.mark.parametrize(
    ("texts", "size", "share"),
    [
        (["山水山水"], 1, 2 / 4),
        (["山水山水"], 2, 2 / 3),
        (["山水", "山水"], 2, 1 / 2),
        (["山水", "水山"], 2, 1.0),
        (["山，水。", "「山水」"], 2, 1 / 2),
        (["山"], 2, 0.0),
        ([], 1, 0.0),
    ],
)
def test_distinct_is_counted_within_texts_and_without_marks(texts: list[str], size: int, share: float) -> None:
    assert distinct(texts, size) == pytest.approx(share)


def pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(max(1, len(text) - 1))}


@given(st.lists(st.text("山水风雪夜", max_size=8), max_size=40))
def test_no_question_that_is_like_another_is_overlooked(questions: list[str]) -> None:
    """Which of several groups one joins may differ; that it joins one does not, so the groups are as many."""
    repeated, _ = groups(questions, 100, 3)
    assert repeated == len(questions) - count_leaders(questions)
    assert sum(group.count for group in groups(questions, 100, 3)[1]) <= len(questions)


def count_leaders(questions: list[str]) -> int:
    leaders: list[set[str]] = []
    for question in questions:
        mine = pairs(question)
        if all(len(mine & other) / len(mine | other) < NEAR_JACCARD for other in leaders):
            leaders.append(mine)
    return len(leaders)


def test_the_largest_groups_come_first_with_their_other_wordings() -> None:
    questions = ["潮汐是怎么形成的？", "潮汐是怎样形成的？", "竹子多久开花？", "潮汐是怎么形成的", "豆腐靠什么凝固？"]
    repeated, (group,) = groups(questions, 5, 3)
    assert repeated == 2 and group.count == 3
    assert group.question == "潮汐是怎么形成的" and set(group.wordings) == {"潮汐是怎么形成的？", "潮汐是怎样形成的？"}


def test_the_commonest_pieces() -> None:
    texts = ["什么是雪", "什么是夜", "为什么", "谁来了", ""]
    assert commonest(texts, lambda text: text[:2], 2) == [("什么", 2), ("为什", 1)]
