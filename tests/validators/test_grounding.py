"""`check_grounding`: what an answer says otherwise than the passage, and what it may say in other words."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.grounding import CHECKS, check_grounding, supporting_span
from validators.passages import Passage
from validators.qa_pairs import check_pairs

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("grounding_cases.jsonl").read_text(encoding="utf-8").splitlines()
]
SUPPORTED = "supported"

# What share of a label's pairs is refused, at least; of supported ones, at most (see benchmarks/grounding.py).
DOCUMENTED = {
    "tune": {
        "supported": 0.03,
        "wrong_name": 0.87,
        "wrong_number": 0.95,
        "wrong_negation": 0.96,
        "wrong_unit": 0.99,
        "world_knowledge": 0.96,
        "half_supported": 0.9,
    },
    "report": {
        "supported": 0.0,
        "wrong_name": 0.79,
        "wrong_number": 0.87,
        "wrong_negation": 0.99,
        "wrong_unit": 0.99,
        "world_knowledge": 0.99,
        "half_supported": 0.99,
    },
}


def refusals(part: str) -> tuple[dict[str, float], float]:
    """The share of each label that is refused, and the precision of refusing."""
    pairs: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for case in CASES:
        if case["part"] != part:
            continue
        passage = Passage(case["passage"])
        for pair in case["pairs"]:
            asked = (pair["question"], pair["answer"])
            pairs[pair["label"]] += 1
            [found] = check_pairs(passage, [asked], 100, 300)
            is_refused = "ungrounded_answer" in {one.check for one in found} or check_grounding(passage, *asked)
            refused[pair["label"]] += bool(is_refused)
    return {label: refused[label] / count for label, count in pairs.items()}, 1 - refused[SUPPORTED] / refused.total()


@pytest.mark.parametrize("part", sorted(DOCUMENTED))
def test_the_documented_figures_hold(part: str) -> None:
    shares, precision = refusals(part)
    documented = DOCUMENTED[part]
    assert shares.keys() == documented.keys()
    assert precision >= 0.95
    assert shares[SUPPORTED] <= documented[SUPPORTED]
    assert {label: share for label, share in shares.items() if label != SUPPORTED and share < documented[label]} == {}


def test_the_set_is_large_and_varied() -> None:
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for case in CASES:
        labels[case["part"]].update(pair["label"] for pair in case["pairs"])
    assert labels["tune"].total() >= 700
    assert labels["report"].total() >= 150
    assert len({case["name"] for case in CASES}) == len(CASES) >= 70


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_the_passage_says_is_never_refused(case: dict[str, Any]) -> None:
    """Its sentences, alone and by two, and sentences without their first or last clause."""
    passage = Passage(case["passage"])
    sentences = [sentence for sentence in re.split("(?<=[。！？])", case["passage"]) if sentence]
    for place, sentence in enumerate(sentences):
        clauses = re.split("(?<=[，；])", sentence)
        for answer in (sentence, "".join(sentences[place : place + 2]), "".join(clauses[1:]), "".join(clauses[:-1])):
            assert check_grounding(passage, case["pairs"][0]["question"], answer) == []


RIVER = (
    "长江发源于青藏高原的唐古拉山脉，全长约6300公里，自西向东流，注入东海。黄河全长约5464公里，注入渤海。"
    "张明山在1958年测量长江，李文清在1962年测量黄河。长江不会断流，黄河曾经断流。枯水期水位下降三成。"
)


@pytest.mark.parametrize(
    ("question", "answer", "check"),
    [
        ("长江发源于哪里？", "长江发源于青藏高原的昆仑山脉。", "wrong_name"),
        ("长江注入哪片海？", "长江注入南海。", "wrong_name"),
        ("谁测量了长江？", "李文清在1958年测量长江。", "wrong_name"),
        ("谁测量了长江？", "张明水在1958年测量长江。", "wrong_name"),
        ("长江流向哪里？", "长江自东向西流。", "wrong_name"),
        ("长江发源于哪里？", "长江发源于云贵高原，注入印度洋。", "wrong_name"),
        ("长江写进了哪本书？", "长江全长约6300公里，见《水经注》。", "wrong_name"),
        ("长江会断流吗？", "长江会断流。", "wrong_negation"),
        ("黄河会断流吗？", "黄河不曾断流。", "wrong_negation"),
        ("枯水期水位怎样？", "枯水期水位上升三成。", "wrong_negation"),
        ("长江有多长？", "长江全长约6300米。", "wrong_unit"),
        ("长江有多长？", "长江全长约6300万公里。", "wrong_unit"),
        ("谁测量了黄河？", "张明山在1962年测量黄河。", "wrong_name"),
        ("水位下降多少？", "枯水期水位下降五成。", "wrong_number"),
        ("长江有什么特点？", "长江不会断流，沿岸盛产柑橘茶叶和中药材。", "unsupported_part"),
    ],
)
def test_what_is_said_otherwise(question: str, answer: str, check: str) -> None:
    found = check_grounding(RIVER, question, answer)
    assert check in [verdict.check for verdict in found]
    assert all(verdict.check in CHECKS and verdict.why for verdict in found)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("长江发源于哪里？", "长江的源头在青藏高原的唐古拉山脉。"),
        ("长江有多长？", "全长大约六千三百公里。"),
        ("长江有多长？", "約為６，３００公里。"),
        ("长江有多长？", "长江全长约6300千米。"),
        ("长江流向哪里？", "从西往东流入东海。"),
        ("谁测量了黄河？", "1962年，李文清对黄河进行了测量。"),
        ("谁测量了黄河？", "文清。"),
        ("长江会断流吗？", "不会，长江并不会断流。"),
        ("哪条河断流过？", "黄河断流过，长江则没有。"),
        ("长江比黄河长多少？", "长江全长约6300公里，黄河约5464公里。"),
        ("黄河比长江短吗？", "黄河的长度少于长江。"),
        ("枯水期水位怎样？", "枯水期水位降低30%。"),
        ("长江注入哪里？", "長江注入東海。"),
        ("两条河注入哪里？", "黄河和长江分别注入渤海和东海。"),
    ],
)
def test_what_is_said_in_other_words(question: str, answer: str) -> None:
    assert check_grounding(RIVER, question, answer) == []


def test_one_verdict_for_a_check_and_a_reason_with_both_sides() -> None:
    [verdict] = check_grounding(RIVER, "长江发源于哪里？", "长江发源于青藏高原的昆仑山脉和祁连山。")
    assert verdict.check == "wrong_name"
    [verdict] = check_grounding(RIVER, "长江有多长？", "全长约6300米。")
    assert verdict.why == "6300 的单位，原文是“公里”，答案写成了“米”"


def test_the_order_of_a_comparison() -> None:
    passage = "左心室壁又比右心室壁厚。甲队高于乙队。"
    assert check_grounding(passage, "哪个厚？", "左心室壁比右心室壁厚。") == []
    assert check_grounding(passage, "谁低？", "乙队低于甲队。") == []
    [verdict] = check_grounding(passage, "哪个厚？", "右心室壁比左心室壁厚。")
    assert verdict.check == "wrong_name"


def test_lists_may_be_in_any_order() -> None:
    passage = "画上有法拉第、麦克斯韦和叔本华三人。"
    assert check_grounding(passage, "画上有谁？", "画上有叔本华、麦克斯韦和法拉第三人。") == []


@pytest.mark.parametrize(
    ("answer", "sentences"),
    [
        ("长江注入东海。", "长江发源于青藏高原的唐古拉山脉，全长约6300公里，自西向东流，注入东海。"),
        ("黄河约长五千四百六十四公里。", "黄河全长约5464公里，注入渤海。"),
        ("長江不會斷流。", "长江不会断流，黄河曾经断流。"),
        (
            "李文清在1962年测量黄河，黄河曾经断流。",
            "张明山在1958年测量长江，李文清在1962年测量黄河。长江不会断流，黄河曾经断流。",
        ),
    ],
)
def test_supporting_span(answer: str, sentences: str) -> None:
    span = supporting_span(RIVER, answer)
    assert span is not None
    assert RIVER[slice(*span)] == sentences


def test_no_supporting_span() -> None:
    assert supporting_span(RIVER, "珠穆朗玛峰") is None
    assert supporting_span("", "长江") is None
    assert supporting_span(RIVER, "") is None


def test_spans_are_code_points_of_the_passage() -> None:
    passage = "\u3000𠮷田家在山上。\n李家在河边。"
    assert supporting_span(passage, "李家在河边") == (passage.index("李"), len(passage))


TEXT = st.text(
    st.characters() | st.sampled_from("长江黄河不没有比向东西高于低于第一二三0123456789.,，。、《》；\n米公里张李"),
    max_size=60,
)


@given(TEXT, TEXT, TEXT)
def test_any_text_gets_verdicts(passage: str, question: str, answer: str) -> None:
    found = check_grounding(passage, question, answer)
    names = [verdict.check for verdict in found]
    assert len(names) == len(set(names))
    assert set(names) <= set(CHECKS)
    span = supporting_span(passage, answer)
    assert span is None or 0 <= span[0] < span[1] <= len(passage)


def test_a_very_long_answer_is_read() -> None:
    answer = "长江会断流，" * 2000 + "长" * 20_000
    checks = [verdict.check for verdict in check_grounding(RIVER, "长江会断流吗？", answer)]
    assert checks == ["wrong_negation", "unsupported_part"]
