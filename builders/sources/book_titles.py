"""Title and author of a book, from the name of its file and from its first lines."""

from __future__ import annotations

import re
from posixpath import basename, dirname
from typing import NamedTuple

from builders.sources.book_folders import is_generic

HEAD_LINES, HEAD_CHARS, MAX_LABEL_LINE_CHARS = 30, 4000, 80
MAX_NAME_CHARS = 200  # a longer name is taken as it is; the patterns below are not made for it

_B = r"[\s\u3000\xa0_]*"  # blanks of all kinds
_OPEN, _CLOSE = r"[(（\[【［{〔]", r"[)）\]】］}〕]"
_HAN = r"[㐀-鿿]"
_AUTHOR_LABEL = rf"(?:作{_B}者|原{_B}著|著{_B}者)"
_TITLE_LABEL = rf"(?:[书書]{_B}名|小[说說]名|[标標]题|標題){_B}[:：]"
_DYNASTY = (
    r"(?:先秦|[西东東]?[汉漢]|三[国國]|[晋晉隋唐宋元明清]|南朝|[北南]宋|民[国國]|近代|[现現]代|[当當]代)(?:朝|代)?"
)
_WROTE = r"(?:[编編][著撰次辑輯写寫]|原著|[著撰编編辑輯评評译譯述])"
_NOBODY = r"(?i)(?:佚名|[无無]名氏|未知|不[详詳]|匿名|不[题題署提着著]撰人|none|null|unknown|anonymous)"
_NAME = r"[㐀-鿿A-Za-z·•．. \u3000]{2,30}"
_NOT_A_NAME = (  # words that stand where a name could: parts, editions, genres, books about books
    r"(?:[上中下全终終]|.*(?:[版本册冊卷部集季回章篇校注註]|番外|完[结結])$|.*\d|"
    r".*(?:玄幻|奇幻|武[侠俠]|仙[侠俠]|都市|言情|[历歷]史|[军軍]事|科幻|[悬懸]疑|[灵靈]异|[网網]游|穿越|重生|耽美|同人|"
    r"小[说說]|完[结結]|[连連][载載]|[全完]本|精校|校[对對]|txt|[简簡繁][体體]|古典|[经經][典]|名著|原[创創]|出版|[网網]|"
    r"[札笔筆][记記]|研究|[评評赏賞][论論析]|解[读讀]|[导導][读讀]|[鉴鑒][赏賞]|考[证證论論]|[读讀]后感))"
)
_JUNK = (
    r"(?:txt|精校|校[对對]|[全完]本|完[结結]|全集|全文|全[书書]|完整|[未无無][删刪]|修[订訂]|下[载載]|[电電]子[书書]|[简簡繁][体體]|"
    r"珍藏|典藏|精[装裝]|出版|合集|[连連][载載]|番外|最新章[节節]|免[费費]|[阅閱][读讀]|[无無][弹彈]窗|"
    r"big5|gbk|gb2312|gb18030|utf-?8)"
)
_SUFFIX = r"(?i)\.(?:txt|text|md|html?|xhtml|zip|tar|tgz|gz|zst|tzst|bz2|tbz2|xz|txz)$"
_SITE = r"(?i)(?:https?://)?www\.[\w.\-]+|[A-Za-z0-9\-]+\.(?:com|net|org|cn|cc|info)\b"
_EMPTY_BRACKETS = rf"{_OPEN}\W*{_CLOSE}"
_INSIDE = r"[^()（）\[\]【】［］{}〔〕]*"
_BRACKETED_JUNK = rf"(?i){_OPEN}{_INSIDE}{_JUNK}{_INSIDE}{_CLOSE}"
# A glued 全集 goes where a title of four characters and more is left and does not itself call for it:
# 鲁迅全集 and 散文诗全集 are titles.
_COMPLETE = r"(?<=....)(?<![大典品诗詩文说說士生作词詞学學篇剧劇家师師])全集"
_GLUED_JUNK = rf"(?:txt|精校|校[对對]|[全完]本|完[结結]|下[载載]|全文|{_COMPLETE}|全集(?=[\W_]*{_JUNK}))"
_JUNK_TAIL = rf"(?i)(?:[\W_]+{_JUNK}|(?<=[\w》]){_GLUED_JUNK})(?:[\W_]*{_JUNK})*版?[\W_]*$"
_EDGES = " \t\u3000\xa0_-—–·.:：|~+"


