"""Questions that a sentence answers, by rules: a subject, a verb of a table, and the question that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from generators.demo.question_rules import (
    ADVERBS,
    BECAUSE,
    BRACKETS,
    LEAD,
    MEASURE,
    NO_PERSON,
    NO_START,
    NUMBER,
    PARTICLE,
    PERSON,
    POINTING,
    SAYS,
    SUPPOSED,
    THEREFORE,
    TITLE,
    VAGUE,
    VERBS,
    YEAR,
)
from generators.demo.sentences import clauses_of, count_chars, states_something
from generators.demo.words import NOUN, PLACE, VERB, kind_of, tag_of, words_of

EXACT, GENERAL, QUOTED = 3, 2, 1  # how well a question fits its sentence
LOOK_CHARS = 16  # of a clause: subject and verb stand in front
LOOK_CLAUSES = 3
MAX_SUBJECT_CHARS = 10
MIN_QUOTED_CHARS, MAX_QUOTED_CHARS = 3, 9
MAX_EFFECT_CHARS = 12
MAX_PARTS = 3  # of a clause, quoted one after the other
_SUBJECT = re.compile(r"^(?:VN?D|[ML]{1,2}D|N+LD)?M{0,3}N+L?(?:[DC]M?(?:N+|V(?=[AV]))){0,2}")  # letters: kinds of words
_AFTER = "AVP"  # kinds of words that may follow a subject
_QUOTATION_MARKS = dict.fromkeys(map(ord, "“”‘’「」『』\"'"))
_OPEN = "DCAP"  # kinds of words that something follows


@dataclass(frozen=True, slots=True)
class Question:
    """`answer` is there where less than the whole sentence answers."""

    text: str
    fit: int
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause that begins with its subject; `words` are those after it, without adverbs in front."""

    subject: str
    is_person: bool
    words: Sequence[str]
    rest: str

    def has_word_end(self, place: int) -> bool:
        """Whether a word of `rest` ends there: 指 is not the verb of 指使."""
        return place in accumulate(map(len, self.words)) or self.rest[place : place + 1] in tuple("约达近")


def questions_of(sentence: str) -> list[Question]:
    """Questions about the subjects of a sentence, the best first; none where it states nothing."""
    clauses = clauses_of(BRACKETS.sub("", sentence))
    if not clauses or not states_something(sentence):
        return []
    found = [Question(text, EXACT) for text in _reasons(clauses)]
    for place, text in enumerate(clauses[:LOOK_CLAUSES]):
        if clause := parse(text):
            found += _about(clause, clauses[place + 1 :])
    if year := YEAR.match(clauses[0]):
        found.append(Question(f"{year[1]}发生了什么？", EXACT))
    return sorted(found, key=lambda one: -one.fit)


def _reasons(clauses: Sequence[str]) -> Iterator[str]:
    """`因为A，B` and `A，因此B`: why B?"""
    for cause, effect in pairwise(clauses):
        therefore = THEREFORE.match(effect)
        if BECAUSE.match(cause) or (therefore and len(therefore[0]) > 1):
            effect = THEREFORE.sub("", effect)
            clause = parse(effect)
            if clause and clause.rest and count_chars(effect) <= MAX_EFFECT_CHARS and not POINTING.search(effect):
                yield f"为什么{effect}？"


def parse(text: str) -> Clause | None:
    """The subject of a clause and what follows it, or None where none can be made out."""
    if SUPPOSED.match(text) or POINTING.match(text):
        return None
    text = LEAD.sub("", YEAR.sub("", text, count=1))
    words = _words(text)
    kinds = "".join(map(kind_of, words))
    found = _SUBJECT.match(kinds)
    if not found:
        return None
    end = found.end()
    subject = "".join(words[:end])
    is_cut_off = end == len(words) and len(text) > len(subject)
    if is_cut_off or not 2 <= len(subject) <= MAX_SUBJECT_CHARS or not _is_subject(words[:end], subject):
        return None
    rest = text[len(subject) :]
    if rest and not _may_follow(words[end]) and not _is_measured(subject, rest):
        return None
    while end < len(words) and ADVERBS.fullmatch(words[end]):
        rest, end = rest[len(words[end]) :], end + 1
    is_named = tag_of(words[found.end() - 1]) == "nr" and not NO_PERSON.search(subject)
    return Clause(subject, is_named or bool(PERSON.search(subject)), words[end:], rest)


def _words(text: str) -> tuple[str, ...]:
    """The words at the beginning of a clause; a title in front is one."""
    title = found[0] if (found := TITLE.match(text)) else ""
    return ((title,) if title else ()) + words_of(text[len(title) : len(title) + LOOK_CHARS])


