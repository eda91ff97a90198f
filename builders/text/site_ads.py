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
from builders.text.ad_evidence import (
    AUTHOR_NOTE_KIND,
    clause_bounds,
    families_in,
    find_glued,
    find_watermarks,
    has_speaker,
    is_author_note,
    is_narration,
    is_story,
    is_vocabulary,
    judge,
)
from builders.text.ad_family import (
    BARE_ADDRESS_KIND,
    END_MARK_KIND,
    PLAIN_KINDS,
    SITE_NAME_KIND,
    SPOKEN_KINDS,
    Family,
    Reach,
)
from builders.text.ad_keys import ADDRESS, QUOTE, TITLE, find_candidates, make_key, make_plain

_OPENING, _CLOSING = r"（(【\[［〔〖{｛<＜", r"）)】\]］〕〗}｝>＞"
_INSIDE = f"[^{_OPENING}{_CLOSING}]"
_BRACKET = f"[{_OPENING}](?:{_INSIDE}|[{_OPENING}]{_INSIDE}{{0,100}}[{_CLOSING}]){{1,400}}[{_CLOSING}]"
_SENTENCE_END = r"(?:[。！？!?…]|\.{3,})+[”’」』）)】]*"
_OPEN_SPEECH = re.compile("[^“”]*”|[^「」]*」")  # speech that began on the line before
_SPEECH_END = re.compile('[。！？!?…—][”」』"’]$')
_DECORATION = r"★☆◆◇■□●○◎※▲△▼▽♀♂♠♥♣♦~～^*#＊＃_＿=＝|｜+＋<>＜＞«»⊥→←↑↓/／\\\-"
_DECORATION_BEFORE = re.compile(rf"[{_DECORATION}\s]*$")
_DECORATION_AFTER = re.compile(rf"[{_DECORATION}\s]*")
# （www.example.com） belongs to the story right behind a body that has a site.
_SITE_OWNER = re.compile(
    "(?:[站址页网社局店馆院所部报刊]|主页|博客|论坛|链接|域名|邮箱|公司|大学|学校|协会|中心|平台|软件|电视台|[a-z0-9：])$"
)
_FRAME = re.compile(r"\s*[—－–]+\s*[—－–]*[。！!]?\s*")  # of dashes: ——求月票！——
_SITE_NAME = re.compile("t?xt.{1,16}|(?:小说|书|文学|中文).{1,4}|.{1,6}(?:小说|中文|文学)网?")  # behind its address
# 弹幕里一片哀嚎：求加更！
_REPORTED_BEGGING = re.compile(r"[^\W\d_a-z]{2}[：:]\s*跪?求")
_BLANKS = re.compile(r"\s*")
_BOXED = re.compile(r"\s*[『「《]([^『』「」《》。！？…]+)[』」》]\s*")
_MAX_WATERMARK_CHARS = 80
_MAX_NOTE_CHARS = 500
_MAX_SENTENCE_CHARS = 2000  # a longer one is no addition, and tables of numbers have no sentences at all
_MAX_DROPPED_CHARS = 2000  # a longer line loses its additions, never itself


class Cleaned(NamedTuple):
    """A text without additions, and every piece that was cut, with its family as `kind`."""

    text: str
    cuts: list[Note]


@dataclass(frozen=True, kw_only=True)
class SiteAds(Edit):
    """Cut what sites, uploaders and authors added to a novel; the pieces are left as notes."""

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
    for start, end, candidates in _candidate_lines(text):
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
        else:  # no line break of its own: the one before it parted nothing but this line
            kept = ["".join(kept).removesuffix("\n")]
            done = end
    return Cleaned("".join(kept) + text[done:], cuts)


def _candidate_lines(text: str) -> Iterator[tuple[int, int, list[int]]]:
    """Lines that hold a candidate: start, end, and the places of the candidates in the line."""
    positions = find_candidates(text)
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


def _clean_line(line: str, candidates: list[int]) -> tuple[str | None, list[Note]]:
    """The line without additions, `None` if nothing of it is left, and the pieces that were cut."""
    plain = make_plain(line)
    if kind := _judge_line(plain):
        return None, [Note(kind, line)]
    cuts = _find_cuts(plain, candidates)
    if not cuts and (kind := _judge_sentences(plain)):
        return None, [Note(kind, line)]
    if not cuts:
        return line, []
    if _nothing_left(plain, cuts):
        return None, [Note(cuts[0].kind, line)]
    pieces = [line[start:end] for start, end in _between(cuts, len(line))]
    return "".join(pieces), [Note(kind, line[start:end]) for start, end, kind in cuts]


