"""Texts as they are read: what was looked for marked, two texts beside each other with what differs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from builders.publish.page import Html, differences, element, join

Spans = Sequence[tuple[int, int]]
WHOLE_CHARS = 20_000  # of a text that are shown at first
COMPARED_CHARS = 60_000  # of two texts
CLOSELY_CHARS = 1_500  # of two places whose characters are compared one by one
QUOTED_CHARS = 60  # of what two texts have in common that are shown before and after a difference
_SENTENCE = re.compile(r"[^。！？；\n]*(?:[。！？；][”’」』）]*|\n|$)")
_MARKED = re.compile(r"\[-(.*?)-\]|\{\+(.*?)\+\}", re.DOTALL)


def marked(text: str, spans: Spans, start: int = 0) -> Html:
    """A text, or what stands from `start` on in one, with the spans marked; they are in order and do not overlap."""
    pieces: list[object] = []
    last = 0
    for begin, end in spans:
        begin, end = max(0, begin - start), min(len(text), end - start)
        if begin < last or end <= begin:
            continue
        pieces += [text[last:begin], element("mark", text[begin:end])]
        last = end
    return join([*pieces, text[last:]])


def reading(text: str, spans: Spans = (), *, whole: bool = True) -> Html:
    """A text to be read; what was cut can be asked for."""
    if whole or len(text) <= WHOLE_CHARS:
        return element("div", marked(text, spans), class_="reading", lang="zh", tabindex=0)
    rest = f"show all {len(text):,} characters"
    return join(
        [
            element("div", marked(text[:WHOLE_CHARS], spans), "…", class_="reading", lang="zh", tabindex=0),
            element("button", rest, class_="siku-link", data_whole=1, type="button"),
        ]
    )


def spans_of(text: str, pieces: Iterable[str]) -> list[tuple[int, int]]:
    """Where these pieces stand, one after the other."""
    spans: list[tuple[int, int]] = []
    at = 0
    for piece in pieces:
        begin = text.find(piece, at)
        if begin < 0 or not piece:
            break
        at = begin + len(piece)
        spans.append((begin, at))
    return spans


def every(text: str, words: str, most: int = 200) -> list[tuple[int, int]]:
    """Every place of some words."""
    return spans_of(text, [words] * min(most, text.count(words))) if words else []


def beside(before: str, after: str) -> tuple[Html, Html]:
    """Two whole texts with what differs marked: `del` in the first, `ins` in the second.

    Sentences are compared first, characters only within those that differ, so that long texts take no long time.
    """
    old, new = (_SENTENCE.findall(text[:COMPARED_CHARS]) for text in (before, after))
    left: list[Html] = []
    right: list[Html] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        one, other = "".join(old[a:b]), "".join(new[c:d])
        if what == "equal":
            left.append(join([one]))
            right.append(join([other]))
        elif one and other and max(len(one), len(other)) <= CLOSELY_CHARS:
            closely = differences(one, other)
            left.append(closely[0])
            right.append(closely[1])
        else:
            left.append(element("del", one) if one else Html(""))
            right.append(element("ins", other) if other else Html(""))
    return join(left), join(right)


def changed_line(line: str) -> Html:
    """A line of `life.changed_lines`, its [-…-] and {+…+} as marks."""
    pieces: list[object] = []
    last = 0
    for found in _MARKED.finditer(line):
        pieces.append(line[last : found.start()])
        cut, added = found.groups()
        pieces.append(element("del", cut) if cut is not None else element("ins", added or ""))
        last = found.end()
    return element("div", *pieces, line[last:], class_="change", lang="zh")
