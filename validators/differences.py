"""A gap between two equal pieces, and whether it holds another number, another unit, or a no for a yes."""

from __future__ import annotations

from collections.abc import Iterator

from validators.alignment import BAR, Gap
from validators.passages import Passage
from validators.polarity import CONDITION, DENIAL, NEGATED, NEGATOR, are_opposite
from validators.step import Verdict
from validators.units import PREFIXES, UNITS, same_unit

MIN_CONTEXT = 4  # characters of a clause in equal pieces, its ends included, before a gap says anything
LONG_CONTEXT = 5
_SHOWN_CHARS = 8  # of either side, in a reason
_UNIT_CHARS = 5
_SEEN_BEFORE = 5  # characters in which a negator is looked for
_ROUGHLY = str.maketrans("", "", "多余来整")
_PARTICLES = str.maketrans("", "", "了过着")
_PREPOSITIONS = "在到自从由被"


class Difference:
    """What the answer has `here` and the passage has `there`, within one clause, between `before` and `after`."""

    def __init__(self, passage: Passage, question: str, clause: str, gap: Gap) -> None:
        self.passage, self.question, self.clause, self.gap = passage, question, clause, gap
        self.before, self.after = gap.before, gap.after
        self.here = gap.answer.strip(BAR)
        self.is_last = not gap.after.strip(BAR)
        takes_beginning = self.is_last and gap.before.strip(BAR)
        self.there = gap.passage.strip(BAR).split(BAR)[0 if takes_beginning else -1]
        if not takes_beginning and (gap.passage.endswith(BAR) or gap.after.startswith(BAR)):
            self.there = ""  # the passage's clause begins with the piece after the gap
        is_joined = self._trim()
        self.is_whole = is_joined or BAR not in gap.passage.strip(BAR)  # `before` and `there` are of one clause

    def _trim(self) -> bool:
        """Give what is equal at either end of both sides to the pieces around; was there something on the left?"""
        here, there = self.here, self.there
        while here and there and here[-1] == there[-1]:
            self.after, here, there = here[-1] + self.after, here[:-1], there[:-1]
        while here and there and here[0] == there[0]:
            self.before, here, there = self.before + here[0], here[1:], there[1:]
        shared = max((here.rfind(word) for word in _PREPOSITIONS if word in there), default=-1)
        if shared >= 0:  # 他在哈佛, 在宾夕法尼亚
            self.before, there = here[: shared + 1], there[there.rfind(here[shared]) + 1 :]
            here = here[shared + 1 :]
        is_joined = not self.here.startswith(here)
        self.here, self.there = here, there
        return is_joined

    @property
    def span(self) -> tuple[int, int]:
        """Where the gap is in the clause."""
        return self.gap.start, self.gap.start + len(self.gap.answer)

    def verdict(self, check: str) -> Verdict:
        """The reason in words: both sides with a little of what is around them."""
        spell = self.passage.alphabet.spell
        here = f"{self.before[-2:]}{self.here[:_SHOWN_CHARS]}{self.after[:2]}"
        there = f"{self.before[-2:] if self.is_whole else ''}{self.there[-_SHOWN_CHARS:]}{self.after[:2]}"
        return Verdict(check, f"答案里的“{spell(here)}”，原文是“{spell(there)}”")

    def polarity_verdict(self) -> Verdict:
        """The same for a lost or gained negator."""
        there = self.passage.alphabet.spell(f"{self.there[-3:]}{self.after[:4]}")
        return Verdict("wrong_negation", f"原文是“{there}”，答案与原文的肯定或否定相反")

    def is_number(self, character: str) -> bool:
        """Does a character of a skeleton stand for a number?"""
        return character == "半" or character in self.passage.alphabet.readings

    def _values(self, side: str) -> set[object]:
        readings = self.passage.alphabet.readings
        values: set[object] = {value for character in side for value in readings.get(character, ())}
        return values | {"半"} if "半" in side else values

    def is_other_number(self) -> bool:
        """Numbers on both sides, none of them equal, each beside the same piece."""
        here, there = self.here, self.there
        if not here or not there or self.gap.equal < MIN_CONTEXT - 1 or ("第" in here) != ("第" in there):
            return False
        if not self._values(here).isdisjoint(self._values(there)):
            return False
        if self.gap.equal < LONG_CONTEXT and here + self.after.strip(BAR) in self.passage.skeleton:
            return False
        if self._have_one_measure():
            return True
        if not self.is_last and self.is_number(here[-1]) and self.is_number(there[-1]):
            return True
        is_beside_before = self.is_number(here[0]) and self.is_number(there[0]) and self.before.strip(BAR)
        return bool(is_beside_before and (self.is_whole or self.is_last))

    def _have_one_measure(self) -> bool:
        """Are there numbers before the same character on both sides: 十点半, 九点钟?"""
        here, there = (
            {side[place + 1] for place in range(len(side) - 1) if self.is_number(side[place])}
            for side in (self.here, self.there)
        )
        return not here.isdisjoint(there) and len(self.after) >= LONG_CONTEXT >= len(self.here)

    def is_other_unit(self) -> bool:
        """Two units of one dimension (每分钟, 每小时), or a prefix too much or too little (千克, 克)."""
        if self.gap.equal < MIN_CONTEXT or len(self.here) > _UNIT_CHARS or len(self.there) > _UNIT_CHARS:
            return False
        if {self.here, self.there} & PREFIXES and "" in (self.here, self.there):
            return self.after[:1] in UNITS
        for before in ("", self.before[-1:]):
            here, there = (before + side.translate(_ROUGHLY) for side in (self.here, self.there))
            if here in UNITS and there in UNITS and UNITS[here][0] == UNITS[there][0]:
                return not same_unit(here, there)
        return False

    def is_opposite(self) -> bool:
        """Words of opposite meaning in the same place: 增长, 下降."""
        before, after = len(self.before.strip(BAR)), len(self.after.strip(BAR))
        if after >= MIN_CONTEXT and are_opposite(self.here[-2:], self.there[-2:]):
            return True
        if self.after.startswith("于") and after > 2 and are_opposite(self.here[-1:], self.there[-1:]):
            return True
        if before < 1 or (self.is_last and before < MIN_CONTEXT) or self.gap.equal < LONG_CONTEXT:
            return False
        if not self.is_whole and not self.is_last and (before < MIN_CONTEXT or after < MIN_CONTEXT - 1):
            return False
        return are_opposite(self.here, self.there)

    def denies(self) -> bool:
        """Is there a no in what the answer says otherwise?"""
        return bool(NEGATOR.search(self.here) or DENIAL.search(self.here))

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
        follows = self.gap.follows.strip(BAR)
        rest = self.clause[self.span[1] : self.span[1] + 4].translate(_PARTICLES)
        if NEGATOR.search(self.question) or rest[:2] != follows[:2]:
            return False
        return all(NEGATED.search(text) for text in self._texts_before(follows))

    def _has_gained_negation(self) -> bool:
        begins_clause = self.gap.answer.startswith(BAR)
        if begins_clause or len(self.before.strip(BAR)) < 2 or NEGATOR.search(self.there) or DENIAL.search(self.there):
            return False
        if not self.there and len(self.before) >= MIN_CONTEXT:
            return self.before[-4:] + self.here + self.after[:2] not in self.passage.skeleton
        return not any(NEGATED.search(text) for text in self._texts_before(self.after.strip(BAR)[:2]))

    def _texts_before(self, piece: str) -> Iterator[str]:
        """What stands before a piece wherever the passage has it."""
        text = self.passage.skeleton
        place = text.find(piece)
        while place >= 0:
            yield text[max(0, place - _SEEN_BEFORE) : place]
            place = text.find(piece, place + 1)
