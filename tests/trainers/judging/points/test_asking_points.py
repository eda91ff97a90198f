"""What a judge of criticism is asked, and which replies are none."""

from __future__ import annotations

from hashlib import sha256

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainers.judging.scripted import part
from trainers.judging.pairs import Pair
from trainers.judging.points.questions import EachText, InBothDirections, TwoLists
from trainers.judging.points.tasks import MAX_POINT_CHARS, MAX_POINTS, PointExtraction, PointMatching

LISTS = TwoLists("p1", ("a", "reference"), ("实验太少", "代码没有公开"), ("没有代码",))
TEXT = st.text(st.sampled_from("甲<>/要点意见12 \n."), max_size=20)


def lists_shown(lists: TwoLists) -> list[tuple[str, str]]:
    task, source = PointMatching(), InBothDirections(lists=(lists,))
    prompts = [task.prompt(task.passage_of(one), 1, ()) for shard in source.shards(()) for one in source.read(shard)]
    return [(part(prompt, "要点1"), part(prompt, "要点2")) for prompt in prompts]


def test_each_list_is_shown_first_once() -> None:
    one, two = "1. 实验太少\n2. 代码没有公开", "1. 没有代码"
    assert lists_shown(LISTS) == [(one, two), (two, one)]


@given(st.lists(TEXT.filter(str.strip), min_size=1, max_size=4))
def test_a_point_stands_on_its_own_line_between_its_own_tags(points: list[str]) -> None:
    first, _ = lists_shown(TwoLists("p", ("a", "b"), tuple(points), ("甲",)))[0]
    assert [line.partition(".")[0] for line in first.splitlines()] == [str(n) for n in range(1, len(points) + 1)]


@given(TEXT)
def test_a_text_cannot_end_its_tags(text: str) -> None:
    task = PointExtraction()
    for one in EachText().about(Pair("1", "论文", text, "乙")):
        assert task.prompt(task.passage_of(one), 1, ()).count("</意见>") == 1


def test_empty_texts_and_missing_references_are_not_asked_about() -> None:
    asked = EachText().about(Pair("1", "论文", " ", "乙"))
    assert [one.meta["part"] for one in asked] == ["b"]
    assert len(EachText().about(Pair("1", "论文", "甲", "乙", reference="丙"))) == 3


@pytest.mark.parametrize(
    ("points", "faults"),
    [
        ([], 0),
        (["甲", "乙"], 0),
        (["甲", " "], 1),
        (["甲", "甲 "], 1),
        (["字" * (MAX_POINT_CHARS + 1)], 1),
        ([str(number) for number in range(MAX_POINTS + 1)], 1),
    ],
)
def test_points_that_are_none(points: list[str], faults: int) -> None:
    task = PointExtraction()
    passage = task.passage_of(EachText().about(Pair("1", "论文", "甲", "乙"))[0])
    assert not task.shape({"points": points})
    assert len(task.faults(passage, {"points": points})) == faults
    assert task.shape({"points": "甲"})
    assert task.shape({"points": [1]})


@pytest.mark.parametrize(
    ("matches", "faults"),
    [
        ([], 0),
        ([(1, 1, 9), (2, 1, 3)], 0),
        ([(3, 1, 9)], 1),
        ([(0, 2, 9)], 2),
        ([(1, 1, 9), (1, 1, 8)], 1),
    ],
)
def test_matches_that_are_none(matches: list[tuple[int, int, int]], faults: int) -> None:
    task, source = PointMatching(), InBothDirections(lists=(LISTS,))
    passage = task.passage_of(next(iter(source.read(source.shards(())[0]))))
    sample = {"matches": [dict(zip(("first", "second", "similarity"), one, strict=True)) for one in matches]}
    assert not task.shape(sample)
    assert len(task.faults(passage, sample)) == faults


@pytest.mark.parametrize("similarity", [0, 11, 7.5, "7", None])
def test_similarities_are_whole_numbers_from_1_to_10(similarity: object) -> None:
    assert PointMatching().shape({"matches": [{"first": 1, "second": 1, "similarity": similarity}]})


def test_a_changed_prompt_has_a_new_version() -> None:
    """Replies are kept under the version of the prompt: raise it, and write the new digest here."""
    extraction, matching = PointExtraction(), PointMatching()
    source = InBothDirections(lists=(LISTS,))
    text = EachText().about(Pair("1", "论文", "甲", "乙"))[0]
    pair = next(iter(source.read(source.shards(())[0])))
    found = {}
    for task, question in ((extraction, text), (matching, pair)):
        asked = [task.question(task.passage_of(question), 1), task.reply_schema(1), task.feedback(["甲"], 0, 1)]
        found[task.prompt_name] = sha256(orjson.dumps(asked)).hexdigest()[:16]
    assert found == {"PointExtraction/1": "fde5db7936b63921", "PointMatching/1": "06c55b2b914e1d5c"}
