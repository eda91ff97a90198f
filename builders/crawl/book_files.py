"""Pages in reading order to a book in a folder: `info.json` with its catalogue, and a text file for each chapter."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import orjson

from builders.crawl.journal import STATE_FOLDER
from builders.sources.book_folders import INFO_NAME
from builders.sources.chapter_pages import page_tree, read_page
from builders.sources.inputs import UnreadableError, short_key

MAX_NAME_CHARS = 80
_CONTENTS_LINKS = 3  # a page that leads to so many others is a table of contents
_PAGE_NUMBER = re.compile(
    r"\s*(?:[(（【\[]\s*(?:第?\s*\d+\s*[页頁]|\d+\s*[/／]\s*\d+)\s*[)）】\]]|第\s*\d+\s*[页頁])\s*$"
)
_BOOK_TITLES = ('meta[property="og:novel:book_name"]', 'meta[property="og:title"]')
_AUTHORS = ('meta[property="og:novel:author"]', 'meta[name="author"]')


class PageOfBook(NamedTuple):
    """A page: its URL, the words of the link to it, why it is not there ("" if it is), its bytes, links to follow."""

    url: str
    label: str
    problem: str
    raw: bytes = b""
    links: int = 0


@dataclass
class Chapter:
    """A chapter; `text` is None where its page could not be had, so that the book does not hide the gap."""

    title: str
    text: str | None


def write_book(
    out: Path, start: str, pages: Sequence[PageOfBook], text_css: str, title_css: str, taken: Sequence[str]
) -> str | None:
    """Write a book and return the name of its folder; None if no page has text."""
    title, author = _title_and_author(pages)
    chapters = chapters_of(pages, title, text_css, title_css)
    if not any(chapter.text for chapter in chapters):
        return None
    name = _folder_name(title) or short_key(start)
    while name in taken or not _is_ours(out / name, start):
        name += "~2"
    scratch = out / STATE_FOLDER / "book"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    for number, chapter in enumerate(chapters):
        if chapter.text is not None:
            (scratch / f"{number}.txt").write_text(chapter.text + "\n", encoding="utf-8")
    info = {"name": title, "author": author, "url": start, "catalogues": [chapter.title for chapter in chapters]}
    (scratch / INFO_NAME).write_bytes(orjson.dumps(info, option=orjson.OPT_INDENT_2) + b"\n")
    shutil.rmtree(out / name, ignore_errors=True)
    scratch.rename(out / name)
    return name


def _is_ours(folder: Path, start: str) -> bool:
    """Whether a folder may be replaced: it is not there, or an earlier run made it from the same start URL."""
    if not folder.exists():
        return True
    try:
        return bool(orjson.loads((folder / INFO_NAME).read_bytes())["url"] == start)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def chapters_of(pages: Sequence[PageOfBook], book: str, text_css: str, title_css: str) -> list[Chapter]:
    """Pages to chapters. Pages that follow one another under one title are one chapter: 归人 (1/2), 归人 (2/2)."""
    chapters: list[Chapter] = []
    for page in pages:
        if page.problem:
            if page.label:
                chapters.append(Chapter(page.label, None))
            continue
        if not text_css and page.links >= _CONTENTS_LINKS:
            continue
        try:
            read = read_page(page.raw, text_css, title_css)
        except UnreadableError:
            chapters.append(Chapter(page.label or page.url, None))
            continue
        if not read.text.strip():
            continue
        heading = _PAGE_NUMBER.sub("", read.heading)
        if heading in ("", book) and not title_css:
            heading = page.label or heading
        before = chapters[-1] if chapters else None
        if before and before.text is not None and heading and before.title == heading:
            before.text += "\n" + read.text
        else:
            chapters.append(Chapter(heading or f"{len(chapters) + 1}", read.text))
    return chapters


def _title_and_author(pages: Sequence[PageOfBook]) -> tuple[str, str]:
    first = next((page for page in pages if page.raw), None)
    if first is None:
        return "", ""
    try:
        tree, _ = page_tree(first.raw)
        heading = read_page(first.raw).heading
    except UnreadableError:
        return "", ""
    found = []
    for selectors in (_BOOK_TITLES, _AUTHORS):
        nodes = (tree.css_first(css) for css in selectors)
        contents = ((node.attributes.get("content") or "").strip() for node in nodes if node)
        found.append(" ".join(next(filter(None, contents), "").split()))
    return found[0] or heading, found[1]


def _folder_name(title: str) -> str:
    kept = "".join(char if char.isalnum() or char in " -_·《》()（）" else "_" for char in title)
    return kept.strip(" ._")[:MAX_NAME_CHARS]
