"""Which character is what: classes for regular expressions, the two scripts, and the fold of the comparisons."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from validators.errors import SikuError

if TYPE_CHECKING:  # numpy and OpenCC are loaded by the first call that needs them
    import numpy
    from numpy.typing import NDArray
    from opencc import OpenCC

# For use inside the square brackets of a regular expression.
HAN = "\u3005\u3007\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
"""Han characters of all planes with 々 and 〇; CJK radicals are symbols until `normalise` maps them."""
KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\uff66-\uff6f\uff71-\uff9d"
"""Hiragana and katakana, without ・ and ー: Chinese text borrows those for names and dashes."""
HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb\uffa1-\uffdc"
"""Hangul syllables and jamo."""

# What OpenCC 1.4 changed or took back against 1.1 and 1.2. A key must not depend on the release that is installed.
_PINNED = dict(zip("劄幷扞拚搧擡牴箚舖袷谿貍遶逕", "札并捍拼扇抬抵札铺夹溪狸绕径", strict=True))
_PINNED |= {character: character for character in "甦甯礆"}

# Characters of GB 2312 that t2s changes are at home in both scripts (乾 徵 夥 …), but for these two, which simplified
# text knows as rare surnames only.
_TRADITIONAL_THOUGH_IN_GB2312 = "後於"
# And these live on in simplified text (细雨濛濛, 睡眼矇眬, 束脩), though its charset forgot them.
_SIMPLIFIED_USES_TOO = "濛矇脩"
# Big5 has these, among its rarely used characters, for words of their own; in running text they are simplified.
_SIMPLIFIED_THOUGH_IN_BIG5 = "与价优体党凄厂厅厘听宁异怀怜惊扰据机极构柜栖洁洒涂确种离网胜蚕蜡触赶踊适"


@cache
def opencc_converter(configuration: str) -> OpenCC:
    """The OpenCC converter of a configuration such as `t2s`; refuses a package of that name that is not OpenCC."""
    install = "pip uninstall -y opencc-python-reimplemented && pip install --force-reinstall opencc"
    try:
        import opencc
    except ImportError as error:
        raise SikuError("OpenCC cannot be loaded", where="package opencc", why=str(error), next=install) from error
    # Two distributions are imported as `opencc`, and the one installed last wins; only the real one has a C++ base.
    if not any(base.__name__ == "_OpenCC" for base in opencc.OpenCC.__mro__):
        raise SikuError(
            "the package imported as `opencc` is not OpenCC",
            where=str(opencc.__file__),
            why="opencc-python-reimplemented has the same import name and other tables: 什么 becomes 什幺",
            next=install,
        )
    return opencc.OpenCC(configuration)


@cache
def simplified_characters() -> dict[str, str]:
    """Every traditional character of the basic plane that simplified script writes otherwise: `{"說": "说", …}`."""
    characters = [chr(code) for block in ((0x3400, 0x4DC0), (0x4E00, 0xA000)) for code in range(*block)]
    # One call for all: a line break keeps OpenCC from seeing words.
    simplified = opencc_converter("t2s").convert("\n".join(characters)).split("\n")
    table = dict(zip(characters, simplified, strict=True)) | _PINNED
    return {old: new for old, new in table.items() if old != new and len(new) == 1 and new <= "\uffff"}


def _in_charset(character: str, encoding: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


@cache
def traditional_only() -> frozenset[str]:
    """Characters that only traditional script uses (說 風 這 …); not 乾, 著, 藉, 徵 or 么, which both have."""
    both = {old for old in simplified_characters() if _in_charset(old, "gb2312")}
    both |= set(_SIMPLIFIED_USES_TOO)
    return frozenset(simplified_characters()) - both | frozenset(_TRADITIONAL_THOUGH_IN_GB2312)


@cache
def simplified_only() -> frozenset[str]:
    """Characters that only simplified script uses (说 风 这 …); not 后, 里, 干 or 云, which both have."""
    simplified = frozenset(simplified_characters().values()) - frozenset(simplified_characters())
    both = {new for new in simplified if _in_charset(new, "big5")}
    return simplified - both | frozenset(_SIMPLIFIED_THOUGH_IN_BIG5)


def _fold_character(character: str) -> str:
    """One character folded, or nothing."""
    folded = [letter for letter in unicodedata.normalize("NFKC", character).lower() if letter.isalnum()]
    if len(folded) != 1:  # nothing, or several (Ⅷ, ½, ﬁ): those are letters of their own
        folded = [character.lower()] if character.isalnum() else []
    return "".join(folded)


@cache
def fold_table() -> NDArray[numpy.uint16]:
    """The fold of every UTF-16 code unit; 0 where nothing is left of it, surrogates are themselves.

    For a key that is the same in both scripts, widths and cases and without punctuation:
    `folded = fold_table().take(units); folded = folded.compress(folded != 0)`.
    """
    import numpy

    table = numpy.zeros(0x10000, dtype="<u2")
    table[0xD800:0xE000] = range(0xD800, 0xE000)
    simplified = simplified_characters()
    for code in (*range(0xD800), *range(0xE000, 0x10000)):
        folded = _fold_character(chr(code))
        folded = simplified.get(folded, folded)
        if folded and folded <= "\uffff":
            table[code] = ord(folded)
    table = table[table]  # 薴 → 苧 → 苎: a folded text folds to itself
    table.setflags(write=False)
    return table


_OUTSIDE_THE_TABLE = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")


def fold(text: str) -> str:
    """What is compared of a text: simplified, half width, lower case, letters and digits only.

    >>> fold("《紅樓夢》第１２回 ABC")
    '红楼梦第12回abc'
    """
    import numpy

    units = numpy.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")
    folded = fold_table().take(units)
    kept = folded.compress(folded != 0).tobytes().decode("utf-16-le", "surrogatepass")
    return _OUTSIDE_THE_TABLE.sub(lambda match: _fold_character(match[0]), kept)
