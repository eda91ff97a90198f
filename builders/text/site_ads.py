"""Cut what novel sites, uploaders and authors add to a text, and leave the story byte for byte.

    老张推开门。一秒记住书海阁www.example.com！        ->  老张推开门。
    上一章 | 目录 | 下一章 | 加入书签                   ->  (the line goes)
    “求月票？”他合上电脑，打开了www.example.com。       ->  stays

One pass over the folded text finds the lines that hold a phrase of `ad_patterns`; only those are read
sentence by sentence. A sentence goes if it consists of such phrases and the words that usually surround them.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from builders.document import Document, Note
from builders.steps import Edit
from builders.text.ad_keys import (
    ADDRESS,
    QUOTE,
    TITLE,
    Key,
    find_candidates,
    make_key,
    make_plain,
    phrase_matcher,
    phrases,
)
from builders.text.ad_patterns import AUTHOR_NOTE, FAMILIES, NARRATION, REPORTING, VOCABULARY, Family, Reach

_OPENING, _CLOSING = "（(【\\[［〔〖{｛<＜", "）)】\\]］〕〗}｝>＞"
_INSIDE = f"[^{_OPENING}{_CLOSING}]"
_BRACKET = f"[{_OPENING}](?:{_INSIDE}|[{_OPENING}]{_INSIDE}{{0,100}}[{_CLOSING}]){{1,400}}[{_CLOSING}]"
_SENTENCE_END = r"(?:[。！？!?…]|\.{3,})+[”’」』）)】]*"
_MARKS = re.compile(
    rf"(?P<address>{ADDRESS})|(?P<quote>{QUOTE})|(?P<title>{TITLE})|(?P<bracket>{_BRACKET})|(?P<end>{_SENTENCE_END})"
)
_OPEN_SPEECH = re.compile("[^“”]*”|[^「」]*」")  # the speech began on the line before
_SPEECH_END = re.compile('[。！？!?…—][”」』"’]$')
_CLAUSE_MARK = re.compile(r"[，,；;：:、|｜。！？!?…—～~\u3000(（【\[《]|  ")
_DECORATION = r"★☆◆◇■□●○◎※▲△▼▽♀♂♠♥♣♦~～^*#＊＃_＿=＝|｜+＋<>＜＞⊥→←↑↓/／\\\-"
_DECORATION_BEFORE = re.compile(rf"[{_DECORATION}\s]*$")
_DECORATION_AFTER = re.compile(rf"[{_DECORATION}\s]*")
# Bodies that have a site: （www.example.com） right behind one of these belongs to the story.
_SITE_BEFORE_BRACKET = re.compile(
    "(?:[站址页网社局店馆院所部报刊]|主页|博客|论坛|链接|域名|邮箱|公司|大学|学校|协会|中心|平台|软件|电视台|[a-z0-9：])$"
)
_WATERMARK_CHARS = 80
_SURE, _SURE_WITH_ADDRESS = 12, 7  # so long is an addition that no mark parts from the story


class Cleaned(NamedTuple):
    """A text without additions, and every piece that was cut: `kind` is its family."""

    text: str
    cuts: list[Note]


@dataclass(frozen=True, kw_only=True)
class SiteAds(Edit):
    """Cut the lines and phrases that sites, uploaders and authors added; the cuts are left as notes."""

    version: ClassVar[int] = 1

    def __call__(self, document: Document) -> Document:
        document.text, cuts = clean_lines(document.text)
        document.notes.extend(cuts)
        return document


def clean_lines(text: str) -> Cleaned:
    """The text without what sites, uploaders and authors added; a line that goes takes its line break with it."""
    kept: list[str] = []
    cuts: list[Note] = []
    done = 0
    for start, end, candidates in _candidate_lines(text, find_candidates(text)):
        line, notes = _clean_line(text[start:end], candidates)
        if not notes:
            continue
        cuts += notes
        kept.append(text[done:start])
        if line is not None:
            kept.append(line)
            done = end
        elif end < len(text):
            done = end + 1
        else:  # no line break of its own: the one before it separated nothing but this line
            kept = ["".join(kept).removesuffix("\n")]
            done = end
    return Cleaned("".join(kept) + text[done:], cuts)


def _candidate_lines(text: str, positions: list[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Lines that hold a candidate: start, end, and the places of the candidates in the line."""
    index = 0
    while index < len(positions):
        start = text.rfind("\n", 0, positions[index]) + 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        after = bisect_left(positions, end, index)
        yield start, end, [position - start for position in positions[index:after]]
        index = after


