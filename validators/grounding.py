"""Does the passage say what an answer says? Names, yes and no, numbers, units: the one is laid beside the other.

Each clause of the answer is aligned with the sentences of the passage that are most like it (alignment.py). What stands
in the gaps between equal pieces is judged: another number, a lost 不 (differences.py), another name (other_names.py).
A paraphrase has gaps, too, so only what cannot be one is refused; where any sentence bears the clause out, nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from validators import names
from validators.alignment import BAR, align
from validators.differences import Difference
from validators.folding import to_folded, to_plain
from validators.other_names import find_swapped, has_other_subject, is_from_another_clause, is_other_name
from validators.passages import Passage, prepare
from validators.polarity import NEGATOR, are_compared
from validators.step import Verdict
from validators.units import check_units

CHECKS = ("wrong_name", "wrong_negation", "wrong_number", "wrong_unit", "unsupported_part")
"""The names of the verdicts."""

_MIN_SHARE = 0.4  # of a clause in equal pieces: below it, the sentence is about something else
_AS_GOOD = 0.8  # of the best sentence's equal pieces: such a sentence may bear the clause out, too
_MIN_PAIR_SHARE = 0.7  # of two clauses
_ENOUGH_IN_CONTEXT = 0.5  # the same for the sentence that the answer as a whole is about
_MAX_SENTENCES = 3
_CLAUSE_CHARS = range(4, 201)  # with the bars at both ends; longer ones are no clauses
_SHOWN_CHARS = 30  # of an invented part, in a reason
_MIN_INVENTED = 8  # characters in a row
_MAX_INVENTED_SHARE = 0.25
_LONG_PART = re.compile(r"[^,。!?;:、…\n()]{8,}")
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
    context = _sentences_like(passage, sentence)[:1] if len(clauses) > 1 else []
    for clause in clauses:
        if found := _check_clause(passage, question, clause, _MIN_SHARE, context):
            return found
    for one, other in pairwise(clauses):
        if found := _check_clause(passage, question, one + other[1:], _MIN_PAIR_SHARE):
            return found
    return []


def _check_clause(
    passage: Passage, question: str, clause: str, min_share: float, context: Sequence[str] = ()
) -> list[Verdict]:
    """What the sentence most like a clause says otherwise, if no other sentence bears the clause out."""
    if len(clause) not in _CLAUSE_CHARS or clause in passage.skeleton:
        return []
    nearest, *others = [*_sentences_like(passage, clause), ""]
    best, differences = _compare(passage, question, clause, nearest)
    if best < min_share * len(clause):
        return []
    faults = _find_faults(differences)
    for sentence in (*others, *context) if faults else ():
        matched, differences = _compare(passage, question, clause, sentence)
        is_context = sentence in context
        needed = _ENOUGH_IN_CONTEXT if is_context else _AS_GOOD
        if matched >= needed * best and _bears_out(passage, faults, differences, is_context):
            return []
    return [verdict for _, verdict in faults]


def _compare(passage: Passage, question: str, clause: str, sentence: str) -> tuple[int, list[Difference]]:
    matched, gaps = align(clause, sentence)
    return matched, [Difference(passage, question, clause, gap) for gap in gaps]


def _bears_out(
    passage: Passage, faults: list[tuple[Difference, Verdict]], others: list[Difference], is_context: bool
) -> bool:
    """Does another sentence have what was a fault, without faults and gaps of its own?"""
    if _find_faults(others):
        return False
    for other in others:
        start, end = other.span
        if any(start <= fault.span[1] and fault.span[0] <= end and start < end for fault, _ in faults):
            return False
        if (
            not is_context
            and len(other.here) > 1
            and names.FUNCTION.isdisjoint(other.here)
            and other.here in passage.skeleton
        ):
            return False  # said of something else
    return True


def _find_faults(differences: list[Difference]) -> list[tuple[Difference, Verdict]]:
    """What is wrong in the gaps of one alignment, in order."""
    swapped = find_swapped(differences)
    if swapped and any(are_compared(one.here, one.there) for one in differences):  # A 高于 B is B 低于 A
        return []
    no_has_moved = any(one.denies() for one in differences) and any(NEGATOR.search(one.there) for one in differences)
    found = []
    for one in differences:
        if one.is_other_number():
            found.append((one, one.verdict("wrong_number")))
        elif one.is_other_unit():
            found.append((one, one.verdict("wrong_unit")))
        elif one.is_opposite():
            found.append((one, one.verdict("wrong_negation")))
        elif not no_has_moved and one.is_negated_otherwise():
            found.append((one, one.polarity_verdict()))
        elif one in swapped or is_other_name(one) or is_from_another_clause(one) or has_other_subject(one):
            found.append((one, one.verdict("wrong_name")))
    return found


def _sentences_like(passage: Passage, clause: str) -> list[str]:
    """The sentences that share most pairs of characters with a clause, rare ones counting more."""
    shared: dict[str, float] = {}
    for start in range(len(clause) - 1):
        pair = clause[start : start + 2]
        if pair in passage.skeleton:
            having = [sentence for sentence in passage.sentence_skeletons if pair in sentence]
            for sentence in having:
                shared[sentence] = shared.get(sentence, 0) + 1 / len(having)
    return sorted(shared, key=shared.__getitem__, reverse=True)[:_MAX_SENTENCES]


def _unsupported_parts(passage: Passage, question: str, answer: str) -> Iterator[Verdict]:
    """Clauses of which next to nothing is in the passage or the question: 此外还有土壤酸碱度和施肥的多少."""
    if _LONG_PART.search(answer) is None:
        return
    asked = to_folded(question)
    known = f"{passage.folded}\n{asked}"
    for part in _LONG_PART.findall(passage.respell_numbers(answer)):
        clause = to_folded(part)
        held = [False, *(clause[at : at + 2] in known for at in range(len(clause) - 1)), False]
        covered = "".join("#" if before or after else "." for before, after in pairwise(held))
        invented = max(map(len, covered.split("#")))
        if invented >= _MIN_INVENTED and covered.count("#") < _MAX_INVENTED_SHARE * len(clause):
            yield Verdict("unsupported_part", f"原文没有说“{part[:_SHOWN_CHARS]}”")


def supporting_span(passage: str | Passage, answer: str) -> tuple[int, int] | None:
    """Where the passage supports an answer: the sentence that has most of it, and neighbours that add to it.

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
