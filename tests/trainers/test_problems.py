"""Many mistakes, one message of four lines."""

from __future__ import annotations

import pytest

from trainers.problems import raise_together, some_of
from validators.errors import SikuError

ONE = SikuError("no rows", where="small@1", next="siku build small")
TWO = SikuError("max_length is 0", why="it must be at least 1")
THREE = SikuError("rows are too long", where="small@1", next="siku build small")


def test_nothing_is_wrong() -> None:
    raise_together([])


def test_one_problem_is_told_as_it_is() -> None:
    with pytest.raises(SikuError) as told:
        raise_together([ONE])
    assert told.value is ONE


def test_all_are_told_each_place_and_way_out_once() -> None:
    with pytest.raises(SikuError) as told:
        raise_together([ONE, TWO, THREE])
    assert told.value.exit_code == 2
    assert told.value.lines() == [
        "error: 3 things are wrong",
        "where: small@1",
        "why:   no rows\n       max_length is 0 (it must be at least 1)\n       rows are too long",
        "next:  siku build small",
    ]


def test_some_names_stand_for_all() -> None:
    assert some_of(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert some_of(["a"], count=1000) == "a and 999 more"
    assert some_of(["a", "b"]) == "a, b"
