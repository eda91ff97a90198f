"""Figures about a text, each from one numpy pass over its UTF-16 code units: kinds, repetition, labels."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from validators.characters import HAN

if TYPE_CHECKING:  # numpy is loaded by the first call
    import numpy
    from numpy.typing import NDArray

    Units = NDArray[numpy.uint16]
    Kinds = NDArray[numpy.uint8]


class Kind(IntEnum):
    """What a code unit is; every unit is of one kind. The Han kinds stand together, the most usual first."""

    SYMBOL = 0  # whatever no other kind claims: arrows, stars, emoji, box drawing
    BLANK = 1
    LINE_BREAK = 2
    PLAIN = 3  # the Han characters that any Chinese text is full of
    COMMON = 4  # level 1 of GB 2312 or Big5
    UNCOMMON = 5  # level 2 of GB 2312
    RARE = 6  # every other Han character; those of the supplementary planes by the first half of the pair
    KANA = 7
    HANGUL = 8
    LATIN = 9
    FOREIGN = 10  # letters of other scripts
    DIGIT = 11
    STOP = 12  # ends a sentence
    MARK = 13  # other punctuation of prose
    BRACKET = 14
    SIGN = 15  # separates, calculates or programs: | / · - = #
    WESTERN = 16  # the letters in the upper half of Latin-1
    REPLACEMENT = 17
    PRIVATE = 18
    CONTROL = 19
    LOW_SURROGATE = 20  # the second half of a pair: counted with the first


# From general knowledge of the language: particles, pronouns, plain verbs and nouns of modern and of classical Chinese
# in both scripts. They make up a quarter to a half of the Han characters of prose, a fifth and more of verse, under a
# tenth of bare lists of names, and next to nothing of text that was decoded with the wrong encoding.
_PLAIN = (
    "的一是不了在人有我他这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著"
    "下自之年过過发發后後作里裡裏用道行所然家事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進"
    "好小部其些主样樣理心她本前开開但因只从從想实實日者意无無此见見知又与與何曰乃矣吾将將相夫若则則故身己手情"
    "王今三山月风風水花春夜老回问問笑走头頭话話给給很吗嗎呢吧被让讓把它两兩点點更最再才便却卻已"
)
_STOPS = "。！？!?…｡︒"
_MARKS = "，、；：,;:.“”‘’\"'「」『』﹁﹂﹃﹄《》〈〉—―～~﹏〝〞．﹔﹕﹐﹑ー"
_BRACKETS = "()（）[]【】［］{}｛｝〔〕〖〗〘〙<>＜＞︵︶"
_SIGNS = "#$%&*+/=@\\^_`|-–·•‧・›»«‹｜／＿－＊＝＋＃＆％"
_LINE_BREAKS = "\n\r\v\f\x85\u2028\u2029"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u180e"


def code_units(text: str) -> Units:
    """The UTF-16 code units of a text; lone surrogates are units like any other."""
    import numpy

    return numpy.frombuffer(text.encode("utf-16-le", "surrogatepass"), dtype="<u2")


def charset(encoding: str, rows: range) -> str:
    """All Han characters of a charset whose first byte is in `rows`."""
    # A line break between them: of a pair that is none, not even the second byte is read with the next pair.
    pairs = b"\n".join([bytes((row, cell)) for row in rows for cell in range(0x40, 0xFF)])
    return "".join([character for character in pairs.decode(encoding, "ignore") if "\u4e00" <= character <= "\u9fff"])


# First, past the last, kind: in this order, later rows win. Strings and charsets come after them.
_SPANS = (
    (0x0000, 0x0020, Kind.CONTROL),
    (0x007F, 0x00A0, Kind.CONTROL),
    (0x00C0, 0x0100, Kind.WESTERN),
    (0x0100, 0x2000, Kind.FOREIGN),
    (0x2C00, 0x2E00, Kind.FOREIGN),
    (0x3041, 0x3097, Kind.KANA),
    (0x309D, 0x30FB, Kind.KANA),
    (0x30FD, 0x3100, Kind.KANA),
    (0x31F0, 0x3200, Kind.KANA),
    (0xFF66, 0xFF9E, Kind.KANA),
    (0x1100, 0x1200, Kind.HANGUL),
    (0x3131, 0x318F, Kind.HANGUL),
    (0xA960, 0xA980, Kind.HANGUL),
    (0xAC00, 0xD800, Kind.HANGUL),
    (0xFFA0, 0xFFDD, Kind.HANGUL),
    (0x3400, 0x4DC0, Kind.RARE),
    (0x4E00, 0xA000, Kind.RARE),
    (0xF900, 0xFB00, Kind.RARE),
    (0xD840, 0xD8C0, Kind.RARE),
    (0xA000, 0xA960, Kind.FOREIGN),
    (0xA980, 0xABFF, Kind.FOREIGN),
    (0xFB00, 0xFE00, Kind.FOREIGN),
    (0xFE70, 0xFEFF, Kind.FOREIGN),
    (0xDC00, 0xE000, Kind.LOW_SURROGATE),
    (0xE000, 0xF900, Kind.PRIVATE),
    (0xFFF0, 0x10000, Kind.CONTROL),
    (0xFFFD, 0xFFFE, Kind.REPLACEMENT),
    (0x0030, 0x003A, Kind.DIGIT),
    (0xFF10, 0xFF1A, Kind.DIGIT),
    (0x0041, 0x005B, Kind.LATIN),
    (0x0061, 0x007B, Kind.LATIN),
    (0xFF21, 0xFF3B, Kind.LATIN),
    (0xFF41, 0xFF5B, Kind.LATIN),
    (0x2000, 0x2010, Kind.BLANK),
)


@cache
def kind_table() -> Kinds:
    """The `Kind` of every code unit."""
    import numpy

    table = numpy.full(0x10000, Kind.SYMBOL, dtype=numpy.uint8)
    for start, end, kind in _SPANS:
        table[start:end] = kind
    for kind, characters in (
        (Kind.UNCOMMON, charset("gb2312", range(0xD8, 0xF8))),
        (Kind.COMMON, charset("gb2312", range(0xB0, 0xD8)) + charset("big5", range(0xA4, 0xC7)) + "々〇〻"),
        (Kind.PLAIN, _PLAIN),
        (Kind.STOP, _STOPS),
        (Kind.MARK, _MARKS),
        (Kind.BRACKET, _BRACKETS),
        (Kind.SIGN, _SIGNS + "×÷"),
        (Kind.BLANK, _INVISIBLE + " \t\u00a0\u1680\u202f\u205f\u3000"),
        (Kind.LINE_BREAK, _LINE_BREAKS),
    ):
        table[[ord(character) for character in characters]] = kind
    table.setflags(write=False)
    return table


_WINDOW_CHARS = 256
_MIN_HAN = 16  # below, repetition says nothing


def _windows(values: NDArray[numpy.uint64]) -> NDArray[numpy.uint64]:
    """The values in rows of `_WINDOW_CHARS`, or one row of fewer; the rest at the end is left out."""
    if len(values) < _WINDOW_CHARS:
        return values[None]
    return values[: len(values) // _WINDOW_CHARS * _WINDOW_CHARS].reshape(-1, _WINDOW_CHARS)


class Repetition(NamedTuple):
    """How often a text says the same; all figures are about its Han characters alone, so digits do not hide it."""

    repeated_share: float = 0.0  # runs of eight that came before, anywhere in the text
    distinct_share: float = 1.0  # different runs of four within a few hundred characters
    top_pair: str = ""  # the most frequent two characters
    top_pair_share: float = 0.0  # ... among all pairs


def is_varied(han: Units, max_repeated_share: float, min_distinct_share: float, max_stuffing: float) -> bool:
    """Whether it follows from the pairs alone that `repetition` finds nothing beyond these limits.

    That is a third of its time, and enough to clear nearly all chapters of books. `max_stuffing` is the share of the
    most frequent pair, divided by the distinct share.
    """
    import numpy

    if len(han) < _MIN_HAN:
        return True
    pairs = numpy.ndarray(len(han) - 1, "<u4", han, strides=(2,)).copy()  # every two neighbours, read as one number
    pairs.sort()
    different = numpy.count_nonzero(pairs[1:] != pairs[:-1]) + 1
    fours = len(pairs) - 2
    in_windows = fours // _WINDOW_CHARS * _WINDOW_CHARS or fours
    # Every different pair begins a different run, but for the last ones, which begin none that is counted.
    distinct_share = (different - (len(pairs) - in_windows)) / in_windows
    if distinct_share < min_distinct_share or 1 - (different - 6) / (len(pairs) - 6) > max_repeated_share:
        return False
    # One that is met more often stands at both ends of so many and one more; a little less, for what rounding does.
    often = int(0.999 * max_stuffing * distinct_share * len(pairs))
    return often > 0 and not numpy.count_nonzero(pairs[often:] == pairs[:-often])


def repetition(han: Units, min_repeated_share: float = 0.4) -> Repetition:
    """Near and far repetition of a text's Han characters. `repeated_share` is 0 where it cannot reach the minimum."""
    import numpy

    if len(han) < _MIN_HAN:
        return Repetition()
    pairs = han[:-1].astype(numpy.uint32) << numpy.uint32(16) | han[1:]
    fours = pairs[:-2].astype(numpy.uint64) << numpy.uint64(32) | pairs[2:]
    rows = numpy.sort(_windows(fours), axis=1)
    new = numpy.count_nonzero(rows[:, 1:] != rows[:, :-1]) + len(rows)
    pairs.sort()
    is_first = numpy.ones(len(pairs) + 1, dtype=bool)  # of its kind, and the one past the last
    numpy.not_equal(pairs[1:], pairs[:-1], out=is_first[1:-1])
    starts = numpy.flatnonzero(is_first)
    counts = starts[1:] - starts[:-1]
    top = int(counts.argmax())
    code = int(pairs[starts[top]])
    # Runs of eight are at least as many different ones as pairs are.
    possible = 1 - len(counts) / len(pairs)
    return Repetition(
        repeated_share=_repeated_share(fours) if possible >= min_repeated_share else 0.0,
        distinct_share=float(new / rows.size),
        top_pair=chr(code >> 16) + chr(code & 0xFFFF),
        top_pair_share=float(counts[top] / len(pairs)),
    )


