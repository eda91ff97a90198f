"""Rows of packed documents: nothing lost, nothing twice, nothing too long, little padding."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainers.rows.packing import STRATEGIES, Packing, Strategy, pack
from trainers.rows.pieces import best_sum

LOSES_NOTHING: tuple[Strategy, ...] = ("fill", "bfd_split", "wrapped", "each")
NEVER_CUTS: tuple[Strategy, ...] = ("whole", "each_whole")
Documents = tuple[list[int], NDArray[np.uint8]]


@st.composite
def documents(draw: st.DrawFn) -> Documents:
    """Lengths, and after which tokens a sentence ends: after the last of each document, and after some others."""
    lengths = draw(st.lists(st.integers(0, 60) | st.integers(0, 400), max_size=30))
    sentence = draw(st.integers(1, 40))
    random = draw(st.randoms(use_true_random=False))
    marks = np.array([random.random() < 1 / sentence for _ in range(sum(lengths))], dtype=np.uint8)
    ends = np.cumsum(lengths, dtype=np.int64)
    marks[ends[np.array(lengths, dtype=np.int64) > 0] - 1] = 1
    return lengths, marks


def pieces_of_documents(packing: Packing) -> dict[int, list[tuple[int, int]]]:
    """The pieces of each document, in the order of its tokens."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for document, start, end in packing.pieces.tolist():
        found[document].append((start, end))
    return {document: sorted(pieces) for document, pieces in found.items()}


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(given=documents(), max_length=st.integers(1, 70), marked=st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_row_is_too_long_or_empty_and_the_figures_are_right(
    strategy: Strategy, given: Documents, max_length: int, marked: bool
) -> None:
    lengths, marks = given
    packing = pack(lengths, max_length, strategy, marks if marked else None)
    rows = [packing.row(number) for number in range(len(packing))]
    tokens = [int((row[:, 2] - row[:, 1]).sum()) for row in rows]
    assert all(0 < filled <= max_length for filled in tokens)
    assert sum(len(row) for row in rows) == len(packing.pieces)
    assert (packing.pieces[:, 2] > packing.pieces[:, 1]).all()
    assert packing.tokens == sum(lengths)
    assert packing.tokens_dropped == sum(lengths) - sum(tokens)
    padding = sum(max_length - filled for filled in tokens)
    assert packing.padding_share == pytest.approx(padding / (len(rows) * max_length) if rows else 0.0)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    cuts = [(document, end) for document, _, end in packing.pieces.tolist() if end < lengths[document]]
    assert packing.cuts == len(cuts)
    inside = sum(1 for document, end in cuts if not marks[offsets[document] + end - 1])
    assert packing.cuts_in_sentences == (inside if marked else 0)


@pytest.mark.parametrize("strategy", LOSES_NOTHING)
@given(given=documents(), max_length=st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_every_token_is_in_exactly_one_piece(strategy: Strategy, given: Documents, max_length: int) -> None:
    lengths, marks = given
    packing = pack(lengths, max_length, strategy, marks)
    found = pieces_of_documents(packing)
    for document, length in enumerate(lengths):
        pieces = found.get(document, [])
        assert [start for start, _ in pieces] == ([0, *(end for _, end in pieces[:-1])] if length else [])
        assert not length or pieces[-1][1] == length
    assert packing.tokens_dropped == 0


@pytest.mark.parametrize("strategy", NEVER_CUTS)
@given(given=documents(), max_length=st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_conversations_stay_whole_and_long_ones_are_named(
    strategy: Strategy, given: Documents, max_length: int
) -> None:
    lengths, _ = given
    packing = pack(lengths, max_length, strategy)
    assert sorted(map(tuple, packing.pieces.tolist())) == [
        (document, 0, length) for document, length in enumerate(lengths) if 0 < length <= max_length
    ]
    assert packing.too_long.tolist() == [document for document, length in enumerate(lengths) if length > max_length]


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(given=documents(), max_length=st.integers(1, 70))
@settings(max_examples=20, deadline=None)
def test_the_same_documents_are_packed_the_same_way(strategy: Strategy, given: Documents, max_length: int) -> None:
    lengths, marks = given
    one = pack(lengths, max_length, strategy, marks)
    other = pack(np.array(lengths, dtype=np.uint32), max_length, strategy, marks.astype(np.int64))
    assert np.array_equal(one.pieces, other.pieces)
    assert np.array_equal(one.row_starts, other.row_starts)


@pytest.mark.parametrize("strategy", ["fill", "bfd_split", "each"])
@given(given=documents(), max_length=st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_a_sentence_is_cut_only_where_it_is_longer_than_a_row(
    strategy: Strategy, given: Documents, max_length: int
) -> None:
    lengths, marks = given
    packing = pack(lengths, max_length, strategy, marks)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    for document, start, end in packing.pieces.tolist():
        begin = offsets[document]
        if end < lengths[document] and not marks[begin + end - 1]:
            assert end - start == max_length
            assert not marks[begin + start : begin + end].any()


def test_only_long_documents_are_cut_by_bfd_split() -> None:
    lengths = [30, 5, 64, 65, 7, 200]
    cut = {
        document for document, pieces in pieces_of_documents(pack(lengths, 64, "bfd_split")).items() if len(pieces) > 1
    }
    assert cut == {3, 5}


def test_wrapped_is_one_stream() -> None:
    packing = pack([5, 3, 10], 4, "wrapped")
    assert [packing.row(number).tolist() for number in range(len(packing))] == [
        [[0, 0, 4]],
        [[0, 4, 5], [1, 0, 3]],
        [[2, 0, 4]],
        [[2, 4, 8]],
        [[2, 8, 10]],
    ]


def test_minigpt_keeps_the_first_sentences_of_each_document() -> None:
    marks = np.zeros(4 + 10 + 10, dtype=np.uint8)
    marks[[4 + 2, 4 + 5, 4 + 8]] = 1  # of the second document; no sentence of the third is short enough
    packing = pack([4, 10, 10], 7, "minigpt", marks)
    assert packing.pieces.tolist() == [[0, 0, 4], [1, 0, 6]]
    assert packing.tokens_dropped == 14


def of_lengths(median: float, spread: float, most: int, documents: int, seed: int) -> Documents:
    """Log-normal lengths in tokens, and sentences of 7 to 63 tokens, 30 in the mean, as novels have them."""
    random = np.random.default_rng(seed)
    lengths = np.exp(random.normal(np.log(median), spread, documents)).clip(8, most).astype(np.int64)
    ends = np.cumsum(np.exp(random.normal(np.log(21), 0.85, int(lengths.sum()) // 10)).astype(np.int64) + 1)
    marks = np.zeros(int(lengths.sum()), dtype=np.uint8)
    marks[ends[ends < len(marks)]] = 1
    last = np.cumsum(lengths) - 1
    marks[last - 1] = 0  # before the end of the text there is only its end token
    marks[last] = 1
    return lengths.tolist(), marks


KINDS_OF_TEXT: dict[str, tuple[float, float, int, int]] = {
    "wiki": (230, 1.33, 100_000, 3000),
    "novels": (2500, 0.4, 20_000, 600),
    "questions": (60, 0.7, 1000, 6000),
}


@pytest.mark.parametrize("kind", KINDS_OF_TEXT)
@pytest.mark.parametrize("max_length", [512, 1024, 2048])
def test_fill_wastes_less_than_one_percent(kind: str, max_length: int) -> None:
    lengths, marks = of_lengths(*KINDS_OF_TEXT[kind], seed=max_length)
    packing = pack(lengths, max_length, "fill", marks)
    assert packing.tokens_dropped == 0
    assert packing.padding_share < 0.01
    assert packing.cuts_in_sentences <= 0.01 * packing.cuts


def test_conversations_are_packed_with_less_than_one_percent_of_padding() -> None:
    lengths, _ = of_lengths(*KINDS_OF_TEXT["questions"], seed=7)
    assert pack(lengths, 1024, "whole").padding_share < 0.01


@pytest.mark.parametrize("books", [1, 3])
def test_a_few_documents_of_a_hundred_thousand_tokens_fill_rows_too(books: int) -> None:
    lengths, marks = of_lengths(150_000, 0.1, 200_000, books, seed=books)
    packing = pack(lengths, 1024, "fill", marks)
    assert (packing.tokens_dropped, packing.cuts_in_sentences) == (0, 0)
    assert packing.padding_share < 0.01


@given(
    first=st.lists(st.integers(1, 60), unique=True).map(sorted),
    second=st.lists(st.integers(1, 60), unique=True).map(sorted),
    limit=st.integers(1, 80),
)
@settings(deadline=None)
def test_the_best_sum_is_found(first: list[int], second: list[int], limit: int) -> None:
    sums = [one + other for one in first for other in second if one + other <= limit]
    chosen = best_sum(first, second, limit, limit)
    assert sum(chosen) == max(sums, default=0)
    assert chosen == (0, 0) or (chosen[0] in first and chosen[1] in second)
