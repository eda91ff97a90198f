"""What a gap between two equal pieces means: another number, unit or name, a lost 不, or nothing that matters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from validators import names
from validators.alignment import BAR, Gap
from validators.passages import Passage
from validators.polarity import CONDITION, DENIAL, NEGATED, NEGATOR, are_compared, are_opposite
from validators.step import Verdict
from validators.units import PREFIXES, UNITS, same_unit

_MIN_CONTEXT = 4  # characters of equal pieces beside a gap, the ends of clauses included
_LONG_CONTEXT = 5
_MAX_NAME_CHARS = 8
_ROUGHLY = str.maketrans("", "", "多余来整")
_PARTICLES = str.maketrans("", "", "了过着")
_PREPOSITIONS = "在到自从由被"
_SHOWN_CHARS = 8  # of either side, in a reason
_WHO = re.compile("谁|哪位|什么人|何人")
_FOCUS = re.compile("谁|哪|什么|何(?!时|以|不同)")
_NO_FOCUS = re.compile("为什么|为何|怎么|怎样|如何|什么(?:影响|好处|反应|区别|不同)|是什么样")
_ASKED_NOUN = re.compile("(?:哪[些种个类位]?|什么)([\u4e00-\u9fff]{1,3})")


class Difference:
    """A gap, judged: `here` is what the answer has, `there` what the passage has in the same clause."""

    def __init__(self, passage: Passage, question: str, clause: str, gap: Gap) -> None:
        self.passage, self.question, self.clause = passage, question, clause
        self.before, self.after = gap.before, gap.after
        self.span = (gap.start, gap.start + len(gap.answer))
        self.here = gap.answer.strip(BAR)
        self.gap_passage = gap.passage
        self.begins_clause = gap.answer.startswith(BAR)
        self.is_last = not gap.after.strip(BAR)
        takes_beginning = self.is_last and gap.before.strip(BAR)
        self.there = gap.passage.strip(BAR).split(BAR)[0 if takes_beginning else -1]
        if gap.passage.endswith(BAR) and not takes_beginning:
            self.there = ""  # the passage's clause begins with the piece after the gap
        is_anchored = self._trim()
        self.is_whole = is_anchored or BAR not in gap.passage.strip(BAR)
        self.follows = gap.follows.strip(BAR)
        self.context, self.context_after = gap.equal, gap.equal_after

    def _trim(self) -> bool:
        """Give what is equal at either end of both sides to the pieces around; was there something before?"""
        here, there = self.here, self.there
        while here and there and here[-1] == there[-1]:
            self.after, here, there = here[-1] + self.after, here[:-1], there[:-1]
        while here and there and here[0] == there[0]:
            self.before, here, there = self.before + here[0], here[1:], there[1:]
        shared = max((here.rfind(word) for word in _PREPOSITIONS if word in there), default=-1)
        if shared >= 0:  # 他在哈佛, 在宾夕法尼亚
            self.before, there = here[: shared + 1], there[there.rfind(here[shared]) + 1 :]
            here = here[shared + 1 :]
        is_anchored = self.here != here and not self.here.startswith(here)
        self.here, self.there = here, there
        return is_anchored

    def verdict(self, check: str) -> Verdict:
        """The reason in words: both sides with a little of what is around them."""
        spell = self.passage.alphabet.spell
        here = f"{self.before[-2:]}{self.here[:_SHOWN_CHARS]}{self.after[:2]}"
        there = f"{self.before[-2:] if self.is_whole else ''}{self.there[:_SHOWN_CHARS]}{self.after[:2]}"
        return Verdict(check, f"答案里的“{spell(here)}”，原文是“{spell(there)}”")

    def polarity_verdict(self) -> Verdict:
        there = self.passage.alphabet.spell(f"{self.there[-3:]}{self.after[:4]}")
        return Verdict("wrong_negation", f"原文是“{there}”，答案与原文的肯定或否定相反")

    def _value(self, character: str) -> object:
        return "半" if character == "半" else self.passage.alphabet.readings.get(character)

    def is_from_another_clause(self) -> bool:
        """Does what follows belong to a clause that is built alike: 东面归 | 四川管辖，西面归 | 云南管辖?"""
        before, there, after = self.before, self.gap_passage, self.after
        if self.here or BAR not in there or not before.strip(BAR) or there[-1] == BAR:
            return False
        while after[1:] and after[0] == there[0]:  # 东 | 面归四川，西 | 面归云南 is the same
            before, there, after = before + after[0], there[1:] + after[0], after[1:]
        tail = 0
        while tail < min(len(before), len(there)) - 1 and before[-1 - tail] == there[-1 - tail] != BAR:
            tail += 1
        subject = there[: len(there) - tail].rsplit(BAR, 1)[-1]
        if any(subject[at : at + 2] in self.clause for at in range(len(subject) - 1)):
            return False  # the answer names what that clause is about
        if self._value(there[0]) and self._value(after[0]) and len(before.strip(BAR)) > 1:
            return True  # 水深 | 40米，最深处 | 93米
        ends = before[-1 - tail], there[-1 - tail]
        return tail > 0 and BAR not in ends and (tail >= _MIN_CONTEXT or names.are_of_a_kind(*ends))

    def is_other_number(self) -> bool:
        """Numbers on both sides, none of them equal, each beside the same piece."""
        here, there = self.here, self.there
        if not here or not there or self.context < _MIN_CONTEXT - 1:
            return False
        if ("第" in here) != ("第" in there):
            return False
        if self._values(here).isdisjoint(self._values(there)) and self._have_one_measure():
            return True
        is_beside_after = not self.is_last and self._value(here[-1]) and self._value(there[-1])
        is_beside_before = self.before.strip(BAR) and self._value(here[0]) and self._value(there[0])
        if not is_beside_after and not (is_beside_before and self.is_whole | self.is_last):
            return False
        return self._values(here).isdisjoint(self._values(there))

    def _have_one_measure(self) -> bool:
        """Are there numbers before the same character on both sides: 十点半, 九点钟?"""
        here, there = (
            {side[place + 1] for place in range(len(side) - 1) if self._value(side[place])}
            for side in (self.here, self.there)
        )
        return not here.isdisjoint(there) and len(self.after) >= _LONG_CONTEXT and len(self.here) <= _LONG_CONTEXT

    def _values(self, side: str) -> set[object]:
        readings = self.passage.alphabet.readings
        values: set[object] = {value for character in side for value in readings.get(character, ())}
        return values | {"半"} if "半" in side else values

    def is_other_unit(self) -> bool:
        """Two units of one dimension (每分钟, 每小时), or a prefix too much or too little (千克, 克)."""
        if {self.here, self.there} & PREFIXES and "" in (self.here, self.there):
            return self.after[:1] in UNITS and self.context >= _MIN_CONTEXT
        for before in ("", self.before[-1:]):
            here, there = (before + side.translate(_ROUGHLY) for side in (self.here, self.there))
            if here in UNITS and there in UNITS and UNITS[here][0] == UNITS[there][0]:
                return not same_unit(here, there) and self.context >= _MIN_CONTEXT
        return False

    def is_opposite(self) -> bool:
        """Words of opposite meaning in the same place: 增长, 下降."""
        before, after = len(self.before.strip(BAR)), len(self.after.strip(BAR))
        if after >= _MIN_CONTEXT and are_opposite(self.here[-2:], self.there[-2:]):
            return True
        if before < 1 or (self.is_last and before < _MIN_CONTEXT) or self.context < _LONG_CONTEXT:
            return False
        if not self.is_whole and not self.is_last and (before < _MIN_CONTEXT or after < 3):
            return False
        return are_opposite(self.here, self.there)

    def is_negated_otherwise(self) -> bool:
        """A negator before the piece that follows, on one side only."""
        if not self.after.strip(BAR):
            return False
        if NEGATED.search(self.there):
            return self._has_lost_negation()
        return bool(NEGATED.search(self.here)) and self._has_gained_negation()

    def _has_lost_negation(self) -> bool:
        if self.denies() or CONDITION.search(self.there):
            return False
        if len(self.before.strip(BAR)) > 1 and self.is_whole:
            return self.before[-4:] + self.after[:2] not in self.passage.skeleton  # 有期限和无期限
        rest = self.clause[self.span[1] : self.span[1] + 4].translate(_PARTICLES)
        if rest[:2] != self.follows[:2]:
            return False
        return all(NEGATED.search(text) for text in self._texts_before(self.follows))

    def _has_gained_negation(self) -> bool:
        if self.begins_clause or len(self.before.strip(BAR)) < 2:
            return False
        if NEGATOR.search(self.there) or DENIAL.search(self.there):
            return False
        if not self.there and len(self.before) >= _MIN_CONTEXT:
            return self.before[-4:] + self.here + self.after[:2] not in self.passage.skeleton
        return not any(NEGATED.search(text) for text in self._texts_before(self.after.strip(BAR)[:2]))

    def denies(self) -> bool:
        """Is there a no in what the answer says otherwise?"""
        return bool(NEGATOR.search(self.here) or DENIAL.search(self.here))

    def _texts_before(self, piece: str) -> Iterator[str]:
        """What stands before a piece wherever the passage has it."""
        text = self.passage.skeleton
        place = text.find(piece)
        while place >= 0:
            yield text[max(0, place - 5) : place]
            place = text.find(piece, place + 1)

    def is_other_name(self) -> bool:
        """Another name in the place of one, as far as can be told."""
        here, there = self.here, self.there
        if not here or not there or max(len(here), len(there)) > _MAX_NAME_CHARS or BAR in here or self._is_shortened():
            return False
        if (names.are_of_a_kind(here, there) or names.are_persons(here, there)) and self.context >= _MIN_CONTEXT - 1:
            return True
        if len(here) == 1 and names.differ_in_given_name(self.before, here, there[:1]):
            return True
        if self.context < _MIN_CONTEXT:
            return False
        if names.differ_before_a_head(here, there, self.after, self.passage.skeleton):
            return True
        if self._is_other_person():
            return True
        return not names.is_phrase(here) and (self._are_both_terms() or self._is_in_focus())

    def _is_shortened(self) -> bool:
        """Are the characters of one all in the other, in order: 隆基 and 李隆基?"""
        short, long = sorted((self.here, self.there), key=len)
        rest = iter(long)
        return all(character in rest for character in short)

    def _are_both_terms(self) -> bool:
        """Does the passage use both in one way (暗反应 and 光反应), or name them side by side (米豆腐和灯盏窝)?"""
        here, there, text, plain = self.here, self.there, self.passage.skeleton, self.passage.plain
        head = self.after[:2]
        are_one = len(here) == len(there) == 1 and names.FUNCTION.isdisjoint(here + there)
        if len(head) == 2 and BAR not in head and here + head in text and (are_one or not names.is_phrase(there)):
            return True
        if names.is_phrase(there):
            return False
        are_one = are_one and self.context > _LONG_CONTEXT
        if head and not names.is_phrase(head[0]) and here + head[0] in text and (are_one or text.count(there + head[0]) > 1):
            return True
        tail = self.before[-1:]
        within = f"{tail}{here}{head[:1]}"
        if len(within) == len(here) + 2 and BAR not in within and not names.is_phrase(within) and within in text:
            return True
        if tail not in ("", BAR) and text.count(tail + here) > 1 and text.count(tail + there) > 1:
            return True
        pairs = [f"{one}{link}{other}" for one, other in ((here, there), (there, here)) for link in "和与及、"]
        return len(here) > 1 and any(pair in plain for pair in pairs)

    def _is_other_person(self) -> bool:
        """Asked who it was: somebody of the passage at the beginning, where the passage has another who is no mere role."""
        here, there = self.here, self.there
        if self.before.strip(BAR) or not _WHO.search(self.question) or self.context_after < _LONG_CONTEXT:
            return False
        if len(here) < 2 or not names.POINTING.isdisjoint(here):
            return False
        if 4 < len(there) <= _MAX_NAME_CHARS:
            return here in self.passage.skeleton and names.FUNCTION.isdisjoint(there) and set(here).isdisjoint(there)
        is_name = 1 < len(there) < 5 and there[-1] not in names.ROLES and names.POINTING.isdisjoint(there) and "次" not in there
        return is_name and here in self.passage.skeleton and set(here).isdisjoint(there)

    def _is_in_focus(self) -> bool:
        """Is this what the question asks for, in a place where a noun stands?"""
        here, there, before = self.here, self.there, self.before.rstrip(BAR)
        if len(here) < 2 or len(there) < 2 or self.context < _LONG_CONTEXT or len(set(here) & set(there)) > len(here) // 3:
            return False
        if not _FOCUS.search(self.question) or _NO_FOCUS.search(self.question) or here in self.question:
            return False
        if (noun := _ASKED_NOUN.search(self.question)) and self.after.startswith(noun[1][:2]):
            return True
        return (self.is_whole or self.is_last) and names.SLOT.search(before) is not None


def find_swapped(differences: list[Difference]) -> list[Difference]:
    """Two gaps of which each has what the other should have: the names have changed places."""
    for place, one in enumerate(differences):
        for other in differences[place + 1 :]:
            here, there = one.here, one.there
            if here and there and here != there and here in other.there and there in other.here:
                return [one, other]
    return []


def find_faults(differences: list[Difference]) -> list[tuple[Difference, Verdict]]:
    """What is wrong in the gaps of one alignment, in order."""
    swapped = find_swapped(differences)
    if swapped and any(are_compared(one.here, one.there) for one in differences):  # A 高于 B is B 低于 A
        return []
    denial_moved = any(one.denies() for one in differences) and any(NEGATOR.search(one.there) for one in differences)
    found = []
    for one in differences:
        if one.is_other_number():
            found.append((one, one.verdict("wrong_number")))
        elif one.is_other_unit():
            found.append((one, one.verdict("wrong_unit")))
        elif one.is_opposite():
            found.append((one, one.verdict("wrong_negation")))
        elif not denial_moved and one.is_negated_otherwise():
            found.append((one, one.polarity_verdict()))
        elif one in swapped or one.is_other_name() or one.is_from_another_clause():
            found.append((one, one.verdict("wrong_name")))
    return found