def _repeated_share(fours: NDArray[numpy.uint64]) -> float:
    """How many of the runs of eight came before; a run is two fours, mixed into one number."""
    import numpy

    mixed = fours[:-4] * numpy.uint64(0x9E3779B97F4A7C15)  # an odd factor and a shift spread it over all bits
    eights = numpy.sort((mixed ^ mixed >> numpy.uint64(29)) + fours[4:])
    return float(numpy.count_nonzero(eights[1:] == eights[:-1]) / len(eights))


def marks_in_numbers(kinds: Kinds) -> int:
    """How many marks and signs stand right behind a digit: `12.6`, `8%`, `1. `."""
    import numpy

    after_digit = kinds[1:][kinds[:-1] == Kind.DIGIT]
    return int(numpy.count_nonzero((after_digit == Kind.MARK) | (after_digit == Kind.SIGN)))


class Labels(NamedTuple):
    """Pieces of a text without any punctuation, cut at line breaks, signs, brackets and blanks between Han."""

    share: float  # of the Han characters
    mean_chars: float


def labels(units: Units, kinds: Kinds, max_chars: int = 40) -> Labels:
    """How much of a text is words and headlines side by side instead of sentences; longer pieces are none."""
    import numpy

    is_han = (kinds >= Kind.PLAIN) & (kinds <= Kind.RARE)
    breaks = (kinds == Kind.LINE_BREAK) | (kinds == Kind.SIGN) | (kinds == Kind.BRACKET) | (kinds == Kind.SYMBOL)
    breaks |= (units == ord("：")) | (units == ord(":"))
    between = (kinds[1:-1] == Kind.BLANK) & is_han[:-2]
    breaks[1:-1] |= between & (is_han[2:] | (kinds[2:] == Kind.BLANK))
    piece = numpy.cumsum(breaks)
    pieces = int(piece[-1]) + 1
    han = numpy.bincount(piece[is_han], minlength=pieces)
    marks = ((kinds == Kind.STOP) | (kinds == Kind.MARK)) & ~breaks
    marks[1:] &= kinds[:-1] != Kind.DIGIT  # 1. 3.14 12:30
    marked = numpy.bincount(piece[marks], minlength=pieces)
    label = han[(marked == 0) & (han > 0) & (han <= max_chars)]
    total = int(han.sum())
    return Labels(float(label.sum() / max(total, 1)), float(label.mean()) if len(label) else 0.0)


