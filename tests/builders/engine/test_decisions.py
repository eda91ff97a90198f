"""Decisions are read as they were kept, shard by shard, and say by their digest whether they are the same."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.dedup.near_duplicates import NearDuplicates
from builders.engine.decisions import keep_decisions, kept_decisions
from builders.steps import Fate

FATES = st.builds(
    Fate,
    st.sampled_from(["", "valid"]),
    st.sampled_from(["near duplicate", "换行\n"]),
    st.text(st.characters(codec="utf-8"), max_size=9),
    st.none() | st.text(st.characters(codec="utf-8"), max_size=9),
    st.none() | st.floats(0, 1),
)
SHARDS = st.lists(st.dictionaries(st.integers(0, 50), FATES, max_size=6), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SHARDS)
def test_what_was_decided_is_read(tmp_path: Path, shards: list[dict[int, Fate]]) -> None:
    assert keep_decisions(tmp_path / "fates", iter(shards)) == sum(map(len, shards))
    kept = list(kept_decisions(NearDuplicates(), tmp_path / "fates"))
    assert [one.read().fates for one in kept] == shards
    assert len({one.digest for one in kept}) == len({frozenset(one.items()) for one in shards})
