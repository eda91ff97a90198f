"""Names of which there are many."""

from __future__ import annotations

from trainers.problems import some_of


def test_some_names_stand_for_all() -> None:
    assert some_of(["a", "b", "c"], most=2) == "a, b and 1 more"
    assert some_of(["a"], count=1000) == "a and 999 more"
    assert some_of(["a", "b"]) == "a, b"
