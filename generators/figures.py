"""What the report of a dataset that a model wrote shows of single passages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from builders.document import Document
from builders.steps import Specimen

TROUBLE, AT_ONCE = "most trouble", "all well in the first reply"
TEXT_CHARS = 3000  # of a passage
SAMPLES, TURNS, REFUSALS = 8, 12, 4  # shown of one passage
CHARS = 400  # of a question, an answer, or what was refused


def specimens_of(document: Document, parts: Sequence[Document]) -> Iterator[Specimen]:
    """A passage among those that gave trouble, or among those that did not, and how much so.

    Trouble is measured by replies and then by refused samples; where there was none, many samples from all over the
    passage come first.
    """
    attempts = int(parts[0].meta.get("attempts", 1))
    refused = [note.text.partition("\n") for note in parts[0].notes if note.kind.startswith("refused: ")]
    made = {
        "attempts": attempts,
        "samples": [_turns(part) for part in parts[:SAMPLES]],
        "count": len(parts),
        "refused": [[sample[:CHARS], why[:CHARS]] for sample, _, why in refused[:REFUSALS]],
        "refusals": len(refused),
    }
    text = document.text[:TEXT_CHARS]
    if attempts > 1 or refused or any(note.kind.startswith("reply: ") for note in parts[0].notes):
        yield Specimen(TROUBLE, 1000.0 * attempts + len(refused), document.id, text, made)
    else:
        places = [float(part.meta["answer_at"]) for part in parts if "answer_at" in part.meta]
        spread = max(places) - min(places) if places else 0.0
        yield Specimen(AT_ONCE, len(parts) + round(spread, 3), document.id, text, made)


def _turns(part: Document) -> list[str]:
    """Question, answer, question, answer ..., without a system prompt."""
    said = [message["content"][:CHARS] for message in part.messages or () if message["role"] != "system"]
    return said[:TURNS]
