"""The templates that carry text of the page, and what each of them shows; every other template goes.

A new one is a word in a table: in `_SHOWN` if it shows one of its arguments, in `_CHARACTERS` if it stands for a
character, in `_MADE` if its text has to be put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

from builders.text.wiki_marks import BREAK, mask, raw
from builders.text.wiki_names import CURRENCIES, LANGUAGES, UNITS
from builders.text.wiki_variants import PageRules, read_note_ta


@dataclass(slots=True)
class Arguments:
    """What a template was given: `at(1)` is its first unnamed argument, `named("d")` one by name."""

    values: dict[str, str]

    @classmethod
    def of(cls, parts: list[str]) -> Arguments:
        values: dict[str, str] = {}
        count = 0
        for part in parts:
            name, equals, value = part.partition("=")
            name = name.strip()
            if equals and _NAME.fullmatch(name):
                values[name] = value.strip()
            else:
                count += 1
                values[str(count)] = part.strip()
        return cls(values)

    def at(self, place: int) -> str:
        return self.values.get(str(place), "")

    def named(self, *names: str) -> str:
        return next((value for name in names if (value := self.values.get(name))), "")

    def unnamed(self) -> list[str]:
        return [value for name, value in self.values.items() if name.isdigit() and value]


_NAME = re.compile(r"[\w -]{0,30}")

# The place of the argument that is shown, or several: then the first of them that is there.
_SHOWN = {
    (1,): """
        nowrap, nobr, nobold, noitalic, small, smaller, big, larger, large, b, bold, strong, em, i, italic, u,
        underline, s, strike, del, ins, sub, sup, su, math, mvar, abbr, tooltip, hover, mono, normal, uline, overline,
        mark, highlight, ruby, rubya, ruby-zh-p, ruby-ja, ruby-py, ruby-ko, furigana, quote, cquote, bquote,
        blockquote, quotation, 引文, 引用, poem, poemquote, verse, center, centered, left, right, pua, 僻字, 缺字,
        罕字, 生僻字, 異體字, 异体字, 專名號, 专名号, 專名, 专名, 書名號, 书名号, 著重號, 着重号, du, red, green,
        blue, gray, grey, orange, purple, plainlist, flatlist, plain list, unicode, polytonic, script, flag,
        flagcountry, sic, not a typo, typo, as written, linktext, nts, number, num, zh-hans, zh-hant, zh-cn, zh-tw,
        zh-hk, 逆向引用, 僻字2, 字, ipa link, lang-zh-hans, lang-zh-hant, lang-zh-cn, lang-zh-tw, lang-zh-hk
    """,
    (2,): "color, font colour, fontcolor, textcolor, rquote, bgcolor, background color",
    (3, 2): "font color",
    (3, 1, 2): "le",
    (4, 3, 2): "tsl, translink, tsl2, tslink",
    (2, 1): "url",
}
# These show text of other languages, which no conversion of the page changes.
_UNCONVERTED = {
    (2,): "lang, langue",
    (3, 2): "transl, transliteration",
    (1,): "lj, langr, lang-ja-jp",
}
_CODE = "code, tt, kbd, samp, var, codes, inline code, mono code"
_CHARACTERS = {
    "!": "|", "=": "=", "'": "'", '"': '"', "!!": "||", "*": "*",
    "·": "·", "•": "•", "dot": "·", "bull": "•", "bullet": "•", "middot": "·", "\\": "/", "pipe": "|", "colon": ":",
    "nbsp": " ", "space": " ", "spaces": " ", "en dash": "–", "ndash": "–", "endash": "–", "em dash": "—", "mdash": "—",
    "emdash": "—", "snd": " – ", "spnd": " – ", "spaced ndash": " – ", "spaced en dash": " – ", "--": "—", "—": "—",
    "–": "–", "pi": "π", "minus": "−", "times": "×", "degree": "°", "deg": "°", "sharp": "♯", "flat": "♭", "infin": "∞",
    "br": BREAK, "crlf": BREAK, "pb": BREAK, "euro": "€", "pound": "£", "yen": "¥", "male": "♂", "female": "♀",
}  # fmt: skip


def _words(names: str) -> list[str]:
    return [name.strip() for name in names.split(",")]


def _bd(given: Arguments) -> str:
    """Dates of birth and death: `{{bd|1881年|9月25日|1936年|10月19日}}`."""
    if "年" in given.at(2):  # whole dates
        born, died = given.at(1), given.at(2)
    else:
        born, died = _day(given.at(1), given.at(2)), _day(given.at(3), given.at(4))
    return f"（{born}—{died}）" if born or died else ""


def _day(year: str, day: str) -> str:
    return f"{year}年{day}" if year.isdigit() and day else year + day


def _date(given: Arguments) -> str:
    """`{{start date|2010|1|2}}`, and what has further numbers after the first date."""
    numbers = [number for number in map(given.at, range(1, 4)) if number.isdigit()]
    if not numbers:
        return given.at(1)
    return "".join(f"{int(number)}{unit}" for number, unit in zip(numbers, "年月日", strict=False))


_FIGURE = re.compile(r"[-−+±~～]?[\d.,]*\d(?:[eE×][-+\d^]+)?(?:\s*[-–—~～]\s*[\d.,]+)?(?:\s*[+⁄/]\s*\d+)*")
_JOINERS = {
    "-": "–",
    "–": "–",
    "to": "至",
    "to(-)": "至",
    "and": "和",
    "or": "或",
    "x": "×",
    "by": "×",
    "×": "×",
    "+/-": "±",
    "±": "±",
}


def _convert(given: Arguments) -> str:
    """A measure in the unit that the page gives first: `{{convert|10|-|20|km|mi}}` is 10–20公里."""
    shown: list[str] = []
    values = [given.values.get(place, "") for place in "123456789"]
    for place, value in enumerate(values):
        if _FIGURE.fullmatch(value):
            shown.append(value)
        elif value in _JOINERS and place + 1 < len(values) and _FIGURE.fullmatch(values[place + 1]):
            shown.append(_JOINERS[value])
        else:
            if shown and value:
                unit = UNITS.get(value, UNITS.get(value.lower(), ""))
                shown.append(unit or f" {value}")
            if not (place + 1 < len(values) and value in ("ft", "lb", "st") and _FIGURE.fullmatch(values[place + 1])):
                break
    return "".join(shown) or given.at(1)


_PLAIN_NUMBER = re.compile(r"([-−+]?)(\d+)(\.\d+)?")


def _format_number(text: str, flag: str = "") -> str:
    """`1234567.5` with its thousands marked, or with flag R the other way round."""
    text = text.strip()
    if flag.strip() in ("R", "NOSEP"):
        return text.replace(",", "")
    if match := _PLAIN_NUMBER.fullmatch(text):
        sign, whole, part = match.groups()
        return f"{sign}{re.sub(r'(?<=[0-9])(?=(?:[0-9]{3})+$)', ',', whole)}{part or ''}"
    return text


def _value(given: Arguments) -> str:
    power = given.named("e", "exp")
    return given.at(1) + (f"×10^{power}" if power else "") + (f" {unit}" if (unit := given.named("u", "ul")) else "")


def _fraction(given: Arguments) -> str:
    numbers = [given.at(place) for place in (1, 2, 3) if given.at(place)]
    if len(numbers) == 1:
        return f"1/{numbers[0]}"
    return f"{numbers[0]} {numbers[1]}/{numbers[2]}" if len(numbers) == 3 else "/".join(numbers)


def _nihongo(given: Arguments) -> str:
    inside = "，".join(value for value in (raw(given.at(2)), given.at(3)) if value)
    return f"{given.at(1)}（{inside}）" if inside else given.at(1)


def _zh(given: Arguments) -> str:
    labels = (("s", "简体"), ("t", "繁体"), ("p", "拼音"), ("hp", "汉语拼音"), ("w", "威妥玛拼音"), ("j", "粤拼"))
    shown = [f"{label}：{raw(value)}" for name, label in labels if (value := given.named(name))]
    return "；".join(shown) or given.at(1)


def _local_name(given: Arguments) -> str:
    """The Chinese one of the names that a link to another wiki was given."""
    names = given.unnamed()
    return given.named("d") or next((name for name in names if _HAN.search(name)), names[-1] if names else "")


_HAN = re.compile("[\u4e00-\u9fff]")

_MADE: dict[str, Callable[[Arguments], str]] = {
    **dict.fromkeys(("bd", "birth and death"), _bd),
    **dict.fromkeys(("convert", "cvt", "conv"), _convert),
    **dict.fromkeys(
        _words(
            "start date, start date and age, end date, birth date, birth date and age, birth-date, bda, "
            "death date, death date and age, dda, film date, release date, dts, date"
        ),
        _date,
    ),
    "formatnum": lambda given: _format_number(given.at(1)),
    "val": _value,
    "e": lambda given: f"×10^{given.at(1)}" if given.at(1) else "",
    "gaps": lambda given: "".join(given.unnamed()),
    **dict.fromkeys(("frac", "sfrac", "fraction", "分数", "分數"), _fraction),
    **dict.fromkeys(("chem", "chem2", "ce", "化学式", "化學式"), lambda given: "".join(given.unnamed())),
    **dict.fromkeys(("nihongo", "日文", "nihongo foot", "nihongo krt"), _nihongo),
    **dict.fromkeys(("zh", "lang-zh", "langx-zh", "中文名称", "中文名稱"), _zh),
    "langx": lambda given: _in_language(given.at(1), Arguments({**given.values, "1": given.at(2)})),
    **dict.fromkeys(("ilh", "ill", "internal link helper", "interlanguage link", "link-interwiki"), _local_name),
    **dict.fromkeys(("key press", "keypress", "key", "键", "鍵"), lambda given: "+".join(given.unnamed())),
    **dict.fromkeys(("hlist", "水平列表"), lambda given: "、".join(given.unnamed())),
    **dict.fromkeys(("ubl", "unbulleted list", "ublist", "无序列表"), lambda given: BREAK.join(given.unnamed())),
    **dict.fromkeys(("ship", "link ship"), lambda given: " ".join(given.unnamed()[:2])),
}


def _one_of(places: tuple[int, ...], given: Arguments) -> str:
    return next((value for place in places if (value := given.at(place))), "") or given.named("text", "quote")


def _table() -> dict[str, Callable[[Arguments], str]]:
    table: dict[str, Callable[[Arguments], str]] = {}
    for places, names in _SHOWN.items():
        table |= dict.fromkeys(_words(names), partial(_one_of, places))
    for places, names in _UNCONVERTED.items():
        table |= dict.fromkeys(_words(names), partial(_raw_one_of, places))
    for code, sign in CURRENCIES.items():
        table[code] = partial(_prefixed, sign)
    table |= dict.fromkeys(_words(_CODE), lambda given: raw(mask(given.at(1))))
    return table | _MADE


def _raw_one_of(places: tuple[int, ...], given: Arguments) -> str:
    return raw(_one_of(places, given))


def _prefixed(sign: str, given: Arguments) -> str:
    return sign + given.at(1) if given.at(1) else ""


_TABLE = _table()
_LINK = partial(_one_of, (3, 1, 2))


def _in_language(code: str, given: Arguments) -> str:
    """`{{lang-en|Beijing}}` is 英语：Beijing."""
    text = raw(given.at(1))
    if not text or given.named("label") == "none":
        return text
    language = LANGUAGES.get(code) or LANGUAGES.get(code.partition("-")[0])
    return f"{given.named('label') or language}：{text}" if language else text


def _function(name: str, first: str, parts: list[str]) -> str | None:
    """What a parser function shows; `None` for what is none."""
    first = first.strip()
    rest = [part.strip() for part in parts]
    match name:
        case "formatnum":
            return _format_number(first, rest[0] if rest else "")
        case "lc" | "uc" | "lcfirst" | "ucfirst":
            begin, rest_of_it = (first, "") if len(name) == 2 else (first[:1], first[1:])
            return (begin.lower() if name.startswith("lc") else begin.upper()) + rest_of_it
        case "#if":
            return rest[0 if first else 1] if len(rest) > (0 if first else 1) else ""
        case "#ifeq":
            place = 1 if rest and first == rest[0] else 2
            return rest[place] if len(rest) > place else ""
        case "#switch":
            return _switch(first, rest)
        case _:
            return "" if name.startswith("#") else None


def _switch(value: str, cases: list[str]) -> str:
    """The case of `{{#switch:value|a|b=shown|#default=…}}` that applies; one without `=` falls to the next."""
    default = ""
    falling = False
    for place, case in enumerate(cases):
        name, equals, text = (piece.strip() for piece in case.partition("="))
        if not equals:
            if place == len(cases) - 1:
                return name
            falling = falling or name == value
        elif falling or name == value:
            return text
        elif name == "#default":
            default = text
    return default


_BEFORE_NAME = re.compile(r"\s*(?:(?:safe)?subst:|template:|模板:|樣板:|t:|:)?\s*", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _template_name(head: str) -> str:
    return _BEFORE_NAME.sub("", head, count=1).strip().lower().replace("_", " ")


def show_template(content: str, page: PageRules, title: str = "") -> str:
    """What `{{content}}` shows: text, or nothing; rules of `{{NoteTA}}` are added to the page's."""
    head, bar, rest = content.partition("|")
    name = _template_name(head)
    if name in _CHARACTERS and not bar:
        return mask(_CHARACTERS[name]) if name in ("!", "!!", "=", "*") else _CHARACTERS[name]
    if make := _TABLE.get(name):
        return make(Arguments.of(rest.split("|") if bar else []))
    if name.startswith("lang-"):
        return _in_language(name[5:].strip(), Arguments.of(rest.split("|")))
    if name.startswith(("link-", "internal link helper/", "ilh/")):
        given = Arguments.of(rest.split("|"))
        return given.named("d") or _LINK(given)
    if name.startswith("noteta"):
        read_note_ta(rest.split("|"), page)
    elif name in ("pagename", "fullpagename", "subpagename", "basepagename"):
        return title
    elif ":" in name:
        function, _, first = head.partition(":")
        shown = _function(function.strip().lower(), first, rest.split("|") if bar else [])
        return shown or ""
    return ""
