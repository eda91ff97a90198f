"""A model behind OpenAI-compatible endpoints that is asked as it stands: no schema, no judging."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from generators.endpoint import Endpoint
from generators.models import find_model
from generators.pool import Answered, Pool
from generators.request import Failure, Request
from trainers.evaluation.predict import Decoding
from trainers.generation.generate import Said
from trainers.generation.prompts import Asked
from trainers.generation.ways import GenerateSettings, Way
from validators.errors import SikuError

PROMPT = "generate/1"  # the name that requests carry


class ModelBehind:
    """A model behind `urls`, which share the work. Raises SikuError (exit 4) if nobody is there."""

    def __init__(self, urls: Sequence[str], model: str, settings: GenerateSettings) -> None:
        self.urls, self.settings = urls, settings
        self.name = model or asyncio.run(self._find())

    async def _find(self) -> str:
        async with self._endpoints() as endpoints:
            return await find_model(endpoints)

    @contextlib.asynccontextmanager
    async def _endpoints(self) -> Any:
        async with contextlib.AsyncExitStack() as stack:
            yield [
                await stack.enter_async_context(Endpoint(url, deadline_s=self.settings.timeout_s)) for url in self.urls
            ]

    def say(self, prompts: Sequence[Asked], way: Way) -> Iterator[Said]:
        yield from asyncio.run(self._say(prompts, way.decoding))

    async def _say(self, prompts: Sequence[Asked], decoding: Decoding) -> list[Said]:
        async with self._endpoints() as endpoints:
            pool = Pool(endpoints, self.name, concurrency=self.settings.concurrency)
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._ask(pool, one, decoding)) for one in prompts]
            except BaseExceptionGroup as several:
                raise _told(several.exceptions[0]) from None
            return [task.result() for task in tasks]

    async def _ask(self, pool: Pool, asked: Asked, decoding: Decoding) -> Said:
        request = request_of(asked, decoding)
        answer = await pool.send(request, [])
        if isinstance(answer, Failure):
            return Said("", stopped=False, error=f"{answer.cause}: {answer.detail}".rstrip(": "))
        assert isinstance(answer, Answered)
        reply = answer.delivered.reply
        return Said(reply.text, stopped=not reply.was_cut)


def _told(error: BaseException) -> BaseException:
    """Nothing is kept here between two commands, unlike where samples are made."""
    if not isinstance(error, SikuError):
        return error
    again = "mend that, and run the same command again"
    return SikuError(error.what, where=error.where, why=error.why, next=again, exit_code=error.exit_code)


def request_of(asked: Asked, decoding: Decoding) -> Request:
    """What OpenAI's fields have no words for goes in the fields that vLLM, SGLang and llama.cpp have, if it is set."""
    more: dict[str, Any] = {}
    if decoding.temperature > 0:
        more["seed"] = decoding.seed
    if decoding.top_k:
        more["top_k"] = decoding.top_k
    if decoding.repetition_penalty != 1:
        more |= dict.fromkeys(("repetition_penalty", "repeat_penalty"), decoding.repetition_penalty)
    return Request(
        asked.conversation,
        PROMPT,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        max_tokens=decoding.max_new_tokens,
        extra=more,
    )


def check_ways(ways: Sequence[Way], settings: GenerateSettings) -> list[SikuError]:
    """What an endpoint cannot do."""
    found = []
    if any(way.decoding.num_beams > 1 for way in ways):
        found.append(SikuError("num_beams: an endpoint has no beams", next="--model FOLDER without --endpoint"))
    if settings.as_text:
        found.append(SikuError("as_text: an endpoint is asked in turns", next="--model FOLDER without --endpoint"))
    return found
