"""Conversations out of lines, blocks of lines, YAML files and pairs of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

from builders.sources.dialogue_rows import (
    Format,
    Turns,
    UnfitError,
    asked_and_answered,
    message,
    read_turns,
    stands_apart,
    take_turns,
    without_token_blanks,
)
from builders.text.utterances import split_repost

BLOCK_END = "E"
MAX_BLOCK_LINES = 100_000
MAX_YAML_BYTES = 16 << 20
_MAX_YAML_DEPTH = 8

Line = TypeVar("Line")


def blocks_of(lines: Iterable[Line], text: Callable[[Line], str]) -> Iterator[list[Line]]:
    """The lines between those that are only `E`. A block that never ends is cut, so that memory stays bounded."""
    block: list[Line] = []
    for line in lines:
        words = text(line).strip()
        if words == BLOCK_END or len(block) == MAX_BLOCK_LINES:
            if block:
                yield block
            block = []
        if words not in ("", BLOCK_END):
            block.append(line)
    if block:
        yield block


def read_block(text: str) -> list[Turns]:
    """`M ` begins a turn; a line without it continues the one before."""
    turns: list[list[str]] = []
    for line in text.split("\n"):
        if line.rstrip() == "M" or line.startswith(("M ", "M\t")):
            turns.append([line[2:].strip()])
        elif turns and line.strip() not in ("", BLOCK_END):
            turns[-1].append(line.strip())
    if not turns:
        raise UnfitError("no turns: no line begins with M")
    return [take_turns("\n".join(lines) for lines in turns)]


def read_subtitle_block(text: str) -> list[Turns]:
    """As `read_block`, with a `/` between the characters."""
    return [_edited(turns, lambda turn: turn.replace("/", "")) for turns in read_block(text)]


def _edited(turns: Turns, edit: Any) -> Turns:
    return [message(turn["role"], edit(turn["content"])) for turn in turns]


def _fits_block(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    return bool(lines) and all(line.startswith("M ") or line.strip() in ("M", BLOCK_END) for line in lines)


def _fits_subtitle_block(text: str) -> bool:
    spoken = re.sub(r"^M |\s", "", text, flags=re.MULTILINE)
    return _fits_block(text) and spoken.count("/") * 3 > len(spoken)


def read_douban_line(line: str) -> list[Turns]:
    """`label⇥turn⇥turn…`: the last turn of a line with label 0 was drawn at random."""
    label, *texts = line.strip("\r\n").split("\t")
    if label.strip() == "0":
        raise UnfitError("negative example: label 0, the last turn is no answer to the others")
    if label.strip() != "1":
        raise UnfitError("no label: the line does not begin with 0 or 1 and a tab")
    return [take_turns(map(without_token_blanks, texts))]


def read_tieba_line(line: str) -> list[Turns]:
    question, tab, answer = line.strip("\r\n").partition("\t")
    if not tab:
        raise UnfitError("no answer: there is no tab in the line")
    return asked_and_answered(question.strip(), answer.strip())


def read_qingyun_line(line: str) -> list[Turns]:
    question, bar, answer = f"{line.strip()} ".partition(" | ")
    if not bar:
        raise UnfitError("no answer: there is no ' | ' in the line")
    return asked_and_answered(question.strip(), answer.strip())


def read_turn_line(line: str) -> list[Turns]:
    """Turns with a tab between them."""
    return [take_turns(text.strip() for text in line.strip("\r\n").split("\t"))]


def read_spaced_line(line: str) -> list[Turns]:
    """Turns with a tab between them, and blanks between the characters, as in LCCC."""
    return [_edited(turns, without_token_blanks) for turns in read_turn_line(line)]


def read_repost_line(line: str) -> list[Turns]:
    """`newest//@b: older//@a: oldest`: the one who spoke first is the user."""
    return [take_turns(split_repost(line))]


def _fields(line: str) -> list[str]:
    return line.strip("\r\n").split("\t")


def read_pair(lines: tuple[str, str]) -> list[Turns]:
    """A line of a file of posts and the same line of the responses to them."""
    return asked_and_answered(lines[0].strip(), lines[1].strip())


def read_spaced_pair(lines: tuple[str, str]) -> list[Turns]:
    """As `read_pair`, with blanks between the words, as in the Weibo set of short-text conversation."""
    return read_pair((without_token_blanks(lines[0]), without_token_blanks(lines[1])))


def chatterbot_rows(text: str) -> Iterator[dict[str, Any]]:
    """The conversations of a YAML file as rows of `turns` and `categories`; a turn may be a list of lines."""
    top = _yaml(text)
    found = top.get("conversations") if isinstance(top, dict) else None
    if not isinstance(found, list):
        raise UnfitError("no conversations: the YAML has no list of that name")
    categories = top.get("categories")
    if isinstance(categories, list):
        categories = ", ".join(name for name in categories if isinstance(name, str))
    for turns in found:
        lines = [_joined(turn) for turn in turns] if isinstance(turns, list) else turns
        yield {"turns": lines, **({"categories": categories} if isinstance(categories, str) else {})}


def _joined(turn: object) -> object:
    is_lines = isinstance(turn, list) and all(isinstance(line, str) for line in turn)
    return "\n".join(cast(list[str], turn)) if is_lines else turn


def read_chatterbot(text: str) -> list[Turns]:
    return [turns for row in chatterbot_rows(text) for turns in read_turns(row)]


def _yaml(text: str) -> Any:
    """Mappings, lists and strings. Only what is written is built: aliases, which can stand for gigabytes, are not."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _yaml_node(iter(yaml.parse(text, Loader=loader)), _MAX_YAML_DEPTH)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1:,}: " if mark else ""
        raise UnfitError(f"broken YAML: {where}{getattr(error, 'problem', None) or 'it cannot be read'}") from None


