"""Does a gap hold another name? What can be told without a dictionary of words (tables: validators/names.py)."""

from __future__ import annotations

import re

from validators import names
from validators.alignment import BAR
from validators.differences import LONG_CONTEXT, MIN_CONTEXT, Difference
from validators.units import UNITS

_MAX_NAME_CHARS = 8
_SHORT_NAME = range(2, 5)  # characters
_LINKS = frozenset("、和与及")
_WHO = re.compile("谁|哪位|什么人|何人")
_FOCUS = re.compile("谁|哪|什么|何(?!时|以|不同)")
_NO_FOCUS = re.compile("为什么|为何|怎么|怎样|如何|什么(?:影响|好处|反应|区别|不同)|是什么样")
_ASKED_NOUN = re.compile("(?:哪[些种个类位]?|什么)([\u4e00-\u9fff]{1,3})")


def is_other_name(one: Difference) -> bool:
    """Has the answer another name in the place of one?"""
    here, there = one.here, one.there
    if not here or not there or max(len(here), len(there)) > _MAX_NAME_CHARS or BAR in here or _is_shortened(one):
        return False
    if here in UNITS or there in UNITS or here[0] in names.POINTING or there[0] in names.POINTING:
        return False
    if _is_listed(one) and here in one.passage.skeleton:
        return False  # a list in another order
    if one.gap.equal >= MIN_CONTEXT - 1 and (names.are_of_a_kind(here, there) or names.are_persons(here, there)):
        return True
    if len(here) == 1 and names.differ_in_given_name(one.before, here, there[:1]):
        return True
    if one.gap.equal < MIN_CONTEXT:
        return False
    if names.differ_before_a_head(here, there, one.after, one.passage.skeleton):
        return True
    if _is_other_person(one) or _is_new_person(one):
        return True
    return not names.is_phrase(here) and (_are_both_terms(one) or _is_in_focus(one))


def _is_shortened(one: Difference) -> bool:
    """Are the characters of one side all in the other, in order: 隆基 and 李隆基?"""
    short, long = sorted((one.here, one.there), key=len)
    rest = iter(long)
    return all(character in rest for character in short)


def _is_listed(one: Difference) -> bool:
    """Does this stand in an enumeration?"""
    return one.before[-1:] in _LINKS or one.after[:1] in _LINKS


def _are_both_terms(one: Difference) -> bool:
    """Does the passage use both in one way (暗反应 and 光反应), or name them side by side (米豆腐和灯盏窝)?"""
    here, there, before, text = one.here, one.there, one.before[-1:], one.passage.skeleton
    are_characters = len(here) == len(there) == 1 and names.FUNCTION.isdisjoint(here + there)
    after = one.after[:2]
    is_used_alike = len(after) == 2 and BAR not in after and here + after in text
    if is_used_alike and (are_characters or not names.is_phrase(there)):
        return True
    if names.is_phrase(there):
        return False
    after = after[:1]
    if after.isalnum() and not names.is_phrase(after) and here + after in text:
        is_noun = are_characters and one.gap.equal > LONG_CONTEXT and (not one.before or names.SLOT.search(one.before))
        if is_noun or text.count(there + after) > 1:  # 秋生, 福生
            return True
    if before.isalnum():
        within = before + here + after
        if after.isalnum() and not names.is_phrase(within) and within in text:  # 肺静脉, 肺动脉
            return True
        if text.count(before + here) > 1 and text.count(before + there) > 1:
            return True
    pairs = [f"{first}{link}{second}" for first, second in ((here, there), (there, here)) for link in _LINKS]
    return len(here) > 1 and any(pair in text for pair in pairs)


def _is_other_person(one: Difference) -> bool:
    """Asked who it was: somebody of the passage at the beginning, where that has another who is no mere role."""
    here, there = one.here, one.there
    if one.before.strip(BAR) or not _WHO.search(one.question) or one.gap.equal_after < LONG_CONTEXT:
        return False
    if len(here) < 2 or here not in one.passage.skeleton or not names.POINTING.isdisjoint(here):
        return False
    if not set(here).isdisjoint(there):
        return False
    if len(there) in _SHORT_NAME:
        return there[-1] not in names.ROLES and names.POINTING.isdisjoint(there) and "次" not in there
    return len(there) > 1 and names.FUNCTION.isdisjoint(there)


