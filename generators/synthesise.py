"""Ask a model about every passage of an input until the books balance: inputs = answered + dead letters."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from builders.document import Document, Quarantined
from builders.engine.ledger import Ledger
from builders.engine.manifest import read_manifest
from builders.engine.plan import digest, plan_of
from builders.engine.recipe import Recipe
from builders.engine.run import Books, run_documents
from builders.steps import Corpus, Shard
from generators.endpoint import Endpoint
from generators.exchange import answer_in, exchange
from generators.journal import SUFFIX, Journal, Kept
from generators.models import model_behind
from generators.pool import Answered, Pool, StoppedError
from generators.request import Failure, Reply, Request
from generators.result import Result, result_key
from generators.task import Passage, Task
from validators.errors import INTERRUPTED, SikuError

WORKERS_PER_SLOT = 2  # a worker that waits before it tries again leaves its slot to another
BREATH_EVERY = 64  # passages out of the journal, before others get a turn
DIGEST_BITS = 256


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to ask whom, and the circumstances under which."""

    recipe: Recipe
    inputs: Sequence[Path]
    out: Path = Path("out")
    version: str = ""
    endpoints: Sequence[str] = ()
    model: str = ""  # what the endpoint lists, if empty
    concurrency: int = 8
    deadline_s: float = 120.0
    patience_s: float = 60.0
    max_failed: float = 0.5
    limit: int | None = None
    retry_dead: bool = False

    @property
    def journal(self) -> Path:
        return self.out / ".siku" / "journals" / f"{self.recipe.name}{SUFFIX}"


@dataclass
class Figures:
    """How far it is, for whoever shows it."""

    inputs: int = 0
    done: int = 0
    answered: int = 0
    samples: int = 0
    short: int = 0  # answered with fewer samples than were to be
    dead: int = 0
    repaired: int = 0
    from_journal: int = 0  # requests that need not be sent
    seconds: float = 0.0


class Watches(Protocol):
    """Shows how far it is."""

    def update(self, figures: Figures, pool: Pool | None) -> None: ...


@dataclass(frozen=True)
class Synthesised:
    """All passages are done: the recipe whose rows are in the journal, and what it took."""

    recipe: Recipe
    figures: Figures
    requests: int
    prompt_tokens: int
    completion_tokens: int
    troubles: dict[str, int] = field(default_factory=dict)


def task_of(recipe: Recipe) -> Task:
    """The task of a recipe. Raises SikuError if it has none, or something that sees the whole corpus before it."""
    for place, step in enumerate(recipe.steps):
        if isinstance(step, Task):
            if any(isinstance(one, Corpus) for one in recipe.steps[:place]):
                raise SikuError(
                    f"recipe {recipe.name}: a step that sees the whole corpus stands before {type(step).__name__}",
                    next="build a dataset with that step first, and give it as --input",
                )
            return step
    raise SikuError(f"recipe {recipe.name} asks no model", next=f"siku build {recipe.name}")


def with_task(recipe: Recipe, task: Task) -> Recipe:
    """The recipe with this task in the place of its own."""
    steps = tuple(task if isinstance(step, Task) else step for step in recipe.steps)
    return dataclasses.replace(recipe, steps=steps)


def passages_of(recipe: Recipe, shards: Sequence[Shard], limit: int | None) -> Iterator[Passage]:
    """What reaches the task, in the order of the inputs."""
    task = task_of(recipe)
    before = recipe.steps[: recipe.steps.index(task)]
    books = Books(Ledger.over(before), lambda refused: None, lambda name, step, note: None)
    for document in run_documents(before, _read(recipe, shards, limit), books):
        yield task.passage_of(document)


def _read(recipe: Recipe, shards: Sequence[Shard], limit: int | None) -> Iterator[Document | Quarantined]:
    documents = (document for shard in shards for document in recipe.source.read(shard))
    return islice(documents, limit)


def synthesise(order: Order, watch: Watches) -> Synthesised:
    """Ask until every passage is answered or dead. What was answered before is not asked again.

    Raises SikuError: exit 3 above `max_failed`, 4 where the endpoint is to blame, 130 after Ctrl-C. What came back by
    then is in the journal.
    """
    began = time.monotonic()
    shards = order.recipe.source.shards(order.inputs)
    with Journal(order.journal) as journal:
        if order.retry_dead:
            journal.forget_given_up()
        run = _Run(order, journal, shards, watch)
        try:
            found = asyncio.run(run.work())
        except asyncio.CancelledError:  # Ctrl-C a second time
            raise run.interrupted() from None
    found.figures.seconds = time.monotonic() - began
    return found


