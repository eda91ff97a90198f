"""How soon a model learns its first step, and how fast it learns from packed rows, beside TRL.

    python benchmarks/training.py first [--runs 3]     from the command to the first step, a tiny model
    python benchmarks/training.py speed [--runs 3]     tokens per CPU second of the steps, a model of 5 million weights

Each run is a process of its own, they take turns, and medians are printed. `speed` counts tokens without padding over
the CPU seconds of the training loop: no imports, no tokenising, no evaluation. Rows of 512 tokens, 4 a batch, float32,
AdamW, the same made-up texts and the same random Qwen2 for all. Needs the extra `train`; TRL is left out where it is
not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
sys.path.insert(0, str(HOME))

from tests.corpora import passage  # noqa: E402 - the folders of a checkout are found from here on
from tests.servers.tiny_qwen2 import in_child, make_tiny_qwen2  # noqa: E402
from tests.trainers.small_datasets import texts, write_dataset  # noqa: E402

LENGTH, BATCH, STEPS = 512, 4, 15
SIKU = {"siku": {}, "siku, one text a row": {"packing": False}}


def first_step(model: Path, scratch: Path) -> dict[str, float]:
    """Seconds from the command to the first line of the log, for a dataset that no model has seen."""
    subprocess.run([sys.executable, str(HOME / "cli.py"), "build", "novel-pretrain", "-q"], cwd=scratch, check=True)
    words = ["train", "pretrain", "--data", "novel-pretrain", "--model", str(model), "--out", "model", "-q"]
    settings = ["--set", "max_steps=50", "--set", "logging_steps=1", "--set", "max_length=256"]
    began = time.monotonic()
    running = subprocess.Popen([sys.executable, str(HOME / "cli.py"), *words, *settings], cwd=scratch)
    log = scratch / "model" / "train_log.jsonl"
    while running.poll() is None and not (log.exists() and '"step":1,' in log.read_text()):
        time.sleep(0.02)
    took = time.monotonic() - began
    running.kill()
    running.wait()
    return {"seconds to the first step": took}


def siku_speed(data: Path, model: Path, scratch: Path, **values: Any) -> dict[str, float]:
    from trainers.training.order import TrainOrder
    from trainers.training.run import train
    from trainers.training.trainer import TokenTrainer

    spent: list[float] = []
    original: Any = TokenTrainer.train

    def timed(*args: Any, **others: Any) -> Any:
        began = time.process_time()
        done = original(*args, **others)
        spent.append(time.process_time() - began)
        return done

    TokenTrainer.train = timed  # type: ignore[method-assign]
    settings = {
        "max_length": LENGTH,
        "per_device_train_batch_size": BATCH,
        "max_steps": STEPS,
        "save_strategy": "no",
        "use_cpu": True,
        **values,
    }
    result = train(TrainOrder("pretrain", str(data), str(model), scratch / "out", settings), quiet=True)
    return {"tokens per CPU second": result["tokens"] / spent[0], "padding share": result["padding_share"]}


def trl_speed(data: Path, model: Path, scratch: Path) -> dict[str, float]:
    import warnings

    warnings.simplefilter("ignore")
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    rows = load_dataset("parquet", data_files=str(data / "train" / "*.parquet"), cache_dir=str(scratch / "cache"))
    config = SFTConfig(
        output_dir=str(scratch / "out"),
        packing=True,
        packing_strategy="bfd_split",
        max_length=LENGTH,
        per_device_train_batch_size=BATCH,
        max_steps=STEPS,
        use_cpu=True,
        bf16=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        model_init_kwargs={"dtype": "float32"},
    )
    trainer = SFTTrainer(str(model), args=config, train_dataset=rows["train"])
    tokens = 0
    original = trainer.training_step

    def counted(model: Any, inputs: dict[str, Any], *args: Any) -> Any:
        nonlocal tokens
        tokens += inputs["input_ids"].numel()
        return original(model, inputs, *args)

    trainer.training_step = counted
    began = time.process_time()
    trainer.train()
    return {"tokens per CPU second": tokens / (time.process_time() - began)}


def in_turn(ways: dict[str, Callable[[Path], dict[str, float]]], runs: int) -> None:
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, run in ways.items():
            with tempfile.TemporaryDirectory() as scratch:
                found[name].append(run(Path(scratch)))
    medians = {
        name: {figure: round(statistics.median(one[figure] for one in results), 3) for figure in results[0]}
        for name, results in found.items()
    }
    print(json.dumps({"load": os.getloadavg()[0], "runs": runs, **medians}, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("first", "speed"))
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        lines = passage("benchmark", 60_000).splitlines()
        if args.what == "first":
            model = in_child(make_tiny_qwen2, Path(scratch) / "model", lines)
            in_turn({"siku": lambda folder: first_step(model, folder)}, args.runs)
            return
        model = in_child(make_tiny_qwen2, Path(scratch) / "model", lines, vocabulary=8000, hidden=256, layers=4)
        rows = texts(*(passage(f"text {number}", 80 + 37 * number % 1900) for number in range(120)))
        data = write_dataset(Path(scratch) / "data", rows)
        ways: dict[str, Callable[[Path], dict[str, float]]] = {
            name: lambda folder, values=values: in_child(siku_speed, data, model, folder, **values)  # type: ignore[misc]
            for name, values in SIKU.items()
        }
        if importlib.util.find_spec("trl"):
            ways["TRL, bfd_split"] = lambda folder: in_child(trl_speed, data, model, folder)
        in_turn(ways, args.runs)


if __name__ == "__main__":
    main()
