"""The figures of `Quality`: what is quick about them tells the same as the rule, stated plainly."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from validators import measures
from validators.language import _Sign, _sign_table
from validators.measures import Kind, charset, code_units, is_varied, kind_table, repetition, teaser_share
from validators.quality import GENRES

UNICODE = st.one_of(st.characters(), st.characters(categories=["Cs"]))  # lone surrogates, too
VARIED = "春天来得很晚山上的雪一直到四月才化完老周把船靠在岸边坐下来抽了一袋烟院子里的枣树今年结得特别多压弯了枝条"
PIECES = ["加油", VARIED, VARIED[::-1], VARIED[7:19], "风", "\U00020000", "\U0003fffd水", *VARIED]


@given(st.lists(st.sampled_from(PIECES), max_size=200), st.integers(1, 30), st.sampled_from(list(GENRES)))
@example([VARIED], 1, "novel")
@example(["加油", VARIED], 5, "poetry")
def test_what_is_varied_has_no_figure_beyond_the_limits(pieces: list[str], times: int, genre: str) -> None:
    limits, han = GENRES[genre], code_units("".join(pieces * times)[:20_000])
    if is_varied(han, limits.max_repeated_share, limits.min_distinct_share, limits.max_stuffing):
        exact = repetition(han)
        assert exact.repeated_share <= limits.max_repeated_share
        assert exact.distinct_share >= limits.min_distinct_share
        assert exact.top_pair_share / exact.distinct_share <= limits.max_stuffing


def test_prose_is_varied_and_a_cry_is_not() -> None:
    assert is_varied(code_units(VARIED), 0.5, 0.5, 0.1)
    assert not is_varied(code_units("加油" * 40), 0.5, 0.5, 0.1)
    assert not is_varied(code_units(VARIED * 9), 0.5, 0.5, 0.1)
    assert not is_varied(code_units("".join(f"加油{one}" for one in VARIED)), 1.0, 0.0, 0.1), "a third of the pairs"


NESTED_LINK = (
    f"(?:(?:点击|點擊)?(?:{measures._VERBS})(?:{measures._REST}){{1,3}}|更多|全文|详情|詳情|详细|詳細|展开|展開)"
)
NESTED_TEASER = re.compile(
    rf"(?:(?:…|\.{{3}}|。{{3}}|．{{3}})[ \u3000]{{0,4}}[\[【(（<《]?(?:{NESTED_LINK})?|{NESTED_LINK})"
    r"[\]】)）>》»›→]{0,4}(?=\s|\Z)"
)
ENDS = ["…", "……", "...", "。。。", "．．．", "。", "！", "点击", "點擊", "查看", "了解", "更多", "全文", "展開"]
ENDS += ["》", "）", "]", "【", "(", "→", "雨停了", "x", " ", "\u3000", "\n", "\n\n", "\r", "\u2028", "\x1f"]
TEXTS = st.lists(st.one_of(st.sampled_from(ENDS), UNICODE), max_size=60).map("".join)


@given(TEXTS)
def test_a_teaser_is_found_by_its_first_character(text: str) -> None:
    assert [match.span() for match in measures._TEASER.finditer(text)] == [
        match.span() for match in NESTED_TEASER.finditer(text)
    ]


def teasers(text: str) -> float:
    """The share as `teaser_share` has it, line by line whatever the text."""
    lines = ended = 0
    for line in filter(None, map(str.rstrip, text.split("\n"))):
        is_link = re.fullmatch(rf"[\[【(（<《]?{NESTED_LINK}[\]】)）>》»›→]{{0,4}}", line.lstrip())
        if line[-1] not in measures._TEASER_ENDS:
            lines += 1
        elif lines and len(line) <= 40 and is_link:
            ended = min(ended + 1, lines)
        else:
            lines += 1
            ended += measures._breaks_off(line)
    share = ended / lines if ended >= 3 else 0.0
    stops = sum(map(text.count, "。！？"))
    if stops * 80 > len(text):
        return share
    cut = len(NESTED_TEASER.findall(text))
    return max(share, cut / (cut + stops + lines - ended)) if cut >= 3 else share


@given(TEXTS)
@example("据悉…\n" * 3)
@example("雨停了\n查看更多\n" * 3)
@example("雨停了。\n查看全文 \x1f \n" * 3)
@example("据悉… 记者看到... 本周末。。。")
@example("会议指出…\u3000\u3000（更多）\r\n" * 4)
def test_teasers_are_the_same_however_they_are_counted(text: str) -> None:
    assert teaser_share(text) == teasers(text)


def test_a_charset_is_its_pairs_one_by_one() -> None:
    for encoding, rows in (("gb2312", range(0xB0, 0xF8)), ("big5", range(0xA4, 0xFA)), ("euc_jp", range(0xB0, 0xF5))):
        pairs = [bytes((row, cell)).decode(encoding, "ignore") for row in rows for cell in range(0x40, 0xFF)]
        assert charset(encoding, rows) == "".join(one for one in "".join(pairs) if "\u4e00" <= one <= "\u9fff")


def test_signs_of_languages() -> None:
    def signs(character: str) -> _Sign:
        return _Sign(int(_sign_table()[ord(character)]))

    assert signs("说") == _Sign.HAN | _Sign.SIMPLIFIED | _Sign.NOT_JAPANESE
    assert signs("國") == _Sign.HAN | _Sign.TRADITIONAL | _Sign.UNLIKE_JAPANESE
    assert signs("這") == _Sign.HAN | _Sign.TRADITIONAL | _Sign.NOT_JAPANESE
    assert signs("駅") == _Sign.HAN | _Sign.ONLY_JAPANESE
    assert signs("山") == _Sign.HAN
    assert signs("の") == _Sign.KANA
    assert signs("，") == _Sign.UNLIKE_JAPANESE
    assert kind_table()[ord("，")] == Kind.MARK
