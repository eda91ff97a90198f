"""Books that lie in many files: which files of a folder (or an archive) are the pages of one book."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname, splitext
from typing import Any, Generic, Protocol, TypeVar

HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
TEXT_SUFFIXES = frozenset({".txt", ".text", ""})
INFO_NAME = "info.json"
GENERIC_STEMS = frozenset(
    [
        "text",
        "content",
        "contents",
        "index",
        "chapter",
        "body",
        "bitext",
        "data",
        "book",
        "main",
        "正文",
        "内容",
        "內容",
        "全文",
        "文本",
    ]
)
MAX_CHAPTER_BYTES = 200_000  # files that are mostly longer are books, whatever their names; UTF-8: 66,000 characters
NUMBER = "0-9０-９〇零一二两兩三四五六七八九十百千万"
NUMERALS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "兩": 2,
    "上": 1,
    "中": 2,
    "下": 3,
}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}

_HAN = re.compile(r"[㐀-鿿]")
_NUMBER = re.compile(rf"(\d+|[{NUMBER}]+|[上中下](?=\W*$))")
_NUMBERED_PAGE = re.compile(rf"\W*(?:第\s*)?[{NUMBER}]+|(?:chapter|chap|ch|page|p)[\s._-]*\d+", re.I)
_PART_OF_A_BOOK = re.compile(
    rf"\W*第?\s*[{NUMBER}]+\s*[章回节節卷集部篇册冊编編]|\W*[卷册冊]\s*[{NUMBER}上中下]|(?:chapter|chap|ch|vol|volume|part)[\s._-]*\d+|\d+$",
    re.I,
)
_CHAPTER_FILE = re.compile(rf"\W*(?:\d+[\W_]*)?第\s*[{NUMBER}]+\s*[章回节節]")
_COLLECTION = re.compile(r"(?:小说|小說|名著|合集|书库|書庫|文库|文庫|图书|圖書|书籍|書籍|典籍|古籍|txt)$", re.I)
_FRONT = re.compile(r"(?:原[书書]|自|小)?[序叙敘]|小引|前言|楔子|引子|引言|凡例|导读|導讀")
_BACK = re.compile(r"后记|後記|尾声|尾聲|终章|終章|跋|附录|附錄|番外")


class Listed(Protocol):
    """A file of a folder or archive, by its path below it."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


F = TypeVar("F", bound=Listed)


@dataclass(frozen=True, slots=True)
class BookFolder(Generic[F]):
    """One book in many files. `folder` is its path below the input, "" for the input itself."""

    folder: str
    files: tuple[F, ...]


def group_books(files: Sequence[F]) -> tuple[list[F], list[BookFolder[F]]]:
    """Files that stand for themselves, and those that are the pages of a book in a folder.

    A book in a folder is: `info.json` with the pages next to it; HTML pages with numbers in their names; texts that are
    mostly called after chapters (`书/卷一/第一章 归人.txt`); a tree of folders, one for each chapter, in which the text
    has one name everywhere (`书/卷一/第一回/text.txt`).
    """
    books = _page_folders(files)
    rest = _without(files, books)
    texts = _text_folders(rest)
    rest = _without(rest, texts)
    trees = _chapter_trees(rest)
    return _without(rest, trees), books + texts + trees


def _without(files: Iterable[F], books: Iterable[BookFolder[F]]) -> list[F]:
    in_books = {id(file) for book in books for file in book.files}
    return [file for file in files if id(file) not in in_books]


def _page_folders(files: Iterable[F]) -> list[BookFolder[F]]:
    by_folder: dict[str, list[F]] = defaultdict(list)
    for file in files:
        by_folder[dirname(file.name)].append(file)
    books = []
    for folder, group in by_folder.items():
        pages = [file for file in group if _suffix(file) in HTML_SUFFIXES]
        info = [file for file in group if basename(file.name).lower() == INFO_NAME]
        if info:
            pages += [file for file in group if _suffix(file) in TEXT_SUFFIXES and _stem(file).isdecimal()]
        elif len(pages) < 2 or not _mostly(_NUMBERED_PAGE.match(_stem(page)) for page in pages) or _are_books(pages):
            continue
        books.append(BookFolder(folder, (*info, *sorted(pages, key=lambda page: natural_key(page.name)))))
    return books


