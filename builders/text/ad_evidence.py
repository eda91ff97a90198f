"""Is a sentence an addition to the story? The evidence: phrases, the words around them, and what is left over."""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from typing import NamedTuple

import ahocorasick_rs

from builders.text.ad_family import Family, Reach
from builders.text.ad_keys import Key, phrase_matcher, phrases
from builders.text.ad_patterns import FAMILIES
from builders.text.ad_words import AUTHOR_NOTE, NARRATION, PAST, REPORTING, VOCABULARY, WEB_WORDS

AUTHOR_NOTE_KIND = "author note"
_MAX_CHARS = 600  # no addition is longer than this
_LEFT_OVER_SHARE = {Reach.CLAUSE: 0.3, Reach.SENTENCE: 0.2, Reach.LINE: 0.0}
_SURE_CHARS, _SURE_CHARS_WITH_ADDRESS = 12, 7  # so long is an addition that no mark parts from the story
_NAME_CHARS = 8  # what may follow the phrase up to the end of its clause: the name of a site or a book
_FULL_ADDRESS = r"h ?t ?t ?p|w ?w ?w\W|w ?w ?w点|wap\W|m[ \u3000]*[.．]"
_OWNED_AFTER = r"[ \u3000]?(?:[是的这那上里中和与、有叫为]|[”』」》）)])"  # what a story says of an address
_OWNED_BEFORE = r"(?:[了过起叫及与：:]|名为|关于|一个)[ \u3000]*$"
_ABOUT_AUTHORS = r"\W*作者(?:的话|有话要?说|君|按)[^：:】）)\s]"  # a note has a mark there
_SPEAKER = r"[（(【\[]?([\u4e00-\u9fff ]{2,12})[：:]"
_CLAUSE_MARK = re.compile(r"[，,；;：:、|｜。！？!?…—～~\u3000()（）【】\[\]《]|  ")


def is_author_note(piece: str, key: str) -> bool:
    """Whether a piece of plain text with this key is what an author tells the readers."""
    return _pattern(AUTHOR_NOTE).match(key) is not None and _pattern(_ABOUT_AUTHORS).match(piece) is None


def judge(key: str, reach: Reach) -> Family | None:
    """What a whole sentence, bracket or line is an addition of; `None` if it may be part of the story."""
    families = [family for family in families_in(key) if family.reach <= reach]
    if not families:
        return None
    covered = _covered(key, families)
    rest = "".join(" " if known else character for character, known in zip(key, covered, strict=True))
    if is_narration(rest):
        return None
    left_over = len(re.sub("[a-z]{3,}", "aa", "".join(rest.split())))
    if left_over and families[0].reach is not Reach.CLAUSE and _pattern(PAST).search(key):
        return None
    for family in families:
        if left_over <= max(family.spare, _LEFT_OVER_SHARE[family.reach] * len(key)):
            return family
    return None


def has_speaker(plain: str, start: int, end: int) -> bool:
    """Whether somebody says what follows: `编辑回复：`, but not `温馨提示：`."""
    speaker = _pattern(_SPEAKER).match(plain, start, end)
    return speaker is not None and not is_vocabulary("".join(speaker[1].split()))


def families_in(key: str) -> list[Family]:
    """The families with a phrase in the key and all that they require, in the order of their table."""
    if len(key) > _MAX_CHARS:
        return []
    found = {index for index, _, _ in phrase_matcher().find_matches_as_indexes(key, overlapping=True)}
    numbers = sorted({number for index in found for number in _families_of_phrases()[index]})
    return [FAMILIES[number] for number in numbers if _pattern(FAMILIES[number].requires).search(key)]


def is_narration(key: str) -> bool:
    """Whether some words are such as only a story says."""
    return _pattern(NARRATION).search(key) is not None


def is_vocabulary(key: str) -> bool:
    """Whether every character belongs to a word that additions are made of."""
    return all(_covered(key, []))