def _yaml_node(events: Iterator[Any], depth: int) -> Any:
    """The next node of a stream of events; None where a collection or the stream ends."""
    for event in events:
        match type(event).__name__:
            case "ScalarEvent":
                return event.value
            case "SequenceStartEvent" | "MappingStartEvent" if depth == 0:
                raise UnfitError(f"nested too deeply: more than {_MAX_YAML_DEPTH} levels of YAML")
            case "SequenceStartEvent":
                return _yaml_items(events, depth)
            case "MappingStartEvent":
                items = _yaml_items(events, depth)
                return {key: value for key, value in zip(items[::2], items[1::2], strict=False) if isinstance(key, str)}
            case "AliasEvent":
                raise UnfitError(f"YAML with aliases: *{event.anchor}, line {event.start_mark.line + 1:,}")
            case "SequenceEndEvent" | "MappingEndEvent" | "StreamEndEvent":
                return None
    return None


def _yaml_items(events: Iterator[Any], depth: int) -> list[Any]:
    items: list[Any] = []
    while (item := _yaml_node(events, depth - 1)) is not None:
        items.append(item)
    return items


def _never(_: object) -> bool:
    return False


TEXT_FORMATS: dict[str, Format] = {
    "subtitle": Format("block", read_subtitle_block, _fits_subtitle_block),
    "xiaohuangji": Format("block", read_block, _fits_block),
    "douban": Format(
        "line", read_douban_line, lambda line: len(_fields(line)) > 2 and _fields(line)[0].strip() in ("0", "1")
    ),
    "lccc_lines": Format("line", read_spaced_line, lambda line: len(_fields(line)) > 1 and stands_apart(_fields(line))),
    "tieba": Format("line", read_tieba_line, lambda line: len(_fields(line)) == 2),
    "turn_lines": Format("line", read_turn_line, lambda line: len(_fields(line)) > 2),
    "qingyun": Format("line", read_qingyun_line, lambda line: " | " in line),
    "repost": Format("line", read_repost_line, lambda line: "//@" in line),
    "chatterbot": Format("file", read_chatterbot, _never),
    "weibo": Format("pair", read_spaced_pair, lambda lines: stands_apart(lines)),
    "pair": Format("pair", read_pair, lambda lines: True),
}
