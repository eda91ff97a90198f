"""Personal data in Chinese text: identity cards, phones, bank cards, mail, addresses and QQ, by rule and check digit.

A boundary is never `\\b`, which does not fire between a Han character and a digit: every number is read from the first
digit of its run, and a run that goes on, as digits, as a decimal or as more groups, is no entity.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import deque
from typing import Literal, NamedTuple, get_args

from validators.characters import HAN

PiiType = Literal["cn_id", "cn_mobile", "cn_phone", "bank_card", "email", "ip", "qq"]
PII_TYPES: tuple[PiiType, ...] = get_args(PiiType)


class Entity(NamedTuple):
    """A piece of personal data as it stands in the text: `text == whole[start:end]`."""

    type: PiiType
    text: str
    start: int
    end: int


_D = "[0-9０-９]"
_HYPHEN = r"\-‐‑‒–—−－"
_BLANK = " \xa0\u3000"
_GAP = f"[{_HYPHEN}{_BLANK}]"
_ENDS = f"(?!{_D}|[.．]{_D})"
_END = re.compile(_ENDS)
_DIGITS = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")

# Where an entity may begin: at every run of three digits, and at shorter ones that lead into a longer number.
_RUN = re.compile(f"{_D}(?:{_D}{{2,}}|{_D}?(?=[.．]{_D}{{1,3}}[.．]|[)）]?{_GAP}?[1１]))")
_DECIMAL_BEFORE = re.compile(f"(?<={_D}[.．])")

_ID = re.compile(f"{_D}{{17}}(?:{_D}|[XxＸｘ](?![A-Za-z])){_ENDS}")
_PROVINCES = frozenset(
    str(code)
    for codes in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55), range(61, 66), (71, 81))
    for code in codes
) | {"82", "83"}
_YEARS = range(1800, 2100)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"

_MOBILE = re.compile(
    f"(?P<code>(?:[0０]{{2}})?[8８][6６](?P<bracket>[)）])?{_GAP}?)?[1１][3-9３-９]"
    f"(?:{_D}{{9}}|(?P<groups>{_D}{_GAP}{_D}{{4}}{_GAP}{_D}{{4}}(?![{_HYPHEN}]{_D}))){_ENDS}"
)
_PHONE = re.compile(
    f"(?:[0０][1１][0０]|[0０][2２]{_D}|[0０][3-9３-９]{_D}{{2}})"
    f"(?:[{_HYPHEN}]|(?P<bracket>[)）])[{_HYPHEN}{_BLANK}]?){_D}{{7,8}}{_ENDS}"
)
_GROUP_BEFORE = re.compile(f"(?<={_D}[{_HYPHEN}])")
_COUNTRY_BEFORE = re.compile(f"(?<=[8８][6６][{_HYPHEN}])")

_CARD = re.compile(f"(?:[6６][2２]|[3-5３-５]{_D}){_D}{{11,17}}(?![XxＸｘ]){_ENDS}")
_FOURS = re.compile(
    f"(?:[6６][2２]|[3-5３-５]{_D}){_D}{{2}}(?P<gap>{_GAP})"
    f"{_D}{{4}}(?P=gap){_D}{{4}}(?:(?P=gap){_D}{{4}})?(?P<rest>(?P=gap){_D}{{1,3}})?{_ENDS}(?!(?P=gap){_D}{{4}}(?!{_D}))"
)
_UNEVEN = re.compile(f"[3-6３-６]{_D}{{3}}(?:{_GAP}{_D}{{6}}{_GAP}{_D}{{4,5}}|{_D}{{2}}{_GAP}{_D}{{7,13}}){_ENDS}")
_FOUR_BEFORE = re.compile(f"(?<={_D}{{4}}{_GAP})")

_IP = re.compile(f"{_D}{{1,3}}(?:[.．]{_D}{{1,3}}){{3}}{_ENDS}(?![ ]?(?:[小章]?节(?!点)|[小章]節(?!點)|節(?!點)))")
_NO_IP_BEFORE = re.compile(
    "(?:[第§][ \u3000]?|版本(?:号|號)?(?:为|為|是)?[ ]?[:：]?[ ]?|version[ ]?[:：]?[ ]?|(?<![a-z])v(?:er)?[.]?[ ]?)$",
    re.I,
)
_CUE_CHARS = 16

_QQ_CUE = re.compile(
    f"(?<![A-Za-zＡ-Ｚａ-ｚ])(?:[QqＱｑ]{{2}}(?:[{_BLANK}]?[{HAN}]{{0,3}}群)?|[QqＱｑ]群)"
    f"(?:号码?|號碼?)?[是为為]?[{_BLANK}]*[:：]?[{_BLANK}]*$"
)
_QQ_DIGITS = range(5, 12)

_LOCAL = re.compile(r"[A-Za-z0-9_%+\-]+(?:\.[A-Za-z0-9_%+\-]+)*\Z")
_DOMAIN = re.compile(r"@((?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24})")
_MAX_LOCAL_CHARS = 64
_PICTURE = re.compile(r"[1-9]x\.(?:png|jpe?g|gif|webp|svg)\Z", re.I)  # icon@2x.png


def find_pii(text: str) -> list[Entity]:
    """The personal data in a text, in order; no two overlap.

    >>> [(found.type, found.text) for found in find_pii("我的电话１３８００１３８０００欢迎来电")]
    [('cn_mobile', '１３８００１３８０００')]
    """
    emails = _emails(text) if "@" in text else deque()
    entities: list[Entity] = []
    done = 0
    for run in _RUN.finditer(text):
        start = run.start()
        while emails and emails[0].start <= start:
            entities.append(emails.popleft())
            done = max(done, entities[-1].end)
        if start < done or not (found := _number(text, start, run.end())):
            continue
        if not emails or found.end <= emails[0].start:  # 138 0013 8000@qq.com
            entities.append(found)
            done = found.end
    return [*entities, *emails]


def _emails(text: str) -> deque[Entity]:
    entities: list[Entity] = []
    done = 0
    for domain in _DOMAIN.finditer(text):
        at = domain.start()
        local = _LOCAL.search(text, max(done, at - _MAX_LOCAL_CHARS - 1), at)
        if not local or len(local[0]) > _MAX_LOCAL_CHARS or text[local.start() - 1 : local.start()] == "@":
            continue
        if not _PICTURE.match(domain[1]):
            done = domain.end()
            entities.append(Entity("email", text[local.start() : done], local.start(), done))
    return deque(entities)


def _number(text: str, start: int, end: int) -> Entity | None:
    """What the number is that begins at `start`, where a run of digits does that ends at `end`."""
    if _DECIMAL_BEFORE.match(text, start):
        return None
    span = _id(text, start)
    if span:
        return _entity(text, "cn_id", span)
    if span := _mobile(text, start):
        return _entity(text, "cn_mobile", span)
    if span := _phone(text, start):
        return _entity(text, "cn_phone", span)
    if span := _card(text, start):
        return _entity(text, "bank_card", span)
    if span := _ip(text, start):
        return _entity(text, "ip", span)
    if span := _qq(text, start, end):
        return _entity(text, "qq", span)
    return None


def _entity(text: str, type: PiiType, span: tuple[int, int]) -> Entity:
    return Entity(type, text[slice(*span)], *span)


def _id(text: str, start: int) -> tuple[int, int] | None:
    found = _ID.match(text, start)
    return found.span() if found and is_cn_id(found[0].translate(_DIGITS)) else None


def is_cn_id(number: str) -> bool:
    """Whether 18 characters are a number by GB 11643: province, date, check character (ISO 7064, mod 11-2)."""
    number = number.upper()
    if not re.fullmatch("[0-9]{17}[0-9X]", number) or number[:2] not in _PROVINCES:
        return False
    year, month, day = int(number[6:10]), int(number[10:12]), int(number[12:14])
    if year not in _YEARS or not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, number, strict=False))
    return _ID_CHECKS[total % 11] == number[17]


def _mobile(text: str, start: int) -> tuple[int, int] | None:
    found = _MOBILE.match(text, start)
    if not found or (found["groups"] and _GROUP_BEFORE.match(text, start)):
        return None
    if found["code"]:
        start -= text[start - 1 : start] in ("+", "＋")
        if found["bracket"]:
            if text[start - 1 : start] not in ("(", "（"):
                return None  # the number itself begins behind the bracket
            start -= 1
    return start, found.end()


def _phone(text: str, start: int) -> tuple[int, int] | None:
    found = _PHONE.match(text, start)
    if not found or (_GROUP_BEFORE.match(text, start) and not _COUNTRY_BEFORE.match(text, start)):
        return None
    if found["bracket"]:
        return (start - 1, found.end()) if text[start - 1 : start] in ("(", "（") else None
    return found.span()


def _card(text: str, start: int) -> tuple[int, int] | None:
    if found := _CARD.match(text, start):
        return found.span() if is_luhn(found[0]) else None
    if _GROUP_BEFORE.match(text, start):
        return None
    if (found := _FOURS.match(text, start)) and not _FOUR_BEFORE.match(text, start):
        if is_luhn(found[0]):
            return found.span()
        before_rest = found.start("rest")  # 4111 1111 1111 1111 3次
        return (start, before_rest) if before_rest > 0 and is_luhn(text[start:before_rest]) else None
    found = _UNEVEN.match(text, start)
    return found.span() if found and is_luhn(found[0]) else None


def is_luhn(number: str) -> bool:
    """Whether 13 to 19 digits, gaps between them aside, begin as a bank card does and pass Luhn's test."""
    digits = [int(one) for one in number.translate(_DIGITS) if one in "0123456789"]
    if not 13 <= len(digits) <= 19 or not (digits[0] in (3, 4, 5) or digits[:2] == [6, 2]):
        return False
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (doubled + sum(digits[-1::-2])) % 10 == 0


