"""`siku tour`: the whole way from raw text to judged models, each step as a person would type it.

Every step is a process of its own that runs the command that is shown, with `--json -q` added. The commands themselves
know what is finished and go on with what is not, so the tour keeps no record of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from builders.extra import HOME, how_to_install, missing_packages
from trainers.tour_plan import TourStep, steps_of
from validators.command_line import Args, Command, flag, out_folder
from validators.errors import INTERRUPTED, SikuError

OK, WRONG_MACHINE = 0, 2
GOOD = (0, 1)  # with 1, some input was refused; the ledger has it
LOCK = ".tour.lock"
INDENT = "     "
TICK_S = 1.0


@dataclass
class Tour:
    """One walk: how it is told, and what its steps came to."""

    out: Path
    quiet: bool = False
    as_json: bool = False
    done: list[dict[str, Any]] = field(default_factory=list)

    @property
    def command(self) -> str:
        """What is typed to go on."""
        return shlex.join(["siku", "tour", "--out", str(self.out)])

    def say(self, *lines: str) -> None:
        """For people; where a program reads standard output, on standard error."""
        if not self.quiet:
            print("\n".join(lines), file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def tick(self, seconds: float) -> None:
        """On a terminal, how long the step has been at work."""
        if not self.quiet and sys.stderr.isatty():
            print(f"{INDENT}{seconds:.0f} s", end="\r", file=sys.stderr, flush=True)


def run_tour(args: Args) -> int:
    began = time.monotonic()
    tour = Tour(args.out, args.quiet, args.json)
    steps = steps_of(tour.out)
    missing = missing_packages("train")
    possible = [step for step in steps if not (step.trains and missing)]
    tour.say(f"from raw text to two judged models in {len(steps)} steps; all of it goes to {tour.out}")
    with _alone(tour) as lock:
        for number, step in enumerate(possible, start=1):
            tour.say("", f"{number}/{len(steps)}  {step.about}", f"{INDENT}{step.command}")
            told = _walk(tour, step, lock)
            tour.done.append(told)
            tour.say(*(f"{INDENT}{line}" for line in (*step.tell(told["result"]), _took(told))))
    reports = [str(path) for step in possible for path in step.look_at]
    seconds = time.monotonic() - began
    if tour.as_json:
        told = {"steps": tour.done, "reports": reports, "missing": missing, "seconds": seconds, "path": str(tour.out)}
        print(json.dumps(told, indent=2, ensure_ascii=False))
    tour.say(
        "", f"{len(possible)} of {len(steps)} steps, {seconds:.0f} s. To look at:", *(f"  {one}" for one in reports)
    )
    if missing:
        return _tell_missing(tour, missing, len(steps) - len(possible))
    tour.say("Every command above can be typed again as it stands, with other settings, or with your own texts.")
    return OK


def _tell_missing(tour: Tour, missing: list[str], left: int) -> int:
    error = SikuError(
        f"{left} steps are left: the extra [train] is not installed",
        where=sys.prefix,
        why=f"there is no {', '.join(missing)}",
        next=f"{how_to_install('train')}; then {tour.command} goes on",
    )
    print("\n".join(error.lines()), file=sys.stderr)
    return WRONG_MACHINE


@contextlib.contextmanager
def _alone(tour: Tour) -> Iterator[IO[str]]:
    """Hold the folder. Steps hold it, too: one that outlives a killed tour is waited for."""
    tour.out.mkdir(parents=True, exist_ok=True)
    with (tour.out / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            tour.say(f"another tour is still at work in {tour.out}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _walk(tour: Tour, step: TourStep, lock: IO[str]) -> dict[str, Any]:
    """Run one step; what is told of it. Raises SikuError where it fails, with its exit code."""
    python = [sys.executable, *(f"-W{option}" for option in sys.warnoptions)]
    words = [*python, str(HOME / "cli.py"), *step.words, "--json", "-q"]
    began, used = time.monotonic(), _cpu_s()
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"OMP_NUM_THREADS": "1", **os.environ},  # in so small a model threads only wait for each other
        start_new_session=True,  # Ctrl-C comes here alone, and is handed on once
        pass_fds=(lock.fileno(),),
    )
    out, err = _wait(tour, process)
    if process.returncode not in GOOD:
        raise _failed(step, process.returncode, out, err)
    return {
        "name": step.name,
        "command": step.command,
        "exit_code": process.returncode,
        "seconds": time.monotonic() - began,
        "cpu_seconds": _cpu_s() - used,
        "result": json.loads(out),
    }


def _wait(tour: Tour, process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Standard output and error of a step. At the first Ctrl-C it ends in its own way, at the second it is killed."""
    began = time.monotonic()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=TICK_S)
            tour.tick(time.monotonic() - began)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate()
        except KeyboardInterrupt:
            process.kill()
            process.communicate()
        raise SikuError("interrupted", where=str(tour.out), next=tour.command, exit_code=INTERRUPTED) from None


def _failed(step: TourStep, code: int, out: bytes, err: bytes) -> SikuError:
    """What the command said, and the command."""
    try:
        said = json.loads(out)["error"]
    except (ValueError, KeyError, TypeError):
        last = err.decode(errors="replace").strip().splitlines()[-1:]
        said = {"what": "".join(last) or f"exit code {code}", "where": "", "why": ""}
    return SikuError(
        f"{step.name}: {said['what']}",
        where=said["where"],
        why=said["why"],
        next=f"{step.command} shows it alone",
        exit_code=code if code > 0 else 1,
    )


def _took(told: dict[str, Any]) -> str:
    return f"{told['seconds']:.1f} s"


def _cpu_s() -> float:
    """Of all steps that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


COMMANDS = (
    Command(
        "tour",
        "the whole way in a minute or two: build, ask, train, evaluate",
        run_tour,
        (
            flag(
                "--out",
                type=out_folder,
                default=Path("tour"),
                metavar="DIR",
                help="folder for all that is made (default: tour)",
            ),
        ),
    ),
)
