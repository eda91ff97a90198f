"""What packing wastes and what tokenising costs, beside what one would otherwise take: datasets.map and TRL.

    python benchmarks/packing.py packing [--texts DATASET]              padding, lost tokens, cuts, by strategy
    python benchmarks/packing.py texts [--texts DATASET] [--runs 3]     MB of text per CPU second, memory
    python benchmarks/packing.py chats [--chats DATASET] [--runs 3]     conversations per CPU second, memory

DATASET is the folder of a built dataset of texts, or of conversations; without it, made-up ones are used. The
tokenizer is a byte-level BPE of 8,000 tokens, trained on the same texts. Each tool runs in a process of its own, they
take turns, and medians are printed. CPU seconds are those of the work, from files on disk to packed rows, without
imports; MB = 10^6 UTF-8 bytes. Memory is the most that was resident before the work, and at the end (Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
sys.path.insert(0, str(HOME))

from tests.corpora import passage  # noqa: E402 - the folders of a checkout are found from here on
from trainers.rows.dataset import BuiltDataset, Kind, open_dataset  # noqa: E402

MAX_LENGTH = 1024
LENGTHS = (512, 1024, 2048, 4096)
SYSTEM = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role + '\n' }}"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message.content + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}"
)


def made_up(folder: Path, kind: Kind) -> Path:
    """A dataset of sentences without end: 900 chapters of 4,000 characters, or 15,000 short conversations."""
    import pyarrow as pa
    from pyarrow import parquet

    dice = random.Random(1)
    rows: list[dict[str, Any]] = []
    for number in range(900 if kind == "text" else 15_000):
        text = passage(f"{kind}-{number}", 4000 if kind == "text" else dice.randint(60, 400))
        turns = [{"role": "user", "content": text[:40]}, {"role": "assistant", "content": text[40:]}]
        rows.append({"id": str(number), kind: text if kind == "text" else turns})
    file = folder / "train" / "part-00000.parquet"
    file.parent.mkdir(parents=True)
    parquet.write_table(pa.Table.from_pylist(rows), file, row_group_size=1000)
    size = {"sha256": sha256(file.read_bytes()).hexdigest(), "bytes": file.stat().st_size, "rows": len(rows)}
    manifest = {"name": "made-up", "version": "1", "fingerprint": "", "files": {"train/part-00000.parquet": size}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def make_tokenizer(data: BuiltDataset, kind: Kind, folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=8000, initial_alphabet=alphabet, special_tokens=list(SYSTEM), show_progress=False
    )
    made.train_from_iterator(texts_of(data, kind), trainer)
    kind_of_tokenizer: Any = PreTrainedTokenizerFast
    tokenizer = kind_of_tokenizer(tokenizer_object=made, eos_token=SYSTEM[2], pad_token=SYSTEM[0])
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)


def texts_of(data: BuiltDataset, kind: Kind) -> Iterator[str]:
    for row in data.read_rows("train", kind):
        yield from [row["text"]] if kind == "text" else (message["content"] for message in row["messages"])


# The tools. Each is given the dataset and the tokenizer, prepares what it needs, and returns the work.

Work = Callable[[], Any]


def siku(data: BuiltDataset, kind: Kind, tokenizer: Any, folder: Path) -> Work:
    import pyarrow.parquet  # noqa: F401 - imports are not part of the work

    from trainers.rows.cache import open_cache
    from trainers.rows.chat import ChatEncoder
    from trainers.rows.packing import pack
    from trainers.rows.tokens import TextEncoder

    # A copy that lies in no output folder: nothing is found, and nothing is left.
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    shutil.copytree(data.folder / "train", folder / "name" / "1" / "train")
    data = replace(data, folder=folder / "name" / "1")

    def work() -> Any:
        cache = open_cache(
            data, "train", tokenizer, TextEncoder(tokenizer) if kind == "text" else ChatEncoder(tokenizer)
        )
        if kind == "text":
            return pack(cache.lengths, MAX_LENGTH, "fill", cache.marks)
        return pack(cache.lengths, MAX_LENGTH, "whole")

    return work


def encode_batch_fast(data: BuiltDataset, kind: Kind, tokenizer: Any, folder: Path) -> Work:
    """What no way through `tokenizers` can be faster than: texts that are in memory to objects that are thrown away."""
    texts = list(texts_of(data, kind))
    if kind == "messages":
        texts = tokenizer.apply_chat_template(
            [row["messages"] for row in data.read_rows("train", kind)], tokenize=False
        )
    at_once = 60 if kind == "text" else 1000

    def work() -> Any:
        for begin in range(0, len(texts), at_once):
            tokenizer.backend_tokenizer.encode_batch_fast(texts[begin : begin + at_once], add_special_tokens=False)

    return work


def datasets_map(data: BuiltDataset, kind: Kind, tokenizer: Any, folder: Path) -> Work:
    """As the examples of transformers do it; of conversations with the mask of the assistant's tokens."""
    rows = _loaded(data, kind, folder)

    def texts(batch: Any) -> Any:
        return {"input_ids": [[*ids, tokenizer.eos_token_id] for ids in tokenizer(batch["text"])["input_ids"]]}

    def chats(batch: Any) -> Any:
        return tokenizer.apply_chat_template(batch["messages"], return_dict=True, return_assistant_tokens_mask=True)

    return lambda: rows.map(texts if kind == "text" else chats, batched=True, remove_columns=[kind])


