"""The conversation with a model about one passage: ask, judge, tell what is wrong, ask for what is missing.

It knows no network (a generator of requests that is sent replies), so the same lines run while the model is asked and
when rows are made of the journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import orjson

from builders.document import Message, Note
from generators.journal import Journal
from generators.request import Failure, Reply, Request, read_reply
from generators.task import Candidates, Passage, Sample, Task
from validators.errors import SikuError
from validators.replies import without_thinking
from validators.step import Verdict

Exchange = Generator[Request, Reply | Failure, "Outcome"]
Numbered = tuple[int, Sample]  # a sample and its number in the reply
MAX_FAULTS = 12  # told to the model at once
MAX_QUOTED_CHARS = 4000  # of a rejected reply, sent back with its faults
NOTHING_SAID = "（没有内容）"  # some chat templates refuse an empty turn


@dataclass(frozen=True, slots=True)
class Refused:
    """A sample that was not taken, where it stood in the reply, and all that is wrong with it."""

    sample: Sample
    path: str  # "$.pairs[1]"
    verdicts: tuple[Verdict, ...]


@dataclass(slots=True)
class Attempt:
    """One reply and what became of it."""

    kind: str  # first, repair, longer, fewer, fresh, judge
    request: Request
    reply: Reply | Failure
    liberties: tuple[str, ...] = ()
    accepted: int = 0
    refused: list[Refused] = field(default_factory=list)
    error: Verdict | None = None  # of the reply as a whole

    def faults(self) -> list[str]:
        """What the model is told, a line a fault."""
        whole = [self.error.why] if self.error else []
        single = [f"{one.path}：{verdict.why}" for one in self.refused for verdict in one.verdicts]
        return (whole + single)[:MAX_FAULTS]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a passage came to: valid samples, or a dead letter with the reason; and every attempt."""

    samples: tuple[Sample, ...]
    attempts: tuple[Attempt, ...]
    dead: Verdict | None = None

    @property
    def repaired(self) -> bool:
        """Whether something was taken only after the model had been told what was wrong."""
        return any(one.kind == "repair" and one.accepted for one in self.attempts)

    def notes(self) -> list[Note]:
        """Evidence of what was refused, and of everything that was odd on the way."""
        notes: list[Note] = []
        for attempt in self.attempts:
            if isinstance(attempt.reply, Failure):
                notes.append(Note(f"no reply: {attempt.reply.cause}", attempt.reply.detail))
                continue
            if attempt.error:
                notes.append(Note(f"reply: {attempt.error.check}", attempt.reply.text))
            for one in attempt.refused:
                why = "；".join(verdict.why for verdict in one.verdicts)
                text = f"{_written(one.sample)}\n{why}"
                notes += [Note(f"refused: {verdict.check}", text) for verdict in one.verdicts[:1]]
            notes += [Note(f"forgiven: {name}", attempt.reply.text) for name in attempt.liberties]
        if repair := next((one for one in self.attempts if one.kind == "repair" and one.accepted), None):
            notes.append(Note("repaired", repair.request.messages[-1]["content"]))  # what the model was told
        return notes


def _written(sample: Sample) -> str:
    try:
        return orjson.dumps(sample, default=str).decode()
    except TypeError:
        return "(nested too deeply to be written)"


@dataclass(slots=True)
class _Course:
    """Where an exchange stands."""

    task: Task
    passage: Passage
    accepted: list[Sample] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """How many samples are still needed: asked for once in full, then only up to the least."""
        goal = self.passage.least if self.attempts else self.passage.wanted
        return max(0, goal - len(self.accepted))

    @property
    def is_done(self) -> bool:
        return len(self.accepted) >= self.passage.least


def exchange(task: Task, passage: Passage) -> Exchange:
    """Requests about a passage, one after the other, until there are enough valid samples.

    The first question, then at most `task.repairs` times the faults of the last reply and a request for what is
    missing, then `task.fresh_samples` new conversations. A reply that was cut off is asked for again with more tokens,
    then with fewer samples. What is valid stays, whatever comes after it.
    """
    course = _Course(task, passage)
    for sample in range(1 + task.fresh_samples):
        failure = yield from _conversation(course, sample)
        if failure or course.is_done:
            break
    return Outcome(tuple(course.accepted), tuple(course.attempts), None if course.accepted else _cause_of_death(course))


