"""Encodings are told apart, damage stays local, and every character knows its bytes."""

from __future__ import annotations

import codecs
import os
import random
from importlib.metadata import distribution
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.text.common_han import COMMON_HAN, bits_of, count_common_han
from builders.text.decode import byte_offset, decode, looks_binary

SIMPLIFIED = "那天夜里，他推开门，看见院子里站着一个陌生人，肩上落满了雪。“请问，这里是渡口吗？”\n老船夫没有回答，只把灯举高了些。"
TRADITIONAL = "那天夜裡，他推開門，看見院子裡站著一個陌生人，肩上落滿了雪。「請問，這裡是渡口嗎？」\n老船夫沒有回答，只把燈舉高了些。"
CLASSICAL = "初，吳人有漁於江者，日暮而歸，見老翁坐石上，問之曰：「君何為者也？」翁笑而不應，遂乘舟去。"

CODECS = {"utf-8": SIMPLIFIED, "gb18030": SIMPLIFIED, "big5hkscs": TRADITIONAL, "utf-16-le": SIMPLIFIED}
ALL_CODECS = {**CODECS, "utf-16-be": TRADITIONAL}


@pytest.mark.parametrize("text", [SIMPLIFIED, TRADITIONAL, CLASSICAL])
def test_every_encoding_in_every_script(text: str) -> None:
    for encoding in {*ALL_CODECS} - ({"big5hkscs"} if text is SIMPLIFIED else set()):
        assert decode(text.encode(encoding)) == (text, encoding, 0, False)


@pytest.mark.parametrize("heading", ["第一章 風起", "第十二回 歸人", "卷三 江湖夜雨", "楔子　雪夜", "書劍恩仇", "後記"])
def test_traditional_headings_of_a_dozen_bytes(heading: str) -> None:
    for encoding in ("big5hkscs", "gb18030", "utf-8", "utf-16-le", "utf-16-be"):
        assert decode(heading.encode(encoding)) == (heading, encoding, 0, False)


@pytest.mark.parametrize(
    "heading", ["第一章 风起", "第十二回 归人", "卷三 江湖夜雨", "楔子　雪夜", "你好", "谢谢", "一些"]
)
def test_simplified_headings_of_a_dozen_bytes(heading: str) -> None:
    for encoding in ("gb18030", "utf-8"):
        assert decode(heading.encode(encoding)) == (heading, encoding, 0, False)


@pytest.mark.parametrize("heading", ["第三十七回 救商旅侠女探泉 走长街灵童运水", "第八十一回 急兄难连夜出城"])
def test_utf_16_that_looks_like_half_ascii(heading: str) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        assert decode(heading.encode(encoding)) == (heading, encoding, 0, False)


@pytest.mark.parametrize("encoding", ALL_CODECS)
def test_evidence_behind_a_long_ascii_head(encoding: str) -> None:
    text = "Title: a tale\nFormat: plain\n" * 3000 + ALL_CODECS[encoding][:6]
    assert decode(text.encode(encoding)) == (text, encoding, 0, False)


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (codecs.BOM_UTF8 + "雪夜".encode(), "雪夜", "utf-8"),
        (codecs.BOM_UTF8 + "雪夜归人，灯火可亲。".encode("gb18030"), "雪夜归人，灯火可亲。", "gb18030"),
        (codecs.BOM_UTF16_LE + "雪夜".encode("utf-16-le"), "雪夜", "utf-16-le"),
        (codecs.BOM_UTF16_BE + "雪夜".encode("utf-16-be"), "雪夜", "utf-16-be"),
        ("\ufeff雪夜归人".encode("gb18030"), "雪夜归人", "gb18030"),
        (codecs.BOM_UTF16_LE, "", "utf-16-le"),
        (codecs.BOM_UTF8, "", "utf-8"),
        ("上卷\n".encode() + codecs.BOM_UTF8 + "下卷\n".encode(), "上卷\n下卷\n", "utf-8"),
    ],
)
def test_no_byte_order_mark_stays(raw: bytes, text: str, encoding: str) -> None:
    assert decode(raw)[:2] == (text, encoding)


