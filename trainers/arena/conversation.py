"""One person's conversation with models whose names are hidden: the same words to all, each with its own past."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from builders.document import Message
from generators.streaming import Patience
from trainers.arena.contenders import Contender, Sampling
from trainers.arena.replies import END_MARKS, Reply, follow
from trainers.arena.votes import tiers_of
from validators.errors import SikuError
from validators.replies import without_thinking

GLANCE_S = 0.12  # how often people are shown what has come
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Turn:
    """What was said to all, with which sampling, and a reply for each place."""

    prompt: str
    sampling: Sampling
    replies: list[Reply]


@dataclass(frozen=True)
class Manner:
    """How models are waited for, what ends a reply, and who is told of failures by name: the page hides names."""

    patience: Patience = field(default_factory=Patience)
    marks: Sequence[str] = END_MARKS
    tell: Callable[[str], None] = lambda line: None


@dataclass
class Conversation:
    """`contenders` in the order of places, which `seed` made; the first is A."""

    contenders: tuple[Contender, ...]
    seed: int
    system: str = ""
    manner: Manner = field(default_factory=Manner)
    turns: list[Turn] = field(default_factory=list)
    has_voted: bool = False
    id: str = field(default_factory=lambda: uuid4().hex)
    _tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    @property
    def is_blind(self) -> bool:
        """Whether names are hidden: with several models, until the vote."""
        return len(self.contenders) > 1 and not self.has_voted

    def title(self, place: int) -> str:
        return LETTERS[place] if self.is_blind else self.contenders[place].name

    @property
    def votable(self) -> list[int]:
        """Places that a vote may be about: their last reply is there. None while replies come, or after the vote."""
        if self.has_voted or self.is_busy or not self.turns:
            return []
        places = [place for place, reply in enumerate(self.turns[-1].replies) if reply.counts]
        return places if len(places) > 1 else []

    # ------------------------------------------------------------ talking

    async def say(self, prompt: str, sampling: Sampling) -> AsyncGenerator[None, None]:
        """Ask all of them; yields now and then while replies come, and once when all are over."""
        if self.is_busy:
            return
        self.turns.append(Turn(prompt, sampling, [Reply() for _ in self.contenders]))
        async with contextlib.aclosing(self._ask(range(len(self.contenders)))) as asking:
            async for _ in asking:
                yield

    async def retry(self, place: int) -> AsyncGenerator[None, None]:
        """Ask the model at a place once more for its last reply, while others may still be writing theirs."""
        if not self.turns or place in self._tasks or not self.turns[-1].replies[place].is_over:
            return
        self.turns[-1].replies[place] = Reply()
        async with contextlib.aclosing(self._ask([place])) as asking:
            async for _ in asking:
                yield

    def stop(self) -> None:
        """End what is being written; what has come stays."""
        for task in self._tasks.values():
            task.cancel()

    async def _ask(self, places: Sequence[int]) -> AsyncGenerator[None, None]:
        turn = self.turns[-1]
        mine = {place: asyncio.create_task(self._follow(place, turn)) for place in places}
        self._tasks |= mine
        try:
            pending = set(mine.values())
            while pending:
                yield
                _, pending = await asyncio.wait(pending, timeout=GLANCE_S)
        finally:  # the person may have closed the page
            for task in mine.values():
                task.cancel()
            results = await asyncio.gather(*mine.values(), return_exceptions=True)
            for place in mine:
                self._tasks.pop(place, None)
                reply = turn.replies[place]
                if not reply.is_over:
                    reply.state = "stopped"
                if reply.state == "failed":
                    self.manner.tell(f"{self.contenders[place].name}: {_ending(reply)}")
        yield
        if mistakes := [one for one in results if isinstance(one, Exception)]:
            raise mistakes[0]

    def _follow(self, place: int, turn: Turn) -> Any:
        return follow(
            self.contenders[place],
            self._messages(place),
            turn.sampling,
            turn.replies[place],
            self.manner.patience,
            self.manner.marks,
        )

    def _messages(self, place: int) -> list[Message]:
        """What the model at a place has heard and said. Turns to which it said nothing are left out of its past."""
        system: list[Message] = [{"role": "system", "content": self.system}] if self.system.strip() else []
        past: list[Message] = []
        for turn in self.turns[:-1]:
            if said := without_thinking(turn.replies[place].text).text.strip():
                past += [{"role": "user", "content": turn.prompt}, {"role": "assistant", "content": said}]
        return [*system, *past, {"role": "user", "content": self.turns[-1].prompt}]

    # ------------------------------------------------------------ voting

    def vote(self, choice: str, ranks: Sequence[int] = ()) -> dict[str, Any]:
        """What is to be kept of a vote; names are known from then on. Raises SikuError where there is none to give.

        `ranks`, one for each of `votable`, 1 is best, are for `best` and `rank`.
        """
        places = self.votable
        if not places:
            raise SikuError("there is nothing to vote on yet", next="wait for two replies, or try a failed one again")
        names = [self.contenders[place].name for place in places]
        said = {
            "choice": choice,
            "tiers": tiers_of(choice, names, ranks),
            "order": [one.name for one in self.contenders],
            "seed": self.seed,
            "models": {one.name: one.told() for one in self.contenders},
            "system": self.system,
            "turns": [self._told(turn) for turn in self.turns],
        }
        self.has_voted = True
        return said

    def _told(self, turn: Turn) -> dict[str, Any]:
        by_name = list(zip((one.name for one in self.contenders), turn.replies, strict=True))
        return {
            "prompt": turn.prompt,
            "sampling": asdict(turn.sampling),
            "replies": {name: reply.text for name, reply in by_name},
            "ended": {name: _ending(reply) for name, reply in by_name},
        }


def _ending(reply: Reply) -> str:
    """How a reply ended; of one that failed, why."""
    return " ".join(part for part in (reply.problem, reply.detail and f"({reply.detail})") if part) or reply.state


def begin(contenders: Sequence[Contender], manner: Manner, system: str = "", seed: int | None = None) -> Conversation:
    """A conversation with models in an order that nobody knows; `seed` makes it, and is kept with the vote."""
    seed = secrets.randbelow(2**32) if seed is None else seed
    order = list(contenders)
    random.Random(seed).shuffle(order)
    return Conversation(tuple(order), seed, system, manner)
