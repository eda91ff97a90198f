"""Papers with the reviews that they got: one paper a row, in JSON, JSON Lines or a table."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from builders.document import Document, Meta, Quarantined
from builders.sources.inputs import refused
from builders.sources.row_files import OpenFile, RowFiles
from builders.sources.rows import Row, can_be_kept, kind_of, parse_json
from validators.characters import fold

# The aspects of a review in the order in which they are written, and what its fields are called, folded.
ASPECTS: Mapping[str, tuple[str, ...]] = {
    "摘要": ("summary", "summaryofthepaper", "papersummary", "摘要", "总结", "概述", "论文概述", "内容概述"),
    "优点": ("strengths", "strength", "pros", "reasonstoaccept", "优点", "长处", "优势", "亮点"),
    "缺点": ("weaknesses", "weakness", "cons", "reasonstoreject", "缺点", "不足", "弱点", "问题与不足"),
    "优缺点": ("strengthsandweaknesses", "strengthandweaknesses", "prosandcons", "优缺点", "优点与缺点"),
    "问题": ("questions", "question", "questionsforauthors", "questionsfortheauthors", "问题", "疑问", "提问"),
    "建议": ("suggestions", "suggestion", "suggestionsforauthors", "建议", "修改建议", "改进建议"),
    "局限": ("limitations", "limitation", "局限", "局限性"),
    "意见": (
        "review",
        "mainreview",
        "reviewtext",
        "text",
        "content",
        "comment",
        "comments",
        "意见",
        "审稿意见",
        "评审意见",
        "评语",
    ),
    "评分": (
        "rating",
        "score",
        "overall",
        "overallscore",
        "overallrating",
        "recommendation",
        "评分",
        "总评",
        "总体评分",
        "得分",
    ),
    "信心": ("confidence", "reviewerconfidence", "信心", "置信度", "审稿人信心"),
    "决定": ("decision", "verdict", "决定", "结论", "录用决定", "审稿结论"),
}
_ASPECT_OF = {name: aspect for aspect, names in ASPECTS.items() for name in names}
_TITLES = ("title", "papertitle", "标题", "题目", "论文标题")
_ABSTRACTS = ("abstract", "paperabstract", "摘要", "论文摘要")
_TEXTS = ("text", "paper", "papertext", "fulltext", "body", "content", "sections", "正文", "全文", "论文", "章节")
_REVIEWS = ("reviews", "review", "officialreviews", "审稿意见", "评审意见", "评审", "意见")
_HEADINGS = ("heading", "title", "name", "section", "标题")
_HEADED = ("text", "content", "body", "paragraphs", "正文", "内容")
_BLANKS = re.compile(r"\s+")


class _UnfitError(ValueError):
    """A row that is no paper with reviews; the message is a reason for the quarantine."""


@dataclass(frozen=True, kw_only=True)
class PaperReviews(RowFiles):
    """One document a paper: title, abstract and text; its `reviews` are metadata, by aspect, for the step Reviews.

    A row has `title`, `abstract`, `text` (or `paper`, `sections`) and `reviews`: a list of texts or of objects with the
    fields that OpenReview or a Chinese table gives them. A field that is none of the aspects is left out of the review.
    A review that cannot be read is quarantined by itself. Rows of one paper that follow each other, each with a review,
    are one document, with the id and the other columns of the first.
    """

    version: ClassVar[int] = 1

    def read_file(self, file: OpenFile) -> Iterator[Document | Quarantined]:
        paper: Document | None = None
        for piece in super().read_file(file):
            if isinstance(piece, Quarantined):
                yield piece
            elif paper and piece.text == paper.text:
                last = int(paper.meta["reviews"][-1]["number"])
                for review in piece.meta["reviews"]:
                    paper.meta["reviews"].append({**review, "number": str(last + int(review["number"]))})
            else:
                if paper:
                    yield paper
                paper = piece
        if paper:
            yield paper

    def documents(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        if not can_be_kept(row.columns):
            yield self.refuse(row, file, "nested too deeply")
            return
        try:
            yield from self._paper(row, file)
        except _UnfitError as error:
            rule, _, why = str(error).partition(": ")
            yield self.refuse(row, file, rule, why)

    def _paper(self, row: Row, file: OpenFile) -> Iterator[Document | Quarantined]:
        used: dict[str, str] = {}
        for what, names in (("title", _TITLES), ("abstract", _ABSTRACTS), ("text", _TEXTS), ("reviews", _REVIEWS)):
            if name := _column(row.columns, names):
                used[what] = name
        if "reviews" not in used:
            raise _UnfitError(f"no reviews: there is {', '.join(map(str, list(row.columns)[:12]))}")
        title = _BLANKS.sub(" ", as_text(row.columns.get(used.get("title", "")), "title")).strip()
        abstract = as_text(row.columns.get(used.get("abstract", "")), "abstract").strip()
        body = section_text(row.columns.get(used.get("text", "")))
        body = body if body.strip() else ""
        if not abstract and not body:
            raise _UnfitError(f"no paper: there is {', '.join(map(str, list(row.columns)[:12]))}")
        name, reviews = self.id_of(row, file), list[dict[str, str]]()
        for number, given in enumerate(_listed(row.columns[used["reviews"]]), start=1):
            try:
                reviews.append({"number": str(number), **read_review(given)})
            except _UnfitError as error:
                yield refused(f"{name}~review{number}", str(error), file.source, str(given)[:500])
        if not reviews:
            raise _UnfitError("no review can be read")
        meta: Meta = self.columns_kept(row, file, ("id", "messages", "parents"), tuple(used.values()))
        yield Document(name, paper_text(title, abstract, body), {**meta, "title": title, "reviews": reviews})


def paper_text(title: str, abstract: str, body: str) -> str:
    """A paper as one text; what it has not is left out."""
    parts = (("标题：", title), ("摘要：", abstract), ("正文：\n" if abstract or title else "", body))
    return "\n\n".join(f"{label}{text}" for label, text in parts if text)


def read_review(given: Any) -> dict[str, str]:
    """A review by aspect, in their order. Raises _UnfitError where nothing of it is one.

    >>> read_review({"rating": 6, "Strengths": "实验充分。"})
    {'优点': '实验充分。', '评分': '6'}
    """
    if isinstance(given, str):
        given = {"review": given}
    if not isinstance(given, dict):
        raise _UnfitError(f"not a review: it is {kind_of(given)}")
    if isinstance(given.get("content"), dict):  # OpenReview keeps what the reviewer wrote below `content`
        given = given["content"]
    found: dict[str, list[str]] = {}
    for name, value in given.items():
        if (aspect := _ASPECT_OF.get(fold(str(name)))) and (text := as_text(value, str(name)).strip()):
            found.setdefault(aspect, []).append(text)
    if not found.keys() - {"评分", "信心", "决定"}:
        raise _UnfitError(f"empty review: there is {', '.join(map(str, list(given)[:12])) or 'nothing'}")
    return {aspect: "\n".join(found[aspect]) for aspect in ASPECTS if aspect in found}


def as_text(value: Any, name: str) -> str:
    """A text, a number or a list of them as text; OpenReview writes `{"value": ...}`. Raises _UnfitError."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "是" if value else "否"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case {"value": inner} if not isinstance(inner, dict):
            return as_text(inner, name)
        case list() if not any(isinstance(part, list | dict) for part in value):
            return "\n".join(as_text(part, name) for part in value)
    raise _UnfitError(f"not text: {name} is {kind_of(value)}")


