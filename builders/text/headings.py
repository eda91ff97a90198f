"""Lines that may be headings of a Chinese novel: what they look like, one by one.

Whether such a line is a heading in its book is decided by what stands around it, in `outline.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from enum import IntEnum

# Line feeds are no blanks here: a heading is a line. Zero-width marks are, for files that still have them.
_BLANK_CODES = (9, 11, 12, 13, 32, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x202F, 0x205F, 0x3000, 0xFEFF)
_BLANK_CHARACTERS = "".join(map(chr, _BLANK_CODES))
_FRAME_CHARACTERS = "*=#|+~_─━═☆★◆◇■□●○※—–-"  # what boxes around headings are drawn with
_MAX_TITLE_CHARS = 50
_MIN_PREFIX_COUNT = 3
_MAX_BOX_CHARS = 200  # in one line of a box

_DIGIT_FORMS = (
    "0０〇零○",
    "1１一壹",
    "2２二贰貳两兩",
    "3３三叁參叄",
    "4４四肆",
    "5５五伍",
    "6６六陆陸",
    "7７七柒",
    "8８八捌",
    "9９九玖",
)
_DIGITS = {form: value for value, forms in enumerate(_DIGIT_FORMS) for form in forms}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_SCORES = {"廿": 20, "卅": 30, "卌": 40}
_MYRIADS = "万萬"
_ENGLISH_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


class Level(IntEnum):
    """How much of a book a heading spans; one with narrower ones right below it holds them, as a volume does."""

    VOLUME = 0
    PART = 1
    CHAPTER = 2
    SECTION = 3


_LEVELS = {
    **dict.fromkeys("卷", Level.VOLUME),
    **dict.fromkeys("部集篇编編册冊季辑輯", Level.PART),
    **dict.fromkeys("章回话話幕折出齣场場则則讲講课課夜传傳", Level.CHAPTER),
    **dict.fromkeys("节節", Level.SECTION),
}
_USUAL_UNITS = "卷部集篇章回话話节節"  # the others are ordinary measure words, too: 第一场, 第三夜
_SIMPLIFIED_UNITS = str.maketrans("話編冊輯齣場則講課傳節", "话编册辑出场则讲课传节")

# A unit and what follows it that together are another word: 第一节课, 第三部分, 第一回合.
_NEVER_A_UNIT = re.compile("部分|[节節][课課]")
_SELDOM_A_UNIT = re.compile(
    "章[节節程鱼魚法]|[节節][目日车車骨电電]|集[合中团團体體市結结訓训會会裝装]|部[队隊门門长長落位委属屬署电電作戏戲片]|"
    "回[合来來去事头頭答应應国國归歸见見]|篇[文幅章报報论論]|[话話][题題语語剧劇]|卷[轴軸宗子入起]|季[度节節军軍]|册[子页頁]|"
    "[场場][所合面景雪雨比战戰]|[出齣][戏戲口门門来來去]|[课課][程堂本文]|夜[晚里裡]|[传傳][说說统統]"
)
# Right after the unit they go on with a sentence more often than they begin a name: 第一章他写得很慢.
_SENTENCE_WORDS = frozenset(
    "的地得里裡是就才也还還都又在有没沒了着著过過他她它我你您这這那哪谁誰什甚怎讲講写寫说說叫给給让讓被把对對和与與跟比，,"
)
_NAME_MARKS = '：:、.．·•—–－-_~～|/／（(【〖〔《〈「『“"‘'  # may stand between a number and a name
_OPEN_END = "，、；：,;:"  # no heading ends in one

_UNNUMBERED_PARTS = (
    "楔子|序[章幕曲言]|[自代总總原后後]序|前[言记記传傳]|引[子言]|[导導][言读讀]|[绪緒][言论論]|[题題][记記]|卷首[语語]|[开開]篇|凡例|"
    "尾[声聲章]|[终終][章曲幕卷篇]|最[终終][章回话話]|最[后後]一章|大[结結]局|[结結][语語]|[结結]束[语語]|[后後][记記传傳]|附[录錄]|"
    "[完上][结結本架]感言|外[传傳篇]|番外|幕[间間]|[间間]章|特[别別]篇|序|跋"
)
_B = f"[{_BLANK_CHARACTERS}]*+"  # possessive: a long run of blanks is tried once
_FRAME = f"[{re.escape(_FRAME_CHARACTERS)}]"
_FRAMES = f"[{re.escape(_FRAME_CHARACTERS)}{_BLANK_CHARACTERS}]*+"
_NUMERAL = f"[{''.join([*_DIGITS, *_TENS, *_SCORES, _MYRIADS])}]"
_NUMBER = rf"{_NUMERAL}(?:{_B}{_NUMERAL}){{0,11}}"
_UNIT = f"[{''.join(_LEVELS)}]"
_PART_FORMS = [re.findall(r"\[.*?\]|.", part) for part in _UNNUMBERED_PARTS.split("|")]
_PARTS = "|".join(map(_B.join, _PART_FORMS))
_PART_STARTS = "".join(form[0].strip("[]") for form in _PART_FORMS)
_PREFIX = "[^\\n第。！？，、；：…“”「」]{1,16}"
# One scan over the whole book for the few lines worth reading. It starts at a literal, which `re` finds fast, and looks
# at one character before it tries many words.
_CANDIDATE_LINE = re.compile(
    rf"\n(?={_B}(?:{_FRAME}{_FRAMES}、?{_B})?[【〖〔\[［]?{_B}(?:第|正文|卷|[上中下][卷部册冊]{_B}第|(?=[{_PART_STARTS}])(?:{_PARTS})|"
    rf"(?=[cvpeCVPE])(?i:chapter|volume|prologue|epilogue)|{_PREFIX}第{_B}{_NUMERAL}))([^\n]{{1,200}})(?![^\n])"
)
_NUMBERED = re.compile(
    rf"第{_B}(?P<number>{_NUMBER})(?:{_B}[-—–~～、&+和至到]{_B}第?{_B}(?P<last>{_NUMBER}))?(?P<fraction>[.．]\d+)?"
    rf"{_B}(?P<unit>{_UNIT})(?P<name>.*)"
)
_BARE_VOLUME = re.compile(rf"(?P<unit>卷){_B}[之第]?{_B}(?P<number>{_NUMERAL}{{1,9}}+)(?P<name>.*)")
_VOLUME_IN_FRONT = re.compile(
    rf"(?P<volume>[上中下][卷部册冊]|第{_B}{_NUMBER}{_B}[卷部集篇编編册冊季辑輯].{{0,24}}?)"
    rf"[{_BLANK_CHARACTERS}：:·—–-]*(?P<chapter>第{_B}{_NUMBER}{_B}[章回话話节節].*)"
)
_ENGLISH = re.compile(
    rf"(?P<unit>chapter|volume)[{_BLANK_CHARACTERS}.．]*(?P<number>\d{{1,8}}|[ivxlc]{{1,9}}|{'|'.join(_ENGLISH_NUMBERS)})"
    r"(?![a-z\d])(?P<name>.*)",
    re.I,
)
_UNNUMBERED = re.compile(
    rf"(?P<part>(?:{_PARTS})(?:{_B}[篇卷])?(?:{_B}(?:{_NUMBER}|[上中下终終完]))?|(?i:prologue|epilogue))"
    rf"(?P<name>$|[{_BLANK_CHARACTERS}{re.escape(_NAME_MARKS)}].*)"
)
_PREFIXED = re.compile(rf"(?P<prefix>{_PREFIX})(?P<heading>第{_B}{_NUMBER}.*)")
_NAVIGATION = re.compile("[上下前后後]一?[章页頁节節回话話]|目[录錄]")
_SIDE_STORY = re.compile(rf"番{_B}外(?P<name>之[^，,；：]{{1,25}}|[^，,；：]{{1,12}}篇)$")
_BODY_MARK = re.compile(
    rf"^(?:【{_B}正{_B}文{_B}】|正{_B}文)[{_BLANK_CHARACTERS}：:、·—–-]*(?=[第卷【{_PART_STARTS}]|chapter)", re.I
)
_PAGE_NUMBER = re.compile(rf"(?:[.．·]{{3,}}|…{{2,}}){_B}\d{{1,4}}$")
_BLANK_RUN = re.compile(f"[{_BLANK_CHARACTERS}]+")
_BRACKETS = {"【": "】", "〖": "〗", "〔": "〕", "[": "]", "［": "］"}
_RULE_LINE = re.compile(rf"(?=[^\n]*{_FRAME})[{re.escape(_FRAME_CHARACTERS)}{_BLANK_CHARACTERS}l]+")


class Trust(IntEnum):
    """How much a line says by itself; what is not SURE needs fitting numbers around it."""

    GAP = 0  # 第三章 你是谁？, 第八回合欢楼: only where just this number is missing in a long book
    DOUBTFUL = 1  # 第一章他写得很慢
    PLAUSIBLE = 2  # 第一章风起
    SURE = 3  # 第一章 风起


@dataclass(slots=True)
class Heading:
    """A line that may be a heading, with the box that is drawn around it: `text[start:end]`."""

    title: str
    name: str  # the title without its number
    unit: str  # 章, 回 ... in simplified script, chapter; "" for 楔子 and its like
    level: Level
    number: int | None
    last_number: int | None  # 13 for 第12-13章, otherwise `number`
    trust: Trust
    prefix: str = ""  # the book's name or the like, in front of the number
    start: int = 0
    end: int = 0

    @property
    def place(self) -> tuple[str, int | str]:
        """The same for two headings of one chapter, as long as numbers do not restart."""
        return (self.unit, fold(self.title) if self.number is None else self.number)

    def says_the_same(self, other: Heading) -> bool:
        """Whether two headings are one, but for blanks, marks and how the number is written."""
        return self.place == other.place and fold(self.name) == fold(other.name)

    @property
    def label(self) -> str:
        """`第十二章`, without the name."""
        return self.title.removesuffix(self.name).rstrip(_BLANK_CHARACTERS + _NAME_MARKS) if self.unit else self.title


def fold(title: str) -> str:
    """A title without blanks, marks and case, for comparing."""
    return "".join(filter(str.isalnum, title)).lower()


def parse_number(numeral: str) -> int:
    """The value of a numeral in any script: 12, １２, 十二, 一二, 壹拾贰, 廿三, 一百零五, 兩千三百."""
    total = section = digit = 0
    for character in numeral:
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character]
        elif character in _TENS:
            section, digit = section + (digit or 1) * _TENS[character], 0
        elif character in _SCORES:
            section += _SCORES[character]
        elif character in _MYRIADS:
            total, section, digit = total + (section + digit or 1) * 10_000, 0, 0
    return total + section + digit


def _parse_english_number(numeral: str) -> int:
    """12, XII or twelve."""
    word = numeral.lower()
    if word[0].isdigit():
        return int(word)
    if word in _ENGLISH_NUMBERS:
        return _ENGLISH_NUMBERS.index(word)
    values = [_ROMAN_DIGITS[letter] for letter in word]
    return sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))


def find_headings(text: str) -> list[Heading]:
    """All lines of `text` that may be headings, in order; a line may hold a volume and a chapter."""
    headings: list[Heading] = []
    prefixes: Counter[str] = Counter()
    for match in _CANDIDATE_LINE.finditer("\n" + text):
        start, line = match.start(), match[1].strip(_BLANK_CHARACTERS)  # the line feed in front shifts all by one
        framed = line[0] in _FRAME_CHARACTERS
        line = line.strip(_FRAME_CHARACTERS + _BLANK_CHARACTERS).lstrip("、" + _BLANK_CHARACTERS) if framed else line
        read = _read_line(line) or _read_prefixed(line)
        if not read:
            continue
        prefixes[read[-1].prefix] += 1
        top, end, inside = _box(text, start, match.end() - 1, framed)
        top = max(top, headings[-1].end if headings else 0)  # one rule may close a box and open the next
        for heading in read:
            heading.start, heading.end = top, top
        heading.end = end
        if inside:
            heading.title = " ".join([heading.title, *inside])
            heading.name = " ".join([heading.name, *inside]).strip()
        headings += read
    return [heading for heading in headings if not heading.prefix or prefixes[heading.prefix] >= _MIN_PREFIX_COUNT]


def _read_line(line: str) -> list[Heading]:
    """The heading in a line without blanks and frames at its ends; a volume and a chapter make two."""
    line = _PAGE_NUMBER.sub("", _BODY_MARK.sub("", line, count=1))
    opened = ""
    if closing := _BRACKETS.get(line[:1]):
        if line.find(closing) == len(line) - 1:
            line = _BODY_MARK.sub("", line[1:-1].strip(_BLANK_CHARACTERS), count=1)
        elif closing in line:  # 【第一章】风起: read without the brackets, shown with them
            opened, line = line, line[1:].replace(closing, " ", 1)
    if "。" in line or len(_BLANK_RUN.sub(" ", line)) > _MAX_TITLE_CHARS:
        return []
    if (both := _VOLUME_IN_FRONT.fullmatch(line)) and (chapter := _read_heading(both["chapter"])):
        volume = _read_heading(both["volume"].rstrip(_BLANK_CHARACTERS))
        return [volume or _half_volume(both["volume"]), chapter]
    heading = _read_heading(line)
    if heading is None:
        return []
    if opened:
        heading = replace(heading, title=_BLANK_RUN.sub(" ", opened))
    if "！" in line or "？" in line:
        heading.trust = Trust.GAP
    return [heading]


def _read_prefixed(line: str) -> list[Heading]:
    """A heading with the same words in front every time: 雪夜 第一章, VIP章节 第一章."""
    match = _PREFIXED.fullmatch(line)
    if match is None or len(line) > _MAX_TITLE_CHARS or "。" in line or _NAVIGATION.search(match["prefix"]):
        return []
    heading = _read_heading(match["heading"])
    if heading is None:
        return []
    heading.title, heading.prefix = _BLANK_RUN.sub(" ", line), match["prefix"]
    heading.trust = min(heading.trust, Trust.PLAUSIBLE)
    return [heading]


def _half_volume(volume: str) -> Heading:
    """上卷 and its like, in front of a chapter."""
    return Heading(volume, "", "卷", Level.VOLUME, None, None, Trust.SURE)


def _read_heading(line: str) -> Heading | None:
    if match := _NUMBERED.fullmatch(line) or _BARE_VOLUME.fullmatch(line):
        return _read_numbered(line, match)
    if match := _ENGLISH.fullmatch(line):
        name = match["name"].strip(_BLANK_CHARACTERS + _NAME_MARKS)
        number = _parse_english_number(match["number"])
        level = Level.VOLUME if match["unit"].lower() == "volume" else Level.CHAPTER
        trust = Trust.DOUBTFUL if name[:1].islower() else Trust.SURE
        return Heading(_BLANK_RUN.sub(" ", line), name, match["unit"].lower(), level, number, number, trust)
    if match := _UNNUMBERED.fullmatch(line) or _SIDE_STORY.fullmatch(line):
        if match["name"][1:] and match["name"][-1] in _OPEN_END:
            return None
        trust = Trust.PLAUSIBLE if match.re is _SIDE_STORY else Trust.SURE
        name = match["name"].strip(_BLANK_CHARACTERS)
        return Heading(_BLANK_RUN.sub(" ", line), name, "", Level.CHAPTER, None, None, trust)
    return None


def _read_numbered(line: str, match: re.Match[str]) -> Heading | None:
    written_unit, rest = match["unit"], match["name"]
    name = _BLANK_RUN.sub(" ", rest).strip()
    trust = _trust(written_unit, rest, name)
    if trust is None:
        return None
    number: int | None = parse_number(match["number"])
    last_number = number
    if match.re is _NUMBERED:
        last_number = parse_number(match["last"]) if match["last"] else number
        if match["fraction"]:
            number = last_number = None
    else:
        trust = min(trust, Trust.PLAUSIBLE)
    head = _BLANK_RUN.sub("", line[: match.start("name")])
    title = head + _BLANK_RUN.sub(" ", rest)
    unit = written_unit.translate(_SIMPLIFIED_UNITS)
    return Heading(title, name, unit, _LEVELS[written_unit], number, last_number, trust)


def _trust(unit: str, rest: str, name: str) -> Trust | None:
    """What the text after 第N章 says: nothing, a name set off by a blank or a mark, a glued name, a sentence."""
    if name[1:] and name[-1] in _OPEN_END:
        return None
    usual = unit in _USUAL_UNITS
    if not name or rest[0] in _BLANK_CHARACTERS or rest[0] in _NAME_MARKS:
        return Trust.SURE if usual else Trust.PLAUSIBLE
    if _NEVER_A_UNIT.match(unit + rest[0]):
        return None
    if _SELDOM_A_UNIT.match(unit + rest[0]):
        return Trust.GAP
    sentence = rest[0] in _SENTENCE_WORDS or len(rest) > 25 or any(mark in rest for mark in "，；：")
    return Trust.DOUBTFUL if sentence or not usual else Trust.PLAUSIBLE


def _is_rule(text: str, start: int, end: int) -> bool:
    return end - start < _MAX_BOX_CHARS and _RULE_LINE.fullmatch(text, start, end) is not None


def _box(text: str, start: int, end: int, framed: bool) -> tuple[int, int, list[str]]:
    """Where the box around a heading line begins and ends, and what else is written in it.

    A line with a frame at its own ends may have more such lines above and below; a bare line has a box only
    where a rule is drawn both above and below it.
    """
    top, bottom, inside = start, end, list[str]()
    while top > 0 and _is_rule(text, above := text.rfind("\n", 0, top - 1) + 1, top - 1):
        top = above
        if not framed:
            break
    while bottom < len(text):
        below = text.find("\n", bottom + 1)
        below = len(text) if below < 0 else below
        if not _is_rule(text, bottom + 1, below):
            line = text[bottom + 1 : min(below, bottom + 1 + _MAX_BOX_CHARS)].strip(_BLANK_CHARACTERS)
            within = line.strip(_FRAME_CHARACTERS + _BLANK_CHARACTERS)
            in_box = framed and top < start and line[:1] in _FRAME_CHARACTERS and line[-1:] in _FRAME_CHARACTERS
            if not (in_box and within) or _read_line(within):
                break
            inside.append(_BLANK_RUN.sub(" ", within))
        bottom = below
        if not framed:
            break
    if not framed and (top == start or bottom == end):
        return start, end, []
    return top, bottom, inside
