"""What `siku judge --human` does: the page on which people score, or with --table what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson

from builders.engine.manifest import write_whole
from trainers.judging.human.items import Items, items_of
from trainers.judging.human.material import material_of
from trainers.judging.human.scores import HumanScores
from trainers.judging.human.scoring import Scoring
from trainers.judging.rubric import CONTINUATION, Rubric
from validators.command_line import Args
from validators.errors import SikuError
from validators.problems import attempt, raise_together

OK, SOME_LEFT_OUT = 0, 1
FIGURES, PAGE = "judge-human.json", "judge-human.md"


def run_human(args: Args, rubric: Rubric | None, problems: list[SikuError]) -> int:
    """The exit code; raises all problems at once."""
    items = attempt(partial(items_of, [args.a, *args.b], args.limit), problems)
    raise_together(problems)
    assert items is not None  # else there is a problem
    axes = rubric or CONTINUATION
    return _table(args, items, axes) if args.table else _page(args, items, axes)


def _page(args: Args, items: Items, rubric: Rubric) -> int:
    from builders.publish.local_page.serving import bind

    scores = HumanScores(args.out, rubric)
    scores.all()  # a file that cannot be read is an error now, not of the first person who comes
    listening = bind(args)
    from trainers.judging.human.page import serve_scoring

    return serve_scoring(args, listening, Scoring(items, scores, args.seed or 0))


def _table(args: Args, items: Items, rubric: Rubric) -> int:
    from trainers.judging.human.figures import human_figures
    from trainers.judging.human.table import as_markdown

    figures = human_figures(material_of(items, rubric, args.out))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / FIGURES).unlink(missing_ok=True)
    write_whole(args.out / PAGE, as_markdown(figures).encode())
    write_whole(args.out / FIGURES, orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    _show(figures, items, args)
    return SOME_LEFT_OUT if figures["left_out"] else OK


def _show(figures: dict[str, Any], items: Items, args: Args) -> None:
    from builders.publish.terminal import print_json
    from trainers.judging.human.table import show

    if args.json:
        print_json(figures | {"path": str(args.out)})
    elif not args.quiet:
        show(figures)
        for note in items.notes():
            print(f"note   {note}")
        print(f"table  {args.out / PAGE}")
