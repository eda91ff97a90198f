"""From the pages of a wiki to its articles: what is no article goes, the rest becomes plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from builders.document import Document
from builders.sources.wiki_group_files import groups_at_hand
from builders.steps import Edit
from builders.text.wiki_pages import page_kind
from builders.text.wikitext import DROPPED_SECTIONS, read_article
from builders.text.wikitext import VERSION as WIKITEXT_VERSION
from validators.errors import SikuError
from validators.step import Verdict

VARIANTS = ("zh-cn", "zh-tw", "zh-hk")
_PLACEHOLDER = re.compile(r"[ \t]*(?<![A-Za-z0-9_])(?:formula|codice)_\d+(?!\d)[ \t]*")  # of WikiExtractor
_OF_THE_PAGE = ("ns", "redirect", "model", "templates", "groups")  # the same for all that stay, or of no use to them


@dataclass(frozen=True, kw_only=True)
class WikiArticles(Edit):
    """Refuses other namespaces, redirects, disambiguations and stubs; makes text of wikitext, in one Chinese variant.

    Articles that somebody extracted already are mended: leftover `-{…}-`, empty brackets, the title as first
    paragraph, placeholders of formulas. `min_chars` is the least length of an article's text. More than half the pages
    of a dump are no articles, and markup is half of the rest, so the guard is lenient.
    """

    version: ClassVar[int] = 1 + WIKITEXT_VERSION  # raised when either has other results
    by_turn: ClassVar[bool] = False
    variant: Literal["zh-cn", "zh-tw", "zh-hk"] = "zh-cn"
    drop_sections: tuple[str, ...] = DROPPED_SECTIONS
    min_chars: int = 50
    warn_share: float = 0.90
    stop_share: float = 0.98

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise SikuError(f"variant is {self.variant!r}, must be one of {', '.join(VARIANTS)}", where="WikiArticles")

    def __call__(self, document: Document) -> Document | Verdict:
        groups = document.meta.pop("groups", "")
        if verdict := _no_article(document):
            return verdict
        title = str(document.meta.get("title") or "")
        is_wikitext = document.meta.get("form") == "wikitext"
        text = document.text if is_wikitext else _PLACEHOLDER.sub("", without_title(document.text, title))
        article = read_article(
            text, self.variant, groups_at_hand(groups) if groups else None, self.drop_sections, title
        )
        document.text = article.text
        if len(document.text) < self.min_chars:
            return Verdict("stub", f"{len(document.text)} characters, {self.min_chars} are needed")
        document.meta["title"] = article.title
        for name in _OF_THE_PAGE:
            document.meta.pop(name, None)
        return document


def _no_article(document: Document) -> Verdict | None:
    """Why a page is no article."""
    meta = document.meta
    ns, title = meta.get("ns") or 0, str(meta.get("title") or "")
    marks = "".join(f"{{{{{name.partition(':')[2] or name}}}}}" for name in meta.get("templates") or ())
    kind = page_kind(document.text if meta.get("form") == "wikitext" else marks, ns, title)
    if kind == "redirect" or (kind is None and meta.get("redirect")):
        return Verdict("redirect", str(meta.get("redirect") or document.text.strip()[:80]))
    if kind == "namespace":
        return Verdict("other namespace", f"namespace {ns}")
    if kind:
        return Verdict("disambiguation", title)
    if meta.get("model", "wikitext") != "wikitext":
        return Verdict("not wikitext", str(meta["model"]))
    return None


def without_title(text: str, title: str) -> str:
    """The text without a first paragraph that is nothing but the title."""
    first, _, rest = text.lstrip().partition("\n")
    return rest.lstrip("\n") if title and first.strip() == title.strip() else text
