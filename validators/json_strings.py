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

_NOTHING = re.compile(rf"{BLANK}\Z")
MEMBER = re.compile(rf"{BLANK}({_KEY}){BLANK}([:：])")
"""A key with its colon."""
_MEMBER_AFTER_BRACE = re.compile(rf"{GAP}[{OPEN_OBJECT}]{BLANK}({_KEY}){BLANK}[:：]")

# A value ends where a closing bracket follows, or a comma and the next key. (A comma that is missing is forgiven where
# white space parts the two, a wrong bracket where nothing but brackets follow.)
_NEXT_KEY = rf"(?<=[\s,，、])(?:{_KEY}){BLANK}[:：]"
_WRONG_ARRAY, _WRONG_OBJECT = rf"[{CLOSE_ARRAYS}]{_NOTHING_ELSE}", rf"[{CLOSE_OBJECT}]{_NOTHING_ELSE}"
_MAY_END_IN_OBJECT = re.compile(rf"{GAP}(?:[{CLOSE_OBJECT}]|{_NEXT_KEY}|{_WRONG_ARRAY})")
_ENDS_IN_OBJECT = re.compile(rf"{GAP}(?:[{CLOSE_OBJECT}]|{_NEXT_KEY}{_VALUE_AHEAD}|{_WRONG_ARRAY})")
_ENDS_IN_ARRAY = re.compile(
    rf"{BLANK}(?:[{CLOSE_ARRAYS}]|[,，]{BLANK}(?:[{CLOSE_ARRAYS}]|{_VALUE_AHEAD})|{_WRONG_OBJECT})"
)


def _marks_of(opener: str) -> tuple[str, str]:
    """The marks that should close what this one opens, and those that may, where a model mixed them."""
    for ascii_mark, others in ((DOUBLE, CURLY), (SINGLE[0], SINGLE[1:])):
        if opener == ascii_mark:
            return ascii_mark, ascii_mark + others
        if opener in others:
            return others, ascii_mark + others
    # The opening mark counts, too: a search that did not stop there would be quadratic.
    corner = CORNER if opener in CORNER else WHITE_CORNER
    return corner, corner


_MARKS = {opener: _marks_of(opener) for opener in QUOTES}
_FIRST = {
    opener: re.compile(rf"[^{own}\\]*(?:\\.[^{own}\\]*)*[{own}]", re.DOTALL) for opener, (own, _) in _MARKS.items()
}
_CANDIDATE = {
    opener: re.compile(rf"\\.|([{CLOSE_OBJECT}]{GAP})?([{OPEN_OBJECT}]){BLANK}[{QUOTES}]|[{every}]", re.DOTALL)
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
    may_end, ends = (_MAY_END_IN_OBJECT, _ENDS_IN_OBJECT) if first_key is not None else (_ENDS_IN_ARRAY, _ENDS_IN_ARRAY)
    first = _FIRST[text[start]].match(text, start + 1)
    if first and _ends(text, first.end(), may_end, first_key):
        return StringEnd(first.end() - 1, True)
    own, every = _MARKS[text[start]]
    inner = False  # a mark of the other form is open: “ ” within " ", and the other way round
    for found in _CANDIDATE[text[start]].finditer(text, start + 1):
        mark = found[0][-1]
        if found[2] and _starts_next(text, found.start(2), None if found[1] else first_key):
            return StringEnd(found.start(2), False)  # the next object begins: this string has no end
        if found[0][0] == "\\" or mark not in every:
            continue
        if mark not in own:
            was_inner, inner = inner, not inner and (mark in _OPENING or mark in every[0])
            if was_inner or mark in _OPENING:
                continue
        if _ends(text, found.end(), ends, first_key):
            return StringEnd(found.end() - 1, True, True)
    return StringEnd(len(text), False)


def is_cut(text: str, start: int) -> bool:
    """Whether the text ends within or right after the string whose opening mark is at `start`."""
    first = _FIRST[text[start]].match(text, start + 1)
    return first is None or _NOTHING.match(text, first.end()) is not None


def _ends(text: str, after: int, pattern: re.Pattern[str], first_key: str | None) -> bool:
    if pattern.match(text, after):
        return True
    return first_key is not None and _starts_next(text, after, first_key)


def _starts_next(text: str, at: int, first_key: str | None) -> bool:
    """Whether an object begins here, with this first key if there is one."""
    found = _MEMBER_AFTER_BRACE.match(text, at)
    return found is not None and first_key in (None, found[1][1:-1])


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
