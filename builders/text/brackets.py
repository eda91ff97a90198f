"""Brackets that have lost their content: removed when empty, repaired when something is left."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

_MARKS = "，、；：,;:"
_CLOSING = dict(zip("（(《[{【〔〈「『", ("）)", "）)", *"》]}】〕〉」』"), strict=True))
_OPENING = {closing: opening for opening, both in _CLOSING.items() for closing in both}  # ）and ) are ( here
_ROUND = "（("
_REMOVED = "（(《"  # the others only inside a round bracket
_TOKEN = re.compile(r"([（(《\[{【〔〈「『）)》\]}】〕〉」』])")
# What a text must hold to be worth a closer look. The class in front lets `re` skip everything else.
_SUSPICIOUS = re.compile(
    rf"[（(《\[{{【〔〈「『{_MARKS}](?:(?<=[（(《\[{{【〔〈「『])[\s{_MARKS}]*[）)》\]}}】〕〉」』]"
    rf"|(?<=[（(])\s*[{_MARKS}]|(?<=[{_MARKS}])\s*[）){_MARKS}])"
)
# Paragraphs are repaired one by one, since a bracket that is never closed must not reach the next.
_EMPTY_ACROSS = re.compile(
    rf"[（(](?=[\s{_MARKS}]*+[）)])[^\n）)]*\n\n[^）)]*[）)]|《(?=[\s{_MARKS}]*+》)[^\n》]*\n\n[^》]*》"
)
_NO_CONTENT = re.compile(rf"[\s{_MARKS}]*")
_BLANKS_AND_MARKS = f" \t\n\u3000\xa0{_MARKS}"
_DOUBLED = re.compile(rf"(?<![A-Za-z0-9_](?=::[A-Za-z0-9_]))[{_MARKS}](?:\s*[{_MARKS}])+")  # not in std::string
_NAME_BEFORE = re.compile(r"[A-Za-z0-9_]\Z")
_TEXT, _OPEN, _CLOSE = range(3)


def repair_brackets(text: str) -> str:
    """The text without empty brackets; marks at the ends of a filled round bracket go, and doubled ones in it.

    Round brackets and 《》 are empty with nothing but blanks, marks and empty brackets in them. A call such as `f()`
    stays, and so do `[]` and `{}` outside of round brackets. One pass with a stack, so the time is linear.

    >>> repair_brackets("北京（，；京）是首都（、），print()也好。")
    '北京（京）是首都，print()也好。'
    """
    if not _SUSPICIOUS.search(text):
        return text
    paragraphs = _EMPTY_ACROSS.sub("", text).split("\n\n")
    return "\n\n".join([_repair(text) if _SUSPICIOUS.search(text) else text for text in paragraphs])


@dataclass(slots=True)
class _Paragraph:
    """What has been read of a paragraph, piece by piece, and the brackets that are open in it."""

    out: list[str] = field(default_factory=list)
    roles: list[int] = field(default_factory=list)
    openers: list[int] = field(default_factory=list)  # where in `out` each open bracket stands
    filled: list[bool] = field(default_factory=lambda: [False])  # of the text, then of each open bracket
    open: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_CLOSING, 0))
    seam: bool = False  # something was just removed

    def add(self, piece: str, role: int = _TEXT) -> None:
        self.out.append(piece)
        self.roles.append(role)

    def text(self, piece: str) -> None:
        if self.seam and piece.startswith(" ") and self.out and self.out[-1].endswith(" "):
            piece = piece[1:]
        self.seam = False
        if piece:
            self.add(piece)
            if not _NO_CONTENT.fullmatch(piece):
                self.filled[-1] = True

    def opening(self, token: str) -> None:
        self.openers.append(len(self.out))
        self.filled.append(False)
        self.open[_family(token)] += 1
        self.add(token)

    def pop(self) -> tuple[int, bool]:
        opener = self.openers.pop()
        self.open[_family(self.out[opener])] -= 1
        return opener, self.filled.pop()

    def closing(self, token: str, is_closed_round: bool) -> None:
        """A closing bracket; `is_closed_round` tells that a round one that is open here will be closed, too."""
        family = _OPENING[token]
        if not self.open[_family(family)]:
            self.add(token)
            self.filled[-1] = True
            return
        while _family(self.out[self.openers[-1]]) != _family(family):  # never closed: it is text
            self.pop()
            self.filled[-1] = True
        opener, filled = self.pop()
        opening = self.out[opener]
        is_call = len(self.out) == opener + 1 and opening + token == "()" and opener > 0
        if is_call and _NAME_BEFORE.search(self.out[opener - 1]):
            filled = True
        elif not filled and (opening in _REMOVED or (self.open["("] and is_closed_round)):
            del self.out[opener:], self.roles[opener:]
            self.seam = True
            return
        elif filled and opening in _ROUND:
            self.roles[opener] = _OPEN
        self.add(token, _CLOSE if self.roles[opener] == _OPEN else _TEXT)
        self.filled[-1] = True


def _family(opening: str) -> str:
    return "(" if opening in _ROUND else opening


def _repair(text: str) -> str:
    pieces = _TOKEN.split(text)
    rounds_to_come = sum(piece in "）)" for piece in pieces[1::2])
    paragraph = _Paragraph()
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            if piece:
                paragraph.text(piece)
        elif piece in _CLOSING:
            paragraph.seam = False
            paragraph.opening(piece)
        else:
            rounds_to_come -= piece in "）)"
            paragraph.closing(piece, rounds_to_come > 0)
    return "".join(_without_stray_marks(paragraph.out, paragraph.roles))


def _without_stray_marks(pieces: list[str], roles: list[int]) -> list[str]:
    """The pieces; text in filled round brackets has no marks at its ends any more, and no doubled ones."""
    runs: list[tuple[int, str]] = []
    for role, run in groupby(zip(roles, pieces, strict=True), key=itemgetter(0)):
        texts = [piece for _, piece in run]
        runs += [(role, "".join(texts))] if role == _TEXT else [(role, text) for text in texts]
    depth = 0
    cleaned = []
    for place, (role, text) in enumerate(runs):
        if role != _TEXT:
            depth += 1 if role == _OPEN else -1
        elif depth:
            if runs[place - 1][0] == _OPEN:
                text = _without_marks(text, text.lstrip(_BLANKS_AND_MARKS), at_start=True)
            if runs[place + 1][0] == _CLOSE:
                text = _without_marks(text, text.rstrip(_BLANKS_AND_MARKS), at_start=False)
            text = _DOUBLED.sub(_one_mark, text)
        cleaned.append(text)
    return cleaned


def _without_marks(text: str, stripped: str, at_start: bool) -> str:
    """`stripped` if marks were stripped; blanks alone stay."""
    ends = text[: len(text) - len(stripped)] if at_start else text[len(stripped) :]
    return text if not ends or ends.isspace() else stripped


def _one_mark(match: re.Match[str]) -> str:
    """The first of several marks that is no colon, since a colon promises what is not there."""
    marks = "".join(match[0].split())
    return next((mark for mark in marks if mark not in "：:"), marks[0])


# Some words and a colon, and then nothing: what `（英语：{{lang|en|}}，…）` leaves.
_BARE_LABEL = re.compile(
    r"([（(，、；,;])[ \u3000]*[^（）()，、；：,;:。！？\n]{0,7}[\u4e00-\u9fff][：:](?=[ \u3000]*[，、；,;）)])"
)
_COLON_BEFORE_MARK = re.compile(r"[：:][ \u3000]*[，、；,;）)]")


def drop_bare_labels(text: str) -> str:
    """The text without labels that label nothing: （英语：，又称…） is （，又称…）."""
    return _BARE_LABEL.sub(r"\1", text) if _COLON_BEFORE_MARK.search(text) else text
