"""The words of `siku export` and `siku estimate`."""

from __future__ import annotations

import sys
from typing import Any

from builders.publish.exports.forms import FORMATS
from validators.command_line import Args, Command, flag, out_folder

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


DATASET = flag("dataset", metavar="DATASET", help="NAME, NAME@VERSION (in out/) or a folder")
COMMANDS = (
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
)
