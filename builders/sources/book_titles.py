"""Title and author of a book, from the name of its file and from its first lines."""

from __future__ import annotations

import re
from posixpath import basename, dirname, splitext
from typing import NamedTuple

from builders.sources.book_folders import is_generic
from builders.sources.inputs import COMPRESSIONS

HEAD_LINES, HEAD_CHARS = 30, 4000


class TitleAndAuthor(NamedTuple):
    """What a name or a head says; "" where it says nothing."""

    title: str
    author: str


_BLANK = r"[\s\u3000\xa0_]"
_AUTHOR_LABEL = rf"(?:作{_BLANK}*者|著{_BLANK}*者|原{_BLANK}*著){_BLANK}*[:：]"
_TITLE_LABEL = rf"(?:书{_BLANK}*名|書{_BLANK}*名|小说名|小說名|标题|標題){_BLANK}*[:：]"
_DYNASTY = r"(?:先秦|西汉|东汉|西漢|東漢|三国|三國|[汉漢晋晉隋唐宋元明清]|南朝|北宋|南宋|民国|民國|近代|现代|現代|当代|當代)"
_WROTE = r"(?:编著|編著|编撰|編撰|编次|編次|编辑|編輯|校注|校註|著|撰|编|編|辑|輯|评|評|译|譯)"
_UNKNOWN = re.compile(r"佚名|无名氏|無名氏|未知|不详|不詳|匿名|不[题題署提]撰人|none|null|unknown|anonymous", re.I)
_ENCLOSED = re.compile(r"[《〈「『]([^《》〈〉「」『』]+)[》〉」』]")
_BRACKETED_JUNK = re.compile(
    r"[(（\[【［{〔][^()（）\[\]【】［］{}〔〕]*"
    r"(?:校对|校對|精校|全本|完本|完结|完結|全集|全文|全书|全書|完整|未删|未刪|无删|無刪|修订|修訂|txt|www\.|下载|下載|电子书|電子書|小说网|小說網|"
    r"书城|書城|書庫|书库|合集|连载|連載|出书版|精装|实体|番外|珍藏|收藏版|作者[:：]?\s*$|big5|gbk|gb2312|utf-?8|简体|簡體|繁体|繁體)"
    r"[^()（）\[\]【】［］{}〔〕]*[)）\]】］}〕]",
    re.I,
)
_JUNK_TAIL = re.compile(
    r"(?:[\s\u3000_·.\-—+~]*(?:"
    r"txt|全集下载|全集下載|下载|下載|电子书|電子書|精校版?|校对版?|校對版?|全本校对|全本校對|全本|完本|完结版?|完結版?|全文|完整版|"
    r"未删节版?|未刪節版?|无删节版?|修订版|珍藏版|典藏版|最新章节|最新章節|免费阅读|免費閱讀|全文阅读|全文閱讀|无弹窗|無彈窗|"
    r"big5|gbk|gb2312|gb18030|utf-?8|繁体版?|繁體版?|简体版?|簡體版?"
    r"))+[\s\u3000_·.\-—+~]*$",
    re.I,
)
_COMPLETE = re.compile(r"(?:[\s\u3000_·.\-—]+全集|(?<=....)(?<![大典品诗詩文说說士生作词詞学學篇剧劇家])全集)$")
_SITE = re.compile(r"(?:https?://)?(?:www\.)[\w.\-]+|[\w\-]+\.(?:com|net|org|cn|cc|info)\b", re.I)
_GENRE = re.compile(
    r"玄幻|奇幻|武侠|武俠|仙侠|仙俠|都市|言情|历史|歷史|军事|軍事|科幻|悬疑|懸疑|灵异|靈異|网游|網遊|竞技|穿越|重生|耽美|同人|"
    r"小说|小說|完结|完結|连载|連載|全本|完本|精校|校对|推荐|txt|简体|繁体|古典|经典|名著|原创|转载|出版|[0-9]",
    re.I,
)
_VOLUME = re.compile(r"[上中下全终終]|.*(?:[版本册冊卷部集季辑輯校注註文]|番外|完结|完結|合集|第[^篇]*)$|.*\d")
_AUTHOR = re.compile(r"[㐀-鿿·•．.A-Za-z ]{2,20}")


