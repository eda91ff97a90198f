"""The words of `siku arena`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders.publish.local_page.serving import PAGE_FLAGS
from validators.command_line import Args, Command, flag, out_folder, path
from validators.errors import SikuError
from validators.problems import attempt, in_four_lines, raise_together

if TYPE_CHECKING:
    from trainers.arena.contenders import Contender, Sampling
    from trainers.arena.conversation import Manner

OUT = Path("out")
ARENA = Path("arena")
MOST = 26  # letters
SAMPLING = {
    "temperature": (0.0, 2.0),
    "top_p": (0.01, 1.0),
    "top_k": (0, 10**6),
    "max_tokens": (1, 10**6),
    "repetition_penalty": (0.8, 2.0),
}
NUMBERS = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in SAMPLING.items())


def run_arena(args: Args) -> int:
    from trainers.arena.votes import store_at

    store = store_at(args.votes or args.out / ARENA)
    if args.table:
        return _show_table(store, args)
    from builders.publish.local_page.serving import bind, load_gradio, serve
    from trainers.arena.contenders import check_names

    problems: list[SikuError] = []
    with contextlib.ExitStack() as stack:
        sampling = attempt(lambda: _sampling(args), problems)
        presets = attempt(lambda: _presets(args), problems)
        contenders = attempt(lambda: _behind_endpoints(args.endpoint, stack), problems)
        names = [*(one.name for one in contenders or ()), *(_name_of(one)[0] for one in args.model)]
        if contenders is not None:
            attempt(lambda: check_names(names), problems)
        raise_together(problems)
        assert sampling is not None and presets is not None and contenders is not None
        on = stack.enter_context(bind(args))
        contenders += list(_here(args.model, stack, _say_nothing if args.quiet else _tell))
        load_gradio()
        for package in ("aiohttp", "openai"):  # or the first reply would wait until they are loaded, and all pages
            importlib.import_module(package)
        from trainers.arena.page import Room, make_page

        room = Room(contenders, store, sampling, _manner(args), presets, args.order_seed, args.system)
        blocks, keys = make_page(room)
        return serve(blocks, args, on, keys=keys, style=Path(__file__).with_name("arena.css"))


def _manner(args: Args) -> Manner:
    from generators.streaming import Patience
    from trainers.arena.conversation import Manner
    from trainers.arena.replies import END_MARKS

    patience = Patience(args.first_token_timeout, args.token_timeout)
    return Manner(patience, (*END_MARKS, *args.stop), _say_nothing if args.quiet else _tell)


def _show_table(store: Any, args: Args) -> int:
    from builders.publish.terminal import print_json
    from trainers.arena.table import beside, show, table_of

    if not store.path.exists():
        raise SikuError("there are no votes yet", where=str(store.path), next="siku arena --endpoint NAME=URL …")
    figures, torn = table_of(store)
    if args.json:
        print_json({**figures, "torn": torn, "path": str(beside(store.path, ".json"))})
    elif not args.quiet:
        show(figures, torn)
        if figures["votes"]:
            print(f"table  {beside(store.path, '.md')}")
    return 0


def _sampling(args: Args) -> Sampling:
    from trainers.arena.contenders import Sampling

    values = {name: getattr(args, name) for name in SAMPLING}
    wrong = [
        f"--{name.replace('_', '-')} {values[name]:g}"
        for name, (low, high) in SAMPLING.items()
        if not low <= values[name] <= high
    ]
    wrong += [f"--{name} {value:g}" for name, value in _times(args).items() if not 0 < value <= 86_400]
    if wrong:
        raise SikuError(f"{' and '.join(wrong)} cannot be", why=f"{NUMBERS}; seconds up to a day")
    return Sampling(**values, seed=args.seed)


def _times(args: Args) -> dict[str, float]:
    return {"first-token-timeout": args.first_token_timeout, "token-timeout": args.token_timeout}


def _presets(args: Args) -> Sequence[Any]:
    from trainers.arena.presets import read_presets

    return read_presets(args.prompts, args.out) if args.prompts else ()


def _behind_endpoints(given: Sequence[str], stack: contextlib.ExitStack) -> list[Contender]:
    """Those of --endpoint; `demo` and `NAME=demo` are servers of our own, for as long as they are needed."""
    from generators.commands import DEMO, addresses
    from trainers.arena.contenders import read_contender

    found = []
    for one in given:
        name, _, address = one.rpartition("=")
        if address == DEMO:
            [url] = stack.enter_context(addresses([DEMO]))
            one = f"{name or DEMO}={url}"
        found.append(read_contender(one))
    if len(found) > MOST:
        raise SikuError(f"{len(found)} models are too many", why=f"{MOST} have a letter each")
    return found


def _name_of(given: str) -> tuple[str, Path]:
    """`NAME=PATH` or `PATH`, whose last part is its name."""
    name, sign, rest = given.partition("=")
    if sign and "/" not in name and not Path(given).exists():
        return name, path(rest)
    return path(given).resolve().stem, path(given)


def _here(given: Sequence[str], stack: contextlib.ExitStack, tell: Callable[[str], None]) -> Iterator[Contender]:
    """Models of this machine, each served by a process of its own until the end."""
    from trainers.arena.contenders import Contender
    from trainers.arena.served import served

    for one in given:
        name, place = _name_of(one)
        url, model, config = stack.enter_context(served(place, tell))
        dialect = "generation_config" if place.is_dir() else "fields"
        yield Contender(name, url, model, dialect, config)  # type: ignore[arg-type]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _say_nothing(line: str) -> None:
    """Under -q."""


def whole(text: str) -> int:
    """A seed. Raises argparse's own error, which names the flag."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: a whole number")
    return int(text)


