"""Papers: title and abstract, with keywords and discipline, as CSL and tables of any kind have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from builders.document import Document, Meta, Quarantined
from builders.sources.inputs import MIB, file_kind, refused
from builders.sources.row_files import UTF16_MARKS, OpenFile, RowFiles, placed
from builders.sources.rows import BadRow, Row, can_be_kept, kind_of, read_text_lines
from builders.text.decode import decode
from validators.characters import fold

# What the columns are called, folded: the first of them that a row has is taken.
_NAMES = {
    "title": ("title", "papertitle", "titlezh", "标题", "题目", "论文标题", "论文题目", "题名", "篇名"),
    "abstract": ("abstract", "abst", "abstractzh", "paperabstract", "摘要", "论文摘要", "中文摘要"),
    "keywords": ("keywords", "keyword", "关键词", "关键字"),
    "category": ("category", "门类", "学科门类"),
    "discipline": ("discipline", "subject", "学科", "一级学科"),
}
_CATEGORIES = frozenset(
    ("哲学", "经济学", "法学", "教育学", "文学", "历史学", "理学", "工学", "农学", "医学", "军事学", "管理学", "艺术学")
)
# The files of CSL for text-to-text models begin every line with the task; columns of a task after it.
_TASKS = {
    "to title": ("abstract", "title"),
    "to keywords": ("abstract and title", "keywords"),
    "to category": ("title", "category"),
    "to discipline": ("abstract", "discipline"),
}
_ABSTRACT_AND_TITLE = re.compile(r"(.*[.。．!?！？…;；)）”’》\]]) +(\S.*)", re.DOTALL)
_BLANKS = re.compile(r"\s+|<br ?/?>", re.IGNORECASE)
_SEPARATORS = re.compile(r"[_;；,，、|]+")
_WITH_WRONG_KEYWORDS = "0"  # the label of the CSL task in FewCLUE where some of the keywords are not the paper's
_HEAD_BYTES = 4096


class _UnfitError(ValueError):
    """A row that is no paper; the message is a reason for the quarantine."""


@dataclass(frozen=True, kw_only=True)
class Papers(RowFiles):
    """One document a paper: the title, a line break, the abstract; a paper without title is its abstract alone.

    `title_column` and `abstract_column` name the columns; "" finds them by the usual names (title, 标题, abstract,
    abst, 摘要 …). TSV and text files may come without a header, as CSL does: title, abstract, keywords, discipline,
    category; or a task (`to title`, `to keywords`, `to discipline`), its input and its output. Keywords, category and
    discipline become metadata, beside the title and the other columns.
    """

    version: ClassVar[int] = 1
    title_column: str = ""
    abstract_column: str = ""

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        if file.suffix in (".tsv", ".txt") and not self._has_header(file):
            yield from self._lines(file)
        else:
            yield from super().read_file(file)

    def is_cut(self, path: Path) -> bool:
        """Also a table without a header: the whole of CSL is one file."""
        if super().is_cut(path):
            return True
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        suffix, compression = file_kind(path.name)
        is_table = suffix in (".tsv", ".txt") and not compression and not head.startswith(UTF16_MARKS)
        return is_table and (suffix == ".txt" or not self._names_columns(head))

    def _has_header(self, file: OpenFile) -> bool:
        """Whether the first line has names in it; a file of text lines that has tabs is a table without."""
        return file.suffix == ".tsv" and not file.offset and self._names_columns(file.stream.peek(_HEAD_BYTES))

    def _names_columns(self, head: bytes) -> bool:
        first = decode(head[:_HEAD_BYTES]).text.split("\n")[0]
        cells = [cell.strip() for cell in first.split("\t")]
        known = {name for names in _NAMES.values() for name in names}
        named = {self.title_column, self.abstract_column} - {""}
        return any(cell in named or (fold(cell) in known and len(cell) < 20) for cell in cells)

    def _lines(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        for line in read_text_lines(file.stream, "line", self.max_line_mb * MIB, file.offset, file.number):
            if isinstance(line, BadRow):
                yield refused(f"{file.key}-{line.mark}", line.reason, file.source, line.text)
                continue
            cells = [cell.strip() for cell in line.columns["line"].split("\t")]
            try:
                paper = self._paper(line._replace(columns=_columns_of(cells)), file)
                yield from placed(paper, line, file)
            except _UnfitError as error:
                rule, _, why = str(error).partition(": ")
                yield self.refuse(line, file, rule, why)

    def documents(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        if not can_be_kept(row.columns):
            yield self.refuse(row, file, "nested too deeply", "a column beside the abstract")
            return
        try:
            yield from self._paper(row, file)
        except _UnfitError as error:
            rule, _, why = str(error).partition(": ")
            yield self.refuse(row, file, rule, why)

    def _paper(self, row: Row, file: OpenFile) -> Iterator[Document]:
        found = self._named(row.columns)
        if "abstract" not in found:
            there = ", ".join(map(str, list(row.columns)[:12]))
            raise _UnfitError(f"no abstract: there is {there} (--set source.abstract_column=…)")
        title = _BLANKS.sub(" ", _text(row.columns, found.get("title"))).strip()
        abstract = _text(row.columns, found["abstract"]).strip()
        if not abstract:
            raise _UnfitError("empty abstract")
        meta: Meta = self.columns_kept(row, file, ("id", "messages", "parents", *_NAMES), tuple(found.values()))
        keywords = _keywords(row.columns, found.get("keywords"))
        meta |= {"title": title, "keywords": keywords}
        meta |= {name: _text(row.columns, found.get(name)).strip() for name in ("category", "discipline")}
        yield Document(self.id_of(row, file), f"{title}\n{abstract}" if title else abstract, meta)

    def _named(self, columns: Mapping[str, Any]) -> dict[str, str]:
        """Which column is what; the settings before the usual names."""
        given = {_key(name): name for name in reversed(list(columns)) if isinstance(name, str)}
        found = {
            what: given[name] for what, names in _NAMES.items() if (name := next((n for n in names if n in given), ""))
        }
        for label in ("category", "discipline"):  # a column of other values is metadata like any other
            if label in found and not isinstance(columns[found[label]], str | None):
                del found[label]
        for what, name in (("title", self.title_column), ("abstract", self.abstract_column)):
            if name:
                found.pop(what, None)
                if name in columns:
                    found[what] = name
        return found


_key = lru_cache(maxsize=4096)(fold)


def _columns_of(cells: list[str]) -> dict[str, str]:
    """The cells of a line without a header, by name. Raises _UnfitError."""
    if cells[0].startswith("to ") and len(cells) == 3:
        if cells[0] not in _TASKS:
            raise _UnfitError(f"unknown task: {cells[0][:40]!r} is none of {', '.join(_TASKS)}")
        columns = dict(zip(_TASKS[cells[0]], cells[1:], strict=True))
        if both := columns.pop("abstract and title", ""):
            match = _ABSTRACT_AND_TITLE.fullmatch(both)
            if not match:
                raise _UnfitError("title not found: no sentence ends before it")
            columns |= {"abstract": match[1], "title": match[2]}
        return columns
    if len(cells) < 2:
        raise _UnfitError("no abstract: the line has no tab")
    title, abstract, *rest = cells
    if len(cells) == 2 and len(title) > len(abstract) > 0:
        title, abstract = abstract, title
    columns = {"title": title, "abstract": abstract}
    if rest:
        columns["keywords"] = rest[0]
    for cell in rest[1:3]:
        columns["category" if cell in _CATEGORIES and "category" not in columns else "discipline"] = cell
    return columns | {f"column_{number}": cell for number, cell in enumerate(cells[5:], start=6)}


def _text(columns: Mapping[str, Any], name: str | None) -> str:
    """The text of a column; "" for null and for no column. Raises _UnfitError for what is no text."""
    value = "" if name is None else columns[name]
    if value is None or isinstance(value, str):
        return value or ""
    raise _UnfitError(f"not text: {name} is {kind_of(value)}")


def _keywords(columns: Mapping[str, Any], name: str | None) -> str:
    """The keywords with a ；between them; none where some of them are known to be wrong."""
    value = "" if name is None else columns[name]
    if not value or str(columns.get("label")) == _WITH_WRONG_KEYWORDS:
        return ""
    words = _SEPARATORS.split(value) if isinstance(value, str) else value if isinstance(value, list) else []
    return "；".join(word.strip() for word in words if isinstance(word, str) and word.strip())