class _Run:
    """One run over one input."""

    def __init__(self, order: Order, journal: Journal, shards: Sequence[Shard], watch: Watches) -> None:
        self.order, self.journal, self.shards, self.watch = order, journal, shards, watch
        self.figures = Figures()
        self.pool: Pool | None = None
        self.task = task_of(order.recipe)
        self._digest = 0
        self._causes: Counter[str] = Counter()  # of dead letters
        self._asked: dict[bytes, asyncio.Future[Reply | Failure]] = {}  # the same question twice at once
        self._given_up: dict[bytes, Failure] = {}  # since the last reply: it may yet be the endpoint that failed
        self._stopping = False

    # ------------------------------------------------------------ finished before

    def _identity(self) -> str:
        task = dataclasses.replace(self.task, replies="")
        plan = plan_of(with_task(self.order.recipe, task), self.order.limit)
        return digest([plan["source"], plan["steps"], plan["limit"], [[one.name, one.digest] for one in self.shards]])

    def found_finished(self) -> Synthesised | None:
        """What an earlier run over the same input with the same model came to."""
        if (state := self.journal.run(self._identity())) is None:
            return None
        figures = Figures(**state["figures"])
        self._check_share(figures.dead, figures.inputs)
        return self._result(figures, state["replies"])

    def _finished_dataset(self) -> Synthesised | None:
        """The very dataset that is wanted, where it is there and only its journal is gone.

        Raises SikuError where another one has the version that is to be written: before a reply is paid for.
        """
        order = self.order
        folder = order.out / order.recipe.name / (order.version or order.recipe.version)
        if (old := read_manifest(folder)) is None:
            return None
        from builders.engine.finish import Identity, finished_before
        from builders.engine.finish import Request as BuildRequest

        replies = next((step["replies"] for step in old["plan"]["steps"] if "replies" in step), "")
        recipe = with_task(order.recipe, dataclasses.replace(self.task, replies=replies))
        request = BuildRequest(
            recipe=recipe, inputs=order.inputs, out=order.out, version=order.version, limit=order.limit
        )
        finished_before(request, Identity.of(request, self.shards))
        if order.retry_dead:
            return None
        tally = next(step for step in old["ledger"]["steps"] if step["name"] == type(self.task).__name__)
        inputs, dead = tally["in"], sum(tally["dropped"].values())
        return self._result(Figures(inputs, inputs, inputs - dead, tally["out"], dead=dead), replies)

    def _result(self, figures: Figures, replies: str) -> Synthesised:
        task = dataclasses.replace(self.task, replies=replies)
        counts = self.pool.counts if self.pool else None
        return Synthesised(
            with_task(self.order.recipe, task),
            figures,
            counts.sent if counts else 0,
            counts.prompt_tokens if counts else 0,
            counts.completion_tokens if counts else 0,
            dict(counts.troubles) if counts else {},
        )

    # ------------------------------------------------------------ the work

    async def work(self) -> Synthesised:
        order = self.order
        async with contextlib.AsyncExitStack() as stack:
            endpoints = [
                await stack.enter_async_context(
                    Endpoint(url, deadline_s=order.deadline_s, connections=order.concurrency)
                )
                for url in order.endpoints
            ]
            model = order.model or await model_behind(endpoints, self.journal)
            self.task = dataclasses.replace(self.task, model=model, journal=str(order.journal))
            if finished := self.found_finished() or self._finished_dataset():
                return finished
            self.pool = Pool(endpoints, model, concurrency=order.concurrency, patience_s=order.patience_s)
            recipe = with_task(order.recipe, self.task)
            self.figures.inputs = sum(1 for _ in passages_of(recipe, self.shards, order.limit))
            self.watch.update(self.figures, self.pool)
            with self._signals():
                await self._ask_about(passages_of(recipe, self.shards, order.limit))
        self.journal.commit()
        replies = f"{self._digest:064x}"
        state = {"figures": dataclasses.asdict(self.figures), "replies": replies}
        self.journal.finish_run(self._identity(), state)
        return self._result(self.figures, replies)

    async def _ask_about(self, passages: Iterator[Passage]) -> None:
        workers = [
            asyncio.create_task(self._worker(passages))
            for _ in range(min(WORKERS_PER_SLOT * self.order.concurrency, max(1, self.figures.inputs)))
        ]
        try:
            await asyncio.gather(*workers)
        except BaseException:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            raise
        if self.figures.done < self.figures.inputs:
            raise self.interrupted()
        self._keep_given_up()

    async def _worker(self, passages: Iterator[Passage]) -> None:
        for passage in passages:
            try:
                result = await self._result_of(passage)
            except StoppedError:
                return
            self._count(passage, result)
            self.watch.update(self.figures, self.pool)
            if self.figures.done % BREATH_EVERY == 0:
                await asyncio.sleep(0)

    async def _result_of(self, passage: Passage) -> Result:
        """What a passage came to before with the same code and settings, or comes to now."""
        key = result_key(self.task, passage)
        if kept := self.journal.result(key):
            result = Result.from_json(kept)
            self.figures.from_journal += result.attempts
        else:
            result = await self._converse(passage)
            if result.is_final:
                with contextlib.suppress(TypeError):  # nested too deeply to be written: then it is judged again
                    self.journal.keep_result(key, result.to_json())
        self._digest = (self._digest + result.replies) % (1 << DIGEST_BITS)
        return result

    async def _converse(self, passage: Passage) -> Result:
        course = exchange(self.task, passage)
        request, replies = next(course), 0
        while True:
            key = request.key(self.task.model)
            answer = await self._ask(request, key)
            replies += _digest_of(key, answer)
            try:
                request = course.send(answer)
            except StopIteration as end:
                return Result.of(end.value, replies % (1 << DIGEST_BITS))

    def _count(self, passage: Passage, outcome: Result) -> None:
        figures = self.figures
        figures.done += 1
        figures.samples += len(outcome.samples)
        figures.repaired += outcome.repaired
        if outcome.dead:
            figures.dead += 1
            self._causes[outcome.dead.check] += 1
            self._check_share(figures.dead, figures.inputs)
        else:
            figures.answered += 1
            figures.short += len(outcome.samples) < passage.least

    def _check_share(self, dead: int, inputs: int) -> None:
        """As soon as the share of dead letters cannot come down again, it is over."""
        if dead <= self.order.max_failed * inputs:
            return
        raise SikuError(
            f"{dead:,} of {inputs:,} passages got no valid sample, more than --max-failed {self.order.max_failed:g}",
            where=str(self.order.journal),
            why=", ".join(f"{count:,} x {cause}" for cause, count in self._causes.most_common(5)) or "as before",
            next="mend prompt, checks or model; or the same command with a higher --max-failed: every reply is kept",
            exit_code=3,
        )

    def interrupted(self) -> SikuError:
        return SikuError(
            f"interrupted: {self.figures.done:,} of {self.figures.inputs:,} passages are done and kept",
            next="the same command goes on where it stopped",
            exit_code=INTERRUPTED,
        )

    # ------------------------------------------------------------ one request

    async def _ask(self, request: Request, key: bytes) -> Reply | Failure:
        """The reply to a request: out of the journal, or from the model by way of the journal."""
        known = self._given_up.get(key) or answer_in(self.journal, key)
        if known is not None:
            self.figures.from_journal += 1
        elif (asked := self._asked.get(key)) is not None:
            known = await asyncio.shield(asked)
        else:
            known = await self._pay_for(request, key)
        return known

    async def _pay_for(self, request: Request, key: bytes) -> Reply | Failure:
        assert self.pool is not None
        future: asyncio.Future[Reply | Failure] = asyncio.get_running_loop().create_future()
        self._asked[key] = future
        troubles: list[tuple[Failure, str]] = []
        try:
            answer = await self.pool.send(request, troubles)
            known: Reply | Failure
            if isinstance(answer, Answered):
                reply = answer.delivered
                self.journal.keep(key, Kept(reply.body, answer.endpoint, reply.form, reply.seconds))
                known = reply.reply
                self._keep_given_up()
            else:
                self._given_up[key] = known = answer
            future.set_result(known)
            return known
        except BaseException as error:
            future.set_exception(StoppedError() if isinstance(error, asyncio.CancelledError) else error)
            future.exception()  # nobody need have waited for it
            raise
        finally:
            for failure, endpoint in troubles:
                self.journal.failed(key, failure, endpoint)
            del self._asked[key]

    def _keep_given_up(self) -> None:
        """A reply has come since, so it was their own fault; until then a kill lets them be asked again."""
        for key, failure in self._given_up.items():
            self.journal.give_up(key, failure)
        self._given_up.clear()

    # ------------------------------------------------------------ Ctrl-C

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C lets what is in flight finish; a second one does not."""
        loop, main = asyncio.get_running_loop(), asyncio.current_task()

        def stop() -> None:
            if self._stopping and main is not None:
                main.cancel()
            self._stopping = True
            if self.pool:
                self.pool.stop()

        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # no main thread, or Windows
            for number in before:
                loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                for number, handler in before.items():
                    loop.remove_signal_handler(number)
                    signal.signal(number, handler)


def _digest_of(key: bytes, answer: Reply | Failure) -> int:
    """A number for a request and what came of it; summed up, so that the order of replies does not matter."""
    said: Any = (answer.text, answer.reasoning, answer.finish_reason) if isinstance(answer, Reply) else (answer.cause,)
    content = "\0".join(said).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(key + content, digest_size=DIGEST_BITS // 8).digest(), "big")
