"""Numbers in Chinese text, however they are written: 12,000, １２０００, 1.2万, 一万二千, 百分之十二."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

Value = int | Decimal

_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")}
_DIGITS |= {"零": 0, "○": 0, "两": 2} | {
    character: value for value, character in enumerate("壹贰叁肆伍陆柒捌玖", start=1)
}
_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8, "兆": 10**12}

_DIGIT = "〇○零一二两三四五六七八九壹贰叁肆伍陆柒捌玖"
_UNIT = "十百千万亿拾佰仟"
HAN_NUMERAL = f"{_DIGIT}{_UNIT}"
"""For use inside square brackets: the characters that numbers are written with in Han script."""

# The text is plain (folding.to_plain). 千米, 千克 are units, no thousands; 1.2.3 and 10,20,30 stay in one piece each.
_MAGNITUDE = "(?:[十百]?[千万](?![米克瓦卡伏赫斤])亿?|[十百]?亿|百(?![分米])|十(?=[多余几万亿]))"
_GROUPED = r"[0-9]{1,3}(?:[,' \u00a0\u2009\u202f][0-9]{3})+(?![0-9])"
NUMERAL = re.compile(
    rf"(?<![0-9])(?P<arabic>(?:{_GROUPED}|[0-9]+)(?:\.[0-9]+)?)(?P<magnitude>{_MAGNITUDE})?"
    rf"|(?P<percent>百分之)?(?P<han>[{HAN_NUMERAL}]+)"
)
_SEPARATOR = re.compile("[,' \u00a0\u2009\u202f]")
_MARKER = re.compile(r"(?:^|[\n;:。!?])[ \t\u3000]*[(（]?([0-9]{1,2})(?:[)）、]|\.(?![0-9]))")

_COUNTING = re.compile("[一二三四五六七八九两壹贰叁肆伍陆柒捌玖]")
_IDIOMS = ("五十步笑百步", "一千零一夜", "三十六计")


class Numeral(NamedTuple):
    """A number at `text[start:end]`. `values` are its readings, the full one first: 1.2万 is 12000, and 1.2 for short.

    `is_certain` is false for numerals that may be part of a word (三 of 三峡, 百 of 百姓).
    """

    start: int
    end: int
    text: str
    values: tuple[Value, ...]
    is_certain: bool


@lru_cache(maxsize=64)  # an answer is asked several times in a row
def find_numerals(plain: str) -> tuple[Numeral, ...]:
    """The numbers of a plain text, in order.

    >>> [(one.text, one.values) for one in find_numerals("约1.2万人,共三十二县")]
    [('1.2万', (Decimal('12000.0'), Decimal('1.2'))), ('三十二', (32,))]
    """
    found = []
    for match in NUMERAL.finditer(plain):
        if (han := match["han"]) is None:
            values = _arabic_values(match["arabic"], match["magnitude"] or "")
            found.append(Numeral(match.start(), match.end(), match[0], values, True))
        elif (value := parse_han(han)) is not None:
            counts = len(han) > 1 or match["percent"] is not None
            certain = counts and _COUNTING.search(han) is not None and not plain.startswith(_IDIOMS, match.start())
            readings = (value, *_shares(plain, match.end(), value))
            found.append(Numeral(match.start(), match.end(), match[0], readings, certain))
    return tuple(found)


def _arabic_values(digits: str, magnitude: str) -> tuple[Value, ...]:
    parts = _SEPARATOR.split(digits)
    number = _number("".join(parts))
    values = [number * parse_magnitude(magnitude), number] if magnitude else [number]
    if len(parts) > 1 and len(parts[0]) == len(parts[1]):  # 120,350 may be two numbers, 4,500 is one
        values += [_number(part) for part in parts]
    return tuple(values)


def _number(digits: str) -> Value:
    return int(digits) if len(digits) < 30 and "." not in digits else Decimal(digits)


def parse_magnitude(magnitude: str) -> int:
    """`万` is 10,000, `百万` a million."""
    value = 1
    for character in magnitude:
        value *= _UNITS.get(character) or _MYRIADS[character]
    return value


def _shares(plain: str, end: int, value: Value) -> tuple[Value, ...]:
    """八成 is 80 %, 五分之一 is 20 %."""
    if plain.startswith("成", end) and value < 10:
        return (value * 10,)
    if plain.startswith("分之", end) and 1 < value < 100 and (part := NUMERAL.match(plain, end + 2)) and part["han"]:
        above = parse_han(part["han"])
        if above is not None and above * 100 % value == 0:
            return (int(above * 100 / value),)
    return ()


@lru_cache(maxsize=1024)
def parse_han(numeral: str) -> Value | None:
    """The value of a number in Han characters; `None` where they are none (三五, 几百, 二三十).

    >>> parse_han("两万七千"), parse_han("一九三七"), parse_han("一百零五"), parse_han("三百五"), parse_han("二三十")
    (27000, 1937, 105, 350, None)
    """
    if len(numeral) == 1:
        return _DIGITS.get(numeral, _UNITS.get(numeral) or _MYRIADS.get(numeral))
    if all(character in _DIGITS for character in numeral):
        if len(numeral) == 2 and "〇" not in numeral and "零" not in numeral and "○" not in numeral:
            return None
        return int("".join(str(_DIGITS[character]) for character in numeral)) if len(numeral) < 30 else None
    return _parse_counted(numeral)


def _parse_counted(numeral: str) -> int | None:
    """A numeral with units: digits and units in turn, the units falling within each myriad."""
    total = section = unit_before = 0
    digit: int | None = None
    after_zero = False
    for place, character in enumerate(numeral):
        if character in _DIGITS:
            if digit is not None:
                return None
            after_zero = after_zero or _DIGITS[character] == 0
            digit = _DIGITS[character] or None
        elif character in _UNITS:
            unit = _UNITS[character]
            if (digit is None and place and (section or unit != 10)) or (section and unit >= unit_before):
                return None
            section += (digit or 1) * unit
            digit, unit_before, after_zero = None, unit, False
        else:
            section, unit = section + (digit or 0), _MYRIADS[character]
            if not section and not total:
                return None
            total = (total + section) * unit if total < unit else total + section * unit
            section, digit, unit_before, after_zero = 0, None, unit, False
    if digit and not after_zero and unit_before >= 100:  # 三百五, 两万三
        return total + section + digit * unit_before // 10
    return total + section + (digit or 0)


def list_markers(plain: str) -> set[int]:
    """Where the numbers of a list begin (1. … 2. …): they count the items and say nothing about the world."""
    markers = list(_MARKER.finditer(plain))
    if len(markers) < 2 or any(int(marker[1]) != number for number, marker in enumerate(markers, start=1)):
        return set()
    return {marker.start(1) for marker in markers}
