"""Passages: nothing lost, nothing twice, none too long, and whole sentences."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders.document import Document
from generators.passages import cut_passages
from generators.task import Passages
from tests.corpora import passage
from validators.errors import SikuError

pieces = st.text(alphabet="雪停了天亮老张推门。！？”，；\n \u3000a1", max_size=400)


@given(pieces | st.text(max_size=300), st.integers(min_value=1, max_value=120))
@example("雪停了。" * 3 + "\n" * 100, 12)
@example("\n" * 3 + "雪停了。" * 3 + "\n天亮了。", 12)
@example("雪" + " " * 200 + "停", 50)
def test_joined_they_are_the_text_and_none_is_too_long(text: str, max_chars: int) -> None:
    passages = cut_passages(text, max_chars)
    assert "".join(passages) == (text if text.strip() or len(text) > max_chars else "")
    assert all(0 < len(one) <= max_chars for one in passages)


@given(st.lists(st.text(alphabet="雪停了天亮老张推门，", min_size=1, max_size=28), min_size=1, max_size=40), st.data())
def test_they_end_at_the_ends_of_sentences_where_every_sentence_fits(clauses: list[str], data: st.DataObject) -> None:
    marks = st.sampled_from(["。", "！", "？”", "。\n", "。\n\n"])
    text = "".join(clause + data.draw(marks) for clause in clauses)
    for one in cut_passages(text, 60):
        assert re.search(r"[。！？]”?\s*\Z", one), one


def test_paragraphs_stay_whole_where_they_fit() -> None:
    paragraphs = [passage(f"paragraph {number}", 80).replace("\n", "") + "\n" for number in range(12)]
    text = "".join(paragraphs)
    passages = cut_passages(text, 300)
    assert len(passages) > 3
    ends = {sum(map(len, paragraphs[: number + 1])) for number in range(len(paragraphs))}
    assert {sum(map(len, passages[: number + 1])) for number in range(len(passages))} <= ends


def test_the_last_one_is_no_crumb() -> None:
    text = passage("crumbs", 1260).replace("\n", "")[:1260]
    lengths = [len(one) for one in cut_passages(text, 1200)]
    assert len(lengths) == 2
    assert min(lengths) > 400


def test_a_sentence_that_is_too_long_is_cut_at_a_pause() -> None:
    text = "老张推开门，" * 40
    assert all(one.endswith("，") for one in cut_passages(text, 100))


def test_a_document_that_fits_keeps_its_id_and_one_that_was_cut_is_numbered() -> None:
    step = Passages(max_chars=100)
    [whole] = step(Document("甲", "雪停了。", {"title": "雪"}))
    assert (whole.id, whole.text, whole.meta) == ("甲", "雪停了。", {"title": "雪", "document": "甲"})
    parts = step(Document("乙", passage("two", 250), {}))
    assert [one.id for one in parts] == [f"乙.{number:03d}" for number in range(1, len(parts) + 1)]
    assert {one.meta["document"] for one in parts} == {"乙"}
    assert len(parts) > 2


def test_a_length_that_holds_no_sentence_is_refused() -> None:
    with pytest.raises(SikuError, match="max_chars is 49"):
        Passages(max_chars=49)
