"""What a passage came to, as far as a dataset needs it: kept in the journal, so that nothing is judged twice.

A result stands under the digest of everything that decides it but the replies: the passage, the settings of the task,
and the source code of prompts and checks. With a changed check, the replies are judged again, but no request is
sent again.
"""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Self

import orjson

from builders.document import Note
from generators.exchange import Outcome, opened, replay
from generators.request import Failure
from generators.task import Passage, Sample, Task
from validators.step import Verdict

FOLDERS = ("builders", "generators", "validators")
HOME = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Result:
    """Valid samples or the reason of a dead letter, the evidence, and how many replies it took.

    `replies` is the sum of the digests of those; `is_final` is False where a server failed, which may be tried again.
    """

    samples: tuple[Sample, ...]
    dead: Verdict | None
    notes: tuple[Note, ...]
    attempts: int
    repaired: bool
    replies: int = 0
    is_final: bool = True

    @classmethod
    def of(cls, outcome: Outcome, replies: int = 0) -> Self:
        final = not any(isinstance(one.reply, Failure) for one in outcome.attempts)
        notes = tuple(outcome.notes())
        return cls(outcome.samples, outcome.dead, notes, len(outcome.attempts), outcome.repaired, replies, final)

    def to_json(self) -> bytes:
        dead = [self.dead.check, self.dead.why] if self.dead else None
        notes = [list(note) for note in self.notes]
        return orjson.dumps([self.samples, dead, notes, self.attempts, self.repaired, f"{self.replies:x}"])

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        samples, dead, notes, attempts, repaired, replies = orjson.loads(text)
        verdict = Verdict(*dead) if dead else None
        return cls(tuple(samples), verdict, tuple(Note(*note) for note in notes), attempts, repaired, int(replies, 16))


def result_of(task: Task, passage: Passage) -> Result:
    """The result of a passage out of the task's journal. Raises MissingReplyError where that is not complete."""
    journal = opened(task.journal)
    kept = journal.result(result_key(task, passage))
    return Result.from_json(kept) if kept else Result.of(replay(task, passage, journal))


def result_key(task: Task, passage: Passage) -> bytes:
    """SHA-256 of all that decides what is made of the replies about a passage."""
    whole = [passage.id, passage.text, passage.wanted, passage.least, passage.meta]
    return sha256(_standing(task) + orjson.dumps(whole, option=orjson.OPT_SORT_KEYS, default=str)).digest()


@lru_cache(maxsize=4)
def _standing(task: Task) -> bytes:
    """The digest of a task: its settings, and the code that asks and judges."""
    plain = dataclasses.replace(task, journal="", replies="")
    return sha256(f"{type(task).__qualname__} {plain!r} {_code(inspect.getfile(type(task)))}".encode()).digest()


@lru_cache(maxsize=4)
def _code(task_file: str) -> str:
    """The digest of every line that may have a say: those of the task, of the checks and of what they import."""
    files = sorted(path for folder in FOLDERS for path in (HOME / folder).rglob("*.py"))
    whole = sha256()
    for path in (*files, Path(task_file)):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()
