"""The words of `siku train`: from a built dataset to a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builders.extra import need_extra
from trainers.settings import split_words
from validators.command_line import Args, Command, flag, out_folder, path
from validators.errors import SikuError
from validators.problems import in_four_lines

OK = 0
DATASETS = Path("out")  # where datasets that are given by name lie
MEASURED = ("train_loss", "eval_loss", "perplexity", "perplexity_char")


def run_pretrain(args: Args) -> int:
    return _run("pretrain", args)


def run_sft(args: Args) -> int:
    return _run("sft", args)


def run_seq2seq(args: Args) -> int:
    return _run("seq2seq", args)


def run_curriculum(args: Args) -> int:
    need_extra("train")
    from trainers.training.curriculum import CurriculumOrder, dry_run_curriculum, train_curriculum

    values, problems = split_words(args.set)
    order = CurriculumOrder(args.data, args.model, args.out, values, args.resume, problems)
    try:
        if args.dry_run:
            return _show(dry_run_curriculum(order, quiet=args.quiet), _tell_dry_curriculum, as_json=args.json)
        return _show(train_curriculum(order, quiet=args.quiet), _tell_curriculum, as_json=args.json)
    except KeyboardInterrupt:
        raise order.interrupted() from None


def run_tiny_model(args: Args) -> int:
    need_extra("train")
    from trainers.rows.dataset import open_dataset
    from trainers.tiny_model import LEAST_VOCABULARY, MOST_VOCABULARY, make_model_of

    if not LEAST_VOCABULARY <= args.vocabulary <= MOST_VOCABULARY:
        why = f"it is {LEAST_VOCABULARY} to {MOST_VOCABULARY:,} tokens"
        raise SikuError(f"--vocabulary {args.vocabulary} cannot be", why=why)
    data = open_dataset(args.data, DATASETS)
    made = make_model_of(data, args.out, args.architecture, args.vocabulary)
    return _show(made, _tell_tiny_model, as_json=args.json)


def _tell_tiny_model(result: dict[str, Any]) -> list[str]:
    task = "seq2seq" if result["architecture"] == "mt5" else "pretrain"
    data = f"{result['data']['name']}@{result['data']['version']}"
    return [
        f"{result['path']}: a random {result['architecture']} of {result['parameters']:,} parameters, "
        f"{result['vocabulary']:,} tokens",
        f"next   siku train {task} --data {data} --model {result['path']} --out DIR",
    ]


def _run(task: str, args: Args) -> int:
    need_extra("train")
    from trainers.training.order import TrainOrder

    values, problems = split_words(args.set)
    order = TrainOrder(task, args.data, args.model, args.out, values, args.resume, problems)
    try:
        if args.dry_run:
            from trainers.training.dry_run import dry_run

            return _show(dry_run(order, quiet=args.quiet), _tell_dry_run, as_json=args.json)
        from trainers.training.run import train

        return _show(train(order, quiet=args.quiet), _tell, as_json=args.json)
    except KeyboardInterrupt:
        raise order.interrupted() from None


def _show(result: dict[str, Any], tell: Any, *, as_json: bool) -> int:
    from builders.publish.terminal import print_json
    from trainers.training.machine import is_main

    if not is_main():
        return OK
    if as_json:
        print_json(result)
    else:
        print("\n".join(tell(result)))
    return OK


def _tell(result: dict[str, Any]) -> list[str]:
    found = [f"{name} {result[name]:.4g}" for name in MEASURED if result[name] is not None]
    again = "" if result["resumed_from"] is None else f", gone on from step {result['resumed_from']:,}"
    return [
        f"{result['path']}: {result['steps']:,} steps, {result['epochs']:.3g} epochs{again}",
        f"{result['tokens']:,} tokens, {result['trained_tokens']:,} of them with loss; "
        f"padding {result['padding_share']:.2%}, {result['tokens_dropped']:,} tokens dropped",
        ", ".join(found),
        f"next   siku evaluate --model {result['path']} --data {result['data']['name']}@{result['data']['version']}",
    ]


def _tell_curriculum(result: dict[str, Any]) -> list[str]:
    return [line for stage in result["stages"] for line in (f"{stage['name']}:", *_tell(stage))]


def _tell_dry_run(result: dict[str, Any]) -> list[str]:
    memory = ", ".join(f"{name} {_size(size)}" for name, size in result["memory"].items())
    return [
        f"{result['rows']['train']:,} rows, {result['data_tokens']:,} tokens, padding {result['padding_share']:.2%}, "
        f"{result['tokens_dropped']:,} tokens dropped",
        f"{result['parameters']:,} parameters, {result['trained_parameters']:,} of them trained",
        f"memory: {memory}",
        f"{result['steps']:,} steps, {result['tokens']:,} tokens at {result['tokens_per_second']:,.0f} a second: "
        f"about {result['seconds']:,.0f} s",
    ]


def _tell_dry_curriculum(result: dict[str, Any]) -> list[str]:
    lines = [line for stage in result["stages"] for line in (f"{stage['name']}:", *_tell_dry_run(stage))]
    return [
        *lines,
        f"all stages: {result['steps']:,} steps, {result['tokens']:,} tokens, about {result['seconds']:,.0f} s, "
        f"at most {_size(result['memory'])}",
    ]


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


EVERY_TASK = (
    flag("--model", required=True, metavar="MODEL", help="folder with model and tokenizer, or a name on the Hub"),
    flag("--out", type=out_folder, required=True, metavar="DIR", help="folder for the trained model"),
    flag(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting, such as max_steps=100 or lora_r=8; repeatable",
    ),
    flag("--resume", action="store_true", help="go on from the last whole checkpoint in --out"),
    flag(
        "--dry-run", action="store_true", help="say tokens, steps, memory and time, from five steps, and write nothing"
    ),
)
FLAGS = (
    flag("--data", required=True, metavar="DATASET", help="NAME, NAME@VERSION (in out/) or a folder"),
    *EVERY_TASK,
)
GROUPS = {"train": "train a model on a built dataset"}
OF_TRAINING = (
    Command("train pretrain", "go on with pretraining on texts", run_pretrain, FLAGS),
    Command("train sft", "fine-tune on conversations: all weights, LoRA, DoRA, QLoRA", run_sft, FLAGS),
    Command("train seq2seq", "teach T5 or mT5 to answer", run_seq2seq, FLAGS),
    Command(
        "train curriculum",
        "stages of training one after the other, from one file",
        run_curriculum,
        (flag("--data", type=path, required=True, metavar="FILE", help="TOML file with the stages"), *EVERY_TASK),
    ),
    Command(
        "train tiny-model",
        "make a tiny random model with a tokenizer, to try training with",
        run_tiny_model,
        (
            flag("--data", required=True, metavar="DATASET", help="texts that the tokenizer is trained on"),
            flag("--out", type=out_folder, required=True, metavar="DIR", help="folder for the model"),
            flag("--architecture", choices=("qwen2", "mt5"), default="qwen2", help="mt5 is for seq2seq"),
            flag("--vocabulary", type=int, default=512, metavar="N", help="tokens (default: 512)"),
        ),
    ),
)
COMMANDS = tuple(map(in_four_lines, OF_TRAINING))
