"""Figures beside those of Google's rouge_score and sacrebleu."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from sacrebleu.metrics.bleu import BLEU

from tests.corpora import passage
from trainers.evaluation.metrics import Distinct, Scores, common_subsequence, repetition, rouge, shared, tokens_of

SAMPLES = {
    "": 0,
    " \n\u3000\t": 0,
    "他是谁": 3,
    "Python 3.14 发布于2025年": 7,
    "a.b 1.x 1.2.3": 9,
    "GPT-4": 3,
    "𠮷野家": 3,
    "……": 2,
}
texts = st.text(st.sampled_from("他是谁的山水，。aB1.2 \n𠮷"), max_size=60)
token_lists = st.lists(st.sampled_from("abcdefg"), max_size=40)


class Characters:
    """The tokenizer that Google's scorer is given."""

    def tokenize(self, text: str) -> list[str]:
        return tokens_of(text)


GOOGLE = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Characters())


def googles(candidate: str, reference: str) -> list[float]:
    scored: Any = GOOGLE.score(reference, candidate)
    return [scored[name].fmeasure for name in ("rouge1", "rouge2", "rougeL")]


@pytest.mark.parametrize("text", SAMPLES)
def test_tokens(text: str) -> None:
    assert len(tokens_of(text)) == SAMPLES[text]


def test_what_is_a_token() -> None:
    assert tokens_of("Python 3.14 发布于2025年。") == ["python", "3.14", "发", "布", "于", "2025", "年", "。"]
    assert tokens_of("1.2.3 v2.") == ["1.2", ".", "3", "v2", "."]


@given(texts, texts)
def test_rouge_is_googles(candidate: str, reference: str) -> None:
    assert rouge(candidate, reference) == pytest.approx(googles(candidate, reference), abs=1e-12)


@pytest.mark.parametrize("chars", [40, 400, 900])
def test_rouge_is_googles_on_prose(chars: int) -> None:
    for number in range(2):
        ours, theirs = passage(f"candidate{number}", chars), passage(f"reference{number}", chars + 60 * number)
        assert rouge(ours, theirs) == pytest.approx(googles(ours, theirs), abs=1e-12)
        half = theirs[: chars // 2] + ours
        assert rouge(half, theirs) == pytest.approx(googles(half, theirs), abs=1e-12)


@pytest.mark.parametrize("empty", ["", " \n", "\u3000"])
def test_an_empty_text_scores_nothing(empty: str) -> None:
    assert rouge(empty, "长江") == rouge("长江", empty) == rouge(empty, empty) == (0, 0, 0)


def test_one_token_has_no_pairs() -> None:
    assert rouge("江", "江") == (1, 0, 1)


@given(token_lists, token_lists)
def test_the_common_subsequence_is_that_of_the_table(ours: list[str], theirs: list[str]) -> None:
    row = [0] * (len(theirs) + 1)
    for one in ours:
        above = row[:]
        for place, other in enumerate(theirs):
            row[place + 1] = above[place] + 1 if one == other else max(above[place + 1], row[place])
    assert common_subsequence(ours, theirs) == row[-1]


@given(token_lists, token_lists)
def test_shared_counts_the_fewer(ours: list[str], theirs: list[str]) -> None:
    assert shared(ours, theirs) == sum(min(ours.count(one), theirs.count(one)) for one in set(ours))


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=12), st.integers(1, 5))
def test_bleu_in_batches_is_sacrebleus_of_all(pairs: list[tuple[str, str]], size: int) -> None:
    scores = Scores(frozenset({"bleu"}))
    for start in range(0, len(pairs), size):
        batch = pairs[start : start + size]
        scores.add([ours for ours, _ in batch], [theirs for _, theirs in batch])
    whole = BLEU(tokenize="zh", force=True).corpus_score([ours for ours, _ in pairs], [[theirs for _, theirs in pairs]])
    assert scores.figures() == {"bleu": pytest.approx(whole.score, abs=1e-9)}


