"""Specimens: the highest ranks of each kind are kept, in whatever order and in however many parts they are met."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from builders.engine.ledger import MAX_SPECIMENS, StepTally
from builders.steps import Specimen

SPECIMENS = st.lists(
    st.builds(
        lambda kind, rank, number: Specimen(kind, float(rank), f"d-{number}", f"text {number}", {"attempts": rank}),
        st.sampled_from(["best", "worst"]),
        st.integers(0, 4),
        st.integers(0, 10**6),
    ),
    max_size=40,
    unique_by=lambda one: one.id,
)


def shown(*parts: list[Specimen]) -> list[Specimen]:
    whole = StepTally("Asks")
    for part in parts:
        tally = StepTally("Asks")
        tally.show(part)
        whole.add(StepTally.from_json(orjson.loads(orjson.dumps(tally.to_json()))))
    return whole.specimens


@given(SPECIMENS, st.integers(0, 40), st.randoms())
def test_order_and_parts_do_not_matter(specimens: list[Specimen], cut: int, chance: object) -> None:
    kept = shown(specimens)
    shuffled = list(specimens)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert shown(shuffled[:cut], shuffled[cut:]) == kept
    for kind in ("best", "worst"):
        of_kind = [one.rank for one in specimens if one.kind == kind]
        assert [one.rank for one in kept if one.kind == kind] == sorted(of_kind, reverse=True)[:MAX_SPECIMENS]


def test_the_ledger_of_a_step_without_any_says_nothing_of_them() -> None:
    assert "specimens" not in StepTally("Tidy").to_json()
