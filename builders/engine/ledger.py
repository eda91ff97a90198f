"""The ledger: every document and every character accounted for.

in = kept + dropped (by step and reason) + duplicates + quarantined; and for characters also what edits removed.
The figures are counted where documents pass; at the end they must agree with each other and with what lies on disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from builders.steps import Specimen
from validators.errors import SikuError
from validators.step import Step

MAX_EXAMPLES = 6
MAX_SPECIMENS = 5  # of a kind
GUARD_MIN_DOCUMENTS = 10  # a share of fewer documents than this says nothing: the guard only warns


@dataclass
class StepTally:
    """What one step did. Documents and characters of `out` are the next step's `in`."""

    name: str
    documents_in: int = 0
    documents_out: int = 0
    characters_in: int = 0
    characters_out: int = 0
    characters_dropped: int = 0  # in the documents that it refused
    dropped: Counter[str] = field(default_factory=Counter)  # refused documents by rule
    duplicates: int = 0  # those among them that went as a copy
    notes: Counter[str] = field(default_factory=Counter)  # evidence by kind
    examples: list[list[str]] = field(default_factory=list)  # [id, before, after] of a few edits
    specimens: list[Specimen] = field(default_factory=list)  # the highest ranks first, by kind

    @property
    def characters_removed(self) -> int:
        """Cut out of documents that went on; negative where a step adds text."""
        return self.characters_in - self.characters_out - self.characters_dropped

    @property
    def documents_dropped(self) -> int:
        return self.dropped.total()

    def add(self, other: StepTally) -> None:
        for name in (
            "documents_in",
            "documents_out",
            "characters_in",
            "characters_out",
            "characters_dropped",
            "duplicates",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.dropped.update(other.dropped)
        self.notes.update(other.notes)
        self.examples = sorted(self.examples + other.examples, key=_draw)[:MAX_EXAMPLES]
        self.show(other.specimens)

    def show(self, specimens: Iterable[Specimen]) -> None:
        """Keep the highest ranks of each kind, whatever the order in which they come."""
        for one in specimens:
            same = sorted([*(other for other in self.specimens if other.kind == one.kind), one], key=_place)
            others = [other for other in self.specimens if other.kind != one.kind]
            self.specimens = sorted([*others, *same[:MAX_SPECIMENS]], key=_place)

    def to_json(self) -> dict[str, Any]:
        specimens = {"specimens": [_ordered(one) for one in self.specimens]} if self.specimens else {}
        return {
            "name": self.name,
            "in": self.documents_in,
            "out": self.documents_out,
            "dropped": dict(sorted(self.dropped.items())),
            "duplicates": self.duplicates,
            "characters_in": self.characters_in,
            "characters_out": self.characters_out,
            "characters_dropped": self.characters_dropped,
            "characters_removed": self.characters_removed,
            "notes": dict(sorted(self.notes.items())),
            "examples": self.examples,
            **specimens,
        }

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> StepTally:
        tally = StepTally(
            row["name"],
            row["in"],
            row["out"],
            row["characters_in"],
            row["characters_out"],
            row["characters_dropped"],
            Counter(row["dropped"]),
            row["duplicates"],
            Counter(row["notes"]),
            row["examples"],
            [Specimen(*one) for one in row.get("specimens", ())],
        )
        if tally.characters_removed != row["characters_removed"]:
            raise _unbalanced(f"{tally.name}: characters in - out - dropped is not what it says was removed")
        return tally


def _draw(example: Sequence[str]) -> bytes:
    """Examples are drawn by the digest of the id: of many books, and the same ones in every run."""
    return blake2b("\0".join(example).encode(), digest_size=8).digest()


def _ordered(one: Specimen) -> list[Any]:
    """With its keys in one order, whether it was made just now or comes out of the work store."""
    row: list[Any] = orjson.loads(orjson.dumps(list(one), option=orjson.OPT_SORT_KEYS))
    return row


def _place(one: Specimen) -> tuple[str, float, bytes]:
    """Where a specimen stands: by kind, the higher ranks first, and among equals by the digest of the id."""
    return one.kind, -one.rank, _draw((one.id,))


@dataclass
class Ledger:
    """The books of a build or of a part of it: the input, every step, what was kept."""

    documents_in: int = 0
    characters_in: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)  # pieces of input by rule
    characters_quarantined: int = 0
    steps: list[StepTally] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)  # kept documents by split
    characters: Counter[str] = field(default_factory=Counter)  # and their characters

    @staticmethod
    def over(steps: Iterable[Step]) -> Ledger:
        return Ledger(steps=[StepTally(type(step).__name__) for step in steps])

    def add(self, other: Ledger) -> None:
        """Add the books of another part, which may hold other steps of the same plan."""
        self.documents_in += other.documents_in
        self.characters_in += other.characters_in
        self.quarantined.update(other.quarantined)
        self.characters_quarantined += other.characters_quarantined
        self.rows.update(other.rows)
        self.characters.update(other.characters)
        mine = {tally.name: tally for tally in self.steps}
        for tally in other.steps:
            if tally.name not in mine:
                raise _unbalanced(f"a part has a step {tally.name} that the plan has not")
            mine[tally.name].add(tally)

    def to_json(self) -> dict[str, Any]:
        return {
            "documents_in": self.documents_in,
            "characters_in": self.characters_in,
            "quarantined": dict(sorted(self.quarantined.items())),
            "characters_quarantined": self.characters_quarantined,
            "steps": [tally.to_json() for tally in self.steps],
            "rows": dict(sorted(self.rows.items())),
            "characters": dict(sorted(self.characters.items())),
        }

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Ledger:
        return Ledger(
            row["documents_in"],
            row["characters_in"],
            Counter(row["quarantined"]),
            row["characters_quarantined"],
            [StepTally.from_json(step) for step in row["steps"]],
            Counter(row["rows"]),
            Counter(row["characters"]),
        )

    @property
    def dropped(self) -> int:
        """Refused documents that are not duplicates."""
        return sum(tally.documents_dropped for tally in self.steps) - self.duplicates

    @property
    def duplicates(self) -> int:
        return sum(tally.duplicates for tally in self.steps)

    def check(self, splitting: Sequence[str] = ()) -> None:
        """Raise SikuError unless every number agrees with its neighbours.

        `splitting`: names of the steps that make many documents of one.
        """
        documents, characters, before = self.documents_in, self.characters_in, "the source"
        for tally in self.steps:
            if (tally.documents_in, tally.characters_in) != (documents, characters):
                raise _unbalanced(
                    f"{before} passed on {documents} documents with {characters} characters, "
                    f"{tally.name} received {tally.documents_in} with {tally.characters_in}"
                )
            if tally.name not in splitting and tally.documents_in != tally.documents_out + tally.documents_dropped:
                raise _unbalanced(
                    f"{tally.name}: {tally.documents_in} documents in, {tally.documents_out} out and "
                    f"{tally.documents_dropped} dropped"
                )
            documents, characters, before = tally.documents_out, tally.characters_out, tally.name
        if (documents, characters) != (self.rows.total(), self.characters.total()):
            raise _unbalanced(
                f"{before} passed on {documents} documents with {characters} characters, "
                f"{self.rows.total()} with {self.characters.total()} were written"
            )

    def compare(self, found: Mapping[str, int]) -> None:
        """Raise SikuError unless what was counted in the files is what the books say."""
        dropped = sum(tally.documents_dropped for tally in self.steps)
        expected = {
            "train rows": self.rows["train"],
            "valid rows": self.rows["valid"],
            "train characters": self.characters["train"],
            "valid characters": self.characters["valid"],
            "dropped rows": dropped + self.quarantined.total(),
            "dropped characters": sum(tally.characters_dropped for tally in self.steps) + self.characters_quarantined,
            "duplicates": self.duplicates,
        }
        wrong = [
            f"{key}: {expected[key]} in the ledger, {found[key]} in the files"
            for key in expected
            if expected[key] != found[key]
        ]
        if wrong:
            raise _unbalanced("; ".join(wrong))


