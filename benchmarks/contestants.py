"""Who takes part in `run.py`: siku and its peers, each with its environment, its command, and where its rows are."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parent
REQUIREMENTS = HERE / "peers" / "requirements"
JOBS = ("dedup", "build")

# Nothing is fetched, installed or told to anyone in the middle of a run. Data-Juicer would: it calls uv.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "DAFT_ANALYTICS_ENABLED": "0",
    "UV_OFFLINE": "1",
    "PIP_NO_INDEX": "1",
}


@dataclass(frozen=True)
class Peer:
    """A tool with an environment of its own; what is in it is written in peers/requirements."""

    script: str
    packages: tuple[str, ...]  # whose versions are told
    jobs: tuple[str, ...] = ("dedup",)


PEERS = {
    "datatrove": Peer("datatrove_text.py", ("datatrove", "numpy", "pyarrow"), JOBS),
    "data-juicer": Peer("data_juicer_text.py", ("py-data-juicer", "datasets", "numpy"), JOBS),
    "datasketch": Peer("datasketch_text.py", ("datasketch", "numpy")),
    "text-dedup": Peer("text_dedup_text.py", ("text-dedup", "datasets", "numpy")),
    "daft": Peer("daft_text.py", ("daft", "numpy")),
    "rensa": Peer("rensa_text.py", ("rensa", "numpy")),
    "fastsketchlsh": Peer("fastsketchlsh_text.py", ("fastsketchlsh", "numpy")),
}


@dataclass(frozen=True)
class Contestant:
    """One tool at one job."""

    name: str
    job: str
    words: tuple[str, ...]  # before the corpus and the output folder
    rows: str  # where in the output folder the rows that stayed are
    beside: str = "siku"  # the row of the same job that it is compared with
    workers: int = 0  # where not as many as asked for

    def command(self, corpus: Path, out: Path, workers: int, threshold: float) -> list[str]:
        """How it is asked to do its job."""
        workers = self.workers or workers
        if self.name.startswith("siku"):
            step = ["--set", f"steps.NearDuplicates.jaccard={threshold}"]
            return [*self.words, "--input", str(corpus), "--out", str(out), "--workers", str(workers), *step, "-q"]
        return [*self.words, str(corpus), str(out), "--workers", str(workers), "--threshold", str(threshold)]


def environment(name: str, work: Path) -> Path:
    """The Python of a peer's environment, installed where it is missing or its requirements have changed."""
    folder = work / "environments" / name
    wanted = REQUIREMENTS / f"{name}.txt"
    constraints = REQUIREMENTS / "constraints.txt"
    mark = folder / "requirements.sha256"
    digest = hashlib.sha256(wanted.read_bytes() + constraints.read_bytes()).hexdigest()
    python = folder / "bin" / "python"
    if not mark.exists() or mark.read_text() != digest:
        print(f"installing {name}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "-c", str(constraints), "-r", str(wanted)]
        subprocess.run(install, check=True, capture_output=True, text=True)
        mark.write_text(digest)
    return python


def versions(python: Path, packages: Sequence[str]) -> dict[str, str]:
    """The versions of packages in an environment, and how many MB it takes on disk."""
    code = "import importlib.metadata as m, json, sys; print(json.dumps({p: m.version(p) for p in sys.argv[1:]}))"
    told = subprocess.run([str(python), "-c", code, *packages], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(told.stdout)
    return found


def size_mb(folder: Path) -> int:
    """What an environment takes on disk, in MB (10^6 bytes)."""
    files = (path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return round(sum(files) / 1e6)


def siku() -> list[Contestant]:
    """siku at both jobs, also in one process; and as a whole build with simplified script, as Data-Juicer makes."""
    build = (sys.executable, str(HOME / "cli.py"), "build")
    recipes = HERE / "recipes"
    near_duplicates = (*build, str(recipes / "near_duplicates.py"))
    return [
        Contestant("siku", "dedup", near_duplicates, "near-duplicates/1"),
        Contestant("siku, 1 worker", "dedup", near_duplicates, "near-duplicates/1", workers=1),
        Contestant("siku", "build", (*build, "text-pretrain"), "text-pretrain/1"),
        Contestant("siku, 1 worker", "build", (*build, "text-pretrain"), "text-pretrain/1", workers=1),
        Contestant("siku with t2s", "build", (*build, str(recipes / "simplified_text.py")), "simplified-text/1"),
    ]


def contestants_of(name: str, python: Path) -> list[Contestant]:
    """A peer at each job that it can do."""
    words = (str(python), str(HERE / "peers" / PEERS[name].script))
    beside = {("data-juicer", "build"): "siku with t2s"}
    rows = {"data-juicer": "kept/kept.parquet"}  # it leaves notes of its own beside it
    return [
        Contestant(
            name,
            job,
            (*words, "--whole-build") if job == "build" else words,
            rows.get(name, "kept"),
            beside.get((name, job), "siku"),
        )
        for job in PEERS[name].jobs
    ]


def surroundings(out: Path) -> dict[str, str]:
    """The environment variables of a run: caches of Hugging Face's libraries begin empty, below `out`."""
    return {**os.environ, **OFFLINE, "HF_HOME": str(out / "hugging-face")}