class TitleAndAuthor(NamedTuple):
    """What a name or a head says; "" where it says nothing."""

    title: str
    author: str


def title_and_author(path: str, text: str) -> TitleAndAuthor:
    """Title and author of the book at `path` (below its input). What its first lines say in so many words wins."""
    named = from_name(path)
    stated = from_head(text)
    title, author = stated.title or named.title, stated.author or named.author
    return TitleAndAuthor(title, "" if author == title else author)


def from_name(path: str) -> TitleAndAuthor:
    """What the name of a file tells, or of its folders where it is called `text.txt` or `12.txt`.

    >>> from_name("《雪夜》作者：林远（精校版）.txt")
    TitleAndAuthor(title='雪夜', author='林远')
    """
    stem, folders = _without_suffix(basename(path)), [part for part in dirname(path).split("/") if part]
    if is_generic(stem) and folders:
        spare = stem if stem.isdecimal() else _without_suffix(folders[-1])
        stem = next((_without_suffix(part) for part in reversed(folders) if re.search(_HAN, part)), spare)
    title, author = _parse(_clean(stem)) if len(stem) <= MAX_NAME_CHARS else ("", "")
    return TitleAndAuthor(title or stem.strip(), author)


def _without_suffix(name: str) -> str:
    while (found := re.search(_SUFFIX, name)) and found.start():
        name = name[: found.start()]
    return name


def _clean(stem: str) -> str:
    """A file name without sites, notes on the edition and other things that uploaders add."""
    cleaned = stem
    for junk in (_SITE, _BRACKETED_JUNK, _JUNK_TAIL, _EMPTY_BRACKETS):
        cleaned = re.sub(junk, "", cleaned)
    return cleaned.strip(_EDGES) or stem.strip()


def _parse(stem: str) -> TitleAndAuthor:
    author = ""
    label = rf"(?:{_B}{_OPEN}?{_B}{_AUTHOR_LABEL}{_B}[:：]|(?<=[》\s_(（【\[]){_AUTHOR_LABEL})"
    if found := re.fullmatch(rf"(.+?){label}(.*)", stem):
        stem, author = found[1], clean_author(found[2])
    if found := re.fullmatch(r"(.*?)《([^《》]+)》(.*)", stem):
        before, title, behind = (part.strip() for part in found.groups())
        author = author or _lone_author(behind) or _lone_author(before)
        if author or re.fullmatch(rf"[\W\d]*|{_OPEN}.*{_CLOSE}|{_NOT_A_NAME}", before, re.I):
            return TitleAndAuthor(title, author)
    if not author:
        stem, author = _split_author(stem)
    return TitleAndAuthor(stem.strip(_EDGES + "(（[【"), author)


def _split_author(stem: str) -> tuple[str, str]:
    """`书名 by 作者`, `[作者]书名`, `书名-作者`, `书名 清 作者` and `书名 作者 著`, or all as the title."""
    if found := re.fullmatch(r"(.+?)[\s_]+by[\s_:：]+(.+)", stem, re.I):
        return found[1], clean_author(found[2])
    if found := re.fullmatch(r"[\[【［]([^\]】］]{2,12})[\]】］]\s*(.+)", stem):
        return found[2], _lone_author(found[1])
    for pattern in (
        r"(.+?)\s*[-—–]+\s*([^-—–]{2,12})",
        rf"(.+?)[\s\u3000]+({_DYNASTY}[\s\u3000.·．]+\S{{2,8}})",
        rf"(.+?)[\s\u3000]+(\S{{2,8}}[\s\u3000]*{_WROTE})",
    ):
        found = re.fullmatch(pattern, stem)
        if found and re.search(_HAN, found[1]) and (author := _lone_author(found[2])):
            return found[1], author
    return stem, ""


