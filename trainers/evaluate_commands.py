"""The words of `siku evaluate` and `siku generate`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from builders.extra import need_extra
from trainers.evaluation.metrics import METRICS, PRINTED_WITH
from validators.command_line import Args, Command, flag, out_folder, path
from validators.errors import SikuError, nearest
from validators.problems import in_four_lines

if TYPE_CHECKING:
    from trainers.evaluation.ablation import Ablation
    from trainers.evaluation.evaluate import Order
    from trainers.evaluation.trained import Described
    from trainers.generation.generate import Speaker
    from trainers.generation.prompts import Asked
    from trainers.generation.ways import Way
    from trainers.rows.dataset import BuiltDataset

OK = 0
DATASETS = Path("out")  # where datasets that are given by name lie

Made = TypeVar("Made")


def run_evaluate(args: Args) -> int:
    need_extra("train")
    if args.ablate:
        return run_ablation(args)
    from builders.engine.progress import Progress
    from trainers.evaluation.comparison import folders_of, show, write_comparison
    from trainers.evaluation.evaluate import evaluate

    models, order = _order(args)
    folders = folders_of(args.model, args.out)
    with Progress(quiet=args.quiet) as progress:
        results = [evaluate(one, order, folder, progress) for one, folder in zip(models, folders, strict=True)]
    comparison = write_comparison(results, args.out) if args.out is not None and len(results) > 1 else None
    if args.json or not args.quiet:
        show(results, comparison, as_json=args.json)
    return OK


def _order(args: Args) -> tuple[list[Described], Order]:
    """Models and what is asked of them. Raises SikuError (exit 2) with all that is wrong with the words."""
    from trainers.evaluation.evaluate import EvaluateSettings, Order, check_data
    from trainers.evaluation.trained import describe
    from trainers.rows.dataset import open_dataset
    from trainers.settings import read_settings, split_words
    from validators.problems import raise_together

    values, wrong = split_words(args.set)
    read = read_settings(EvaluateSettings, values)
    problems = [*wrong, *read.problems]
    metrics = _unless_wrong(partial(_metrics, args), problems)
    data = _unless_wrong(partial(open_dataset, args.data, DATASETS), problems)
    template = read.settings.chat_template_path
    chat = path(template) if template else None
    models = [one for name in args.model if (one := _unless_wrong(partial(describe, name, chat), problems))]
    if data is not None:
        order = Order(data, args.split, metrics or frozenset(), read.settings)
        problems += check_data(order)
    raise_together(problems)
    return models, order


def _unless_wrong(make: Callable[[], Made], problems: list[SikuError]) -> Made | None:
    try:
        return make()
    except SikuError as error:
        problems.append(error)
        return None


def _metrics(args: Args) -> frozenset[str]:
    """Those that are named; else the likelihood, and with a folder for what the model writes all of them."""
    if args.metrics is None:
        return frozenset(METRICS if args.out is not None else METRICS[:1])
    words = [word.strip() for given in args.metrics for word in given.split(",") if word.strip()]
    named = [PRINTED_WITH.get(word, word) for word in words]
    if unknown := [word for word in named if word not in METRICS]:
        why = nearest(unknown[0], METRICS)
        next = f"--metrics {','.join(METRICS)}"
        raise SikuError(f"--metrics {','.join(unknown)}: there is no such metric", why=why, next=next)
    if not named:
        raise SikuError("--metrics names none", why=f"there is: {', '.join(METRICS)}")
    return frozenset(named)


def run_ablation(args: Args) -> int:
    from builders.engine.progress import Progress
    from trainers.evaluation.ablation import ablate
    from trainers.evaluation.ablation_page import show, write_page

    asked = _ablation(args)
    with Progress(quiet=args.quiet) as progress:
        result = ablate(asked, progress, quiet=args.quiet)
    write_page(result, asked.out)
    if args.json or not args.quiet:
        show(result, as_json=args.json)
    return OK


def _ablation(args: Args) -> Ablation:
    """Raises SikuError (exit 2) with all that is wrong with the words; what training says comes later."""
    from trainers.evaluation.ablation import AblateSettings, Ablation
    from trainers.evaluation.evaluate import Order, check_data
    from trainers.rows.dataset import open_dataset
    from trainers.settings import read_settings, split_words, takes
    from validators.problems import raise_together

    values, problems = split_words(args.set)
    own = takes(AblateSettings, "")
    read = read_settings(AblateSettings, {name: value for name, value in values.items() if name in own})
    problems += read.problems
    if len(args.model) > 1:
        problems.append(SikuError("--ablate trains one model", why=f"there are {len(args.model)} --model"))
    if args.metrics is not None:
        problems.append(SikuError("--ablate compares losses", why="--metrics has no say in that"))
    if args.out is None:
        problems.append(SikuError("--ablate needs --out", why="what is trained has to lie somewhere", next="--out DIR"))
    names = (*args.ablate, args.data)
    a, b, held_out = (_unless_wrong(partial(open_dataset, name, DATASETS), problems) for name in names)
    if held_out is not None:
        problems += check_data(Order(held_out, args.split))
        problems += [_other_kind(one, held_out) for one in (a, b) if one is not None and one.kind != held_out.kind]
    raise_together(problems)
    assert a is not None and b is not None and held_out is not None
    training = {name: value for name, value in values.items() if name not in own}
    return Ablation(a, b, args.model[0], held_out, args.split, args.out, read.settings, training)


def _other_kind(data: BuiltDataset, held_out: BuiltDataset) -> SikuError:
    why = f"the held-out rows have {held_out.kind}"
    return SikuError(f"{data.name} {data.version} has no column {held_out.kind!r}", where=str(data.folder), why=why)


def run_generate(args: Args) -> int:
    from builders.engine.progress import Progress
    from trainers.generation.generate import generate
    from trainers.generation.side_by_side import show, write_page

    with ExitStack() as stack:
        prompts, ways, speaker = _speaker(args, stack)
        with Progress(quiet=args.quiet) as progress:
            generated = generate(speaker, prompts, ways, args.out, progress)
    if args.out is not None:
        write_page(generated, args.out)
    return show(generated, as_json=args.json, quiet=args.quiet)


def _speaker(args: Args, stack: ExitStack) -> tuple[list[Asked], list[Way], Speaker]:
    """Prompts, ways and whom to ask. Raises SikuError (exit 2) with all that is wrong with the words."""
    from trainers.generation.prompts import read_prompts
    from trainers.generation.ways import read_ways
    from validators.problems import raise_together

    settings, ways, problems = read_ways(args.set, [word for words in args.sweep for word in words])
    prompts = _unless_wrong(partial(read_prompts, args.prompts, settings.limit), problems) or []
    if args.endpoint:
        from generators.commands import addresses
        from trainers.generation.model_behind import ModelBehind, check_ways

        problems += check_ways(ways, settings)
        raise_together(problems)
        urls = stack.enter_context(addresses(args.endpoint))
        return prompts, ways, ModelBehind(urls, args.model, settings)
    need_extra("train")
    from trainers.evaluation.trained import describe, open_model
    from trainers.generation.generate import ModelHere

    if not args.model:
        problems.append(SikuError("there is nothing to ask", next="--model MODEL, or --endpoint URL"))
    template = settings.chat_template_path
    describing = partial(describe, args.model, path(template) if template else None)
    described = _unless_wrong(describing, problems) if args.model else None
    if described is not None and prompts:
        _unless_wrong(lambda: [one.prompt(described, as_text=settings.as_text) for one in prompts], problems)
    raise_together(problems)
    assert described is not None
    return prompts, ways, ModelHere(open_model(described, use_cpu=settings.use_cpu, bf16=settings.bf16), settings)


SETTING = flag("--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting; repeatable")
OF_JUDGING = (
    Command(
        "evaluate",
        "how well models know held-out rows, and what they write",
        run_evaluate,
        (
            flag(
                "--model",
                action="append",
                required=True,
                metavar="MODEL",
                help="model folder, adapter folder or name on the Hub; several are compared",
            ),
            flag("--data", required=True, metavar="DATASET", help="NAME, NAME@VERSION (in out) or a folder"),
            flag(
                "--ablate",
                nargs=2,
                metavar=("A", "B"),
                help="train the model on both datasets, for as many tokens, and compare the loss on --data",
            ),
            flag("--split", choices=("train", "valid"), default="valid", help="rows of which split (default: valid)"),
            flag(
                "--metrics",
                nargs="+",
                metavar="NAMES",
                help=f"of {','.join(METRICS)} (default: perplexity; with --out all of them)",
            ),
            flag("--out", type=out_folder, metavar="DIR", help="folder for figures, predictions and the comparison"),
            SETTING,
        ),
    ),
    Command(
        "generate",
        "what a model says to prompts, in several ways side by side",
        run_generate,
        (
            flag("--model", default="", metavar="MODEL", help="model or adapter folder; with --endpoint, a name there"),
            flag(
                "--endpoint",
                action="append",
                default=[],
                metavar="URL",
                help="OpenAI-compatible server to ask in place of a folder; repeatable; `demo` needs no model",
            ),
            flag("--prompts", type=path, required=True, metavar="FILE", help="text, a prompt a line, or .jsonl"),
            flag(
                "--sweep",
                action="append",
                nargs="+",
                default=[],
                metavar="KEY=VALUE,...",
                help="settings to go through, all combinations, such as temperature=0.1,0.7 top_p=0.8,0.95",
            ),
            flag("--out", type=out_folder, metavar="DIR", help="folder for all texts and a page of them side by side"),
            SETTING,
        ),
    ),
)
COMMANDS = tuple(map(in_four_lines, OF_JUDGING))
