"""What a decision leaves: rows that go over in batches are those that go over one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders.dedup.near_duplicates import NearDuplicates
from builders.document import Document
from builders.engine import rest, tables
from builders.engine.decisions import keep_decisions, kept_decisions
from builders.engine.ledger import Ledger
from builders.engine.recipe import Output
from builders.engine.stages import ROWS_FILE, PartTask, Piece
from builders.engine.store import WorkStore
from builders.engine.tables import ROWS, RowWriter, document_row
from builders.steps import Fate
from builders.text.sentences import Blocks

COLUMNS = {"book": "string", "n": "int", "share": "float", "rest": "json"}
FATES = (
    Fate("", "near duplicate", "Jaccard 0.900 with 1", "1", 0.9),
    Fate("", "not drawn", "by lot"),
    Fate("valid", "near-duplicate of held-out", "Jaccard 0.600 with 2"),
)
META = st.fixed_dictionaries(
    {},
    optional={
        "book": st.sampled_from(["甲", "乙"]),
        "n": st.integers(0, 9),
        "share": st.integers(0, 3),
        "rest": st.just([1]),
    },
)
DOCUMENTS = st.lists(
    st.tuples(
        st.text("雪夜😀 \n", max_size=30) | st.just("\u3000\n"),
        META,
        st.sampled_from(["train", "valid"]),
        st.none() | st.sampled_from(FATES),
    ),
    max_size=20,
)


def part_of(
    folder: Path, documents: list[Any], steps: tuple[Blocks, ...]
) -> tuple[dict[str, bytes], Mapping[str, Any]]:
    """The files and the result of a part made of one stage."""
    stage, store = folder / "stage", WorkStore(folder / "store")
    stage.mkdir(parents=True)
    with RowWriter(stage / ROWS_FILE, ROWS, 7) as writer:
        for number, (text, meta, split, _) in enumerate(documents):
            writer.add(document_row(Document(str(number), text, dict(meta), split=split)), len(text))
    keep_decisions(folder / "fates", [{place: one[-1] for place, one in enumerate(documents) if one[-1]}])
    (decided,) = kept_decisions(NearDuplicates(), folder / "fates")
    output = Output(facets=("book",), row_group_rows=4)
    result = PartTask("key", [Piece([stage], decided)], steps, output, COLUMNS).run(store)
    return {path.name: path.read_bytes() for path in store.place("key").iterdir()}, result


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCUMENTS, st.booleans(), st.sampled_from([5, 40, 10_000]))
def test_batches_give_what_rows_give(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Any], blocks: bool, batch_chars: int
) -> None:
    steps = (Blocks(),) if blocks else ()
    taken: list[int] = []

    def run(are_plain: Callable[[Any], bool]) -> tuple[dict[str, bytes], Mapping[str, Any]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tables, "BATCH_CHARS", batch_chars)  # a part's row group may have sixteen times as many
            patch.setattr(rest, "_are_plain", are_plain)
            return part_of(tmp_path_factory.mktemp("part"), documents, steps)

    original = rest._are_plain

    def counted(batch: Any) -> bool:
        plain = original(batch)
        taken.append(plain)
        return plain

    in_batches, one_by_one = run(counted), run(lambda _: False)
    assert in_batches == one_by_one
    assert all(text.strip() for text, *_ in documents) <= all(taken)
    ledger = Ledger.from_json(in_batches[1]["ledger"])
    assert ledger.rows.total() + ledger.steps[0].documents_dropped <= len(documents)
