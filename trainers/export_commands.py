"""The words of `siku export` and `siku estimate`."""

from __future__ import annotations

import sys
from typing import Any

from builders.publish.exports.forms import FORMATS
from trainers.settings import split_words
from validators.command_line import Args, Command, flag, out_folder
from validators.problems import in_four_lines

OK = 0


def run_export(args: Args) -> int:
    from builders.publish.terminal import print_json
    from trainers.hand_over.export import export
    from trainers.hand_over.order import BIN, ExportOrder

    order = ExportOrder(args.dataset, args.format, args.out, args.tokenizer, args.force)
    if args.tokenizer and args.format in FORMATS and not args.quiet:
        print(f"warning: --tokenizer has no say in --format {args.format}, only in {BIN}", file=sys.stderr)
    done = export(order, quiet=args.quiet)
    if args.json:
        print_json(done)
    elif not args.quiet:
        print("\n".join(_tell_export(done)))
    return OK


def _tell_export(done: dict[str, Any]) -> list[str]:
    rows = done["rows"]
    files = [f"  {name}  {file['bytes']:,} bytes" for name, file in done["files"].items()]
    return [f"{done['path']}: {rows['train']:,} rows of train, {rows['valid']:,} of valid", *files]


def run_estimate(args: Args) -> int:
    from builders.publish.terminal import print_json
    from trainers.hand_over.estimate import EstimateOrder, estimate
    from trainers.hand_over.estimate_page import show

    values, problems = split_words(args.set)
    numbers = (args.price, args.epochs, args.exchange_rate)
    order = EstimateOrder(args.dataset, args.tokenizer, args.model, *numbers, values, problems)
    found = estimate(order, quiet=args.quiet)
    if args.json:
        print_json(found)
    elif not args.quiet:
        show(found)
    return OK


DATASET = flag("dataset", metavar="DATASET", help="NAME, NAME@VERSION (in out/) or a folder")
OF_HANDING_OVER = (
    Command(
        "export",
        "a dataset in the files that other trainers read",
        run_export,
        (
            DATASET,
            flag("--format", default="", metavar="FORMAT", help=f"{', '.join(FORMATS)} or bin (needs --tokenizer)"),
            flag("--out", type=out_folder, metavar="DIR", help="new folder (default: out/exports/NAME-VERSION-FORMAT)"),
            flag("--tokenizer", default="", metavar="T", help="folder or name on the Hub, for bin"),
            flag("--force", action="store_true", help="replace another export in --out"),
        ),
    ),
    Command(
        "estimate",
        "tokens, lengths, price and time of training on a dataset",
        run_estimate,
        (
            DATASET,
            flag(
                "--tokenizer", default="", metavar="T", help="folder or name on the Hub (default: tokens are estimated)"
            ),
            flag("--price", type=float, metavar="P", help="of a million tokens, to show the cost of fine-tuning"),
            flag(
                "--epochs", type=float, default=1.0, metavar="E", help="how often the rows are trained on (default: 1)"
            ),
            flag("--exchange-rate", type=float, default=1.0, metavar="X", help="of the price's currency (default: 1)"),
            flag("--model", default="", metavar="MODEL", help="train it for five steps, to say time and memory"),
            flag(
                "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of that training; repeatable"
            ),
        ),
    ),
)
COMMANDS = tuple(map(in_four_lines, OF_HANDING_OVER))
