"""Cell lexicons, built by a small writer: the walk through the file, and files that are none or break off."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.sources.scel import Scel, parse_scel

SYLLABLES = ["a", "du", "kou", "xue", "ye"]
Group = tuple[list[int], list[str]]  # the indices of the syllables, the words that share them
GROUPS: list[Group] = [([3, 4], ["雪夜", "学业"]), ([1, 2], ["渡口"]), ([2], ["口"])]
START = 0x1540


def text(word: str) -> bytes:
    encoded = word.encode("utf-16-le")
    return struct.pack("<H", len(encoded)) + encoded


def lexicon(
    groups: Sequence[Group] = GROUPS,
    syllables: Sequence[str] = SYLLABLES,
    *,
    start: int = START,
    magic: bytes = b"DCS\x01\x01\x00\x00\x00",
    count: int | None = None,
    extra_bytes: int = 10,
    tail: bytes = b"",
) -> bytes:
    header = bytearray(start)
    header[:4] = struct.pack("<I", start)
    header[4 : 4 + len(magic)] = magic
    words = sum(len(group[1]) for group in groups)
    header[0x120:0x128] = struct.pack("<II", len(groups) if count is None else count, words)
    for place, field in ((0x130, "渡口词"), (0x338, "地理"), (0x540, "码头上的话")):
        header[place : place + 2 * len(field)] = field.encode("utf-16-le")
    table = struct.pack("<I", len(syllables))
    table += b"".join(struct.pack("<H", index) + text(syllable) for index, syllable in enumerate(syllables))
    body = b""
    for indices, same in groups:
        body += struct.pack(f"<HH{len(indices)}H", len(same), 2 * len(indices), *indices)
        body += b"".join(text(word) + struct.pack("<H", extra_bytes) + b"\x07" * extra_bytes for word in same)
    return bytes(header) + table + body + tail


def test_words_in_the_order_of_the_file_with_pinyin() -> None:
    assert parse_scel(lexicon()) == Scel(
        name="渡口词",
        category="地理",
        words=["雪夜", "学业", "渡口", "口"],
        pinyin={"雪夜": "xue'ye", "学业": "xue'ye", "渡口": "du'kou", "口": "kou"},
        error=None,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"extra_bytes": 0},
        {"extra_bytes": 3},
        {"extra_bytes": 300},
        {"magic": b"ECS\x01\x01\x00\x00\x00"},
        {"magic": b""},
        {"start": 0x1580},
        {"syllables": [*SYLLABLES, *(f"x{number}" for number in range(434))]},
        {"tail": b"DELTBL\x02\x00" + text("黑词")},
        {"tail": struct.pack("<HHH", 1, 2, 0) + text("黑词") + b"\x00\x00"},
    ],
)
def test_lengths_are_read_and_not_assumed(changes: dict[str, object]) -> None:
    plain, other = parse_scel(lexicon()), parse_scel(lexicon(**changes))  # type: ignore[arg-type]
    assert (other.words, other.pinyin, other.error) == (plain.words, plain.pinyin, None)


def test_an_index_past_the_table_is_a_letter() -> None:
    scel = parse_scel(lexicon([([3, 5], ["雪A"]), ([5 + 25], ["Z"]), ([5 + 26], ["？"])]))
    assert scel.words == ["雪A", "Z", "？"]
    assert scel.pinyin == {"雪A": "xue'a", "Z": "z"}


def test_a_word_is_there_once_and_blank_ones_are_not() -> None:
    scel = parse_scel(lexicon([([1], ["渡", "渡"]), ([2], ["口", "渡", "", " "]), ([], ["无音"])]))
    assert scel.words == ["渡", "口", "无音"]
    assert scel.pinyin == {"渡": "du", "口": "kou"}
    assert scel.error is None


def test_characters_beyond_the_basic_plane_and_half_ones() -> None:
    half = struct.pack("<HHHH", 1, 2, 0, 2) + b"\x00\xd8" + b"\x00\x00"
    scel = parse_scel(lexicon([([1], ["𠮷"])], count=2, tail=half))
    assert (scel.words, scel.error) == (["𠮷"], None)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x40\x15\x00",
        "雪夜\n渡口\n".encode(),
        "雪夜\n渡口\n".encode("utf-16"),
        b"PK\x03\x04" + bytes(6000),
        bytes(20_000),
        b"\xff" * 20_000,
        b"\x40\x15\x00\x00" + bytes(20_000),
        lexicon(syllables=["雪"]),
        lexicon(start=0x200)[:0x100],
    ],
    ids=len,
)
def test_what_is_no_lexicon(raw: bytes) -> None:
    assert parse_scel(raw) == Scel(error="not_scel")


def test_cut_anywhere_it_keeps_what_was_whole() -> None:
    whole, groups_from = lexicon(), len(lexicon([]))
    words = parse_scel(whole).words
    kept = [parse_scel(whole[:end]) for end in range(groups_from, len(whole))]
    assert {scel.error for scel in kept} == {"truncated"}
    assert all(scel.words == words[: len(scel.words)] for scel in kept)
    assert sorted({len(scel.words) for scel in kept}) == [0, 1, 2, 3]
    assert [parse_scel(whole[:end]).words for end in range(START, groups_from)] == [[]] * (groups_from - START)


@pytest.mark.parametrize("count", [4, 1000, 0xFFFFFFFF])
def test_more_groups_promised_than_there_are(count: int) -> None:
    scel = parse_scel(lexicon(count=count))
    assert (scel.words, scel.error) == (["雪夜", "学业", "渡口", "口"], "truncated")


def test_fewer_groups_promised_than_there_are() -> None:
    scel = parse_scel(lexicon(count=1))
    assert (scel.words, scel.error) == (["雪夜", "学业"], None)


def test_odd_lengths_end_the_walk() -> None:
    odd_word = struct.pack("<HHHH", 1, 2, 0, 3) + b"abc\x00\x00"
    odd_pinyin = struct.pack("<HH", 1, 3) + b"\x00\x00\x00" + text("雪") + b"\x00\x00"
    for tail in (odd_word, odd_pinyin):
        scel = parse_scel(lexicon([([1, 2], ["渡口"])], count=2, tail=tail))
        assert (scel.words, scel.error) == (["渡口"], "truncated")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([0, 0x120, 0x130, START, START + 4, len(lexicon([])), None]))
def test_any_bytes_anywhere(noise: bytes, place: int | None) -> None:
    raw = noise if place is None else lexicon()[:place] + noise + lexicon()[place + len(noise) :]
    scel = parse_scel(raw)
    assert scel.error in (None, "not_scel", "truncated")
    assert len(set(scel.words)) == len(scel.words) and scel.pinyin.keys() <= set(scel.words)
    assert scel.error != "not_scel" or not scel.words
    "".join([*scel.words, *scel.pinyin.values(), scel.name, scel.category]).encode()