def _text_folders(files: Iterable[F]) -> list[BookFolder[F]]:
    """Folders of texts called 第一章, 第二章 …, with what lies beside them; those of the volumes of a book are one."""
    by_folder: dict[str, list[F]] = defaultdict(list)
    for file in files:
        if _suffix(file) in TEXT_SUFFIXES:
            by_folder[dirname(file.name)].append(file)
    by_book: dict[str, list[F]] = defaultdict(list)
    for folder, group in by_folder.items():
        if len(group) > 1 and _mostly(_CHAPTER_FILE.match(_stem(file)) for file in group) and not _are_books(group):
            by_book[_without_volume(folder)].extend(group)
    return [
        BookFolder(folder, tuple(sorted(chapters, key=lambda chapter: natural_key(chapter.name))))
        for folder, chapters in by_book.items()
    ]


def _without_volume(folder: str) -> str:
    above, _, last = folder.rpartition("/")
    return above if above and _PART_OF_A_BOOK.match(last) else folder


def _chapter_trees(files: Sequence[F]) -> list[BookFolder[F]]:
    texts: dict[str, list[F]] = defaultdict(list)
    for file in files:
        if _suffix(file) in TEXT_SUFFIXES:
            texts[dirname(file.name)].append(file)
    by_name: dict[str, list[F]] = defaultdict(list)
    for folder, group in texts.items():
        if folder and len(group) == 1:  # it is the only text of its folder
            by_name[basename(group[0].name).lower()].append(group[0])
    trees: dict[str, list[F]] = defaultdict(list)
    for group in by_name.values():
        if is_generic(_stem(group[0])) or (len(group) > 2 and not _HAN.search(_stem(group[0]))):
            for file in group:
                folder = dirname(file.name)
                book = _book_folder(folder)
                if book != folder:
                    trees[book].append(file)
    return [
        BookFolder(folder, tuple(sorted(chapters, key=lambda chapter: natural_key(chapter.name))))
        for folder, chapters in trees.items()
        if not _are_books(chapters)
    ]


def _book_folder(folder: str) -> str:
    """The folder of the book that a chapter's folder belongs to: the first one from above that can be a title."""
    parts = folder.split("/")
    han = [depth for depth, part in enumerate(parts) if _HAN.search(part) and not _COLLECTION.search(part)]
    depth = han[0] if han else 0
    return "/".join(parts[:depth] if _PART_OF_A_BOOK.match(parts[depth]) else parts[: depth + 1])


def is_generic(stem: str) -> bool:
    """Whether a file's name says nothing about the book, so that the folders around it must."""
    return stem.lower() in GENERIC_STEMS or stem.isdecimal()


def split_chapter_path(path: str) -> tuple[str, str]:
    """Volume and chapter of a file below its book's folder: `("卷一", "考城隍")` for `卷一/考城隍/text.txt`.

    A text that has a name of its own is called by that: `("卷一", "第一章")` for `卷一/第一章.txt`.
    """
    folders = dirname(path).split("/")
    stem = splitext(basename(path))[0]
    if _HAN.search(stem) and not is_generic(stem) and splitext(path)[1].lower() in TEXT_SUFFIXES:
        return " ".join(folders), stem
    return " ".join(folders[:-1]), folders[-1]


def natural_key(name: str) -> tuple[Any, ...]:
    """A key that puts 第二回 before 第十回, `9.html` before `10.html`, 上 before 下, a preface first."""
    return tuple(_natural_part(part) for part in name.split("/"))


def _natural_part(part: str) -> tuple[Any, ...]:
    place = -1 if _FRONT.match(part) else 1 if _BACK.match(part) else 0
    pieces = _NUMBER.split(part)  # text and numbers take turns
    return place, *(_number(piece) if index % 2 else piece for index, piece in enumerate(pieces))


def _number(digits: str) -> int:
    if digits.isdecimal():
        return int(digits[:40])
    total, section, digit = 0, 0, 0
    for char in digits:
        if char in UNITS:
            unit = UNITS[char]
            if unit == 10_000:
                total, section, digit = (total + section + digit) * unit, 0, 0
            else:
                section, digit = section + (digit or 1) * unit, 0
        else:
            digit = digit * 10 + (int(char) if char.isdecimal() else NUMERALS[char])
    return total + section + digit


def _mostly(answers: Iterable[object]) -> bool:
    known = [bool(answer) for answer in answers]
    return sum(known) * 2 > len(known)


def _are_books(pages: Sequence[Listed]) -> bool:
    return _mostly(page.size > MAX_CHAPTER_BYTES for page in pages)


def _suffix(file: Listed) -> str:
    return splitext(file.name)[1].lower()


def _stem(file: Listed) -> str:
    return splitext(basename(file.name))[0]
