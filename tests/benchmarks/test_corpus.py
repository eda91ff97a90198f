"""The corpus of the benchmarks: its truth is exact, and its scorer sees what is wrong with a removal."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpus import folded, jaccard, ngrams, similar_pairs, without_blanks, write_corpus
from benchmarks.score import score


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, 0.5)
    return folder


def texts_of(corpus: Path) -> dict[str, str]:
    rows = map(json.loads, (corpus / "corpus.jsonl").read_text(encoding="utf-8").splitlines())
    return {row["id"]: row["text"] for row in rows}


def truth_of(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "truth_pairs.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 30), min_size=1, max_size=12), min_size=2, max_size=12),
    st.sampled_from([0.5, 0.7, 1.0]),
)
def test_similar_pairs_are_those_of_comparing_all(numbers: list[set[int]], least: float) -> None:
    sets = [np.array(sorted(one), dtype=np.uint64) for one in numbers]
    found = {(a, b): value for a, b, value in similar_pairs(sets, least)}
    every = {
        (a, b): len(numbers[a] & numbers[b]) / len(numbers[a] | numbers[b])
        for b in range(len(numbers))
        for a in range(b)
    }
    assert found == pytest.approx({pair: value for pair, value in every.items() if value >= least})


def test_the_truth_is_the_jaccard_of_the_texts(corpus: Path) -> None:
    texts = texts_of(corpus)
    pairs = truth_of(corpus)
    assert {pair["kind"].partition(" ")[0] for pair in pairs} >= {"exact", "edited", "shortened"}
    for pair in pairs:
        a, b = (texts[pair[name]] for name in ("id_a", "id_b"))
        assert float(pair["jaccard"]) == pytest.approx(
            jaccard(ngrams(without_blanks(a)), ngrams(without_blanks(b))), abs=1e-6
        )
        assert float(pair["jaccard_norm"]) == pytest.approx(jaccard(ngrams(folded(a)), ngrams(folded(b))), abs=1e-6)
        assert (pair["kind"] != "exact") or pair["label"] == "1"


def test_made_up_documents_are_not_alike_by_chance(corpus: Path) -> None:
    assert not [pair for pair in truth_of(corpus) if pair["kind"] == "by chance"]


def test_same_seed_same_bytes(corpus: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path, 0.5)
    for name in ("corpus.jsonl", "truth_pairs.tsv", "corpus.json"):
        assert (tmp_path / name).read_bytes() == (corpus / name).read_bytes()


def write_kept(folder: Path, ids: list[str]) -> Path:
    folder.mkdir()
    pq.write_table(pa.table({"id": ids}), folder / "kept.parquet")
    return folder


def test_the_score_tells_misses_and_wrong_removals(corpus: Path, tmp_path: Path) -> None:
    pairs = [pair for pair in truth_of(corpus) if pair["label"] == "1"]
    known = {pair[name] for pair in truth_of(corpus) for name in ("id_a", "id_b")}
    later = {pair["id_b"] for pair in pairs}
    ids = list(texts_of(corpus))
    right = score(corpus, write_kept(tmp_path / "right", [name for name in ids if name not in later]), 0.7)
    assert (right["recall"], right["precision_at_0.8"], right["removed"]) == (1, 1, len(later))
    nothing = score(corpus, write_kept(tmp_path / "nothing", ids), 0.7)
    assert (nothing["recall"], nothing["removed"]) == (0, 0)
    single = next(name for name in ids if name not in known)
    wrong = score(corpus, write_kept(tmp_path / "wrong", [name for name in ids if name != single]), 0.7)
    assert (wrong["precision"], wrong["removed"]) == (0, 1)


def test_a_score_of_no_rows_or_of_foreign_ones_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no rows"):
        score(corpus, write_kept(tmp_path / "empty", []), 0.7)
    with pytest.raises(ValueError, match="not of the corpus"):
        score(corpus, write_kept(tmp_path / "foreign", ["doc-x"]), 0.7)
