"""Papers and their reviews to conversations: the paper is the request, a review by aspects the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from builders.document import Document, Message, conversation
from builders.instruct.wordings import REVIEW_WORDINGS, draw, worded
from builders.sources.paper_reviews import ASPECTS
from builders.steps import Split
from validators.errors import SikuError, nearest
from validators.step import Verdict

_OF_ONE_LINE = frozenset({"评分", "信心", "决定"})
SYSTEM = (
    "你是一位认真、公正的审稿人。请先说明论文做了什么，再分别写出优点、缺点、问题和建议，"
    "意见要具体，并以论文的内容为依据。"
)


@dataclass(frozen=True, kw_only=True)
class Reviews(Split):
    """One conversation for each review of a paper: system, the whole paper, the review under headings.

    `aspects` says which parts of a review are written, and in which order; a review with less than `min_review_chars`
    in them is left out, and a paper all of whose reviews are is refused. A review without headings of its own is
    written as it is. Columns: `form` (wording of the request), `aspects`, `rating`.
    """

    version: ClassVar[int] = 1
    aspects: tuple[str, ...] = tuple(ASPECTS)
    system: str = SYSTEM
    min_review_chars: int = 30
    seed: int = 42

    def __post_init__(self) -> None:
        for name in self.aspects:
            if name not in ASPECTS:
                raise SikuError(f"a review has no aspect {name!r}", where="Reviews.aspects", why=nearest(name, ASPECTS))
        if not self.aspects:
            raise SikuError("Reviews.aspects is empty", next=f"one or more of {', '.join(ASPECTS)}")

    def adds(self) -> Mapping[str, str]:
        return {"aspects": "string", "form": "string", "rating": "string", "reviews_left_out": "int"}

    def takes(self) -> frozenset[str]:
        return frozenset({"reviews"})

    def __call__(self, document: Document) -> list[Document] | Verdict:
        reviews: list[Mapping[str, Any]] = document.meta.get("reviews") or []
        written = [(review, self._written(review)) for review in reviews]
        long_enough = [(review, text) for review, text in written if len(text) >= self.min_review_chars]
        if not long_enough:
            longest = max((len(text) for _, text in written), default=0)
            return Verdict("reviews too short", f"the longest has {longest} characters, {self.min_review_chars} needed")
        left_out = len(reviews) - len(long_enough)
        return [self._conversation(document, review, text, left_out) for review, text in long_enough]

    def _conversation(self, document: Document, review: Mapping[str, Any], text: str, left_out: int) -> Document:
        number = int(review["number"])
        form = draw(self.seed, f"{document.id}\0{number}", len(REVIEW_WORDINGS))
        messages: list[Message] = [{"role": "system", "content": self.system}] if self.system.strip() else []
        messages.append({"role": "user", "content": worded(REVIEW_WORDINGS, form, {"paper": document.text})})
        messages.append({"role": "assistant", "content": text})
        kept = {name: value for name, value in document.meta.items() if name not in self.takes()}
        meta = kept | {
            "aspects": "；".join(name for name in self.aspects if name in review),
            "form": f"review-{form + 1}",
            "rating": review.get("评分", ""),
            "reviews_left_out": left_out,
            "parents": [document.id],
        }
        return conversation(f"{document.id}-{number:04d}", messages, meta)

    def _written(self, review: Mapping[str, Any]) -> str:
        there = [name for name in self.aspects if review.get(name)]
        if there == ["意见"]:
            return str(review["意见"])
        return "\n\n".join(
            f"{name}：{review[name]}" if name in _OF_ONE_LINE else f"【{name}】\n{review[name]}" for name in there
        )
