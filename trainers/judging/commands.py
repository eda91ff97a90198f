"""The words of `siku judge`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.commands import CONCURRENCY, NUMBERS, PRICE, RETRY_DEAD, TIMEOUT, wrong_numbers
from validators.command_line import Args, Command, flag, out_folder, path
from validators.errors import SikuError
from validators.problems import in_four_lines

if TYPE_CHECKING:
    from generators.synthesise import Watches
    from trainers.judging.judge import Cost
    from trainers.judging.judges import Judge
    from trainers.judging.pairs import Joined

OK, SOME_LEFT_OUT = 0, 1
OUT = Path("out") / "judge"
DEFAULT_RUBRIC = "default"


def run_judge(args: Args) -> int:
    from trainers.judging.judge import JudgeOrder, judge
    from trainers.judging.judges import judges_at
    from trainers.judging.pairs import join
    from trainers.judging.rubric import DEFAULT, read_rubric

    began = time.monotonic()
    _check_numbers(args)
    rubric = None
    if args.rubric is not None:
        rubric = DEFAULT if args.rubric == DEFAULT_RUBRIC else read_rubric(path(args.rubric))
    joined = join(args.a, args.b, args.limit)
    journals = args.out / ".siku" / "journals"
    with judges_at(args.endpoint, args.model, args.judge_name, journals) as judges:
        order = JudgeOrder(
            joined=joined,
            judges=judges,
            out=args.out,
            rubric=rubric,
            settings=args.set,
            concurrency=args.concurrency,
            deadline_s=args.timeout,
            max_failed=args.max_failed,
            retry_dead=args.retry_dead,
            a_name=args.a.name,
            b_name=args.b.name,
            a_model=args.a_model,
            b_model=args.b_model,
        )
        figures, cost = judge(order, partial(_watching, quiet=args.quiet, price=args.price))
    _show(figures, cost, joined, time.monotonic() - began, args)
    dead = sum(one["dead"] for one in figures["judges"])
    return SOME_LEFT_OUT if dead or joined.left_out.count else OK


@contextmanager
def _watching(judge: Judge, what: str, *, quiet: bool, price: float) -> Iterator[Watches]:
    """How far a judge is, under a line that says which one it is and what it is asked about."""
    from generators.progress import SynthesisProgress

    if not quiet:
        print(f"{judge.name}: {what}", file=sys.stderr, flush=True)
    with SynthesisProgress(quiet=quiet, price=price) as watch:
        yield watch


def _check_numbers(args: Args) -> None:
    if wrong := wrong_numbers(args):
        raise SikuError(f"{' and '.join(wrong)} cannot be", why=NUMBERS)


def _show(figures: dict[str, Any], cost: Cost, joined: Joined, seconds: float, args: Args) -> None:
    from builders.publish.terminal import print_json
    from trainers.judging.page import show
    from trainers.judging.pairs import notes_of

    tokens = {"prompt": cost.prompt_tokens, "completion": cost.completion_tokens}
    if args.json:
        took = {"requests": cost.requests, "from_journal": cost.from_journal, "repaired": cost.repaired}
        print_json(
            figures
            | {"path": str(args.out), **took, "retried": cost.retried, "tokens": tokens, "seconds": round(seconds, 3)}
        )
        return
    if args.quiet:
        return
    show(figures)
    for note in notes_of(joined.left_out):
        print(f"note   {note}")
    print(
        f"{cost.requests:,} requests, {cost.prompt_tokens:,} + {cost.completion_tokens:,} tokens, "
        f"{cost.from_journal:,} replies out of the journal, {cost.repaired:,} repaired, {seconds:,.1f} s"
    )
    print(f"table  {args.out / 'judge.md'}")


JUDGE = Command(
    "judge",
    "which of two models answers better, by the verdicts of others",
    run_judge,
    (
        flag("--a", type=path, required=True, metavar="FILE", help="rows with id, prompt and prediction of model A"),
        flag("--b", type=path, required=True, metavar="FILE", help="those of model B, to the same prompts"),
        flag(
            "--endpoint",
            action="append",
            required=True,
            metavar="URL",
            help="OpenAI-compatible server of a judge; repeatable; each model is a judge; `demo` needs no model",
        ),
        flag(
            "--model",
            action="append",
            default=[],
            metavar="NAME",
            help="model to ask (default: the one that the endpoint lists); once, or once for each --endpoint",
        ),
        flag(
            "--judge-name",
            action="append",
            default=[],
            metavar="NAME",
            help="what a judge is called (default: its model); once, or once for each --endpoint",
        ),
        flag("--a-model", default="", metavar="NAME", help="model that wrote A, to report self-preference"),
        flag("--b-model", default="", metavar="NAME", help="model that wrote B"),
        flag(
            "--rubric",
            nargs="?",
            const=DEFAULT_RUBRIC,
            metavar="FILE",
            help="score each text, too; JSON or TOML (without FILE: 逻辑性, 背景知识, 文风, from 1 to 5)",
        ),
        flag("--out", type=out_folder, default=OUT, metavar="DIR", help="folder of the results (default: out/judge)"),
        CONCURRENCY,
        flag(
            "--max-failed",
            type=float,
            default=0.5,
            metavar="SHARE",
            help="share of questions without a valid reply that is too much (default: 0.5)",
        ),
        flag("--limit", type=int, metavar="N", help="only the first N pairs"),
        TIMEOUT,
        RETRY_DEAD,
        PRICE,
        flag(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="temperature, top_p, max_tokens, repairs, fresh_samples or extra_body of the questions; repeatable",
        ),
    ),
)
COMMANDS = (in_four_lines(JUDGE),)
