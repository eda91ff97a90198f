"""What siku costs as a corpus grows, what it keeps of a document, and what one book more costs.

    python benchmarks/scale.py [--sizes 50,200,500,2000] [--books 500] [--runs 1] [--work FOLDER]

Corpora are streamed by `corpus.py` (without truth) and removed again, unless --keep is given; the largest wants about
three times its size on disk. `dedup` and `build` are the jobs of `run.py`. Index is what lies in the work store for the
near-duplicate decision, by document, without the folded texts, which are re-read to verify. Books are those of
`tests/corpora.py`: so many are built, then one is added and built as version 2, then nothing is added. Counted are the
pieces of work that were done anew.
Figures go to scale.json, and as tables to SCALE.md, in --results; `--sizes ""` or `--books 0` leaves one out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HOME = HERE.parent
sys.path.insert(0, str(HOME))

from benchmarks.contestants import JOBS  # noqa: E402 - the folders of a checkout are found from here on
from benchmarks.corpus import EXAMPLES, write_corpus  # noqa: E402
from benchmarks.measure import run_once  # noqa: E402
from benchmarks.results import number, table, with_range  # noqa: E402
from benchmarks.run import commit, machine  # noqa: E402
from tests.corpora import book, write_books  # noqa: E402

RECIPES = {"dedup": str(HERE / "recipes" / "near_duplicates.py"), "build": "text-pretrain"}
TEXTS, IDS = "text.bin", "ids.bin"  # the folded texts of a stage, and its ids, which any index must have
KINDS = {"records.bin": "stages", "fates.jsonl": "decisions", "train.parquet": "parts"}  # by a file that only they have
BOOK_CHAPTERS = 12

Figures = dict[str, Any]


def build(recipe: str, source: Path, out: Path, workers: int, *more: str) -> dict[str, float]:
    """One build, measured."""
    words = [sys.executable, str(HOME / "cli.py"), "build", recipe, "--input", str(source), "--out", str(out)]
    return run_once([*words, "--workers", str(workers), *more, "-q"])


def work_files(out: Path) -> dict[str, int]:
    """The bytes of the files that the decision is made from, by name, over all stages."""
    sizes: Counter[str] = Counter()
    for record in out.glob(".siku/work/*/*/records.bin"):
        for path in record.parent.glob("*.bin"):
            sizes[path.name] += path.stat().st_size
    return dict(sizes)


def grow(args: argparse.Namespace, mb: float) -> list[Figures]:
    """All jobs on a corpus of one size."""
    corpus, out = args.work / f"growing-{mb:g}mb", args.work / "out"
    if not (corpus / "corpus.json").exists():
        print(f"making a corpus of {mb:g} MB", file=sys.stderr)
        write_corpus(corpus, mb, texts=args.texts, with_truth=False)
    about = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
    found: list[Figures] = []
    for job in args.jobs:
        runs: list[dict[str, float]] = []
        for _ in range(args.runs):
            shutil.rmtree(out, ignore_errors=True)
            os.sync()  # or siku would wait for the disk to take the corpus
            load = os.getloadavg()[0]
            runs.append({**build(RECIPES[job], corpus / "corpus.jsonl", out, args.workers), "load": load})
            print(f"{job}, {mb:g} MB: {runs[-1]['seconds']:.1f} s", file=sys.stderr)
        files = work_files(out)
        found.append({"job": job, "mb": about["bytes"] / 1e6, **about, "runs": runs, "work_files": files})
    for folder in (out,) if args.keep else (corpus, out):
        shutil.rmtree(folder, ignore_errors=True)
    return found


def pieces(out: Path) -> dict[str, set[str]]:
    """The finished work in the store, by its kind."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS.values()}
    for name, kind in KINDS.items():
        found[kind] = {path.parent.name for path in out.glob(f".siku/work/*/*/{name}")}
    return found


def add_book(args: argparse.Namespace) -> list[Figures]:
    """Books, one book more, and nothing more: what was done each time."""
    folder, out = args.work / "books", args.work / "out"
    found: list[Figures] = []
    for _ in range(args.runs):
        for one in (folder, out):
            shutil.rmtree(one, ignore_errors=True)
        write_books(folder, args.books, chapters=BOOK_CHAPTERS)
        before: dict[str, set[str]] = {kind: set() for kind in KINDS.values()}
        for step, version in (("all books", "1"), ("one book more", "2"), ("the same again", "2")):
            if step == "one book more":
                (folder / "新书.txt").write_bytes(book("one more", BOOK_CHAPTERS).encode("gb18030"))
            took = build("novel-pretrain", folder, out, args.workers, "--as", version)
            after = pieces(out)
            found.append({"step": step, **took, **{kind: len(after[kind] - before[kind]) for kind in after}})
            before = after
    for one in (folder, out):
        shutil.rmtree(one, ignore_errors=True)
    return found


