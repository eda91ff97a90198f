"""`repair_brackets`: empty brackets go, filled ones are repaired, code stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.text.brackets import drop_bare_labels, repair_brackets


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("上海（）", "上海"),
        ("上海（ ，、；：,;: \u3000）市", "上海市"),
        ("上海（（）、{}，《》）市", "上海市"),
        ("《》《，》《上海》", "《上海》"),
        ("上海（沪；）、上海（，沪）", "上海（沪）、上海（沪）"),
        ("（甲，，乙； ，丙）", "（甲，乙；丙）"),
        ("（甲：，乙）", "（甲，乙）"),
        ("（甲::乙，std::string）", "（甲:乙，std::string）"),
        ("（，甲（，乙；）、）", "（甲（乙））"),
        ("（甲（、）乙[]）", "（甲乙）"),
        ("Sea (, water)", "Sea (water)"),
        ("Sea () water", "Sea water"),
        ("（\n）", ""),
        ("甲（，\n\n）乙《\n\n》", "甲乙"),
        ("（甲\n\n）", "（甲\n\n）"),
        # what stays
        ("run()、f_()、9()", "run()、f_()、9()"),
        ("（run()）", "（run()）"),
        ("run（），海()", "run，海"),
        ("a[]、{}、[ ]", "a[]、{}、[ ]"),
        ("（1）（二）(3)", "（1）（二）(3)"),
        ("《甲，》，，", "《甲，》，，"),
        ("( a )（10:30，1,000，std::string）", "( a )（10:30，1,000，std::string）"),
        ("（甲，", "（甲，"),
        ("，）甲（", "，）甲（"),
        ("", ""),
    ],
)
def test_rules(text: str, repaired: str) -> None:
    assert repair_brackets(text) == repaired


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("（英语：，又称甲）", "（，又称甲）"),
        ("（拉丁语： ；法语：B）", "（ ；法语：B）"),
        ("甲（学名：）", "甲（）"),
        ("他说：“好”（英语：A）", "他说：“好”（英语：A）"),
    ],
)
def test_bare_labels(text: str, left: str) -> None:
    assert drop_bare_labels(text) == left


@given(st.text(alphabet="（）()《》[]{}，；: 甲a\n", max_size=40))
def test_a_second_time_changes_nothing(text: str) -> None:
    once = repair_brackets(text)
    assert repair_brackets(once) == once


@pytest.mark.parametrize("unit", ["（", "（，", "(,", "（）", "[", "，", "， ", "（甲，", "）"])
def test_no_hang(unit: str) -> None:  # it would be hours
    repair_brackets(unit * 100_000)
    assert repair_brackets("（" * 10_000 + "，" + "）" * 10_000) == ""
