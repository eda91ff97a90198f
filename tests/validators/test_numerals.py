"""Numbers in Chinese text: what each form is worth, and what is no number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.folding import to_plain
from validators.numerals import Value, find_numerals, list_markers, parse_han

DIGITS = "零一二三四五六七八九"


def spelled(number: int) -> str:
    """A number below 10^8 in Han characters, as it is read out."""
    if number >= 10_000:
        rest = number % 10_000
        zero = "零" if 0 < rest < 1000 else ""
        return f"{spelled(number // 10_000)}万{zero}{spelled(rest) if rest else ''}"
    text, pending = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        pending = pending or (not digit and bool(text))
        if digit:
            text += ("零" if pending else "") + DIGITS[digit] + name
            pending = False
    return text


@given(st.integers(1, 10**8 - 1))
def test_every_number_is_read_as_it_is_spelled(number: int) -> None:
    assert parse_han(spelled(number)) == number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十五", 15),
        ("十", 10),
        ("二十", 20),
        ("两千", 2000),
        ("三百五", 350),
        ("一万五", 15000),
        ("一百零五", 105),
        ("十万", 100_000),
        ("百万", 1_000_000),
        ("三亿五千万", 350_000_000),
        ("六万二千四百亿", 6_240_000_000_000),
        ("一九三七", 1937),
        ("二〇〇八", 2008),
        ("壹佰", 100),
        ("万一", None),
        ("二三十", None),
        ("三五", None),
        ("十十", None),
        ("百十", None),
    ],
)
def test_han_numerals(text: str, value: Value | None) -> None:
    assert parse_han(text) == value


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("约６３００公里", [6300]),
        ("6,300公里", [6300]),
        ("１，２３４，５６７人", [1234567]),
        ("1 000 000人", [1000000]),
        ("1.2万人", [12000]),
        ("3.14", [Decimal("3.14")]),
        ("百分之五十", [50]),
        ("一萬二千公頃", [12000]),
        ("6.24万亿元", [6240000000000]),
        ("3千米", [3, 1000]),  # a unit, and no three thousand
        ("2008年08月", [2008, 8]),
        ("10:30", [10, 30]),
        ("3.11.7版", [Decimal("3.11"), 7]),
        ("50㎡和10²", [50, 10]),
        ("没有数字", []),
    ],
)
def test_numbers_of_a_text(text: str, values: list[Value]) -> None:
    assert [numeral.values[0] for numeral in find_numerals(to_plain(text))] == values


@pytest.mark.parametrize(
    ("text", "value"), [("八成", 80), ("五分之一", 20), ("1.2万", Decimal("1.2")), ("118,200", 200)]
)
def test_other_readings(text: str, value: Value) -> None:
    assert value in find_numerals(text)[0].values


def test_certain_and_not() -> None:
    certain = {one.text for one in find_numerals("三峡有二十五座桥,百姓千万别去,十分之一的人,九江") if one.is_certain}
    assert certain == {"二十五"}


def test_list_markers() -> None:
    assert list_markers("1. 水;2. 光") == {0, 5}
    assert list_markers("原因:(1)水;(2)光;(3)热") == {4, 9, 14}
    assert list_markers("1.5米;2、光") == set()
    assert list_markers("2、光;3、热") == set()


@given(st.text(st.characters() | st.sampled_from("0123456789.,，一二十百千万亿点分之第"), max_size=60))
def test_numerals_are_where_they_say(text: str) -> None:
    plain = to_plain(text)
    assert len(plain) == len(text)
    end = 0
    for numeral in find_numerals(plain):
        assert end <= numeral.start < numeral.end
        assert plain[numeral.start : numeral.end] == numeral.text
        end = numeral.end


def test_a_number_of_any_length() -> None:
    assert find_numerals("9" * 6000)[0].values == (Decimal("9" * 6000),)
