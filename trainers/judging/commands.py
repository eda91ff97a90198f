"""The words of `siku judge`: by models, by the points that texts make, or by people."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builders.publish.local_page.serving import LOOPBACK, PAGE_FLAGS
from generators.commands import CONCURRENCY, NUMBERS, PRICE, RETRY_DEAD, TIMEOUT, wrong_numbers
from trainers.judging.points.matching import HIGHEST, HIT, LEAST_TOLD
from validators.command_line import Args, Command, flag, out_folder, path
from validators.errors import SikuError
from validators.problems import attempt, in_four_lines, raise_together

if TYPE_CHECKING:
    from generators.synthesise import Watches
    from trainers.judging.asking import Cost, JudgeOrder, Watching
    from trainers.judging.judges import Judge
    from trainers.judging.pairs import Joined
    from trainers.judging.rubric import Rubric

OK, SOME_LEFT_OUT = 0, 1
NOT_GIVEN: tuple[object, ...] = (None, False, "", [], LOOPBACK)
OUT = Path("out") / "judge"
DEFAULT_RUBRIC = "default"
OF_MODELS = ("endpoint", "model", "judge_name", "a_model", "b_model", "points", "hit", "retry_dead", "set")
OF_PEOPLE = ("table", "seed", "host", "port", "password", "open")


def run_judge(args: Args) -> int:
    problems = _wrong_words(args)
    rubric = attempt(partial(_rubric, args), problems)
    if args.human:
        from trainers.judging.human.commands import run_human

        return run_human(args, rubric, problems)
    return _run_models(args, rubric, problems)


def _run_models(args: Args, rubric: Rubric | None, problems: list[SikuError]) -> int:
    from trainers.judging.asking import JudgeOrder
    from trainers.judging.judges import judges_at
    from trainers.judging.pairs import join

    began = time.monotonic()
    joined = attempt(lambda: join(args.a, args.b[0], args.limit), problems) if len(args.b) == 1 else None
    raise_together(problems)
    assert joined is not None  # else there is a problem
    with judges_at(args.endpoint, args.model, args.judge_name, args.out / ".siku" / "journals") as judges:
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
            b_name=args.b[0].name,
            a_model=args.a_model,
            b_model=args.b_model,
        )
        figures, cost = _judge(order, args, partial(_watching, quiet=args.quiet, price=args.price))
    _show(figures, cost, joined, time.monotonic() - began, args)
    dead = sum(one["dead"] for one in figures["judges"])
    return SOME_LEFT_OUT if dead or joined.left_out.count else OK


def _judge(order: JudgeOrder, args: Args, watching: Watching) -> tuple[dict[str, Any], Cost]:
    from trainers.judging.judge import judge
    from trainers.judging.points.judge import judge_points

    if args.points:
        return judge_points(order, HIT if args.hit is None else args.hit, watching)
    return judge(order, watching)


@contextmanager
def _watching(judge: Judge, what: str, *, quiet: bool, price: float) -> Iterator[Watches]:
    """How far a judge is, under a line that says which one it is and what it is asked about."""
    from generators.progress import SynthesisProgress

    if not quiet:
        print(f"{judge.name}: {what}", file=sys.stderr, flush=True)
    with SynthesisProgress(quiet=quiet, price=price) as watch:
        yield watch


# ---------------------------------------------------------------- what was typed


def _rubric(args: Args) -> Rubric | None:
    from trainers.judging.rubric import rubric_named

    return None if args.rubric is None else rubric_named(args.rubric)


def _wrong_words(args: Args) -> list[SikuError]:
    """All that does not go together or cannot be."""
    found: list[SikuError] = []
    if wrong := wrong_numbers(args):
        found.append(SikuError(f"{' and '.join(wrong)} cannot be", why=NUMBERS))
    if args.human:
        found += _unfitting(args, OF_MODELS, "people score here, and --human asks no model", "leave out {}, or --human")
        return found
    found += _unfitting(args, OF_PEOPLE, "only the page has it", "siku judge --human opens the page")
    if not args.endpoint:
        next = "--endpoint URL for models that judge, --human for people"
        found.append(SikuError("nobody is there to judge", where="--endpoint", why="it is missing", next=next))
    if len(args.b) != 1:
        what = "there is more than one --b" if args.b else "there is nothing to compare with --a"
        why = "models compare two" if args.b else "it is missing"
        found.append(SikuError(what, where="--b", why=why, next="--b FILE"))
    if args.points and args.rubric is not None:
        why = "a rubric scores texts, not points"
        next = "leave one of them out: they are two judgings"
        found.append(SikuError("--rubric does not go with --points", where="--rubric", why=why, next=next))
    if args.hit is not None and not args.points:
        why = "without --points there are no hits"
        found.append(SikuError("--hit needs --points", where="--hit", why=why, next="--points --hit N"))
    elif args.hit is not None and not LEAST_TOLD <= args.hit <= HIGHEST:
        why = f"a hit is a similarity from {LEAST_TOLD} to {HIGHEST}"
        found.append(SikuError(f"--hit {args.hit} cannot be", where="--hit", why=why, next=f"--hit {HIT}, the default"))
    return found


def _unfitting(args: Args, names: Sequence[str], why: str, next: str) -> list[SikuError]:
    """Flags that were given and are of the other kind of judging."""
    given = [f"--{name.replace('_', '-')}" for name in names if getattr(args, name) not in NOT_GIVEN]
    words = ", ".join(given)
    verb = ("does not go with", "do not go with") if args.human else ("needs", "need")
    what = f"{words} {verb[len(given) > 1]} --human"
    return [SikuError(what, where=words, why=why, next=next.format(words))] if given else []


# ---------------------------------------------------------------- what came of it


def _show(figures: dict[str, Any], cost: Cost, joined: Joined, seconds: float, args: Args) -> None:
    from builders.publish.terminal import print_json
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
    _tell(figures, args)
    for note in notes_of(joined.left_out):
        print(f"note   {note}")
    print(
        f"{cost.requests:,} requests, {cost.prompt_tokens:,} + {cost.completion_tokens:,} tokens, "
        f"{cost.from_journal:,} replies out of the journal, {cost.repaired:,} repaired, {seconds:,.1f} s"
    )
    print(f"table  {args.out / ('judge-points.md' if args.points else 'judge.md')}")


def _tell(figures: dict[str, Any], args: Args) -> None:
    from trainers.judging import page
    from trainers.judging.points import page as points_page

    (points_page if args.points else page).show(figures)


JUDGE = Command(
    "judge",
    "which of two models answers better: models judge, or people do with --human",
    run_judge,
    (
        flag("--a", type=path, required=True, metavar="FILE", help="rows with id, prompt and prediction of model A"),
        flag(
            "--b",
            action="append",
            default=[],
            type=path,
            metavar="FILE",
            help="those of model B, to the same prompts; --human takes none, one or more",
        ),
        flag(
            "--rubric",
            nargs="?",
            const=DEFAULT_RUBRIC,
            metavar="FILE",
            help="axes to score each text on, JSON or TOML (without FILE: 逻辑性, 背景知识, 文风, from 1 to 5; "
            "`continuation`: the same three, of chapters that go on, which --human takes by itself)",
        ),
        flag("--out", type=out_folder, default=OUT, metavar="DIR", help="folder of the results (default: out/judge)"),
        flag("--limit", type=int, metavar="N", help="only the first N pairs"),
        flag(
            "--endpoint",
            action="append",
            default=[],
            metavar="URL",
            help="models judge: OpenAI-compatible server of one; repeatable; each model is a judge; `demo` needs none",
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
            "--points",
            action="store_true",
            help="models judge texts of criticism: which makes more of the points that the reference makes",
        ),
        flag(
            "--hit",
            type=int,
            metavar="N",
            help=f"with --points: similarity, 1 to 10, from which points are the same (default: {HIT})",
        ),
        CONCURRENCY,
        flag(
            "--max-failed",
            type=float,
            default=0.5,
            metavar="SHARE",
            help="share of questions without a valid reply that is too much (default: 0.5)",
        ),
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
        flag(
            "--human",
            action="store_true",
            help="people judge: a local page on which they score each text, not knowing whose it is",
        ),
        flag("--table", action="store_true", help="with --human: what they said, and how far people and models agree"),
        flag("--seed", type=int, metavar="N", help="with --human: another order of the texts (default: 0)"),
        *(flag(*one.names, **one.settings | {"help": f"with --human: {one.settings['help']}"}) for one in PAGE_FLAGS),
    ),
)
COMMANDS = (in_four_lines(JUDGE),)
