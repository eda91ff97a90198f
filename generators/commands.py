"""The words of `siku synth-…`: recipes whose rows a model writes."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validators.command_line import Args, Command, flag, out_folder, path
from validators.errors import SikuError

if TYPE_CHECKING:
    from builders.engine.build import Built
    from builders.engine.recipe import Recipe
    from generators.synthesise import Order, Synthesised

RECIPES = Path(__file__).parent.parent / "recipes"
EXAMPLES = Path(__file__).parent.parent / "examples"
DEMO = "demo"
OK, SOME_DEAD = 0, 1
MAX_TROUBLES = 6
VERSION = re.compile(r"\w[\w.+-]{0,63}")
NUMBERS = "concurrency is 1 to 4096, timeout in seconds, max-failed a share from 0 to 1, limit 1 or more"
COUNTED = ("pairs", "turns")  # what a task calls the pairs that --pairs speaks of


def run_qa(args: Args) -> int:
    return _run("synth-qa", args)


def run_knowledge(args: Args) -> int:
    return _run("synth-knowledge", args)


def run_dialogue(args: Args) -> int:
    return _run("synth-dialogue", args)


def run_own(args: Args) -> int:
    return _run(args.recipe, args)


def _run(name: str, args: Args) -> int:
    from builders.engine.plan import changed_settings
    from generators.progress import SynthesisProgress
    from generators.synthesise import synthesise

    began = time.monotonic()
    _check_numbers(args)
    default = _recipe(name)
    recipe = _with_settings(default, args)
    with addresses(args.endpoint) as endpoints:
        order = _order(args, recipe, endpoints)
        with SynthesisProgress(quiet=args.quiet, price=args.price) as watch:
            made = synthesise(order, watch)
    from builders.engine.build import build  # pyarrow and numpy come in when the asking is over
    from builders.engine.finish import Request
    from builders.engine.progress import Progress

    request = Request(
        recipe=made.recipe,
        inputs=order.inputs,
        out=order.out,
        version=order.version,
        limit=order.limit,
        workers=1,  # light work: processes would cost more memory than they save time
        settings=changed_settings(default, recipe),
        command=(name if name.startswith("synth-") else f"synth {name}", "--endpoint", "URL"),
    )
    with Progress(quiet=args.quiet) as progress:
        built = build(request, progress)
    return _show(made, built, time.monotonic() - began, as_json=args.json, quiet=args.quiet)


def _recipe(name: str) -> Recipe:
    from builders.engine.recipe import find_recipe
    from generators.synthesise import task_of

    recipe = find_recipe(name, RECIPES)
    task_of(recipe)
    return recipe


def _with_settings(recipe: Recipe, args: Args) -> Recipe:
    from builders.engine.plan import apply_settings
    from builders.review.reviewed import reviewed_settings
    from generators.synthesise import task_of

    task = task_of(recipe)
    settings = reviewed_settings(args.set, args.out, freeze=True)
    if args.pairs is not None:
        counted = next((name for name in COUNTED if hasattr(task, name)), "")
        if not counted:
            raise SikuError(f"--pairs: {recipe.name} makes no pairs", next=f"siku show {recipe.name}")
        settings.append(f"steps.{type(task).__name__}.{counted}={args.pairs}")
    return apply_settings(recipe, settings)


def _order(args: Args, recipe: Recipe, endpoints: Sequence[str]) -> Order:
    from builders.engine.manifest import input_named
    from generators.synthesise import Order

    inputs = [input_named(one, args.out) for one in args.input]
    if not inputs and not recipe.examples:
        raise SikuError(f"{recipe.name} needs an input", next="--input DATASET or FILE.jsonl; repeatable")
    return Order(
        recipe=recipe,
        inputs=inputs or [EXAMPLES / recipe.examples],
        out=args.out,
        version=args.version or "",
        endpoints=endpoints,
        model=args.model,
        concurrency=args.concurrency,
        deadline_s=args.timeout,
        max_failed=args.max_failed,
        limit=args.limit,
        retry_dead=args.retry_dead,
    )


@contextlib.contextmanager
def addresses(given: Sequence[str]) -> Iterator[list[str]]:
    """Addresses as they were given; for `demo` a server of our own is started, for as long as it is needed."""
    from generators.endpoint import normal_url

    with contextlib.ExitStack() as stack:
        urls: list[str] = []
        for one in dict.fromkeys(given):
            if one == DEMO:
                from generators.demo.server import Endpoint

                urls.append(stack.enter_context(Endpoint().running()))
            else:
                urls.append(normal_url(one))
        yield urls


def wrong_numbers(args: Args) -> list[str]:
    """Those of concurrency, timeout, max-failed, limit and price that cannot be, as they were typed."""
    return [
        f"--{name.replace('_', '-')} {value:g}"
        for name, low, high in (
            ("concurrency", 1, 4096),
            ("timeout", 0.1, 86_400),
            ("max_failed", 0, 1),
            ("limit", 1, 10**12),
            ("price", 0, 10**9),
        )
        if (value := getattr(args, name)) is not None and not low <= value <= high
    ]


def _check_numbers(args: Args) -> None:
    wrong = wrong_numbers(args)
    if args.version is not None and not VERSION.fullmatch(args.version):
        wrong.append(f"--as {args.version or 'nothing'}")
    if wrong:
        raise SikuError(
            f"{' and '.join(wrong)} cannot be",
            why=f"{NUMBERS}; a version is a letter or digit, then up to 63 of these and . + - _",
        )


# ---------------------------------------------------------------- what came of it


def _show(made: Synthesised, built: Built, seconds: float, *, as_json: bool, quiet: bool) -> int:
    from builders.publish.terminal import print_json

    figures = _figures(made, built)
    failed = figures["dead"] or figures["quarantined"]
    if as_json:
        print_json(figures | {"seconds": round(seconds, 3)})
    elif not quiet:
        _print(made, built, figures, seconds)
    return SOME_DEAD if failed else OK


def _figures(made: Synthesised, built: Built) -> dict[str, Any]:
    """What `--json` prints; inputs, rows and dead letters as the ledger of the dataset has them."""
    manifest = built.manifest
    return {
        "name": manifest["name"],
        "version": manifest["version"],
        "path": str(built.folder),
        "inputs": made.figures.inputs,
        "answered": made.figures.answered,
        "rows": sum(manifest["rows"].values()),
        "dead": made.figures.dead,
        "duplicates": manifest["duplicates"],
        "quarantined": manifest["quarantined"],
        "requests": made.requests,
        "repaired": made.figures.repaired,
        "retried": made.troubles,
        "tokens": {"prompt": made.prompt_tokens, "completion": made.completion_tokens},
    }


def _print(made: Synthesised, built: Built, figures: dict[str, Any], seconds: float) -> None:
    done = made.figures
    print(f"{built.folder}: {figures['rows']:,} rows{', finished before' if built.already else ''}")
    print(
        f"{done.inputs:,} passages: {done.answered:,} answered"
        + (f" ({done.short:,} with fewer samples than wanted)" if done.short else "")
        + f", {done.dead:,} dead; {done.repaired:,} repaired"
    )
    if figures["duplicates"]:
        print(f"{figures['duplicates']:,} rows went as near-duplicates of others")
    tokens = figures["tokens"]
    print(
        f"{made.requests:,} requests, {tokens['prompt']:,} + {tokens['completion']:,} tokens, "
        f"{done.from_journal:,} replies out of the journal, {seconds:,.1f} s"
    )
    for cause, count in sorted(made.troubles.items(), key=lambda item: -item[1])[:MAX_TROUBLES]:
        print(f"       {count:,} x {cause}")
    for warning in built.warnings:
        print(f"note   {warning}")
    print(f"report {built.folder / 'report.html'}")
    print(f"next   siku inspect {built.manifest['name']}@{built.manifest['version']}")


# ---------------------------------------------------------------- the table

CONCURRENCY = flag("--concurrency", type=int, default=8, metavar="N", help="requests at once, at most (default: 8)")
TIMEOUT = flag("--timeout", type=float, default=120.0, metavar="SECONDS", help="for one whole reply (default: 120)")
RETRY_DEAD = flag("--retry-dead", action="store_true", help="ask again what the server failed on for good")
PRICE = flag("--price", type=float, default=0.0, metavar="P", help="of a million tokens, to show the cost")
FLAGS = (
    flag(
        "--endpoint",
        action="append",
        required=True,
        metavar="URL",
        help="OpenAI-compatible server, such as http://127.0.0.1:8080/v1; repeatable; `demo` needs no model",
    ),
    flag("--model", default="", metavar="NAME", help="model to ask (default: the one that the endpoint lists)"),
    flag(
        "--input",
        action="append",
        default=[],
        type=path,
        metavar="DATASET|FILE",
        help="built dataset, .jsonl or other file of rows; repeatable",
    ),
    flag("--out", type=out_folder, default=Path("out"), metavar="DIR", help="folder of the datasets (default: out)"),
    flag("--as", dest="version", metavar="VERSION", help="version to write (default: the recipe's)"),
    CONCURRENCY,
    flag("--pairs", metavar="3-6", help="pairs a passage (of turns, for dialogues), fewest and most"),
    flag(
        "--max-failed",
        type=float,
        default=0.5,
        metavar="SHARE",
        help="share of passages without a valid sample that is too much (default: 0.5)",
    ),
    flag("--limit", type=int, metavar="N", help="only the first N documents of the input"),
    TIMEOUT,
    RETRY_DEAD,
    PRICE,
    flag(
        "--set",
        action="append",
        default=[],
        metavar="steps.NAME.field=VALUE",
        help="change a setting of the plan; repeatable",
    ),
)
COMMANDS = (
    Command("synth-qa", "question-answer pairs about passages, from a model", run_qa, FLAGS),
    Command("synth-knowledge", "entries asked in many ways, from a model", run_knowledge, FLAGS),
    Command("synth-dialogue", "dialogues about passages, from a model", run_dialogue, FLAGS),
    Command(
        "synth",
        "your own task, from a model",
        run_own,
        (flag("recipe", metavar="FILE.py", help="a recipe with a Task (examples/tasks)"), *FLAGS),
    ),
)
