"""The words about versions that were built: list, diff, sample, clean."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from validators.command_line import Args, Command, flag, out_folder, path
from validators.errors import SikuError
from validators.problems import attempt, in_four_lines, raise_together

RECIPES = Path(__file__).parents[3] / "recipes"
OK = 0


def run_list(args: Args) -> int:
    from builders.publish.versions.listing import show_list

    return show_list(RECIPES, args.out, as_json=args.json)


def run_diff(args: Args) -> int:
    from builders.engine.manifest import find_dataset
    from builders.engine.progress import Progress
    from builders.publish.compare import compare
    from builders.publish.versions.telling import show_comparison

    problems: list[SikuError] = []
    a, b = (attempt(partial(find_dataset, name, args.out), problems) for name in (args.a, args.b))
    raise_together(problems)
    assert a is not None and b is not None
    with Progress(quiet=args.quiet) as progress:
        found = compare(a, b, progress)
    return show_comparison(found, args.to, args.report, as_json=args.json)


def run_sample(args: Args) -> int:
    from builders.engine.build import build
    from builders.engine.manifest import find_dataset
    from builders.engine.progress import Progress
    from builders.publish.terminal import show_built
    from builders.publish.versions.sampling import SampleOrder

    order = SampleOrder(
        dataset=find_dataset(args.dataset, args.out),
        rows=args.rows,
        by=args.by,
        seed=args.seed,
        name=args.name,
        out=args.out,
    )
    request = order.request()
    with Progress(quiet=args.quiet) as progress:
        built = build(request, progress)
    return show_built(built, as_json=args.json, quiet=args.quiet)


def run_clean(args: Args) -> int:
    from builders.publish.versions.clean import Also, clean

    also = Also(journals=args.journals, unfinished=args.unfinished)
    return clean(args.out, also, dry_run=args.dry_run, yes=args.yes, as_json=args.json, quiet=args.quiet)


OUT = flag("--out", type=out_folder, default=Path("out"), metavar="DIR", help="folder of the datasets (default: out)")
OF_VERSIONS = (
    Command("list", "the recipes, the versions built, the models trained on them", run_list, (OUT,)),
    Command(
        "diff",
        "two versions: plan, inputs, steps, rows, distributions",
        run_diff,
        (
            flag("a", metavar="A", help="NAME@VERSION or a folder"),
            flag("b", metavar="B", help="the other"),
            OUT,
            flag("--to", type=path, metavar="DIR", help="write diff.html, one page with plots, into DIR"),
            flag("--report", type=path, metavar="FILE", help="write that page into FILE"),
        ),
    ),
    Command(
        "sample",
        "a smaller dataset of a built one's rows, for trials",
        run_sample,
        (
            flag("dataset", metavar="DATASET", help="NAME, NAME@VERSION or a folder"),
            flag("--rows", type=int, required=True, metavar="N", help="rows in train; all held-out rows stay"),
            flag("--by", metavar="COLUMN", help="of every value of this column its share"),
            flag("--seed", type=int, default=42, metavar="N", help="another one draws other rows (default: 42)"),
            flag(
                "--as",
                dest="name",
                metavar="NAME",
                help="NAME, @VERSION or NAME@VERSION (default: DATASET-sample@VERSION-ROWS)",
            ),
            OUT,
        ),
    ),
    Command(
        "clean",
        "free the work files that no unfinished build needs",
        run_clean,
        (
            OUT,
            flag("--dry-run", action="store_true", help="say what would be freed, and remove nothing"),
            flag("--yes", action="store_true", help="do not ask"),
            flag("--unfinished", action="store_true", help="what unfinished builds would go on from, too"),
            flag("--journals", action="store_true", help="the replies of models, too, which were paid for"),
        ),
    ),
)
COMMANDS = tuple(map(in_four_lines, OF_VERSIONS))
