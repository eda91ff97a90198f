"""Is this title and this abstract what they should be?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from builders.document import Document, Note
from builders.instruct.paper_pairs import PaperText, paper_text
from builders.steps import Edit
from validators.characters import HAN, fold
from validators.step import Verdict

_LABEL = re.compile(r"\s*[\[【〔(（]?\s*(?:中文)?(?:摘\s*要|内容提要|提要)\s*(?:[\]】〕)）]\s*[:：]?|[:：])\s*")
_TAIL = re.compile(
    r"[\[【〔(（]?关\s*键\s*[词字]\s*[\]】〕)）]?\s*[:：].*\Z"  # the line of keywords
    r"|(?:[图表参照]\s*\d{1,3}\s*[，,、]?\s*){1,4}[.。]?\s*\Z",  # 图4表1参12: what a journal counts
    re.DOTALL,
)
_ENDS = ".。．!！?？"
_CLOSERS = "”’」』）)】》]\"'"
_WORD = re.compile(f"[^\\W\\d_{HAN}]+")
_HAN_RUN = re.compile(f"[{HAN}]+")


@dataclass(frozen=True, kw_only=True)
class Abstracts(Edit):
    """Takes 摘要： from the front of an abstract and keywords and counts of figures from its end, and refuses papers.

    Refused: a title or an abstract that is too short or too long, one that is not Chinese, an abstract that breaks
    off or that says no more than the title. A paper without a title is judged by its abstract alone.
    """

    version: ClassVar[int] = 1
    by_turn: ClassVar[bool] = False
    min_abstract_chars: int = 30
    max_abstract_chars: int = 4000
    min_title_chars: int = 4
    max_title_chars: int = 120
    min_han_share: float = 0.3  # Han characters among Han characters and words of other letters
    min_new_chars: int = 15  # that an abstract has beyond the title
    refuse_cut_off: bool = True

    def __call__(self, document: Document) -> Document | Verdict:
        title, abstract = paper_text(document)
        kept = _TAIL.sub("", _LABEL.sub("", abstract, count=1) if _LABEL.match(abstract) else abstract).strip()
        if kept != abstract:
            before, _, after = abstract.partition(kept) if kept else (abstract, "", "")
            document.notes += [Note("around the abstract", piece.strip()) for piece in (before, after) if piece.strip()]
            document.text = f"{title}\n{kept}" if title else kept
        return self._verdict(PaperText(title, kept)) or document

    def _verdict(self, paper: PaperText) -> Verdict | None:
        title, abstract = paper
        texts = [("abstract", abstract, self.min_abstract_chars, self.max_abstract_chars)]
        if title:
            texts.append(("title", title, self.min_title_chars, self.max_title_chars))
        for name, text, fewest, most in texts:
            if len(text) < fewest:
                return Verdict(f"{name} too short", f"{len(text)} characters, {fewest} are needed")
            if len(text) > most:
                return Verdict(f"{name} too long", f"{len(text):,} characters, {most:,} are allowed")
            if (share := han_share(text)) < self.min_han_share:
                return Verdict(f"{name} not Chinese", f"{share:.0%} Han, {self.min_han_share:.0%} are needed")
        if title and (new := self._new_chars(paper)) < self.min_new_chars:
            return Verdict("abstract equals title", f"{new} characters beyond it, {self.min_new_chars} are needed")
        if self.refuse_cut_off and abstract.rstrip(_CLOSERS + " ")[-1:] not in tuple(_ENDS):
            return Verdict("abstract cut off", f"it ends in {abstract[-12:]!r}")
        return None

    def _new_chars(self, paper: PaperText) -> int:
        return len(fold(paper.abstract).replace(fold(paper.title) or "\n", ""))


def han_share(text: str) -> float:
    """Han characters among Han characters and words of other letters; 0 for a text without either.

    >>> han_share("基于LSTM的预测")
    0.8333333333333334
    """
    han, words = sum(map(len, _HAN_RUN.findall(text))), len(_WORD.findall(text))
    return han / (han + words) if han else 0.0
