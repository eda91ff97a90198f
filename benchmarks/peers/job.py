"""What every peer's script has in common: its arguments, and the settings that it tells. Standard library only."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """Remove the near-duplicates of `corpus` (JSON lines with id and text) and write what stays below `out`/kept."""

    corpus: Path
    out: Path
    threshold: float  # Jaccard; what cannot be set to it tells so
    workers: int
    whole_build: bool  # not the near-duplicates alone: repair, filters, near-duplicates

    @property
    def kept(self) -> Path:
        folder = self.out / "kept"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def tell(self, **settings: object) -> None:
        """Leave the settings for the report."""
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "settings.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")


def job() -> Job:
    """The job on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--whole-build", action="store_true")
    args = parser.parse_args()
    return Job(args.corpus.resolve(), args.out.resolve(), args.threshold, args.workers, args.whole_build)
