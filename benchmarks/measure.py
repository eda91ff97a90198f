"""Run a command a few times and say what it took: wall time, CPU time, peak memory of all its processes together.

    python benchmarks/measure.py --mb 50 --runs 3 --clean out -- siku build text-pretrain --input corpus.jsonl -q

Prints one JSON object: medians over the runs, MB/s if `--mb` says how large the input is, and the load of the machine.
Memory is PSS (shared pages counted once), sampled twenty times a second. Needs psutil (extra `dev`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil

SAMPLE_EVERY_S = 0.05


def tree_memory_mb(process: psutil.Process) -> tuple[float, float]:
    """Memory of a process and all its children, and of the largest one among them."""
    sizes: list[float] = []
    for one in (process, *process.children(recursive=True)):
        try:
            sizes.append(one.memory_full_info().pss / 1e6)
        except psutil.Error:  # it ended meanwhile
            continue
    return sum(sizes), max(sizes, default=0.0)


def run_once(words: list[str]) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    watched = psutil.Process(child.pid)
    peak = largest = 0.0
    while child.poll() is None:
        try:
            total, one = tree_memory_mb(watched)
        except psutil.Error:
            break
        peak, largest = max(peak, total), max(largest, one)
        time.sleep(SAMPLE_EVERY_S)
    child.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode not in (0, 1):
        sys.exit(f"the command failed with exit code {child.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.monotonic() - started, "cpu_seconds": cpu, "peak_mb": peak, "largest_process_mb": largest}


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
        runs.append(run_once(args.words))
    result = {key: round(statistics.median(run[key] for run in runs), 2) for key in runs[0]}
    if args.mb:
        result["mb_per_second"] = round(args.mb / result["seconds"], 2)
    print(json.dumps(result | {"runs": args.runs, "load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()