def _ip(text: str, start: int) -> tuple[int, int] | None:
    found = _IP.match(text, start)
    if not found or any(int(number) > 255 for number in re.split("[.．]", found[0])):
        return None
    return None if _NO_IP_BEFORE.search(text[max(0, start - _CUE_CHARS) : start]) else found.span()


def _qq(text: str, start: int, end: int) -> tuple[int, int] | None:
    if end - start not in _QQ_DIGITS or not _END.match(text, end):
        return None
    return (start, end) if _QQ_CUE.search(text[max(0, start - _CUE_CHARS) : start]) else None


def redact(entity: Entity) -> str:
    """The entity for the eye of a reader, without what identifies a person: `138****8000`, `w***@example.com`."""
    text = entity.text
    match entity.type:
        case "email":
            return f"{text[0]}***{text[text.index('@') :]}"
        case "cn_mobile":
            return _starred(text, first=len(_country(text)) + 3, last=4)
        case "cn_id" | "bank_card":
            return _starred(text, first=6, last=0)  # the region, or the bank
        case "cn_phone":
            return _starred(text, first=3, last=2)
        case "ip":
            head = re.match(f"{_D}+[.．]{_D}+", text)
            return f"{head[0]}.*.*" if head else "*"
        case "qq":
            return _starred(text, first=2, last=0)


def _country(mobile: str) -> str:
    digits = re.sub(f"[^{_D[1:-1]}]", "", mobile)
    return digits[:-11]


def _starred(text: str, first: int, last: int) -> str:
    """The text with a star for each digit or X but the first and the last ones."""
    places = [place for place, one in enumerate(text) if one.translate(_DIGITS) in "0123456789Xx"]
    hidden = set(places[first : len(places) - last])
    return "".join("*" if place in hidden else one for place, one in enumerate(text))
