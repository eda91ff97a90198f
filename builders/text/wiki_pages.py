"""Which pages of a wiki are no articles."""

from __future__ import annotations


def page_kind(wikitext: str, ns: int, title: str) -> str | None:
    """Why a page is no article: `namespace`, `redirect`, `disambiguation`, or `None` for an article."""
    return None if ns == 0 else "namespace"