@pytest.mark.parametrize("padding", [1, 2, 3, 64, 4096])
@pytest.mark.parametrize("encoding", ALL_CODECS)
def test_no_nul_padding_stays(encoding: str, padding: int) -> None:
    for text in (ALL_CODECS[encoding], ALL_CODECS[encoding] + " end", ALL_CODECS[encoding] + "一"):
        assert decode(text.encode(encoding) + b"\0" * padding) == (text, encoding, 0, False)


def test_line_ends_become_line_feeds() -> None:
    raw = "甲行文字\r\n乙行文字\r丙行文字\n\r\n丁行文字\r".encode("gb18030")
    assert decode(raw).text == "甲行文字\n乙行文字\n丙行文字\n\n丁行文字\n"


def test_euro_in_all_its_bytes() -> None:
    text = "售价€5，约合四十元，书店里只剩下三本了。"
    assert decode(text.encode("gb18030")) == (text, "gb18030", 0, False)
    assert decode(text.encode("gb18030").replace(b"\xa2\xe3", b"\x80")) == (text, "gb18030", 0, False)
    text = "售價€5，約合四十元，書店裡只剩下三本了。"
    assert decode(text.encode("cp950")) == (text, "big5hkscs", 0, False)


def test_big5_of_windows_and_of_hong_kong() -> None:
    windows = "約翰‧史密斯走進碁社～～坐在裏墻邊，嫺靜地看棋。"
    assert decode(windows.encode("cp950")) == (windows, "big5hkscs", 0, False)
    hong_kong = "佢哋喺茶樓食咗嘢，嗰個細路仔瞓着咗。"
    assert decode(hong_kong.encode("big5hkscs")) == (hong_kong, "big5hkscs", 0, False)


def test_rare_characters_of_gb18030() -> None:
    text = "他姓䶮，名𠮷，住在㑇庄，一生只写过三封信。"
    assert decode(text.encode("gb18030")) == (text, "gb18030", 0, False)


def test_valid_utf_8_stays_utf_8() -> None:
    mojibake = SIMPLIFIED.encode("gb18030").decode("latin-1")
    assert decode(mojibake.encode()) == (mojibake, "utf-8", 0, False)
    replaced = "锟斤拷锟斤拷\ufffd\ufffd"
    assert decode(replaced.encode()) == (replaced, "utf-8", 0, False)
    for name in ("café", "Привет", "plain ASCII"):
        assert decode(name.encode()) == (name, "utf-8", 0, False)


def test_japanese_keeps_its_own_encoding() -> None:
    text = "その夜、彼は静かに扉を開けた。雪がひらひらと舞い降りていた。\n" * 3
    assert decode(text.encode("euc_jp")) == (text, "euc_jp", 0, False)
    assert decode(text.encode("cp932")) == (text, "cp932", 0, False)


@pytest.mark.parametrize("encoding", CODECS)
def test_a_last_character_cut_in_half_costs_itself(encoding: str) -> None:
    text = CODECS[encoding]
    decoded = decode(text.encode(encoding)[:-1])
    assert decoded == (text[:-1], encoding, 1, False)


def test_a_long_character_cut_in_half_costs_itself() -> None:
    for cut in (1, 2, 3):
        assert decode((SIMPLIFIED + "𠮷").encode("gb18030")[:-cut]) == (SIMPLIFIED, "gb18030", 1, False)


@pytest.mark.parametrize("encoding", ALL_CODECS)
@pytest.mark.parametrize("stray", [b"\xff", b"\x80", b"\xc4"])
def test_a_stray_byte_between_characters_costs_two_at_most(encoding: str, stray: bytes) -> None:
    text = ALL_CODECS[encoding]
    for place in (5, 17, 33):
        decoded = decode(text[:place].encode(encoding) + stray + text[place:].encode(encoding))
        assert (decoded.encoding, decoded.mixed) == (encoding, False)
        assert decoded.text.startswith(text[: place - 2])
        assert decoded.text.endswith(text[place + 2 :])
        assert decoded.text.count("\ufffd") <= 2


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [SIMPLIFIED, TRADITIONAL[:12]])
def test_a_byte_too_many_or_too_few_in_utf_16(encoding: str, text: str) -> None:
    raw = text.encode(encoding)
    for place in range(1, len(text) - 4):
        for damaged in (raw[: 2 * place] + b"\x9c" + raw[2 * place :], raw[: 2 * place] + raw[2 * place + 1 :]):
            decoded = decode(damaged)
            assert decoded.encoding == encoding
            assert decoded.text.startswith(text[: max(place - 2, 0)])
            assert decoded.text.endswith(text[place + 2 :])


