"""`check_pairs`: which verdicts a question-answer pair gets, and what they tell the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.qa_pairs import CHECKS, check_pairs, prepare

LAKE = (
    "镜湖在青川县北部，面积约4,500平方公里，湖面海拔3196.5米，湖中有三座小岛。1958年，地质学家周启文测得最深处为三十二米。"
    "湖水由GPS浮标监测，数据用Linux服务器保存。镜湖盛产湟鱼，当地渔民在湖边住了两百四十年。"
)
HANT = "鏡湖在青川縣北部，面積約４５００平方公里。傳說從前有個漁翁，為了尋找龍鬚草，在這裏蓋了一間石屋。"
PLANE = "𠮷田家的茶园种着𬟁草，每年春天采摘，用𨱏锅炒制。"
Q = "镜湖在哪里？"
A = "镜湖在青川县北部。"


def checks(question: str, answer: str, passage: str = LAKE, limits: tuple[int, int] = (15, 300)) -> list[str]:
    [found] = check_pairs(passage, [(question, answer)], *limits)
    assert all(verdict.check in CHECKS and verdict.why for verdict in found)
    return sorted(verdict.check for verdict in found)


GROUNDED = [
    (Q, A),
    ("镜湖有多大？", "面积约4500平方公里。"),  # without the separator
    ("镜湖有多大？", "面积约４，５００平方公里。"),
    ("镜湖有多大？", "面积约4 500平方公里。"),
    ("镜湖的海拔是多少？", "湖面海拔3196.5米。"),
    ("镜湖的海拔是多少？", "湖面海拔３１９６．５米。"),
    ("镜湖最深处有多深？", "周启文测得最深处为32米。"),  # in figures
    ("镜湖最深处有多深？", "周启文测得最深处为三十二米。"),
    ("渔民住了多久？", "渔民在湖边住了240年。"),
    ("渔民住了多久？", "當地漁民在湖邊住了兩百四十年。"),  # the other script
    ("GPS浮标做什么？", "湖水由gps浮标监测。"),
    ("数据存在哪里？", "数据用ＬＩＮＵＸ服务器保存。"),
    ("2024年湖面多高？", "2024年湖面海拔3196.5米。"),  # a number of the question
    ("NASA测过镜湖吗？", "NASA未提，地质学家周启文测得最深处为三十二米。"),  # a word of the question
    ("镜湖有什么特点？", "1. 面积约4500平方公里；2. 湖中有三座小岛。"),  # items are counted, nothing else
    ("周启文做了什么？", "1958年，地质学家周启文测得最深处。"),
    ("镜湖盛产什么？", "盛产湟鱼。"),
    ("镜湖盛产什么？", "镜湖，盛产“湟鱼”！"),
]
UNGROUNDED = [
    ("镜湖有多大？", "面积约5400平方公里。"),
    ("镜湖有多大？", "面积约500平方公里。"),  # a part of a number is another number
    ("镜湖有多大？", "面积约4500.5平方公里。"),
    ("镜湖的海拔是多少？", "湖面海拔3196米。"),
    ("镜湖最深处有多深？", "周启文测得最深处为三十五米。"),
    ("镜湖最深处有多深？", "周启文测得最深处为35米。"),
    ("周启文何时测量？", "1985年，地质学家周启文测得最深处为三十二米。"),
    ("渔民住了多久？", "渔民在湖边住了两百年。"),
    ("谁保存数据？", "数据用Debian服务器保存。"),
    ("谁保存数据？", "数据用Linux和Unix服务器保存。"),
    ("湖水由什么监测？", "湖水由GP浮标监测。"),
    ("湖里有哪些鸟？", "主要有斑头雁、棕头鸥和鱼鸥等候鸟。"),
    ("镜湖的传说是什么？", "相传王母娘娘梳妆时失手落下铜镜而成。"),
    ("镜湖的水咸吗？", "咸。"),  # one character is no piece of two
]


@pytest.mark.parametrize(("question", "answer"), GROUNDED)
def test_grounded(question: str, answer: str) -> None:
    assert checks(question, answer) == []


@pytest.mark.parametrize(("question", "answer"), UNGROUNDED)
def test_ungrounded(question: str, answer: str) -> None:
    assert checks(question, answer) == ["ungrounded_answer"]


@pytest.mark.parametrize(
    ("passage", "question", "answer", "expected"),
    [
        (HANT, "镜湖在哪里？", "镜湖在青川县北部。", []),
        (HANT, "鏡湖有多大？", "面積約4500平方公里。", []),
        (HANT, "渔翁在找什么？", "渔翁为了寻找龙须草盖了石屋。", []),
        (HANT, "渔翁住在哪里？", "渔翁搬到了镇上的新楼房。", ["ungrounded_answer"]),
        (PLANE, "𠮷田家种什么？", "𠮷田家的茶园种着𬟁草。", []),
        (PLANE, "用什么锅？", "用𨱏锅炒制。", []),
        ("全书分100,200,300回三种。", "有哪几种？", "全书分100、200、300回。", []),  # a list, too
        ("全书分10，20，30回三种。", "有哪几种？", "全书分10、20、30回。", []),
        ("他在e-mail里写了AT&T和O'Neill。", "信里写了谁？", "email里写了AT&T和O'Neill。", []),
        ("湖水由GPS监测。", "什么监测湖水？", "湖水由GPSS监测。", ["ungrounded_answer"]),
        ("全书用C++写成。", "全书用什么写成？", "全书用C++写成。", []),
        ("会议于8月8日召开。", "会议何时召开？", "会议于08月08日召开。", []),
        ("产量达到180万吨。", "产量多少？", "产量达到1800000吨。", []),
        ("产量达到180万吨。", "产量多少？", "产量达到190万吨。", ["ungrounded_answer"]),
        ("增长八成以上。", "增长多少？", "增长80%以上。", []),
        ("第三章写重逢。", "重逢在哪一章？", "第3章写重逢。", []),
    ],
)
def test_other_passages(passage: str, question: str, answer: str, expected: list[str]) -> None:
    assert checks(question, answer, passage) == expected


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("", A),
        ("  ", A),
        ("？！…", A),
        (Q, ""),
        (Q, "\u3000\n"),
        (Q, "——。"),
        ("“”", "《》"),
        ("", ""),
    ],
)
def test_empty_and_nothing_else(question: str, answer: str) -> None:
    assert checks(question, answer, limits=(0, 0)) == ["empty"]


def test_the_empty_side_is_named() -> None:
    found = check_pairs(LAKE, [("", A), (Q, " "), ("?", "。")], 15, 300)
    assert [verdicts[0].why for verdicts in found] == ["问题是空的", "答案是空的", "问题和答案是空的"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("湖" * 15, []),
        ("湖" * 15 + "？", []),
        ("《湖》，" * 15, []),
        ("湖 \u3000\n" * 15, []),
        ("湖" * 16, ["too_long_question"]),
        ("𠮷" * 15 + "？", []),  # a character of the supplementary planes is one
        ("𠮷" * 16, ["too_long_question"]),
        ("a1" * 8, ["too_long_question"]),
        ("C++" * 5 + "？", []),  # symbols count, punctuation does not
        ("C++" * 5 + "+", ["too_long_question"]),
        ("１２％" * 7 + "５？", []),
    ],
)
def test_length_of_a_question(question: str, expected: list[str]) -> None:
    assert checks(question, A) == expected


def test_length_of_an_answer() -> None:
    answer = "镜湖在青川县北部，" * 3
    assert checks(Q, answer, limits=(15, 24)) == []
    assert checks(Q, answer, limits=(15, 23)) == ["too_long_answer"]
    [[verdict]] = check_pairs(LAKE, [(Q, answer)], 15, 23)
    assert verdict.why == "答案有 24 个字，最多 23 个字"


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        ("镜湖在哪里", ["duplicate_question"]),
        ("镜湖在哪里?", ["duplicate_question"]),
        ("鏡湖在哪裏？", ["duplicate_question"]),
        ("“镜湖” 在 哪里？！", ["duplicate_question"]),
        ("镜湖在哪儿？", []),
        ("镜湖在哪里呢？", []),
    ],
)
def test_duplicates(again: str, expected: list[str]) -> None:
    first, second = check_pairs(LAKE, [(Q, A), (again, A)], 15, 300)
    assert first == []
    assert [verdict.check for verdict in second] == expected
    [third] = check_pairs(LAKE, [(again, A)], 15, 300, earlier=[Q])
    assert [verdict.check for verdict in third] == expected


def test_width_case_and_symbols_of_a_question() -> None:
    passage = "全书用C++写成，附录用C写成。"
    pairs = [
        ("什么用C++写成？", "全书用C++写成。"),
        ("什么用Ｃ＋＋写成?", "全书用C++写成。"),
        ("什么用c写成？", "附录用C写成。"),
    ]
    assert [[verdict.check for verdict in found] for found in check_pairs(passage, pairs, 15, 300)] == [
        [],
        ["duplicate_question"],
        [],
    ]


@pytest.mark.parametrize("answer", ["镜湖在哪里。", "鏡湖在哪裡？", " 镜湖，在哪里"])
def test_an_answer_that_is_the_question(answer: str) -> None:
    assert "same_as_question" in checks(Q, answer)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("镜湖\ufffd在青川县北部。", ["illegal_character"]),
        ("镜湖\x00在青川县北部。", ["illegal_character"]),
        ("镜湖在青川县北部。\r\n", ["illegal_character"]),
        ("镜湖\x7f在青川县北部。", ["illegal_character"]),
        ("镜湖\x85在青川县北部。", ["illegal_character"]),
        ("镜湖\ud800在青川县北部。", ["illegal_character"]),  # half of a pair, which no file can hold
        ("镜湖在青川县\n北部。", []),
        ("镜湖\t在青川县北部。", []),
        ("镜湖\u200b在青川县北部。", []),
    ],
)
def test_illegal_characters(text: str, expected: list[str]) -> None:
    assert checks(Q, text) == expected
    assert ("illegal_character" in checks(text, A)) == bool(expected)


def test_all_that_apply_are_named() -> None:
    pairs = [("它的面积是不是大约有五千多平方公里呢\ufffd？", "它的面积是不是大约有五千多平方公里呢\ufffd")] * 2
    first, second = check_pairs(LAKE, pairs, 15, 10)
    expected = ["too_long_question", "too_long_answer", "pronoun_question", "ungrounded_answer"]
    assert [verdict.check for verdict in first] == [*expected, "same_as_question", "illegal_character"]
    assert [verdict.check for verdict in second] == [*expected, *CHECKS[5:]]


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        ("镜湖一共有多少座小岛可以让人登上去？", "湖中有三座小岛。", "问题有 17 个字，最多 15 个字"),
        ("它在哪里？", A, "问题里的“它”离开原文看不懂，请写出所指的名称"),
        ("镜湖有多大？", "面积约5400平方公里。", "答案里的数字 5400 在原文中没有"),
        ("谁保存数据？", "数据用Debian和BSD服务器保存。", "答案里的 debian、bsd 在原文中没有"),
        ("湖里有哪些鸟？", "有斑头雁。", "答案只有 0% 的字句出自原文，请用原文的说法回答"),
        (Q, "镜湖在哪里？", "答案只是重复了问题，没有回答"),
        (Q, A + "\ufffd", "答案里有非法字符 U+FFFD"),
    ],
)
def test_reasons_are_sentences_with_figures(question: str, answer: str, why: str) -> None:
    [found] = check_pairs(LAKE, [(question, answer)], 15, 300)
    assert why in [verdict.why for verdict in found]


def test_a_passage_is_prepared_once() -> None:
    prepared = prepare(LAKE)
    assert prepare(prepared) is prepared
    assert check_pairs(prepared, [(Q, A)], 15, 300) == check_pairs(LAKE, [(Q, A)], 15, 300) == [[]]


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=80))
def test_any_text_gets_verdicts(passage: str, question: str, answer: str) -> None:
    [found, again] = check_pairs(passage, [(question, answer)] * 2, 15, 30)
    names = [verdict.check for verdict in found]
    assert len(names) == len(set(names))
    assert set(names) <= set(CHECKS)
    assert ("empty" in names) == (names == ["empty"])
    assert "duplicate_question" not in names
    assert all("\n" not in verdict.why[:6] for verdict in again)


@given(st.text(st.sampled_from("镜湖在青川县北部面积约千三百座0123456789.,a "), min_size=2, max_size=60))
def test_a_passage_supports_itself(passage: str) -> None:
    [found] = check_pairs(passage, [("镜湖在哪里？", passage)], 100, 100)
    names = {verdict.check for verdict in found} - {"empty", "same_as_question"}
    assert len(prepare(passage).folded) < 2 or names == set()
