"""One model's reply as it comes: its text so far, and in a sentence what became of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal

from builders.document import Message
from generators.endpoint import Endpoint, TroubleError
from generators.streaming import Patience, Piece
from trainers.arena.contenders import Contender, Sampling
from validators.errors import SikuError

State = Literal["waiting", "coming", "done", "cut", "stopped", "failed"]
END_MARKS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end|>", "<end_of_turn>")
REFUSES_FIELDS = (400, 422)


@dataclass
class Reply:
    """What a model says to one prompt. `problem`: why it failed; `detail`: in whose words; `note`: what else is known.

    A detail may hold an address or a name, and so say who hides behind a letter.
    """

    text: str = ""
    reasoning: str = ""
    state: State = "waiting"
    problem: str = ""
    detail: str = ""
    note: str = ""
    tokens: int = 0

    @property
    def is_over(self) -> bool:
        return self.state not in ("waiting", "coming")

    @property
    def counts(self) -> bool:
        """Whether a vote may be about it: it is there, if only as far as somebody let it come."""
        return self.state in ("done", "cut", "stopped")


class EndMarks:
    """Cuts a text off at a mark that the model ends its turn with, where the server lets that through."""

    def __init__(self, marks: Sequence[str]) -> None:
        self._marks = [mark for mark in marks if mark]
        self._held = ""
        self.is_over = False

    def feed(self, piece: str) -> str:
        """What is surely no part of a mark."""
        if self.is_over:
            return ""
        text = self._held + piece
        ends = [at for mark in self._marks if (at := text.find(mark)) >= 0]
        if ends:
            self.is_over, self._held = True, ""
            return text[: min(ends)]
        most = max(map(len, self._marks), default=1) - 1
        held = next((n for n in range(min(most, len(text)), 0, -1) if self._begins(text[-n:])), 0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def finish(self) -> str:
        held, self._held = self._held, ""
        return held

    def _begins(self, end: str) -> bool:
        return any(mark.startswith(end) for mark in self._marks)


async def follow(
    contender: Contender,
    messages: Sequence[Message],
    sampling: Sampling,
    reply: Reply,
    patience: Patience,
    marks: Sequence[str] = END_MARKS,
) -> None:
    """Ask, and keep `reply` as it is at every moment. Whatever happens is told there; only a cancellation is raised."""
    try:
        async with Endpoint(contender.url) as endpoint:
            model = await contender.find(endpoint)
            await _fill(reply, _asked(endpoint, contender, model, messages, sampling, patience), marks)
    except TroubleError as trouble:
        reply.state, reply.problem = "failed", sentence(trouble)
        reply.detail = "" if trouble.cause == "connection lost" else trouble.detail  # a library's words confuse
    except SikuError as error:
        reply.state, reply.problem, reply.detail = "failed", error.what, error.why
    except asyncio.CancelledError:
        reply.state = "stopped"
        raise
    if contender.plain and sampling.extra("fields", {}):
        reply.note = "the server takes no seed, top_k or repetition penalty: it was asked without"


async def _fill(reply: Reply, pieces: AsyncGenerator[Piece, None], given_marks: Sequence[str]) -> None:
    marks, end, halves = EndMarks(given_marks), "", 0
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            reply.reasoning += piece.reasoning
            reply.text += marks.feed(piece.text)
            reply.tokens = max(reply.tokens, piece.completion_tokens)
            halves += piece.halves
            end = piece.finish_reason or end
            if reply.text or reply.reasoning:
                reply.state = "coming"
            if marks.is_over:
                break
    reply.text += marks.finish()
    reply.state = "cut" if end == "length" and not marks.is_over else "done"
    if halves:
        reply.note = f"left out: characters of which the server sent no more than halves ({halves})"
    if end == "content_filter":
        reply.note = "the server's filter ended it"


async def _asked(
    endpoint: Endpoint,
    contender: Contender,
    model: str,
    messages: Sequence[Message],
    sampling: Sampling,
    patience: Patience,
) -> AsyncGenerator[Piece, None]:
    """The pieces of the reply; a server that refuses fields of its own is asked once more without them."""
    extra = {} if contender.plain else sampling.extra(contender.dialect, contender.defaults)
    try:
        async with contextlib.aclosing(endpoint.stream(sampling.request(messages, extra), model, patience)) as pieces:
            async for piece in pieces:
                yield piece
        return
    except TroubleError as trouble:
        if not (extra and trouble.status in REFUSES_FIELDS):
            raise
    async with contextlib.aclosing(endpoint.stream(sampling.request(messages, {}), model, patience)) as pieces:
        async for piece in pieces:
            contender.plain = True  # it was the fields: without them it answers
            yield piece


def sentence(trouble: TroubleError) -> str:
    """What happened, for people."""
    match trouble.kind:
        case "down":
            return "nobody answers there"
        case "slow":
            return "it took too long"
        case "busy":
            return f"the server has no time: {trouble.cause}"
        case "refused" | "fatal":
            return f"the server refuses: {trouble.cause}"
    return f"the reply broke off: {trouble.cause}"
