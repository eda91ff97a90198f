"""Joining two files: pairs in order, and every row that is in none of them has a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainers.judging.scripted import BAD, GOOD, row, write
from trainers.judging.pairs import join
from validators.errors import SikuError


def test_by_id_in_the_order_of_the_first_file(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", [row(2, GOOD), row(1, BAD, reference="渡口东边"), row(7, GOOD)])
    b = write(tmp_path / "b.jsonl", [row(1, GOOD), row(2, BAD), row(9, BAD)])
    found = join(a, b)
    assert [(pair.id, pair.a, pair.b, pair.reference) for pair in found.pairs] == [
        ("q0002", GOOD, BAD, ""),
        ("q0001", BAD, GOOD, "渡口东边"),
    ]
    assert (found.by, found.left_out.only_in_a, found.left_out.only_in_b) == ("id", ["q0007"], ["q0009"])
    assert [pair.id for pair in join(a, b, limit=1).pairs] == ["q0002"]


def test_by_prompt_where_a_row_has_no_id(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "简短"}, {"role": "user", "content": "渡口在哪里？"}]
    a = write(tmp_path / "a.jsonl", [{"prompt": messages, "prediction": "东"}, {"prompt": "问", "prediction": "答"}])
    b = write(tmp_path / "b.jsonl", [{"prompt": "问", "prediction": "嗯"}, {"prompt": messages, "prediction": "西"}])
    found = join(a, b)
    assert found.by == "prompt"
    assert [(pair.id, pair.prompt, pair.b) for pair in found.pairs] == [
        ("1", "设定：简短\n用户：渡口在哪里？", "西"),
        ("2", "问", "嗯"),
    ]


def test_another_question_under_the_same_id_is_left_out_unless_the_reference_is_the_same(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, GOOD), row(2, GOOD, reference="东"), row(3, GOOD)])
    others = [row(1, BAD), row(2, BAD, reference="东"), row(3, BAD)]
    others[0]["prompt"], others[1]["prompt"] = "别的题", "<user>第2题：渡口在哪里？"
    found = join(a, write(tmp_path / "b.jsonl", others))
    assert [pair.id for pair in found.pairs] == ["q0002", "q0003"]
    assert found.left_out.other_prompt == ["q0001"]


def test_mistakes(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", [row(1, GOOD), row(1, BAD)])
    b = write(tmp_path / "b.jsonl", [row(2, GOOD)])
    with pytest.raises(SikuError, match="more than once"):
        join(a, b)
    with pytest.raises(SikuError, match="nothing in common"):
        join(b, write(tmp_path / "c.jsonl", [row(3, GOOD)]))
    with pytest.raises(SikuError, match="cannot be read"):
        join(b, tmp_path / "none.jsonl")


VALUES = st.none() | st.booleans() | st.integers(0, 4) | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2)
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["id", "prompt", "prediction", "reference", "error"]), VALUES, max_size=5),
    max_size=6,
)


@given(ROWS, ROWS)
def test_every_row_is_in_a_pair_or_has_a_name(tmp_path_factory: pytest.TempPathFactory, a: list, b: list) -> None:  # type: ignore[type-arg]
    folder = tmp_path_factory.mktemp("rows")
    files = (folder / "a.jsonl", folder / "b.jsonl")
    for file, rows in zip(files, (a, b), strict=True):
        file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows), encoding="utf-8")
    try:
        found = join(*files)
    except SikuError as error:
        assert error.exit_code == 2
        return
    left = found.left_out
    paired = len(found.pairs) + len(left.other_prompt)
    assert len(a) - paired - len(left.only_in_a) - len(left.unusable_in_a) <= len(left.unusable_in_b)
    assert len(b) - paired - len(left.only_in_b) - len(left.unusable_in_b) <= len(left.unusable_in_a)
    assert len({pair.id for pair in found.pairs}) == len(found.pairs)