def _is_new_person(one: Difference) -> bool:
    """Somebody whom the passage does not name, where it names somebody."""
    here, there = one.here, one.there
    if len(here) not in _SHORT_NAME or not names.FUNCTION.isdisjoint(here):
        return False
    if here in one.passage.plain or here in one.question:
        return False
    if names.is_person(there) and names.is_surely_named(there):
        return here[-1] not in names.ROLES
    is_name = len(there) in _SHORT_NAME and there[-1] not in names.ROLES and names.FUNCTION.isdisjoint(there)
    return is_name and names.is_person(here) and not one.before.strip(BAR) and _WHO.search(one.question) is not None


def _is_in_focus(one: Difference) -> bool:
    """Is this what the question asks for, in a place where a noun stands?"""
    here, there, before = one.here, one.there, one.before.rstrip(BAR)
    if len(here) == len(there) == 1 and here + one.after[:1] not in one.passage.skeleton:
        here, there = here + one.after[:1], there + BAR  # 梅花, 荷花
    if min(len(here), len(there)) < 2 or one.gap.equal < LONG_CONTEXT or here in one.question:
        return False
    if len(set(here) & set(there)) > len(here) // 3:
        return False
    if not _FOCUS.search(one.question) or _NO_FOCUS.search(one.question):
        return False
    if (noun := _ASKED_NOUN.search(one.question)) and one.after.startswith(noun[1][:2]):
        return True
    if not one.is_whole and not one.is_last:
        return False
    asked = len(before) > 1 and re.search(f"{re.escape(before[-2:])}(?:什么|谁|哪|何)", one.question)
    return bool(asked or names.SLOT.search(before))


def is_from_another_clause(one: Difference) -> bool:
    """Does what follows belong to a clause that is built alike: 东面归 | 四川管辖，西面归 | 云南管辖?"""
    before, there, after = one.before, one.gap.passage, one.after
    if one.here or BAR not in there or not before.strip(BAR) or there[-1] == BAR:
        return False
    while after[1:] and after[0] == there[0]:  # 东 | 面归四川，西 | 面归云南 is the same
        before, there, after = before + after[0], there[1:] + after[0], after[1:]
    tail = 0
    while tail < min(len(before), len(there)) - 1 and before[-1 - tail] == there[-1 - tail] != BAR:
        tail += 1
    subject = there[: len(there) - tail].rsplit(BAR, 1)[-1]
    if any(subject[at : at + 2] in one.clause for at in range(len(subject) - 1)):
        return False  # the answer names what that clause is about
    if one.is_number(there[0]) and one.is_number(after[:1]) and len(before.strip(BAR)) > 1:
        return True  # 水深 | 40米，最深处 | 93米
    ends = before[-1 - tail], there[-1 - tail]
    return tail > 0 and BAR not in ends and (tail >= MIN_CONTEXT or names.are_of_a_kind(*ends))


def has_other_subject(one: Difference) -> bool:
    """Has the passage's clause somebody of its own before what follows, whom the answer passes over?"""
    there = one.there
    if one.here or one.is_whole or one.gap.equal_after <= LONG_CONTEXT or len(there) not in _SHORT_NAME:
        return False
    if not one.before.strip(BAR) or not names.FUNCTION.isdisjoint(there) or there in one.clause:
        return False
    return names.is_person(there) or (there[-1] in names.ROLES and names.POINTING.isdisjoint(there))


def find_swapped(differences: list[Difference]) -> list[Difference]:
    """Two gaps of which each has what the other should have: the names have changed places."""
    for place, one in enumerate(differences):
        here, there = one.here, one.there
        if not here or not there or here == there or names.is_phrase(here + there):
            continue
        for other in differences[place + 1 :]:
            if here in other.there and there in other.here and not (_is_listed(one) and _is_listed(other)):
                return [one, other]
    return []