def title_and_author(path: str, head: str) -> TitleAndAuthor:
    """Title and author of the book at `path` (below its input). What its first lines say in so many words wins."""
    named = from_name(path)
    stated = from_head(head)
    return TitleAndAuthor(stated.title or named.title, stated.author or named.author)


def from_name(path: str) -> TitleAndAuthor:
    """What the name of a file (or, where that says nothing, of its folders) tells.

    >>> from_name("《雪夜》作者：林远（精校版）.txt")
    TitleAndAuthor(title='雪夜', author='林远')
    """
    stem = _stem(path)
    folders = [part for part in dirname(path).split("/") if part]
    if is_generic(stem):
        stem = next((part for part in reversed(folders) if re.search(r"[㐀-鿿]", part)), folders[-1] if folders else stem)
    found = _parse(_clean(stem))
    return found if found.title else TitleAndAuthor(stem.strip(), found.author)


def from_head(head: str) -> TitleAndAuthor:
    """What the first lines of a book say with a label (书名：, 作者：), a title in 《》 next to a name, or 著."""
    title, author = "", ""
    lines = [line.strip("\ufeff \t\u3000*=#-~·|/\\") for line in head[:HEAD_CHARS].split("\n")[:HEAD_LINES]]
    for index, line in enumerate(line for line in lines if line):
        if len(line) > 80:
            continue
        if not title and (found := re.search(rf"{_TITLE_LABEL}\s*(.+?)(?={_BLANK}*{_AUTHOR_LABEL}|$)", line)):
            title = _plain_title(found.group(1))
        if not author and (found := re.match(rf"(.{{0,40}}?){_AUTHOR_LABEL}\s*(.*)$", line)):
            author = clean_author(found.group(2))
            enclosed = _ENCLOSED.search(found.group(1))
            title = title or (enclosed.group(1).strip() if enclosed else "")
        if index < 3 and not author and (found := _signed(line)):
            title, author = title or found.title, found.author
    return TitleAndAuthor(title, author)


def _signed(line: str) -> TitleAndAuthor | None:
    """`《书名》作者`, `书名 / 作者 著`, `书名　明 作者著` and `清 作者著` as a line of its own."""
    line = line.strip("[]【】 ")
    if found := re.fullmatch(rf"《([^《》]+)》[\s\u3000]*([㐀-鿿·]{{2,5}})[\s\u3000]*{_WROTE}?", line):
        return TitleAndAuthor(found.group(1).strip(), clean_author(found.group(2)))
    if found := re.fullmatch(rf"(?:(\S+?)\s*/\s*)?(\S{{2,8}})[\s\u3000]+{_WROTE}", line):
        return TitleAndAuthor(_plain_title(found.group(1) or ""), clean_author(found.group(2)))
    pattern = rf"(?:\S+[\s\u3000]+)?[(（\[]?{_DYNASTY}[)）\]]?[\s\u3000.·．]*([㐀-鿿]{{2,8}}?)[\s\u3000]*{_WROTE}"
    if found := re.fullmatch(pattern, line):
        return TitleAndAuthor("", clean_author(found.group(1)))
    return None


def clean_author(stated: str) -> str:
    """The names alone: `明.羅貫中` and `[明]羅貫中 著` are 羅貫中; "" where nobody is named."""
    text = re.split(r"[,，;；|/]\s*(?:更新|状态|狀態|类型|字数|出版)|更新时间|最后更新|状态[:：]|[（(]", stated.strip(), maxsplit=1)[0]
    names = [_author_name(name) for name in re.split(r"[\s\u3000、，,;；/|&]+", text)]
    known = [name for name in names if name and not _UNKNOWN.fullmatch(name)]
    author = "、".join(known)
    return author if len(author) <= 40 and re.search(r"\w", author) else ""


