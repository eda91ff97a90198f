"""The form of dialogues: who speaks, how long, how often the same, and with whose name in front."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.dialogue_turns import ROLES, check_turns

PASSAGE = "潮汐是海水在月亮和太阳的引力下有规律的涨落。渔民称初一和十五的潮为大潮。"
GOOD = ("潮汐是什么？", "潮汐是海水有规律的涨落。", "那什么时候最大呢？", "初一和十五，渔民称为大潮。")


def turns(*contents: str) -> list[dict[str, str]]:
    return [{"role": ROLES[number % 2], "content": content} for number, content in enumerate(contents)]


def found(*contents: str, rounds: tuple[int, int] = (1, 5), lengths: tuple[int, int] = (20, 40)) -> list[str]:
    return [str(one) for one in check_turns(turns(*contents), rounds, lengths, PASSAGE)]


def test_a_good_dialogue_is_left_alone() -> None:
    assert found(*GOOD) == []


@pytest.mark.parametrize("roles", ["", "u", "a", "uu", "ua u", "au", "uaau", "uas"])
def test_roles_take_turns_and_the_user_begins(roles: str) -> None:
    names = {"u": "user", "a": "assistant", "s": "system", " ": "老吴"}
    messages = [{"role": names[one], "content": f"第{number}句话"} for number, one in enumerate(roles)]
    assert [one.check for one in check_turns(messages, (1, 5), (20, 40), "")] == ["wrong_roles"]


@pytest.mark.parametrize(
    ("contents", "verdict"),
    [
        ((*GOOD, "谢谢", " "), "empty: 第 6 条消息是空的"),
        (("请问" * 11, GOOD[1]), "too_long_turn: 第 1 条消息有 22 个字，最多 20 个字"),
        (
            (GOOD[0], "根据文章，" + GOOD[1]),
            "points_at_text: 第 2 条消息里的“根据文章”提到了原文；说话的人没有在看原文",
        ),
        ((*GOOD, GOOD[2], "每月两次。"), "repeated_turn: 第 5 条消息重复了第 3 条"),
        ((*GOOD, "还有呢？", "潮汐，是海水有规律的涨落！"), "repeated_turn: 第 6 条消息重复了第 2 条"),
        ((*GOOD, "还有呢？", "潮汐是海水有规律的涨落呀。"), "repeated_turn: 第 6 条消息重复了第 2 条"),
        (("它是什么？", GOOD[1]), "unclear_beginning: 第 1 条消息里的“它”没有前文就看不懂，请写出所指的名称"),
        (("（抬头）潮汐是什么？", GOOD[1]), "stage_direction: 第 1 条消息写了动作或旁白；content 里只写说的话"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(contents: tuple[str, ...], verdict: str) -> None:
    assert found(*contents) == [verdict]


def test_the_number_of_turns_is_told() -> None:
    assert found(*GOOD, rounds=(3, 5)) == ["wrong_turns: 对话有 2 轮，要 3 到 5 轮"]
    assert found(*GOOD, rounds=(1, 1)) == ["wrong_turns: 对话有 2 轮，要 1 轮"]


@pytest.mark.parametrize("label", ["用户：", "User: ", "助手: ", "问：", "A：", "【用户】：", "(AI)：", "甲："])
def test_speakers_are_not_written(label: str) -> None:
    assert [line.partition(":")[0] for line in found(GOOD[0], label + GOOD[1])] == ["role_label"]


def test_a_name_before_two_turns_is_a_speaker_and_a_list_is_not() -> None:
    scene = ("老吴：上船吧，潮要涨了。", "少年：等等我，就来。", "老吴：书箱放稳。", "少年：放好了，走吧。")
    assert [line.partition(":")[0] for line in found(*scene)] == ["role_label"] * 4
    assert found(GOOD[0], "原因有二：一是月亮，二是太阳。") == []
    assert found(GOOD[0], "（一）月亮的引力；（二）太阳的引力。") == []


def test_questions_that_differ_in_a_word_are_no_repeats() -> None:
    assert found("潮汐什么时候最大？", "初一和十五的潮最大。", "潮汐什么时候最小？", "每月两次的小潮。") == []


@given(st.lists(st.text(max_size=30), max_size=8))
def test_whatever_is_said_gets_an_answer(contents: list[str]) -> None:
    verdicts = check_turns(turns(*contents), (1, 3), (20, 40), PASSAGE)
    assert bool(contents) or [one.check for one in verdicts] == ["wrong_roles"]
    assert all(one.check and one.why for one in verdicts)
