"""Time and memory of `siku diff` and `siku sample` on datasets of many rows, which it builds first.

    python benchmarks/versions.py [--rows 1000000] [--folder FOLDER]

Every 50th row of the second version has another id, every 30th another text. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import run_once

from builders.engine.build import build
from builders.engine.finish import Request
from builders.engine.recipe import Output, Recipe
from builders.sources.text_files import TextFiles

CLAUSES = (
    "渡口的船都拴在木桩上，船篷积了厚厚一层白，远远看去，像一排睡着了的牛。老船工蹲在灶前添柴，火光照着他的脸。" * 3
)
FILES = 8
RECIPE = Recipe(
    name="many", version="1", summary="", source=TextFiles(), steps=(), output=Output(part_mb=8, facets=("kind",))
)


def rows(count: int, version: int) -> Iterator[str]:
    for number in range(count):
        name = f"{number:08x}{'n' if version == 2 and number % 50 == 0 else ''}"
        text = f"{CLAUSES[number % 40 :]}{number}{'改' if version == 2 and number % 30 == 0 else ''}"
        yield json.dumps({"id": name, "text": text, "kind": f"k{number % 7}"}, ensure_ascii=False)


def make(folder: Path, count: int, version: int) -> None:
    source = folder / f"rows-{version}"
    source.mkdir()
    files = [(source / f"{number}.jsonl").open("w", encoding="utf-8") for number in range(FILES)]
    for number, row in enumerate(rows(count, version)):
        files[number % FILES].write(row + "\n")
    for file in files:
        file.close()
    build(Request(recipe=RECIPE, inputs=[source], out=folder / "out", version=str(version), workers=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as made:
        folder = Path(made)
        for version in (1, 2):
            make(folder, args.rows, version)
        commands = {"diff": ["diff", "many@1", "many@2"]}
        for count in (156, 15_000):
            commands[f"sample {count}"] = ["sample", "many@1", "--rows", str(count), "--by", "kind"]
        cli, out = Path(__file__).parent.parent / "cli.py", folder / "out"
        found = {
            name: run_once([sys.executable, str(cli), *words, "-q", "--out", str(out)])
            for name, words in commands.items()
        }
        rounded = {name: {key: round(value, 1) for key, value in one.items()} for name, one in found.items()}
        print(json.dumps({"rows": args.rows, **rounded, "load": round(os.getloadavg()[0], 1)}, indent=1))


if __name__ == "__main__":
    main()
