"""Mojibake names are mended, good names stay."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.text.names import mend_name

GOOD = [
    "",
    "plain.txt",
    "café.txt",
    "Ångström naïve.txt",
    "Zoë Müller – Größe.md",
    "São Paulo ações.txt",
    "Íñigo.txt",
    "ÅÄÖ.txt",
    "éèêë.txt",
    "Þórður.txt",
    "25°C-30°C.txt",
    "5µm ± 2.txt",
    "«Les Misérables».txt",
    "¿Qué tal?.txt",
    "─── notes ───.txt",
    "Привет.txt",
    "Ελλάδα.txt",
    "한국어.txt",
    "ドラえもん 第1巻.txt",
    "雪夜歸人.txt",
    "作品集/第一卷（上）.txt",
    "作品集/café/25°C.txt",
]
CHINESE = [
    "雪夜歸人.txt",
    "江湖夜雨十年燈.txt",
    "第一章 風起.txt",
    "卷三/渡口.txt",
    "《老船夫》作者：無名　全集.txt",
    "作品集2/第12章.txt",
]


@pytest.mark.parametrize("name", GOOD)
def test_good_names_stay(name: str) -> None:
    assert mend_name(name) == name


@pytest.mark.parametrize("encoding", ["big5hkscs", "gb18030", "utf-8"])
@pytest.mark.parametrize("code_page", ["cp437", "latin-1"])
@pytest.mark.parametrize("name", CHINESE)
def test_names_shown_in_a_western_code_page(name: str, code_page: str, encoding: str) -> None:
    assert mend_name(name.encode(encoding).decode(code_page)) == name


def test_names_shown_in_code_page_1252() -> None:
    assert mend_name("µÚÒ»ÕÂ.txt") == "第一章.txt"
    assert mend_name("±í.txt") == "表.txt"
    assert mend_name("ä¸\xadæ–‡.txt") == "中文.txt"  # UTF-8; 1252 has no character for 0xAD


def test_a_backslash_that_is_half_a_character() -> None:
    name = "許功蓋.txt"
    assert mend_name(name.encode("big5hkscs").decode("cp437")) == name


def test_accents_that_macos_took_apart() -> None:
    assert mend_name(unicodedata.normalize("NFD", "µÚÒ»ÕÂ.txt")) == "第一章.txt"


@pytest.mark.parametrize("encoding", ["big5hkscs", "gb18030", "utf-8"])
def test_bytes_that_the_system_could_not_decode(encoding: str) -> None:
    name = "雪夜歸人/第一章 風起.txt"
    assert mend_name(name.encode(encoding).decode("utf-8", "surrogateescape")) == name


def test_a_folder_in_one_encoding_and_a_file_in_another() -> None:
    name = "雪夜".encode() + b"/" + "渡口旧事.txt".encode("gb18030")
    assert mend_name(name.decode("utf-8", "surrogateescape")) == "雪夜/渡口旧事.txt"
    assert mend_name("雪夜/" + "渡口舊事.txt".encode("big5hkscs").decode("cp437")) == "雪夜/渡口舊事.txt"


@given(st.text(st.characters(), max_size=12))
def test_no_name_keeps_half_a_surrogate_pair(name: str) -> None:
    mend_name(name).encode()
    mend_name(name + "\udcb5\ud800").encode()
