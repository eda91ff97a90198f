"""Fold, n-grams and the exact Jaccard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.dedup.shingles import exact_jaccard, fold_text, fold_units, ngram_hashes, shingle_set, utf16

texts = st.text(st.characters(), max_size=60)  # lone surrogates, symbols, everything


@pytest.mark.parametrize(
    ("a", "b", "jaccard"),
    [
        ("今夜月色如水", "今夜月色如水", 1.0),
        ("今夜月色如水流过", "今夜月色如水流进", 3 / 5),  # 4 n-grams each, 3 of them shared
        ("今夜月色如水", "明朝风雨满城", 0.0),
        ("「說書人來了，」他説。", "“说书人来了”\n他说！", 1.0),
        ("ＡＢＣ１２３號房間", "abc123号房间", 1.0),
        ("春眠", "春眠", 1.0),
        ("春眠。", "春眠！", 1.0),
        ("春眠", "春眠不觉晓", 0.0),  # shorter than one n-gram: equal or not
        ("春眠", "秋收", 0.0),
        ("……", "……", 1.0),
        ("……", "！！", 0.0),  # nothing is left of either: the same text only
        ("……", "", 0.0),
        ("", "", 1.0),
        ("……", "春眠", 0.0),
    ],
)
def test_exact_jaccard(a: str, b: str, jaccard: float) -> None:
    assert exact_jaccard(a, b) == pytest.approx(jaccard)
    assert exact_jaccard(b, a) == pytest.approx(jaccard)


def test_the_length_of_the_ngrams_is_a_choice() -> None:
    assert exact_jaccard("春眠不觉晓", "春眠不觉醒", ngram_chars=2) == pytest.approx(3 / 5)
    assert exact_jaccard("春眠", "眠春", ngram_chars=1) == 1.0


def test_a_set_counts_a_repeated_ngram_once() -> None:
    assert len(shingle_set(fold_text("哈" * 100), 5)) == 1
    assert exact_jaccard("哈" * 100, "哈" * 7) == 1.0


@given(texts, texts)
def test_any_text_can_be_compared(a: str, b: str) -> None:
    assert 0.0 <= exact_jaccard(a, b) <= 1.0
    assert exact_jaccard(a, a) == 1.0
    assert exact_jaccard(a, b) == exact_jaccard(b, a)


@given(st.lists(texts, min_size=1, max_size=5))
def test_many_texts_fold_like_each_alone(many: list[str]) -> None:
    folded, ends = fold_units([utf16(text) for text in many])
    assert [part.tolist() for part in np.split(folded, ends[:-1])] == [fold_text(text).tolist() for text in many]


@given(st.text("甲乙丙", min_size=5, max_size=40))
def test_equal_ngrams_have_equal_hashes_and_others_have_not(text: str) -> None:
    ngrams = [text[start : start + 5] for start in range(len(text) - 4)]
    hashes = ngram_hashes(fold_text(text), 5).tolist()
    assert len(hashes) == len(ngrams)
    assert len(set(zip(ngrams, hashes, strict=True))) == len(set(ngrams)) == len(set(hashes))
