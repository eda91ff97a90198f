"""Chinese, Japanese, Korean or English, and which of the two Chinese scripts: told by the characters alone."""

from __future__ import annotations

from enum import IntFlag
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from validators.characters import simplified_only, traditional_only
from validators.measures import Kind, charset, code_units, kind_table

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from validators.measures import Kinds


class Language(NamedTuple):
    """`Language("zh", "Hant")`: `lang` is empty where nothing tells, `script` is for Chinese only."""

    lang: Literal["zh", "ja", "ko", "en", ""]
    script: Literal["Hans", "Hant"] | None = None


class _Sign(IntFlag):
    """What a character says about the language of its text; one without a sign says nothing."""

    NONE = 0
    HAN = 1
    SIMPLIFIED = 2  # only simplified script has it
    TRADITIONAL = 4  # only traditional script has it
    UNLIKE_JAPANESE = 8  # Japanese writes it rarely: 國, or the full-width comma
    NOT_JAPANESE = 16  # Japanese does not write it: 们, 说, 這
    KANA = 32
    HANGUL = 64
    LATIN = 128
    OTHER = 256  # letters of other scripts, and Latin ones with accents
    ONLY_JAPANESE = 512  # no Chinese script writes it: 駅, 図, 産


_LETTERS = {
    Kind.KANA: _Sign.KANA,
    Kind.HANGUL: _Sign.HANGUL,
    Kind.LATIN: _Sign.LATIN,
    Kind.WESTERN: _Sign.OTHER,
    Kind.FOREIGN: _Sign.OTHER,
}
# The Japanese standard has them, but for names and old books; in Chinese they are everyday words.
_CHINESE_WORDS = "這你妳她它哪呢嗎吧啊很"


@cache
def _sign_table() -> NDArray[numpy.uint16]:
    import numpy

    kinds = kind_table()
    table = numpy.zeros(len(kinds), dtype=numpy.uint16)
    table[(kinds >= Kind.PLAIN) & (kinds <= Kind.RARE)] = _Sign.HAN
    for kind, sign in _LETTERS.items():
        table[kinds == kind] = sign
    everyday = frozenset(charset("euc_jp", range(0xB0, 0xD0)))
    japanese = everyday | frozenset(charset("euc_jp", range(0xD0, 0xF5)))
    chinese = frozenset(charset("gb2312", range(0xB0, 0xF8)) + charset("big5", range(0xA4, 0xFA)))
    han = frozenset(map(chr, (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))))
    for sign, characters in (
        (_Sign.ONLY_JAPANESE, everyday - chinese),
        (_Sign.NOT_JAPANESE, han - japanese | frozenset(_CHINESE_WORDS)),
        (_Sign.SIMPLIFIED, simplified_only()),
        (_Sign.TRADITIONAL, traditional_only()),
        (_Sign.UNLIKE_JAPANESE, traditional_only() - everyday),
    ):
        table[list(map(ord, characters))] |= sign.value
    table[ord("，")] = _Sign.UNLIKE_JAPANESE
    table.setflags(write=False)
    return table


def _count_words(kinds: Kinds) -> int:
    """How many runs of Latin letters there are."""
    import numpy

    latin = kinds == Kind.LATIN
    return int(numpy.count_nonzero(latin[1:] & ~latin[:-1])) + int(latin[:1].sum())


def detect_language(text: str) -> Language:
    """The language of a text by its share of scripts; the signs of all its characters are counted in one pass.

    >>> detect_language("空山新雨後，天氣晚來秋。")
    Language(lang='zh', script='Hant')
    >>> detect_language("増税法案可決へ、与党が方針")
    Language(lang='ja', script=None)
    """
    import numpy

    units = code_units(text)
    histogram = numpy.bincount(_sign_table()[units], minlength=2 * _Sign.ONLY_JAPANESE)
    present = [(signs, int(histogram[signs])) for signs in numpy.flatnonzero(histogram).tolist()]

    def count(sign: _Sign) -> int:
        return sum(times for signs, times in present if signs & sign.value)

    han, latin, other = count(_Sign.HAN), count(_Sign.LATIN), count(_Sign.OTHER)
    kana, hangul = count(_Sign.KANA), count(_Sign.HANGUL)
    if kana or hangul:
        # Three to one: a kyūjitai in a Japanese name is no rarity, 们 is; a comma may be anyone's.
        against = 3 * count(_Sign.NOT_JAPANESE) + count(_Sign.UNLIKE_JAPANESE)
        lone = kana + hangul == 1 and han > 0 and (against > 0 or "の" in text) and not count(_Sign.ONLY_JAPANESE)
        if not lone and (kana + hangul > against or han == 0):
            return Language("ja" if kana >= hangul else "ko")
    if other > han + latin:
        return Language("")
    words = _count_words(kind_table()[units]) if latin > 2 * han else 0
    if words > 2 * han:
        # More than one accented letter in 25 is some other language in Latin letters.
        return Language("en" if other * 25 <= latin else "")
    if han == 0:
        return Language("")
    simplified, traditional = count(_Sign.SIMPLIFIED), count(_Sign.TRADITIONAL)
    if simplified == traditional:
        return Language("zh")
    return Language("zh", "Hans" if simplified > traditional else "Hant")