def _judge_line(plain: str) -> str | None:
    """The kind of a line that is one addition, marks and all: `www.a.com。书！海`, `『加入书签，方便阅读』`."""
    if len(plain) > _MAX_WATERMARK_CHARS:
        return None
    boxed = _BOXED.fullmatch(plain)
    key = make_key(plain, boxed.span(1) if boxed else (0, len(plain))).text
    if not boxed and not key.startswith("@"):
        return None
    family = judge(key, Reach.LINE)
    if family and boxed and family.reach is not Reach.CLAUSE and family.kind != END_MARK_KIND and "@" not in key:
        return None  # that might be somebody's words
    return family.kind if family else None


def _judge_sentences(plain: str) -> str | None:
    """The kind of a line of several sentences that prove nothing one by one: `章节缺失？点击反馈`."""
    if len(plain) > _MAX_WATERMARK_CHARS:
        return None
    family = judge(make_key(plain, (0, len(plain))).text, Reach.LINE)
    return family.kind if family and not _is_told(plain, 0, len(plain), family) else None


def _find_cuts(plain: str, candidates: list[int]) -> list[_Cut]:
    """The additions in a line, in order, none overlapping another."""
    sentences, brackets = _split(plain)
    hit = [span for span in brackets if _holds(candidates, *span)]
    cuts = [_widened(plain, *span, kind) for span in hit if (kind := _judge_bracket(plain, *span))]
    # An address in brackets may yet belong to the words around it: 书海阁（www.example.com）
    outside = _between([cut for cut in cuts if cut.kind != BARE_ADDRESS_KIND], len(plain))
    story_speaks = False  # after a sentence that speaks of votes, 求月票！ is more of the same
    after_cut = len(plain)  # where the last sentence that went as a whole ended
    for start, end in sentences:
        if end - start > _MAX_SENTENCE_CHARS:
            continue
        if not _holds(candidates, start, end):
            if start == _after_blanks(plain, after_cut) and _goes_on(plain, start, end):
                cuts.append(_widened(plain, start, end, cuts[-1].kind))
                after_cut = end
            else:
                story_speaks = story_speaks or _REPORTED_BEGGING.search(plain, start, end) is not None
            continue
        key = make_key(plain, *_within(outside, start, end))
        if not key.text:  # marks behind a bracket that goes
            cuts.append(_widened(plain, start, end, cuts[-1].kind))
            continue
        reach = Reach.LINE if len(sentences) == 1 else Reach.SENTENCE
        if found := _cuts_in_sentence(plain, start, end, key.text, reach, story_speaks):
            cuts += found
            after_cut = end if found[-1].end >= end else after_cut
        else:
            story_speaks = story_speaks or (bool(families_in(key.text)) and judge(key.text, Reach.LINE) is None)
    return _merged(plain, cuts)


def _cuts_in_sentence(plain: str, start: int, end: int, key: str, reach: Reach, story_speaks: bool) -> list[_Cut]:
    """All of the sentence, or what is glued to it, or the addresses inside it."""
    if is_author_note(plain[start:end], key):
        return [_widened(plain, start, _note_end(plain, end), AUTHOR_NOTE_KIND)]
    family = judge(key, reach)
    if family and _is_told(plain, start, end, family):
        return []
    glued = _cut_glued(plain, start, end)
    if glued and (family is None or is_story(make_key(plain, (start, glued.start)).text)):
        return [glued]
    if family and (family.reach is Reach.CLAUSE or not story_speaks):
        return [_widened(plain, start, end, family.kind)]
    marks = find_watermarks(plain, make_key(plain, (start, end)))
    return [_widened(plain, *mark, BARE_ADDRESS_KIND) for mark in marks]


def _is_told(plain: str, start: int, end: int, family: Family) -> bool:
    """Whether it is the story that says so: `编辑回复：求月票！`, `下一章。`."""
    if family.reach is Reach.LINE and family.kind in PLAIN_KINDS and plain[end - 1] == "。":
        return True
    return family.reach is not Reach.CLAUSE and family.kind in SPOKEN_KINDS and has_speaker(plain, start, end)


def _split(plain: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Sentences and brackets. Speech is a sentence if it ends like one; nothing ends inside quotes and brackets."""
    sentences: list[tuple[int, int]] = []
    brackets: list[tuple[int, int]] = []
    start = _after_blanks(plain, 0)
    if speech := _OPEN_SPEECH.match(plain):
        start = speech.end()
        sentences.append((0, start))
        start = _after_blanks(plain, start)
    for mark in _marks().finditer(plain, start):
        if mark.lastgroup == "bracket":
            brackets.append(mark.span())
        if mark.lastgroup == "quote":
            brackets += _sites_in_quote(plain, *mark.span())
        if mark.lastgroup == "end" or (mark.lastgroup == "quote" and _SPEECH_END.search(mark[0])):
            sentences.append((start, mark.end()))
            start = _after_blanks(plain, mark.end())
    if start < len(plain):
        sentences.append((start, len(plain)))
    return sentences, brackets


def _sites_in_quote(plain: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Brackets that name a site where somebody speaks; an address alone may be what is spoken of."""
    for bracket in re.compile(_BRACKET).finditer(plain, start, end):
        key = make_key(plain, (bracket.start() + 1, bracket.end() - 1)).text
        if "@" in key and (key != "@" or bracket[0][0] not in "（("):
            yield bracket.span()


@functools.cache
def _marks() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<address>{ADDRESS})|(?P<quote>{QUOTE})|(?P<title>{TITLE})|(?P<bracket>{_BRACKET})|(?P<end>{_SENTENCE_END})"
    )