_DIGITS = re.compile("[0-9０-９]+")


def log_share(text: str) -> float:
    """How many of the lines came before when their digits are left out: `12:01 第3次`, `12:05 第17次`."""
    lines = [line for line in _DIGITS.sub("", text).split("\n") if len(line) > 1]
    return 1 - len(set(lines)) / len(lines) if lines else 0.0


# What is left where the article itself is on another page: an ellipsis, a link to the rest, or both.
_REST = "更多|全文|全部|详情|詳情|详细|詳細|原文|内容|內容|下文|阅读|閱讀|剩余|剩餘|展开|展開"
_VERBS = "查看|阅读|閱讀|浏览|瀏覽|展开|展開|显示|顯示|了解|瞭解|继续|繼續|更多"
_LINKS = [f"{verb}(?:{_REST}){{1,3}}" for verb in (f"点击(?:{_VERBS})", f"點擊(?:{_VERBS})", *_VERBS.split("|"))]
_LINKS += ["更多", "全文", "详情", "詳情", "详细", "詳細", "展开", "展開"]
_LINK = "|".join(_LINKS)
# Every alternative begins with a character: then `re` looks for these alone, in a tenth of the time.
_TEASER = re.compile(
    rf"(?:…|\.\.\.|。。。|．．．|{_LINK})(?:(?<=[….。．])[ \u3000]{{0,4}}[\[【(（<《]?(?:{_LINK})?)?"
    r"[\]】)）>》»›→]{0,4}(?=\s|\Z)"
)
_OWN_LINK = re.compile(rf"[\[【(（<《]?(?:{_LINK})[\]】)）>》»›→]{{0,4}}")
_MAX_LINK_LINE_CHARS = 40
_TEASER_CHARS = 24  # no teaser's end is longer
_TEASER_ENDS = frozenset("….。．]】)）>》»›→" + _REST)
_MIN_TEASERS = 3
_STOP = "。！？"
_USUAL_CHARS_PER_STOP = 80


