"""Question-answer pairs about a passage: each answer a sentence of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generators.demo.questions import EXACT, GENERAL, QUOTED, Question, questions_of, quotes_of
from generators.demo.sentences import count_chars, cut_to, sentences_of, states_something
from validators.folding import to_folded

MORE_SENTENCES = 5  # looked at than pairs are wanted
SLIGHT_CHARS = 8
_ROUNDS = ((EXACT, False), (GENERAL, False), (EXACT, True), (QUOTED, False), (GENERAL, True), (QUOTED, True))

Pair = dict[str, str]


def pairs_of(
    passage: str, count: int, *, max_question_chars: int = 15, max_answer_chars: int = 300, known: str = ""
) -> list[Pair]:
    """At most `count` pairs in the order of the passage, from all over it; fewer where it has not so much to ask.

    Questions that stand in `known` are not written again.
    """
    sentences = sentences_of(passage)
    order = _spread(len(sentences), count)[: count + MORE_SENTENCES]
    taken: dict[str, tuple[int, Pair]] = {}
    used: set[int] = set()
    for place, question, again in _offered(sentences, order):
        if len(taken) == count:
            break
        key = to_folded(question.text)
        if (place in used and not again) or key in taken or question.text in known:
            continue
        answer = cut_to(question.answer or sentences[place], max_answer_chars)
        if len(key) <= max_question_chars and to_folded(answer) != key:
            taken[key] = (place, {"question": question.text, "answer": answer})
            used.add(place)
    return [pair for _, pair in sorted(taken.values(), key=lambda one: one[0])]


def _spread(length: int, count: int) -> list[int]:
    """All places, those first that lie evenly over the whole.

    >>> _spread(6, 3)
    [0, 2, 4, 1, 3, 5]
    """
    even = (place * length // count for place in range(min(length, count)))
    return list(dict.fromkeys([*even, *range(length)]))


def _offered(sentences: Sequence[str], order: Sequence[int]) -> Iterator[tuple[int, Question, bool]]:
    """Questions with the place of their sentence, the best first; whether a sentence may have one already."""
    about: dict[int, list[Question]] = {}
    for fit, again in _ROUNDS:
        for place in sorted(order, key=lambda one: _is_slight(sentences[one])) if fit == QUOTED else order:
            if fit == QUOTED:
                found = quotes_of(sentences[place])
            elif (asked := about.get(place)) is None:
                found = about[place] = questions_of(sentences[place])
            else:
                found = asked
            yield from ((place, one, again) for one in found if one.fit == fit)


def _is_slight(sentence: str) -> bool:
    """Whether there is little to ask about: a heading, a question, a few words."""
    return count_chars(sentence) < SLIGHT_CHARS or not states_something(sentence)
