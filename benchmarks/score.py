"""Score a removal of near-duplicates against the truth of `corpus.py`.

    python benchmarks/score.py CORPUS KEPT

CORPUS is the folder that `corpus.py` wrote, KEPT what stayed: a Parquet file with `id`, a folder of such files, or a
built dataset. recall: of the pairs with a Jaccard of 0.8 or more in both forms (without blanks, folded), the share of
which not both stayed; at the threshold likewise. precision: of the removed documents, the share with a neighbour at the
threshold (at 0.8) in either form. Documents that a dataset refused for another reason are left out.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

DUPLICATE = 0.8


class TruePair(NamedTuple):
    a: str
    b: str
    plain: float
    folded: float


def true_pairs(corpus: Path) -> list[TruePair]:
    with (corpus / "truth_pairs.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t")
        return [TruePair(row["id_a"], row["id_b"], float(row["jaccard"]), float(row["jaccard_norm"])) for row in rows]


def rows_of(place: Path) -> Iterator[dict[str, Any]]:
    """`id`, and `duplicate_of` where there is one, of all rows of a file or below a folder."""
    import pyarrow.parquet as pq

    for path in [place] if place.is_file() else sorted(place.rglob("*.parquet")):
        names = [name for name in ("id", "duplicate_of") if name in pq.read_schema(path).names]
        yield from pq.read_table(path, columns=names, partitioning=None).to_pylist()


def share(hits: Iterable[bool]) -> float:
    """The share of true ones; 1 of nothing."""
    values = list(hits)
    return sum(values) / len(values) if values else 1.0


def score(corpus: Path, kept_folder: Path, threshold: float) -> dict[str, Any]:
    """Recall and precision of what stayed; precision is None where the truth lists planted pairs only."""
    about = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
    with (corpus / "corpus.jsonl").open(encoding="utf-8") as lines:
        ids = {json.loads(line)["id"] for line in lines}
    built = (kept_folder / "train").is_dir()
    folders = [kept_folder / "train", kept_folder / "valid"] if built else [kept_folder]
    kept = {row["id"] for folder in folders if folder.exists() for row in rows_of(folder)}
    dropped = kept_folder / "dropped"
    refused = {row["id"] for row in rows_of(dropped) if not row.get("duplicate_of")} if built else set()
    if not kept:
        raise ValueError(f"no rows in {kept_folder}")
    if foreign := kept - ids:
        raise ValueError(f"{len(foreign)} ids in {kept_folder} are not of the corpus, such as {min(foreign)}")
    removed = ids - kept - refused
    pairs = [pair for pair in true_pairs(corpus) if pair.a not in refused and pair.b not in refused]
    nearest: defaultdict[str, float] = defaultdict(float)
    for pair in pairs:
        for name in (pair.a, pair.b):
            nearest[name] = max(nearest[name], pair.plain, pair.folded)

    def recall(least: float) -> float:
        return share(pair.a in removed or pair.b in removed for pair in pairs if min(pair.plain, pair.folded) >= least)

    def precision(least: float) -> float | None:
        return share(nearest[name] >= least for name in removed) if about["all_pairs"] else None

    return {
        "documents": len(ids),
        "removed": len(removed),
        "refused": len(refused),
        "recall": recall(DUPLICATE),
        "recall_at_threshold": recall(threshold),
        "precision": precision(threshold),
        "precision_at_0.8": precision(DUPLICATE),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("kept", type=Path)
    parser.add_argument("--threshold", type=float, default=0.7)
    args = parser.parse_args()
    print(json.dumps(score(args.corpus, args.kept, args.threshold)))


if __name__ == "__main__":
    main()
