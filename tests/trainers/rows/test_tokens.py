"""Texts to ids: those of the tokenizer, and where in them sentences end."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainers.made_tokenizers import CHATML, KINDS, made_tokenizer
from trainers.rows.alignment import Aligner
from trainers.rows.sentence_ends import sentence_ends
from trainers.rows.tokens import TextEncoder, load_tokenizer, plain_backend, tokenizer_digest
from validators.errors import SikuError

PARTS = [
    "雪停了",
    "。",
    "！",
    "？",
    "”",
    "“",
    "』",
    "\n",
    "\r\n",
    " ",
    "　",
    "\t",
    ".",
    "!",
    '"',
    "\0",
    "\ufeff",
    "<|im_end|>",
]
PARTS += [
    "x",
    "GPU",
    "3.5",
    "é",
    "e\u0301",
    "\u0301",
    "ﬁ",
    "㍿",
    "豈",
    "𠮷",
    "👨‍👩‍👧",
    "½",
    "�",
    "א",
    "§",
    "▁",
    "<0x0A>",
]
TEXTS = st.lists(st.sampled_from(PARTS) | st.characters(exclude_categories=["Cs"]), max_size=25).map("".join)


def marked_by_offsets(text: str, offsets: list[tuple[int, int]]) -> list[int]:
    """The same marks, slowly, from where the tokenizer says that its tokens are."""
    ends = sentence_ends(text)
    marks = [int(ends[end] and following >= end) for (_, end), (following, _) in pairwise(offsets)]
    return [*marks, *([0] if offsets else []), 1]


@pytest.mark.parametrize("kind", KINDS)
@given(texts=st.lists(TEXTS, max_size=5))
@settings(max_examples=60, deadline=None)
def test_ids_are_those_of_the_tokenizer_whatever_stands_beside_a_text(kind: str, texts: list[str]) -> None:
    tokenizer = made_tokenizer(kind)
    encoded = TextEncoder(tokenizer).encode(texts)
    assert len(encoded) == len(texts)
    for text, one in zip(texts, encoded, strict=True):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert one.ids.tolist() == [*ids, tokenizer.eos_token_id]
        assert len(one.marks) == len(one.ids)
        assert one.characters == len(text)
        assert one.fault == ("" if ids else "empty")


@pytest.mark.parametrize("kind", ["large", "single bytes", "sentencepiece", "words"])
@given(texts=st.lists(TEXTS, max_size=5))
@settings(max_examples=60, deadline=None)
def test_sentences_end_where_the_offsets_of_the_tokenizer_have_them(kind: str, texts: list[str]) -> None:
    tokenizer = made_tokenizer(kind)
    for text, one in zip(texts, TextEncoder(tokenizer).encode(texts), strict=True):
        offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        if "\u0301" not in text:  # offsets of what the tokenizer puts together or takes apart differ by kind
            assert one.marks.tolist() == marked_by_offsets(text, offsets)


@pytest.mark.parametrize(
    ("kind", "exact"),
    [
        ("large", True),
        ("single bytes", True),
        ("composed", True),
        ("byte fallback", True),
        ("sentencepiece", False),
        ("words", False),
    ],
)
def test_a_tokenizer_that_keeps_every_character_needs_no_offsets(kind: str, exact: bool) -> None:
    assert Aligner(plain_backend(made_tokenizer(kind))).exact is exact


@pytest.mark.parametrize("kind", ["large", "single bytes", "composed", "byte fallback"])
def test_places_are_right_beside_a_text_that_the_tokenizer_changes(kind: str) -> None:
    tokenizer = made_tokenizer(kind)
    texts = ["雪停了。天亮了。", "cafe\u0301。好！走。", "他说：“好。”她走了。"]
    whole = TextEncoder(tokenizer).encode(texts)
    for text, one in zip(texts, whole, strict=True):
        sentences = [tokenizer.decode(part) for part in np.split(one.ids[:-1], np.flatnonzero(one.marks[:-1]) + 1)]
        wanted = [part for part in re.findall(r".*?[。！？]+”?", text) if part]
        assert [part.replace("é", "e\u0301") for part in sentences] == [part.replace("é", "e\u0301") for part in wanted]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("雪停了。天亮了！走吗？走", ["雪停了。", "天亮了！", "走吗？", "走"]),
        ("他说：“好。”她走了。", ["他说：“好。”", "她走了。"]),
        ("真的？！”（笑。）完", ["真的？！”", "（笑。）", "完"]),
        ("第一章 雪夜\n\n  雪停了。\n天亮了", ["第一章 雪夜\n\n", "  雪停了。\n", "天亮了"]),
        ("价格是3.5元。It is. So? www.a.cn?b=1", ["价格是3.5元。", "It is.", " So?", " www.a.cn?b=1"]),
        ("春天，夏天；秋天：冬天", ["春天，夏天；秋天：冬天"]),
        ("", [""]),
    ],
)
def test_where_sentences_end(text: str, sentences: list[str]) -> None:
    places = [int(place) for place in np.flatnonzero(sentence_ends(text)[:-1])]
    assert [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)] == sentences


def test_the_end_of_a_text_is_not_parted_from_its_last_sentence() -> None:
    (one,) = TextEncoder(made_tokenizer("large")).encode(["雪停了。天亮了。"])
    assert one.marks[-2:].tolist() == [0, 1]
    assert one.marks.sum() == 2


def test_texts_that_are_read_before_do_not_change_what_comes_after() -> None:
    """A tokenizer that someone told to cut and to pad does neither."""
    tokenizer = made_tokenizer("large")
    text = "雪停了，路上没有人。" * 5
    before = TextEncoder(tokenizer).encode([text])[0].ids.tolist()
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.backend_tokenizer.enable_padding(length=50)
    assert TextEncoder(tokenizer).encode([text])[0].ids.tolist() == before


def test_the_digest_is_of_the_tokenizer_and_not_of_where_it_lies(tiny_qwen2: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(str(tiny_qwen2))
    tokenizer.save_pretrained(tmp_path / "copy")
    copy = load_tokenizer(str(tmp_path / "copy"))
    assert tokenizer_digest(copy) == tokenizer_digest(tokenizer)
    copy.chat_template += " "
    assert tokenizer_digest(copy) != tokenizer_digest(tokenizer)
    copy = load_tokenizer(str(tmp_path / "copy"))
    copy.add_tokens(["雪夜"])
    assert tokenizer_digest(copy) != tokenizer_digest(tokenizer)
    copy = load_tokenizer(str(tmp_path / "copy"))
    copy.eos_token = copy.pad_token
    assert tokenizer_digest(copy) != tokenizer_digest(tokenizer)


def test_a_chat_template_can_be_given(tiny_qwen2: Path, tmp_path: Path) -> None:
    (tmp_path / "chat.jinja").write_text(CHATML + "{# 一 #}", encoding="utf-8")
    assert load_tokenizer(str(tiny_qwen2), tmp_path / "chat.jinja").chat_template == CHATML + "{# 一 #}"
    with pytest.raises(SikuError, match="chat template cannot be read") as told:
        load_tokenizer(str(tiny_qwen2), tmp_path / "none.jinja")
    assert str(tmp_path / "none.jinja") in told.value.where


def test_no_tokenizer_no_end_token(tiny_qwen2: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_bytes((tiny_qwen2 / "config.json").read_bytes())
    with pytest.raises(SikuError, match="there is no tokenizer"):  # transformers makes up an empty one
        load_tokenizer(str(tmp_path / "bare"))
    with pytest.raises(SikuError, match="there is no tokenizer"):
        load_tokenizer(str(tmp_path))
    tokenizer = made_tokenizer("words")
    tokenizer.save_pretrained(tmp_path)
    settings = tmp_path / "tokenizer_config.json"
    settings.write_text(settings.read_text(encoding="utf-8").replace('"eos_token"', '"other_token"'), encoding="utf-8")
    with pytest.raises(SikuError, match="no eos_token"):
        load_tokenizer(str(tmp_path))