def test_a_letter_between_two_han_characters_tells_of_a_stray_byte() -> None:
    for stray in (b"\x8d", b"\xa5", b"\xb0"):
        raw = TRADITIONAL[:3].encode("big5") + stray + TRADITIONAL[3:].encode("big5")
        assert decode(raw).text == f"{TRADITIONAL[:3]}\ufffd{TRADITIONAL[3:]}"
    text = "他穿著Ｔ恤、T恤，走進A座"
    assert decode(text.encode("big5")) == (text, "big5hkscs", 0, False)


def test_damage_in_one_long_line_stays_local() -> None:
    line = SIMPLIFIED.replace("\n", "") * 2000
    half = len(line) // 2
    decoded = decode(line[:half].encode("gb18030") + b"\xb5" + line[half:].encode("gb18030"))
    assert decoded.text.startswith(line[: half - 2])
    assert decoded.text.endswith(line[half + 2 :])
    assert decoded.replaced == 1


def test_the_damage_of_real_files() -> None:
    # The second byte of 。 became a question mark: the line feed and the next line are not touched.
    raw = "他们都喝醉了。\n第二天又下雪".encode("gb18030").replace(b"\xa1\xa3\n", b"\xa1?\n")
    assert decode(raw).text == "他们都喝醉了\ufffd?\n第二天又下雪"
    # A character of somebody's own (Big5 has room for some) is one lost place.
    raw = TRADITIONAL[:20].encode("big5hkscs") + b"\xfd\xf1" + TRADITIONAL[20:].encode("big5hkscs")
    assert decode(raw) == (TRADITIONAL[:20] + "\ufffd" + TRADITIONAL[20:], "big5hkscs", 1, False)


def test_rare_characters_in_a_row_are_no_damage() -> None:
    text = "席上有璎珞、琉璃、砗磲、玳瑁，又有魑魅魍魉、饕餮梼杌之图，蹁跹袅娜，蒹葭苍苍。"
    assert decode(text.encode("gb18030")) == (text, "gb18030", 0, False)


def test_glued_books_are_decoded_line_by_line() -> None:
    parts = [("第一章 雪夜\n" + SIMPLIFIED + "\n", "gb18030"), ("第二章 渡口\n" + SIMPLIFIED + "\n", "utf-8")]
    parts += [("第三章 歸人\n" + TRADITIONAL + "\n" + CLASSICAL + "\n", "big5hkscs")]
    decoded = decode(b"".join(text.encode(encoding) for text, encoding in parts))
    assert decoded.text == "".join(text for text, _ in parts)
    assert (decoded.mixed, decoded.replaced) == (True, 0)


def test_lines_in_turn() -> None:
    lines = [SIMPLIFIED.split("\n")[0], SIMPLIFIED.split("\n")[1]] * 5
    raw = b"\n".join(line.encode(("gb18030", "utf-8")[number % 2]) for number, line in enumerate(lines))
    assert decode(raw).text == "\n".join(lines)


def test_a_hole_of_nuls_does_not_make_it_utf_16() -> None:
    raw = SIMPLIFIED.encode("gb18030") + b"\0" * 5000 + SIMPLIFIED.encode("gb18030")
    assert decode(raw) == (SIMPLIFIED * 2, "gb18030", 0, False)


