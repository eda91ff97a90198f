"""Run a command a few times and say what it took: wall time, CPU time, peak memory of all its processes together.

    python benchmarks/measure.py --mb 50 --runs 3 --clean out -- siku build text-pretrain --input corpus.jsonl -q

Prints one JSON object: medians over the runs, MB/s if `--mb` says how large the input is, and the load of the machine.
Memory is PSS (shared pages counted once), sampled twenty times a second. Needs psutil (extra `dev`).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

SAMPLE_EVERY_S = 0.05
LEFT_BEHIND_S = 10.0  # how long processes may outlive the command before they are ended
SET_CHILD_SUBREAPER = 36  # of Linux's prctl
TOLD_CHARS = 2000


class CommandError(Exception):
    """The command ended with another exit code than 0 or 1, or took too long; the message ends with its last words."""


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Be the parent of processes that outlive theirs, as those of a fork server do, so that their CPU time counts.

    Without it (outside Linux) the time of children that nobody waited for is lost.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class Tree:
    """All processes below this one that were not there when it was made: a command, its children, and its orphans."""

    def __init__(self) -> None:
        self._others = {one.pid for one in psutil.Process().children(recursive=True)}
        self._cpu_s: dict[tuple[int, float], float] = {}

    def processes(self, *, recursive: bool = True) -> list[psutil.Process]:
        return [one for one in psutil.Process().children(recursive=recursive) if one.pid not in self._others]

    def sample(self) -> tuple[float, float]:
        """Memory in MB of all and of the largest one; notes the CPU time so far of each."""
        sizes: list[float] = []
        for one in self.processes():
            with contextlib.suppress(psutil.Error):  # it ended meanwhile
                sizes.append(one.memory_full_info().pss / 1e6)
                times = one.cpu_times()
                self._cpu_s[one.pid, one.create_time()] = times.user + times.system
        return sum(sizes), max(sizes, default=0.0)

    def seen_cpu_s(self) -> float:
        return sum(self._cpu_s.values())

    def kill(self) -> None:
        for one in self.processes():
            with contextlib.suppress(psutil.Error):
                one.kill()

    def reap(self) -> None:
        """Wait for what the command left behind; end what stays."""
        deadline = time.monotonic() + LEFT_BEHIND_S
        while orphans := self.processes(recursive=False):
            for one in orphans:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(one.pid, os.WNOHANG)
            if time.monotonic() > deadline:
                self.kill()
            time.sleep(SAMPLE_EVERY_S)


def watch(child: subprocess.Popen[bytes], tree: Tree, timeout_s: float) -> tuple[float, float]:
    """Peaks of memory until the command ends: of all processes, and of the largest."""
    peak = largest = 0.0
    deadline = time.monotonic() + timeout_s
    while child.poll() is None:
        total, one = tree.sample()
        peak, largest = max(peak, total), max(largest, one)
        if time.monotonic() > deadline:
            tree.kill()
            child.wait()
            raise CommandError(f"took more than {timeout_s:.0f} s")
        time.sleep(SAMPLE_EVERY_S)
    return peak, largest


def run_once(
    words: Sequence[str],
    *,
    log: Path | None = None,
    env: dict[str, str] | None = None,
    timeout_s: float = 3600,
    good: Sequence[int] = (0, 1),
) -> dict[str, float]:
    """One run of a command: seconds, CPU seconds, peak of all processes and of the largest, in MB.

    With `log`, what it prints goes there. CPU time is that of all processes that were waited for, here or by their
    parents; where more was seen while they ran, that. Raises CommandError, also for an exit code that is not `good`.
    """
    tree = Tree()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    with adopting_orphans(), contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else None
        child = subprocess.Popen(
            words, stdout=output or subprocess.DEVNULL, stderr=subprocess.STDOUT if output else None, env=env
        )
        try:
            peak, largest = watch(child, tree, timeout_s)
            seconds = time.monotonic() - started
        finally:
            tree.reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode not in good:
        raise CommandError(f"exit code {child.returncode}{last_words(log)}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cpu = max(cpu, tree.seen_cpu_s())
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak, "largest_process_mb": largest}


def last_words(log: Path | None) -> str:
    """The end of what a command printed, after a colon."""
    told = log.read_bytes()[-TOLD_CHARS:].decode("utf-8", "replace").strip() if log else ""
    return f": {told}" if told else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mb", type=float, help="size of the input in MB (10^6 bytes of UTF-8), for MB/s")
    parser.add_argument("--clean", type=Path, help="folder removed before every run")
    parser.add_argument("words", nargs="+", metavar="COMMAND")
    args = parser.parse_args()
    runs: list[dict[str, float]] = []
    for _ in range(args.runs):
        if args.clean:
            shutil.rmtree(args.clean, ignore_errors=True)
        try:
            runs.append(run_once(args.words))
        except CommandError as failure:
            sys.exit(f"the command failed: {failure}")
    result = {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}
    if args.mb:
        result["mb_per_second"] = round(args.mb / result["seconds"], 2)
    print(json.dumps(result | {"runs": args.runs, "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