class _Cut(NamedTuple):
    start: int
    end: int
    kind: str


class _Parts(NamedTuple):
    """A line in its plain form, with the spans of its sentences and of the brackets in them."""

    plain: str
    sentences: list[tuple[int, int]]
    brackets: list[tuple[int, int]]


def _clean_line(line: str, candidates: list[int]) -> tuple[str | None, list[Note]]:
    """The line without additions, `None` if nothing of it is left, and the pieces that were cut."""
    plain = make_plain(line)
    if kind := _judge_line(plain):
        return None, [Note(kind, line)]
    parts = _split(plain)
    cuts = _find_cuts(parts, candidates)
    if not cuts:
        return line, []
    if _nothing_left(parts, cuts):
        return None, [Note(cuts[0].kind, line)]
    kept: list[str] = []
    notes: list[Note] = []
    done = 0
    for start, end, kind in cuts:
        kept.append(line[done:start])
        notes.append(Note(kind, line[start:end]))
        done = end
    return "".join(kept) + line[done:], notes


def _split(plain: str) -> _Parts:
    """Sentences end at their marks and after speech that ends with one; nothing ends inside quotes, brackets, addresses."""
    sentences: list[tuple[int, int]] = []
    brackets: list[tuple[int, int]] = []
    start = 0
    speech = _OPEN_SPEECH.match(plain)
    if speech:
        start = speech.end()
        sentences.append((0, start))
    for mark in _MARKS.finditer(plain, start):
        if mark.lastgroup == "bracket":
            brackets.append(mark.span())
        if mark.lastgroup == "end" or (mark.lastgroup == "quote" and _SPEECH_END.search(mark[0])):
            sentences.append((start, mark.end()))
            start = mark.end()
    if plain[start:].strip() or not sentences:
        sentences.append((start, len(plain)))
    return _Parts(plain, sentences, brackets)


def _find_cuts(parts: _Parts, candidates: list[int]) -> list[_Cut]:
    """The additions in a line, in order, none inside another."""
    plain = parts.plain
    cuts = [
        _widened(plain, *bracket, kind)
        for bracket in parts.brackets
        if _holds(candidates, bracket) and (kind := _judge_bracket(plain, *bracket))
    ]
    without = [(cut.start, cut.end) for cut in cuts]
    whole_line = len(parts.sentences) == 1
    reported = False  # a sentence that speaks of votes makes those after it part of what is said
    after_cut = -1  # where the last sentence that went as a whole ended
    for start, end in parts.sentences:
        if not _holds(candidates, (start, end)):
            if start == after_cut and _is_vocabulary(plain, start, end):
                cuts.append(_widened(plain, start, end, cuts[-1].kind))
                after_cut = end
            continue
        nearby = [span for span in without if start <= span[0] < end]
        key = make_key(plain, start, end, nearby)
        if re.match(AUTHOR_NOTE, key.text):
            return _merged([*cuts, _widened(plain, start, len(plain), "author note")])
        family = _judge(key.text, Reach.LINE if whole_line else Reach.SENTENCE)
        if family and (family.reach is Reach.CLAUSE or not reported):
            cuts.append(_widened(plain, start, end, family.kind))
            after_cut = end
        elif glued := _glued(plain, key, end):
            cuts.append(glued)
        elif _families_in(key.text):
            reported = True
    return _merged(cuts)


def _is_vocabulary(plain: str, start: int, end: int) -> bool:
    """Words that only go on with an addition: `无广告！`, `谢谢大家！`."""
    key = make_key(plain, start, end).text
    return bool(key) and "。" not in plain[start:end] and not _vocabulary().sub("", key)