@pytest.mark.parametrize(
    "raw", [b"", b"\0", b"\n" * 1000, b"\xff", b"\x81" * 999, b"\0\n\0", "！？…—".encode("gb18030") * 99]
)
def test_odd_inputs_are_no_error(raw: bytes) -> None:
    decoded = decode(raw)
    decoded.text.encode()
    assert 0 <= byte_offset(raw, decoded, len(decoded.text)) <= len(raw)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"\n", b"\r", b"\0", b"\xff", b"\x80", "雪".encode(), "夜".encode("gbk"), b"A", b"\xa4@"])
    )
)
def test_any_bytes_make_text(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    decoded = decode(raw)
    decoded.text.encode()  # no unpaired surrogates
    assert not {"\0", "\r", "\ufeff"} & set(decoded.text)
    offsets = [byte_offset(raw, decoded, index) for index in range(len(decoded.text) + 1)]
    assert offsets == sorted(offsets)
    assert offsets[-1] <= len(raw)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(ALL_CODECS)), st.sampled_from(["\n", "\r\n", "\r"]), st.randoms(use_true_random=False))
def test_the_bytes_of_a_slice_are_its_text(encoding: str, line_end: str, generator: random.Random) -> None:
    text = ALL_CODECS[encoding]
    mark = generator.choice(["", "\ufeff"]) if encoding != "big5hkscs" else ""
    raw = (mark + text.replace("\n", line_end)).encode(encoding)
    decoded = decode(raw)
    first = generator.randrange(len(text))
    last = generator.randrange(first, len(text) + 1)
    stretch = raw[byte_offset(raw, decoded, first) : byte_offset(raw, decoded, last)]
    assert stretch.decode(encoding).replace(line_end, "\n") == text[first:last]


def test_offsets_in_damaged_and_glued_files() -> None:
    head = SIMPLIFIED.encode("gb18030")
    raw = head[:20] + b"\xff" + head[20:] + b"\r\n" + (SIMPLIFIED + "\n").encode() + TRADITIONAL.encode("big5hkscs")
    decoded = decode(raw)
    for word, encoding in (("陌生人", "gb18030"), ("陌生人", "utf-8"), ("請問", "big5hkscs")):
        index = decoded.text.index(word, decoded.text.index("渡口") if encoding == "utf-8" else 0)
        first, last = byte_offset(raw, decoded, index), byte_offset(raw, decoded, index + len(word))
        assert raw[first:last] == word.encode(encoding)
    assert byte_offset(raw, decoded, decoded.text.index("\ufffd")) == 20


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "not text: PNG image"),
        (b"PK\x03\x04" + bytes(50), "not text: zip archive"),
        (b"%PDF-1.7\n", "not text: PDF document"),
        (b"\x7fELF\x02\x01" + bytes(50), "not text: program"),
        (b"SQLite format 3\0" + bytes(50), "not text: SQLite database"),
        (bytes(100), "not text: nothing but NUL bytes"),
        (bytes(range(256)) * 20, "not text: 10 % control characters"),
        (b"\1\2\3\0\5\0\0\7" * 500, "not text: 100 % control characters"),
    ],
)
def test_no_text(raw: bytes, reason: str) -> None:
    assert looks_binary(raw) == reason


def test_random_bytes_are_no_text() -> None:
    assert looks_binary(random.Random(4).randbytes(5000))
    assert looks_binary(os.urandom(5000))


@pytest.mark.parametrize("encoding", ALL_CODECS)
def test_text_is_text(encoding: str) -> None:
    raw = ALL_CODECS[encoding].encode(encoding)
    damaged = bytearray(raw * 20)
    damaged[50::97] = b"\xff" * len(damaged[50::97])
    for variant in (raw, raw[:-1], raw + bytes(9999), raw * 5 + bytes(4096) + raw * 5, bytes(damaged)):
        assert looks_binary(variant) is None
    assert looks_binary(b"") is None
    assert looks_binary("한국어 문장입니다.".encode(encoding, "ignore")) is None


def test_the_table_is_what_it_says() -> None:
    words = Path(str(distribution("jieba").locate_file("jieba/dict.txt"))).read_text("utf-8").splitlines()
    made = {character: bits for bits, members in count_common_han(words).items() for character in members}
    kept = {character: bits for bits, members in COMMON_HAN.items() for character in members}
    # Another release of OpenCC may convert a few words in another way.
    assert len(made.items() & kept.items()) > 0.98 * len(kept)


def test_bits() -> None:
    assert bits_of("") == 0
    assert bits_of("第一章") < bits_of("碌脷脪")
    assert bits_of("𠮷") == 23
