"""The decision on Daft is the decision without it: every fate, word for word, whatever the corpus is like."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.dedup.near_duplicates import NearDuplicates
from builders.dedup.pairs import Pairs
from builders.dedup.select import best_stay, most_alike
from builders.document import Document

pytest.importorskip("daft", reason="the extra `cluster` is not installed")
HAN = [chr(code) for code in range(0x4E00, 0x9000)]


@pytest.fixture(scope="module", autouse=True)
def native() -> Iterator[None]:
    os.environ |= {"DAFT_ANALYTICS_ENABLED": "0", "DO_NOT_TRACK": "1", "DAFT_PROGRESS_BAR": "0"}
    import daft

    daft.set_runner_native(num_threads=2)
    yield


class Writer:
    """Documents of every kind that the decision tells apart, the same for the same seed."""

    def __init__(self, seed: int, held_out: float = 0.03) -> None:
        self.rng, self.held_out = random.Random(seed), held_out
        self.documents: list[Document] = []

    def prose(self, chars: int) -> str:
        return "".join(self.rng.choices(HAN, k=chars))

    def add(self, text: str) -> None:
        meta: dict[str, Any] = {}
        if self.rng.random() < 0.6:
            meta["book"] = f"书{self.rng.randrange(12)}"
        if self.rng.random() < 0.3:
            meta["quality"] = self.rng.choice([0.2, 0.5, 0.9, 1.0])
        split = "valid" if self.rng.random() < self.held_out else "train"
        name = f"{self.rng.choice('ab卷')}{len(self.documents):05}"
        self.documents.append(Document(name, text, meta, split=split))

    def chain(self, step: int) -> None:
        """Windows that slide over one text: each is like the next, the first and the last are not alike."""
        long = self.prose(2400)
        for start in range(0, 2000, step):
            self.add(long[start : start + 400])

    def family(self) -> None:
        """A text and copies with more and more of it wrong."""
        text = self.prose(300)
        for errors in range(0, 24, 2):
            letters = list(text)
            for place in self.rng.sample(range(300), errors):
                letters[place] = self.rng.choice(HAN)
            self.add("".join(letters))

    def letters(self, count: int) -> None:
        """Many letters from one form: more of them meet in a run than are compared with each other."""
        form = self.prose(200)
        for _ in range(count):
            self.add(form + self.prose(self.rng.choice([60, 90, 200])))

    def copies(self) -> None:
        text = self.prose(self.rng.choice([1, 3, 4, 5, 6, 50, 200]))
        for _ in range(self.rng.randrange(1, 5)):
            self.add(text + self.rng.choice(["", "。", "！"]))

    def corpus(self) -> list[Document]:
        for step in (30, 40, 60):
            self.chain(step)
        for _ in range(4):
            self.family()
        self.letters(60)
        for _ in range(20):
            self.copies()
        for text in ("", "……", "……", "。", "短", "一二三四", "一二三四。", "\ud800" * 9, self.prose(150)):
            self.add(text)
        self.rng.shuffle(self.documents)
        return self.documents


def sketched(step: NearDuplicates, documents: list[Document], shards: int, home: Path) -> list[Path]:
    folders = [home / str(shard) for shard in range(shards)]
    for shard, folder in enumerate(folders):
        with step.sketch(folder) as writer:
            for document in documents[shard::shards]:
                writer.add(document)
    return folders


@pytest.mark.parametrize(
    ("shards", "jaccard", "holdout_jaccard", "within"),
    [(1, 0.7, 0.5, ""), (3, 0.5, 0.5, ""), (9, 0.85, 0.3, ""), (2, 0.7, 0.5, "book")],
)
def test_every_fate_is_the_same(
    tmp_path: Path, shards: int, jaccard: float, holdout_jaccard: float, within: str
) -> None:
    from builders.dedup.distributed.decision import decide

    step = NearDuplicates(jaccard=jaccard, holdout_jaccard=holdout_jaccard, within=within, bands=32)
    folders = sketched(step, Writer(shards).corpus(), shards, tmp_path)
    expected = list(step.decide(folders))
    assert {fate.check.split()[0] for of_shard in expected for fate in of_shard.values()} == {
        *("exact", "near", "near-duplicate")
    }
    assert list(decide(step, folders)) == expected


def test_books_follow_what_is_held_out_of_them(tmp_path: Path) -> None:
    from builders.dedup.distributed.decision import decide

    writer = Writer(5, held_out=0.1)
    folders = sketched(NearDuplicates(), writer.corpus(), 4, tmp_path)
    step = NearDuplicates(jaccard=0.85, holdout_jaccard=0.3)
    expected = list(step.decide(folders))
    reasons = [fate.why for of_shard in expected for fate in of_shard.values() if fate.split]
    assert any("of its copy" in why for why in reasons)
    assert any("documents of the book" in why for why in reasons)
    assert list(decide(step, folders)) == expected


@pytest.mark.parametrize("texts", [[], ["一"], ["风雪夜归人", "风雪夜归人"]])
def test_hardly_any_documents(tmp_path: Path, texts: list[str]) -> None:
    from builders.dedup.distributed.decision import decide

    step = NearDuplicates(bands=4)
    folders = sketched(step, [Document(str(n), text) for n, text in enumerate(texts)], 2, tmp_path)
    assert list(decide(step, folders)) == list(step.decide(folders))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(lambda pair: pair[0] < pair[1]),
        st.sampled_from([0.7, 0.8, 0.9]),
        min_size=1,
    )
)
def test_the_choice_by_joins_is_the_choice_one_by_one(alike: dict[tuple[int, int], float]) -> None:
    import daft

    from builders.dedup.distributed import selection

    better, worse = (np.array(column, dtype=np.int64) for column in zip(*alike, strict=True))
    pairs = Pairs(better, worse, np.array(list(alike.values())))
    frame = daft.from_pydict(pairs._asdict() | {"better_place": better, "worse_place": worse}).collect()
    gone = selection.those_that_go(frame)
    stays = best_stay(np.ones(15, dtype=np.bool_), pairs)
    assert sorted(gone.to_pydict()["document"]) == np.flatnonzero(~stays).tolist()
    likest = selection.most_alike(frame, gone).sort("worse").to_pydict()
    expected = most_alike(stays, pairs)
    assert [likest["better"], likest["worse"], likest["jaccard"]] == [column.tolist() for column in expected]