def _conversation(course: _Course, sample: int) -> Generator[Request, Reply | Failure, Failure | None]:
    task, passage = course.task, course.passage
    kind, wanted, longer = "fresh" if sample else "first", course.missing, False
    messages: tuple[Message, ...] = task.question(passage, wanted, course.accepted)
    repairs = 0 if sample else task.repairs
    while True:
        request = task.request(messages, task.reply_schema(wanted), sample=sample, longer=longer)
        reply = yield request
        attempt = Attempt(kind, request, reply)
        course.attempts.append(attempt)
        if isinstance(reply, Failure):
            if kind != "longer":
                return reply
            is_cut, longer = True, False  # the server does not take so many tokens
        else:
            yield from _take(course, attempt, reply, wanted)
            if course.is_done:
                return None
            is_cut = reply.was_cut
        if is_cut and kind != "fewer":
            kind, longer = ("fewer", longer) if longer or kind == "longer" else ("longer", True)
            wanted = max(1, course.missing // 2) if kind == "fewer" else course.missing
            messages = task.question(passage, wanted, course.accepted)
            continue
        if not repairs or isinstance(reply, Failure):
            return None
        repairs -= 1
        kind, wanted = "repair", course.missing
        messages = (*messages, *_told(course, attempt, reply, wanted))


def _told(course: _Course, attempt: Attempt, reply: Reply, missing: int) -> tuple[Message, Message]:
    """The rejected reply, and what is wrong with it."""
    said = without_thinking(reply.text).text.strip()[:MAX_QUOTED_CHARS] or NOTHING_SAID
    short = f"只有 {attempt.accepted} 条合格，还缺 {missing} 条"
    told = course.task.feedback(attempt.faults() or [short], len(course.accepted), missing)
    return {"role": "assistant", "content": said}, {"role": "user", "content": told}


def _take(course: _Course, attempt: Attempt, reply: Reply, wanted: int) -> Generator[Request, Reply | Failure, None]:
    """Accept what is valid in a reply, up to what was asked for, and note what is wrong with the rest."""
    candidates = _cut_off(course.task.read(reply.text), reply)
    attempt.error, attempt.liberties = candidates.error, candidates.liberties
    room = max(course.passage.wanted, wanted) - len(course.accepted)
    waiting = list(enumerate(candidates.samples))
    valid: list[Numbered] = []
    while waiting and len(valid) < room:  # what comes after enough valid ones need not be judged
        batch, waiting = waiting[: room - len(valid)], waiting[room - len(valid) :]
        valid += _valid_among(batch, course, attempt, [*course.accepted, *(sample for _, sample in valid)])
    stay = yield from _judged(course, attempt, valid)
    attempt.accepted = len(stay)
    course.accepted += stay


def _valid_among(
    batch: Sequence[Numbered], course: _Course, attempt: Attempt, earlier: Sequence[Sample]
) -> list[Numbered]:
    """The samples that pass all checks; the others go to `attempt.refused`."""
    task = course.task
    verdicts = [task.shape(sample) for _, sample in batch]
    whole = [sample for (_, sample), faults in zip(batch, verdicts, strict=True) if not faults]
    judged = iter(task.check(course.passage, whole, earlier))
    valid: list[Numbered] = []
    for (number, sample), faults in zip(batch, verdicts, strict=True):
        if found := faults or next(judged):
            attempt.refused.append(Refused(sample, _path(task, number), tuple(found)))
        else:
            valid.append((number, sample))
    return valid


def _path(task: Task, number: int) -> str:
    return f"$.{task.many}[{number}]" if task.many else "$"


def _cut_off(candidates: Candidates, reply: Reply) -> Candidates:
    """A reply that the server cut off says so itself, whatever its text looks like."""
    if not reply.was_cut or candidates.samples:
        return candidates
    return Candidates((), Verdict("truncated", "没有写完就中断了"), candidates.liberties)


def _judged(
    course: _Course, attempt: Attempt, valid: Sequence[Numbered]
) -> Generator[Request, Reply | Failure, list[Sample]]:
    """The samples that the model itself, asked as a judge, finds supported."""
    samples = [sample for _, sample in valid]
    request = course.task.judge(course.passage, samples) if samples else None
    if request is None:
        return samples
    reply = yield request
    course.attempts.append(Attempt("judge", request, reply))
    if isinstance(reply, Failure):
        return samples
    stay: list[Sample] = []
    for (number, sample), verdict in zip(valid, course.task.judgement(reply.text, samples), strict=True):
        if verdict is None:
            stay.append(sample)
        else:
            attempt.refused.append(Refused(sample, _path(course.task, number), (verdict,)))
    return stay


def _cause_of_death(course: _Course) -> Verdict:
    """The last thing that went wrong, and how often which."""
    last = course.attempts[-1]
    if isinstance(last.reply, Failure):
        return Verdict(f"no reply: {last.reply.cause}", last.reply.detail)
    causes = Counter(_causes(course.attempts))
    if not causes:
        return Verdict("too few samples", "the replies held none")
    told = ", ".join(f"{name} x {count}" for name, count in causes.most_common(5))
    return Verdict(f"no valid sample: {causes.most_common(1)[0][0]}", f"in {len(course.attempts)} replies: {told}")


def _causes(attempts: Sequence[Attempt]) -> list[str]:
    whole = [attempt.error.check for attempt in attempts if attempt.error]
    return whole + [verdict.check for attempt in attempts for one in attempt.refused for verdict in one.verdicts]


# ---------------------------------------------------------------- out of the journal


class MissingReplyError(SikuError):
    """The journal has no reply to a request: the model has to be asked."""


@lru_cache(maxsize=4)
def opened(path: str) -> Journal:
    """Each process reads through a connection of its own, for as long as it lives."""
    return Journal(Path(path), read_only=True)


def replay(task: Task, passage: Passage, journal: Journal) -> Outcome:
    """The outcome of a passage out of a journal. Raises MissingReplyError where that is not complete."""
    course = exchange(task, passage)
    request = next(course)
    while True:
        answer = answer_in(journal, request.key(task.model))
        if answer is None:
            raise MissingReplyError(
                "the journal lacks a reply that this needs",
                where=f"passage {passage.id} in {task.journal}",
                next="the command that asked the model goes on where it stopped",
            )
        try:
            request = course.send(answer)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome


def answer_in(journal: Journal, key: bytes) -> Reply | Failure | None:
    """What the journal has under a key."""
    kept = journal.reply(key)
    return read_reply(kept.body) if kept else journal.given_up(key)