def _holds(candidates: list[int], span: tuple[int, int]) -> bool:
    index = bisect_left(candidates, span[0])
    return index < len(candidates) and candidates[index] < span[1]


def _judge_bracket(plain: str, start: int, end: int) -> str | None:
    key = make_key(plain, start + 1, end - 1).text
    if re.match(AUTHOR_NOTE, key):
        return "author note"
    if key == "@" and _SITE_BEFORE_BRACKET.search(plain, max(0, start - 4), start):
        return None  # the address belongs to the site that was just named
    family = _judge(key, Reach.LINE)
    if family is None or (family.kind == "site name" and plain[start] in "（("):
        return None  # a site named in round brackets explains the words before it
    return family.kind


def _judge_line(plain: str) -> str | None:
    """The kind of a line that is one addition whatever marks stand in it: `www.a.com。书。海。阁`, `『加入书签，方便阅读』`."""
    if len(plain) > _WATERMARK_CHARS:
        return None
    boxed = re.fullmatch(r"\s*『([^『』。！？…]+)』\s*", plain)
    key = make_key(plain, *(boxed.span(1) if boxed else (0, len(plain)))).text
    if not boxed and not key.startswith("@"):
        return None
    family = _judge(key, Reach.CLAUSE if boxed else Reach.LINE)
    return family.kind if family else None


def _judge(key: str, reach: Reach) -> Family | None:
    """What a whole sentence, bracket or line is an addition of; `None` if it may be part of the story."""
    families = [family for family in _families_in(key) if family.reach <= reach]
    if not families:
        return None
    covered = _covered(key, families)
    rest = "".join(" " if known else character for character, known in zip(key, covered, strict=True))
    if _narration().search(rest):
        return None
    left_over = covered.count(0)
    for family in families:
        share = {Reach.CLAUSE: 0.3, Reach.SENTENCE: 0.2, Reach.LINE: 0.0}[family.reach]
        if left_over <= max(family.spare, share * len(key)):
            return family
    return None


def _families_in(key: str) -> list[Family]:
    """The families with a phrase in the key and all that they require, in the order of the table."""
    found = {index for index, _, _ in phrase_matcher().find_matches_as_indexes(key, overlapping=True)}
    numbers = sorted({number for index in found for number in _families_of_phrases()[index]})
    return [FAMILIES[number] for number in numbers if re.search(FAMILIES[number].requires, key)]


@functools.cache
def _families_of_phrases() -> list[list[int]]:
    return [[number for number, family in enumerate(FAMILIES) if phrase in family.phrases] for phrase in phrases()]


def _covered(key: str, families: list[Family]) -> bytearray:
    """One byte for each character of the key: 1 where a phrase or a word of the vocabulary stands."""
    covered = bytearray(len(key))
    for pattern in (*map(_phrase_pattern, families), _vocabulary()):
        for match in pattern.finditer(key):
            covered[match.start() : match.end()] = b"\1" * len(match[0])
    return covered


@functools.cache
def _phrase_pattern(family: Family) -> re.Pattern[str]:
    return _one_of(family.phrases)


@functools.cache
def _vocabulary() -> re.Pattern[str]:
    return re.compile(_one_of(VOCABULARY).pattern + "|[@#/]|[0-9]{1,12}")


@functools.cache
def _narration() -> re.Pattern[str]:
    return re.compile(NARRATION)


def _one_of(words: tuple[str, ...] | list[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))))


@functools.cache
def _words_before() -> re.Pattern[str]:
    """What an addition begins with, right before its phrase; particles (了, 的) rather end the story's sentence."""
    words = [word for word in VOCABULARY if len(word) > 1 or word == "请"]
    return re.compile(f"(?:{_one_of(words).pattern})+$")


