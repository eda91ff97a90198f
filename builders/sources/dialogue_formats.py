"""The formats of conversations that siku reads: the table, and which of them a file is in."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any, NamedTuple

from builders.document import Message
from builders.sources.dialogue_rows import ROW_FORMATS, Format, Turns, UnfitError, is_turn_with_role
from builders.sources.dialogue_texts import TEXT_FORMATS, blocks_of
from builders.sources.instruct_formats import INSTRUCT_FORMATS
from builders.text.turns import alternate

FORMATS: dict[str, Format] = {**INSTRUCT_FORMATS, **ROW_FORMATS, **TEXT_FORMATS}  # of those that fit, the first counts
EMPTY_ANSWER = "empty_answer"
MIN_LINE_SHARE = 0.8  # of a sample of lines or blocks: any text has a line that looks like a pair
MIN_ROW_SHARE = (
    0.2  # of a sample of rows, whose columns say for certain what they are; the others are refused one by one
)


class Normalised(NamedTuple):
    """The conversations of a piece of input, and why there are none of a sample whose answer is blank."""

    conversations: list[Turns]
    drop: str | None = None


def read_unit(format: Format, raw: Any) -> list[list[Message]]:
    """The conversations of one row, line, block or file, with roles that alternate. Raises UnfitError for none."""
    read = format.read(raw)
    kept = [turns for turns in map(alternate, read) if turns]
    if kept:
        return kept
    blank = any(turn["role"] == "assistant" and not turn["content"].strip() for turns in read for turn in turns)
    raise UnfitError("empty answer" if blank else "no answer: nobody answers a turn")


def normalise_dialogue(format_name: str, raw: Any) -> Normalised:
    """The conversations of `raw`: a row, or the text of any number of lines or rows, in one of `FORMATS`.

    >>> normalise_dialogue("tieba", "在吗\\t在的").conversations
    [[{'role': 'user', 'content': '在吗'}, {'role': 'assistant', 'content': '在的'}]]
    """
    format, found, reasons = FORMATS[format_name], list[Turns](), list[str]()
    units = list(_units(format, raw))
    for unit in units:
        try:
            found += read_unit(format, unit)
        except UnfitError as error:
            reasons.append(str(error))
    is_one_sample = format.unit == "row" and len(units) == 1
    return Normalised(found, EMPTY_ANSWER if is_one_sample and reasons == ["empty answer"] else None)


def _units(format: Format, raw: Any) -> Iterator[Any]:
    """The pieces of `raw` that a reader takes one by one."""
    if not isinstance(raw, str) or format.unit == "file":
        yield raw
    elif format.unit == "line":
        yield from (line for line in _lines(raw) if line.strip())
    elif format.unit == "block":
        yield from ("\n".join(block) for block in blocks_of(_lines(raw), str))
    else:
        yield from csv.DictReader(StringIO(raw.removeprefix("\ufeff"), newline=""))


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def rows_of_json(value: Any) -> Iterator[Any]:
    """The rows that a JSON file holds: the items of a list, of the lists of an object (`split`), or itself.

    What an object holds by name may be rows themselves; then the name is their `id`. A list whose items are turns with
    roles is one conversation. A list as a row becomes one of the column `turns`.
    """
    if isinstance(value, list):
        yield from [_as_row(value)] if _is_conversation(value) else map(_as_row, value)
    elif isinstance(value, dict) and not _is_row(value):
        parts = list(value.items())
        if not parts or not all(isinstance(part, (list, dict)) and part for _, part in parts):
            yield value
            return
        for name, part in parts:
            is_one = isinstance(part, dict) or _is_conversation(part)
            known = {"id": name} if is_one else {"split": name}
            for row in map(_as_row, [part] if is_one else part):
                yield known | row if isinstance(row, dict) else row
    else:
        yield value


def _is_row(value: Any) -> bool:
    return any(format.unit == "row" and format.fits(value) for format in FORMATS.values())


def _as_row(item: Any) -> Any:
    return {"turns": item} if isinstance(item, list) else item


def _is_conversation(items: list[Any]) -> bool:
    """Whether these are the turns of one conversation, and not rows."""
    return bool(items) and all(is_turn_with_role(item) for item in items)


def format_of_row(row: Any, most: str) -> str:
    """The format of one row of a file whose rows are mostly in another: its own, if its columns say so.

    A row that is a bare list says nothing in a file of objects.
    """
    if FORMATS[most].fits(row) or not isinstance(row, dict) or row.keys() == {"turns"}:
        return most
    return next((name for name, format in FORMATS.items() if format.unit == "row" and format.fits(row)), most)


def detect_format(samples: Sequence[Any], unit: str) -> str:
    """The format of a file, by some of its rows, lines or blocks. Raises UnfitError where that is not certain.

    A piece speaks for the first format of the table that it fits. Lines and blocks are in the format of four fifths of
    them. Of rows the format of the most is named, where a fifth of them fit any: see `format_of_row`.
    """
    candidates = {name: format for name, format in FORMATS.items() if format.unit == unit}
    votes = Counter(next((name for name, format in candidates.items() if format.fits(piece)), "") for piece in samples)
    name, votes_for = votes.most_common(1)[0] if votes else ("", 0)
    fitting = len(samples) - votes[""]
    if unit == "row" and fitting and fitting >= MIN_ROW_SHARE * len(samples):
        return max(candidates, key=lambda name: votes[name])  # of equals the first of the table
    if name and votes_for >= MIN_LINE_SHARE * len(samples):
        return name
    known = [f"{name} ({count})" for name, count in sorted(votes.items()) if name]
    rule = "more than one format" if len(known) > 1 else "unknown format"
    like = ", ".join(known) or f"none of {', '.join(candidates)}"
    columns = next(
        (f" with {', '.join(map(str, list(piece)[:12]))}" for piece in samples if isinstance(piece, dict)), ""
    )
    raise UnfitError(f"{rule}: {unit}s{columns} look like {like} (--set source.format=NAME, or source.mapping=…)")
