"""What a corpus step decided, kept in a file: of a large corpus not even that is held in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path

import orjson

from builders.steps import Corpus, Fate

_FATE = tuple(field.name for field in fields(Fate))


@dataclass(frozen=True, slots=True)
class Decided:
    """A corpus step's decision on the documents of one shard."""

    step: Corpus
    fates: Mapping[int, Fate]


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """Where the decision on one shard is kept: a line of the file of all. It is read where it is carried out."""

    step: Corpus
    path: Path
    start: int
    bytes: int
    digest: str

    def read(self) -> Decided:
        with self.path.open("rb") as lines:
            lines.seek(self.start)
            groups = orjson.loads(lines.read(self.bytes))
        return Decided(self.step, {row: fate for told, rows in groups for fate in [Fate(*told)] for row in rows})


def keep_decisions(path: Path, decisions: Iterable[Mapping[int, Fate]]) -> int:
    """Write the fates of every shard as one line, and return how many there are.

    Each fate comes once, with the rows that it befalls: a million that were not drawn have few fates between them.
    """
    count = 0
    with path.open("wb") as lines:
        for fates in decisions:
            groups: dict[Fate, list[int]] = {}
            for row in sorted(fates):
                groups.setdefault(fates[row], []).append(row)
            told = [[[getattr(fate, name) for name in _FATE], rows] for fate, rows in groups.items()]
            lines.write(orjson.dumps(told) + b"\n")
            count += len(fates)
    return count


def kept_decisions(step: Corpus, path: Path) -> Iterator[KeptDecision]:
    """What `keep_decisions` wrote, shard by shard."""
    start = 0
    with path.open("rb") as lines:
        for line in lines:
            yield KeptDecision(step, path, start, len(line), sha256(line).hexdigest())
            start += len(line)