# ---------------------------------------------------------------- SCALE.md


def cost(entry: Figures) -> float:
    """CPU seconds of a MB."""
    return float(statistics.median(run["cpu_seconds"] for run in entry["runs"]) / entry["mb"])


def growth_table(entries: list[Figures]) -> list[str]:
    head = [
        "MB",
        "documents",
        "wall s",
        "CPU s",
        "MB per CPU s",
        "cost of a MB",
        "of a MB more",
        "peak MB",
        "largest process",
    ]
    rows: list[list[str]] = []
    for place, entry in enumerate(entries):
        seconds = statistics.median(run["cpu_seconds"] for run in entry["runs"])
        more = "–"
        if place:
            last = entries[place - 1]
            extra = seconds - statistics.median(run["cpu_seconds"] for run in last["runs"])
            more = f"{extra / (entry['mb'] - last['mb']) * 1000:.0f} ms"
        rows.append(
            [
                f"{entry['mb']:,.0f}",
                f"{entry['documents']:,}",
                *(with_range(run[field] for run in entry["runs"]) for field in ("seconds", "cpu_seconds")),
                number(1 / cost(entry)),
                f"{cost(entry) * 1000:.0f} ms",
                more,
                *(with_range(run[field] for run in entry["runs"]) for field in ("peak_mb", "largest_process_mb")),
            ]
        )
    return table(head, rows)


def index_table(entries: list[Figures]) -> list[str]:
    names = sorted({name for entry in entries for name in entry["work_files"]} - {TEXTS})
    rows = []
    for entry in entries:
        each = {name: size / entry["documents"] for name, size in entry["work_files"].items()}
        index = sum(size for name, size in each.items() if name != TEXTS)
        sizes = (index, index - each.get(IDS, 0), *(each.get(name, 0) for name in (*names, TEXTS)))
        rows.append([f"{entry['mb']:,.0f}", *(f"{size:.0f}" for size in sizes)])
    return table(["MB", "index, bytes a document", "without the ids", *names, f"{TEXTS} (not index)"], rows)


def books_table(runs: list[Figures]) -> list[str]:
    rows = []
    for step in dict.fromkeys(run["step"] for run in runs):
        these = [run for run in runs if run["step"] == step]
        fields = ("seconds", "cpu_seconds", *KINDS.values())
        rows.append([step, *(with_range((run[field] for run in these), lambda one: f"{one:.4g}") for field in fields)])
    return table(["", "wall s", "CPU s", "shards worked on", "decisions", "parts written"], rows)


def page(record: Figures) -> str:
    about = record["machine"]
    lines = [
        "# siku as a corpus grows",
        "",
        "Written by `python benchmarks/scale.py`; the figures are in `scale.json`.",
        "",
    ]
    lines += [
        f"Measured on {record['date']}, state {record['state']}: {about['processor']}, {about['cores']} cores,"
        f" {about['memory_gb']} GB, {about['system']}, Python {about['python']}; {record['workers']} workers."
        " Medians, with the least and the most in brackets where there were several runs.",
        "",
    ]
    for job in JOBS:
        if entries := [entry for entry in record["growth"] if entry["job"] == job]:
            lines += [f"## {job}", "", *growth_table(entries), "", *index_table(entries), ""]
    if record["books"]:
        lines += [f"## One book more than {record['book_count']:,}", "", *books_table(record["books"]), ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="50,200,500,2000", help="MB (10^6 bytes of text), smallest first")
    parser.add_argument("--jobs", type=lambda given: given.split(","), default=list(JOBS), help="dedup,build")
    parser.add_argument("--books", type=int, default=500)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one per core)")
    parser.add_argument("--texts", type=Path, default=EXAMPLES, help="folder of texts that corpora are made from")
    parser.add_argument("--keep", action="store_true", help="leave the corpora in --work, for the next time")
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--results", type=Path, default=HERE, help="where scale.json and SCALE.md go")
    parser.add_argument("--report-only", action="store_true", help="write SCALE.md from scale.json")
    args = parser.parse_args()
    args.results.mkdir(parents=True, exist_ok=True)
    kept = args.results / "scale.json"
    if args.report_only:
        record = json.loads(kept.read_text(encoding="utf-8"))
    else:
        record = {"date": datetime.now(UTC).strftime("%Y-%m-%d"), "state": commit(), "machine": machine()}
        record |= {"workers": args.workers, "book_count": args.books, "growth": [], "books": []}
        for mb in filter(None, args.sizes.split(",")):
            record["growth"] += grow(args, float(mb))
            kept.write_text(json.dumps(record, indent=1) + "\n")
        record["books"] = add_book(args) if args.books else []
        kept.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (args.results / "SCALE.md").write_text(page(record), encoding="utf-8")
    print(args.results / "SCALE.md")


if __name__ == "__main__":
    main()
