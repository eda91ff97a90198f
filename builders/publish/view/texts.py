"""Texts as they are read: what was looked for marked, two texts beside each other with what differs."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from builders.publish.page import Html, element, join

Spans = Sequence[tuple[int, int]]
WHOLE_CHARS = 20_000  # of a text that are shown at first
COMPARED_CHARS = 60_000  # of two texts
EFFORT = 3_000_000  # pairs of equal sentences and characters looked at to tell two texts apart: about a second
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

    Sentences are compared first, characters only within those that differ, so that long texts take no long time. Where
    so much is repeated that it would, all from the first difference to the last counts as one.
    """
    old, new = (_SENTENCE.findall(text[:COMPARED_CHARS]) for text in (before, after))
    left: list[object] = []
    right: list[object] = []
    effort = _effort(old, new)
    for what, a, b, c, d in _changes(old, new, effort <= EFFORT):
        one, other = "".join(old[a:b]), "".join(new[c:d])
        effort += _effort(one, other) if what == "replace" else 0
        closely = what == "replace" and effort <= EFFORT
        for kind, e, f, g, h in _changes(one, other, True) if closely else [(what, 0, len(one), 0, len(other))]:
            left.append(one[e:f] if kind == "equal" else _marked("del", one[e:f]))
            right.append(other[g:h] if kind == "equal" else _marked("ins", other[g:h]))
    return join(left), join(right)


def _marked(name: str, text: str) -> Html | None:
    return element(name, text.replace("\n", "↵\n")) if text else None


def _effort(old: Sequence[str], new: Sequence[str]) -> int:
    """How many pairs of equal pieces there are, which is what finding the longest common run takes."""
    counts = Counter(new)
    return sum(counts[piece] for piece in old)


def _changes(old: Sequence[str], new: Sequence[str], closely: bool) -> Sequence[tuple[str, int, int, int, int]]:
    if closely:
        return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    least = min(len(old), len(new))
    head = next((n for n in range(least) if old[n] != new[n]), least)
    tail = next((n for n in range(least - head) if old[-1 - n] != new[-1 - n]), least - head)
    middle = (head, len(old) - tail, head, len(new) - tail)
    ends = ("equal", len(old) - tail, len(old), len(new) - tail, len(new))
    return [("equal", 0, head, 0, head), ("replace", *middle), ends]


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
