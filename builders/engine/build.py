"""From a recipe and inputs to a finished version of a dataset: the order of work, and nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from builders.dedup.hold_out import HoldOut
from builders.engine.decisions import KeptDecision, keep_decisions, kept_decisions
from builders.engine.finish import Identity, Part, Request, finished_before, publish, refuse_nothing, remember_inputs
from builders.engine.ledger import Ledger, guard
from builders.engine.local import LocalWorkers, prepare
from builders.engine.manifest import MANIFEST, package_versions
from builders.engine.plan import FORMAT, describe, digest
from builders.engine.progress import Progress
from builders.engine.stages import NAMES_FILE, REFUSED_FILE, ROWS_FILE, PartTask, Piece, ShardTask
from builders.engine.tables import RESERVED, merge_columns, read_rows
from builders.engine.workers import Workers
from builders.steps import Corpus, Shard, Split
from validators.errors import SikuError
from validators.step import Step

WORK_FORMAT = 7  # raised when the files of the work store change their form
FATES_FILE = "fates.jsonl"
CIRCUMSTANCE = ("warn_share", "stop_share")  # fields of a step that do not change what it returns


@dataclass(frozen=True)
class Built:
    """A finished dataset: its manifest, where it lies, what the build had to warn of."""

    manifest: dict[str, Any]
    folder: Path
    warnings: list[str]
    seconds: float
    already: bool = False  # it was finished before

    def to_json(self) -> dict[str, Any]:
        named = {key: self.manifest[key] for key in ("name", "version", "fingerprint")}
        figures = {
            key: self.manifest[key] for key in ("rows", "dropped", "duplicates", "quarantined", "characters", "steps")
        }
        return {**named, "path": str(self.folder), **figures, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Segment:
    """Steps between two barriers, and the corpus step that is the barrier behind them."""

    steps: Sequence[Step]
    corpus: Corpus | None


@dataclass(frozen=True)
class Stage:
    """One shard after some segments: the folders of finished work, the newest last, and what was decided on it."""

    task: ShardTask  # the newest
    folders: tuple[Path, ...]
    results: tuple[dict[str, Any], ...]
    decided: KeptDecision | None = None

    @property
    def shard(self) -> Shard:
        return self.task.shard

    @property
    def key(self) -> str:
        return self.task.key

    @property
    def decision(self) -> str | None:
        """The digest of what was decided on it."""
        return self.decided.digest if self.decided else None


def build(request: Request, progress: Progress | None = None) -> Built:
    """Build, or finish, or find finished what `request` asks for.

    Raises SikuError where the input, the plan, a guard or the machine is in the way; what was finished by then
    is kept, and the same call goes on from there.
    """
    started = time.monotonic()
    progress = progress or Progress(quiet=True)
    if request.engine == "local" and not (request.folder / MANIFEST).exists():
        steps = (request.recipe.source, *request.recipe.steps)
        prepare(request.inputs, request.workers, sorted({type(step).__module__ for step in steps}))
    shards = request.recipe.source.shards(request.inputs)
    identity = Identity.of(request, shards)
    if finished := finished_before(request, identity):
        return Built(finished, request.folder, [], time.monotonic() - started, already=True)
    for step in request.recipe.steps:
        step.check_reads()
    with machine_errors(request.folder), request.store.lock(f"{request.recipe.name}@{request.folder.name}"):
        request.store.sweep()
        remember_inputs(request)
        with workers_for(request) as workers:
            work = Work(request, workers, progress)
            stages = work.take_through(shards)
            parts = work.write_parts(stages)
        total = work.total(stages, parts)
        warnings = guard(request.recipe.steps, total)
        if work.renamed:
            warnings.append(f"{work.renamed:,} ids were met before: those rows have ~ in their id, see `id_given`")
        refuse_nothing(total, request.recipe.name, refused_of(stages))
        manifest = publish(request, identity, [stage.shard for stage in stages], total, parts)
    warnings += [line for step in request.recipe.steps for line in step.look_back(request.folder)]
    return Built(manifest, request.folder, warnings, time.monotonic() - started)


def workers_for(request: Request) -> Workers:
    """Who does the work; on an engine only where one was asked for, since its package is an extra."""
    if request.ray_address and request.engine != "ray":
        raise SikuError(f"--ray-address is of no use to --engine {request.engine}", next="--engine ray")
    if request.engine == "local":
        return LocalWorkers(request.store, request.workers, request.recipe.file)
    from builders.engine.distributed import DaftWorkers

    return DaftWorkers(request.store, request.workers, request.recipe.file, request.engine, request.ray_address)


def refused_of(stages: Iterable[Stage]) -> Iterator[dict[str, Any]]:
    """What was refused on the way, as rows of the table REFUSED."""
    return (row for stage in stages for folder in stage.folders for row in read_rows(folder / REFUSED_FILE))


class Work:
    """The work of one build: shards through segments, decisions, parts; each kept in the store by its key."""

    def __init__(self, request: Request, workers: Workers, progress: Progress) -> None:
        self.request, self.recipe, self.workers, self.progress = request, request.recipe, workers, progress
        self.store = request.store
        self.segments = split_at_barriers(self.recipe.steps)
        self.first_steps = _identity(self.segments[0].steps)  # once: a step may have files to look at
        self.renamed = 0  # documents whose id an earlier one had
        self.surroundings = digest([FORMAT, WORK_FORMAT, package_versions()])

    def take_through(self, shards: Sequence[Shard]) -> list[Stage]:
        """All segments but the last, with the decision behind each."""
        stages = self._first(shards)
        self._look_early(stages)
        for place, segment in enumerate(self.segments[:-1]):
            if place > 0:
                stages = self._next(stages, segment)
            stages = self._decide(stages, segment)
        return stages

    def _first(self, shards: Sequence[Shard]) -> list[Stage]:
        self.progress.start("reading and cleaning", sum(shard.bytes for shard in shards))
        limit = self.request.limit
        stages = self._read_all(shards) if limit is None else self._read_limited(shards, limit)
        if not (suffixes := ids_met_before(stages)):
            return stages
        self.renamed = sum(map(len, suffixes.values()))
        tasks = [dataclasses.replace(stages[place].task, suffixes=rows) for place, rows in suffixes.items()]
        for place, stage in zip(suffixes, self._run_sources([self._keyed(task) for task in tasks]), strict=True):
            stages[place] = stage
        return stages

    def _read_all(self, shards: Sequence[Shard]) -> list[Stage]:
        return self._run_sources([self._source_task(shard, None) for shard in shards])

    def _read_limited(self, shards: Sequence[Shard], limit: int) -> list[Stage]:
        """The first documents only: one shard after the other, since how many each has is known only by reading."""
        stages: list[Stage] = []
        for shard in shards:
            if limit <= 0:
                break
            stages += self._run_sources([self._source_task(shard, limit)])
            ledger = stages[-1].results[0]["ledger"]
            limit -= ledger["documents_in"] + sum(ledger["quarantined"].values())
        return stages

    def _run_sources(self, tasks: Sequence[ShardTask]) -> list[Stage]:
        results = self._run([(task, task.shard.bytes) for task in tasks])
        return [self._stage(task, result) for task, result in zip(tasks, results, strict=True)]

    def _source_task(self, shard: Shard, limit: int | None) -> ShardTask:
        segment = self.segments[0]
        return self._keyed(ShardTask("", shard, self.recipe.source, segment.steps, segment.corpus, limit=limit))

    def _keyed(self, task: ShardTask) -> ShardTask:
        """The task under the key of all that its result depends on."""
        made_of = [describe(task.source), task.shard.name, task.shard.digest, task.limit, sorted(task.suffixes.items())]
        return dataclasses.replace(task, key=self._key(*made_of, self.first_steps, _sketched(task.corpus)))

    def _next(self, stages: Sequence[Stage], segment: Segment) -> list[Stage]:
        self.progress.start("further steps", sum(stage.shard.bytes for stage in stages))
        steps = _identity(segment.steps)
        tasks = [
            ShardTask(
                self._key(stage.key, stage.decision, steps, _sketched(segment.corpus)),
                stage.shard,
                self.recipe.source,
                segment.steps,
                segment.corpus,
                before=stage.folders[-1],
                decided=stage.decided,
            )
            for stage in stages
        ]
        results = self._run([(task, task.shard.bytes) for task in tasks])
        return [self._stage(task, result, old) for task, result, old in zip(tasks, results, stages, strict=True)]

    def _stage(self, task: ShardTask, result: dict[str, Any], old: Stage | None = None) -> Stage:
        folders = (*(old.folders if old else ()), self.store.place(task.key))
        return Stage(task, folders, (*(old.results if old else ()), result))

    def _decide(self, stages: Sequence[Stage], segment: Segment) -> list[Stage]:
        corpus = segment.corpus
        if corpus is None:
            return list(stages)
        self.progress.start(f"comparing all documents ({type(corpus).__name__})", 0)
        key = self._key("decide", _identity([corpus]), [stage.key for stage in stages])
        if self.request.fresh:
            self.store.discard(key)
        folder, _ = self.store.make(key, lambda scratch: self._decide_into(scratch, corpus, stages))
        decisions = kept_decisions(corpus, folder / FATES_FILE)
        return [dataclasses.replace(stage, decided=one) for stage, one in zip(stages, decisions, strict=True)]

    def _decide_into(self, scratch: Path, corpus: Corpus, stages: Sequence[Stage]) -> dict[str, Any]:
        decisions = self.workers.decide(corpus, [stage.folders[-1] for stage in stages])
        return {"decided": keep_decisions(scratch / FATES_FILE, decisions)}

    def write_parts(self, stages: Sequence[Stage]) -> list[Part]:
        """The last segment, and Parquet."""
        last = self.segments[-1]
        seen = merge_columns(
            [*(stage.results[-1]["columns"] for stage in stages), *(step.adds() for step in last.steps)]
        )
        no_columns = frozenset(RESERVED[self.recipe.output.rows]).union(*(step.takes() for step in last.steps))
        columns = {name: kind for name, kind in seen.items() if name not in no_columns}
        output, steps = self.recipe.output, _identity(last.steps)
        tasks: list[tuple[PartTask, int]] = []
        for group in cut_into_parts(stages, output.part_mb * 1_000_000):
            made_of = [[stage.key, stage.decision] for stage in group]
            key = self._key("part", made_of, steps, describe(output), columns)
            pieces = [Piece(stage.folders, stage.decided) for stage in group]
            size = sum(stage.results[-1]["characters"] for stage in group)
            tasks.append((PartTask(key, pieces, last.steps, output, columns), size))
        self.progress.start("writing", sum(size for _, size in tasks))
        results = self._run(tasks)
        return [Part(self.store.place(task.key), columns, one) for (task, _), one in zip(tasks, results, strict=True)]

    def total(self, stages: Sequence[Stage], parts: Iterable[Part]) -> Ledger:
        """The books of the whole build. Raises SikuError if any number disagrees with another or with the files."""
        total = Ledger.over(self.recipe.steps)
        found: Counter[str] = Counter()
        for stage in stages:
            for result in stage.results:
                total.add(Ledger.from_json(result["ledger"]))
        for part in parts:
            total.add(Ledger.from_json(part.result["ledger"]))
            found.update(part.result["found"])
        total.check([type(step).__name__ for step in self.recipe.steps if isinstance(step, Split)])
        total.compare(found)
        return total

    def _look_early(self, stages: Sequence[Stage]) -> None:
        """Stop now rather than after the whole work if the first steps remove too much or found nothing to do."""
        steps = self.segments[0].steps
        ledger = Ledger.over(steps)
        for stage in stages:
            ledger.add(Ledger.from_json(stage.results[0]["ledger"]))
        guard(steps, ledger)
        for step, tally in zip(steps, ledger.steps, strict=True):
            if isinstance(step, HoldOut):
                step.check_found(tally.notes, lambda: titles_in(stages))

    def _key(self, *made_of: Any) -> str:
        return digest([self.surroundings, *made_of])

    def _run(self, tasks: Sequence[tuple[Any, int]]) -> list[dict[str, Any]]:
        if self.request.fresh:
            for task, _ in tasks:
                self.store.discard(task.key)
        return self.workers.run(tasks, self.progress.advance)


def ids_met_before(stages: Sequence[Stage]) -> dict[int, dict[int, str]]:
    """For documents whose id an earlier one has: a suffix that tells them apart, by stage and by number in the shard.

    The suffix is made of the shard's name and the number (`x~3fa9c1.17`), so it is the same in every run.
    """
    names = [np.fromfile(stage.folders[0] / NAMES_FILE, dtype="<u8") for stage in stages]
    ends = np.cumsum([0, *map(len, names)])
    _, first = np.unique(np.concatenate(names) if names else [], return_index=True)
    again = np.setdiff1d(np.arange(ends[-1]), first)
    suffixes: dict[int, dict[int, str]] = {}
    for number, place in zip(again.tolist(), (np.searchsorted(ends, again, side="right") - 1).tolist(), strict=True):
        row = number - int(ends[place])
        name = stages[place].shard.name.encode("utf-8", "surrogatepass")
        suffixes.setdefault(place, {})[row] = f"~{hashlib.blake2b(name, digest_size=3).hexdigest()}.{row}"
    return suffixes


def split_at_barriers(steps: Sequence[Step]) -> list[Segment]:
    """The steps in runs that a single document can take alone; the last run has no barrier behind it."""
    segments: list[Segment] = []
    run: list[Step] = []
    for step in steps:
        if isinstance(step, Corpus):
            segments.append(Segment(tuple(run), step))
            run = []
        else:
            run.append(step)
    if not segments:  # the first segment ends in work files in any case
        return [Segment(tuple(run), None), Segment((), None)]
    return [*segments, Segment(tuple(run), None)]


def cut_into_parts(stages: Sequence[Stage], part_bytes: int) -> Iterable[list[Stage]]:
    """Runs of shards of at least `part_bytes` of text, most of them less than twice that.

    Where a part ends depends on the shards in it, not on how many came before (content-defined chunking, as in
    LBFS, Muthitacharoen et al. 2001), so that a book more changes one part and leaves the others as they are.
    """
    group: list[Stage] = []
    size = 0
    for stage in stages:
        group.append(stage)
        size += 3 * stage.results[-1]["characters"]  # a Han character is three bytes of UTF-8
        if size >= 2 * part_bytes or (size >= part_bytes and int(stage.key[:4], 16) % 4 == 0):
            yield group
            group, size = [], 0
    if group:
        yield group


def _identity(steps: Iterable[Step]) -> list[dict[str, Any]]:
    return [{key: value for key, value in describe(step).items() if key not in CIRCUMSTANCE} for step in steps]


def _sketched(corpus: Corpus | None) -> Any:
    if corpus is None:
        return None
    fields = ("class", "version", *corpus.sketch_fields)
    return {key: value for key, value in describe(corpus).items() if key in fields}


def titles_in(stages: Iterable[Stage]) -> set[str]:
    """All titles of the documents that reached the end of the first segment."""
    rows = (row for stage in stages for row in read_rows(stage.folders[0] / ROWS_FILE))
    return {str(title) for row in rows if (title := orjson.loads(row["meta"]).get("title"))}


@contextlib.contextmanager
def machine_errors(folder: Path) -> Iterator[None]:
    """Turn what the machine refuses (disk, rights) into an error that says what to do."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise machine_error(error, folder) from error


def machine_error(error: OSError, folder: Path) -> SikuError:
    """Disk full, no permission and the like as an error of four lines."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    return SikuError(
        "the disk is full" if full else "the system refused to read or write",
        where=os.fsdecode(error.filename) if error.filename else str(folder),
        why=error.strerror or str(error),
        next=f"{'make room' if full else 'mend that'}, and run the same command again: finished work is kept",
    )