def is_story(key: str) -> bool:
    """Whether the words before an unmistakable addition are more than a name and the vocabulary."""
    left_over = _covered(key, []).count(0)
    return left_over > max(4, len(key) // 2)


class Span(NamedTuple):
    """A stretch of a key that is an addition."""

    first: int
    last: int
    kind: str


def find_glued(plain: str, key: Key) -> Span | None:
    """An unmistakable addition at either end of a sentence of the story, up to the nearest marks.

    Inside the sentence, or without a mark between story and addition, it has to be long or to hold an address.
    """
    families = [family for family in families_in(key.text) if family.reach is Reach.CLAUSE]
    if not families:
        return None
    covered = _covered(key.text, families)
    bounds = clause_bounds(plain, key)
    places = [
        match.span()
        for family in families
        if (match := _pattern(family.template or _one_of(family.phrases).pattern).search(key.text))
    ]
    start, end = min(places)
    first = _first_glued(key.text, start, bounds, covered)
    last = _last_glued(key.text, end, bounds, covered)
    piece = key.text[first:last]
    at_an_end = first == 0 or last == len(key.text)
    sure = len(piece) >= (_SURE_CHARS_WITH_ADDRESS if "@" in piece else _SURE_CHARS)
    if not (at_an_end and (first in bounds or sure)) and not (sure and "@" in piece):
        return None
    if "“" in piece or _is_reported(plain, key, first, first in bounds):
        return None
    return Span(first, last, families[0].kind)


def find_watermarks(plain: str, key: Key) -> list[tuple[int, int]]:
    """Full addresses that stand in a Chinese sentence of the story without belonging to it, as places in the text."""
    if "@" not in key.text or _pattern(WEB_WORDS).search(key.text):
        return []
    found = []
    for index, character in enumerate(key.text):
        start, end = key.starts[index], key.ends[index]
        if character != "@" or not _pattern(_FULL_ADDRESS).match(plain, start, end):
            continue
        before, after = key.text[:index], key.text[index + 1 : index + 5]
        is_topic = not before and plain[end : end + 1] in "，,"
        owned = _pattern(_OWNED_AFTER).match(plain, end) or _pattern(_OWNED_BEFORE).search(plain[:start])
        beside_han = not (before[-4:] + after).isascii()
        if beside_han and not is_topic and not owned and not _pattern(REPORTING).search(before):
            found.append((start, end))
    return found


def clause_bounds(plain: str, key: Key) -> list[int]:
    """Where clauses begin in a key, and its end."""
    inner = (
        i
        for i in range(1, len(key.text))
        if "“" in key.text[i - 1 : i + 1] or _CLAUSE_MARK.search(plain, key.ends[i - 1], key.starts[i])
    )
    return [0, *inner, len(key.text)]


def _first_glued(key: str, at: int, bounds: list[int], covered: bytearray) -> int:
    """Go back over words that belong to the addition, then over whole clauses of such words."""
    if at not in bounds and (words := _words_before().search(key, max(0, at - 40), at)):
        at = words.start()
    index = bisect_left(bounds, at)
    while 0 < index < len(bounds) and bounds[index] == at and all(covered[bounds[index - 1] : at]):
        index -= 1
        at = bounds[index]
    return at


def _last_glued(key: str, at: int, bounds: list[int], covered: bytearray) -> int:
    """Go on to the end of the clause, then over clauses that consist of such words for the most part."""
    allowed = _NAME_CHARS
    in_first_clause = True
    for bound in bounds[bisect_left(bounds, at) :]:
        if covered[at:bound].count(0) > allowed or is_narration(key[at:bound]):
            break
        following = bounds[bisect_left(bounds, bound) + 1 :]
        allowed = (following[0] - bound) // 3 if following else 0
        at, in_first_clause = bound, False
    while in_first_clause and at < len(key) and covered[at]:
        at += 1
    return at


def _is_reported(plain: str, key: Key, first: int, starts_clause: bool) -> bool:
    """Whether the words before say that the addition stands on a screen, in a book or the like."""
    if first == 0:
        return False
    gap = plain[key.ends[first - 1] : key.starts[first]]
    return "：" in gap or ":" in gap or (not starts_clause and _pattern(REPORTING).search(key.text[:first]) is not None)


def _covered(key: str, families: list[Family]) -> bytearray:
    """One byte for each character of the key: 1 where a phrase of the families or a word of the vocabulary stands."""
    covered = bytearray(character in "@#/0123456789" for character in key)
    for _, start, end in _vocabulary_matcher().find_matches_as_indexes(key, overlapping=True):
        covered[start:end] = b"\1" * (end - start)
    for family in families:
        for match in _one_of(family.phrases).finditer(key):
            covered[match.start() : match.end()] = b"\1" * len(match[0])
        if family.template and (name := _pattern(family.template).search(key)):
            covered[name.start() : name.end()] = b"\1" * len(name[0])
    return covered


@functools.cache
def _families_of_phrases() -> list[list[int]]:
    """For each phrase the numbers of its families."""
    numbers: dict[str, list[int]] = {}
    for number, family in enumerate(FAMILIES):
        for phrase in family.phrases:
            numbers.setdefault(phrase, []).append(number)
    return [numbers[phrase] for phrase in phrases()]


@functools.cache
def _vocabulary_matcher() -> ahocorasick_rs.AhoCorasick:
    return ahocorasick_rs.AhoCorasick(VOCABULARY)


@functools.cache
def _words_before() -> re.Pattern[str]:
    """What an addition begins with, right before its phrase; particles (了, 的) rather end the story's sentence."""
    words = tuple(word for word in VOCABULARY if len(word) > 1 or word == "请")
    return re.compile(f"(?>{_one_of(words).pattern})++$")


@functools.cache
def _one_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word)))))


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """Compiled when it is needed first: all patterns together take longer than most texts."""
    return re.compile(pattern)
