"""Is what was typed a command? The grammar of the command line; mistakes name the nearest word."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from validators.errors import SikuError, nearest

Args = argparse.Namespace


@dataclass(frozen=True)
class Flag:
    """One argument of a command, as argparse takes it."""

    names: tuple[str, ...]
    settings: dict[str, Any]


def flag(*names: str, **settings: Any) -> Flag:
    return Flag(names, settings)


def path(text: str) -> Path:
    """A path as typed; the shell leaves `~` alone in `--out=~/sets`."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such person
        return Path(text)


def out_folder(text: str) -> Path:
    """A folder to write to. Raises SikuError where its name is not UTF-8: Arrow cannot write there."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SikuError("--out is not UTF-8", where=text, next="--out with another name") from None
    return path(text)


EVERYWHERE = (
    flag("--json", action="store_true", help="one JSON document on standard output"),
    flag("-q", "--quiet", action="store_true", help="no progress, no warnings"),
    flag("-v", "--verbose", action="store_true", help="with a traceback where something fails"),
)


@dataclass(frozen=True)
class Command:
    """A word or two (`crawl site`), what it does in one line, its arguments, and what returns the exit code."""

    name: str
    help: str
    run: Callable[[Args], int]
    flags: Sequence[Flag] = ()


class Parser(argparse.ArgumentParser):
    """Argparse whose mistakes are SikuErrors that name the nearest word."""

    known: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        if wrong := re.search(r"argument COMMAND: invalid choice: '([^']*)'", message):
            message, why = f"there is no command {wrong[1]!r}", nearest(wrong[1], self.known)
        elif "required: COMMAND" in message:
            why = f"there is: {', '.join(self.known)}"
        else:
            flags = (word.partition("=")[0] for word in self.typed if word.startswith("--"))
            unknown = next((word for word in flags if word not in self.known), "")
            why = f"{unknown}: {nearest(unknown, self.known)}" if unknown else ""
        raise SikuError(message, why=why, next=f"{self.prog} --help")


def make_parser(commands: Sequence[Command], groups: dict[str, str], version: str) -> Parser:
    """A parser of all commands. `groups` tells what the first word of a command of two words is for."""
    parser = Parser(prog="siku", description="Raw Chinese text to versioned training datasets.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"siku {version}", help=argparse.SUPPRESS)
    _add(parser, EVERYWHERE, help=argparse.SUPPRESS)  # told with each command, taken before it, too
    words = {"": _words(parser)}
    parsers: dict[str, Parser] = {"": parser}
    for command in commands:
        group, _, word = command.name.rpartition(" ")
        if group not in words:
            parsers[group] = words[""].add_parser(group, help=groups[group], description=groups[group])
            words[group] = _words(parsers[group])
            parser.known += (group,)
        sub = words[group].add_parser(word, help=command.help, description=command.help, allow_abbrev=False)
        parsers[group].known += (word,)
        _add(sub, command.flags)
        _add(sub, EVERYWHERE, default=argparse.SUPPRESS)  # one that stands before the command is not reset
        sub.known = tuple(name for one in (*command.flags, *EVERYWHERE) for name in one.names if name.startswith("-"))
        sub.set_defaults(run=command.run, parser=sub)
    return parser


def _words(parser: Parser) -> Any:
    return parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)


def _add(parser: Parser, flags: Sequence[Flag], **settings: Any) -> None:
    for one in flags:
        parser.add_argument(*one.names, **(one.settings | settings))


def parse(parser: Parser, words: Sequence[str]) -> Args:
    """The arguments of a command. Raises SikuError with the nearest words where they are none."""
    Parser.typed = tuple(words)
    args, unknown = parser.parse_known_args(words)
    if unknown:
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return args
