"""Stages of training one after the other, each from the final model of the one before, in one command."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from builders.engine.progress import Progress
from trainers.problems import some_of
from trainers.settings import takes
from trainers.training.curriculum_file import Stage, read_curriculum
from trainers.training.dry_run import dry_run
from trainers.training.machine import is_main, world_size
from trainers.training.order import Checked, TrainOrder, examine, gather
from trainers.training.run import be_quiet, train
from trainers.training.run_folder import RUN, RunFolder
from trainers.training.train_settings import TrainSettings
from validators.errors import INTERRUPTED, SikuError
from validators.problems import raise_together

CURRICULUM = "curriculum.json"
STAYS_IN_THE_MODEL = ("model_max_length", "chat_template_path")  # a later stage has them from an earlier one


@dataclass(frozen=True)
class CurriculumOrder:
    """What was asked for. `values` are settings of all stages; `problems` what is known to be wrong."""

    file: Path
    model: str
    out: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    resume: bool = False
    problems: Sequence[SikuError] = ()

    def command(self) -> list[str]:
        """The words that ask for the same again."""
        words = ["siku", "train", "curriculum", "--data", str(self.file), "--model", self.model, "--out", str(self.out)]
        for name, value in self.values.items():
            words += ["--set", f"{name}={value}"]
        return words

    def interrupted(self) -> SikuError:
        """What is said after Ctrl-C."""
        again = shlex.join([*self.command(), "--resume"])
        return SikuError("interrupted", where=str(self.out), why="Ctrl-C", next=again, exit_code=INTERRUPTED)


def train_curriculum(order: CurriculumOrder, *, quiet: bool = False) -> dict[str, Any]:
    """Train all stages, and return what is printed. A finished curriculum that is to go on is only told again.

    Raises SikuError: exit 2, before the first stage starts, for what is wrong with any; 3 for a loss that goes wrong;
    130 when interrupted.
    """
    with be_quiet():
        checked = check(order)
        identity = {"task": "curriculum"} | {stage.folder: one.identity() for stage, one in checked}
        if differences := RunFolder(order.out).differences(identity):
            raise SikuError(
                "--resume: the curriculum in --out is another one",
                where=str(order.out),
                why="; ".join(differences),
                next="what it was begun with, or --out with a new folder",
            )
        if order.resume and (order.out / CURRICULUM).exists():
            finished: dict[str, Any] = orjson.loads((order.out / CURRICULUM).read_bytes())
            return {name: value for name, value in finished.items() if name != "command"}
        _look_through(checked, quiet)
        if is_main():
            order.out.mkdir(parents=True, exist_ok=True)
            write_whole(order.out / RUN, _dump(identity))
    return _train(order, checked, quiet)


def dry_run_curriculum(order: CurriculumOrder, *, quiet: bool = False) -> dict[str, Any]:
    """What `train_curriculum` would come to, stage by stage, each as if it began with the first model.

    Nothing is written but tokens. Raises SikuError (exit 2) for what is wrong with any stage.
    """
    with be_quiet():
        checked = check(order)
        _look_through(checked, quiet)
    stages = []
    for stage, one in checked:
        _tell_stage(stage, len(checked), quiet)
        stages.append({"name": stage.name} | dry_run(one.order, quiet=quiet))
        _let_go()
    totals = {key: sum(one[key] for one in stages) for key in ("steps", "tokens", "seconds")}
    memory = max(one["memory"]["total"] for one in stages)  # of the stage that needs most
    return {"task": "curriculum", "stages": stages, **totals, "memory": memory, "path": str(order.out)}


Stages = list[tuple[Stage, Checked]]


def check(order: CurriculumOrder) -> Stages:
    """Every stage with what can be told quickly about it, the later ones as if they began with the first model.

    Raises one SikuError (exit 2) that tells all mistakes.
    """
    stages, problems = read_curriculum(order.file, order.values)
    problems = [*order.problems, *problems, *_folder_problems(order)]
    found: dict[tuple[str, ...], tuple[SikuError, list[str]]] = {}
    checked: Stages = []
    stays: dict[str, str] = {}
    for place, stage in enumerate(stages):
        stays |= {name: value for name, value in stage.values.items() if name in STAYS_IN_THE_MODEL}
        values = {name: value for name, value in stays.items() if name in takes(TrainSettings, stage.task)}
        one, wrong = examine(_order_of(order, stage, order.model, values | stage.values, resume=True))
        if one and one.settings.lora_r and not one.settings.merge_adapter and place < len(stages) - 1:
            wrong.append(
                SikuError(
                    "the next stage cannot begin with an adapter",
                    where=str(order.file),
                    why="a stage begins with a whole model",
                    next="merge_adapter = true",
                )
            )
        for problem in wrong:
            same = (problem.what, problem.where, problem.why, problem.next)
            found.setdefault(same, (problem, []))[1].append(stage.name)
        if one:
            checked.append((stage, one))
    for problem, names in found.values():
        everywhere = len(names) == len(stages) > 1
        problems.append(problem if everywhere else _named(problem, names))
    raise_together(problems)
    return checked


def _folder_problems(order: CurriculumOrder) -> list[SikuError]:
    """Why --out cannot be used: the folder itself, or the first stage in it that has come to something."""
    folders = [order.out, *sorted(path for path in order.out.glob("[0-9]*-*") if path.is_dir())]
    found = (RunFolder(path).problems(resume=order.resume, command=order.command()) for path in folders)
    return next((problems for problems in found if problems), [])


def _order_of(order: CurriculumOrder, stage: Stage, model: str, values: Mapping[str, Any], resume: bool) -> TrainOrder:
    return TrainOrder(stage.task, stage.data, model, order.out / stage.folder, values, resume)


def _look_through(checked: Stages, quiet: bool) -> None:
    """Look at the rows of all stages. Their tokens are kept, so that this costs nothing later."""
    problems = []
    with Progress(quiet=quiet or not is_main()) as progress:
        for stage, one in checked:
            try:
                gather(one, progress)
            except SikuError as error:
                problems.append(_named(error, [stage.name]))
    raise_together(problems)


def _named(error: SikuError, names: Sequence[str]) -> SikuError:
    """The same, with the stages in which it is wrong."""
    stages = f"stage{'s' if len(names) > 1 else ''} {some_of(names)}"
    return SikuError(
        f"{stages}: {error.what}", where=error.where, why=error.why, next=error.next, exit_code=error.exit_code
    )


def _train(order: CurriculumOrder, checked: Stages, quiet: bool) -> dict[str, Any]:
    results = []
    model = order.model
    for stage, one in checked:
        _tell_stage(stage, len(checked), quiet)
        stage_order = _order_of(order, stage, model, stage.values, order.resume)
        try:
            result = train(stage_order, quiet=quiet)
        except SikuError as error:
            said = order.interrupted() if error.exit_code == INTERRUPTED else error
            raise _named(said, [stage.name]) from error
        results.append({"name": stage.name} | result)
        model = str(stage_order.out / "merged" if one.settings.lora_r else stage_order.out)
        _wait_for_the_others()
        gc.collect()  # a trainer and its model hold each other
    seconds = sum(result["seconds"] for result in results)
    told = {"task": "curriculum", "stages": results, "seconds": seconds, "path": results[-1]["path"]}
    if is_main():
        write_whole(order.out / CURRICULUM, _dump(told | {"command": shlex.join(order.command())}))
    return told


def _tell_stage(stage: Stage, stages: int, quiet: bool) -> None:
    if not quiet and is_main():
        print(f"stage {stage.number} of {stages}: {stage.name}", file=sys.stderr, flush=True)


def _let_go() -> None:
    """Give memory back to the system, so that the next stage is measured as if it were the first."""
    gc.collect()  # a trainer and its model hold each other
    with contextlib.suppress(OSError, AttributeError):  # what glibc has, other systems may not
        ctypes.CDLL(None).malloc_trim(0)


def _wait_for_the_others() -> None:
    """The first of several processes writes the model that all begin the next stage with."""
    if world_size() > 1:
        import torch.distributed

        torch.distributed.barrier()


def _dump(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
