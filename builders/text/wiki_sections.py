"""The lines and sections of a page: headings, lists, emphasis; sections that go, and those that are empty."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from builders.text.wiki_marks import BREAK, ENDED, NOTHING, RAW_ON, decode_entities, unmask, without_raw_marks
from validators.characters import fold

DROPPED_SECTIONS = (
    "参考文献", "参考资料", "参考来源", "参考书目", "参考", "参考链接", "参考网站", "参考出处", "外部链接",
    "外部连接", "外部连结", "外部参考", "参见", "参看", "参阅", "另见", "参照", "参考条目", "相关条目", "相关链接",
    "相关连接", "相关连结", "相关项目", "注释", "注解", "注脚", "脚注", "附注", "备注", "批注", "尾注", "注", "注记",
    "注释及参考", "延伸阅读", "扩展阅读", "进一步阅读", "深入阅读", "推荐阅读", "资料来源", "来源", "引用",
    "引用来源", "引用资料", "引证", "出处", "引注", "引文", "关联项目", "外部資源", "图集", "图库", "画廊", "图片",
    "相册", "图像", "照片集", "references", "external links", "see also", "notes", "further reading", "bibliography",
    "gallery", "footnotes", "sources",
)  # fmt: skip
"""Headings of sections without text of the article; either script counts, and two joined by 与, 和, 及."""

_HEADING = re.compile(r"(={1,6})(?!=)(.+?)(?<!=)(={1,6})\s*", re.DOTALL)
_JOINED = re.compile(r"\s*(?:以及|[与與和及、/&＆・·,，]|\band\b)\s*")
_EMPTY_HEADING = re.compile(r"=+\s*")
_LIST = re.compile(r"[*#:;]+[ \t]*")
_BLANKS = f" \t\u3000\xa0{NOTHING}"
_NO_TEXT = f"{_BLANKS}{BREAK}{ENDED}"
_AT_START = f"*#:;|!- ={RAW_ON}"
_TABLE_LINE = re.compile(r"\|[-+}|]?|!(?=[ !]|[^\n]*!!)")


@dataclass(slots=True)
class _Section:
    level: int
    title: str
    lines: list[str] = field(default_factory=list)


def article_lines(text: str, drop_sections: tuple[str, ...]) -> str:
    """The lines of the article without markup at their ends; neither the sections that go nor empty ones."""
    sections = [_Section(0, "")]
    lines = sections[0].lines
    for line in text.split("\n"):
        if "''" in line:
            line = without_emphasis(line)
        if not line or line[0] not in _AT_START:
            lines.append(line)
            continue
        bare = line[1:] if line[0] == RAW_ON else line
        if bare[:1] == "=" and (match := _HEADING.fullmatch(without_raw_marks(bare).strip())):
            level = min(len(match[1]), len(match[3]))
            sections.append(_Section(level, line.strip().strip("=").strip()))
            lines = sections[-1].lines
            continue
        lines.append(_line(line, bare) if bare and bare[0] in _AT_START else line)
    wanted = _without(sections, _keys(drop_sections))
    return "\n".join(_shown(_with_text(wanted))).replace(NOTHING, "")


def _line(line: str, bare: str) -> str:
    """A line that begins with a character that may be markup."""
    mark = line[: len(line) - len(bare)]
    if bare[0] in "*#:;":
        return mark + bare[_match_end(_LIST, bare) :]
    if bare.startswith("----"):
        return mark + bare.lstrip("-")
    if _TABLE_LINE.match(bare) or _EMPTY_HEADING.fullmatch(bare):
        return ""
    return mark + bare.lstrip(" ")


def _match_end(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


@lru_cache(maxsize=4096)
def _key(title: str) -> str:
    return fold(unmask(without_raw_marks(title)))


@lru_cache(maxsize=64)
def _keys(titles: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_key, titles))


def _goes(title: str, dropped: frozenset[str]) -> bool:
    key = _key(title)
    if key in dropped:
        return True
    parts = [_key(part) for part in _JOINED.split(title)]
    return len(parts) > 1 and all(part in dropped for part in parts)


def _without(sections: list[_Section], dropped: frozenset[str]) -> list[_Section]:
    """The sections but those that go, and what is below them."""
    kept = []
    level = 0  # of the section that goes; 0 where none does
    for section in sections:
        if level and section.level > level:
            continue
        level = section.level if section.level and _goes(section.title, dropped) else 0
        if not level:
            kept.append(section)
    return kept


def _with_text(sections: list[_Section]) -> list[_Section]:
    """The sections with a text, or with one in a section below."""
    kept = []
    below: list[int] = []  # levels of the kept sections that no heading above has claimed yet
    for section in reversed(sections):
        has_text = any(level > section.level for level in below) or any(_has_text(line) for line in section.lines)
        below = [level for level in below if level <= section.level]
        if has_text:
            below.append(section.level)
            kept.append(section)
    return kept[::-1]


def _has_text(line: str) -> bool:
    if "&" in line:
        line = decode_entities(line)
    return bool(without_raw_marks(line).strip(_NO_TEXT))


def _shown(sections: list[_Section]) -> list[str]:
    """The lines; at most one blank line between two others, and none right after a heading."""
    shown: list[str] = []
    for section in sections:
        if section.level:
            shown += "", section.title.replace(BREAK, " ")
        blank = section.level == 0
        for line in section.lines:
            if BREAK in line:
                line = _BREAKS.sub(BREAK, line).strip(BREAK)
            line = line.strip(_BLANKS)
            if line:
                if blank:
                    shown.append("")
                shown.append(line.replace(BREAK, "\n"))
            blank = not line and (bool(blank) or (bool(shown) and shown[-1] != section.title))
    return shown


_BREAKS = re.compile(rf"[ \t\u3000]*{BREAK}[ \t\u3000{BREAK}]*")

_EMPHASIS = re.compile("''+")


def without_emphasis(line: str) -> str:
    """A line without marks of italics and bold; an apostrophe before them stays.

    Where both are left open at the end of the line, one bold mark is an apostrophe and an italic one (L'''amour'').
    """
    runs = [min(len(run), 5) for run in _EMPHASIS.findall(line)]
    bold = sum(run in (3, 4, 5) for run in runs)
    italic = sum(run in (2, 5) for run in runs)
    ambiguous = bold % 2 == 1 and italic % 2 == 1

    def plain(match: re.Match[str]) -> str:
        nonlocal ambiguous
        length = len(match[0])
        if length == 3 and ambiguous and line[max(match.start() - 1, 0) : match.start()].strip():
            ambiguous = False
            return "'"
        return "'" * (length - 5 if length > 5 else length == 4)

    return _EMPHASIS.sub(plain, line)