def _lone_author(text: str) -> str:
    """A name that stands without a label, where it can hardly be anything else: `（明）西湖漁隱`, `吳璿 著`."""
    text = re.sub(rf"^{_B}{_OPEN}{_DYNASTY}{_CLOSE}", "", text).strip(_EDGES + "()（）[]【】")
    return clean_author(text) if re.fullmatch(_NAME, text) and not re.fullmatch(_NOT_A_NAME, text, re.I) else ""


def clean_author(stated: str) -> str:
    """The names alone: `明.羅貫中` and `[明]羅貫中 著` are 羅貫中; "" where nobody is named."""
    text = re.split(r"[(（](?!.{0,3}[)）]\S)", stated.strip()[:MAX_NAME_CHARS])[0]
    names = [_author_name(name) for name in re.split(r"[\s\u3000、，,;；/|&]+", text)]
    author = "、".join(name for name in names if name and not re.fullmatch(_NOBODY, name))
    return author if len(author) <= 40 else ""


def _author_name(name: str) -> str:
    name = re.sub(rf"^(?:{_OPEN}{_DYNASTY}{_CLOSE}[.·．]?|{_DYNASTY}[.·．•])", "", name).strip(
        "《》[]【】()（）.。·:："
    )
    name = re.sub(rf"{_WROTE}$", "", name) if len(name) > 2 else name
    return "" if re.fullmatch(rf"{_DYNASTY}|{_WROTE}|\W*", name) else name


def from_head(text: str) -> TitleAndAuthor:
    """What the first lines of a book say with a label (书名：, 作者：), in 《》 next to a name, or with 著."""
    title, author = "", ""
    lines = [line.strip("\ufeff \t\u3000*=#-~|/\\") for line in text[:HEAD_CHARS].split("\n")[:HEAD_LINES]]
    for index, line in enumerate(line for line in lines if line):
        if len(line) > MAX_LABEL_LINE_CHARS:
            continue
        if not title and (found := re.search(rf"{_TITLE_LABEL}\s*(.+?)(?={_B}{_AUTHOR_LABEL}{_B}[:：]|$)", line)):
            title = _plain_title(found[1])
        if not author and (found := re.fullmatch(rf"(.{{0,40}}?){_AUTHOR_LABEL}{_B}[:：](.*)", line)):
            author = clean_author(found[2])
            enclosed = re.search(r"《([^《》]+)》", found[1])
            title = title or (enclosed[1].strip() if enclosed else "")
        if index < 3 and not author:
            stated = _signature(line)
            title, author = title or stated.title, stated.author
    return TitleAndAuthor(title, author)


def _signature(line: str) -> TitleAndAuthor:
    """`《书名》作者`, `[书名 / 作者 著 ]`, `书名　明 作者著` or `清 作者著` as a line of its own."""
    line = line.strip("[]【】 ")
    if found := re.fullmatch(rf"《([^《》]+)》[\s\u3000]*([㐀-鿿·]{{2,4}})[\s\u3000]*{_WROTE}?", line):
        return TitleAndAuthor(found[1].strip(), clean_author(found[2]))
    if found := re.fullmatch(rf"(\S+?)\s*/\s*(\S{{2,8}})[\s\u3000]+{_WROTE}", line):
        return TitleAndAuthor(_plain_title(found[1]), clean_author(found[2]))
    signed = rf"(?:\S+[\s\u3000]+)?{_OPEN}?{_DYNASTY}{_CLOSE}?[\s\u3000.·．]*([㐀-鿿]{{2,8}}?)[\s\u3000]*{_WROTE}"
    if found := re.fullmatch(signed, line):
        return TitleAndAuthor("", clean_author(found[1]))
    return TitleAndAuthor("", "")


def _plain_title(text: str) -> str:
    enclosed = re.search(r"《([^《》]+)》", text)
    return (enclosed[1] if enclosed else _clean(text)).strip(_EDGES + "[]【】")
