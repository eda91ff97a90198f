"""Where a loosely written JSON string ends, and what it says: the marks and patterns that `json_objects` reads with.

Every pattern stops at the next mark of its kind or after a bounded stretch, so that reading stays linear.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Marks that models write in JSON's place. Those of one line stand in for each other.
DOUBLE, CURLY, SINGLE, CORNER, WHITE_CORNER = '"', "“”„‟＂〝〞", "'‘’‚‛＇", "「」", "『』"
QUOTES = DOUBLE + CURLY + SINGLE + CORNER + WHITE_CORNER
OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY = "{｛", "}｝", "[［【", "]］】"
_OPENING = "“„‟〝‘‚‛"

# For use inside the square brackets of a regular expression.
OPEN_ARRAYS, CLOSE_ARRAYS = re.escape(OPEN_ARRAY), re.escape(CLOSE_ARRAY)
BLANK = r"[\s\ufeff\u200b]*+"
GAP = r"[\s\ufeff\u200b,，、]*+"
_KEY_CHARS = 200


def _quoted(marks: str, ends: str = "") -> str:
    """A short string in one line between marks of one kind, without such marks inside."""
    return rf"[{marks}][^{marks}{ends}\n]{{0,{_KEY_CHARS}}}[{ends or marks}]"


_PLAIN = rf"[^%s\\\n]{{0,{_KEY_CHARS}}}"
_KEY = "|".join(
    [rf"{mark}{_PLAIN % mark}(?:\\.{_PLAIN % mark})*{mark}" for mark in "\"'"]
    + [_quoted('"', CURLY), _quoted("'", SINGLE[1:])]
    + [_quoted(marks) for marks in ('"' + CURLY, SINGLE, CORNER, WHITE_CORNER)]
)
_VALUE_AHEAD = rf"{BLANK}(?=[{QUOTES}{OPEN_OBJECT}{OPEN_ARRAYS}\-0-9tfnTFN])"
_NOTHING_ELSE = rf"[\s,，]*+(?:\Z|[{OPEN_OBJECT}{CLOSE_OBJECT}{OPEN_ARRAYS}{CLOSE_ARRAYS}`])"

MEMBER = re.compile(rf"{BLANK}({_KEY}){BLANK}([:：])")
"""A key with its colon."""
_MEMBER_AFTER_BRACE = re.compile(rf"{GAP}[{OPEN_OBJECT}]{BLANK}({_KEY}){BLANK}[:：]")

# A value ends where a closing bracket follows, or a comma and the next key. (A comma that is missing is forgiven where
# white space parts the two, a wrong bracket where nothing but brackets follow.)
_ENDS_IN_OBJECT = re.compile(
    rf"{GAP}(?:[{CLOSE_OBJECT}]|(?<=[\s,，、])(?:{_KEY}){BLANK}[:：]{_VALUE_AHEAD}|[{CLOSE_ARRAYS}]{_NOTHING_ELSE})"
)
_ENDS_IN_ARRAY = re.compile(
    rf"{BLANK}(?:[{CLOSE_ARRAYS}]|[,，]{BLANK}(?:[{CLOSE_ARRAYS}]|{_VALUE_AHEAD})|[{CLOSE_OBJECT}]{_NOTHING_ELSE})"
)


def _marks_of(opener: str) -> tuple[str, str]:
    """The marks that should close what this one opens, and those that may, where a model mixed them."""
    for ascii_mark, others in ((DOUBLE, CURLY), (SINGLE[0], SINGLE[1:])):
        if opener == ascii_mark:
            return ascii_mark, ascii_mark + others
        if opener in others:
            return others, ascii_mark + others
    corner = CORNER if opener in CORNER else WHITE_CORNER
    return corner[1], corner


_MARKS = {opener: _marks_of(opener) for opener in QUOTES}
_FIRST = {
    opener: re.compile(rf"[^{own}\\]*(?:\\.[^{own}\\]*)*[{own}]", re.DOTALL) for opener, (own, _) in _MARKS.items()
}
_CANDIDATE = {
    opener: re.compile(rf"\\.|[{OPEN_OBJECT}]{BLANK}[{QUOTES}]|[{every}]", re.DOTALL)
    for opener, (_, every) in _MARKS.items()
}


class StringEnd(NamedTuple):
    """Where a string ends: at its closing mark, or, of a string that has none, where reading may go on."""

    at: int
    closed: bool
    inner_marks: bool = False


def find_end(text: str, start: int, first_key: str | None) -> StringEnd:
    """The end of the string whose opening mark is at `start`, the value of an object with that `first_key` or, with
    None, of an array: a mark counts as the closing one by what follows it."""
    first = _FIRST[text[start]].match(text, start + 1)
    if first and _is_end(text, first.end(), first_key):
        return StringEnd(first.end() - 1, True)
    own = _MARKS[text[start]][0]
    inner = 0  # marks of the other form that are open: “ ” within " ", and the other way round
    for found in _CANDIDATE[text[start]].finditer(text, start + 1):
        mark = found[0][-1]
        if found[0][0] in OPEN_OBJECT and _starts_next(text, found.start(), first_key):
            return StringEnd(found.start(), False)  # the next object of its kind: this one was never closed
        if found[0][0] == "\\" or mark not in _MARKS[text[start]][1]:
            continue
        if mark not in own:
            if inner:
                inner -= 1
                continue
            inner = int(mark in _OPENING or mark in "\"'")
            if mark in _OPENING:
                continue
        if _is_end(text, found.end(), first_key):
            return StringEnd(found.end() - 1, True, True)
    return StringEnd(len(text), False)


def _is_end(text: str, after: int, first_key: str | None) -> bool:
    if first_key is None:
        return _ENDS_IN_ARRAY.match(text, after) is not None
    return _ENDS_IN_OBJECT.match(text, after) is not None or _starts_next(text, after, first_key)


def _starts_next(text: str, at: int, first_key: str | None) -> bool:
    """Whether an object begins here with the same key as the one being read: its closing brace was forgotten."""
    found = _MEMBER_AFTER_BRACE.match(text, at) if first_key is not None else None
    return found is not None and found[1][1:-1] == first_key


_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = dict(zip("nrtbf/\\", "\n\r\t\b\f/\\", strict=True)) | {mark: mark for mark in QUOTES}


def unescape(raw: str) -> str:
    r"""What a string says: `\uXXXX` and JSON's escapes are decoded; a stray backslash (`\alpha`) stays."""
    if "\\" not in raw:
        return raw
    return whole_characters(_ESCAPE.sub(_unescaped, raw))


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[0])


def whole_characters(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced by U+FFFD: it can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
