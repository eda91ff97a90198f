"""siku and its peers at the same two jobs, in turns: what they cost, and what they find.

    python benchmarks/run.py [--peers datatrove,datasketch,...] [--mb 70] [--runs 3] [--work FOLDER]
    python benchmarks/run.py --corpus FOLDER [--scorer PATH/score_dedup.py]
    python benchmarks/run.py --report-only

`dedup` removes near-duplicates: JSON lines in, rows on disk out. `build` is a whole build: repair of broken text,
filters, near-duplicates, Parquet. Each peer gets an environment of its own below --work, installed once, and does its
job as the script in `peers/` says, at the same threshold. A round is one run of everything, on the corpus and on its
first ten documents, which shows what the start takes. Figures go to results.json after every round, then to RESULTS.md
and results.svg, all in --results. The corpus is made by `corpus.py` and scored by `score.py` unless --corpus and
--scorer name others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import results  # noqa: E402 - the folders of a checkout are found from here on
from benchmarks.contestants import (  # noqa: E402
    JOBS,
    PEERS,
    Contestant,
    contestants_of,
    environment,
    siku,
    size_mb,
    surroundings,
    versions,
)
from benchmarks.corpus import EXAMPLES, write_corpus  # noqa: E402
from benchmarks.measure import CommandError, run_once  # noqa: E402
from benchmarks.score import score  # noqa: E402
from validators.processor import prefer_fast_sorting  # noqa: E402

TEN = 10  # documents of the corpus that shows what the start takes
ERROR_LINES = 6
MOST_FAILURES = 2  # after which a contestant is out

Figures = dict[str, Any]


def made_corpus(args: argparse.Namespace) -> Path:
    """The folder of the corpus, made if there is none like it."""
    if args.corpus:
        return Path(args.corpus).resolve()
    folder = args.work / f"corpus-{args.mb:g}mb"
    if not (folder / "corpus.json").exists():
        print(f"making a corpus of {args.mb:g} MB", file=sys.stderr)
        write_corpus(folder, args.mb, texts=args.texts)
    return Path(folder)


def first_documents(corpus: Path, work: Path) -> Path:
    """A corpus of the first ten documents."""
    path = Path(work / "ten" / "corpus.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    with (corpus / "corpus.jsonl").open("rb") as lines:
        path.write_bytes(b"".join(next(lines) for _ in range(TEN)))
    return path


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = platform.processor()
    about = Path("/proc/cpuinfo")
    if about.exists():
        names = [line.partition(":")[2].strip() for line in about.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def commit() -> str:
    """Which state of the repository was measured."""
    words = ["git", "-C", str(HERE.parent), "describe", "--always", "--dirty", "--exclude=*"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def scored(args: argparse.Namespace, corpus: Path, rows: Path) -> Figures:
    """Recall and precision of the rows that stayed, by the scorer asked for."""
    if not args.scorer:
        return score(corpus, rows, args.threshold)
    words = [sys.executable, args.scorer, str(corpus), str(rows), "--threshold", str(args.threshold), "--json"]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    if not told.stdout.strip():
        raise ValueError(f"the scorer failed: {told.stderr.strip()[-300:]}")
    found: Figures = json.loads(told.stdout)
    return found


def enter(args: argparse.Namespace, record: Figures) -> list[Contestant]:
    """siku, and every peer whose environment can be installed."""
    own = versions(Path(sys.executable), ("numpy", "pyarrow", "opencc", "orjson"))
    record["versions"]["siku"] = {"siku": commit(), **own}
    entered = siku()
    for name in args.peers:
        try:
            python = environment(name, args.work)
            record["versions"][name] = versions(python, PEERS[name].packages)
            record["environment_mb"][name] = size_mb(python.parent.parent)
        except subprocess.CalledProcessError as error:
            told = f"{error.stderr or error}".strip().splitlines()[-ERROR_LINES:]
            record["failures"][name] = ["cannot be installed: " + "\n".join(told)]
            print(f"{name}: cannot be installed", file=sys.stderr)
            continue
        entered += contestants_of(name, python)
    return [one for one in entered if one.job in args.jobs]


def take_turn(
    args: argparse.Namespace, one: Contestant, corpus: Path, record: Figures, number: int, *, start_only: bool
) -> None:
    """One run of one contestant in round `number`, and its score if it has none yet."""
    key = f"{one.job}/{one.name}"
    out = args.work / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    logs = args.work / "logs"
    logs.mkdir(exist_ok=True)
    log = logs / f"{one.job}-{one.name}{'-start' if start_only else ''}.log".replace(" ", "-")
    lines = args.ten if start_only else corpus / "corpus.jsonl"
    entry = record["runs"].setdefault(key, {"beside": one.beside, "corpus": [], "start": []})
    os.sync()  # or who waits for the disk would wait for what others wrote
    load = os.getloadavg()[0]
    try:
        words = one.command(lines, out, args.workers, args.threshold)
        good = (0, 1) if one.name.startswith("siku") else (0,)  # 1: some inputs were quarantined
        took = run_once(words, log=log, env=surroundings(out), timeout_s=args.timeout, good=good)
        if not start_only and "score" not in entry:
            entry["score"] = scored(args, corpus, out / one.rows)
            settings = out / "settings.json"
            entry["settings"] = json.loads(settings.read_text()) if settings.exists() else {}
    except (CommandError, ValueError, OSError) as error:
        record["failures"].setdefault(key, []).append("\n".join(str(error).splitlines()[-ERROR_LINES:]))
        print(f"{key}: failed, see {log}", file=sys.stderr)
        return
    entry["start" if start_only else "corpus"].append({**took, "round": number, "load": load})
    print(f"{key}{' (start)' if start_only else ''}: {took['seconds']:.2f} s", file=sys.stderr)


def measure(args: argparse.Namespace) -> Figures:
    """All rounds; what is known is written after each of them."""
    args.work = args.work.resolve()
    corpus = made_corpus(args)
    args.ten = first_documents(corpus, args.work)
    record: Figures = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
        "corpus": json.loads((corpus / "corpus.json").read_text(encoding="utf-8")),
        "corpus_bytes": (corpus / "corpus.jsonl").stat().st_size,
        "documents": (corpus / "corpus.jsonl").read_bytes().count(b"\n"),
        "made_by": "--corpus" if args.corpus else "corpus.py",
        "scorer": Path(args.scorer).name if args.scorer else "score.py",
        "threshold": args.threshold,
        "workers": args.workers,
        "versions": {},
        "environment_mb": {},
        "failures": {},
        "runs": {},
        "round_seconds": [],
    }
    entered = enter(args, record)
    for number in range(args.runs):
        began = time.monotonic()
        print(f"round {number + 1} of {args.runs}", file=sys.stderr)
        for one in entered:
            for start_only in (True, False):
                if len(record["failures"].get(f"{one.job}/{one.name}", [])) < MOST_FAILURES:
                    take_turn(args, one, corpus, record, number, start_only=start_only)
        record["round_seconds"].append(round(time.monotonic() - began, 1))
        (args.results / "results.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    shutil.rmtree(args.work / "out", ignore_errors=True)
    return record


def peers(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    if unknown := set(names) - PEERS.keys():
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(PEERS)}")
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=peers, default=list(PEERS), help=f"of {','.join(PEERS)} (default: all)")
    parser.add_argument("--jobs", type=lambda given: given.split(","), default=list(JOBS), help="dedup,build")
    parser.add_argument("--mb", type=float, default=70, help="size of the corpus, 10^6 bytes of text")
    parser.add_argument("--texts", type=Path, default=EXAMPLES, help="folder of texts that the corpus is made from")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one per core)")
    parser.add_argument("--threshold", type=float, default=0.7, help="Jaccard")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="environments, corpora, logs")
    parser.add_argument(
        "--corpus", help="folder with corpus.jsonl, truth_pairs.tsv and corpus.json in place of our own"
    )
    parser.add_argument("--scorer", help="score_dedup.py in place of our own scorer")
    parser.add_argument("--results", type=Path, default=HERE, help="where results.json, RESULTS.md, results.svg go")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds that one run may take")
    parser.add_argument("--report-only", action="store_true", help="write RESULTS.md and results.svg from results.json")
    args = parser.parse_args()
    prefer_fast_sorting()  # siku does so by itself; it goes for whoever sorts with NumPy here
    args.results.mkdir(parents=True, exist_ok=True)
    kept = args.results / "results.json"
    record = json.loads(kept.read_text(encoding="utf-8")) if args.report_only else measure(args)
    results.write(record, args.results)
    print(args.results / "RESULTS.md")


if __name__ == "__main__":
    main()