def _breaks_off(line: str) -> bool:
    """Whether a line ends in an ellipsis or a link, or a part of it does: there, blanks may stand for line breaks."""
    tail = line[-_TEASER_CHARS:]
    if tail[-1] in ".。．" and tail[-3:-1] != 2 * tail[-1] and len(tail.split(maxsplit=1)) == 1:
        return False  # an ordinary end of a sentence
    if line.endswith("……") and any(stop in line for stop in _STOP):
        return False  # the long ellipsis after whole sentences is a voice that falls silent
    return _TEASER.search(line, max(0, len(line) - _TEASER_CHARS)) is not None


def teaser_share(text: str) -> float:
    """How many of the lines break off with an ellipsis or a link to the rest; three of them are needed.

    Where they stand on one line, how many of its sentences.
    """
    cut = len(_TEASER.findall(text))
    if cut < _MIN_TEASERS:  # no line that counts is without one
        return 0.0
    lines = ended = 0
    for line in text.split("\n"):
        line = line.rstrip()
        if not line:
            continue
        if line[-1] not in _TEASER_ENDS:
            lines += 1
        elif lines and len(line) <= _MAX_LINK_LINE_CHARS and _OWN_LINK.fullmatch(line.lstrip()):
            ended = min(ended + 1, lines)  # the link belongs to the line before, which may count already
        else:
            lines += 1
            ended += _breaks_off(line)
    share = ended / lines if ended >= _MIN_TEASERS else 0.0
    stops = sum(map(text.count, _STOP))
    if stops * _USUAL_CHARS_PER_STOP > len(text):
        return share
    return max(share, cut / (cut + stops + lines - ended))


# How lines of the usual languages begin and end, and what stands in the middle of them.
_CODE_LINE = re.compile(
    r"(?:[;{}],?|\*/)$|^(?:[#@$<{}\]]|//|/\*|\*|--|import |from \w|def |class |return\b|var |let |const |function\b|"
    r"public |private |static |(?:if|for|while|switch|catch)\b ?\(|elif |else\b|try\b|print|echo |select |insert |"
    r"update |delete |\"\w+\":)"
    r"|[a-z0-9_]\([^()]{0,80}\)|</?[a-z]\w*|[a-z0-9_] ?[-+*/|&]?= ?[a-z0-9_\"']|\w(?:::|->|=>)\w|&&|\|\|",
    re.IGNORECASE | re.ASCII,
)
_CODE_SIGNS = re.compile(r"[{}()\[\]<>;=_\"'#$&|\\/*]")
_MIN_CODE_SIGNS = 0.08  # of the characters of code; formulas and abbreviations in prose stay below
_MAX_HAN_OF_CODE = 0.75  # of a line: strings and comments may be Chinese
_HAN_RUN = re.compile(f"[{HAN}]+")
_LINE_SAMPLE_CHARS = 400


def code_share(text: str) -> float:
    """How much of the text, blanks at line ends aside, stands on lines of code, markup or data."""
    total = code = signs = sampled = 0
    for line in map(str.strip, text.split("\n")):
        total += len(line)
        sample = line[:_LINE_SAMPLE_CHARS]
        if _HAN_RUN.match(line) or not _CODE_LINE.search(sample):  # hardly any line of code begins with a Han character
            continue
        if sum(map(len, _HAN_RUN.findall(sample))) <= _MAX_HAN_OF_CODE * len(sample):
            code += len(line)
            sampled += len(sample)
            signs += len(_CODE_SIGNS.findall(sample))
    return code / max(total, 1) if signs >= _MIN_CODE_SIGNS * sampled else 0.0