def _glued(plain: str, key: Key, sentence_end: int) -> _Cut | None:
    """An unmistakable addition at either end of a sentence of the story, up to the nearest marks."""
    families = [family for family in _families_in(key.text) if family.reach is Reach.CLAUSE]
    if not families:
        return None
    covered = _covered(key.text, families)
    bounds = [
        0,
        *(i for i in range(1, len(key.text)) if _CLAUSE_MARK.search(plain, key.ends[i - 1], key.starts[i])),
        len(key.text),
    ]
    phrase = min((m for f in families if (m := _phrase_pattern(f).search(key.text))), key=lambda match: match.start())
    first = _first_glued(key.text, phrase.start(), bounds, covered)
    last = _last_glued(key.text, phrase.end(), bounds, covered)
    piece = key.text[first:last]
    starts_clause = first in bounds
    at_an_end = first == 0 or last == len(key.text)
    if "“" in piece or _is_reported(plain, key, first, bounds):
        return None
    if not (starts_clause and at_an_end) and len(piece) < (_SURE_WITH_ADDRESS if "@" in piece else _SURE):
        return None
    if not at_an_end and "@" not in piece:
        return None
    start = key.ends[first - 1] if first and starts_clause else key.starts[first]
    if last < len(key.text):
        end = key.starts[last] if starts_clause else key.ends[last - 1]
        start = key.starts[first] if starts_clause else start
    else:
        end = sentence_end if first == 0 else key.ends[-1]
    return _widened(plain, start, end, families[0].kind)


def _first_glued(key: str, at: int, bounds: list[int], covered: bytearray) -> int:
    """Go back over words that belong to the addition, then over whole clauses of such words."""
    if at not in bounds and (words := _words_before().search(key, max(0, at - 40), at)):
        at = words.start()
    index = bisect_left(bounds, at)
    while index > 0 and bounds[index] == at and all(covered[bounds[index - 1] : at]):
        index -= 1
        at = bounds[index]
    return at


def _last_glued(key: str, at: int, bounds: list[int], covered: bytearray) -> int:
    """Go on to the end of the clause, then over clauses that consist of such words for the most part."""
    first = True
    for bound in bounds[bisect_left(bounds, at) :]:
        left_over = covered[at:bound].count(0)
        allowed = 8 if first else (bound - at) // 3
        if left_over > allowed or NARRATION and _narration().search(key, at, bound):
            break
        at, first = bound, False
    while first and at < len(key) and covered[at]:
        at += 1
    return at


def _is_reported(plain: str, key: Key, first: int, bounds: list[int]) -> bool:
    """Whether the words before say that the addition stands on a screen, in a book or the like."""
    if first == 0:
        return False
    gap = plain[key.ends[first - 1] : key.starts[first]]
    return bool(re.search("[：:]", gap)) or (first not in bounds and bool(re.search(REPORTING, key.text[:first][-10:])))


def _widened(plain: str, start: int, end: int, kind: str) -> _Cut:
    """Take the decorations around an addition, too, but not the indent of the line."""
    after = _DECORATION_AFTER.match(plain, end)
    end = after.end() if after else end
    before = _DECORATION_BEFORE.search(plain, max(0, start - 40), start)
    if before and (before.start() > 0 or before[0].strip()):
        start = before.start() if end == len(plain) or before[0].strip() else start
    return _Cut(start, end, kind)


def _merged(cuts: list[_Cut]) -> list[_Cut]:
    merged: list[_Cut] = []
    for cut in sorted(cuts):
        if merged and cut.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(cut.end, merged[-1].end))
        else:
            merged.append(cut)
    return merged


def _nothing_left(parts: _Parts, cuts: list[_Cut]) -> bool:
    """Whether what the cuts leave is no sentence of a story: decorations, or a word among the additions."""
    spans = [(cut.start, cut.end) for cut in cuts]
    rest = make_key(parts.plain, 0, len(parts.plain), spans)
    outside = "".join(
        parts.plain[a:b]
        for a, b in zip(
            [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(parts.plain)], strict=True
        )
    )
    if not rest.text:
        return not re.search("[…“”「」『』—。]", outside)
    if _narration().search(rest.text) or re.search("[…。]", outside):
        return False
    if not _vocabulary().sub("", rest.text):
        return True
    whole = len(make_key(parts.plain, 0, len(parts.plain)).text)
    surrounded = not parts.plain[: spans[0][0]].strip() and not parts.plain[spans[-1][1] :].strip()
    return surrounded and len(rest.text) * 5 <= whole * 2
