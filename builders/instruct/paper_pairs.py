"""Papers to conversations: from the title to the abstract, and the other way round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from builders.document import Document, Message, conversation
from builders.instruct.wordings import PAPER_WORDINGS, draw, worded
from builders.steps import Split
from validators.errors import SikuError, nearest
from validators.step import Verdict


class PaperText(NamedTuple):
    title: str
    abstract: str


def paper_text(document: Document) -> PaperText:
    """Title and abstract of a paper as it stands now: its first line is the title, if it has one."""
    if not document.meta.get("title"):
        return PaperText("", document.text.strip())
    title, _, abstract = document.text.partition("\n")
    return PaperText(title.strip(), abstract.strip())


@dataclass(frozen=True, kw_only=True)
class PaperPairs(Split):
    """One conversation for each of the `directions` that a paper has the texts for.

    How the request is worded is drawn by `seed` and the id of the paper; the columns `direction` and `form` tell it.
    `directions` are `title_to_abstract`, `abstract_to_title`, `keywords_to_abstract`, `abstract_to_keywords`.
    """

    version: ClassVar[int] = 1
    directions: tuple[str, ...] = ("title_to_abstract", "abstract_to_title")
    system: str = ""  # a system message for all of them
    seed: int = 42

    def __post_init__(self) -> None:
        if not self.directions:
            raise SikuError("PaperPairs.directions is empty", next=f"one or more of {', '.join(PAPER_WORDINGS)}")
        for name in self.directions:
            if name not in PAPER_WORDINGS:
                raise SikuError(f"PaperPairs knows no direction {name!r}", why=nearest(name, PAPER_WORDINGS))

    def adds(self) -> Mapping[str, str]:
        return {"direction": "string", "form": "string"}

    def __call__(self, document: Document) -> list[Document] | Verdict:
        title, abstract = paper_text(document)
        given = {"title": title, "abstract": abstract, "keywords": str(document.meta.get("keywords") or "")}
        made: list[Document] = []
        for direction in dict.fromkeys(self.directions):
            source, _, target = direction.partition("_to_")
            if given[source] and given[target]:
                made.append(self._pair(document, direction, given, given[target], len(made) + 1))
        if made:
            return made
        missing = [name for name in given if not given[name] and any(name in wanted for wanted in self.directions)]
        return Verdict(f"no {missing[0]}", f"which {', '.join(self.directions)} needs")

    def _pair(self, document: Document, direction: str, given: Mapping[str, str], answer: str, number: int) -> Document:
        wordings = PAPER_WORDINGS[direction]
        form = draw(self.seed, f"{document.id}\0{direction}", len(wordings))
        messages: list[Message] = [{"role": "system", "content": self.system}] if self.system.strip() else []
        messages.append({"role": "user", "content": worded(wordings, form, given)})
        messages.append({"role": "assistant", "content": answer})
        meta = {**document.meta, "direction": direction, "form": f"{direction}-{form + 1}", "parents": [document.id]}
        return conversation(f"{document.id}-{number:04d}", messages, meta)
