"""Does the passage say what an answer says? Names, yes and no, numbers and units, found by laying one beside the other.

Each clause of the answer is aligned with the sentences of the passage that are most like it (validators/alignment.py). What
stands in the gaps between equal pieces is judged (validators/differences.py): another number, a lost 不, another name. A
paraphrase has gaps, too, so only what cannot be one is refused; where any sentence bears the clause out, nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from validators import names
from validators.alignment import BAR, align
from validators.differences import Difference, find_faults
from validators.folding import to_folded, to_plain
from validators.passages import Passage, prepare
from validators.step import Verdict
from validators.units import check_units

CHECKS = ("wrong_name", "wrong_negation", "wrong_number", "wrong_unit", "unsupported_part")
"""The names of the verdicts."""

_MIN_SHARE = 0.4  # of a clause in equal pieces: below it, the sentence is about something else
_AS_GOOD = 0.8  # of the best sentence's equal pieces: such a sentence may bear the clause out, too
_MIN_PAIR_SHARE = 0.7  # of two clauses
_MAX_SENTENCES = 3
_MIN_CLAUSE = 4  # characters, with the bars at both ends
_MIN_INVENTED = 8  # characters in a row
_MAX_INVENTED_SHARE = 0.25
_WORD_RUN = re.compile(r"[^,。!?;:、…\n()]{8,}")
_MIN_ADDED = 3  # pairs of characters that a neighbouring sentence must add to a span
_TITLE = re.compile("《([^《》]+)》")
_DIRECTION = re.compile("([东南西北])[向往到至]([东南西北])")
_CHANGE = re.compile(r"[由从]([^|]{1,6}?)[升降变改增减提扩缩转](?:为|至|到|成)([^|]{1,6})(?=\|)")
_COMPARISON = re.compile(r"\|([^|]{1,8}?)[又更还也要]?比([^|]{2,12})(?=\|)")


def check_grounding(passage: str | Passage, question: str, answer: str) -> list[Verdict]:
    """What an answer says otherwise than the passage; beyond the contract of `check_pairs`, so with names of its own.

    >>> [str(one) for one in check_grounding("帝企鹅不会飞，但善于潜水。", "帝企鹅会飞吗？", "帝企鹅会飞。")]
    ['wrong_negation: 原文是“不会飞”，答案与原文的肯定或否定相反']
    """
    prepared = prepare(passage)
    plain, plain_question = to_plain(answer), to_plain(question)
    found = [*_unknown_names(prepared, plain_question, plain), *check_units(prepared.plain, plain, prepared.units)]
    for sentence in prepared.alphabet.skeleton(plain).split("\n"):
        found += _turned_round(prepared, sentence)
        found += _check_sentence(prepared, plain_question, sentence)
    found += _unsupported_parts(prepared, plain_question, plain)
    return list({verdict.check: verdict for verdict in reversed(found)}.values())[::-1]


def _unknown_names(passage: Passage, question: str, answer: str) -> Iterator[Verdict]:
    """Titles and well-known places that neither the passage nor the question names."""
    for title in _TITLE.findall(answer):
        if title not in passage.plain and title not in question:
            yield Verdict("wrong_name", f"原文没有提到《{title}》")
    for place in names.places_in(answer):
        if place not in passage.plain and place not in question and not names.is_abbreviated(place, passage.plain):
            yield Verdict("wrong_name", f"原文没有提到“{place}”")


def _turned_round(passage: Passage, sentence: str) -> Iterator[Verdict]:
    """Directions and comparisons that the passage has the other way round: 自北向南, 甲比乙高."""
    text = passage.skeleton
    for match in _DIRECTION.finditer(sentence):
        turned = match[2] + match[0][1] + match[1]
        if match[0] not in text and turned in text:
            yield Verdict("wrong_name", f"答案里的“{match[0]}”，原文是“{turned}”")
    for match in _CHANGE.finditer(sentence):
        if any((other[1], other[2]) == (match[2], match[1]) for other in _CHANGE.finditer(text)):
            yield Verdict("wrong_name", f"答案里的“{match[0]}”，与原文的方向相反")
    for match in _COMPARISON.finditer(sentence):
        for other in _COMPARISON.finditer(text):
            quality = match[2].removeprefix(other[1])
            if quality != match[2] and other[2] == match[1] + quality:
                yield Verdict("wrong_name", f"答案里的“{match[0].strip(BAR)}”，原文是“{other[0].strip(BAR)}”")


def _check_sentence(passage: Passage, question: str, sentence: str) -> list[Verdict]:
    """The clauses of a sentence, each by itself; then each with the next, for what only both together get wrong."""
    clauses = [f"{BAR}{clause}{BAR}" for clause in sentence.strip(BAR).split(BAR)]
    for clause in clauses:
        if found := _check_clause(passage, question, clause, _MIN_SHARE):
            return found
    for one, other in zip(clauses, clauses[1:], strict=False):
        if found := _check_clause(passage, question, one + other[1:], _MIN_PAIR_SHARE):
            return found
    return []


def _check_clause(passage: Passage, question: str, clause: str, min_share: float) -> list[Verdict]:
    """What the sentence most like a clause says otherwise, if no other sentence bears the clause out."""
    if len(clause) < _MIN_CLAUSE or clause in passage.skeleton:
        return []
    nearest, *others = [*_sentences_like(passage, clause), ""]
    best, gaps = align(clause, nearest)
    if best < min_share * len(clause):
        return []
    faults = find_faults([Difference(passage, question, clause, gap) for gap in gaps])
    for sentence in others if faults else ():
        matched, gaps = align(clause, sentence)
        differences = [Difference(passage, question, clause, gap) for gap in gaps]
        if matched >= _AS_GOOD * best and _bears_out(passage, faults, differences):
            return []
    return [verdict for _, verdict in faults]


def _bears_out(passage: Passage, faults: list[tuple[Difference, Verdict]], others: list[Difference]) -> bool:
    """Does another sentence have what was a fault, without faults and gaps of its own?"""
    if find_faults(others):
        return False
    for other in others:
        start, end = other.span
        if any(start <= fault.span[1] and fault.span[0] <= end and start < end for fault, _ in faults):
            return False
        if len(other.here) > 1 and names.FUNCTION.isdisjoint(other.here) and other.here in passage.skeleton:
            return False  # said of something else
    return True


def _sentences_like(passage: Passage, clause: str) -> list[str]:
    """The sentences that share most pairs of characters with a clause, rare ones counting more."""
    sentences = passage.sentence_skeletons
    shared = [0.0] * len(sentences)
    for start in range(len(clause) - 1):
        pair = clause[start : start + 2]
        places = [place for place, sentence in enumerate(sentences) if pair in sentence]
        for place in places:
            shared[place] += 1 / len(places)
    order = sorted(range(len(shared)), key=shared.__getitem__, reverse=True)[:_MAX_SENTENCES]
    return [sentences[place] for place in order if shared[place]]


def _unsupported_parts(passage: Passage, question: str, answer: str) -> Iterator[Verdict]:
    """Clauses of which next to nothing is in the passage or the question: 此外还有土壤酸碱度和施肥的多少."""
    if _WORD_RUN.search(answer) is None:
        return
    known = passage.pairs_of_characters
    asked = to_folded(question)
    for part in _WORD_RUN.findall(passage.respell_numbers(answer)):
        clause = to_folded(part)
        held = [clause[at : at + 2] in known or clause[at : at + 2] in asked for at in range(len(clause) - 1)]
        covered = "".join(
            "#" if here or before else "." for here, before in zip([*held, False], [False, *held], strict=True)
        )
        longest = max(map(len, covered.split("#")))
        if longest >= _MIN_INVENTED and covered.count("#") < _MAX_INVENTED_SHARE * len(clause):
            yield Verdict("unsupported_part", f"原文没有说“{part}”")


def supporting_span(passage: str | Passage, answer: str) -> tuple[int, int] | None:
    """Where the passage supports an answer: the span of the sentence with most of it, widened to neighbours that add to it.

    In code points of the passage; `None` where no sentence shares two characters in a row with the answer.
    """
    prepared = prepare(passage)
    folded = to_folded(prepared.respell_numbers(to_plain(answer)))
    wanted = {folded[start : start + 2] for start in range(len(folded) - 1)}
    held = [_pairs_in(prepared, span) & wanted for span in prepared.sentences]
    if not any(held):
        return None
    first = last = max(range(len(held)), key=lambda place: len(held[place]))
    covered = set(held[first])
    while True:
        beside = [place for place in (first - 1, last + 1) if 0 <= place < len(held)]
        best = max(beside, key=lambda place: len(held[place] - covered), default=None)
        if best is None or len(held[best] - covered) < _MIN_ADDED:
            return prepared.sentences[first][0], prepared.sentences[last][1]
        first, last = min(first, best), max(last, best)
        covered |= held[best]


def _pairs_in(passage: Passage, span: tuple[int, int]) -> set[str]:
    folded = to_folded(passage.plain[slice(*span)])
    return {folded[start : start + 2] for start in range(len(folded) - 1)}
