"""The words `push` and `pull`, and `verify`, which looks at the Hub as well."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validators.command_line import Args, Command, flag, out_folder
from validators.errors import SikuError
from validators.problems import attempt, in_four_lines, raise_together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builders.engine.progress import Progress
    from builders.publish.hub.push import Plan, Pushed
    from builders.publish.hub.remote import Remote

OK = 0
HUB = "hub:"
MAX_TRIES = 20


def run_push(args: Args) -> int:
    from builders.engine.manifest import find_dataset
    from builders.engine.progress import Progress
    from builders.publish.hub.parcel import pack
    from builders.publish.hub.push import Push
    from builders.publish.hub.remote import check_repo_id
    from builders.publish.terminal import print_json

    problems = _word_problems(args)
    attempt(lambda: check_repo_id(args.repo_id), problems)
    attempt(lambda: check_tag(args.tag or "1"), problems)
    folders = [attempt(partial(find_dataset, name, args.out), problems) for name in args.datasets]
    raise_together(problems)
    with Progress(quiet=args.quiet) as checking:
        parcel = pack([folder for folder in folders if folder is not None], checking)
    tag = args.tag or parcel.tag
    check_tag(tag)
    sending = Progress(quiet=args.quiet)
    with _remote(args, args.repo_id, sending) as remote:
        private = True if args.private else False if args.public else None
        pushed = Push(parcel, remote, tag, private, lambda plan: _agree(plan, args), sending).run()
    if args.json:
        print_json(pushed.to_json())
    elif not args.quiet:
        _show_pushed(pushed)
    return OK


def run_pull(args: Args) -> int:
    from builders.engine.progress import Progress
    from builders.publish.hub.pull import Pull
    from builders.publish.terminal import print_json

    with Progress(quiet=args.quiet) as progress, _remote(args, args.repo_id, progress) as remote:
        pulled = Pull(remote, args.revision, args.out, args.only, progress).run()
    if args.json:
        found = [one.to_json() for one in pulled]
        print_json(found[0] if len(found) == 1 else found)
        return OK
    for one in () if args.quiet else pulled:
        rows = ", ".join(f"{count:,} {split}" for split, count in one.rows.items())
        print(f"{one.name} {one.version}: {one.path} ({rows}; {one.bytes / 1e6:,.1f} MB, every digest checked)")
        print(f"next   siku verify {one.path}")
    return OK


def run_verify(args: Args) -> int:
    from builders.engine.manifest import find_dataset
    from builders.engine.progress import Progress
    from builders.publish.terminal import show_verification
    from builders.publish.verify import verify

    with Progress(quiet=args.quiet) as progress:
        if args.dataset.startswith(HUB):
            findings = _verify_on_hub(args, progress)
        else:
            findings = verify(find_dataset(args.dataset, args.out), progress)
    return show_verification(findings, as_json=args.json)


def _verify_on_hub(args: Args, progress: Progress) -> list[dict[str, Any]]:
    """All checks of every dataset of a revision, in a folder that is not kept."""
    from builders.publish.hub.pull import held
    from builders.publish.verify import verify

    repo_id, _, revision = args.dataset.removeprefix(HUB).partition("@")
    findings = []
    with _remote(args, repo_id, progress) as remote, held(remote, revision, progress) as pulled:
        for one in pulled:
            before = f"{one.name}: " if len(pulled) > 1 else ""
            found = verify(Path(one.path), progress)
            findings += [finding | {"check": before + finding["check"]} for finding in found]
    return findings


@contextmanager
def _remote(args: Args, repo_id: str, progress: Progress) -> Iterator[Remote]:
    from builders.publish.hub.remote import TRIES, Remote

    remote = Remote(repo_id, progress.advance, getattr(args, "tries", TRIES), args.quiet)
    try:
        yield remote
    finally:
        remote.close()


# ---------------------------------------------------------------- what is asked and shown


def _agree(plan: Plan, args: Args) -> None:
    """Say what will be done; ask, unless --yes says so. Raises SikuError (2) where the answer is not y."""
    if not args.quiet or not args.yes:
        whose = "private" if plan.private else "PUBLIC: everybody can read it, dropped/ and evidence/ included"
        print(f"to     {plan.url}{', which is new' if plan.is_new else ''}", file=sys.stderr)
        print(f"send   {plan.files:,} files, {plan.bytes / 1e6:,.1f} MB; {plan.unchanged:,} unchanged", file=sys.stderr)
        if plan.gone:
            print(f"remove {len(plan.gone):,} files of an earlier push; its tag keeps them", file=sys.stderr)
        print(f"tag    {plan.tag}\nseen   {whose}", file=sys.stderr, flush=True)
    if args.yes:
        return
    print("push? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise SikuError("nothing was pushed", why="the answer was not y")


def _show_pushed(pushed: Pushed) -> None:
    seen = "private" if pushed.private else "public"
    done = "pushed" if pushed.files_sent else "there "
    print(f"{done} {pushed.repo_id}, tag {pushed.tag}, {seen}: {pushed.url}")
    print(f"sent   {pushed.files_sent:,} files, {pushed.bytes_sent:,} bytes; {pushed.files_unchanged:,} unchanged")
    print(f"commit {pushed.commit}, {pushed.seconds:.1f} s")
    print(f"next   siku pull {pushed.repo_id} --revision {pushed.tag}")


def _word_problems(args: Args) -> list[SikuError]:
    problems = []
    if args.private and args.public:
        problems.append(
            SikuError("--private and --public cannot both be", next="one of them; without either it is private")
        )
    if not args.yes and not (sys.stdin and sys.stdin.isatty()):
        problems.append(
            SikuError(
                "push asks before it sends, and there is nobody to ask",
                why="standard input is no terminal",
                next="--yes, to say so beforehand",
            )
        )
    return problems


def check_tag(tag: str) -> None:
    from builders.publish.hub.parcel import TAG

    if not TAG.fullmatch(tag) or ".." in tag or tag.endswith((".", ".lock")) or tag == "main":
        raise SikuError(
            f"{tag[:140]!r} cannot be a tag",
            why="a letter or digit, then up to 127 of these and . + - _; not main, no .., no .lock at the end",
            next="--tag with another one",
        )


def _tries(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MAX_TRIES:
        raise SikuError(f"--tries {text} must be 1 to {MAX_TRIES}")
    return int(text)


OUT = flag("--out", type=out_folder, default=Path("out"), metavar="DIR", help="folder of the datasets (default: out)")
TRIES = flag(
    "--tries", type=_tries, default=5, metavar="N", help="of one request, further and further apart (default: 5)"
)
OF_THE_HUB = (
    Command(
        "push",
        "datasets to the Hub: one commit and a tag",
        run_push,
        (
            flag(
                "datasets", nargs="+", metavar="DATASET", help="NAME, NAME@VERSION or a folder; several share one card"
            ),
            flag("repo_id", metavar="REPO_ID", help="OWNER/NAME; it is made if it is not there"),
            flag("--private", action="store_true", help="only the owner sees it (what a new one is anyway)"),
            flag("--public", action="store_true", help="everybody sees it, with all that was dropped"),
            flag("--tag", default="", metavar="T", help="(default: the version; of several NAME-VERSION_NAME-VERSION)"),
            flag("--yes", action="store_true", help="do not ask"),
            TRIES,
            OUT,
        ),
    ),
    Command(
        "pull",
        "datasets from the Hub, every digest checked",
        run_pull,
        (
            flag("repo_id", metavar="REPO_ID", help="OWNER/NAME"),
            flag("--revision", default="", metavar="R", help="tag, branch or commit (default: main)"),
            flag("--only", action="append", default=[], metavar="NAME", help="of several datasets this; repeatable"),
            TRIES,
            OUT,
        ),
    ),
    Command(
        "verify",
        "prove digests, ledger, duplicates and splits",
        run_verify,
        (flag("dataset", metavar="DATASET", help="NAME, NAME@VERSION, a folder, or hub:REPO_ID[@REVISION]"), OUT),
    ),
)
COMMANDS = tuple(map(in_four_lines, OF_THE_HUB))
