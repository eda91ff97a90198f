"""The words a person types. Each command is a row of a table and a short function; the work is done elsewhere."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builders import __version__
from builders.crawl import commands as crawl
from builders.publish.hub import commands as hub
from builders.publish.versions import commands as versions
from generators import commands as synthesis
from generators.demo import commands as demo
from generators.view import commands as view
from trainers import commands as training
from trainers import evaluate_commands as evaluation
from trainers import export_commands as handing_over
from trainers import tour
from trainers.arena import commands as arena
from trainers.judging import commands as judging
from validators import command_line
from validators.command_line import Args, Command, Parser, flag, out_folder, parse, path
from validators.errors import SikuError, as_siku_error
from validators.interruption import uninterrupted
from validators.processor import prefer_fast_sorting

HOME = Path(__file__).parent


OUT = flag("--out", type=out_folder, default=Path("out"), metavar="DIR", help="folder of the datasets (default: out)")
DATASET = flag("dataset", metavar="DATASET", help="NAME, NAME@VERSION or a folder")


# ---------------------------------------------------------------- commands


def run_show(args: Args) -> int:
    from builders.engine.plan import apply_settings
    from builders.publish.terminal import show_plan
    from builders.review.reviewed import reviewed_settings

    settings = reviewed_settings(args.set, args.out, freeze=False)
    return show_plan(apply_settings(_recipe(args.recipe), settings), args.out, as_json=args.json)


def run_build(args: Args) -> int:
    _check_numbers(args)
    with uninterrupted():  # a library that is loaded by half may crash
        _prepare_workers(args)
        from builders.engine.build import build
        from builders.engine.progress import Progress
        from builders.publish.terminal import show_built, show_dry_run

    gc.freeze()  # what is loaded stays: it need not be looked through again and again, least of all at the end
    request = _request(args)
    if args.dry_run:
        return show_dry_run(request, as_json=args.json)
    with Progress(quiet=args.quiet) as progress:
        built = build(request, progress)
    return show_built(built, as_json=args.json, quiet=args.quiet)


def run_inspect(args: Args) -> int:
    from builders.publish.terminal import show_dataset, show_life
    from generators.inspect import asks_a_model
    from generators.telling import show_story

    _check_numbers(args)
    folder = _dataset(args.dataset, args.out)
    if args.id is None:
        return show_dataset(folder, args.rows, as_json=args.json)
    recipe, inputs = _recipe_of(folder), _inputs_of(folder, args)
    show = show_story if asks_a_model(recipe) else show_life
    return show(folder, args.id, recipe, inputs, as_json=args.json)


def run_report(args: Args) -> int:
    from builders.engine.manifest import read_manifest
    from builders.publish.report import write_report
    from builders.publish.terminal import show_report

    folder = _dataset(args.dataset, args.out)
    if args.to is not None:
        args.to.mkdir(parents=True, exist_ok=True)
        write_report(folder, read_manifest(folder) or {}, into=args.to)
    return show_report((args.to or folder) / "report.html", as_json=args.json)


def run_doctor(args: Args) -> int:
    from builders.publish.doctor import examine
    from builders.publish.terminal import show_examination

    found = examine(args.out)
    if args.endpoint:
        from generators.probe import probe

        found["endpoints"] = [probe(url, args.model) for url in args.endpoint]
    return show_examination(found, as_json=args.json)


SETTING = flag(
    "--set",
    action="append",
    default=[],
    metavar="steps.NAME.field=VALUE",
    help="change a setting of the plan; reviewed=DATASET applies what reviewers decided; repeatable",
)
COMMANDS = (
    *tour.COMMANDS,
    Command(
        "show", "a plan step by step", run_show, (flag("recipe", metavar="RECIPE", help="name or file"), SETTING, OUT)
    ),
    Command(
        "build",
        "build a dataset, or go on with one",
        run_build,
        (
            flag("recipe", metavar="RECIPE", help="a name of `siku list`, a .py file, or a kept plan (.json)"),
            flag(
                "--input",
                action="append",
                default=[],
                type=path,
                metavar="PATH",
                help="file, folder or built dataset; repeatable",
            ),
            OUT,
            flag("--as", dest="version", metavar="VERSION", help="version to write (default: the recipe's)"),
            flag("--workers", type=int, metavar="N", help="processes (default: one per core)"),
            flag("--limit", type=int, metavar="N", help="only the first N documents of the source"),
            SETTING,
            flag(
                "--holdout", action="append", default=[], metavar="TITLE", help="book kept for validation; repeatable"
            ),
            flag(
                "--engine",
                choices=("local", "daft", "ray"),
                default="local",
                help="what the work is done on; the bytes are the same (docs/scale.md)",
            ),
            flag("--ray-address", default="", metavar="HOST:PORT", help="Ray cluster (default: RAY_ADDRESS, or here)"),
            flag("--fresh", action="store_true", help="do finished work again"),
            flag("--dry-run", action="store_true", help="say what would be done, and write nothing"),
        ),
    ),
    *crawl.COMMANDS,
    *synthesis.COMMANDS,
    *demo.COMMANDS,
    Command(
        "inspect",
        "rows, dropped rows, or the life of one document",
        run_inspect,
        (
            DATASET,
            flag("id", nargs="?", metavar="ID", help="document whose life is told, step by step"),
            flag("--rows", type=int, default=5, metavar="N", help="rows shown of each kind (default: 5)"),
            flag("--input", action="append", default=[], type=path, metavar="PATH", help="where the input lies now"),
            OUT,
        ),
    ),
    Command(
        "report",
        "where the report of a dataset is",
        run_report,
        (DATASET, OUT, flag("--to", type=path, metavar="DIR", help="write it anew into DIR")),
    ),
    *versions.COMMANDS,
    *view.COMMANDS,
    *training.COMMANDS,
    *evaluation.COMMANDS,
    *judging.COMMANDS,
    *arena.COMMANDS,
    *handing_over.COMMANDS,
    *hub.COMMANDS,
    Command(
        "doctor",
        "what is installed, disk and memory, what an endpoint answers",
        run_doctor,
        (
            OUT,
            flag("--endpoint", action="append", default=[], metavar="URL", help="ask this server, too; repeatable"),
            flag("--model", default="", metavar="NAME", help="model to ask there (default: the first that it lists)"),
        ),
    ),
)


# ---------------------------------------------------------------- what commands share


def _recipe(name: str) -> Any:
    from builders.engine.recipe import find_recipe

    return find_recipe(name, HOME / "recipes")


def _prepare_workers(args: Args) -> None:
    """First of all, so that they load what they need while this process does; not where it may be built already."""
    from builders.engine.local import prepare, usable_cores

    module = args.recipe.replace("-", "_")
    is_ours = module in {path.stem for path in (HOME / "recipes").glob("*.py")}
    is_built = is_ours and any((args.out / args.recipe).glob(f"{args.version or '*'}/manifest.json"))
    if args.engine == "local" and not (is_built or args.dry_run):
        prepare(args.input, args.workers or usable_cores(), [f"recipes.{module}"] if is_ours else [])


def _request(args: Args) -> Any:
    from builders.engine.finish import Request
    from builders.engine.manifest import input_named
    from builders.engine.plan import apply_settings, changed_settings, check_paths, read_plan, recipe_of
    from builders.review.reviewed import reviewed_settings

    limit, plan = args.limit, None
    if args.recipe.endswith(".json"):
        plan = read_plan(Path(args.recipe))
        default = _recipe(plan["recipe"])
        recipe = recipe_of(plan, default)
        limit = plan.get("limit") if limit is None else limit
    else:
        default = recipe = _recipe(args.recipe)
    settings = reviewed_settings(args.set, args.out, freeze=not args.dry_run)
    recipe = _held_out(apply_settings(recipe, settings), args.holdout)
    if plan:
        check_paths(plan, recipe)
    circumstances = {} if args.workers is None else {"workers": args.workers}
    return Request(
        recipe=recipe,
        inputs=[input_named(one, args.out) for one in args.input] or _examples(recipe),
        out=args.out,
        version=args.version or "",
        limit=limit,
        fresh=args.fresh,
        engine=args.engine,
        ray_address=args.ray_address,
        settings=changed_settings(default, recipe),
        **circumstances,
    )


def _held_out(recipe: Any, titles: Sequence[str]) -> Any:
    """The recipe with more books to hold out, beside those that it names itself."""
    from dataclasses import replace

    if not titles:
        return recipe
    parts = recipe.parts()
    if blank := [title for title in titles if not title.strip()]:
        raise SikuError(f"--holdout {blank[0]!r} is no title", next="--holdout TITLE, once for each book")
    if "steps.HoldOut" not in parts:
        raise SikuError(f"{recipe.name} has no step HoldOut", where="--holdout", next=f"siku show {recipe.name}")
    step = parts["steps.HoldOut"]
    parts["steps.HoldOut"] = replace(step, titles=tuple(dict.fromkeys([*step.titles, *titles])))
    return recipe.with_parts(parts)


def _check_numbers(args: Args) -> None:
    least = {"workers": 1, "limit": 1, "rows": 0}
    given = {name: getattr(args, name, None) for name in least}
    wrong = [f"--{name} {value}" for name, value in given.items() if value is not None and value < least[name]]
    version = getattr(args, "version", None)
    if version is not None and not re.fullmatch(r"\w[\w.+-]{0,63}", version):
        wrong.append(f"--as {version or 'nothing'}")
    if wrong:
        raise SikuError(
            f"{' and '.join(wrong)} cannot be",
            why="workers and limit are 1 or more; a version is a letter or digit, then up to 63 of these and . + - _",
        )


def _examples(recipe: Any) -> list[Path]:
    if not recipe.examples:
        raise SikuError(
            f"{recipe.name} needs an input", next=f"siku build {recipe.name} --input FILE_OR_FOLDER [--input ...]"
        )
    return [HOME / "examples" / recipe.examples]


def _dataset(name: str, out: Path) -> Path:
    from builders.engine.manifest import find_dataset

    return find_dataset(name, out)


def _recipe_of(folder: Path) -> Any:
    """The recipe that a dataset was built with, None if its plan is for another version of the code."""
    from generators.inspect import recipe_built

    return recipe_built(folder, HOME / "recipes")


def _inputs_of(folder: Path, args: Args) -> list[Path]:
    from builders.engine.finish import remembered_inputs
    from builders.publish.life import home_of

    inputs: list[Path] = args.input or remembered_inputs(*home_of(folder))
    return inputs


def make_parser() -> Parser:
    return command_line.make_parser(COMMANDS, crawl.GROUPS | training.GROUPS, __version__)


def fail(error: SikuError, as_json: bool) -> int:
    if as_json:
        described = {"what": error.what, "where": error.where, "why": error.why, "next": error.next}
        try:
            print(json.dumps({"error": described, "exit_code": error.exit_code}, ensure_ascii=False), flush=True)
        except OSError:  # standard output was what failed
            _say_no_more()
    print("\n".join(error.lines()), file=sys.stderr)
    return error.exit_code


def prepare_streams() -> None:
    """Standard output and error in UTF-8, and there even where they were closed (`siku list >&-`)."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for the whole run
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _say_no_more() -> None:
    """Let what is still to be written to standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(words: Sequence[str] | None = None) -> int:
    """Run one command. Exit code: 0 done, 1 some input quarantined, 2 wrong use, 3 a guard refused, 4 network, 130."""
    words = sys.argv[1:] if words is None else words
    prepare_streams()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: stop the workers, say so, go on later
    as_json, verbose = "--json" in words, "-v" in words or "--verbose" in words
    try:
        prefer_fast_sorting()
        args = parse(make_parser(), words)
        code: int = args.run(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # `siku list | head`
        _say_no_more()
        return 0
    except (Exception, KeyboardInterrupt) as error:
        if verbose:
            traceback.print_exc()
        return fail(as_siku_error(error), as_json)


if __name__ == "__main__":
    sys.exit(main())
