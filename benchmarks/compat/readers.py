"""Do the readers that people have load what siku builds and exports? Each in an environment of its own.

    python benchmarks/compat/readers.py --folder FOLDER [--keep] [--use READER=PYTHON ...] [READER ...]

READER is one of datasets-3.6, datasets-4.0, datasets-5, trl, llamafactory; all of them without a name. Environments, a
tiny random model, two datasets built from the shipped examples and all exports of them go into FOLDER (some GB with
torch), and are deleted at the end without --keep. --use takes an interpreter that has the reader already. torch is the
one of constraints.txt; torchvision and torchaudio, which come as CUDA builds, are taken out again.

Nothing is compared by eye: `load_rows.py` reads every folder with `datasets` and holds each row against the file; trl
and LLaMA-Factory train one step on every folder that they are said to take.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parent.parent
sys.path.insert(0, str(HOME))

from tests.corpora import passage  # noqa: E402 - the folders of a checkout are found from here on
from tests.servers.tiny_qwen2 import in_child, make_tiny_qwen2  # noqa: E402
from tests.trainers.small_datasets import talks, write_dataset  # noqa: E402

PACKAGES = {
    "datasets-3.6": ["datasets==3.6.0"],
    "datasets-4.0": ["datasets==4.0.0"],
    "datasets-5": ["datasets>=5,<6"],
    "trl": ["torch", "trl>=1,<2"],
    "llamafactory": ["torch", "llamafactory==0.9.5"],
}
SETS = {"novel-pretrain": "text", "instruct-sft": "messages", "talks": "messages"}  # `talks` is made up: see `prepare`
FORMATS = {"text": ["llamafactory"], "messages": ["messages", "openai", "alpaca", "sharegpt", "llamafactory"]}
CUDA_BUILDS = ["torchvision", "torchaudio"]
STUB = "torchaudio"  # LLaMA-Factory imports it, and uses it for sound alone
SHOWN_LINES = 6


def prepare(folder: Path) -> None:
    """A model, three datasets, all exports. `talks` has a valid split, and all its longer conversations are there."""
    if not (folder / "model").exists():
        in_child(make_tiny_qwen2, folder / "model", passage("compat", 20_000).splitlines())
        short = talks(*([passage(f"ask {number}", 20), passage(f"say {number}", 60)] for number in range(20)))
        longer = talks(["系统：你是船工。", "开船吗？", "雪停了就开。", "要多久？", "半个时辰。"])
        write_dataset(place_of(folder, "talks"), short, longer, name="talks")
    for name, kind in SETS.items():
        if name != "talks":
            siku("build", name, "--out", folder / "out", "-q")
        for format in FORMATS[kind]:
            siku("export", place_of(folder, name), "--format", format, "--out", exported(folder, name, format), "-q")


def place_of(folder: Path, name: str) -> Path:
    return folder / "out" / name / "1"


def siku(*words: str | Path) -> None:
    subprocess.run([sys.executable, HOME / "cli.py", *words], check=True, stdout=subprocess.DEVNULL)


def exported(folder: Path, name: str, format: str) -> Path:
    return folder / "exports" / f"{name}-{format}"


def environment(reader: str, folder: Path) -> Path:
    """The interpreter of a fresh environment with the reader."""
    home = folder / "environments" / reader
    python = home / "bin" / "python"
    if python.exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    pinned = folder / "torch.txt"
    pinned.write_text("".join(re.findall(r"^torch==.*\n", (HOME / "constraints.txt").read_text(), re.MULTILINE)))
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", pinned]
    subprocess.run([*install, *PACKAGES[reader]], check=True)
    subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", *CUDA_BUILDS], check=True)
    return python


def checks(reader: str, python: Path, folder: Path) -> Iterator[tuple[str, list[str | Path]]]:
    """What is tried, and the command that ends with 0 where it works."""
    every = [exported(folder, name, format) for name, kind in SETS.items() for format in FORMATS[kind]]
    built = [place_of(folder, name) for name in SETS]
    model = [
        "--model_name_or_path",
        folder / "model",
        "--max_steps",
        "1",
        "--report_to",
        "none",
        "--save_strategy",
        "no",
    ]
    if reader.startswith("datasets"):
        for place in (*built, *every):
            yield (
                place.relative_to(folder).as_posix(),
                [python, HERE / "load_rows.py", place, folder / "cache" / reader],
            )
    elif reader == "trl":
        for place in (*built, *(exported(folder, "instruct-sft", one) for one in ("messages", "openai"))):
            words = ["--dataset_name", place, "--output_dir", folder / "trained", "--max_length", "256"]
            words += ["--per_device_train_batch_size", "2", "--use_cpu", "--bf16", "False"]
            yield place.relative_to(folder).as_posix(), [python.with_name("trl"), "sft", *model, *words]
    else:
        for name, kind in SETS.items():
            place = exported(folder, name, "llamafactory")
            words = ["--stage", "sft" if kind == "messages" else "pt", "--do_train", "--dataset", name]
            words += ["--dataset_dir", place, "--template", "qwen", "--finetuning_type", "full", "--cutoff_len", "256"]
            words += ["--output_dir", folder / "trained" / name, "--overwrite_output_dir", "--use_cpu", "true"]
            words += ["--per_device_train_batch_size", "1", "--bf16", "false", "--overwrite_cache"]
            yield place.relative_to(folder).as_posix(), [python.with_name("llamafactory-cli"), "train", *model, *words]


def run(command: list[str | Path], folder: Path) -> tuple[bool, str]:
    """Whether it works, and the last lines of what it said."""
    stubs = folder / "stubs" / STUB
    stubs.mkdir(parents=True, exist_ok=True)
    (stubs / "__init__.py").touch()
    environ = os.environ | {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(stubs.parent)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, cwd=folder, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode == 0, "\n".join(said[-SHOWN_LINES:])


def versions(python: Path) -> str:
    names = ("datasets", "pyarrow", "trl", "llamafactory", "transformers", "torch")
    program = (
        "from importlib.metadata import version as v, distributions as d;"
        f"have = {{one.name for one in d()}}; print(', '.join(f'{{n}} {{v(n)}}' for n in {names!r} if n in have))"
    )
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(PACKAGES)}")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--keep", action="store_true", help="leave the folder for the next time")
    parser.add_argument("--use", action="append", default=[], metavar="READER=PYTHON")
    args = parser.parse_args()
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    given = dict(word.split("=", 1) for word in args.use)
    if unknown := {*args.readers, *given} - PACKAGES.keys():
        parser.error(f"there is no reader {', '.join(sorted(unknown))}")
    prepare(folder)
    failed = 0
    for reader in args.readers or PACKAGES:
        python = Path(given[reader]) if reader in given else environment(reader, folder)
        print(f"\n{reader}: {versions(python)}", flush=True)
        for what, command in checks(reader, python, folder):
            began = time.monotonic()
            works, said = run(command, folder)
            failed += not works
            print(f"  {'ok  ' if works else 'BAD '} {what}  {time.monotonic() - began:.0f} s", flush=True)
            if not works:
                print("       " + said.replace("\n", "\n       "), flush=True)
    if not args.keep:
        shutil.rmtree(folder)
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())