def trl(data: BuiltDataset, kind: Kind, tokenizer: Any, folder: Path) -> Work:
    from transformers import Qwen2Config, Qwen2ForCausalLM
    from trl import SFTConfig, SFTTrainer

    rows = _loaded(data, kind, folder)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 1, "num_key_value_heads": 1}
    model = Qwen2ForCausalLM(Qwen2Config(vocab_size=len(tokenizer), **sizes, **heads))
    settings: Any = {"assistant_only_loss": kind == "messages", "max_length": MAX_LENGTH, "packing": True}
    where: Any = {"output_dir": str(folder / "out"), "use_cpu": True, "bf16": False, "report_to": "none"}
    arguments = SFTConfig(packing_strategy="bfd_split", **settings, **where)
    return lambda: SFTTrainer(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)


def _loaded(data: BuiltDataset, kind: Kind, folder: Path) -> Any:
    import datasets

    datasets.disable_progress_bars()
    files = [str(data.folder / name) for name in data.files if name.startswith("train/")]
    loaded: Any = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(folder / "hf"))
    return loaded.select_columns([kind])


TOOLS: dict[str, Callable[[BuiltDataset, Kind, Any, Path], Work]] = {
    "siku": siku,
    "encode_batch_fast": encode_batch_fast,
    "datasets.map": datasets_map,
    "trl": trl,
}


