"""Is a question-answer pair of a model good? The rules that look at characters, numbers and a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from validators.folding import count_characters, is_mark, to_folded, to_plain
from validators.numerals import find_numerals, list_markers
from validators.passages import Passage, latin_words, prepare
from validators.pronouns import find_pronoun
from validators.step import Verdict

__all__ = ["CHECKS", "Passage", "check_pairs", "prepare"]

CHECKS = (
    "empty",
    "too_long_question",
    "too_long_answer",
    "pronoun_question",
    "ungrounded_answer",
    "duplicate_question",
    "same_as_question",
    "illegal_character",
)
"""The names of the verdicts, in the order in which they are given."""

# Control characters but line feed and tab; U+FFFD; halves of surrogate pairs, which no file can hold.
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_MIN_SHARE = 0.5  # of the answer in pieces of the passage
_QUOTED_CHARS = 20  # of an earlier question, or of a number, that a reason quotes
_NAMED_AT_MOST = 5  # numbers or words


def check_pairs(
    passage: str | Passage,
    pairs: Sequence[tuple[str, str]],
    max_question_chars: int,
    max_answer_chars: int,
    earlier: Iterable[str] = (),
) -> list[list[Verdict]]:
    """All that is wrong with each pair of question and answer about a passage, in sentences for the model.

    Lengths are characters without punctuation and white space. `earlier` are questions that were accepted before.

    >>> [found] = check_pairs("长江全长6300公里。", [("它多长？", "6397公里。")], 15, 300)
    >>> [verdict.check for verdict in found]
    ['pronoun_question', 'ungrounded_answer']
    """
    prepared = prepare(passage)
    asked = {to_folded(question): question for question in earlier}
    verdicts = []
    for question, answer in pairs:
        blank = [name for name, text in (("问题", question), ("答案", answer)) if _is_empty(text)]
        if blank:
            verdicts.append([Verdict("empty", f"{'和'.join(blank)}是空的")])
        else:
            found = _lengths(question, answer, max_question_chars, max_answer_chars)
            verdicts.append(found + _contents(prepared, question, answer, asked))
        if folded := to_folded(question):
            asked.setdefault(folded, question)
    return verdicts


def _is_empty(text: str) -> bool:
    return all(is_mark(character) for character in text)


def _lengths(question: str, answer: str, max_question_chars: int, max_answer_chars: int) -> list[Verdict]:
    found = []
    for check, name, text, limit in (
        ("too_long_question", "问题", question, max_question_chars),
        ("too_long_answer", "答案", answer, max_answer_chars),
    ):
        if len(text) > limit and (count := count_characters(text)) > limit:
            found.append(Verdict(check, f"{name}有 {count} 个字，最多 {limit} 个字"))
    return found


def _contents(passage: Passage, question: str, answer: str, asked: dict[str, str]) -> list[Verdict]:
    found = []
    if pronoun := find_pronoun(question):
        found.append(Verdict("pronoun_question", f"问题里的“{pronoun}”离开原文看不懂，请写出所指的名称"))
    if why := _ungrounded(passage, question, answer):
        found.append(Verdict("ungrounded_answer", why))
    folded_question = to_folded(question)
    if folded_question in asked:
        found.append(
            Verdict("duplicate_question", f"与前面的问题“{asked[folded_question][:_QUOTED_CHARS]}”重复，请换一个问题")
        )
    if folded_question == to_folded(answer):
        found.append(Verdict("same_as_question", "答案只是重复了问题，没有回答"))
    for name, text in (("问题", question), ("答案", answer)):
        if illegal := _ILLEGAL.search(text):
            found.append(Verdict("illegal_character", f"{name}里有非法字符 U+{ord(illegal[0]):04X}"))
            break
    return found


def _ungrounded(passage: Passage, question: str, answer: str) -> str | None:
    """Why an answer does not come from the passage, or `None`."""
    plain, plain_question = to_plain(answer), to_plain(question)
    for kind, find in (("数字 ", _unknown_numbers), ("", _unknown_words)):
        if unknown := find(passage, plain_question, plain):
            shown = "、".join(one[:_QUOTED_CHARS] for one in unknown[:_NAMED_AT_MOST])
            return f"答案里的{kind or ' '}{shown} 在原文中没有"
    share = _share_from(passage, to_folded(answer))
    if (
        share < _MIN_SHARE
        and (share := max(share, _share_from(passage, to_folded(passage.respell_numbers(plain))))) < _MIN_SHARE
    ):
        return f"答案只有 {share:.0%} 的字句出自原文，请用原文的说法回答"
    return None


def _unknown_numbers(passage: Passage, question: str, answer: str) -> list[str]:
    numerals = [numeral for numeral in find_numerals(answer) if numeral.is_certain]
    unknown = [numeral for numeral in numerals if passage.values.isdisjoint(numeral.values)]
    if not unknown:
        return []
    asked = {value for numeral in find_numerals(question) for value in numeral.values}
    markers = list_markers(answer)
    left = [one.text for one in unknown if asked.isdisjoint(one.values) and one.start not in markers]
    return list(dict.fromkeys(left))


def _unknown_words(passage: Passage, question: str, answer: str) -> list[str]:
    groups = latin_words(answer)
    if not groups:
        return []
    known = passage.latin_words | {word for group in latin_words(question) for word in group}
    unknown = []
    for *parts, last in groups:
        if last not in known:  # the word as a whole, or its only part
            unknown += [part for part in parts or [last] if part not in known]
    return list(dict.fromkeys(unknown))


def _share_from(passage: Passage, folded: str) -> float:
    """The share of a folded answer that lies in pieces of two and more characters of the passage."""
    covered = 0
    end = 0  # up to here the answer has been counted
    for start in range(len(folded) - 1):
        if folded[start : start + 2] in passage.folded:
            covered += start + 2 - max(start, end)
            end = start + 2
    return covered / len(folded) if folded else 0.0