def _author_name(name: str) -> str:
    name = re.sub(rf"^[(（\[【〔]{_DYNASTY}(?:朝|代)?[)）\]】〕][.·．]?|^{_DYNASTY}[.·．•]", "", name.strip("《》[]【】.。·"))
    name = re.sub(rf"{_WROTE}$", "", name) if len(name) > 2 else name
    return "" if re.fullmatch(rf"{_DYNASTY}|{_WROTE}", name) else name


def _stem(path: str) -> str:
    name = basename(path)
    stem, suffix = splitext(name)
    if suffix.lower() in COMPRESSIONS:
        stem, suffix = splitext(stem)
    while suffix and re.fullmatch(r"\.[A-Za-z0-9]{1,5}", suffix) and stem:
        name, (stem, suffix) = stem, splitext(stem)
    return name if not suffix else stem + suffix


def _clean(stem: str) -> str:
    stem = _SITE.sub("", stem).strip()
    stem = _BRACKETED_JUNK.sub("", stem)
    return _complete(_JUNK_TAIL.sub("", stem)).strip() or stem


def _complete(title: str) -> str:
    """Without a 全集 that was added; 鲁迅全集 and 散文全集 are titles."""
    return _COMPLETE.sub("", title)


def _plain_title(text: str) -> str:
    enclosed = _ENCLOSED.search(text)
    return (enclosed.group(1) if enclosed else _clean(text)).strip(" \u3000\t.·-—_:：|[]【】")


def _parse(stem: str) -> TitleAndAuthor:
    """Title and author of a cleaned file name, by the forms in which uploaders write them."""
    author = ""
    if found := re.search(rf"(.*?){_BLANK}*[（(\[【]?{_AUTHOR_LABEL}?(?<=[:：])(.*)", stem):
        stem, author = found.group(1), clean_author(found.group(2).strip(")）]】"))
    enclosed = _ENCLOSED.search(stem)
    if enclosed:
        rest = stem[enclosed.end() :].strip(" \u3000-_—·.:：")
        before = stem[: enclosed.start()].strip(" \u3000-_—·.:：")
        author = author or _name_behind(rest) or _name_behind(before)
        return TitleAndAuthor(enclosed.group(1).strip(), author)
    if not author:
        stem, author = _split_author(stem)
    return TitleAndAuthor(_plain_title(stem), author)


def _split_author(stem: str) -> tuple[str, str]:
    if found := re.fullmatch(r"(.+?)[\s_]+by[\s_:：]*(.+)", stem, re.I):
        return found.group(1), clean_author(found.group(2))
    if found := re.fullmatch(r"[\[【［]([^\]】］]{2,12})[\]】］]\s*(.+)", stem):
        inner, rest = found.groups()
        return rest, "" if _GENRE.search(inner) else clean_author(inner)
    if found := re.fullmatch(r"(.+?)\s*[-—–]+\s*([^-—–]+)", stem):
        title, name = found.groups()
        if _AUTHOR.fullmatch(name) and len(name) <= 12 and not _VOLUME.fullmatch(name):
            return title, clean_author(name)
    if found := re.fullmatch(rf"(\S+)[\s\u3000]+{_DYNASTY}[\s\u3000.·．]+(\S{{2,8}})", stem):
        return found.group(1), clean_author(found.group(2))
    if found := re.fullmatch(rf"(.+?)[\s\u3000]+(\S{{2,8}})[\s\u3000]*{_WROTE}", stem):
        return found.group(1), clean_author(found.group(2))
    return stem, ""


def _name_behind(text: str) -> str:
    """The author in what stands around 《书名》: `吳璿 著`, `（明）西湖漁隱`, `清.劉鶚`."""
    text = re.sub(rf"^[(（\[【〔]{_DYNASTY}[)）\]】〕]", "", text).strip()
    text = text.strip("()（）[]【】 \u3000")
    if not _AUTHOR.fullmatch(text.replace("\u3000", " ")) or _VOLUME.fullmatch(text) or _GENRE.search(text):
        return ""
    return clean_author(text)
