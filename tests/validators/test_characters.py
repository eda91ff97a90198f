"""Character classes, the two scripts, and the fold that comparisons are made with."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from validators.characters import (
    HAN,
    HANGUL,
    KANA,
    fold,
    fold_table,
    opencc_converter,
    simplified_only,
    traditional_only,
)
from validators.errors import SikuError


@pytest.mark.parametrize(
    ("characters", "yes", "no"),
    [
        (HAN, "一龥〇々㐀𠮷𪚥𰻝豈", "aア가①，。⼀\u3000１"),
        (KANA, "あァヴヶゝヽｱﾝ", "一ー・ｰ가aㄅ"),
        (HANGUL, "가힣ᄀㄱﾡ", "一あa"),
    ],
)
def test_classes(characters: str, yes: str, no: str) -> None:
    pattern = re.compile(f"[{characters}]")
    assert [character for character in yes if not pattern.match(character)] == []
    assert [character for character in no if pattern.match(character)] == []


def test_script_of_a_character() -> None:
    assert traditional_only() >= set("說風這個們後於門龍")
    assert simplified_only() >= set("说风这个们门龙听与")
    # at home in both, whatever a converter does to them
    both = set("乾著藉么麽坏锺幺徵瞭后里干面云台余范只丑万濛脩")
    assert not both & (traditional_only() | simplified_only())
    assert not traditional_only() & simplified_only()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("《紅樓夢》第１２回 ＡＢＣ abc", "红楼梦第12回abcabc"),
        ("“好！”他說……", "好他说"),
        ("\u3000他 走\n了\u200b。", "他走了"),
        ("⼀豈①", "一岂1"),
        ("𠮷野家😀", "𠮷野家"),
        ("薴", "苎"),
        ("İKﬁ²", "ikﬁ2"),
        ("\ud800他\udc00", "他"),
        ("——，。！", ""),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_a_folded_text_folds_to_itself(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert folded.isalnum() or not folded


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_the_table_is_the_fold_of_the_basic_plane(text: str) -> None:
    units = numpy.frombuffer(text.encode("utf-16-le"), dtype="<u2")
    folded = fold_table()[units]
    assert folded[folded != 0].tobytes().decode("utf-16-le") == fold(text)


def test_the_table_leaves_surrogates_and_cannot_be_written() -> None:
    table = fold_table()
    assert table.shape == (0x10000,)
    assert table[0xD83D] == 0xD83D
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_fold_is_the_same_under_every_release_of_opencc() -> None:
    # what 1.4 changed or took back against 1.1 and 1.2
    assert fold("劄幷扞拚搧擡牴箚舖袷谿貍遶逕") == "札并捍拼扇抬抵札铺夹溪狸绕径"
    assert fold("甦甯礆") == "甦甯礆"


def test_another_package_named_opencc_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("opencc")
    other.__file__ = "site-packages/opencc/__init__.py"
    other.OpenCC = type("OpenCC", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "opencc", other)
    with pytest.raises(SikuError, match="is not OpenCC") as error:
        opencc_converter.__wrapped__("t2s")
    assert "pip uninstall -y opencc-python-reimplemented" in error.value.next
