"""Units of measure after a number: which are the same, and which are not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from validators.numerals import Numeral, Value, find_numerals
from validators.step import Verdict

# A dimension is a tuple of its units; `/` separates ways of writing one unit. The last only counts.
_DIMENSIONS = (
    "公里/千米/km 米/公尺/m 分米 厘米/公分/cm 毫米/mm 微米/μm 纳米/nm 英里 海里 里/华里 丈 尺/英尺 寸/英寸 光年",
    "平方公里/平方千米/km²/km2 平方米/㎡/m²/m2/平米 平方厘米 公顷 亩 平方英里 英亩",
    "立方米/m³ 立方厘米 立方千米/立方公里 升/公升/l 毫升/ml 加仑 桶",
    "吨/公吨/t 公斤/千克/kg 斤 两 克/g 毫克/mg 微克/μg 磅 盎司 克拉 担",
    "世纪 年代 年/岁/周年/周岁/年级/载 个月/月 个星期/星期/周/礼拜 天/日/号"
    " 个小时/小时/钟头/个钟头/h 点/点钟/时 分钟/分 秒/秒钟 毫秒",
    "元/块/块钱/圆/人民币 角 美元/美金 英镑 欧元 日元 港元/港币 卢布 法郎 马克 卢比 韩元 大洋/银元",
    "摄氏度/℃/度/°c/° 华氏度/℉ 开尔文",
    "倍 % 个百分点 ‰",
    "瓦 千瓦 兆瓦 千瓦时 伏/伏特 千伏 安/安培 赫兹 千赫 兆赫 焦耳/焦 千焦 卡 千卡/大卡",
    "牛顿/牛 帕/帕斯卡 千帕 兆帕 毫米汞柱",
    "毫摩尔 摩尔",
    "人/名/位/口/个/只/条/头/匹/件/座/艘/辆/架/枚/颗/张/篇/首/本/册/卷/部/家/所/间/户/种/类/项/台/套/尊/箱/株/棵"
    "/朵/块/片/粒/滴/次/回/趟/届/场/层/级/队/组/班/字/句/页/章/节",
)
_COUNTING = len(_DIMENSIONS) - 1
PREFIXES = frozenset("千毫微厘分兆")
_NEVER_COUNTERS = frozenset("米元吨克天年")


def _read_units() -> dict[str, tuple[int, int]]:
    units: dict[str, tuple[int, int]] = {}
    for dimension, line in enumerate(_DIMENSIONS):
        for place, group in enumerate(line.split()):
            for name in group.split("/"):
                units.setdefault(name, (dimension, place))
    return units


UNITS = _read_units()
"""Unit as written, plain, to (dimension, unit)."""
_UNIT = re.compile(
    f"(?!个?星期[一二三四五六日天])(?:{'|'.join(map(re.escape, sorted(UNITS, key=len, reverse=True)))})(?![a-z])"
)
_RANGE = re.compile("(?:至|到|~|-|—|–|、|或|和)[约近]?")
_ROUGHLY = frozenset("多余几来整")
_MIN_MAGNITUDE = 100  # 八成 and 80 % are no magnitudes


def find_unit(plain: str, numeral: Numeral, numerals: dict[int, Numeral]) -> str | None:
    """The unit of a number, also of the first of a range (30至60公里); `None` without one."""
    if numeral.text.startswith("百分之"):
        return "%"
    end = numeral.end
    for _ in range(2):
        end += plain[end : end + 1] in _ROUGHLY
        if match := _UNIT.match(plain, end):
            return match[0]
        bridge = _RANGE.match(plain, end)
        if not bridge or not (following := numerals.get(bridge.end())):
            return None
        end = following.end
    return None


def same_unit(one: str, other: str) -> bool:
    """Equal units, or ones that only count."""
    return UNITS[one] == UNITS[other] or UNITS[one][0] == UNITS[other][0] == _COUNTING


def check_units(passage: str, answer: str, known: Mapping[Value, set[str | None]]) -> Iterator[Verdict]:
    """Numbers of an answer that a passage has with another unit or magnitude (万, 亿); `known` is `units_in(passage)`.

    Both texts are plain.
    """
    numerals = {one.start: one for one in find_numerals(answer)}
    for numeral in numerals.values():
        unit = find_unit(answer, numeral, numerals)
        if unit is None or numeral.text == "一" or answer[: numeral.start].endswith(("第", ".")):
            continue
        if units := known.get(numeral.values[0]):
            if not any(one is None or same_unit(unit, one) or _may_be(unit, one) for one in units):
                wanted = "、".join(sorted(one for one in units if one))
                yield Verdict("wrong_unit", f"{numeral.text} 的单位，原文是“{wanted}”，答案写成了“{unit}”")
        elif number := _other_magnitude(passage, numeral):
            yield Verdict("wrong_unit", f"原文的数字是“{number}”，答案写成了“{numeral.text}{unit}”")


def _may_be(unit: str, other: str) -> bool:
    """Units that stand for each other in some contexts (8 时, 8 小时), and most beside a counter (30 度, 30 层)."""
    if {unit, other} in ({"小时", "时"}, {"个小时", "时"}):
        return True
    counters = [one for one in (unit, other) if UNITS[one][0] == _COUNTING]
    measure = other if unit in counters else unit
    return bool(counters) and len(measure) == 1 and measure not in _NEVER_COUNTERS


def units_in(plain: str) -> dict[Value, set[str | None]]:
    """For every number of a plain text the units that it has there; `None` where it stands without one."""
    units: dict[Value, set[str | None]] = {}
    places = {one.start: one for one in find_numerals(plain)}
    for numeral in places.values():
        full, *others = numeral.values
        units.setdefault(full, set()).add(find_unit(plain, numeral, places))
        for value in others:  # 八成 may be 80 %
            if numeral.text[0] > "9":
                units.setdefault(value, set()).add(None)
    return units


def _other_magnitude(passage: str, numeral: Numeral) -> str | None:
    """How the passage writes a number of which the answer has the digits with another 万 or 亿, or without one."""
    for other in find_numerals(passage):
        small, large = sorted((numeral.values[0], other.values[0]))
        if _digits(numeral) == _digits(other) is not None and small and large >= small * _MIN_MAGNITUDE:
            return other.text
    return None


def _digits(numeral: Numeral) -> Value | None:
    """The number before 万 or 亿 in figures; `None` where all of it is in Han characters."""
    if not "0" <= numeral.text[0] <= "9":
        return None
    return numeral.values[0 if "0" <= numeral.text[-1] <= "9" else 1]
