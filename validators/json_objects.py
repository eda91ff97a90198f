"""The JSON objects of a model's reply, wherever they stand and however loosely they are written.

A stack of open brackets in place of recursion, and a position that only moves forward: time is linear in the length of
the reply and any depth can be read. A bracket opens an object only where a key and its colon follow, so that brackets
in prose are prose. An object that holds something unreadable is none; the whole objects inside it are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from validators.json_strings import (
    BLANK,
    CLOSE_ARRAY,
    CLOSE_ARRAYS,
    CLOSE_OBJECT,
    GAP,
    MEMBER,
    OPEN_ARRAY,
    OPEN_ARRAYS,
    OPEN_OBJECT,
    QUOTES,
    SINGLE,
    find_end,
    is_cut,
    unescape,
    whole_characters,
)

_GAP, _BLANK = re.compile(GAP), re.compile(BLANK)
_BRACKET = re.compile(f"[{OPEN_OBJECT}{CLOSE_OBJECT}{OPEN_ARRAYS}{CLOSE_ARRAYS}]")
_EMPTY = re.compile(rf"{BLANK}[{CLOSE_OBJECT}]")
# What a model was cut off in: a key, or the first string of a list.
_SHORT = rf"[{QUOTES}][^{QUOTES}{OPEN_OBJECT}{CLOSE_OBJECT}{OPEN_ARRAYS}{CLOSE_ARRAYS}\n]{{0,200}}"
_CUT = re.compile(rf'{BLANK}(?:{_SHORT}[{QUOTES}]?|"[^"\\\n]{{0,200}}(?:\\.[^"\\\n]{{0,200}})*\\?"?)?{BLANK}\Z')
# An array in prose matters only for being cut off. [共三个] and [1] are none; a list of strings is one.
_ARRAY_AHEAD = re.compile(
    rf"{BLANK}(?:[{OPEN_OBJECT}{OPEN_ARRAYS}]|{_SHORT}(?:\Z|[{QUOTES}]{BLANK}(?:[,，{CLOSE_ARRAYS}]|\Z))|\Z)"
)
_WORD = re.compile(
    r"(?:(true)|(false)|(?:null|none|nan|undefined)|(-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?))(?![\w.])", re.I
)
_RAW_CONTROL = re.compile(r"[\x00-\x1f]")
_FENCE = re.compile(r"```[\w-]*")
_PROSE = re.compile(rf"[^\s\ufeff\u200b,，、{OPEN_ARRAYS}{CLOSE_ARRAYS}]")


@dataclass(frozen=True, slots=True)
class Objects:
    """The outermost JSON objects of a text, in order; each has only JSON values, of two equal keys the later one.

    `truncated`: the text ends inside an object or an array. `liberties`: what had to be forgiven, in words, each once.
    `broken`: what could be read of objects that fell apart, a key without a readable value with None.
    Objects may be nested deeper than `orjson.dumps` can write (254).
    """

    values: tuple[dict[str, Any], ...]
    truncated: bool
    liberties: tuple[str, ...]
    broken: tuple[dict[str, Any], ...] = ()


def read_objects(text: str) -> Objects:
    """The JSON objects of any text; never raises."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return _Reader(text).read()
    return Objects(tuple(_outermost(value)), truncated=False, liberties=())


def _outermost(value: object) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
        elif isinstance(one, list):
            waiting.extend(reversed(one))


@dataclass(slots=True)
class _Frame:
    """An open bracket. A frame that is not live holds prose: only its closing bracket is waited for."""

    start: int
    holds: dict[str, Any] | list[Any]
    live: bool = True
    key: str | None = None


