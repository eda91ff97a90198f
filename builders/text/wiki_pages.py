"""Which pages of a wiki are no articles."""

from __future__ import annotations

import re

_REDIRECT = re.compile(
    r"\ufeff?\s*(?:<!--.*?-->\s*)*[#＃]\s*(?:REDIRECT|重定向|重新導向|重新导向)\s*[:：]?\s*\[\[",
    re.IGNORECASE | re.DOTALL,
)

_NAMES = (
    "disambig|disamb|dab|disambiguation|disambiguation page|dp|hndis|geodis|surname disambig|disambig-[^{}|]{1,30}"
    "|[^{}|]{1,40} disambig|[^{}|]{1,40} disambiguation"
    "|(?!需|非|不|待|请|請)(?:[\u4e00-\u9fff]{0,8})(?:消歧义|消歧義|消歧|消含糊|歧義|歧义)(?:頁|页|頁面|页面)?"
)
# Not {{disambiguation needed}} and what else marks a word of an article.
_DISAMBIGUATION = re.compile(
    rf"\{{\{{\s*(?:(?:template|模板|樣板)\s*:\s*)?(?:{_NAMES})\s*(?:\||\}}\}})|__(?:DISAMBIG|消除歧[义義])__",
    re.IGNORECASE,
)
_DISAMBIGUATION_TITLE = re.compile(r".+[(（](?:消歧[义義]|消歧[義义]?[頁页]|disambiguation)[)）]\s*")
_NOT_READ = re.compile(r"<!--.*?-->|<nowiki>.*?</nowiki>", re.DOTALL | re.IGNORECASE)


def page_kind(wikitext: str, ns: int, title: str) -> str | None:
    """Why a page is no article: `namespace`, `redirect` or `disambiguation`; `None` for an article."""
    if ns != 0:
        return "namespace"
    if _REDIRECT.match(wikitext):
        return "redirect"
    if _DISAMBIGUATION_TITLE.fullmatch(title):
        return "disambiguation"
    if _DISAMBIGUATION.search(wikitext) and _DISAMBIGUATION.search(_NOT_READ.sub("", wikitext)):
        return "disambiguation"
    return None
