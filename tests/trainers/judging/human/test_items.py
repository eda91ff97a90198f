"""What people are shown: every text once, in an order of their own, and nothing silently left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainers.judging.scripted import row, write
from trainers.judging.human.items import Item, Items, items_of, order_for
from trainers.judging.pairs import item_of
from validators.errors import SikuError


def files(folder: Path, *texts: list[str]) -> list[Path]:
    return [
        write(folder / f"{name}.jsonl", [row(number, text, reference="原文") for number, text in enumerate(some)])
        for name, some in zip("甲乙丙", texts, strict=False)
    ]


def test_texts_of_several_files_by_row_and_equal_ones_once(tmp_path: Path) -> None:
    found = items_of(files(tmp_path, ["一", "二"], ["一", "三"], ["四", "二"]))
    assert [(one.id, one.text, one.sides) for one in found.items] == [
        ("q0000", "一", ("a", "b")),
        ("q0000", "四", ("c",)),
        ("q0001", "二", ("a", "c")),
        ("q0001", "三", ("b",)),
    ]
    assert found.files == {"a": "甲.jsonl", "b": "乙.jsonl", "c": "丙.jsonl"}
    assert (found.rows, found.left_out, found.items[0].reference) == (2, {}, "原文")
    assert found.items[0].item == item_of("q0000", "一")
    assert [one.text for one in items_of(files(tmp_path, ["一", "二"]), limit=1).items] == ["一"]


def test_what_is_left_out_has_a_name(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, "一"), row(2, "二"), row(3, "三", error="time-out"), row(4, "四")])
    other = row(4, "五") | {"prompt": "别的题"}
    b = write(tmp_path / "b.jsonl", [row(1, "一乙"), row(3, "三乙"), other, row(5, "五")])
    found = items_of([a, b])
    assert {one.id for one in found.items} == {"q0001"}
    assert found.left_out == {
        "unusable in a.jsonl": ["line 3 (q0003): no text came: time-out"],
        "not in every file": ["q0002", "q0005"],
        "of another prompt under the same id": ["q0004"],
    }
    assert found.notes()[1] == "2 not in every file: q0002, q0005"


def test_without_ids_rows_are_joined_by_prompt(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", [{"prompt": "问", "prediction": "甲"}])
    b = write(tmp_path / "b.jsonl", [{"prompt": "问", "prediction": "乙", "id": "7"}])
    found = items_of([a, b])
    assert [(one.id, one.item) for one in found.items] == [("1", item_of("问", "甲")), ("1", item_of("问", "乙"))]


def test_nothing_to_score_and_too_many_files(tmp_path: Path) -> None:
    empty = write(tmp_path / "a.jsonl", [])
    with pytest.raises(SikuError, match="no text to score"):
        items_of([empty])
    with pytest.raises(SikuError, match="27 files"):
        items_of([empty] * 27)


NAMES = st.text(min_size=1, max_size=5)


def some_items(rows: int) -> Items:
    texts = [Item(f"{id}{side}", f"r{id}", "前文", side, "", (side,)) for id in range(rows) for side in "ab"]
    return Items(tuple(texts), {"a": "a", "b": "b"})


@given(NAMES, st.integers(0, 12), st.integers(0, 9))
def test_an_order_has_every_text_once_and_rows_together(who: str, rows: int, seed: int) -> None:
    items = some_items(rows)
    order = order_for(items, who, seed)
    assert sorted(one.item for one in order) == sorted(one.item for one in items.items)
    assert [one.id for one in order[::2]] == [one.id for one in order[1::2]]
    assert order == order_for(items, who, seed)


def test_each_person_has_an_order_of_their_own_and_no_side_a_place() -> None:
    items = some_items(40)
    orders = [order_for(items, who) for who in ("wang", "li")]
    assert orders[0] != orders[1]
    assert orders[0] != order_for(items, "wang", seed=1)
    for order in orders:
        assert 8 <= sum(one.text == "a" for one in order[::2]) <= 32