def test_equal_texts_have_all_of_bleu() -> None:
    scores = Scores(frozenset({"bleu"}))
    scores.add(["长江注入东海。"], ["长江注入东海。"])
    assert scores.figures()["bleu"] == pytest.approx(100)


def test_repetition() -> None:
    assert repetition("") == repetition("一二三") == 0
    assert repetition("一二三四") == 0
    assert repetition("哈哈哈哈哈哈") == pytest.approx(2 / 3), "one 4-gram, three times"
    assert repetition("一二三四一二三四") == pytest.approx(1 - 4 / 5)


@given(texts)
def test_repetition_is_one_minus_the_distinct(text: str) -> None:
    tokens = tokens_of(text)
    pieces = [tuple(tokens[start : start + 4]) for start in range(len(tokens) - 3)]
    expected = 1 - len(set(pieces)) / len(pieces) if pieces else 0
    assert repetition(text) == pytest.approx(expected)


def test_repetition_by_length_tells_where_a_text_begins_to_repeat_itself() -> None:
    fresh = "".join(chr(0x4E00 + number) for number in range(500))
    scores = Scores(frozenset({"repetition"}))
    scores.add([fresh + fresh, "短文一篇"], ["", ""])
    figures = scores.figures()
    assert figures["repetition"] == pytest.approx((497 / 997 + 0) / 2)
    assert figures["repetition_by_length"] == {"0-250": 0, "250-500": 0, "500-1000": 1}


def test_means_are_over_the_predictions() -> None:
    scores = Scores(frozenset({"rouge"}))
    scores.add(["长江", ""], ["长江", "黄河"])
    scores.add(["长江"], ["长河"])
    assert scores.count == 3
    assert scores.figures() == pytest.approx({"rouge1": 0.5, "rouge2": 1 / 3, "rougeL": 0.5})


def test_nothing_predicted_has_no_mean() -> None:
    figures = Scores(frozenset({"rouge", "bleu", "repetition"})).figures()
    assert figures == {
        **dict.fromkeys(("rouge1", "rouge2", "rougeL", "bleu", "repetition")),
        "repetition_by_length": {},
    }


@given(st.lists(texts, max_size=6))
def test_distinct_tokens_and_pairs(several: list[str]) -> None:
    ours = Distinct()
    for text in several:
        ours.add(tokens_of(text))
    tokens = [token for text in several for token in tokens_of(text)]
    pairs = [pair for text in several for pair in itertools.pairwise(tokens_of(text))]
    expected = {
        "distinct1": len(set(tokens)) / len(tokens) if tokens else 0,
        "distinct2": len(set(pairs)) / len(pairs) if pairs else 0,
    }
    assert ours.shares() == ours.shares() == pytest.approx(expected)


def test_distinct_pairs_are_merged_where_there_are_many() -> None:
    ours = Distinct()
    for number in range(400):
        ours.add([f"{number % 100}", *(str(token) for token in range(400))])
    assert ours.shares()["distinct2"] == pytest.approx((399 + 100) / (400 * 400))


def test_memory_does_not_grow_with_the_predictions() -> None:
    text, other = passage("memory", 60), passage("other", 60)

    def peak_mb(count: int) -> float:
        scores = Scores(frozenset({"rouge", "bleu", "repetition"}))
        tracemalloc.start()
        for number in range(count):
            scores.add([f"{number}{text}"], [f"{other}{number}"])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak / 1e6

    peak_mb(2)  # imports, tables
    assert peak_mb(600) - peak_mb(6) < 0.1, "sacrebleu's own memory of what it tokenised takes 2 MB"


def test_very_long_texts_are_scored() -> None:
    text = passage("long", 30_000)
    assert math.isclose(rouge(text, text[::-1]).rouge1, 1)
    assert 0 < rouge(text, text[::-1]).rougeL < 1
