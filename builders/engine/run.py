"""The loop that all of siku turns around: documents through steps, every one of them accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from builders.document import Document, Message, Note, Quarantined
from builders.engine.ledger import MAX_EXAMPLES, Ledger, StepTally
from builders.steps import Edit, Split
from builders.text.turns import alternate
from validators.step import Check, Step, Verdict

EXAMPLE_CHARS = 48  # shown on either side of the first place that an edit changed


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that went, as it was when it went."""

    document: Document
    step: str
    reason: str
    duplicate_of: str | None = None
    jaccard: float | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """Where `run_documents` writes down what happens: the figures, the refused documents, the evidence."""

    ledger: Ledger
    refuse: Callable[[Refused], None]
    note: Callable[[str, str, Note], None]  # id of the document, step, what was found

    def quarantine(self, piece: Quarantined, source: str) -> None:
        self.ledger.quarantined[piece.reason.partition(":")[0]] += 1
        self.ledger.characters_quarantined += len(piece.text)
        self.refuse(Refused(Document(piece.id, piece.text, piece.meta), source, f"quarantined: {piece.reason}"))

    def drop(self, document: Document, tally: StepTally, verdict: Verdict) -> None:
        tally.dropped[verdict.check] += 1
        tally.characters_dropped += len(document.text)
        self.refuse(Refused(document, tally.name, str(verdict)))


def run_documents(
    steps: Sequence[Step], documents: Iterable[Document | Quarantined], books: Books, source: str = ""
) -> Iterator[Document]:
    """The documents that pass all `steps`, in order. One process, a worker or a cluster: all call this.

    `books.ledger.steps` has a tally for every step. A document that an edit leaves blank is dropped.
    """
    ledger = books.ledger
    for document in documents:
        if isinstance(document, Quarantined):
            books.quarantine(document, source)
            continue
        ledger.documents_in += 1
        ledger.characters_in += len(document.text)
        for kept in _through(steps, 0, document, books):
            ledger.rows[kept.split] += 1
            ledger.characters[kept.split] += len(kept.text)
            yield kept


def _through(steps: Sequence[Step], first: int, document: Document, books: Books) -> Iterator[Document]:
    for place in range(first, len(steps)):
        step, tally = steps[place], books.ledger.steps[place]
        chars = len(document.text)
        tally.documents_in += 1
        tally.characters_in += chars
        if isinstance(step, Check):
            verdict = step(document.text)
            if verdict is not None:
                books.drop(document, tally, verdict)
                return
        elif isinstance(step, Edit):
            before, messages = document.text, document.messages
            edited = edit(step, document)
            if isinstance(edited, Document):
                _write_down(edited, tally, books)
                if not edited.text.strip():
                    edited = Verdict("nothing left", "the whole text was cut out")
            if isinstance(edited, Verdict):
                document.text, document.messages = before, messages
                books.drop(document, tally, edited)
                return
            document = edited
            if document.text != before:
                _keep_example(tally, document.id, before, document.text)
        elif isinstance(step, Split):
            yield from _split(step, steps, place, document, books)
            return
        else:
            raise TypeError(f"{type(step).__name__} is no Check, Edit or Split")
        tally.documents_out += 1
        tally.characters_out += len(document.text)
    yield document


def edit(step: Edit, document: Document) -> Document | Verdict:
    """What an edit makes of a document; of a conversation it is given each turn by itself.

    A turn that is left blank goes, and the rules of `alternate` hold again.
    """
    if document.messages is None or not step.by_turn:
        return step(document)
    turns: list[Message] = []
    for message in document.messages:
        turn = step(Document(document.id, message["content"], document.meta, split=document.split))
        if isinstance(turn, Verdict):
            return turn
        document.meta = turn.meta
        document.notes += turn.notes
        turns.append({"role": message["role"], "content": turn.text})
    if turns != document.messages:
        document.converse(alternate(turns))
    return document


def _split(step: Split, steps: Sequence[Step], place: int, document: Document, books: Books) -> Iterator[Document]:
    tally = books.ledger.steps[place]
    made = step(document)
    parts = [] if isinstance(made, Verdict) else [part for part in made if part.text.strip()]
    if not parts:
        _write_down(document, tally, books)
        nothing = Verdict("nothing left", "it has no part with any text")
        books.drop(document, tally, made if isinstance(made, Verdict) else nothing)
    else:
        tally.show(step.specimens(document, parts))
    for part in parts:
        part.split = document.split
        _write_down(part, tally, books)
        tally.documents_out += 1
        tally.characters_out += len(part.text)
        yield from _through(steps, place + 1, part, books)


def _write_down(document: Document, tally: StepTally, books: Books) -> None:
    for note in document.notes:
        tally.notes[note.kind] += 1
        books.note(document.id, tally.name, note)
    document.notes = []


def first_difference(before: str, after: str) -> int:
    """Where two texts begin to differ; found by halving, since comparing slices is fast."""
    same, end = 0, min(len(before), len(after))
    while same < end:
        middle = (same + end + 1) // 2
        if before[same:middle] == after[same:middle]:
            same = middle
        else:
            end = middle - 1
    return same


def _keep_example(tally: StepTally, name: str, before: str, after: str) -> None:
    if len(tally.examples) >= MAX_EXAMPLES:
        return
    at = first_difference(before, after)
    window = slice(max(0, at - EXAMPLE_CHARS // 2), at + EXAMPLE_CHARS)
    tally.examples.append([name, before[window], after[window]])