def _after_blanks(plain: str, start: int) -> int:
    blanks = _BLANKS.match(plain, start)
    return blanks.end() if blanks else start


def _holds(candidates: list[int], start: int, end: int) -> bool:
    index = bisect_left(candidates, start)
    return index < len(candidates) and candidates[index] < end


def _judge_bracket(plain: str, start: int, end: int) -> str | None:
    key = make_key(plain, (start + 1, end - 1)).text
    if is_author_note(plain[start + 1 : end - 1], key):
        return AUTHOR_NOTE_KIND
    if key == "@" and _SITE_OWNER.search(plain, max(0, start - 4), start):
        return None
    family = judge(key, Reach.LINE)
    if family is None or (family.kind == SITE_NAME_KIND and plain[start] in "（("):
        return None  # a site named in round brackets explains the words before it
    return family.kind


def _goes_on(plain: str, start: int, end: int) -> bool:
    """Words that only go on with the addition before them: `无广告！`, `谢谢大家！`."""
    key = make_key(plain, (start, end)).text
    return bool(key) and "。" not in plain[start:end] and is_vocabulary(key)


def _note_end(plain: str, sentence_end: int) -> int:
    """A note of the author runs to the end of the line, unless the story seems to go on there."""
    if len(plain) - sentence_end > _MAX_NOTE_CHARS or is_narration(make_key(plain, (sentence_end, len(plain))).text):
        return sentence_end
    return len(plain)


def _cut_glued(plain: str, start: int, end: int) -> _Cut | None:
    """Where to cut an addition out of a sentence, so that the story keeps its marks."""
    key = make_key(plain, (start, end))
    span = find_glued(plain, key)
    if span is None:
        return None
    first, last, kind = span
    at_mark = first in clause_bounds(plain, key)
    if last < len(key.text):
        return _widened(plain, key.starts[first], key.starts[last] if at_mark else key.ends[last - 1], kind)
    if first == 0:
        return _widened(plain, start, end, kind)
    return _widened(plain, key.ends[first - 1] if at_mark else key.starts[first], key.ends[-1], kind)


def _widened(plain: str, start: int, end: int, kind: str) -> _Cut:
    """Take the decorations around an addition, too, but not the indent of the line."""
    after = _DECORATION_AFTER.match(plain, end)
    end = after.end() if after else end
    before = _DECORATION_BEFORE.search(plain, max(0, start - 40), start)
    if before and (before[0].strip() or end == len(plain)):
        start = before.start() or _after_blanks(plain, 0)
    return _Cut(start, end, kind)


def _merged(plain: str, cuts: list[_Cut]) -> list[_Cut]:
    """Cuts that touch become one, which is then widened as a whole."""
    merged: list[_Cut] = []
    for cut in sorted(cuts):
        if merged and cut.start <= merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(cut.end, merged[-1].end))
        else:
            merged.append(cut)
    return [_widened(plain, *cut) for cut in merged]


def _between(cuts: list[_Cut], length: int) -> list[tuple[int, int]]:
    """What the cuts leave."""
    ends = [0, *(cut.end for cut in cuts)]
    starts = [*(cut.start for cut in cuts), length]
    return list(zip(ends, starts, strict=True))


def _within(spans: list[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of the spans between start and end."""
    index = bisect_left(spans, start, key=lambda span: span[1])
    while index < len(spans) and spans[index][0] < end:
        yield max(start, spans[index][0]), min(end, spans[index][1])
        index += 1


def _nothing_left(plain: str, cuts: list[_Cut]) -> bool:
    """Whether what the cuts leave is no sentence of a story: decorations, or a word among the additions."""
    if len(plain) > _MAX_DROPPED_CHARS:
        return False
    spans = _between(cuts, len(plain))
    key = make_key(plain, *spans).text
    if judge(key, Reach.LINE):
        return True
    if cuts[0].kind == BARE_ADDRESS_KIND and not plain[: cuts[0].start].strip() and _SITE_NAME.fullmatch(key):
        return True
    outside = "".join(plain[start:end] for start, end in spans)
    if _FRAME.fullmatch(outside) and not plain[cuts[-1].end :].strip("—－– "):
        return True
    if re.search("[…。“”「」『』—]", outside):
        return False
    if is_vocabulary(key):
        return True
    surrounded = not plain[: cuts[0].start].strip() and not plain[cuts[-1].end :].strip()
    return surrounded and not is_narration(key) and len(key) * 5 <= len(make_key(plain, (0, len(plain))).text) * 2