COMMANDS = (
    in_four_lines(
        Command(
            "arena",
            "chat with models side by side, without their names, and vote",
            run_arena,
            (
                flag(
                    "--endpoint",
                    action="append",
                    default=[],
                    metavar="NAME=URL",
                    help="OpenAI-compatible server, perhaps with #MODEL behind it; `demo` needs no model; repeatable",
                ),
                flag(
                    "--model",
                    action="append",
                    default=[],
                    metavar="NAME=PATH",
                    help="model folder (by `transformers serve`) or .gguf file (by xllamacpp), served here; repeatable",
                ),
                flag(
                    "--prompts", default="", metavar="FILE|DATASET", help="prompts to choose from: .csv, .txt, .jsonl"
                ),
                flag(
                    "--votes",
                    type=path,
                    metavar="FILE|DIR",
                    help="where votes are kept (default: arena/votes.jsonl in --out)",
                ),
                flag("--table", action="store_true", help="print what the votes come to, without a page"),
                flag(
                    "--out", type=out_folder, default=OUT, metavar="DIR", help="folder of the datasets (default: out)"
                ),
                flag("--system", default="", metavar="TEXT", help="system prompt"),
                flag("--temperature", type=float, default=0.7, metavar="T", help="(default: 0.7)"),
                flag("--top-p", type=float, default=0.8, metavar="P", help="(default: 0.8)"),
                flag("--top-k", type=int, default=0, metavar="K", help="where a server takes it (default: all)"),
                flag("--max-tokens", type=int, default=512, metavar="N", help="of one reply (default: 512)"),
                flag(
                    "--repetition-penalty",
                    type=float,
                    default=1.0,
                    metavar="X",
                    help="where a server takes it (default: none)",
                ),
                flag("--seed", type=whole, metavar="N", help="of sampling (default: any)"),
                flag(
                    "--order-seed",
                    type=whole,
                    metavar="N",
                    help="of who is A (default: another for each conversation; kept with the vote)",
                ),
                flag(
                    "--stop",
                    action="append",
                    default=[],
                    metavar="TEXT",
                    help="mark that ends a reply, beside <|im_end|> and the like; repeatable",
                ),
                flag(
                    "--first-token-timeout",
                    type=float,
                    default=60.0,
                    metavar="SECONDS",
                    help="until a reply begins (default: 60)",
                ),
                flag(
                    "--token-timeout",
                    type=float,
                    default=30.0,
                    metavar="SECONDS",
                    help="from one piece of it to the next (default: 30)",
                ),
                *PAGE_FLAGS,
            ),
        )
    ),
)
