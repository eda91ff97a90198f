"""Hold-out: nothing in training is like what is held out, under any title."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from builders.dedup.near_duplicates import LIKE_HELD_OUT, NearDuplicates, exact_jaccard
from builders.document import Document
from builders.steps import Fate

Decide = Callable[..., dict[str, Fate]]
Write = Callable[[int, int], str]


def held(name: str, text: str, book: str = "") -> Document:
    return Document(name, text, {"book": book} if book else {}, split="valid")


def free(name: str, text: str, book: str = "") -> Document:
    return Document(name, text, {"book": book} if book else {})


def moved(fates: dict[str, Fate]) -> set[str]:
    return {name for name, fate in fates.items() if fate.split == "valid"}


@pytest.fixture
def stream(write_prose: Write) -> str:
    """Windows of it that begin d characters apart and are 100 long: Jaccard (96 - d) / (96 + d)."""
    return write_prose(7, 2000)


def test_the_held_out_copy_stays_whatever_its_quality(decide: Decide, stream: str) -> None:
    fates = decide([free("a", stream[:500]), held("b", stream[:480] + "\ufffd" * 9)])
    assert fates == {"a": Fate("", "near duplicate", "Jaccard 0.960 with b", "b", 476 / 496)}


def test_what_is_like_held_out_text_goes_with_it(decide: Decide, stream: str) -> None:
    documents = [held("v", stream[:100]), free("near", stream[25:125]), free("far", stream[65:165])]
    assert decide(documents) == {"near": Fate("valid", LIKE_HELD_OUT, "Jaccard 0.587 with v")}
    assert decide(documents, NearDuplicates(holdout_jaccard=0.6)) == {}


def test_links_go_on_from_what_has_moved(decide: Decide, stream: str) -> None:
    fates = decide([held("v", stream[:100]), *(free(str(n), stream[25 * n : 25 * n + 100]) for n in range(1, 9))])
    assert moved(fates) == set("12345678")
    assert fates["8"].why == "Jaccard 0.587 with 7"


def test_without_hold_out_nothing_moves(decide: Decide, stream: str) -> None:
    assert decide([free(str(n), stream[25 * n : 25 * n + 100]) for n in range(20)]) == {}


def test_a_copy_that_goes_still_links_what_stays(decide: Decide, stream: str) -> None:
    documents = [held("v", stream[:100]), free("copy", stream[15:115]), free("t", stream[35:135])]
    fates = decide(documents)
    assert exact_jaccard(stream[:100], stream[35:135]) < 0.5
    assert fates["copy"].duplicate_of == "v"
    assert fates["t"] == Fate("valid", LIKE_HELD_OUT, "Jaccard 0.655 with copy")


def test_one_that_stays_goes_with_its_copy(decide: Decide, stream: str) -> None:
    better = stream[35:135]
    documents = [held("v", stream[:100]), free("t", better + stream[135:137]), free("u", stream[22:122])]
    fates = decide(documents)
    assert fates["u"].duplicate_of == "t"
    assert fates["t"] == Fate("valid", LIKE_HELD_OUT, "Jaccard 0.627 of its copy u with v")


def test_a_book_goes_when_enough_of_it_is_like_held_out_text(decide: Decide, write_prose: Write) -> None:
    chapters = [write_prose(n, 200) for n in range(10)]
    original = [held(f"v{n}", text, "原书") for n, text in enumerate(chapters)]
    changed = [text[:150] + write_prose(n + 50, 50) for n, text in enumerate(chapters)]  # Jaccard about 0.6
    own = [write_prose(n + 100, 200) for n in range(10)]

    def anthology(taken: int) -> list[Document]:
        return [free(f"t{n}", text, "选本") for n, text in enumerate(changed[:taken] + own[taken:])]

    assert moved(decide([*original, *anthology(2)])) == {"t0", "t1"}
    assert moved(decide([*original, *anthology(3)])) == {f"t{n}" for n in range(10)}
    assert moved(decide([*original, *anthology(3)], NearDuplicates(holdout_share=0.5))) == {"t0", "t1", "t2"}
    why = decide([*original, *anthology(3)])["t9"].why
    assert why == "3 of 10 documents of the book are like held-out ones"


def test_a_book_that_goes_draws_no_other_book_along(decide: Decide, write_prose: Write) -> None:
    first, second = ([write_prose(20 * book + n, 200) for n in range(4)] for book in (1, 2))
    both = [free(f"t{n}", text + "集", "合集") for n, text in enumerate(first + second)]
    other = [
        free(f"u{n}", text, "另书") for n, text in enumerate([*second[:2], write_prose(90, 200), write_prose(91, 200)])
    ]
    fates = decide([*(held(f"v{n}", text, "原书") for n, text in enumerate(first)), *both, *other])
    assert {name for name, fate in fates.items() if not fate.split} == {"t0", "t1", "t2", "t3", "u0", "u1"}
    assert moved(fates) == {"t4", "t5", "t6", "t7"}


def test_no_row_of_training_is_like_one_of_validation(decide: Decide, stream: str) -> None:
    choose = random.Random(3)
    for _ in range(5):
        starts = [choose.randrange(1500) for _ in range(60)]
        documents = [
            Document(f"{n:02}", stream[start : start + 100 + n % 7], split="valid" if n % 20 == 0 else "train")
            for n, start in enumerate(starts)
        ]
        fates = decide(documents, shards=3)
        rows = [(d.text, fates[d.id].split if d.id in fates else d.split) for d in documents]
        train, valid = ([text for text, split in rows if split == name] for name in ("train", "valid"))
        assert len(valid) >= 3
        assert max(exact_jaccard(a, b) for a in train for b in valid) < 0.5


def test_a_second_run_over_what_stays_finds_nothing(decide: Decide, stream: str) -> None:
    choose = random.Random(4)
    documents = [
        Document(
            f"{n:03}", stream[start : start + 100], {"book": f"书{n % 9}"}, split="valid" if n % 40 == 0 else "train"
        )
        for n, start in enumerate(choose.randrange(1900) for _ in range(120))
    ]
    fates = decide(documents)
    assert {fate.split for fate in fates.values()} == {"", "valid"}
    stays = [document for document in documents if document.id not in fates or fates[document.id].split]
    for document in stays:
        document.split = fates[document.id].split if document.id in fates else document.split
    assert decide(stays) == {}