def run_tool(name: str, dataset: str, kind: Kind, tokenizer: str) -> None:
    """In a process of its own: print what the work took as JSON."""
    from trainers.rows.tokens import load_tokenizer

    data, loaded = open_dataset(dataset, Path("out")), load_tokenizer(tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        work = TOOLS[name](data, kind, loaded, Path(folder))
        before_mb = _peak_mb()
        started = _cpu_s()
        kept = work()
        taken = _cpu_s() - started
        del kept
    print(json.dumps({"cpu_s": taken, "before_mb": before_mb, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """Most that was resident; not `ru_maxrss`, which a process has from the one that began it (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def compare(dataset: str, kind: Kind, tokenizer: Path, runs: int) -> None:
    data = open_dataset(dataset, Path("out"))
    mb = sum(len(text.encode()) for text in texts_of(data, kind)) / 1e6
    amount, unit = (mb, "MB") if kind == "text" else (data.rows["train"], "rows")
    print(f"{data.rows['train']:,} rows, {mb:.1f} MB of text, {runs} runs, load {os.getloadavg()[0]:.1f}")
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in TOOLS}
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    for _ in range(runs):
        for name, results in taken.items():
            words = [sys.executable, __file__, "tool", name, dataset, kind, str(tokenizer)]
            done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
            if done.returncode:
                print(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}", file=sys.stderr)
                continue
            results.append(json.loads(done.stdout.strip().splitlines()[-1]))
    print(f"{'':<18} {unit + ' per CPU s':>14} {'MB before':>10} {'MB at most':>10}")
    for name, results in taken.items():
        if results:
            middle = {key: statistics.median(result[key] for result in results) for key in results[0]}
            speed = f"{amount / middle['cpu_s']:,.1f}"
            print(f"{name:<18} {speed:>14} {middle['before_mb']:>10.0f} {middle['peak_mb']:>10.0f}")


def show_packing(dataset: str, tokenizer_folder: Path) -> None:
    """Documents are runs of sentences of the dataset; their lengths are drawn, those of novels are its own."""
    import numpy as np

    from trainers.rows.packing import pack
    from trainers.rows.tokens import TextEncoder, load_tokenizer

    tokenizer = load_tokenizer(str(tokenizer_folder))
    encoder = TextEncoder(tokenizer)
    data = open_dataset(dataset, Path("out"))
    encoded = [one for text in texts_of(data, "text") for one in encoder.encode([text])]
    chapters = np.array([len(one.ids) for one in encoded])
    stream = np.concatenate([one.marks for one in encoded])
    dice = np.random.default_rng(0)
    drawn = {
        "wiki": np.exp(dice.normal(np.log(230), 1.33, 20_000)).clip(15, 150_000),
        "novels": chapters,
        "questions": np.exp(dice.normal(np.log(60), 0.7, 20_000)).clip(8, 1000),
    }
    header = ("rows", "padding", "lost", "cuts", "in sentence", "whole", "us/document")
    print(f"{'':<10} {'max_length':>10} {'strategy':<10}" + "".join(f"{word:>13}" for word in header))
    for kind, wanted in drawn.items():
        lengths, marks = _documents(wanted.astype(int).tolist(), stream)
        for max_length in LENGTHS:
            for strategy in ("fill", "bfd_split", "wrapped", "minigpt"):
                started = time.process_time()
                packing = pack(lengths, max_length, strategy, marks)  # type: ignore[arg-type]
                each_us = (time.process_time() - started) / len(lengths) * 1e6
                whole = (np.bincount(packing.pieces[:, 0], minlength=len(lengths)) == 1).mean()
                lost, inside = packing.tokens_dropped / packing.tokens, packing.cuts_in_sentences
                values = [f"{len(packing):,}", f"{packing.padding_share:.2%}", f"{lost:.2%}", f"{packing.cuts:,}"]
                values += [f"{inside:,}", f"{whole:.0%}", f"{each_us:.1f}"]
                print(f"{kind:<10} {max_length:>10} {strategy:<10}" + "".join(f"{value:>13}" for value in values))


def _documents(lengths: list[int], stream: Any) -> tuple[Any, Any]:
    """Each from where the last ended to the first end of a sentence that makes it as long as it is to be."""
    import numpy as np

    ends = np.flatnonzero(stream) + 1
    found, marks, place = [], [], 0
    for length in lengths:
        if place + length >= ends[-1]:
            place = int(ends[np.searchsorted(ends, len(found) % 1000)])
        end = int(ends[min(np.searchsorted(ends, place + length), len(ends) - 1)])
        document = stream[place:end].copy()
        document[-1:] = 0
        found.append(len(document) + 1)
        marks += [document, np.ones(1, dtype=np.uint8)]
        place = end
    return np.array(found), np.concatenate(marks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["packing", "texts", "chats", "tool"])
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--texts", help="a built dataset of texts")
    parser.add_argument("--chats", help="a built dataset of conversations")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if given.what == "tool":
        run_tool(*given.words)
        return
    kind: Kind = "messages" if given.what == "chats" else "text"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = given.chats if kind == "messages" else given.texts
        dataset = dataset or str(made_up(folder / "data", kind))
        make_tokenizer(open_dataset(dataset, Path("out")), kind, folder / "tokenizer")
        if given.what == "packing":
            show_packing(dataset, folder / "tokenizer")
        else:
            compare(dataset, kind, folder / "tokenizer", given.runs)


if __name__ == "__main__":
    main()