class _Reader:
    """Reads one text; the live frames, if any, are the last ones of the stack."""

    def __init__(self, text: str) -> None:
        self.text = whole_characters(text)
        self.at = 0
        self.frames: list[_Frame] = []
        self.waiting: dict[type, int] = {dict: 0, list: 0}  # how many frames of either kind hold prose
        self.found: list[tuple[int, int, dict[str, Any]]] = []  # start, end and value of whole objects
        self.broken: list[dict[str, Any]] = []
        self.outer_values = 0
        self.liberties: dict[str, None] = {}
        if self.text != text:
            self.forgive("half a character")

    def read(self) -> Objects:
        while self.at < len(self.text):
            if self.frames and self.frames[-1].live:
                self.read_inside(self.frames[-1])
            else:
                self.read_outside()
        self.look_around()
        values = tuple(value for _, _, value in self.found)
        return Objects(values, bool(self.frames), tuple(self.liberties), tuple(self.broken))

    def forgive(self, liberty: str) -> None:
        self.liberties[liberty] = None

    # Outside of objects: prose, fences, and arrays of the text itself.

    def read_outside(self) -> None:
        found = _BRACKET.search(self.text, self.at)
        if found is None:
            self.at = len(self.text)
            return
        self.at = found.end()
        if found[0] in OPEN_OBJECT:
            self.open_object(found.start())
        elif found[0] in CLOSE_OBJECT:
            self.close_outside(dict)
        elif found[0] in CLOSE_ARRAY:
            self.close_outside(list)
        elif _ARRAY_AHEAD.match(self.text, self.at):
            self.wait_for_close(_Frame(found.start(), []))

    def open_object(self, start: int) -> None:
        frame = _Frame(start, {})
        if MEMBER.match(self.text, self.at):
            self.open(frame)
        elif empty := _EMPTY.match(self.text, self.at):
            self.frames.append(frame)
            self.complete(empty.end())
        elif _CUT.match(self.text, self.at):
            self.wait_for_close(frame)
            self.at = len(self.text)

    def wait_for_close(self, frame: _Frame) -> None:
        frame.live = False
        self.frames.append(frame)
        self.waiting[type(frame.holds)] += 1

    def close_outside(self, kind: type) -> None:
        """Take the bracket for that of the nearest open one of its kind; without one it is prose."""
        while self.waiting[kind]:
            closed = type(self.frames.pop().holds)
            self.waiting[closed] -= 1
            if closed is kind:
                self.outer_values += not self.frames
                return

    # Inside an object.

    def read_inside(self, frame: _Frame) -> None:
        if isinstance(frame.holds, dict) and frame.key is not None:
            self.skip(_BLANK)
            self.read_value(frame)
        else:
            gap = self.skip(_GAP).strip()
            if "，" in gap or "、" in gap:
                self.forgive("Chinese marks")
            if self.at == len(self.text):
                return
            if isinstance(frame.holds, dict):
                self.read_key(frame, frame.holds, comma=bool(gap))
            else:
                self.read_item(frame, comma=bool(gap))

    def skip(self, pattern: re.Pattern[str]) -> str:
        skipped = pattern.match(self.text, self.at)
        assert skipped, "the pattern may be empty, so it matches everywhere"
        self.at = skipped.end()
        return skipped[0]

    def read_key(self, frame: _Frame, members: dict[str, Any], *, comma: bool) -> None:
        mark = self.text[self.at]
        if mark in CLOSE_OBJECT:
            if comma:
                self.forgive("trailing comma")
            self.close(mark)
        elif member := MEMBER.match(self.text, self.at):
            if members and not comma:
                self.forgive("missing comma")
            self.forgive_marks(mark + member[2])
            frame.key = unescape(member[1][1:-1])
            self.at = member.end()
        elif members and mark in OPEN_OBJECT + CLOSE_ARRAY:
            self.forgive("missing bracket")
            self.complete(self.at)
        elif mark in QUOTES and is_cut(self.text, self.at):
            self.at = len(self.text)
        else:
            self.fail()

    def read_item(self, frame: _Frame, *, comma: bool) -> None:
        mark = self.text[self.at]
        if mark in CLOSE_ARRAY:
            if comma:
                self.forgive("trailing comma")
            self.close(mark)
        elif mark in CLOSE_OBJECT:
            self.forgive("missing bracket")
            self.complete(self.at)
        else:
            if frame.holds and not comma:
                self.forgive("missing comma")
            self.read_value(frame)

    def read_value(self, frame: _Frame) -> None:
        mark = self.text[self.at : self.at + 1]
        if not mark:
            return
        if mark in QUOTES:
            self.read_string(frame)
        elif mark in OPEN_OBJECT or mark in OPEN_ARRAY:
            self.at += 1
            self.open(_Frame(self.at - 1, {} if mark in OPEN_OBJECT else []))
        elif word := _WORD.match(self.text, self.at):
            self.at = word.end()
            self.put(self.read_word(word))
        else:
            self.fail()

    def read_string(self, frame: _Frame) -> None:
        first_key = next(iter(frame.holds), frame.key) if isinstance(frame.holds, dict) else None
        start, end = self.at, find_end(self.text, self.at, first_key)
        self.at = end.at + end.closed
        if not end.closed:
            if end.at < len(self.text):
                self.fail(never_closed=True)
            return
        raw = self.text[start + 1 : end.at]
        self.forgive_marks(self.text[start])
        if end.inner_marks:
            self.forgive("quotation mark in a string")
        if _RAW_CONTROL.search(raw):
            self.forgive("line break in a string")
        self.put(unescape(raw))

    def read_word(self, word: re.Match[str]) -> object:
        if word[3]:
            try:
                return orjson.loads(word[3])
            except ValueError:  # 007, or more than a double holds: it stays text
                self.forgive("odd number")
                return word[3]
        if word[0] not in ("true", "false", "null"):
            self.forgive("Python word")
        return True if word[1] else False if word[2] else None

    def forgive_marks(self, marks: str) -> None:
        for mark in marks:
            if mark == SINGLE[0]:
                self.forgive("single quotes")
            elif mark not in '"{}[]:':
                self.forgive("Chinese marks")

    # Opening, closing and giving up.

    def open(self, frame: _Frame) -> None:
        self.forgive_marks(self.text[frame.start])
        self.frames.append(frame)

    def close(self, mark: str) -> None:
        self.forgive_marks(mark)
        self.at += 1
        self.complete(self.at)

    def complete(self, end: int) -> None:
        frame = self.frames.pop()
        if isinstance(frame.holds, dict):
            while self.found and self.found[-1][0] > frame.start:
                self.found.pop()  # what is inside is no outermost object any more
            self.found.append((frame.start, end, frame.holds))
        if not self.frames:
            self.outer_values += 1
        elif self.frames[-1].live:
            self.put(frame.holds)

    def put(self, value: object) -> None:
        frame = self.frames[-1]
        if isinstance(frame.holds, list):
            frame.holds.append(value)
        elif frame.key is not None:
            frame.holds[frame.key], frame.key = value, None

    def fail(self, *, never_closed: bool = False) -> None:
        """Read on as in prose: no live frame can become an object, but each still waits for its bracket. Not so the
        last one, if it is `never_closed` or has nothing of an object in it."""
        self.forgive("broken object")
        failed = []
        while self.frames and self.frames[-1].live:
            failed.append(self.frames.pop())
        for frame in reversed(failed):
            read = isinstance(frame.holds, dict) and frame.holds | ({} if frame.key is None else {frame.key: None})
            if read:
                self.broken.append(read)
            if frame is not failed[0] or (not never_closed and (read or isinstance(frame.holds, list))):
                self.wait_for_close(frame)

    def look_around(self) -> None:
        """What stands outside of the objects, up to the one that was cut off."""
        end = next((frame.start for frame in self.frames if isinstance(frame.holds, dict)), len(self.text))
        pieces, last = [], 0
        for start, stop, _ in self.found:
            pieces.append(self.text[last:start])
            last = stop
        around = "\n".join([*pieces, self.text[last:end]])
        if self.outer_values > 1:
            self.forgive("several objects")
        if "```" in around:
            self.forgive("fence")
        if _PROSE.search(_FENCE.sub("", around)):
            self.forgive("prose")