def _unbalanced(why: str) -> SikuError:
    return SikuError(
        "the ledger does not balance",
        why=why,
        next="a work file was changed or lost: siku build ... --fresh; if it happens again, please report it",
        exit_code=3,
    )


# ---------------------------------------------------------------- guard


def removed_share(tally: StepTally) -> float:
    """Share of the documents or of the characters that a step took away, whichever is larger."""
    shares = [0.0]
    if tally.documents_in:
        shares.append(tally.documents_dropped / tally.documents_in)
    if tally.characters_in:
        shares.append(tally.characters_removed / tally.characters_in)
    return max(shares)


def guard(steps: Sequence[Step], ledger: Ledger) -> list[str]:
    """Warnings for steps that remove much. Raises SikuError (exit 3) where one removes an implausible share."""
    warnings: list[str] = []
    tallies = {tally.name: tally for tally in ledger.steps}
    for step in steps:
        tally = tallies[type(step).__name__]
        share = removed_share(tally)
        if share <= step.warn_share:
            continue
        sentence = _removal(tally, share)
        few = tally.documents_in < GUARD_MIN_DOCUMENTS
        if share > step.stop_share and not few:
            raise SikuError(
                f"{tally.name} would remove {share:.0%} of what reaches it, more than {step.stop_share:.0%}",
                where=f"step {tally.name}, {tally.documents_in} documents in",
                why=sentence,
                next=f"look at the input; if this is right: --set steps.{tally.name}.stop_share=1",
                exit_code=3,
            )
        warnings.append(sentence)
    return warnings


def _removal(tally: StepTally, share: float) -> str:
    reasons = ", ".join(f"{count} x {rule}" for rule, count in tally.dropped.most_common(4))
    cut = f"{tally.characters_removed:,} of {tally.characters_in:,} characters cut"
    what = f"{tally.documents_dropped} of {tally.documents_in} documents ({reasons})" if reasons else cut
    return f"{tally.name} removed {share:.0%}: {what}"
