"""How fast `siku view` opens and searches a dataset of many rows, and what memory it takes.

    python benchmarks/view.py [--rows 1000000] [--folder FOLDER] [--runs 3]

Makes the dataset in FOLDER if it is not there: four fifths of the rows in train, a fifth in dropped, of which every
second a near-duplicate of a kept row. Then, `--runs` times: from the command to the first page with its first rows, as
an HTTP client has it; then searches as the page asks for them. Memory is the highest PSS of the process.
Prints one JSON object: medians.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

HOME = Path(__file__).parent.parent
sys.path.insert(0, str(HOME))

from builders.engine.manifest import describe_files, write_manifest  # noqa: E402
from builders.engine.tables import REFUSED, RowWriter, row_schema  # noqa: E402
from tests.corpora import sentence  # noqa: E402

FILES = 16
SENTENCES = 200_000
COLUMNS = {"source": "string", "title": "string"}
SEARCHES: dict[str, dict[str, Any]] = {
    "browse": {},
    "substring, many hits": {"words": "山城"},
    "substring, one hit": {"words": "第777777条"},
    "substring, no hit": {"words": "这里没有这句话"},
    "substring, kept and dropped, no hit": {"words": "这里没有这句话", "side": "side by side"},
    "regex, many hits": {"words": "(渡口|驿站)前面，低声", "how": "regex"},
    "regex, no hit": {"words": "第[0-9]+条.{3}没有这句", "how": "regex"},
    "regex, every character tried, no hit": {"words": "(山|水|风|月)[^。]{2,9}(没有这|这没有)", "how": "regex"},
    "title and length": {"column": "title", "value": "书 7", "least": 260},
}
FIELDS = ("words", "how", "side", "split", "rule", "column", "value", "least", "most", "state")
USUAL = {"words": "", "how": "substring", "side": "kept", "split": "", "rule": "", "column": "", "state": ""}


def texts(count: int) -> Iterator[str]:
    rng = random.Random(1)
    pool = [sentence(rng) for _ in range(min(SENTENCES, count))]
    for number in range(count):
        yield "".join(rng.choices(pool, k=rng.randrange(3, 10))) + f"第{number}条。"


def make(folder: Path, count: int) -> None:
    """A dataset as a build leaves it, without the build."""
    kept, refused = count * 4 // 5, count - count * 4 // 5
    every = iter(texts(count))
    for name, schema, rows in (("train", row_schema(COLUMNS), kept), ("dropped", REFUSED, refused)):
        (folder / name).mkdir(parents=True)
        first = 0
        for file in range(FILES):
            with RowWriter(folder / name / f"part-{file:05d}.parquet", schema) as writer:
                last = rows * (file + 1) // FILES
                for number in range(first, last):
                    text = next(every)
                    title, source = f"书 {number % 997}", f"s{number % 7}"
                    row: tuple[Any, ...] = (f"{number:08x}-0001", text, source, title)
                    if name == "dropped":
                        copy = f"{number % kept:08x}-0001" if number % 2 else None
                        why = "near duplicate: Jaccard 0.91" if copy else f"too short: {number % 20} characters"
                        step = "NearDuplicates" if copy else "Quality"
                        meta = json.dumps({"title": title, "source": source}, ensure_ascii=False)
                        row = (f"d{number:08x}", text, step, why, copy, 0.91 if copy else None, meta)
                    writer.add(row, len(text))
                first = last
    figures: dict[str, Any] = {"rows": {"train": kept, "valid": 0}, "dropped": refused, "columns": COLUMNS}
    plan = {"recipe": "many", "source": {"class": "TextFiles"}, "steps": [], "output": {"facets": ["title", "source"]}}
    named = {"name": "many", "version": "1", "fingerprint": "0" * 64, "files": describe_files(folder)}
    write_manifest(folder, {**named, **figures, "plan": plan, "inputs": []})


# ---------------------------------------------------------------- as a browser would ask


class Page:
    """The command, its first page, and searches over HTTP."""

    def __init__(self, folder: Path) -> None:
        began = time.monotonic()
        words = [sys.executable, str(HOME / "cli.py"), "view", str(folder), "--json"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]
        first = self._get("")
        self.seconds = time.monotonic() - began
        assert "00000000-0001" in first, "the first page has the first rows"
        config = json.loads(self._get("config"))
        ids = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        self.event = next(one for one in config["dependencies"] if [ids["search"], "click"] in one["targets"])

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path) as answer:
            return str(answer.read().decode())

    def search(self, **fields: Any) -> float:
        """Seconds from the question to the HTML of the rows and of the first document."""
        values = [(USUAL | fields).get(name) for name in FIELDS]
        session = f"s{random.randrange(10**9)}"
        asked = {"data": [None, "somebody", *values], "fn_index": self.event["id"], "session_hash": session}
        began = time.monotonic()
        body = json.dumps(asked).encode()
        request = urllib.request.Request(self.url + "gradio_api/queue/join", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()
        with urllib.request.urlopen(f"{self.url}gradio_api/queue/data?session_hash={session}") as events:
            for line in events:
                if line.startswith(b"data:") and b'"process_completed"' in line:
                    told = json.loads(line[5:])
                    assert told["success"], told
                    return time.monotonic() - began
        raise SystemExit("no answer")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


def run(folder: Path) -> dict[str, float]:
    page = Page(folder)
    measured = psutil.Process(page.process.pid)
    figures = {"open": page.seconds}
    most = 0.0
    for name, fields in SEARCHES.items():
        figures[name] = page.search(**fields)
        most = max(most, measured.memory_full_info().pss / 1e6)
    page.stop()
    return figures | {"peak memory, MB": most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (args.folder or Path(scratch)) / "many" / "1"
        if not (folder / "manifest.json").exists():
            make(folder, args.rows)
        runs = [run(folder) for _ in range(args.runs)]
    medians = {name: round(statistics.median(one[name] for one in runs), 2) for name in runs[0]}
    print(
        json.dumps({"rows": args.rows, **medians, "load": round(os.getloadavg()[0], 1)}, indent=1, ensure_ascii=False)
    )


if __name__ == "__main__":
    main()