def _may_follow(word: str) -> bool:
    """Whether a word may stand right after a subject; if not, the subject goes on and was not understood."""
    return kind_of(word) in _AFTER or tag_of(word)[:1] in ("a", "z", "t")


def _is_subject(words: Sequence[str], subject: str) -> bool:
    if words[0] in NO_START or (len(words) > 1 and tag_of(words[0]) == "vn"):  # 优化参数 is no noun
        return False
    if kind_of(words[0]) == VERB and not PERSON.search(subject) and tag_of(words[-1]) != "nr":
        return False
    if (
        kind_of(words[-1]) not in (NOUN, VERB, PLACE)
        or VAGUE.fullmatch(words[-1])
        or VAGUE.fullmatch(subject)
        or POINTING.search(subject)
    ):
        return False
    return not any(PARTICLE.search(word) and not tag_of(word) for word in words)  # two words that were taken for one


def _is_measured(subject: str, rest: str) -> bool:
    return bool(MEASURE.search(subject) and NUMBER.match(rest))


def _about(clause: Clause, later: Sequence[str]) -> list[Question]:
    """Questions about the subject of a clause, which the `later` clauses go on about."""
    if later and SAYS.match(clause.rest):
        return [Question(f"{clause.subject}说了什么？", EXACT)]
    exact = _exact(clause)
    found = [Question(exact, EXACT)] if exact else []
    general = f"{clause.subject}{'做了什么' if clause.is_person else '怎么样'}？"
    return [*found, *_told_later(clause, later)] or [Question(general, GENERAL)]


def _exact(clause: Clause) -> str:
    """The question that the verb of a clause or a figure answers, or nothing."""
    subject, words = clause.subject, clause.words
    if _is_measured(subject, clause.rest):
        return f"{subject}是多少？"
    if by_verb := _by_verb(clause):
        return by_verb
    is_done = (
        len(words) > 2 and tag_of(words[0]) == "v" and words[1] in ("了", "着", "过") and kind_of(words[2]) in "NM"
    )
    return f"{subject}{words[0]}{words[1]}什么？" if is_done else ""


def _told_later(clause: Clause, later: Sequence[str]) -> list[Question]:
    """`长江，全长…，是…，发源于…`: a question for each clause, up to one with a subject of its own."""
    told = []
    for text in later:
        asked = ""
        if text.startswith("是") or any(pattern.match(text) for pattern, _ in VERBS):  # words cost more than patterns
            asked = _by_verb(Clause(clause.subject, clause.is_person, words_of(text[:LOOK_CHARS]), text))
        if asked:
            told.append(Question(asked, EXACT, "" if POINTING.search(text) else f"{clause.subject}{text}。"))
        elif (other := parse(text)) and other.rest:
            break
    return told


def _by_verb(clause: Clause) -> str:
    """The question that the table has for the verb of a clause, or nothing."""
    if clause.words and clause.words[0] == "是":
        return f"{clause.subject}是{'谁' if clause.is_person else '什么'}？"
    for pattern, question in VERBS:
        found = pattern.match(clause.rest)
        if found and clause.has_word_end(found.end(1)):
            return (
                question.replace("V", found[1]).replace("W", found[found.lastindex or 1]).replace("S", clause.subject)
            )
    return ""


def quotes_of(sentence: str) -> list[Question]:
    """The last resort, for any sentence: what about a part of it, as short as a question has to be?"""
    heads = []
    for text in clauses_of(BRACKETS.sub("", sentence))[:LOOK_CLAUSES]:
        text = (LEAD.sub("", text) or text).translate(_QUOTATION_MARKS).strip(" 。！？!?…")
        parts = [text] if count_chars(text) <= MAX_QUOTED_CHARS else _parts(text)
        for place, part in enumerate(parts):
            if count_chars(part) >= MIN_QUOTED_CHARS:
                shown = part if text.endswith(part) else f"{part}……"
                heads.append((place, POINTING.search(part) is not None, len(part) < len(text), shown))
    heads.sort(key=lambda one: one[:3])  # whole clauses without pronouns first
    return [Question(f"“{shown}”是怎么回事？", QUOTED) for *_, shown in heads]


def _parts(text: str) -> list[str]:
    """The first runs of words that fit into a question; none ends with a word that asks for another."""
    parts: list[list[str]] = [[]]
    for word in words_of(text[: MAX_PARTS * (MAX_QUOTED_CHARS + 1)]):
        if count_chars("".join(parts[-1]) + word) > MAX_QUOTED_CHARS:
            parts.append([])
        parts[-1].append(word[:MAX_QUOTED_CHARS])
    for part in parts:
        while len(part) > 2 and (kind_of(part[-1]) in _OPEN or part[-1] in "是有了"):
            part.pop()
    return ["".join(part).strip() for part in parts[:MAX_PARTS]]
