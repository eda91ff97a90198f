"""The loop and its books: every document and character ends somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.document import Document, Note, Quarantined
from builders.engine.ledger import Ledger, guard
from builders.engine.run import Books, Refused, first_difference, run_documents
from builders.steps import Edit, Split
from validators.errors import SikuError
from validators.step import Check, Step, Verdict


@dataclass(frozen=True, kw_only=True)
class Strip(Edit):
    def __call__(self, document: Document) -> Document:
        cut = document.text.replace("广告", "")
        if cut != document.text:
            document.notes.append(Note("ad", "广告"))
        document.text = cut
        return document


@dataclass(frozen=True, kw_only=True)
class Lines(Split):
    def __call__(self, document: Document) -> Iterable[Document]:
        for number, line in enumerate(document.text.split("\n")):
            yield Document(f"{document.id}-{number}", line)


@dataclass(frozen=True, kw_only=True)
class Short(Check):
    def __call__(self, text: str) -> Verdict | None:
        return Verdict("too short", f"{len(text)} characters") if len(text) < 3 else None


STEPS: tuple[Step, ...] = (Strip(), Lines(), Short())


def run(documents: Iterable[Document | Quarantined]) -> tuple[list[Document], Ledger, list[Refused], list[Note]]:
    refused: list[Refused] = []
    notes: list[Note] = []
    ledger = Ledger.over(STEPS)
    books = Books(ledger, refused.append, lambda name, step, note: notes.append(note))
    kept = list(run_documents(STEPS, documents, books))
    return kept, ledger, refused, notes


def test_every_end_of_a_document() -> None:
    kept, ledger, refused, notes = run(
        [
            Document("a", "老张推开门广告\n嗯\n雪停了。"),
            Document("b", "广告"),
            Quarantined("c", "not text: 3 NULs", "??"),
        ]
    )
    assert [(one.id, one.text) for one in kept] == [("a-0", "老张推开门"), ("a-2", "雪停了。")]
    assert [(one.document.id, one.step, one.reason) for one in refused] == [
        ("a-1", "Short", "too short: 1 characters"),
        ("b", "Strip", "nothing left: the whole text was cut out"),
        ("c", "", "quarantined: not text: 3 NULs"),
    ]
    assert notes == [Note("ad", "广告"), Note("ad", "广告")]
    assert ledger.quarantined == {"not text": 1}
    assert [tally.characters_removed for tally in ledger.steps] == [2, 2, 0]
    ledger.check(["Lines"])


texts = st.lists(st.text(alphabet="雪门广告。\n", max_size=12), max_size=8)


@given(texts)
def test_the_books_balance_to_the_character(parts: list[str]) -> None:
    kept, ledger, refused, _ = run(Document(str(number), text) for number, text in enumerate(parts))
    ledger.check(["Lines"])
    removed = sum(tally.characters_removed for tally in ledger.steps)
    assert (
        sum(map(len, parts))
        == sum(len(one.text) for one in kept) + sum(len(r.document.text) for r in refused) + removed
    )
    assert Ledger.from_json(ledger.to_json()).to_json() == ledger.to_json()


@pytest.mark.parametrize(
    "place", ["in", "out", "characters_in", "characters_out", "characters_dropped", "characters_removed"]
)
@pytest.mark.parametrize("step", [0, 1, 2])
def test_one_wrong_number_is_found(step: int, place: str) -> None:
    _, ledger, _, _ = run([Document("a", "老张推开门广告\n嗯\n雪停了。")])
    row = ledger.to_json()
    row["steps"][step][place] += 1
    with pytest.raises(SikuError, match="does not balance"):
        Ledger.from_json(row).check(["Lines"])


def test_a_ledger_that_says_other_than_the_files_is_found() -> None:
    _, ledger, _, _ = run([Document("a", "老张推开门")])
    found = {"train rows": 1, "valid rows": 0, "train characters": 5, "valid characters": 0}
    found |= {"dropped rows": 0, "dropped characters": 0, "duplicates": 0}
    ledger.compare(found)
    with pytest.raises(SikuError, match="does not balance") as caught:
        ledger.compare(found | {"train characters": 4})
    assert "5 in the ledger, 4 in the files" in caught.value.why


def test_the_guard_warns_and_stops() -> None:
    few, many = (
        [Document(str(n), "嗯" if n < 4 else "老张推开门") for n in range(10)],
        [Document(str(n), "嗯") for n in range(12)],
    )
    assert guard(STEPS, run(few)[1]) == ["Short removed 40%: 4 of 10 documents (4 x too short)"]
    with pytest.raises(SikuError, match="would remove 100%") as caught:
        guard(STEPS, run(many)[1])
    assert caught.value.exit_code == 3
    assert "steps.Short.stop_share=1" in caught.value.next
    assert guard((Strip(), Lines(), Short(stop_share=1, warn_share=1)), run(many)[1]) == []


def test_the_guard_only_warns_of_a_handful() -> None:
    assert len(guard(STEPS, run([Document("a", "嗯")])[1])) == 1


@given(st.text(alphabet="雪门", max_size=20), st.text(alphabet="雪门", max_size=20))
def test_first_difference(before: str, after: str) -> None:
    at = first_difference(before, after)
    assert before[:at] == after[:at]
    assert at == min(len(before), len(after)) or before[at] != after[at]
