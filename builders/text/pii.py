"""Personal data: reported, or replaced by what it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from builders.document import Document, Note
from builders.steps import Edit
from validators.errors import SikuError, nearest
from validators.pii import PII_TYPES, Entity, PiiType, find_pii, redact

# Without digits and without @, so that what is masked is never found again.
MARKS: dict[PiiType, str] = {
    "cn_id": "[身份证号]",
    "cn_mobile": "[手机号]",
    "cn_phone": "[电话号码]",
    "bank_card": "[银行卡号]",
    "email": "[邮箱]",
    "ip": "[IP地址]",
    "qq": "[QQ号]",
}
MODES = ("report", "mask")


@dataclass(frozen=True, kw_only=True)
class Pii(Edit):
    """Personal data (see `find_pii`): counted in `report`, replaced by a mark such as `[手机号]` in `mask`.

    Each piece leaves a note, with most of its digits starred: evidence is published beside the dataset.
    """

    version: ClassVar[int] = 1
    mode: Literal["report", "mask"] = "report"
    types: tuple[str, ...] = PII_TYPES

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SikuError(
                f"Pii has no mode {self.mode!r}", where="step Pii, field mode", why=nearest(self.mode, MODES)
            )
        for name in self.types:
            if name not in PII_TYPES:
                raise SikuError(
                    f"Pii knows no type {name!r}", where="step Pii, field types", why=nearest(name, PII_TYPES)
                )

    def __call__(self, document: Document) -> Document:
        entities = self._find(document.text)
        while entities:
            document.notes += [Note(f"pii: {one.type}", redact(one)) for one in entities]
            if self.mode == "report":
                break
            document.text = masked(document.text, entities)
            entities = self._find(document.text)  # a number may have been kept from notice by the one beside it
        return document

    def _find(self, text: str) -> list[Entity]:
        return [one for one in find_pii(text) if one.type in self.types]


def masked(text: str, entities: list[Entity]) -> str:
    """The text with a mark in place of each entity; they are in order and do not overlap."""
    pieces: list[str] = []
    done = 0
    for one in entities:
        pieces += text[done : one.start], MARKS[one.type]
        done = one.end
    return "".join([*pieces, text[done:]])