def section_text(value: Any) -> str:
    """The text of a paper: one string, or its sections with their headings. Raises _UnfitError."""
    if isinstance(value, dict) and "value" not in value:
        return "\n\n".join(_section(str(heading), text) for heading, text in value.items())
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return "\n\n".join(filter(None, map(_listed_section, value)))
    if isinstance(value, list):
        return "\n\n".join(as_text(part, "text").strip() for part in value)
    return as_text(value, "text").strip()


def _listed_section(part: Any) -> str:
    if not isinstance(part, dict):
        return as_text(part, "section").strip()
    heading, text = _column(part, _HEADINGS), _column(part, _HEADED)
    if not text:
        raise _UnfitError(f"section without text: there is {', '.join(map(str, list(part)[:12]))}")
    return _section(as_text(part.get(heading), "heading"), part[text])


def _section(heading: str, text: Any) -> str:
    return "\n".join(filter(None, (heading.strip(), as_text(text, heading or "section").strip())))


def _column(columns: Mapping[str, Any], names: Sequence[str]) -> str:
    """The column that has the first of these names that there is, "" for none; an empty one counts last."""
    given = {fold(name): name for name in reversed(list(columns)) if isinstance(name, str)}
    there = [given[name] for name in names if name in given]
    return next((name for name in there if columns[name]), there[0] if there else "")


def _listed(value: Any) -> list[Any]:
    """A list of reviews, also as JSON in the cell of a table; a single one is a list of one. Raises _UnfitError."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        with contextlib.suppress(ValueError):  # a text that begins with a bracket
            value, _ = parse_json(value.encode("utf-8", "replace"))
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if not listed:
        raise _UnfitError("no reviews: the list is empty")
    return listed
